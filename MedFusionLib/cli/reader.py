"""medfusion evaluate --reader: the model observer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from ..errors import MedFusionError
from .terminal import bar, out

if TYPE_CHECKING:
    from ..evaluation.reader.reading import Readings
    from ..evaluation.reader.sites import Sites

#: seed of the first digital head, and heads, where nobody chose: 200 and up are for judging
FIRST_HEAD, HEADS = 200, 12
TISSUE_HEADS = 4


@dataclass(frozen=True)
class Where:
    """Where the lesions are planted.

    Attributes:
        data: folder of registered pairs; None: digital heads.
        split: of the pairs; None: all.
        first_head: seed of the first digital head.
        heads: number of digital heads.
        sites: number of sites; None: as many as the documents' tables have.
    """

    data: Path | None
    split: str | None
    first_head: int | None
    heads: int | None
    sites: int | None

    def find(self, pair: str) -> tuple[Sites, Sites | None, str]:
        """Sites, those within tissues where these are known, and what they are of."""
        from ..evaluation.reader.sites import (
            SITES,
            TISSUE_SITES,
            case_sites,
            head_sites,
            tissue_sites,
        )
        from ..training.datasets import find_cases

        count = SITES if self.sites is None else self.sites
        if count < 8:
            raise MedFusionError(f"sites is {count}; it must be at least 8.")
        if self.data is not None:
            title = f"{self.split} cases" if self.split else "all cases"
            return case_sites(find_cases(self.data, pair, self.split), count), None, title
        first = FIRST_HEAD if self.first_head is None else self.first_head
        heads = HEADS if self.heads is None else self.heads
        if heads < 1:
            raise MedFusionError(f"heads is {heads}; it must be at least 1.")
        sites = head_sites(pair, range(first, first + heads), count)
        some = range(first, first + min(TISSUE_HEADS, heads))
        last = first + heads - 1
        title = f"digital heads {first} to {last}" if heads > 1 else f"digital head {first}"
        return sites, tissue_sites(pair, some, min(count, TISSUE_SITES)), title


def evaluate_reader(
    folder: Path, pair: str | None, methods: str, where: Where, own: list[str]
) -> None:
    """Measure what a reader sees, write the tables and show the summary.

    Args:
        folder: for tables and picture; of several pairs, one folder each in it.
        pair: None: both that the digital head shows.
        methods: shown in grey; "all" or names with commas between.
        where: the lesions are planted.
        own: displays of the user's own, "FILE.py:FUNCTION".
    """
    from ..evaluation.planted import PLANTED_PAIRS
    from ..evaluation.reader.choosing import choose_displays
    from ..evaluation.reader.reading import read_displays
    from ..evaluation.reader.report import caution, write_readings
    from ..evaluation.reader.tasks import plant
    from ..sources.folders import whole_folder

    if where.data is not None and pair is None:
        raise MedFusionError("Give --pair with --data.")
    for one in [pair] if pair else PLANTED_PAIRS:
        here = folder if pair else folder / one
        displays, notes = choose_displays(methods, one, own)
        with whole_folder(here) as temporary:
            sites, tissues, title = where.find(one)
            trials = plant(sites, tissues=tissues)
            with bar(f"Reading {one}", "displays") as progress:
                readings = read_displays(displays, trials, title, progress=progress)
            write_readings(readings, temporary)
        _print(readings)
        for note in (*caution(readings), *notes):
            out.print(note, style="dim", highlight=False, markup=False)
        out.print(f"Tables and picture: {here}", soft_wrap=True)


def _print(readings: Readings) -> None:
    """The displays with the least and the mean that they keep, the best first."""
    from ..evaluation.reader.reading import SECOND

    table = Table(
        "display", "worst", "mean", "worst, deutan", "mean, second observer",
        title=f"{readings.title}, {readings.pair}: kept of six lesions",
    )  # fmt: skip
    for name in sorted(readings.displays, key=lambda name: -readings.of(name).mean()):
        usual = readings.of(name)
        numbers = usual.worst(), usual.mean(), readings.of(name, "deutan").worst()
        cells = [f"{x:.2f}" for x in (*numbers, readings.of(name, SECOND).mean())]
        table.add_row(name, *cells)
    out.print(table)
