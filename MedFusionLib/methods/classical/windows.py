"""Means, maxima and majorities in small windows, for the fusion rules."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

#: 1 2 1 / 2 4 2 / 1 2 1 over 16
BINOMIAL = ((1, 2, 1), (2, 4, 2), (1, 2, 1))
BOX = ((1, 1, 1), (1, 1, 1), (1, 1, 1))


def window_mean(bands: Tensor, weights: tuple[tuple[int, ...], ...] = BOX) -> Tensor:
    """Weighted mean of each 3 x 3 window of bands (N, C, H, W), mirrored at the borders."""
    rows = F.pad(bands, (1, 1, 1, 1), mode="replicate")
    height, width = bands.shape[-2:]
    total = torch.zeros_like(bands)
    for i, line in enumerate(weights):
        for j, weight in enumerate(line):
            if weight:
                total = total + weight * rows[..., i : i + height, j : j + width]
    return total / sum(map(sum, weights))


def window_maximum(bands: Tensor) -> Tensor:
    """Largest value of each 3 x 3 window of bands (N, C, H, W)."""
    return F.max_pool2d(bands, 3, stride=1, padding=1)


def majority(chosen: Tensor) -> Tensor:
    """Where more than half of the 3 x 3 window is chosen; a bool map (N, C, H, W), mirrored."""
    return window_mean(chosen.float()) > 0.5


def stronger_detail(
    first: Tensor, second: Tensor, strength: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """The stronger of two detail bands: larger maximum around, then the majority's choice.

    The rule of Liu, Liu, Wang (Information Fusion 2015) for any multiscale transform: activity is
    the largest magnitude in the 3 x 3 window, and a coefficient follows the majority of its window
    ("consistency verification").

    Args:
        first: (N, C, H, W); the first wins ties.
        second: the same shape.
        strength: magnitudes, where they are not those of the bands themselves.

    Example:
        >>> stronger_detail(torch.full((1, 1, 3, 3), 0.1), torch.full((1, 1, 3, 3), -0.2)).mean()
        tensor(-0.2000)
    """
    with torch.no_grad():
        sizes = strength or (first.abs(), second.abs())
        chosen = majority(window_maximum(sizes[0]) >= window_maximum(sizes[1]))
    return torch.where(chosen, first, second)
