"""Pixel-wise maximum of both sources: simple, and high in many published tables."""

from __future__ import annotations

import torch

from ..base import FusionMethod
from ..sums import maximum_parts


class Maximum(FusionMethod):
    """The brighter source in every pixel. Where they are equal, each has half of the derivative.

    Example:
        >>> Maximum()(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1)).item()
        1.0
    """

    name = "maximum"
    title = "Maximum"
    summary = "The brighter source in every pixel; bone and fluid become equally bright."
    citation = "No publication: pixel-wise maximum"
    receptive_radius = 0

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        return torch.maximum(first, second)

    def parts(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What was taken from each source, maps like `forward`'s: all of the brighter one."""
        return maximum_parts(first, second)
