"""Both sources at once: colour shows the second, brightness rises with both.

A table of two coordinates (`colour.two_coordinates`) for each kind of second source, found by
`tools/search_colour_tables.py` with model observers (docs/evidence/reader.md); `sources.json` holds
its parameters. The sources are taken in their windows; no method and no contribution changes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..coding import Coding
from ..mode import LEVELS, ColourMode, Legend, Places, Voxels, levels, picture_of
from ..two_coordinates import FEW, colour_table, table_of_three

PARAMETERS = Path(__file__).with_suffix(".json")
#: whose table a modality has for which none was searched
OTHERWISE = "pet"
AMOUNTS = ("little", "some", "much")


class BothSources(ColourMode):
    name = "sources"
    title = "Both sources at once"
    summary = (
        "Brightness shows the MR and rises with the other source; colour shows the other source: "
        "blue for little of it, orange for much."
    )
    needs_sources = True

    def table(self, coding: Coding, modalities: Sequence[str]) -> np.ndarray:
        return _table(tuple(name.lower() for name in modalities))

    def places(self, voxels: Voxels) -> Places:
        shown = ~voxels.background
        first, *others = map(levels, voxels.sources())
        row = np.maximum(first, 1) * shown  # row 0 is the background's
        if len(others) == 1:
            return Places(row, others[0])
        few = [(other.astype(np.uint16) * (FEW - 1) + 127) // (LEVELS - 1) for other in others]
        return Places(row, few[0] * np.uint16(FEW) + few[1])

    def legend(self, coding: Coding, names: Sequence[str], size: int) -> Legend:
        table = self.table(coding, names)
        if len(names) == 3:
            square = table[2 * LEVELS // 3].reshape(FEW, FEW, 3).transpose(1, 0, 2)
            return Legend(
                picture_of(square, size),
                f"Colour: {names[1]} and {names[2]}; brightness: all three",
                (((0.0, 1.0), f"{names[0]} alone"), ((1.0, 1.0), f"much {names[1]}")),
                names[2],
                f"Drawn where the {names[0]} is at two thirds of its range.",
            )
        return Legend(
            picture_of(table, size),
            f"Colour: {names[1]}; brightness: {names[0]} and {names[1]}",
            (((0.0, 1.0), f"little {names[1]}"), ((1.0, 1.0), f"much {names[1]}")),
            names[0],
        )

    def source_colours(
        self, coding: Coding, modalities: Sequence[str]
    ) -> list[tuple[int, int, int]]:
        table = self.table(coding, modalities)
        if len(modalities) == 3:
            columns = [(FEW - 1) * FEW, FEW - 1]
        else:
            columns = [table.shape[1] - 1]
        colours = [table[170, column].tolist() for column in columns]
        return [(200, 200, 200), *((red, green, blue) for red, green, blue in colours)]

    def in_words(
        self,
        names: Sequence[str],
        levels: Sequence[float | None],
        fractions: Sequence[float] | None,
    ) -> str:
        parts = []
        for name, level in zip(names, levels, strict=True):
            if level is None:
                parts.append(f"{name} outside")
                continue
            amount = AMOUNTS[min(int(3 * level), 2)]
            parts.append(f"{name} {level:.0%}" + (f" ({amount})" if name != names[0] else ""))
        return f"Of the range that is shown: {', '.join(parts)}."


MODE = BothSources()


@cache
def parameters() -> dict[str, dict[str, Any]]:
    """Of the tables: modality of the second source -> what `colour_table` takes."""
    return json.loads(PARAMETERS.read_text(encoding="utf-8"))


@cache
def _table(modalities: tuple[str, ...]) -> np.ndarray:
    found = parameters()
    if len(modalities) == 3:
        colours = table_of_three(found["three"])
    else:
        colours = colour_table(found.get(modalities[1], found[OTHERWISE]))
    table = np.round(255 * np.clip(colours, 0, 1)).astype(np.uint8)
    table[0] = 0
    table.setflags(write=False)
    return table
