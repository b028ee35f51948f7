"""Weighted average of both sources: the yardstick that every method should beat."""

from __future__ import annotations

import torch

from ..base import FusionMethod


class Average(FusionMethod):
    """weight * first + (1 - weight) * second.

    Args:
        weight: share of the first source, 0 to 1.

    Example:
        >>> Average(0.25)(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)).item()
        0.25
    """

    name = "average"
    title = "Average"
    summary = "Mean of both sources; halves the contrast of what only one of them shows."
    citation = "No publication: pixel-wise mean"
    receptive_radius = 0

    def __init__(self, weight: float = 0.5) -> None:
        super().__init__()
        if not 0 <= weight <= 1:
            raise ValueError(f"weight is {weight}; it must lie between 0 and 1")
        self.weight = weight

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        return self.weight * first + (1 - self.weight) * second

    def parts(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What was taken from each source, maps like `forward`'s."""
        return self.weight * first, (1 - self.weight) * second
