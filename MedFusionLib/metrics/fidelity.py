"""Visual information fidelity: VIF to both sources, and VIFF."""

from collections.abc import Iterator

import torch
from torch import Tensor

from . import common

SIZES = (17, 9, 5, 3)


@common.metric("VIF", True, "from 0, 2 for equal images", "Sheikh, Bovik, IEEE TIP 2006")
def vif(fused: Tensor, first: Tensor, second: Tensor, source: str = "sum") -> Tensor:
    """Visual information fidelity in the pixel domain (vifp) of the fused image.

    Four scales with Gaussian windows of 17, 9, 5 and 3 pixels, sigma a fifth of that, each scale
    halved from the one before. A source's window s is seen through the fused image as g s + noise:
    the sum over windows and scales of log(1 + g^2 var / (var_noise + 2)) over that of
    log(1 + var / 2), on 0..255. From 0; 1 (2 for the sum) where the fused image equals the source,
    more where it enhances contrast. Higher is better. The sum agrees with `VIF` of Linfeng Tang's
    evaluator and of CDDFuse's.

    Sheikh, Bovik, "Image information and visual quality", IEEE TIP 15(2), 2006. Needs images of at
    least 41 x 41 pixels.

    In published tables: VIF of CDDFuse and its peers is the sum over both sources. Some tables
    call this one VIFF, and a third VIF works on steerable pyramids.

    Args:
        source: "sum" or "mean" of both, or "first" or "second" alone.

    Returns:
        (N,). NaN where a source is constant.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 64, 64)
        >>> vif(image, image, image).round(decimals=3)
        tensor([2.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    common.pick("source", source, ("sum", "mean", "first", "second"))
    common.at_least(fused, 41, "VIF")
    chosen = {"first": (first,), "second": (second,)}.get(source, (first, second))
    total = fused.new_zeros(())
    for image in chosen:
        kept = there = fused.new_zeros(())
        for row, reference, view in _pyramid(common.levels(image), common.levels(fused)):
            gain, var, noise = _channel(row, reference, view)
            kept = kept + torch.log1p(gain**2 * var / (noise + 2)).flatten(1).sum(1)
            there = there + torch.log1p(var / 2).flatten(1).sum(1)
        total = total + kept / there
    return total / 2 if source == "mean" else total


@common.metric("VIFF", True, "from 0", "Han et al., Inf. Fusion 2013")
def viff(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Visual information fidelity for fusion (VIFF).

    The model of `vif` with noise 0.005 * 255^2; in every window the source with the smaller gain
    into the fused image counts. Per scale the information kept over the information there; the
    scales, finest first, weigh (1, 0, 0.15, 1) / 2.15. From 0, higher is better.

    Han, Cai, Cao, Xu, "A new image fusion performance metric based on visual information
    fidelity", Information Fusion 14(2), 2013. Written from the paper; agrees with
    the authors' public program to 1e-6. Where neither gain is smaller, in windows from which
    nothing passes, the second source counts, so that swapping the sources may change the result.
    Needs images of at least 41 x 41 pixels.

    In published tables: Q_VIF of FunFuseAn.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 64, 64)
        >>> viff(image, image, image).round(decimals=3)
        tensor([1.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    common.at_least(fused, 41, "VIFF")
    noise, tiny = 0.005 * 255**2, 1e-7
    images = [common.levels(image) for image in (first, second, fused)]
    result = fused.new_zeros(())
    weights = (1 / 2.15, 0, 0.15 / 2.15, 1 / 2.15)
    for weight, (row, a, b, view) in zip(weights, _pyramid(*images), strict=True):
        gain_a, var_a, noise_a = _channel(row, a, view)
        gain_b, var_b, noise_b = _channel(row, b, view)
        kept_a = torch.log2(1 + gain_a**2 * var_a / (noise_a + noise))
        kept_b = torch.log2(1 + gain_b**2 * var_b / (noise_b + noise))
        there_a, there_b = torch.log2(1 + var_a / noise), torch.log2(1 + var_b / noise)
        use_a = gain_a < gain_b
        kept = torch.where(use_a, kept_a, kept_b).flatten(1).sum(1)
        there = torch.where(use_a, there_a, there_b).flatten(1).sum(1)
        result = result + weight * (kept + tiny) / (there + tiny)
    return result


def _pyramid(*images: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield a scale's window and the images there: blurred with that window, then halved."""
    stack = torch.cat(images, dim=1)
    for scale, size in enumerate(SIZES):
        row = common.gaussian(size, size / 5, stack)
        if scale:
            stack = common.blur(stack, row)[..., ::2, ::2]
        yield row, *stack.split(1, dim=1)


def _channel(row: Tensor, source: Tensor, view: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Local gain, variance of the source and of the noise, where view = gain * source + noise.

    Where an image is flat (variance below 1e-10) or the gain is negative nothing passes.
    """
    tiny = 1e-10
    _, _, var, var_view, cov = common.moments(source, view, row)
    var, var_view = var.clamp(min=0), var_view.clamp(min=0)
    gain = cov / (var + tiny)
    noise = var_view - gain * cov
    blocked = (var < tiny) | (gain < 0)
    noise = torch.where(blocked, var_view, noise)
    still = var_view < tiny
    gain = torch.where(blocked | still, 0, gain)
    noise = torch.where(still, 0, noise).clamp(min=tiny)
    return gain, torch.where(var < tiny, 0, var), noise
