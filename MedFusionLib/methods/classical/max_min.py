"""The maximum, and a part of the minimum: what the published tables reward, without a network.

Both sources stay seen where one is much brighter, so SCD rises above that of most networks, at
hardly any cost in the other measures. A yardstick: no table should be read without it.
"""

from __future__ import annotations

import torch

from ..base import FusionMethod
from ..sums import cut_together, maximum_parts


class MaxMin(FusionMethod):
    """The brighter source and a part of the darker one, cut to [0, 1].

    Args:
        part: of the darker source.

    Example:
        >>> round(MaxMin(0.3)(torch.full((1, 1, 1, 1), 0.5), torch.ones(1, 1, 1, 1)).item(), 3)
        1.0
    """

    name = "max-min"
    title = "Maximum and minimum"
    summary = "The brighter source and 0.3 of the darker one: a yardstick for tables, hard to beat."
    citation = "No publication: pixel-wise maximum + 0.3 minimum, cut to [0, 1]"
    receptive_radius = 0

    def __init__(self, part: float = 0.3) -> None:
        super().__init__()
        self.part = part

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        brighter, darker = torch.maximum(first, second), torch.minimum(first, second)
        return (brighter + self.part * darker).clamp(0, 1)

    def parts(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What was taken from each source, maps like `forward`'s."""
        brighter = maximum_parts(first, second)
        both = (first, second)
        # what a source gives as the brighter one, and of the rest its part as the darker one
        return cut_together(
            *(b + self.part * (own - b) for b, own in zip(brighter, both, strict=True))
        )
