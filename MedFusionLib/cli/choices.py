"""The words that arguments accept."""

from __future__ import annotations

from enum import StrEnum

from ..results.checksums import CHECKS
from ..sources.modalities import PAIRS

Pair = StrEnum("Pair", {name: name for name in PAIRS})
PairOrAll = StrEnum("PairOrAll", {name: name for name in (*PAIRS, "all")})
Split = StrEnum("Split", {name: name for name in ("train", "test", "all")})
Check = StrEnum("Check", {name: name for name in CHECKS})
