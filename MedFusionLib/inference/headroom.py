"""Room above a bright MR, so that what only the other source shows can still be seen.

Where the MR is white already, nothing that is brighter can be shown: 1 is the brightest there is.
So the MR is scaled where the other source holds something, by one factor for the whole volume; a
gate leaves it as it is where it stands alone, so that F(I, 0) is what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from ..methods.base import FusionMethod, Weighing, WrappedMethod
from ..methods.boxes import Box
from ..methods.networks.bands import GATE_LEVEL, GATE_WINDOW, running_mean
from ..sources.prepare import Sources

#: the 95th percentile of the MR inside the other source is brought down to this
ROOM = 0.72
PERCENTILE = 95
#: the brightness from which on a pixel counts as inside the other source
INSIDE = 0.1
FEWEST = 100  # pixels there
#: further pixels of the sources that a fused pixel depends on
REACH = GATE_WINDOW // 2
#: sources -> (numbers of the other sources -> the factor of the MR)
_FACTORS: WeakKeyDictionary[Sources, dict[tuple[int, ...], float]] = WeakKeyDictionary()


def headroom_factor(first: np.ndarray, other: np.ndarray, room: float = ROOM) -> float:
    """What to scale the MR with; 1 where it leaves room, or where the other source is empty.

    Args:
        first: the MR in [0, 1], any shape.
        other: the other source, same shape.
        room: see `ROOM`.

    Example:
        >>> headroom_factor(np.ones((10, 10)), np.ones((10, 10)))
        0.72
    """
    inside = first[other > INSIDE]
    if inside.size < FEWEST:
        return 1.0
    return min(1.0, room / max(float(np.percentile(inside, PERCENTILE)), 1e-6))


def sources_factor(sources: Sources, others: tuple[int, ...]) -> float:
    """`headroom_factor` of prepared sources, by their whole volumes; worked out once for each.

    Args:
        sources: from `prepare`; the first is the MR.
        others: numbers of those that need room.
    """
    known = _FACTORS.setdefault(sources, {})
    if others not in known:  # a preview asks again for each slice
        windows, volumes = sources.windows, sources.volumes
        brightest = reduce(np.maximum, (windows[n].scale(volumes[n].array) for n in others))
        inside = brightest > INSIDE  # few voxels
        first = windows[0].scale(volumes[0].array[inside])
        known[others] = headroom_factor(first, brightest[inside])
    return known[others]


def lowered(first: Tensor, other: Tensor, factor: float | Tensor) -> Tensor:
    """The MR times a factor where the other source holds something, as it is elsewhere.

    Args:
        first: (N, 1, H, W) in [0, 1].
        other: likewise.
        factor: at most 1; a number, or (N, 1, 1, 1).

    Example:
        >>> one = torch.ones(1, 1, 4, 4)
        >>> lowered(one, one, 0.75).unique().item(), lowered(one, 0 * one, 0.75).unique().item()
        (0.75, 1.0)
    """
    mean = other
    for dim in (-1, -2):
        mean = running_mean(mean, GATE_WINDOW, dim)
    return first * (1 - (1 - factor) * (mean / GATE_LEVEL).clamp(max=1))


def lower_first(sources: Sequence[Tensor], factor: float) -> tuple[Tensor, ...]:
    """The sources, the first of them `lowered` where any other holds something."""
    first, *others = sources
    return lowered(first, torch.stack(others).amax(0), factor), *others


class WithHeadroom(WrappedMethod):
    """A method before which the first source is lowered where another one holds something.

    Args:
        method: any.
        factor: see `headroom_factor`.
    """

    title = "With headroom"

    def __init__(self, method: FusionMethod, factor: float) -> None:
        super().__init__(method)
        self.factor = factor
        if method.receptive_radius is not None:
            self.receptive_radius = method.receptive_radius + REACH

    def lower(self, sources: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The sources as the method gets them."""
        return lower_first(sources, self.factor)

    def forward(self, *sources: Tensor) -> Tensor:
        return self.method(*self.lower(sources))

    def parts(self, *sources: Tensor) -> tuple[Tensor, ...]:
        """The method's parts of the sources as it gets them."""
        return self.method.parts(*self.lower(sources))

    def weigh(self, *sources: Tensor) -> Weighing:
        """What the method takes of the sources as it gets them."""
        return self.method.weigh(*self.lower(sources))

    def fuse_box(self, *sources: Tensor, box: Box) -> Tensor:
        """The method's part inside a box."""
        return self.method.fuse_box(*self.lower(sources), box=box)


def with_headroom(method: FusionMethod, factor: float) -> FusionMethod:
    """A method before which the MR is lowered by a factor; itself where that is 1."""
    return method if factor == 1 else WithHeadroom(method, factor).eval()
