"""The words that options accept."""

from __future__ import annotations

from enum import StrEnum

from ..colour.coding import MODES
from ..colour.colormaps import COLORMAPS
from ..settings import KINDS
from ..sources.alignment import ALIGN
from ..sources.modalities import PAIRS
from ..sources.volumes import AXES

Pair = StrEnum("Pair", {name: name for name in PAIRS})
PairOrAll = StrEnum("PairOrAll", {name: name for name in (*PAIRS, "all")})
Split = StrEnum("Split", {name: name for name in ("train", "test", "all")})
Axis = StrEnum("Axis", {name: name for name in (*AXES, "native")})
Align = StrEnum("Align", {name: name for name in ALIGN})
Kind = StrEnum("Kind", {name: name for name in KINDS})
Mode = StrEnum("Mode", {name: name for name in MODES})
Colormap = StrEnum("Colormap", {name: name for name in COLORMAPS})
