"""medfusion why"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.table import Table

from ..errors import MedFusionError
from ..report import Report
from .app import app
from .choices import Check
from .options import with_options
from .terminal import out


@app.command()
@with_options("fuse", "frame", "orientation", "series")
def why(
    result: Annotated[Path, typer.Argument(help="The folder that 'medfusion fuse' left.")],
    files: Annotated[list[Path], typer.Argument(help="What was fused, in that order.")],
    at: Annotated[str, typer.Option(help="R,A,S in mm, as Slicer shows it.")],
    check: Annotated[
        Check, typer.Option(help="Check of result and sources: quick (sizes) or full (checksums).")
    ] = "full",
    *,
    options: dict[str, Any],
) -> None:
    """Show what was taken from which volume at a point, and at which scale."""
    import numpy as np

    from ..results.why import explain, sources_of
    from ..sources.alignment import moved
    from ..sources.files import choices_of_each, read_volume
    from ..sources.volumes import voxel_at

    try:
        right, anterior, superior = point = [float(number) for number in at.split(",")]
    except ValueError:
        point = [math.nan]
    if not all(map(math.isfinite, point)):
        raise MedFusionError(
            f"The point '{at}' is not R,A,S; give three numbers such as -31,12.5,34."
        )
    try:
        given = json.loads((result / "report.json").read_text(encoding="utf-8"))
        report = Report.from_dict(given)
    except (OSError, ValueError, MedFusionError):
        raise MedFusionError(
            f"{result} holds no report.json that can be read; give a folder that 'medfusion fuse' "
            "left."
        ) from None
    _check_files(result, report, files, str(check))
    modalities = [part.modality for part in report.inputs]
    choices = choices_of_each((modalities + [""] * len(files))[: len(files)], **options)
    volumes = [read_volume(path, **words) for path, words in zip(files, choices, strict=True)]
    for number, part in enumerate(report.alignment[: len(volumes) - 1], start=1):
        if part.applied:
            volumes[number] = moved(volumes[number], np.array(part.matrix_lps))
    fused = read_volume(result / "fused.nrrd")
    voxel = voxel_at(fused, (-right, -anterior, superior))
    found = explain(sources_of(report, volumes), report, voxel, float(fused.array[voxel]))
    heads, *rows = found.rows
    table = Table(heads[0], box=SIMPLE, padding=(0, 1), pad_edge=False, show_edge=False)
    for head in heads[1:]:
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(*row)
    out.print(found.sentence, highlight=False)
    out.print(table)


def _check_files(result: Path, report: Report, files: list[Path], check: str) -> None:
    """Raise a MedFusionError where the result or a source is not what its report says."""
    from ..results.checksums import changed_file
    from ..sources.files import sha256

    written = [part for part in report.files or () if part.get("name") == "fused.nrrd"]
    unlisted = report.files is not None and not written
    if unlisted or changed_file(result, written, check):
        raise MedFusionError(
            f"The fused volume in {result} is missing, or not what was written there; fuse again."
        )
    for part, path in zip(report.inputs, files, strict=False):
        known = part.sha256 if check == "full" and path.exists() else None
        if known and sha256(path) != known:
            raise MedFusionError(
                f"{path} is not the file that was fused, or was changed since; give the one that "
                "was, or fuse again."
            )
