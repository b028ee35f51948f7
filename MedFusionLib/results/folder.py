"""The files that a fusion leaves in its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ..fusion import CONTRIBUTIONS, Fusion
from ..sources.files import sha256, write_colour, write_volume
from .preview import save_preview
from .quality import Quality, quality_of


def write_results(
    fusion: Fusion,
    folder: Path,
    files: Sequence[Path] | None = None,
    focus: tuple[float, float, float] | None = None,
    quality: Quality | None = None,
    keep_paths: bool = False,
) -> None:
    """Write fused volume, colour, contributions, preview and report.

    Args:
        fusion: what to write.
        folder: exists.
        files: the sources' files, for the report.
        focus: see `preview.save_preview`.
        quality: of the fusion, where it is known already.
        keep_paths: put the full paths of `files` into the report. Without, it holds a file's name
            and nothing of a folder's, for folders are often named after patients; the checksum
            says which file it was.
    """
    write_volume(fusion.fused, folder / "fused.nrrd")
    write_colour(fusion.colour, fusion.fused, folder / "colour.nrrd")
    for name, part in zip(CONTRIBUTIONS, fusion.contributions, strict=False):
        write_volume(part, folder / f"{name}.nrrd")
    save_preview(fusion, folder / "preview.png", focus)
    report = {**fusion.report, "quality": (quality or quality_of(fusion)).as_json()}
    if files:
        report["inputs"] = [
            {**part, "file": _name(path, keep_paths), "sha256": sha256(path)}
            for part, path in zip(report["inputs"], files, strict=True)
        ]
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")


def _name(path: Path, whole: bool) -> str:
    if whole:
        return str(path.absolute())
    return "a folder of DICOM slices" if path.is_dir() else path.name
