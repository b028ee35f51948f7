"""The words that options accept."""

from __future__ import annotations

from enum import StrEnum

from ..colour.colormaps import COLORMAPS
from ..colour.registry import all_modes, contributions_for, mode_names
from ..results.checksums import CHECKS
from ..settings import KINDS
from ..sources.alignment import ALIGN
from ..sources.formats.base import ORIENTATIONS
from ..sources.modalities import PAIRS
from ..sources.volumes import AXES

Pair = StrEnum("Pair", {name: name for name in PAIRS})
PairOrAll = StrEnum("PairOrAll", {name: name for name in (*PAIRS, "all")})
Split = StrEnum("Split", {name: name for name in ("train", "test", "all")})
Axis = StrEnum("Axis", {name: name for name in (*AXES, "native")})
Align = StrEnum("Align", {name: name for name in ALIGN})
Orientation = StrEnum("Orientation", {name: name for name in ORIENTATIONS})
Check = StrEnum("Check", {name: name for name in CHECKS})
Kind = StrEnum("Kind", {name: name for name in KINDS})
Mode = StrEnum("Mode", {name: name for name in mode_names()})
Colormap = StrEnum("Colormap", {name: name for name in COLORMAPS})

#: for the help of the options
COLOUR_HELP = " ".join(f"{mode.name}: {mode.summary}" for mode in all_modes())
COLORMAP_HELP = "Of the colours {}.".format(
    ", ".join(mode.name for mode in all_modes() if "colormap" in mode.uses)
)
DEFAULTS_OF_MODES = ", ".join(f"{contributions_for(name)} for {name}" for name in mode_names())
FRAME_HELP = "Of a time series: the number of a volume, from 0, or mean."
ORIENTATION_HELP = "Which form to take where a NIfTI file holds two that disagree."
