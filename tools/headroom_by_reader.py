"""What the model observer keeps of six lesions in grey, by how far a bright MR is brought down.

    python tools/headroom_by_reader.py SITES.npz ...
    python tools/headroom_by_reader.py write

SITES are places for choosing, as `evaluation.reader.Sites` keeps them. One factor for all sites of
a file; worst task, mean, and every task, for docs/evidence/bands.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import evidence
import numpy as np
from evidence import BANDS, Table, keep
from refresh_headroom import WAYS

from MedFusionLib.evaluation.reader import (
    Appearance,
    Hotelling,
    Reader,
    Sites,
    lesion_tasks,
    plant,
)
from MedFusionLib.evaluation.reader.display import Display, fused_in_grey
from MedFusionLib.inference.headroom import headroom_factor, with_headroom
from MedFusionLib.methods.base import FusionMethod
from MedFusionLib.methods.weights import load_method


def display(method: FusionMethod, room: float | None) -> Display:
    """The fused image in grey, as `fuse` gives it with that headroom."""

    def shown(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        factor = headroom_factor(first, second, room) if room else 1.0
        return fused_in_grey(with_headroom(method, factor), first, second)

    return shown


def read_by(sites: Sites) -> Callable[[FusionMethod, float | None], dict[str, float]]:
    """What the observer keeps of six lesions at sites, by method and headroom."""
    tasks = lesion_tasks(sites.pair)[:6]
    reader = Reader(plant(sites, tasks), Hotelling(Appearance("CIELAB", "normal")), draws=0)

    def read(method: FusionMethod, room: float | None) -> dict[str, float]:
        kept = reader.kept(display(method, room))
        values = np.ravel(kept.values)[:6].tolist()
        named = {q.name: value for q, value in zip(kept.questions, values, strict=False)}
        return {"worst": kept.worst(), "mean": kept.mean()} | named

    return read


def main() -> None:
    """Measure, or draw the page."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("bands")
    tables = {}
    for path in map(Path, sys.argv[1:]):
        sites = Sites.load(path)
        read = read_by(sites)
        rows = {}
        for title, (name, room) in WAYS.items():
            rows[title] = read(load_method(name, sites.pair), room)
            print(path.stem, title, rows[title], flush=True)
        name = path.stem.removeprefix("choose-")
        tables[name] = Table(rows, f"{name}, grey", digits=2)
    keep(BANDS, "worst task", tables)


if __name__ == "__main__":
    main()
