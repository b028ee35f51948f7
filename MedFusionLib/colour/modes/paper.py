"""The published coding: Kumar et al. 2019, section 2.2.

Hue and saturation are those of the colour-mapped contribution of the second source, value is the
contribution of the first. Both contributions are scaled over the whole volume, from 0 to their
99th percentile outside the background. With three sources the hue is that of the two functional
ones together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..coding import Coding
from ..colormaps import colormap_table
from ..mode import (
    GRADIENT_NOTE,
    LEVELS,
    ColourMode,
    Legend,
    Places,
    Voxels,
    levels,
    picture_of,
    slabs,
)


class Paper(ColourMode):
    name = "paper"
    title = "As published (Kumar et al. 2019)"
    summary = (
        "Brightness says how much the MR matters to the picture, hue how much the other source "
        "does: the published coding."
    )
    contributions = "gradient"
    uses = ("omega", "colormap")

    def table(self, coding: Coding, modalities: Sequence[str]) -> np.ndarray:
        tint = _saturate(colormap_table(coding.colormap, LEVELS), coding.omega)
        value = np.linspace(0, 1, LEVELS)[:, None, None]
        return np.round(255 * value * tint).astype(np.uint8)

    def places(self, voxels: Voxels) -> Places:
        first, others = voxels.contributions[:1], voxels.contributions[1:]
        shown = ~voxels.background
        tops = _top(first, shown), _top(others, shown)
        row, column = (np.empty(shown.shape, np.uint8) for _ in range(2))
        for part in slabs(shown.shape):
            maps = [np.maximum(one[part], 0) for one in voxels.contributions]
            row[part] = levels(_scaled(maps[0], tops[0])) * shown[part]
            column[part] = levels(_scaled(sum(maps[1:]), tops[1]))
        return Places(row, column)

    def legend(self, coding: Coding, names: Sequence[str], size: int) -> Legend:
        first, others = names[0], " + ".join(names[1:])
        return Legend(
            picture_of(self.table(coding, names), size),
            f"Hue: contribution of {others}",
            (((0.0, 1.0), f"little {others}"), ((1.0, 1.0), f"much {others}")),
            f"contribution of {first}",
            GRADIENT_NOTE,
        )


MODE = Paper()


def _top(maps: Sequence[np.ndarray], shown: np.ndarray) -> float:
    """The 99th percentile of the maps' sum, negative parts taken as 0."""

    def lit(one: np.ndarray) -> np.ndarray:
        part = one[shown]
        return np.maximum(part, 0, out=part)  # in place: a large volume needs no large copies

    total = lit(maps[0])
    for one in maps[1:]:
        total += lit(one)
    return float(np.percentile(total, 99, overwrite_input=True)) if total.size else 0.0


def _scaled(array: np.ndarray, top: float) -> np.ndarray:
    return np.minimum(array / np.float32(top), 1) if top > 0 else np.zeros_like(array)


def _saturate(colours: np.ndarray, omega: float) -> np.ndarray:
    """HSV to RGB at full value, with the saturation times omega: (hues, 3)."""
    top = colours.max(axis=1, keepdims=True)
    pure = colours / np.where(top > 0, top, 1)
    return 1 - omega * (1 - pure)
