"""How well edges pass from the sources into the fused image: Q^AB/F, Q_G, N^AB/F."""

import math

import torch
from torch import Tensor
from torch.nn.functional import pad

from ..sharing import shared
from . import common


def sobel(image: Tensor, mode: str = "constant") -> tuple[Tensor, Tensor]:
    """Sobel derivatives along x and y, of the size of the image.

    Args:
        image: (N, 1, H, W).
        mode: how the border is padded, as in torch: "constant" (zeros), "circular".

    Returns:
        Both derivatives, (N, 1, H, W) each.
    """
    padded = pad(image, (1, 1, 1, 1), mode)
    # sums of neighbours are faster than a convolution, and exact for grey levels
    down = padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]
    along = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    return down[..., 2:] - down[..., :-2], along[..., 2:, :] - along[..., :-2, :]


def sigmoid(value: Tensor, gain: float, slope: float, middle: float) -> Tensor:
    """gain / (1 + exp(-slope (value - middle)))."""
    return gain * torch.sigmoid(slope * (value - middle))


@common.metric("Q^AB/F", True, "0..1", "Xydeas, Petrovic, Electron. Lett. 2000")
def q_abf(fused: Tensor, first: Tensor, second: Tensor, variant: str = "linfeng") -> Tensor:
    """Edge preservation Q^AB/F of Xydeas and Petrovic.

    Sobel strength g and orientation a of each image; per source the strength ratio G (smaller
    over larger) and A = 1 - |aS - aF| / (pi / 2) pass through sigmoids (gains 0.9994 and 0.9879,
    slopes 15 and 22, middles 0.5 and 0.8) whose product is Q; the result is the mean of Q
    weighted by the strength in the source. Angles are not wrapped. Range 0..1, higher is better.

    Xydeas, Petrovic, "Objective image fusion performance measure", Electronics Letters 36(4),
    2000. Variants differ in two details:

    - "linfeng": where both strengths are equal G is that strength on 0..255, which is at least 1
      and saturates the sigmoid; the y axis points up, and a vertical gradient has the angle
      pi / 2 whatever its sign. Agrees with `Qabf` of Linfeng Tang's evaluator.
    - "matr": G is 1 there, as in the paper; a vertical gradient has the angle atan(y / 1e-5),
      with its sign. Agrees with the evaluator of MATR.

    Liu's toolbox calls another measure by this name: `q_g`.

    In published tables: Q^AB/F of CDDFuse and its peers. FW-Net's, in windows of 16, is none of the
    variants; which one CSpA-DN's table I holds is not known.

    Args:
        variant: "linfeng" or "matr".

    Returns:
        (N,). 0 where neither source has an edge.

    Example:
        >>> import torch
        >>> image = torch.eye(8)[None, None]
        >>> q_abf(image, image, image).round(decimals=3)
        tensor([0.9750], dtype=torch.float64)
    """
    common.check(fused, first, second)
    common.pick("variant", variant, ("linfeng", "matr"))
    fused_g, fused_a = _polar(fused, variant)
    total = weight = fused.new_zeros(())
    for source in (first, second):
        g, a = _polar(source, variant)
        large = torch.maximum(g, fused_g)
        ratio = torch.minimum(g, fused_g) / torch.where(large == 0, 1, large)
        ratio = torch.where(g == fused_g, g if variant == "linfeng" else 1, ratio)
        turn = 1 - (a - fused_a).abs() / (math.pi / 2)
        quality = sigmoid(ratio, 0.9994, 15, 0.5) * sigmoid(turn, 0.9879, 22, 0.8)
        total = total + (quality * g).flatten(1).sum(1)
        weight = weight + g.flatten(1).sum(1)
    return total / torch.where(weight == 0, 1, weight)


@shared
def _polar(image: Tensor, variant: str) -> tuple[Tensor, Tensor]:
    """Sobel strength and orientation (-pi/2..pi/2) of an image in [0, 1], for `q_abf`."""
    x, y = sobel(common.levels(image))
    if variant == "matr":
        angle = torch.atan(y / torch.where(x == 0, 1e-5, x))
    else:
        angle = torch.where(x == 0, math.pi / 2, torch.atan(-y / torch.where(x == 0, 1, x)))
    return torch.sqrt(x * x + y * y), angle


@common.metric("Q_G", True, "0..1", "Xydeas, Petrovic, SPIE 4051, 2000")
def q_g(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Gradient quality Q_G as Zheng Liu's toolbox computes it.

    As `q_abf`, with gains 1, slopes 10 and 20 and middles 0.5 and 0.75, the angle term
    ||aS - aF| - pi / 2| 2 / pi, and the mean over pixels of (QA gA + QB gB) / (gA + gB), where a
    strength of 0 counts as 1e-5: flat background scores 0.987 a pixel. Range 0..1, higher is
    better. Agrees with `metricXydeas` of that toolbox.

    Xydeas, Petrovic, "Objective pixel-level image fusion performance measure", Proceedings of
    SPIE 4051, 2000.

    In published tables: Q_G of FunFuseAn. MATR's evaluator prints `q_abf` under this name.

    Example:
        >>> import torch
        >>> image = torch.zeros(1, 1, 8, 8)
        >>> q_g(image, image, image).round(decimals=3)
        tensor([0.9870], dtype=torch.float64)
    """
    common.check(fused, first, second)
    tiny = 1e-5
    strength, angle = [], []
    for image in (fused, first, second):
        x, y = sobel(common.levels(image))
        g = torch.sqrt(x * x + y * y)
        strength.append(torch.where(g == 0, tiny, g))
        angle.append(torch.atan(y / torch.where(x == 0, tiny, x)))
    total = fused.new_zeros(())
    for g, a in zip(strength[1:], angle[1:], strict=True):
        ratio = torch.minimum(g, strength[0]) / torch.maximum(g, strength[0])
        turn = ((a - angle[0]).abs() - math.pi / 2).abs() * 2 / math.pi
        total = total + g * sigmoid(ratio, 1, 10, 0.5) * sigmoid(turn, 1, 20, 0.75)
    return common.average(total / (strength[1] + strength[2]))


@common.metric("N^AB/F", False, "0..1", "Shreyamsha Kumar, SIViP 2013")
def n_abf(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Fusion artefacts N^AB/F: edges in the fused image that neither source has.

    Edge preservation Q of each source is the root of the product of two sigmoids (strength ratio:
    gain 0.9999, slope 19, middle 0.5; angle: 0.9995, 22, 0.5). Where the fused image is stronger
    than both sources, (1 - QA) wA + (1 - QB) wB is added up; the result is that over the sum of
    the weights, w = g^1.5 from strength 2 on and 0.001 below (Sobel / 8, periodic border). Range
    0..1, **lower** is better. Agrees with `Nabf` of Kumar's program.

    Shreyamsha Kumar, "Multifocus and multispectral image fusion based on pixel significance using
    discrete cosine harmonic wavelet transform", Signal, Image and Video Processing 7, 2013.

    In published tables: none of those that stand in docs/evidence/publications.md.

    Example:
        >>> import torch
        >>> image = torch.eye(8)[None, None]
        >>> n_abf(image, image, image)
        tensor([0.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    polar = [_periodic_polar(image) for image in (fused, first, second)]
    strength, angle = zip(*polar, strict=True)
    lost = weight = fused.new_zeros(())
    for source, g, a in zip((first, second), strength[1:], angle[1:], strict=True):
        large = torch.maximum(g, strength[0])
        ratio = torch.minimum(g, strength[0]) / torch.where(large == 0, 1, large)
        turn = ((a - angle[0]).abs() - math.pi / 2).abs() * 2 / math.pi
        quality = sigmoid(ratio, 0.9999, 19, 0.5) * sigmoid(turn, 0.9995, 22, 0.5)
        share = _weight(source)
        lost = lost + (1 - torch.sqrt(quality)) * share
        weight = weight + share
    extra = strength[0] > torch.maximum(strength[1], strength[2])
    return (lost * extra).flatten(1).sum(1) / weight.flatten(1).sum(1)


@shared
def _periodic_polar(image: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel strength and orientation (-pi/2..pi/2) of an image in [0, 1], for `n_abf`."""
    x, y = sobel(common.levels(image), "circular")
    flat = (x == 0) & (y == 0)
    slope = torch.where(x == 0, math.inf * y.sign(), y / torch.where(x == 0, 1, x))
    return torch.sqrt(x * x + y * y) / 8, torch.where(flat, 0, torch.atan(slope))


@shared
def _weight(source: Tensor) -> Tensor:
    """What each pixel of a source counts in `n_abf`."""
    g, _ = _periodic_polar(source)
    return torch.where(g >= 2, g**1.5, 0.001)
