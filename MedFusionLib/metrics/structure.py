"""Structural similarity: SSIM to each source, and MEF-SSIM."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from ..sharing import shared
from . import common

SOURCES = ("sum", "mean", "first", "second")


def ssim_map(a: Tensor, b: Tensor, variant: str = "wang") -> Tensor:
    """The map of SSIM of two images in [0, 1], where the whole window fits.

    Args:
        a: (N, 1, H, W).
        b: (N, 1, H, W).
        variant: as in `ssim`.

    Returns:
        (N, 1, H - 10, W - 10), for "cddfuse" (N, 1, H - 6, W - 6).
    """
    common.pick("variant", variant, ("wang", "linfeng", "cddfuse"))
    common.at_least(a, 7 if variant == "cddfuse" else 11, "SSIM")
    kind = torch.promote_types(torch.promote_types(a.dtype, b.dtype), torch.float32)
    if variant != "wang":  # constants too small for single precision
        kind = common.precise(a.to(kind)).dtype
    mean_a, square_a = _local_means(a, variant, kind)
    mean_b, square_b = _local_means(b, variant, kind)
    product = common.blur(a.to(kind) * b.to(kind), _window(variant, mean_a))
    var_a, var_b = square_a - mean_a**2, square_b - mean_b**2
    cov = product - mean_a * mean_b
    dynamic = {"wang": 1.0, "linfeng": 1 / 255, "cddfuse": 2 / 255}[variant]
    c1, c2 = (0.01 * dynamic) ** 2, (0.03 * dynamic) ** 2
    if variant == "cddfuse":
        var_a, var_b, cov = (x * 49 / 48 for x in (var_a, var_b, cov))
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return luminance * (2 * cov + c2) / (var_a + var_b + c2)


@shared
def _local_means(image: Tensor, variant: str, kind: torch.dtype) -> tuple[Tensor, Tensor]:
    """The local mean of an image and of its square, for `ssim_map`; reports ask several times."""
    image = image.to(kind)
    both = common.blur(torch.cat((image, image * image), dim=1), _window(variant, image))
    mean, square = both.split(1, dim=1)
    return mean, square


def _window(variant: str, like: Tensor) -> Tensor:
    """The window of `ssim_map`, a row of weights."""
    return common.uniform(7, like) if variant == "cddfuse" else common.gaussian(11, 1.5, like)


@common.metric("SSIM", True, "-2..2, the sum over both sources", "Wang et al., IEEE TIP 2004")
def ssim(
    fused: Tensor, first: Tensor, second: Tensor, source: str = "sum", variant: str = "wang"
) -> Tensor:
    """Structural similarity of the fused image to its sources.

    Mean of (2 mx my + c1)(2 sxy + c2) / ((mx^2 + my^2 + c1)(sx^2 + sy^2 + c2)) over all windows
    inside the image. Range -1..1 for one source, -2..2 for the sum; higher is better. It is
    differentiable; "wang" is computed in the type of the images (at least float32), so that it can
    serve as a loss.

    Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE TIP 13(4), 2004. FW-Net's SSIM is this; what Badal Regàs' thesis
    calls SSIM and FunFuseAn Q_SSIM is Piella's `q_s`. Variants:

    - "wang": Gaussian 11 x 11, sigma 1.5, K 0.01 and 0.03, L 255 on 0..255. Agrees with the
      authors' program.
    - "linfeng": the same with L 1 on 0..255, as in Linfeng Tang's evaluator.
    - "cddfuse": uniform 7 x 7, sample covariance, L 2 on 0..255, as in CDDFuse's evaluator. The
      constants all but vanish, so a background that is not exactly 0 scores 0.

    In published tables: "wang" for each source is SSIM CT and SSIM MR of FW-Net; "cddfuse",
    summed over both sources, is SSIM of CDDFuse and its peers.

    Args:
        source: "sum" or "mean" of both, or "first" or "second" alone.
        variant: "wang", "linfeng" or "cddfuse".

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 16, 16)
        >>> ssim(image, image, image)
        tensor([2.])
    """
    common.check(fused, first, second)
    common.pick("source", source, SOURCES)
    if source == "first":
        return common.average(ssim_map(fused, first, variant))
    if source == "second":
        return common.average(ssim_map(fused, second, variant))
    both = common.average(ssim_map(fused, first, variant))
    both = both + common.average(ssim_map(fused, second, variant))
    return both / 2 if source == "mean" else both


@common.metric("MEF-SSIM", True, "-1..1", "Ma et al., IEEE TIP 2015")
def mef_ssim(fused: Tensor, first: Tensor, second: Tensor, scales: int = 1) -> Tensor:
    """Structural similarity for multi-exposure fusion (MEF-SSIM).

    In every 11 x 11 window a wanted patch is made from the sources: the strongest of their
    contrasts, and the mean of their normalised structures weighted by contrast^p, with
    p = min(tan(pi R / 2), 10) and R the consistency of the structures. The contrast-structure
    part of SSIM (K 0.03, Gaussian, sigma 1.5) between it and the fused patch is averaged. Range
    -1..1, higher is better. Agrees with the authors' program, with 1 scale (`mef_ssim`) and with
    3 (`mef_ms_ssim`).

    Ma, Zeng, Wang, "Perceptual quality assessment for multi-exposure image fusion", IEEE TIP
    24(11), 2015.

    In published tables: none of those that stand in docs/evidence/publications.md; FW-Net and
    DeepFuse train with it, in windows of 7 x 7 or 8 x 8.

    Args:
        scales: 1, or 3: the product of the qualities at full, half and quarter size to the powers
            0.0448, 0.2856 and 0.3001 over their sum; a negative quality counts as 0.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 16, 16)
        >>> mef_ssim(image, image, image) > 0.999
        tensor([True])
    """
    common.check(fused, first, second)
    common.pick("scales", scales, (1, 3))
    common.at_least(fused, 11 * 2 ** (scales - 1), "MEF-SSIM")
    images = torch.cat([common.levels(image) for image in (fused, first, second)], dim=1)
    if scales == 1:
        return common.average(_mef_map(images))
    powers = torch.tensor((0.0448, 0.2856, 0.3001)).to(images)
    result = images.new_ones(())
    for power in powers / powers.sum():
        result = result * common.average(_mef_map(images)).clamp(min=0) ** power
        height, width = images.shape[-2:]
        images = avg_pool2d(pad(images, (0, width % 2, 0, height % 2), "replicate"), 2)
    return result


def _mef_map(images: Tensor) -> Tensor:
    """MEF-SSIM of every window; images (N, 3, H, W) on 0..255: the fused one, then its sources.

    The wanted patch is s (a1 x1 + a2 x2) less its mean, so its moments follow from those of the
    sources and no patch is ever written out.
    """
    _, first, second = images.split(1, dim=1)
    ones = images.new_ones(11)
    sums = common.blur(torch.cat((first, second, first**2, second**2, first * second), 1), ones)
    sum1, sum2, square1, square2, cross = sums.split(1, dim=1)
    norm1 = torch.sqrt((square1 - sum1**2 / 121).clamp(min=0))
    norm2 = torch.sqrt((square2 - sum2**2 / 121).clamp(min=0))
    cross = cross - sum1 * sum2 / 121

    eps = torch.finfo(images.dtype).eps
    together = torch.sqrt((norm1**2 + norm2**2 + 2 * cross).clamp(min=0))
    consistency = ((together + eps) / (norm1 + norm2 + eps)).clamp(max=1 - eps)
    power = torch.tan(torch.pi / 2 * consistency).clamp(max=10)
    contrast1, contrast2 = norm1 + 0.001, norm2 + 0.001
    weight1 = (contrast1 / 11) ** power + eps
    weight2 = (contrast2 / 11) ** power + eps
    a1 = weight1 / (weight1 + weight2) / contrast1
    a2 = weight2 / (weight1 + weight2) / contrast2
    norm = torch.sqrt(((a1 * norm1) ** 2 + (a2 * norm2) ** 2 + 2 * a1 * a2 * cross).clamp(min=0))
    scale = torch.where(norm > 0, torch.maximum(contrast1, contrast2) / norm, 0)
    a1, a2 = a1 * scale, a2 * scale

    row = common.gaussian(11, 1.5, images)
    fused, first, second = images.split(1, dim=1)
    _, _, var1, var2, cov12 = common.moments(first, second, row)
    _, _, _, var_fused, cov1 = common.moments(first, fused, row)
    cov2 = common.moments(second, fused, row)[4]
    wanted = a1**2 * var1 + a2**2 * var2 + 2 * a1 * a2 * cov12
    c = (0.03 * 255) ** 2
    return (2 * (a1 * cov1 + a2 * cov2) + c) / (wanted + var_fused + c)
