"""The fused image, tinted by the source that its brightness came from.

Value is the fused image, hue says which source contributed more, saturation how one-sided that was.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..coding import Coding
from ..mode import LEVELS, ColourMode, Legend, Places, Voxels, levels, picture_of, slabs

#: fully saturated hues of the first, second and third source: azure, orange and violet keep apart
#: for readers with any of the common colour-vision deficiencies
HUES = np.array([[0.0, 0.55, 1.0], [1.0, 0.5, 0.0], [0.25, 0.0, 1.0]])
_PARTS = 31  # levels of each fraction, for three sources; a third is one of them


class Fused(ColourMode):
    name = "fused"
    title = "Fused image, tinted by source"
    summary = "Brightness is the fused image, hue says which source that brightness came from."
    contributions = "share"
    uses = ("omega",)

    def table(self, coding: Coding, modalities: Sequence[str]) -> np.ndarray:
        tint = _dominance(_fractions(len(modalities)), coding.omega)
        value = np.linspace(0, 1, LEVELS)[:, None, None]
        return np.round(255 * value * tint).astype(np.uint8)

    def places(self, voxels: Voxels) -> Places:
        shown = ~voxels.background
        row = np.empty(shown.shape, np.uint8)
        column = np.empty(shown.shape, np.uint8 if len(voxels.contributions) == 2 else np.uint16)
        for part in slabs(shown.shape):
            maps = [np.maximum(one[part], 0) for one in voxels.contributions]
            row[part] = levels(np.clip(voxels.fused[part], 0, 1)) * shown[part]
            column[part] = _balance(maps)
        return Places(row, column)

    def legend(self, coding: Coding, names: Sequence[str], size: int) -> Legend:
        title = "Which source the brightness came from"
        if len(names) == 3:  # a triangle at full brightness, each source at its corner
            corners = (((0.0, 1.0), names[0]), ((1.0, 1.0), names[1]), ((0.5, 0.0), names[2]))
            return Legend(_triangle(coding, size), title, corners)
        labels = (
            ((0.0, 1.0), f"all {names[0]}"),
            ((0.5, 1.0), "equal"),
            ((1.0, 1.0), f"all {names[1]}"),
        )
        picture = picture_of(self.table(coding, names), size)
        return Legend(picture, title, labels, "brightness of the fused image")

    def source_colours(
        self, coding: Coding, modalities: Sequence[str]
    ) -> list[tuple[int, int, int]]:
        hues = HUES[: len(modalities)]
        pure = hues / hues.max(axis=1, keepdims=True)
        tint = 1 - max(coding.omega, 0.2) * (1 - pure)
        return [tuple(colour) for colour in np.round(255 * tint).astype(int).tolist()]


MODE = Fused()


def _balance(maps: Sequence[np.ndarray]) -> np.ndarray:
    """What part of the sum each source gave, as a column of the table.

    For two sources 0 is the first alone and 255 the second alone; where neither gave anything it
    is the middle.
    """
    total = sum(maps)
    lit = total > 1e-6
    safe = np.where(lit, total, 1)
    if len(maps) == 2:
        return levels(np.where(lit, maps[1] / safe, 0.5))
    steps = [np.round(np.where(lit, one / safe, 1 / 3) * (_PARTS - 1)) for one in maps[:2]]
    return (steps[0] * _PARTS + steps[1]).astype(np.uint16)


def _fractions(sources: int) -> np.ndarray:
    """What part of the brightness each source gave, for every column: (hues, sources)."""
    if sources == 2:
        second = np.linspace(0, 1, LEVELS)
        return np.stack([1 - second, second], axis=1)
    first, second = np.array(np.divmod(np.arange(_PARTS**2), _PARTS)) / (_PARTS - 1)
    third = np.maximum(1 - first - second, 0)
    return np.stack([first, second, third], axis=1)


def _dominance(fractions: np.ndarray, omega: float) -> np.ndarray:
    """Hue from the sources that gave more than the least, saturation from how much more.

    For two sources: the hue of the larger, the saturation |larger - smaller| times omega.
    """
    excess = fractions - fractions.min(axis=1, keepdims=True)
    saturation = np.clip(excess.sum(axis=1, keepdims=True), 0, 1)
    mixed = excess @ HUES[: fractions.shape[1]]
    top = mixed.max(axis=1, keepdims=True)
    pure = np.where(top > 0, mixed / np.where(top > 0, top, 1), 1)
    return 1 - omega * saturation * (1 - pure)


def _triangle(coding: Coding, size: int) -> np.ndarray:
    y, x = np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j]
    third = 1 - y
    second = x - third / 2
    first = 1 - second - third
    parts = np.stack([first, second, third], axis=-1)
    inside = parts.min(axis=-1) >= 0
    tint = _dominance(np.clip(parts, 0, 1).reshape(-1, 3), coding.omega).reshape(size, size, 3)
    return np.round(255 * tint * inside[..., None]).astype(np.uint8)
