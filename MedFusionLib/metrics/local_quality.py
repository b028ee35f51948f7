"""SSIM weighted by local saliency: Piella's Q_S, Q_W and Q_E, and Yang's Q_Y."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from . import common

#: variance on 0..255 below which a window is flat: the rest is rounding
FLAT = 1e-9


def _piella(fused: Tensor, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """The local quality map and the larger local variance; images on 0..255."""
    row = common.gaussian(11, 1.5, fused)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    variances, maps = [], []
    for source in (first, second):
        mean_s, mean_f, var_s, var_f, cov = common.moments(source, fused, row)
        luminance = (2 * mean_s * mean_f + c1) / (mean_s**2 + mean_f**2 + c1)
        maps.append(luminance * (2 * cov + c2) / (var_s + var_f + c2))
        variances.append(var_s.clamp(min=0))
    flat = variances[0] + variances[1] < FLAT
    variances = [torch.where(flat, 0.5, variance) for variance in variances]
    share = variances[0] / (variances[0] + variances[1])
    return share * maps[0] + (1 - share) * maps[1], torch.maximum(*variances)


def _weighted(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Q_W of images on 0..255."""
    quality, saliency = _piella(fused, first, second)
    return (quality * saliency).flatten(1).sum(1) / saliency.flatten(1).sum(1)


def _edges(image: Tensor) -> Tensor:
    """Strength of the Prewitt gradient, zeros outside the image."""
    kernel = image.new_tensor([[-1, 0, 1]]).expand(3, 3)
    kernels = torch.stack((kernel, kernel.T)).unsqueeze(1)
    return torch.linalg.vector_norm(conv2d(image, kernels, padding=1), dim=1, keepdim=True)


@common.metric("Q_S", True, "-1..1", "Piella, Heijmans, ICIP 2003")
def q_s(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Piella's fusion quality index Q_S.

    Mean over 11 x 11 windows of s SSIM(first, F) + (1 - s) SSIM(second, F), where s is the first
    source's share of the two local variances, and 0.5 where both are flat. Range -1..1, higher is
    better. Agrees with `metricPeilla` (switch 1) of Zheng Liu's toolbox.

    In published tables: "SSIM" of Badal Regàs' thesis and "Q_SSIM" of FunFuseAn, although both
    cite Wang et al. 2004. On the thesis' stored images it gives the printed numbers to 1e-4.

    Piella, Heijmans, "A new quality metric for image fusion", ICIP 2003.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 16, 16)
        >>> q_s(image, image, image) > 0.999
        tensor([True])
    """
    common.check(fused, first, second)
    common.at_least(fused, 11, "Q_S")
    return common.average(_piella(*map(common.levels, (fused, first, second)))[0])


@common.metric("Q_W", True, "-1..1", "Piella, Heijmans, ICIP 2003")
def q_w(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Piella's weighted fusion quality index Q_W.

    As `q_s`, each window weighted by the larger of its two local variances on 0..255 (0.5 where
    both are flat). Range -1..1, higher is better. Agrees with `metricPeilla` (switch 2) of Zheng
    Liu's toolbox.

    Piella, Heijmans, "A new quality metric for image fusion", ICIP 2003.

    In published tables: none of those that stand in docs/evidence/publications.md.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 16, 16)
        >>> q_w(image, image, image) > 0.999
        tensor([True])
    """
    common.check(fused, first, second)
    common.at_least(fused, 11, "Q_W")
    return _weighted(*map(common.levels, (fused, first, second)))


@common.metric("Q_E", True, "-1..1", "Piella, Heijmans, ICIP 2003")
def q_e(fused: Tensor, first: Tensor, second: Tensor, alpha: float = 1.0) -> Tensor:
    """Piella's edge-dependent fusion quality index Q_E.

    Q_W of the images times Q_W of their edge images to the power alpha; an edge image holds the
    strength of the Prewitt gradient. Range -1..1, higher is better. Agrees with no program: the
    case of `metricPeilla` in Zheng Liu's toolbox that should compute it never runs; the formula
    and the gradient are those that it states.

    Piella, Heijmans, "A new quality metric for image fusion", ICIP 2003.

    In published tables: none of those that stand in docs/evidence/publications.md.

    Args:
        alpha: how much the edges count, 0 (not at all) to 1. A negative quality of the edges
            counts as 0.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 16, 16)
        >>> q_e(image, image, image) > 0.999
        tensor([True])
    """
    common.check(fused, first, second)
    common.at_least(fused, 11, "Q_E")
    images = [common.levels(image) for image in (fused, first, second)]
    return _weighted(*images) * _weighted(*map(_edges, images)).clamp(min=0) ** alpha


@common.metric("Q_Y", True, "-1..1", "Yang et al., Inf. Fusion 2008")
def q_y(fused: Tensor, first: Tensor, second: Tensor, flat: str = "half") -> Tensor:
    """Yang's similarity-based fusion quality Q_Y.

    In 7 x 7 Gaussian windows (sigma 1.5, C1 = C2 = 2e-16): where the sources are alike,
    SSIM(first, second) >= 0.75, the SSIMs of the fused image to both are mixed by the sources'
    local variances; elsewhere the larger counts. Range -1..1, higher is better.

    Yang, Zhang, Wang, Liu, "A novel similarity based quality metric for image fusion",
    Information Fusion 9(2), 2008. `metricYang` of Zheng Liu's toolbox divides 0 by 0 where both
    sources are flat and gives NaN; the variants agree with its two common repairs:

    - "half": the weight is 0.5 there.
    - "nanmean": such windows are left out.

    In published tables: none of those that stand in docs/evidence/publications.md.

    Args:
        flat: "half" or "nanmean".

    Returns:
        (N,). NaN with "nanmean" where both sources are flat everywhere.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 16, 16)
        >>> q_y(image, image, image) > 0.999
        tensor([True])
    """
    common.check(fused, first, second)
    common.pick("flat", flat, ("half", "nanmean"))
    common.at_least(fused, 7, "Q_Y")
    fused, first, second = map(common.levels, (fused, first, second))
    alike, var1, var2 = _yang(first, second)
    to_first, to_second = _yang(fused, first)[0], _yang(fused, second)[0]
    still = var1 + var2 == 0
    share = torch.where(still, 0.5, var1 / torch.where(still, 1, var1 + var2))
    mixed = share * to_first + (1 - share) * to_second
    quality = torch.where(alike >= 0.75, mixed, torch.maximum(to_first, to_second))
    if flat == "half":
        return common.average(quality)
    return torch.where(still, torch.nan, quality).flatten(1).nanmean(1)


def _yang(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """SSIM with next to no constants, and both local variances."""
    tiny = 2e-16
    mean_a, mean_b, *rest = common.moments(a, b, common.gaussian(7, 1.5, a))
    var_a, var_b, cov = (torch.where(x.abs() < FLAT, 0, x) for x in rest)
    luminance = (2 * mean_a * mean_b + tiny) / (mean_a**2 + mean_b**2 + tiny)
    return luminance * (2 * cov + tiny) / (var_a + var_b + tiny), var_a, var_b
