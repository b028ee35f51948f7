"""medfusion train"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .app import app
from .choices import PairOrAll
from .options import with_groups
from .terminal import bar, out


@dataclass(frozen=True)
class Training:
    """How a training is run, see `training.train.TrainingOptions`."""

    steps: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto"
    recipe: Annotated[
        Path | None,
        typer.Option(
            help="A recipe of your own (TOML), or a card (JSON) whose recipe to use again."
        ),
    ] = None
    start: Annotated[
        Path | None, typer.Option("--from", help="Weights to start from, with their card.")
    ] = None
    without: Annotated[
        str, typer.Option(help="Training cases to leave out, such as spect-mr/03,spect-mr/22.")
    ] = ""
    despite_leaks: Annotated[
        bool,
        typer.Option("--despite-leaks", help="Train even on slices that are tested on."),
    ] = False
    resume: Annotated[bool, typer.Option(help="Continue from the last checkpoint.")] = False


@app.command()
@with_groups
def train(
    network: Annotated[str, typer.Argument(help="Name of the network, such as funfusean.")],
    pair: Annotated[
        PairOrAll, typer.Option(help="What is fused; all: for a network that serves all pairs.")
    ],
    data: Annotated[Path, typer.Option(help="Folder with the registered pairs.")],
    out_: Annotated[Path, typer.Option("--out", help="Weights file to write, .safetensors.")],
    training: Training,
) -> None:
    """Train a network on registered pairs, and write its weights with their card."""
    from ..training.train import train_network

    with bar(f"Training {network}, {pair}", "steps") as progress:
        card = train_network(network, pair, data, out_, progress=progress, **vars(training))
    table = Table("held out", "SSIM first", "SSIM second", "Q^AB/F", title=str(out_))
    scores = card["held_out"] if isinstance(card["held_out"], dict) else card["validation"]
    for name in ("network", "average"):
        row = scores[name]
        table.add_row(name, *(f"{row[key]:.3f}" for key in ("ssim_first", "ssim_second", "q_abf")))
    out.print(table)
    out.print(f"Loss curves and checkpoints: {out_.with_suffix('.training')}")
