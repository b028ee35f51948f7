"""Phase congruency: where the waves that make up an image are in step, whatever their strength.

Kovesi: Image Features from Phase Congruency. Videre 1999. Log-Gabor filters at some scales and
orientations; in each orientation the energy along the mean phase, less what noise would have, is
divided by the sum of all amplitudes.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

SCALES, ORIENTATIONS = 4, 6
SHORTEST, RATIO = 3.0, 2.1  # wavelength of the finest scale in pixels, and from scale to scale
BANDWIDTH = 0.55  # of the log-Gabor filters: sigma over frequency
SPREAD = math.pi / ORIENTATIONS / 1.2  # standard deviation over the angle
NOISE = 2.0  # standard deviations above the mean noise that count as noise
CUT, GAIN = 0.5, 10.0  # of the weight for the spread of frequencies
TINY = 1e-4


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # kept for runs with gradients, too
def _filters(height: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(orientations, scales, H, W) over `torch.fft.fft2`'s frequencies."""
    rows = torch.fft.fftfreq(height, dtype=torch.float64, device=device)[:, None]
    columns = torch.fft.fftfreq(width, dtype=torch.float64, device=device)[None, :]
    radius = torch.hypot(rows, columns)
    low_pass = 1 / (1 + (radius / 0.45) ** 30)
    radius = torch.where(radius == 0, torch.ones_like(radius), radius)
    found = []
    for number in range(ORIENTATIONS):
        angle = number * math.pi / ORIENTATIONS
        along = columns * math.cos(angle) - rows * math.sin(angle)
        across = columns * math.sin(angle) + rows * math.cos(angle)
        away = torch.atan2(across, along)
        wedge = torch.exp(-(away**2) / (2 * SPREAD**2))
        for scale in range(SCALES):
            ratio = (radius * SHORTEST * RATIO**scale).log()
            ring = torch.exp(-(ratio**2) / (2 * math.log(BANDWIDTH) ** 2)) * low_pass
            ring[0, 0] = 0
            found.append(ring * wedge)
    shape = ORIENTATIONS, SCALES, height, width
    return torch.stack(found).view(shape).to(dtype)


@torch.no_grad()
def phase_congruency(images: Tensor) -> Tensor:
    """Phase congruency of images (N, 1, H, W), 0 (out of step, or noise) to 1; the same shape.

    Noise is estimated in each image and orientation from the median amplitude of the finest scale
    (Rayleigh distributed), so a flat background is 0.

    Example:
        >>> step = torch.zeros(1, 1, 32, 32)
        >>> step[..., 16:] = 1
        >>> found = phase_congruency(step)
        >>> bool(found[0, 0, 16, 15:17].min() > 3 * found[0, 0, 16, 5:11].max())
        True
    """
    filters = _filters(*images.shape[-2:], images.dtype, images.device)
    spectrum = torch.fft.fft2(images)
    energies, amplitudes = torch.zeros_like(images), torch.zeros_like(images)
    geometric = (1 - RATIO**-SCALES) / (1 - 1 / RATIO)
    for part in filters:
        waves = torch.fft.ifft2(spectrum * part)  # (N, scales, H, W); even and odd response
        amplitude = waves.abs()
        total = waves.sum(1, keepdim=True)
        mean = total / (total.abs() + TINY)
        turned = waves * mean.conj()  # real: along the mean phase, imaginary: across
        energy = (turned.real - turned.imag.abs()).sum(1, keepdim=True)
        finest = amplitude[:, :1].flatten(2).median(2).values[..., None, None]
        noise = finest / math.sqrt(math.log(4)) * geometric
        limit = noise * (math.sqrt(math.pi / 2) + NOISE * math.sqrt((4 - math.pi) / 2))
        largest, sums = amplitude.amax(1, keepdim=True), amplitude.sum(1, keepdim=True)
        width = (sums / (largest + TINY) - 1) / (SCALES - 1)
        weight = 1 / (1 + (GAIN * (CUT - width)).exp())
        energies += weight * (energy - limit).clamp(min=0)
        amplitudes += sums
    return energies / (amplitudes + TINY)
