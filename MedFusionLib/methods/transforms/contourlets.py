"""The nonsubsampled contourlet transform (NSCT), by FFT.

da Cunha, Zhou, Do: The Nonsubsampled Contourlet Transform: Theory, Design, and Applications. IEEE
Transactions on Image Processing 2006: a nonsubsampled pyramid, each detail of which a
nonsubsampled tree of fan filters splits into 2^n directions.

Filters are those of the methods that are built on it here: the pyramid "pyrexc" and the directions
"vk" of the authors' toolbox, the 3 and 5 tap pair of Vetterli and Kovacevic's book (Wavelets and
Subband Coding, 1995) as polynomials of a fan-shaped mapping x:

    K0(x) = (1 + x) / sqrt(8),  K1(x) = (1 - x)(2 + x) / sqrt(2)      analysis
    L0(x) = (1 + x)(2 - x) / sqrt(2),  L1(x) = (1 - x) / sqrt(8)      synthesis, K0 L0 + K1 L1 = 1

x = (cos w1 - cos w2) / 2 tells mostly horizontal from mostly vertical structure; the same filters
with quincunx zeros between their taps, x = -sin w1 sin w2, then tell the two diagonals. More than
four directions are not needed here.

Chosen here: slices are continued periodically in both steps (the toolbox mirrors them in the
pyramid, and continues them periodically in the directions). All responses are real and even, so
no size needs padding, and reconstruction is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from .pyramid import frequencies, pyramid_responses


def _fans(x: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Analysis and synthesis responses of the two branches of a fan filter bank."""
    long, short = math.sqrt(2), math.sqrt(8)
    return (
        ((1 + x) / short, (1 - x) * (2 + x) / long),
        ((1 + x) * (2 - x) / long, (1 - x) / short),
    )


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # kept for runs with gradients, too
def _responses(
    directions: tuple[int, ...], height: int, width: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Of all bands, (bands, H, W // 2 + 1), low band first; analysis and synthesis."""
    rows, columns = frequencies(height, width, torch.float64, device)
    pyramid = pyramid_responses(rows, columns, len(directions), flat=False)
    maps = [(rows.cos() - columns.cos()) / 2, -rows.sin() * columns.sin()]
    found = []
    for side in range(2):
        bands = [pyramid[side][0]]
        for level, splits in enumerate(directions):
            parts = [pyramid[side][1 + level]]
            for x in maps[:splits]:
                parts = [part * branch for part in parts for branch in _fans(x)[side]]
            bands += parts
        found.append(torch.stack(bands).to(dtype))
    return found[0], found[1]


@dataclass(frozen=True)
class Contourlets:
    """The transform with 2^n directions for each level's n.

    Args:
        directions: n of each level, coarse to fine; 0, 1 or 2.

    Example:
        >>> image = torch.rand(1, 1, 37, 53)
        >>> transform = Contourlets((1, 2))
        >>> low, details = transform.analyse(image)
        >>> [tuple(band.shape[1:]) for band in details]
        [(2, 37, 53), (4, 37, 53)]
        >>> torch.allclose(transform.synthesise(low, details), image, atol=1e-5)
        True
    """

    directions: tuple[int, ...] = (1, 2)

    def __post_init__(self) -> None:
        if not set(self.directions) <= {0, 1, 2}:
            raise ValueError(f"directions are {self.directions}; each must be 0, 1 or 2")

    def analyse(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The low band (N, 1, H, W), and the details of each level, (N, 2^n, H, W)."""
        size = images.shape[-2:]
        responses, _ = _responses(self.directions, *size, images.dtype, images.device)
        bands = torch.fft.irfft2(torch.fft.rfft2(images) * responses, s=size)
        low, *details = bands.split([1, *(2**n for n in self.directions)], dim=1)
        return low, details

    def synthesise(self, low: Tensor, details: list[Tensor]) -> Tensor:
        """The images (N, 1, H, W) with these bands."""
        size = low.shape[-2:]
        _, responses = _responses(self.directions, *size, low.dtype, low.device)
        spectrum = torch.fft.rfft2(torch.cat([low, *details], dim=1)) * responses
        return torch.fft.irfft2(spectrum.sum(1, keepdim=True), s=size)
