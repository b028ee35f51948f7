"""Fused slices within bounds: in [0, 1], and dark where all sources are.

A trained network does not fuse black slices to black (it leaves a veil), and exceeds [0, 1] by a
little. Both are corrected inside the method's call, so that shares, which are differences between
calls, still sum to the fused slice exactly.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor

from ..methods.base import BranchedMethod, FusionMethod, WrappedMethod
from ..methods.boxes import Box, cut

#: where the brightest source is below this, the fused slice fades to black with it
DARK = 0.05


def bound(fused: Tensor, sources: tuple[Tensor, ...], dark: float) -> Tensor:
    """A fused batch within [0, 1], faded where the brightest source is below `dark`.

    Args:
        fused: (N, 1, H, W).
        sources: likewise, in [0, 1].
        dark: 0 fades nothing.

    Example:
        >>> fused = torch.tensor([0.1, 0.1, 0.1, 1.2])
        >>> bound(fused, (torch.tensor([0, 0.01, 0.05, 1]),), 0.05)
        tensor([0.0000, 0.0200, 0.1000, 1.0000])
    """
    fused = fused.clamp(0, 1)
    if not dark:
        return fused
    return fused * (reduce(torch.maximum, sources) / dark).clamp(0, 1)


class Bounded(WrappedMethod):
    """A method whose every fused batch, and whose parts, are bounded.

    Args:
        method: any.
        dark: see `bound`.
    """

    title = "Bounded"

    def __init__(self, method: FusionMethod, dark: float) -> None:
        super().__init__(method)
        self.dark = dark

    def forward(self, *sources: Tensor) -> Tensor:
        return bound(self.method(*sources), sources, self.dark)

    def parts(self, *sources: Tensor) -> tuple[Tensor, ...]:
        """The method's parts, 0 where no source shows anything; they are within bounds already."""
        shown = bound(torch.ones_like(sources[0]), sources, self.dark)
        return tuple(part * shown for part in self.method.parts(*sources))

    def fuse_box(self, *sources: Tensor, box: Box) -> Tensor:
        """The method's part inside a box, bounded."""
        fused = self.method.fuse_box(*sources, box=box)
        return bound(fused, tuple(cut(source, box) for source in sources), self.dark)


class BoundedBranches(WrappedMethod, BranchedMethod):
    """A branched method whose every fused batch is bounded.

    Args:
        method: any with branches.
        dark: see `bound`.
    """

    title = "Bounded"

    method: BranchedMethod

    def __init__(self, method: BranchedMethod, dark: float) -> None:
        super().__init__(method)
        self.dark = dark

    def branch(self, number: int, source: Tensor) -> tuple[Tensor, Any]:
        return source, self.method.branch(number, source)

    def join(self, *branches: tuple[Tensor, Any]) -> Tensor:
        sources, parts = zip(*branches, strict=True)
        return bound(self.method.join(*parts), sources, self.dark)


def bounded(method: FusionMethod, dark: float) -> FusionMethod:
    """A method whose fused batches are bounded, with its branches where it has some."""
    if isinstance(method, BranchedMethod):
        return BoundedBranches(method, dark)
    return Bounded(method, dark)
