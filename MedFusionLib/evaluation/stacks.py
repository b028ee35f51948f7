"""The slices of a case that are scored."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..sources.prepare import Sources, evenly_spaced, filled_slices
from ..sources.volumes import slice_order, stored_axis, to_slices


@dataclass(frozen=True, eq=False)
class Stack:
    """The slices of a case that are scored, in display orientation.

    Attributes:
        first: (slices, rows, columns) in [0, 1].
        second: likewise.
        background: bool, where neither shows anything.
        numbers: of the slices, counted from 0 as they are stored.
        layout: for `to_slices`.
        kept: the slices that show something, in display order.
    """

    first: np.ndarray
    second: np.ndarray
    background: np.ndarray
    numbers: np.ndarray
    layout: tuple[tuple[int, ...], tuple[int, ...]]
    kept: np.ndarray


def evenly_spaced_stack(stack: Stack, most: int | None) -> Stack:
    """A stack with at most this many slices, evenly spaced; None: all."""
    if most is None or len(stack.kept) <= most:
        return stack
    chosen = evenly_spaced(len(stack.kept), most)
    parts = ("first", "second", "background", "numbers", "kept")
    return replace(stack, **{name: getattr(stack, name)[chosen] for name in parts})


def stack_of(sources: Sources, axis: str | None = None) -> Stack:
    """The slices of prepared sources in which at least 2 % is not background.

    Args:
        sources: from `prepare`.
        axis: of the slices; default: along which the volume was stored slice by slice.
    """
    layout = slice_order(sources.reference, axis or stored_axis(sources.reference))
    background = to_slices(sources.background, *layout)
    kept = filled_slices(background)
    first, second, *_ = sources.slices(*layout, kept)
    numbers = len(background) - 1 - kept if 0 in layout[1] else kept
    return Stack(first, second, background[kept], numbers, layout, kept)
