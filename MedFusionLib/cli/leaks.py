"""medfusion leaks"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .app import app
from .choices import PairOrAll
from .terminal import out


@app.command()
def leaks(
    data: Annotated[Path, typer.Argument(help="Folder with the registered pairs.")],
    pair: Annotated[PairOrAll, typer.Option(help="What a network would be trained for.")] = "all",
    without: Annotated[
        str, typer.Option(help="Training cases to leave out, such as spect-mr/03,spect-mr/22.")
    ] = "",
    most: Annotated[
        float,
        typer.Option(min=0, max=1, help="Most that fingerprints of one slice differ."),
    ] = 0.08,
) -> None:
    """Compare each training slice with each test slice; the exit code is 1 if one is the same."""
    from ..sources.modalities import PAIRS
    from ..training.datasets import find_cases, leave_out
    from ..training.leaks import leaks_of

    pairs = list(PAIRS) if pair == "all" else [str(pair)]
    cases = leave_out([case for name in pairs for case in find_cases(data, name)], without)
    found = leaks_of(cases, pairs, most)
    table = Table("training case", "source", "slice", "is tested as", "differs")
    for leak in found:
        row = (leak.case, leak.modality, leak.number, leak.tested, f"{leak.differs:.1%}")
        table.add_row(*map(str, row))
    if found:
        out.print(table)
        raise typer.Exit(1)
    counts = {
        split: 2 * sum(len(case.slices) for case in cases if case.split == split)
        for split in ("train", "test")
    }
    out.print(
        f"None of {counts['train']} training slices is among {counts['test']} slices of the "
        "test cases and the publications' own pictures."
    )
