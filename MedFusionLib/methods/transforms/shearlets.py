"""The nonsubsampled shearlet transform (NSST), by FFT.

Easley, Labate, Lim: Sparse Directional Image Representations Using the Discrete Shearlet Transform.
Applied and Computational Harmonic Analysis 2008: a nonsubsampled pyramid (with the maximally flat
filters, see `pyramid`), each detail of which small filters split into wedges of the frequency
plane. A wedge is a Meyer window over the slope: with t running once around the half circle of
directions, one unit for each of them,

    window(d) = cos^2(pi / 2 v(3 |d| - 1)),  v(z) = z^4 (35 - 84 z + 70 z^2 - 20 z^3), v in [0, 1]

of the distance d in t from the wedge's middle; windows sum to 1. They are sampled on a coarse grid,
which makes the filter in the image as small as that grid.

Chosen here: slices are continued periodically; filters are made even (a filter of 8 x 8 becomes 9 x
9, its outermost row halved), so that nothing is shifted. As the windows sum to 1, the directions of
a level sum to the level, and reconstruction is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from .pyramid import frequencies, pyramid_responses


def wedges(splits: int, side: int) -> Tensor:
    """The shearing filters of 2^splits directions, (2^splits, side + 1, side + 1), float64.

    Args:
        splits: log2 of the number of directions.
        side: of the grid on which the windows are sampled, even.

    Example:
        >>> filters = wedges(3, 8)
        >>> filters.shape, round(filters.sum(0)[4, 4].item(), 6)  # together the identity
        (torch.Size([8, 9, 9]), 1.0)
    """
    count = 2**splits
    place = torch.arange(side, dtype=torch.float64) - side // 2
    rows, columns = place[:, None].expand(side, side), place[None, :].expand(side, side)
    flat = rows.abs() <= columns.abs()
    safe = torch.where(flat, columns, rows)
    safe = torch.where(safe == 0, torch.ones_like(safe), safe)
    # 0 to 2 where |slope| <= 1, then 2 to 4
    turn = torch.where(flat, 1 + rows / safe, 3 - columns / safe) * count / 4
    middles = torch.arange(count, dtype=torch.float64)[:, None, None] + 0.5
    away = (turn - middles).abs()
    away = torch.minimum(away, count - away)
    z = (3 * away - 1).clamp(0, 1)
    rise = z**4 * (35 - 84 * z + 70 * z**2 - 20 * z**3)
    windows = (math.pi / 2 * rise).cos() ** 2
    windows[:, side // 2, side // 2] = 1 / count
    windows = torch.fft.ifftshift(windows, dim=(-2, -1))
    opposite = windows.flip(-2, -1).roll((1, 1), (-2, -1))
    filters = torch.fft.fftshift(torch.fft.ifft2((windows + opposite) / 2).real, dim=(-2, -1))
    even = filters.new_zeros(count, side + 1, side + 1)
    weights = filters.new_ones(side + 1)
    weights[0] = weights[-1] = 0.5  # the outermost row and column stand on both sides, halved
    even[:, :side, :side] = filters
    even[:, side, :] = even[:, 0, :]
    even[:, :, side] = even[:, :, 0]
    return even * weights[:, None] * weights


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # kept for runs with gradients, too
def _responses(
    splits: tuple[int, ...],
    sides: tuple[int, ...],
    height: int,
    width: int,
    dtype: torch.dtype,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """Analysis of all bands, and synthesis of all levels, (…, H, W // 2 + 1), low band first."""
    rows, columns = frequencies(height, width, torch.float64, device)
    analysis, synthesis = pyramid_responses(rows, columns, len(splits), flat=True, exchanged=False)
    bands = [analysis[:1]]
    for level, (split, side) in enumerate(zip(splits, sides, strict=True)):
        filters = wedges(split, side).to(device)
        place = torch.arange(side + 1, dtype=torch.float64, device=device) - side // 2
        down, along = rows * place, columns.T * place  # (H, side + 1), (W, side + 1)
        wedge = down.cos() @ filters @ along.cos().T - down.sin() @ filters @ along.sin().T
        bands.append(analysis[1 + level] * wedge)
    return torch.cat(bands).to(dtype), synthesis.to(dtype)


@dataclass(frozen=True)
class Shearlets:
    """The transform with 2^n directions for each level's n.

    Args:
        splits: n of each level, coarse to fine.
        sides: of the shearing filters of each level.

    Example:
        >>> image = torch.rand(1, 1, 37, 53)
        >>> transform = Shearlets()
        >>> low, details = transform.analyse(image)
        >>> [band.shape[1] for band in details]
        [8, 8, 16, 16]
        >>> torch.allclose(transform.synthesise(low, details), image, atol=1e-5)
        True
    """

    splits: tuple[int, ...] = (3, 3, 4, 4)
    sides: tuple[int, ...] = (8, 8, 16, 16)

    def analyse(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The low band (N, 1, H, W), and the details of each level, (N, 2^n, H, W)."""
        size = images.shape[-2:]
        responses, _ = _responses(self.splits, self.sides, *size, images.dtype, images.device)
        bands = torch.fft.irfft2(torch.fft.rfft2(images) * responses, s=size)
        low, *details = bands.split([1, *(2**n for n in self.splits)], dim=1)
        return low, details

    def synthesise(self, low: Tensor, details: list[Tensor]) -> Tensor:
        """The images (N, 1, H, W) with these bands."""
        size = low.shape[-2:]
        _, responses = _responses(self.splits, self.sides, *size, low.dtype, low.device)
        levels = [low, *(detail.sum(1, keepdim=True) for detail in details)]
        spectrum = torch.fft.rfft2(torch.cat(levels, dim=1)) * responses
        return torch.fft.irfft2(spectrum.sum(1, keepdim=True), s=size)
