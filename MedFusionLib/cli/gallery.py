"""medfusion gallery"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .terminal import bar, out


@app.command()
def gallery(
    out_: Annotated[Path, typer.Option("--out", help="Folder for the page.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of pairs; default: the digital head.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Classical methods too.")] = False,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
) -> None:
    """Make a page with every network and pair on a fixed slice."""
    from ..evaluation.gallery import write_gallery
    from ..sources.folders import whole_folder

    with whole_folder(out_) as temporary, bar("Drawing", "rows") as progress:
        write_gallery(temporary, data, everything, device, progress)
    out.print(f"Page: {out_ / 'index.html'}", soft_wrap=True)
