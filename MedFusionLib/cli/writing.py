"""Fuse into a folder, and print what was made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.table import Table

from .terminal import bar, err, out

if TYPE_CHECKING:
    from ..fusion import Fusion
    from ..settings import Outputs
    from ..sources.volumes import Volume


def fuse_into(
    folder: Path,
    files: list[Path] | None,
    volumes: list[Volume],
    outputs: Outputs,
    focus: tuple[float, float, float] | None = None,
    checksums: list[str] | None = None,
    **fusing: Any,
) -> Fusion:
    """Fuse (`fusing`: what `fusion.fuse` takes), and write everything into a folder at once."""
    from ..fusion import fuse as run
    from ..results.folder import write_results
    from ..sources.folders import whole_folder

    third = volumes[2] if len(volumes) > 2 else None
    with whole_folder(folder) as temporary:
        with bar("Fusing", "slices") as progress:
            fusion = run(volumes[0], volumes[1], third=third, progress=progress, **fusing)
        write_results(
            fusion,
            temporary,
            files=files,
            focus=focus,
            keep_paths=outputs.keep_paths,
            scene=volumes if outputs.scene else None,
            checksums=checksums,
        )
    return fusion


def show_result(folder: Path, fusion: Fusion) -> None:
    """Print what was made, and where it is."""
    for warning in fusion.warnings:
        err.print(f"Warning: {warning}", style="yellow", highlight=False)
    report = fusion.report
    for part in report.alignment:
        done = ", moved into place" if part.applied else ""
        out.print(f"{part.input}: {part.words}{done}", highlight=False)
    if left := report.parameters.lowered_to:
        out.print(f"{report.inputs[0].name}: lowered to {left} for headroom", highlight=False)
    out.print(f"{report.method} on {report.device}, {report.seconds} s")
    if report.share_sum_error is not None:
        error = report.share_sum_error
        out.print(f"Largest error of the shares' sum in a voxel: {error:.1e}")
    out.print(f"Results: {folder}", soft_wrap=True)
    out.print(report.notice, style="dim")


def show_seconds(seconds: dict[str, float]) -> None:
    """Print the processor seconds of each part of a command, and of all of it."""
    total = time.process_time()
    rest = total - sum(seconds.values())
    table = Table("part", box=SIMPLE, padding=(0, 1), pad_edge=False, show_edge=False)
    table.add_column("processor s", justify="right")
    for name, value in {**seconds, "start and the rest": rest, "total": total}.items():
        table.add_row(name, f"{value:.2f}")
    out.print(table)
