"""medfusion demo"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..settings import Outputs
from .app import app
from .terminal import out
from .writing import fuse_into, show_result

DEMO_SHAPE = (96, 192, 192)


@app.command()
def demo(
    out_: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("demo"),
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
) -> None:
    """Fuse a digital head: MR with PET, and MR with CT. No data needed."""
    from ..phantom.head import make_phantom
    from ..sources.files import write_volume

    head = make_phantom(DEMO_SHAPE)
    folder = out_ / "phantom"
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name in ("t1", "t2", "ct", "pet"):
        files[name] = folder / f"{name}.nrrd"
        write_volume(getattr(head, name), files[name])
    for pair, names, planted in (
        ("pet-mr", ("t1", "pet"), "lesion"),
        ("ct-mr", ("t2", "ct"), "calcification"),
    ):
        volumes = [getattr(head, name) for name in names]
        target = out_ / pair
        fusion = fuse_into(
            target,
            [files[name] for name in names],
            volumes,
            Outputs(),
            focus=head.centre(planted),
            pair=pair,
            device=device,
        )
        show_result(target, fusion)
        out.print(f"Picture: {target / 'preview.png'}", soft_wrap=True)
