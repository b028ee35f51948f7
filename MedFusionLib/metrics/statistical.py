"""Statistics of pixels: SD, SF, AG of the fused image, and its correlation with the sources."""

import torch
from torch import Tensor

from . import common


@common.metric("SD", True, "0..127.5", "Rao, Meas. Sci. Technol. 1997")
def std(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Standard deviation (SD) of the grey levels 0..255 of the fused image.

    Divided by the number of pixels. Range 0..127.5; higher is read as better, though noise and a
    wrong contrast raise it too. The sources are ignored. Agrees with `SD` of Linfeng Tang's
    evaluator.

    Rao, "In-fibre Bragg grating sensors", Measurement Science and Technology 8(4), 1997, is the
    paper that fusion tables cite.

    In published tables: SD of CDDFuse and its peers.

    Example:
        >>> import torch
        >>> image = torch.tensor([[[[0.0, 1.0]]]])
        >>> std(image, image, image)
        tensor([127.5000], dtype=torch.float64)
    """
    common.check(fused, first, second)
    return common.levels(fused).flatten(1).std(1, correction=0)


@common.metric("SF", True, "0..361", "Eskicioglu, Fisher, IEEE Trans. Commun. 1995")
def spatial_frequency(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Spatial frequency (SF) of the fused image: sqrt(RF^2 + CF^2).

    RF^2 and CF^2 are the mean squared differences between neighbours along rows and along
    columns, on 0..255. Range 0..361; higher is read as better, though noise raises it too. The
    sources are ignored. Agrees with `SF` of Linfeng Tang's evaluator.

    Eskicioglu, Fisher, "Image quality measures and their performance", IEEE Transactions on
    Communications 43(12), 1995.

    In published tables: SF of CDDFuse and its peers.

    Example:
        >>> import torch
        >>> image = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
        >>> spatial_frequency(image, image, image)
        tensor([255.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    common.at_least(fused, 2, "spatial frequency")
    image = common.levels(fused)
    rows = common.average(image.diff(dim=3) ** 2)
    columns = common.average(image.diff(dim=2) ** 2)
    return torch.sqrt(rows + columns)


@common.metric("AG", True, "0..255", "Cui et al., Opt. Commun. 2015")
def average_gradient(
    fused: Tensor, first: Tensor, second: Tensor, variant: str = "linfeng"
) -> Tensor:
    """Average gradient (AG) of the fused image: the mean of sqrt((gx^2 + gy^2) / 2).

    Central differences inside, one-sided at the border, on 0..255. Range 0..255; higher is read
    as better, though noise raises it too. The sources are ignored.

    Cui, Feng, Xu, Li, Chen, "Detail preserved fusion of visible and infrared images using
    regional saliency extraction and multi-scale image decomposition", Optics Communications 341,
    2015. Variants differ in the divisor:

    - "linfeng": (H - 1)(W - 1), as in Linfeng Tang's evaluator.
    - "cddfuse": H W, as in CDDFuse's evaluator.

    In published tables: none of those that stand in docs/evidence/publications.md.

    Args:
        variant: "linfeng" or "cddfuse".

    Example:
        >>> import torch
        >>> image = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
        >>> average_gradient(image, image, image, variant="cddfuse")
        tensor([180.3122], dtype=torch.float64)
    """
    common.check(fused, first, second)
    common.pick("variant", variant, ("linfeng", "cddfuse"))
    common.at_least(fused, 2, "average gradient")
    image = common.levels(fused)
    y, x = torch.gradient(image, dim=(2, 3))
    total = torch.sqrt((x * x + y * y) / 2).flatten(1).sum(1)
    height, width = image.shape[-2:]
    if variant == "linfeng":
        return total / ((height - 1) * (width - 1))
    return total / (height * width)


def correlation(a: Tensor, b: Tensor) -> Tensor:
    """Pearson correlation of two images, each (N, 1, H, W); (N,), NaN where one is constant."""
    a, b = a.flatten(1), b.flatten(1)
    a = a - a.mean(1, keepdim=True)
    b = b - b.mean(1, keepdim=True)
    return (a * b).sum(1) / torch.sqrt((a * a).sum(1) * (b * b).sum(1))


@common.metric("CC", True, "-1..1", "Shah et al., SIViP 2013")
def cc(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Correlation coefficient (CC): the mean of corr(first, F) and corr(second, F).

    Range -1..1, higher is better. Agrees with `CC` of Linfeng Tang's evaluator.

    Shah, Merchant, Desai, "Multifocus and multispectral image fusion based on pixel significance
    using multiresolution decomposition", Signal, Image and Video Processing 7, 2013.

    In published tables: none of those that stand in docs/evidence/publications.md.

    Returns:
        (N,). NaN where one of the images is constant.

    Example:
        >>> import torch
        >>> image = torch.tensor([[[[0.0, 0.5], [0.25, 1.0]]]])
        >>> cc(image, image, 1 - image).abs() < 1e-12
        tensor([True])
    """
    common.check(fused, first, second)
    fused, first, second = map(common.levels, (fused, first, second))
    return (correlation(first, fused) + correlation(second, fused)) / 2


@common.metric("SCD", True, "-2..2", "Aslantas, Bendes, AEU 2015")
def scd(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Sum of the correlations of differences (SCD).

    corr(F - second, first) + corr(F - first, second): what the fused image has beyond one source
    should be the other. Range -2..2, higher is better. Agrees with `SCD` of the authors' program.

    Aslantas, Bendes, "A new image quality metric for image fusion: the sum of the correlations of
    differences", AEU International Journal of Electronics and Communications 69(12), 2015.

    In published tables: SCD of CDDFuse and its peers.

    Returns:
        (N,). NaN where the fused image equals a source, or a source is constant.

    Example:
        >>> import torch
        >>> a, b = torch.eye(4)[None, None] / 2, torch.eye(4).flip(0)[None, None] / 2
        >>> scd(a + b, a, b)
        tensor([2.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    fused, first, second = map(common.levels, (fused, first, second))
    return correlation(fused - second, first) + correlation(fused - first, second)
