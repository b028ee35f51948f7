"""Models of human contrast sensitivity: Q_CB and Q_CV."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from . import common
from .gradients import sobel


def _frequency(image: Tensor, divisor: float) -> Tensor:
    """Radial frequency of every Fourier coefficient: a side's Nyquist is its length / divisor."""
    height, width = image.shape[-2:]
    v = torch.fft.fftfreq(height, device=image.device).to(image) * 2 * height / divisor
    u = torch.fft.fftfreq(width, device=image.device).to(image) * 2 * width / divisor
    return torch.sqrt(v.view(-1, 1) ** 2 + u.view(1, -1) ** 2)


def _through(image: Tensor, response: Tensor) -> Tensor:
    """The image, filtered by a real and even frequency response."""
    return torch.fft.ifft2(torch.fft.fft2(image) * response).real


@common.metric("Q_CB", True, "0..1", "Chen, Blum, Image Vis. Comput. 2009")
def q_cb(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Perceptual fusion quality Q_CB of Chen and Blum.

    Each image, stretched to 0..255, passes a difference-of-Gaussians contrast sensitivity filter
    (f0 15.387, f1 1.3456, a 0.7622, a side of n pixels reaching frequency n / 30). Its contrast
    C = |G2 / G4 - 1| (31 x 31 Gaussians of sigma 2 and 4, not normalised, zeros outside) is masked
    to P = C^3 / (C^2 + 0.0001). The mean over pixels of the ratio of P in a source and in the
    fused image (smaller over larger), weighted by P^2 of the sources, is the result. Range 0..1,
    higher is better. Agrees with `metricChenBlum` of Zheng Liu's toolbox to 2e-4 only: far from
    any content the contrast is a quotient of rounding errors, there as here.

    Chen, Blum, "A new automated quality assessment algorithm for image fusion", Image and Vision
    Computing 27(10), 2009.

    In published tables: none of those that stand in docs/evidence/publications.md.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 32, 32)
        >>> q_cb(image, image, image) > 0.999
        tensor([True])
    """
    common.check(fused, first, second)
    radius = _frequency(common.precise(fused), 30)
    response = torch.exp(-((radius / 15.387) ** 2)) - 0.7622 * torch.exp(-((radius / 1.3456) ** 2))
    masked = []
    for image in (fused, first, second):
        seen = pad(_through(common.stretch(image), response), (15, 15, 15, 15))
        fine = common.blur(seen, _bell(2, seen))
        coarse = common.blur(seen, _bell(4, seen))
        contrast = (fine / torch.where(coarse == 0, 1, coarse) - 1).abs()
        masked.append(contrast**3 / (contrast**2 + 0.0001))
    seen, first, second = masked
    total = first**2 + second**2
    share = torch.where(total == 0, 0.5, first**2 / torch.where(total == 0, 1, total))
    return common.average(share * _ratio(first, seen) + (1 - share) * _ratio(second, seen))


def _bell(sigma: float, like: Tensor) -> Tensor:
    """31 values of the density of a Gaussian."""
    x = torch.arange(-15, 16, device=like.device).to(like)
    return torch.exp(-(x**2) / (2 * sigma**2)) / (sigma * (2 * torch.pi) ** 0.5)


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """The smaller over the larger of two values, 1 where both are 0."""
    large = torch.maximum(a, b)
    return torch.where(large == 0, 1, torch.minimum(a, b) / torch.where(large == 0, 1, large))


@common.metric("Q_CV", False, "from 0", "Chen, Varshney, Inf. Fusion 2007")
def q_cv(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Perceptual fusion error Q_CV of Chen and Varshney.

    Images are stretched to 0..255. The difference between a source and the fused image passes the
    Mannos-Sakrison contrast sensitivity filter (a side of n pixels reaching frequency n / 8); its
    mean square in each 16 x 16 block is weighted by the block's sum of the source's Sobel strength
    to the power 5. Range 0 upwards, **lower** is better. Agrees with `metricChen` of Zheng Liu's
    toolbox.

    Chen, Varshney, "A human perception inspired quality metric for image fusion based on regional
    information", Information Fusion 8(2), 2007.

    In published tables: none of those that stand in docs/evidence/publications.md.

    Returns:
        (N,). NaN where neither source has an edge.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 32, 32)
        >>> q_cv(image, image, image)
        tensor([0.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    fused, first, second = map(common.stretch, (fused, first, second))
    radius = 0.144 * _frequency(fused, 8)
    response = 2.6 * (0.0192 + radius) * torch.exp(-(radius**1.1))
    error = weight = fused.new_zeros(())
    for source in (first, second):
        x, y = sobel(source)
        saliency = _blocks(torch.sqrt(x * x + y * y) ** 5)
        error = error + saliency * _blocks(_through(source - fused, response) ** 2)
        weight = weight + saliency
    return error.flatten(1).sum(1) / weight.flatten(1).sum(1)


def _blocks(image: Tensor) -> Tensor:
    """Mean of every 16 x 16 block; incomplete blocks are filled up with zeros."""
    height, width = image.shape[-2:]
    return avg_pool2d(pad(image, (0, -width % 16, 0, -height % 16)), 16)
