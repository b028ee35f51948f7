"""How much of each source reaches the fused image at low frequency: what other metrics do not see.

A fused image that shows hardly any of a smooth functional source can lead a table of edge, detail
and fidelity metrics, for the functional source has few edges to lose.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from . import common
from .statistical import correlation

SOURCES = ("least", "first", "second")
#: standard deviation (pixels) of the Gaussian that leaves the low frequencies
BLUR = 4.0
#: window, and the standard deviations in it below which a source is flat and above which it varies
WINDOW, FLAT, VARIES = 15, 0.02, 0.03
FEWEST = 50  # pixels


@common.metric("uptake kept", True, "about 0..1, of the source of which less is kept", common.OURS)
def uptake(fused: Tensor, first: Tensor, second: Tensor, source: str = "least") -> Tensor:
    """Uptake kept: how much of one unit of a source reaches the fused image at low frequency.

    All images are blurred (Gaussian, standard deviation 4 pixels), and over the pixels in which a
    source is not 0 the fused image is regressed on both sources and a constant. The result is the
    coefficient of a source: 0 where nothing of it is seen, 0.5 in the plain average, 1 where all of
    it is. May be negative, or exceed 1; higher is better.

    In published tables: none; defined for this project.

    Args:
        source: "first" or "second", or "least": of which less is kept.

    Returns:
        (N,). NaN where a source does not vary.

    Example:
        >>> import torch
        >>> a, b = torch.rand(2, 1, 1, 48, 48)
        >>> uptake(0.7 * a + 0.3 * b, a, b, source="second").round(decimals=3)
        tensor([0.3000], dtype=torch.float64)
    """
    common.check(fused, first, second)
    common.pick("source", source, SOURCES)
    seen = (torch.maximum(first, second) > 0).flatten(1)
    smooth = [_blurred(common.precise(image)).flatten(1) for image in (first, second, fused)]
    found = torch.stack([_coefficients(*rows) for rows in zip(*smooth, seen, strict=True)])
    if source == "least":
        return found.amin(1)
    return found[:, SOURCES.index(source) - 1]


def uptake_order(fused: Tensor, first: Tensor, second: Tensor, source: str = "least") -> Tensor:
    """Order of uptake: is what is more in a source brighter in the fused image, too?

    Spearman's rank correlation of the fused image with a source over the pixels in which only this
    source varies: standard deviation in 15 x 15 pixels above 0.03, that of the other one below
    0.02, and one of both not 0. Range -1..1; 1 where the order is kept, negative where it is turned
    over; higher is better.

    In published tables: none; defined for this project.

    Args:
        fused: (N, 1, H, W) in [0, 1].
        first: (N, 1, H, W) in [0, 1].
        second: (N, 1, H, W) in [0, 1].
        source: "first" or "second", or "least": the lower of both.

    Returns:
        (N,). NaN where fewer than 50 pixels are such, or the fused image is flat in them.

    Raises:
        MedFusionError: the images do not fit together or cannot be measured.

    Example:
        >>> import torch
        >>> ramp = torch.linspace(0.1, 1, 48).expand(1, 1, 48, 48)
        >>> uptake_order(1 - ramp, 0 * ramp, ramp, source="second")
        tensor([-1.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    common.pick("source", source, SOURCES)
    lit = torch.maximum(first, second) > 0
    spread = [_spread(common.precise(image)) for image in (first, second)]
    found = []
    for own, image in ((0, first), (1, second)):
        where = lit & (spread[own] > VARIES) & (spread[1 - own] < FLAT)
        rows = zip(image, fused, where, strict=True)
        found.append(torch.stack([_spearman(a[w], b[w]) for a, b, w in rows]))
    if source == "least":
        return torch.minimum(*found)
    return found[SOURCES.index(source) - 1]


def _coefficients(first: Tensor, second: Tensor, fused: Tensor, seen: Tensor) -> Tensor:
    """Of the regression of one fused image, (2,)."""
    columns = torch.stack([first[seen], second[seen]], 1)
    if not seen.any() or (columns.std(0, correction=0) < 1e-6).any():
        return fused.new_full((2,), torch.nan)
    # without the means no constant is needed; equal sources get equal coefficients (pinv)
    columns, wanted = columns - columns.mean(0), fused[seen] - fused[seen].mean()
    return torch.linalg.pinv(columns.T @ columns, hermitian=True) @ (columns.T @ wanted)


def _blurred(image: Tensor) -> Tensor:
    """Of the same size, black beyond the border."""
    reach = round(3 * BLUR)
    return common.blur(pad(image, (reach,) * 4), common.gaussian(2 * reach + 1, BLUR, image))


def _spread(image: Tensor) -> Tensor:
    """Standard deviation in a window around each pixel, borders extended by replication."""
    image = pad(image, (WINDOW // 2,) * 4, mode="replicate")
    mean, square = (avg_pool2d(x, WINDOW, 1) for x in (image, image * image))
    return (square - mean * mean).clamp(min=0).sqrt()


def _spearman(a: Tensor, b: Tensor) -> Tensor:
    """Rank correlation of two lists of values; equal values share their mean rank."""
    if len(a) < FEWEST:
        return common.precise(a).new_tensor(torch.nan)
    ranks = []
    for values in (a, b):
        _, place, count = torch.unique(values, return_inverse=True, return_counts=True)
        last = count.cumsum(0)
        middle = common.precise(last) - (common.precise(count) - 1) / 2
        ranks.append(middle[place])
    return correlation(ranks[0][None], ranks[1][None])[0]
