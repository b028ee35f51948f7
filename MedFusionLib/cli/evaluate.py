"""medfusion evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ..errors import MedFusionError
from .app import app
from .choices import Pair, Split
from .reader import Where, evaluate_reader
from .terminal import bar, out

if TYPE_CHECKING:
    from ..evaluation.scores import Scores


@app.command()
def evaluate(
    out_: Annotated[Path, typer.Option("--out", help="Folder for tables and pictures.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with the registered pairs: volumes CASE-mr.nrrd and CASE-ct.nrrd, or grey "
            "pictures NAME-mr.png and NAME-ct.png, or with equal names in folders mr and ct."
        ),
    ] = None,
    pair: Annotated[
        Pair | None, typer.Option(help="What is fused; with --phantom default: both it shows.")
    ] = None,
    split: Annotated[Split, typer.Option(help="Of the pairs.")] = Split.test,
    methods: Annotated[
        str, typer.Option(help="all, or names with commas between; average and maximum are added.")
    ] = "all",
    metrics: Annotated[
        str, typer.Option(help="all, fast (without FMI and SL), or names with commas between.")
    ] = "all",
    stored: Annotated[
        bool, typer.Option("--stored", help="Score grey levels as they are stored, unstretched.")
    ] = False,
    slices: Annotated[
        int | None, typer.Option(help="The most slices of a case, evenly spaced.")
    ] = None,
    slow_slices: Annotated[
        int, typer.Option(help="Slices of a case, evenly spaced, for FMI and SL.")
    ] = 6,
    fused: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder of fused images made elsewhere, to score beside ours: CASE.nrrd (.nii, "
            ".nii.gz, .mha) on the MR's grid, or grey slices CASE-000.png or CASE/000.png, "
            "numbered from 0 or 1 as the MR is stored; of pictures NAME.png. May be given again."
        ),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="Of each --fused folder, in the tables.")
    ] = None,
    phantom: Annotated[
        bool, typer.Option("--phantom", help="Digital heads, whose truth is known; needs no data.")
    ] = False,
    heads: Annotated[
        int | None, typer.Option(help="Number of digital heads; default: 3, with --reader 12.")
    ] = None,
    first_head: Annotated[
        int | None,
        typer.Option(help="Seed of the first of them; default: 0, with --reader 200.", min=0),
    ] = None,
    reader: Annotated[
        bool,
        typer.Option(
            "--reader",
            help="A model observer instead of metrics: what a reader can see of planted lesions. "
            "On digital heads, or with --data and --pair on yours.",
        ),
    ] = False,
    sites: Annotated[int, typer.Option(help="Of --reader: places for lesions.")] = 120,
    display: Annotated[
        list[str] | None,
        typer.Option(
            help="Of --reader: a display of your own, FILE.py:FUNCTION, that makes 8-bit sRGB "
            "pictures of both sources. May be given again."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
) -> None:
    """Score the methods, and fused images made elsewhere, on pairs or on digital heads."""
    from ..evaluation.contenders import choose_contenders
    from ..evaluation.elsewhere import find_foreign
    from ..evaluation.measuring import choose_names
    from ..evaluation.measuring import evaluate as run
    from ..sources.folders import whole_folder

    part = None if split == "all" else str(split)
    if reader:
        if fused or (phantom and data):
            raise MedFusionError("Give --reader with --data or with digital heads, not --fused.")
        where = Where(data, part, first_head, heads, sites)
        evaluate_reader(out_, str(pair) if pair else None, methods, where, display or [])
        return
    if display:
        raise MedFusionError("--display is for --reader; give both.")
    if phantom:
        if data or fused:
            raise MedFusionError("Give --phantom alone, without --data and --fused.")
        few = 3 if heads is None else heads
        _evaluate_phantom(out_, pair, methods, few, first_head or 0, device)
        return
    if data is None or pair is None:
        raise MedFusionError("Give --data and --pair, or --phantom.")
    from ..training.datasets import find_cases

    names = choose_names(metrics)
    cases = find_cases(data, str(pair), part, stored)
    contenders, notes = choose_contenders(methods, str(pair))
    contenders += find_foreign(fused or [], name or [], cases, contenders)
    with whole_folder(out_) as temporary:
        with bar("Scoring", "slices") as progress:
            scores = run(
                cases,
                contenders,
                names,
                slices=slices,
                slow_slices=slow_slices,
                device=device,
                notes=notes,
                progress=progress,
            )
        _write_scores(scores, temporary, f"{pair}, {split} split", out_)


def _evaluate_phantom(
    folder: Path, pair: Pair | None, methods: str, heads: int, first: int, device: str
) -> None:
    from ..evaluation.contenders import choose_contenders
    from ..evaluation.planted import PLANTED_PAIRS, evaluate_phantom
    from ..sources.folders import whole_folder

    found = {}
    for one in [str(pair)] if pair else PLANTED_PAIRS:
        contenders, notes = choose_contenders(methods, one)
        with bar(f"Scoring {one}", "fusions") as progress:
            found[one] = evaluate_phantom(
                one,
                contenders,
                heads=heads,
                first=first,
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
