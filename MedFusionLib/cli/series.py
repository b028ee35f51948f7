"""medfusion series"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from .app import app
from .terminal import out


@app.command()
def series(
    path: Annotated[Path, typer.Argument(help="A folder with DICOM files, or a CD.")],
) -> None:
    """List the DICOM series in a folder or on a CD, for --series of 'medfusion fuse'."""
    from ..sources.dicom import find_series

    table = Table(
        "series", "modality", "description", "slices", box=SIMPLE, pad_edge=False, show_edge=False
    )
    for one in find_series(path):
        table.add_row(one.number or one.uid, one.said("Modality"), one.description, str(one.slices))
    out.print(table, markup=False)
