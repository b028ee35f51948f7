"""Training losses of the published networks, as differentiable functions on slice batches.

Images are tensors of shape (N, 1, H, W) with values in [0, 1]; every loss is a scalar tensor, the
mean over the batch, and lower is better. `first` and `second` are the two sources (MR first).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..metrics.semantic import DARK

C1 = 0.01**2
C2 = 0.03**2
_ROWS_AT_A_TIME = 512


def gaussian(window: int, sigma: float, like: Tensor) -> Tensor:
    """Normalised one-dimensional Gaussian of `window` samples."""
    place = torch.arange(window, dtype=like.dtype, device=like.device) - (window - 1) / 2
    weights = torch.exp(-(place**2) / (2 * sigma**2))
    return weights / weights.sum()


def blurred(image: Tensor, sigma: float) -> Tensor:
    """Gaussian of an image (H, W), borders extended by replication."""
    reach = max(1, round(3 * sigma))
    row = gaussian(2 * reach + 1, sigma, image)
    image = F.pad(image[None, None], (reach,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(image, row.view(1, 1, -1, 1)), row.view(1, 1, 1, -1))[0, 0]


def row_of_windows(size: int, weights: Tensor) -> Tensor:
    """Matrix (size - window + 1, size) whose row k holds the weights from column k on."""
    band = weights.new_zeros(size - len(weights) + 1, size)
    for offset, weight in enumerate(weights):
        band.diagonal(offset).fill_(weight)
    return band


def _windowed_mean(images: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean over all whole square windows, weights[i] * weights[j] at place (i, j).

    Two products with band matrices: on a CPU some ten times faster than the same convolutions.
    """
    height, width = images.shape[-2:]
    return row_of_windows(height, weights) @ images @ row_of_windows(width, weights).T


def ssim_map(
    x: Tensor,
    y: Tensor,
    alpha: float = 1.0,
    window: int = 11,
    sigma: float = 1.5,
    c1: float = C1,
    c2: float = C2,
) -> Tensor:
    """Structural similarity of two images, one value per whole Gaussian window.

    SSIM = luminance ** alpha * contrast-structure, with luminance
    (2 mx my + c1) / (mx^2 + my^2 + c1) and contrast-structure
    (2 sxy + c2) / (sx^2 + sy^2 + c2); mx, sx^2 and sxy are Gaussian-weighted means, variances and
    covariance (Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Processing 2004, eq. 6 to 13).
    `alpha` other than 1 is Badal Regàs's (TU Dresden 2018): there the luminance is kept above
    1e-6, which changes nothing for images in [0, 1], so that the power and its gradient are finite.

    Args:
        x: images (N, 1, H, W), H and W at least `window`.
        y: images of the same shape.
        alpha: exponent of the luminance.
        window: side of the window in pixels.
        sigma: standard deviation of the window in pixels.
        c1: keeps the luminance finite in the dark.
        c2: keeps the contrast-structure finite where both are flat.

    Returns:
        (N, 1, H - window + 1, W - window + 1), between -1 and 1; 1 where the images agree.

    Example:
        >>> ssim_map(torch.ones(1, 1, 16, 20), torch.ones(1, 1, 16, 20)).shape
        torch.Size([1, 1, 6, 10])
    """
    if min(x.shape[-2:]) < window:
        raise ValueError(f"SSIM needs images of at least {window} x {window} pixels.")
    moments = torch.cat([x, y, x * x, y * y, x * y])
    moments = _windowed_mean(moments, gaussian(window, sigma, x))
    mx, my, mxx, myy, mxy = moments.chunk(5)
    squares, product = mx * mx + my * my, mx * my
    luminance = (2 * product + c1) / (squares + c1)
    contrast_structure = (2 * (mxy - product) + c2) / (mxx + myy - squares + c2)
    if alpha != 1:
        luminance = luminance.clamp(min=1e-6) ** alpha
    return luminance * contrast_structure


def ssim_loss(fused: Tensor, first: Tensor, second: Tensor, alpha: float = 1.0) -> Tensor:
    """Sum over both sources of 1 - mean SSIM (Kumar et al. 2019, eq. 3; its misprints corrected).

    With `alpha` = 4 it is the loss of Badal Regàs 2018. See `ssim_map`.

    Returns:
        Scalar between 0 and 4; 0 where the fused image equals both sources.

    Example:
        >>> image = torch.rand(1, 1, 32, 32)
        >>> bool(ssim_loss(image, image, image) < 1e-6)
        True
    """
    maps = ssim_map(torch.cat([fused, fused]), torch.cat([first, second]), alpha)
    return 2 * (1 - maps.mean())


def l2_loss(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Sum over both sources of the mean squared error (Kumar et al. 2019, eq. 4).

    Returns:
        Scalar, at least 0.

    Example:
        >>> one = torch.ones(1, 1, 4, 4)
        >>> float(l2_loss(0.5 * one, one, 0 * one))
        0.5
    """
    return F.mse_loss(fused, first) + F.mse_loss(fused, second)


def semantic_loss(
    fused: Tensor,
    first: Tensor,
    second: Tensor,
    patch: int = 5,
    stride: int = 3,
    limit: int | None = None,
    generator: torch.Generator | None = None,
    dark: float = DARK,
) -> Tensor:
    """Semantic loss of FW-Net: places that differ in a source should differ as much when fused.

    With d(i, j) = |mean of patch i - mean of patch j| in the fused image (F) and in the sources
    (1, 2), it is the mean over all pairs of patches of

        max(|dF - d1|, |dF - d2|)

    (Fan et al. 2019, eq. 3 and 4). It is never below the mean of |d1 - d2| / 2, whatever the fused
    image. Several forms have this floor (signed differences, distances between patch vectors, the
    mean over the sources); this one alone gives the known values for the average and the maximum
    of Harvard atlas pairs (MR-PET: 0.158 and 0.232 with patch 3). Patches without a pixel brighter
    than `dark` in either source are background and left out.

    The metric of the same name has patch 3 and stride 1 and takes all pairs; call this with those
    and `limit` None for the same number.

    Args:
        fused: fused images (N, 1, H, W).
        first: first sources, same shape.
        second: second sources, same shape.
        patch: side of a patch in pixels.
        stride: step from patch to patch in pixels.
        limit: the most patches of an image, drawn at random; None: all. The work grows with
            the square of the patches; 2,000 serve well in training.
        generator: makes the draw repeatable.
        dark: brightness of the brightest background pixel.

    Returns:
        Scalar between 0 and 1; 0 for images without foreground.

    Example:
        >>> image = torch.rand(1, 1, 32, 32)
        >>> float(semantic_loss(image, image, image))
        0.0
    """
    losses = [
        _semantic_loss_of_one(*images, patch, stride, limit, generator, dark)
        for images in zip(fused, first, second, strict=True)
    ]
    return torch.stack(losses).mean()


def _semantic_loss_of_one(
    fused: Tensor,
    first: Tensor,
    second: Tensor,
    patch: int,
    stride: int,
    limit: int | None,
    generator: torch.Generator | None,
    dark: float,
) -> Tensor:
    """`semantic_loss` of one image (1, H, W), in blocks of rows of the matrix of pairs."""
    brightest = F.max_pool2d(torch.maximum(first, second), patch, stride)
    places = torch.nonzero(brightest.flatten() > dark).flatten()
    if limit is not None and len(places) > limit:
        device = generator.device if generator is not None else places.device
        draw = torch.randperm(len(places), generator=generator, device=device)
        places = places[draw[:limit].to(places.device)]
    if len(places) < 2:
        return 0 * fused.sum()
    means = [F.avg_pool2d(x, patch, stride).flatten()[places] for x in (fused, first, second)]
    total = fused.new_zeros(())
    for rows in zip(*(m.split(_ROWS_AT_A_TIME) for m in means), strict=True):
        in_fused, in_first, in_second = (
            (row[:, None] - mean[None, :]).abs() for row, mean in zip(rows, means, strict=True)
        )
        lost = torch.maximum((in_fused - in_first).abs(), (in_fused - in_second).abs())
        total = total + lost.sum()
    return total / (len(places) * (len(places) - 1))


def mef_ssim_loss(
    fused: Tensor, first: Tensor, second: Tensor, window: int = 7, c: float = C2
) -> Tensor:
    """1 - MEF-SSIM (FW-Net, Fan et al. 2019, eq. 5 to 11; Ma, Zeng, Wang, IEEE TIP 2015).

    In every window (7 x 7, stride 1) the wanted patch has the higher contrast of the two sources
    and their mean structure, structure being the centred patch at unit norm, weighted with
    contrast ** p. Here p = tan(pi R / 2), at most 10, and R = |sum of centred patches| / sum of
    their norms says how far the sources agree (Ma et al.). The score of the window compares the
    wanted patch with the fused one, (2 cov + c) / (var + var + c); brightness plays no part.

    All of it follows from the windows' variances and covariances, so no patch is ever cut out.

    Returns:
        Scalar between 0 and 2; 0 where the fused image is as wanted in every window.

    Example:
        >>> image = torch.rand(1, 1, 32, 32)
        >>> bool(mef_ssim_loss(image + 0.2, image, image) < 1e-4)
        True
    """
    weights = fused.new_full((window,), 1 / window)
    moments = [fused, first, second, fused * fused, first * first, second * second]
    moments += [first * second, fused * first, fused * second]
    mf, m1, m2, ff, aa, bb, ab, fa, fb = _windowed_mean(torch.cat(moments), weights).chunk(9)
    var_f = ff - mf * mf
    lowest = 1e-6  # variance of a quarter of a grey level of 255, well above rounding
    var1, var2 = (aa - m1 * m1).clamp(min=lowest), (bb - m2 * m2).clamp(min=lowest)
    cov12, cov_f1, cov_f2 = ab - m1 * m2, fa - mf * m1, fb - mf * m2

    std1, std2 = var1.sqrt(), var2.sqrt()
    highest = torch.maximum(std1, std2)
    agreement = (var1 + var2 + 2 * cov12).clamp(min=0).sqrt() / (std1 + std2)
    power = torch.tan(agreement.clamp(0, 0.99) * torch.pi / 2).clamp(max=10)
    share1, share2 = (std1 / highest) ** power, (std2 / highest) ** power
    correlation = (cov12 / (std1 * std2)).clamp(-1, 1)
    squared_norm = share1**2 + share2**2 + 2 * share1 * share2 * correlation
    norm = squared_norm.clamp(min=1e-6).sqrt()  # 0 where the sources are each other's negative

    wanted_cov = highest / norm * (share1 / std1 * cov_f1 + share2 / std2 * cov_f2)
    wanted_var = highest**2
    score = (2 * wanted_cov + c) / (wanted_var + var_f + c)
    return 1 - score.mean()


def reconstruction_loss(reconstructed: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Sum over both sources of the mean squared error of their reconstruction (FW-Net, eq. 2).

    The equation writes the norm, the text the mean squared error; this is the latter.

    Args:
        reconstructed: (N, 2, H, W), both sources as regained from the fused image.
        first: first sources (N, 1, H, W).
        second: second sources, same shape.

    Returns:
        Scalar, at least 0.

    Example:
        >>> first, second = torch.rand(2, 1, 1, 16, 16)
        >>> float(reconstruction_loss(torch.cat([first, second], dim=1), first, second))
        0.0
    """
    return F.mse_loss(reconstructed[:, :1], first) + F.mse_loss(reconstructed[:, 1:], second)


def range_loss(fused: Tensor, first: Tensor, second: Tensor, part: float = 0.995) -> Tensor:
    """How far the brightest of the fused image is from the brightest of its sources.

    Squared difference of a high percentile (the 99.5th) of the fused image and of the pixel-wise
    maximum of the sources. SSIM and the squared error to two sources at once are served best by
    something between them: what only one source shows comes out dim, and so does all else. This
    holds the upper end; the fused image uses the range that its sources use.

    Args:
        fused: fused images (N, 1, H, W).
        first: first sources, same shape.
        second: second sources, same shape.
        part: of the pixels that are darker than the compared one.

    Returns:
        Scalar, at least 0.

    Example:
        >>> image = torch.rand(1, 1, 32, 32)
        >>> float(range_loss(image, image, 0 * image))
        0.0
    """
    brightest = torch.maximum(first, second).flatten(1).quantile(part, dim=1)
    return F.mse_loss(fused.flatten(1).quantile(part, dim=1), brightest)


def veil_loss(fused: Tensor, first: Tensor, second: Tensor, black: float = 0.02) -> Tensor:
    """Mean square of the fused image over all pixels in which both sources are black.

    Args:
        fused: fused images (N, 1, H, W).
        first: first sources, same shape.
        second: second sources, same shape.
        black: what a black pixel is not brighter than.

    Returns:
        Scalar, at least 0; 0 where no pixel is black.

    Example:
        >>> one = torch.tensor([[[[0.0, 0.5]]]])
        >>> float(veil_loss(one + 0.5, one, 0 * one))
        0.25
    """
    seen = torch.maximum(first, second) <= black
    return (fused * seen).square().sum() / seen.sum().clamp(min=1)


def laplacian_loss(fused: Tensor, first: Tensor) -> Tensor:
    """Mean squared difference of the Laplacians of the fused image and the first source.

    PMGI (Zhang et al., AAAI 2020) has it in this form for its gradients: the kernel is
    0 1 0 / 1 -4 1 / 0 1 0, with black around the image.

    Returns:
        Scalar, at least 0; 0 where the two differ by a slope at most.

    Example:
        >>> image = torch.rand(1, 1, 8, 8)
        >>> float(laplacian_loss(image, image))
        0.0
    """
    kernel = fused.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    return F.conv2d(fused - first, kernel[None, None], padding=1).square().mean()


def detail(images: Tensor) -> Tensor:
    """Every pixel less the mean of its eight neighbours (MGMDcGAN, Huang et al. 2020).

    Example:
        >>> detail(torch.ones(1, 1, 5, 5))[0, 0, 2, 2]
        tensor(0.)
    """
    kernel = images.new_full((1, 1, 3, 3), -1 / 8)
    kernel[..., 1, 1] = 1
    return F.conv2d(images, kernel, padding=1)
