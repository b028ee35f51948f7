"""Measures of fused images as losses: what a network is scored with, in differentiable form.

Images are tensors (N, 1, H, W) with values in [0, 1] (the fused ones are cut to it); every loss is
a scalar tensor, the mean over the batch, and lower is better. The four measures are those of
CDDFuse's evaluator, see `metrics.vif`, `metrics.q_abf`, `metrics.ssim` and `metrics.scd`, without
its rounding to 8 bit; the losses are their negatives.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from ..methods.sums import total
from .losses import gaussian, row_of_windows

GREY_LEVEL = 1 / 255


def vif_loss(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Minus the visual information fidelity, summed over both sources, as `metrics.vif` has it.

    Returns:
        Scalar; -2 where the fused image equals both sources.

    Example:
        >>> image = torch.rand(1, 1, 48, 48)
        >>> round(float(vif_loss(image, image, image)), 2)
        -2.0
    """
    stack = torch.cat([fused.clamp(0, 1), first, second], 1)
    noise = 2 * GREY_LEVEL**2
    nothing = fused.new_zeros(())
    kept, there = [nothing, nothing], [nothing, nothing]
    for size in (17, 9, 5, 3):
        row = gaussian(size, size / 5, stack)
        if size < 17:
            stack = _means(stack, row, step=2)
        view, *sources = stack.split(1, 1)
        products = [view * source for source in sources]
        means, squares, mixed = _means(torch.cat([stack, stack * stack, *products], 1), row).split(
            [3, 3, 2], 1
        )
        variances = (squares - means * means).clamp(min=0)
        for n in (0, 1):
            variance = variances[:, n + 1]
            covariance = mixed[:, n] - means[:, 0] * means[:, n + 1]
            gain = torch.where(variance > 1e-6, covariance / (variance + 1e-7), 0).clamp(min=0)
            rest = (variances[:, 0] - gain * covariance).clamp(min=0)
            kept[n] = kept[n] + torch.log1p(gain**2 * variance / (rest + noise)).sum((1, 2))
            there[n] = there[n] + torch.log1p(variance / noise).sum((1, 2))
    return -total(k / (t + 1e-3) for k, t in zip(kept, there, strict=True)).mean()


def q_abf_loss(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Minus the edge preservation Q^AB/F, as `metrics.q_abf` has it (variant "linfeng").

    Returns:
        Scalar between -1 and 0.

    Example:
        >>> image = torch.rand(1, 1, 32, 32)
        >>> round(float(q_abf_loss(image, image, image)), 2)
        -0.97
    """
    strength, angle = _polar(fused.clamp(0, 1))
    edges = weight = fused.new_zeros(())
    for source in (first, second):
        wanted, direction = _polar(source)
        ratio = torch.minimum(wanted, strength) / torch.maximum(wanted, strength)
        turn = 1 - (direction - angle).abs() / (math.pi / 2)
        kept = 0.9994 * torch.sigmoid(15 * (ratio - 0.5))
        kept = kept * 0.9879 * torch.sigmoid(22 * (turn - 0.8))
        wanted = (wanted - 2e-4).clamp(min=0)  # nothing where the source is flat
        edges = edges + (kept * wanted).flatten(1).sum(1)
        weight = weight + wanted.flatten(1).sum(1)
    return -(edges / (weight + 1e-3)).mean()


def ssim_sum_loss(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Minus the structural similarity, summed over both sources, in uniform 7 x 7 windows.

    As `metrics.ssim` has it (variant "cddfuse"), with 1e-6 as both constants, which single
    precision can still tell from rounding.

    Returns:
        Scalar between -2 and 2.

    Example:
        >>> image = torch.rand(1, 1, 32, 32)
        >>> round(float(ssim_sum_loss(image, image, image)), 2)
        -2.0
    """
    images = torch.cat([fused.clamp(0, 1), first, second], 1)
    view, *sources = images.split(1, 1)
    stack = torch.cat([images, images * images, *(view * source for source in sources)], 1)
    means, squares, mixed = _means(stack, fused.new_full((7,), 1 / 7)).split([3, 3, 2], 1)
    variances = (squares - means * means).clamp(min=0)
    c, both = 1e-6, fused.new_zeros(())
    for n in (0, 1):
        product = means[:, 0] * means[:, n + 1]
        luminance = (2 * product + c) / (means[:, 0] ** 2 + means[:, n + 1] ** 2 + c)
        spread = variances[:, 0] + variances[:, n + 1]
        both = both + (luminance * (2 * (mixed[:, n] - product) + c) / (spread + c)).mean()
    return -both


def scd_loss(fused: Tensor, first: Tensor, second: Tensor, target: float = 2.0) -> Tensor:
    """Minus the sum of the correlations of differences (`metrics.scd`), up to a target.

    Above the target nothing is gained: the measure can be driven up by overstating differences.

    Returns:
        Scalar between -target and 2.

    Example:
        >>> a, b = torch.eye(8)[None, None] / 2, torch.eye(8).flip(0)[None, None] / 2
        >>> round(float(scd_loss(a + b, a, b, target=1.8)), 2)
        -1.8
    """
    fused = fused.clamp(0, 1)
    value = _correlation(fused - second, first) + _correlation(fused - first, second)
    return -value.clamp(max=target).mean()


def darkening_loss(
    fused: Tensor, first: Tensor, second: Tensor, keep: float = 0.85, window: int = 7
) -> Tensor:
    """How far the fused image is darker than the brighter source, locally, beyond what is allowed.

    The mean of max(0, keep * m - f), m and f being the means of the pixel-wise maximum and of the
    fused image in a window. Without it, images in which one source is dark score well.

    Returns:
        Scalar, at least 0.

    Example:
        >>> image = torch.ones(1, 1, 16, 16)
        >>> round(float(darkening_loss(0.5 * image, image, image)), 2)
        0.35
    """
    row = fused.new_full((window,), 1 / window)
    brightest = torch.maximum(first, second)
    return F.relu(keep * _means(brightest, row) - _means(fused.clamp(0, 1), row)).mean()


def second_bands_loss(fused: Tensor, first: Tensor, second: Tensor, wanted: float = 0.8) -> Tensor:
    """What the fused image lacks of the second source's bands where the first source is brighter.

    At two scales (differences of Gaussian means, sigma 1.5, 3 and 6) the fused band is regressed on
    both sources' bands over the pixels in which the first source is brighter than the second and
    the second holds something. The mean of max(0, wanted - coefficient of the second).

    Returns:
        Scalar, at least 0.

    Example:
        >>> a, b = 0.5 + 0.1 * torch.rand(1, 1, 64, 64), 0.4 * torch.rand(1, 1, 64, 64)
        >>> [round(float(second_bands_loss(image, a, b)), 2) for image in (a + b, a)]
        [0.0, 0.8]
    """
    images = torch.cat([fused.clamp(0, 1), first, second], 1)
    smooth = [_means(images, gaussian(2 * round(2.5 * s) + 1, s, images)) for s in (1.5, 3.0, 6.0)]
    lacking = []
    for fine, rough in pairwise(smooth):
        cut = (fine.shape[-1] - rough.shape[-1]) // 2
        fine = fine[..., cut : cut + rough.shape[-2], cut : cut + rough.shape[-1]]
        band, (_, low, high) = fine - rough, fine.detach().unbind(1)
        there = (low > high) & (high > 0.05)
        view, one, two = (band * there[:, None]).flatten(2).unbind(1)
        aa, ab, bb = (one * one).sum(1), (one * two).sum(1), (two * two).sum(1)
        found = (aa * (two * view).sum(1) - ab * (one * view).sum(1)) / (aa * bb - ab**2 + 1e-6)
        enough = (there.flatten(1).float().mean(1) > 0.05) & (bb > 1e-2)
        lacking.append(F.relu(wanted - found) * enough)
    return torch.stack(lacking).mean()


def overflow_loss(fused: Tensor) -> Tensor:
    """How far the fused image, before it is cut, lies outside [0, 1]: mean over the pixels.

    Example:
        >>> float(overflow_loss(torch.tensor([[[[0.5, 1.5]]]])))
        0.25
    """
    return (F.relu(fused - 1) + F.relu(-fused)).mean()


def _means(images: Tensor, row: Tensor, step: int = 1) -> Tensor:
    """Weighted mean over whole windows, every `step` pixels: two products with band matrices."""
    down, across = (row_of_windows(size, row)[::step] for size in images.shape[-2:])
    return down @ images @ across.T


def _polar(image: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel strength and orientation (-pi/2..pi/2), borders extended by zeros."""
    image = F.pad(image, (1, 1, 1, 1))
    x = image[..., 2:] - image[..., :-2]
    x = x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]
    y = image[..., 2:, :] - image[..., :-2, :]
    y = y[..., :-2] + 2 * y[..., 1:-1] + y[..., 2:]
    upright = torch.where(x.abs() < 1e-5, 1e-5, x)
    return torch.sqrt(x * x + y * y + 1e-8), torch.atan(y / upright)


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    """Pearson correlation of each image of a batch; 0 where one is flat."""
    a, b = (x.flatten(1) - x.flatten(1).mean(1, keepdim=True) for x in (a, b))
    return (a * b).sum(1) / torch.sqrt((a * a).sum(1) * (b * b).sum(1) + 1e-6)
