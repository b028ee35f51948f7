"""medfusion evaluate"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ..errors import MedFusionError
from .app import app
from .choices import Pair, Split
from .options import with_groups
from .reader import Where, evaluate_reader
from .terminal import bar, out

if TYPE_CHECKING:
    from ..evaluation.scores import Scores


@dataclass(frozen=True)
class Pairs:
    """Registered pairs to score on."""

    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with the registered pairs: volumes CASE-mr.nrrd and CASE-ct.nrrd, or grey "
            "pictures NAME-mr.png and NAME-ct.png, or with equal names in folders mr and ct."
        ),
    ] = None
    pair: Annotated[
        Pair | None, typer.Option(help="What is fused; default with --phantom: both that it shows.")
    ] = None
    split: Annotated[Split, typer.Option(help="Which of the pairs.")] = "test"
    stored: Annotated[
        bool, typer.Option("--stored", help="Score grey levels as they are stored, unstretched.")
    ] = False

    @property
    def part(self) -> str | None:
        """The split; None: all."""
        return None if self.split == "all" else str(self.split)

    @property
    def name(self) -> str | None:
        """Of what is fused, such as "pet-mr"; None: not said."""
        return str(self.pair) if self.pair else None


@dataclass(frozen=True)
class Scoring:
    """What is measured on which slices."""

    metrics: Annotated[
        str, typer.Option(help="all, fast (without FMI and SL), or names with commas between.")
    ] = "all"
    slices: Annotated[
        int | None, typer.Option(help="At most this many slices of a case, evenly spaced.")
    ] = None
    slow_slices: Annotated[
        int, typer.Option(help="Slices of a case, evenly spaced, for FMI and SL.")
    ] = 6
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto"


@dataclass(frozen=True)
class Elsewhere:
    """Fused images that other programs made."""

    fused: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder of fused images made elsewhere, to score beside ours: CASE.nrrd (.nii, "
            ".nii.gz, .mha) on the MR's grid, or grey slices CASE-000.png or CASE/000.png, "
            "numbered from 0 or 1 as the MR is stored; of pictures NAME.png. May be given again."
        ),
    ] = None
    name: Annotated[
        list[str] | None, typer.Option(help="Name of each --fused folder in the tables.")
    ] = None


@dataclass(frozen=True)
class Heads:
    """Digital heads to score on, instead of pairs."""

    phantom: Annotated[
        bool, typer.Option("--phantom", help="Digital heads, whose truth is known; needs no data.")
    ] = False
    heads: Annotated[
        int | None, typer.Option(help="Number of digital heads; default: 3, with --reader 12.")
    ] = None
    first_head: Annotated[
        int | None,
        typer.Option(help="Seed of the first of them; default: 0, with --reader 200.", min=0),
    ] = None


@dataclass(frozen=True)
class Observer:
    """The model observer."""

    reader: Annotated[
        bool,
        typer.Option(
            "--reader",
            help="A model observer instead of metrics: what a reader can see of planted lesions. "
            "On digital heads, or with --data and --pair on yours.",
        ),
    ] = False
    sites: Annotated[
        int | None, typer.Option(help="With --reader: number of places for lesions; default: 100.")
    ] = None
    display: Annotated[
        list[str] | None,
        typer.Option(
            help="With --reader: a display of your own, FILE.py:FUNCTION, that makes 8-bit sRGB "
            "pictures of both sources. May be given again."
        ),
    ] = None


@app.command()
@with_groups
def evaluate(
    out_: Annotated[Path, typer.Option("--out", help="Folder for tables and pictures.")],
    methods: Annotated[
        str, typer.Option(help="all, or names with commas between; average and maximum are added.")
    ] = "all",
    headroom: Annotated[
        bool,
        typer.Option("--headroom", help="With PET and SPECT: score bands with headroom, too."),
    ] = False,
    *,
    pairs: Pairs,
    scoring: Scoring,
    elsewhere: Elsewhere,
    digital: Heads,
    observer: Observer,
) -> None:
    """Score the methods, and fused images made elsewhere, on pairs or on digital heads."""
    if observer.reader or digital.phantom:
        for name in ("metrics", "slices", "slow_slices"):
            if getattr(scoring, name) != getattr(Scoring, name):
                flag = name.replace("_", "-")
                raise MedFusionError(f"--{flag} is for metrics of pairs; leave it out here.")
    if observer.reader:
        if elsewhere.fused or (digital.phantom and pairs.data):
            raise MedFusionError("Give --reader with --data or with digital heads, not --fused.")
        if headroom:
            raise MedFusionError("--reader shows bands with headroom anyway; leave out --headroom.")
        where = Where(pairs.data, pairs.part, digital.first_head, digital.heads, observer.sites)
        evaluate_reader(out_, pairs.name, methods, where, observer.display or [])
    elif observer.display:
        raise MedFusionError("--display is for --reader; give both.")
    elif digital.phantom:
        if pairs.data or elsewhere.fused:
            raise MedFusionError("Give --phantom alone, without --data and --fused.")
        _evaluate_phantom(out_, pairs.name, methods, headroom, digital, scoring.device)
    else:
        _evaluate_pairs(out_, methods, headroom, pairs, scoring, elsewhere)


def _evaluate_pairs(
    folder: Path,
    methods: str,
    headroom: bool,
    pairs: Pairs,
    scoring: Scoring,
    elsewhere: Elsewhere,
) -> None:
    from ..evaluation.contenders import choose_contenders
    from ..evaluation.elsewhere import find_foreign
    from ..evaluation.measuring import choose_names
    from ..evaluation.measuring import evaluate as run
    from ..sources.folders import whole_folder
    from ..training.datasets import find_cases

    if pairs.data is None or pairs.name is None:
        raise MedFusionError("Give --data and --pair, or --phantom.")
    names = choose_names(scoring.metrics)
    cases = find_cases(pairs.data, pairs.name, pairs.part, pairs.stored)
    contenders, notes = choose_contenders(methods, pairs.name, headroom)
    contenders += find_foreign(elsewhere.fused or [], elsewhere.name or [], cases, contenders)
    with whole_folder(folder) as temporary:
        with bar("Scoring", "slices") as progress:
            scores = run(
                cases,
                contenders,
                names,
                slices=scoring.slices,
                slow_slices=scoring.slow_slices,
                device=scoring.device,
                notes=notes,
                progress=progress,
            )
        _write_scores(scores, temporary, f"{pairs.name}, {pairs.split} split", folder)


def _evaluate_phantom(
    folder: Path, pair: str | None, methods: str, headroom: bool, digital: Heads, device: str
) -> None:
    from ..evaluation.contenders import choose_contenders
    from ..evaluation.planted import HEADS, PLANTED_PAIRS, evaluate_phantom
    from ..sources.folders import whole_folder

    first = digital.first_head or 0
    heads = HEADS if digital.heads is None else digital.heads
    found = {}
    for one in [pair] if pair else PLANTED_PAIRS:
        contenders, notes = choose_contenders(methods, one, headroom)
        with bar(f"Scoring {one}", "fusions") as progress:
            found[one] = evaluate_phantom(
                one,
                contenders,
                seeds=range(first, first + heads),
                device=device,
                notes=notes,
                progress=progress,
            )
    for one, scores in found.items():
        with whole_folder(folder / one) as temporary:
            _write_scores(scores, temporary, f"digital head, {one}", folder / one)


def _write_scores(scores: Scores, temporary: Path, title: str, folder: Path) -> None:
    """Write the tables, and show the means."""
    from ..evaluation.report import cells_of, write_evaluation

    rows = write_evaluation(scores, temporary, title)
    cells = cells_of(scores, rows)
    for start in range(1, len(scores.methods) + 1, 5):  # as many as fit a terminal
        here = slice(start, start + 5)
        names = scores.methods[start - 1 : start + 4]
        table = Table("", *names, title=f"{title}: mean (rank)")
        for line in cells:
            table.add_row(line[0], *(cell.replace("**", "") for cell in line[here]))
        out.print(table)
    for note in scores.notes:
        out.print(note, style="dim", highlight=False)
    out.print(f"Tables and pictures: {folder}", soft_wrap=True)
