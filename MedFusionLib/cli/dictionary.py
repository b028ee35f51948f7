"""medfusion dictionary"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .terminal import bar, out


@app.command()
def dictionary(
    method: Annotated[str, typer.Argument(help="lp-sr or csr.")],
    data: Annotated[Path, typer.Option(help="Folder with the registered pairs.")],
    out_: Annotated[Path, typer.Option("--out", help="File to write, .safetensors.")],
    rounds: Annotated[int | None, typer.Option(min=1, help="Instead of the default.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 0,
) -> None:
    """Learn the dictionary of a sparse method from the training cases of all pairs."""
    from ..training.dictionaries import learn_dictionary

    with bar(f"Learning for {method}", "rounds") as progress:
        card = learn_dictionary(method, data, out_, seed=seed, rounds=rounds, progress=progress)
    out.print(f"{card['atoms'][0]} atoms; relative error {card['relative_error']:.3f}")
    out.print(f"Dictionary: {out_}", soft_wrap=True)
