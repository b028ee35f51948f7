"""The files that a fusion leaves in its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .. import timing
from ..fusion import CONTRIBUTION_NAMES, Fusion
from ..sources.files import sha256, write_colour, write_volume
from ..sources.volumes import Volume
from .checksums import list_files
from .preview import save_preview
from .quality import Quality, quality_of


def write_results(
    fusion: Fusion,
    folder: Path,
    files: Sequence[Path] | None = None,
    focus: tuple[float, float, float] | None = None,
    quality: Quality | None = None,
    keep_paths: bool = False,
    scene: Sequence[Volume] | None = None,
    checksums: Sequence[str] | None = None,
) -> None:
    """Write fused volume, colour, contributions, preview, the scene where wanted, and the report.

    The report lists the other files with their sizes and checksums, see `checksums.changed_file`.

    Args:
        fusion: what to write.
        folder: exists.
        files: the sources' files, for the report.
        focus: see `preview.save_preview`.
        quality: of the fusion, where it is known already.
        keep_paths: put the full paths of `files` into the report. Without, it holds a file's name
            and nothing of a folder's, for folders are often named after patients; the checksum
            says which file it was.
        scene: the sources, to write a Slicer scene with them, too.
        checksums: of `files` when they were read (`files.read_with_checksum`); default: of what
            they hold now.

    Raises:
        MedFusionError: a file cannot be written.
    """
    with timing.part("quality"):
        quality = quality or quality_of(fusion)
    with timing.part("colours"):
        colours = fusion.colours
    with timing.part("volumes written"):
        write_volume(fusion.fused, folder / "fused.nrrd")
        for name, colour in colours.items():
            write_colour(colour, fusion.fused, folder / f"{name}.nrrd")
        for name, part in zip(CONTRIBUTION_NAMES, fusion.contributions, strict=False):
            write_volume(part, folder / f"{name}.nrrd")
    with timing.part("preview"):
        save_preview(fusion, folder / "preview.png", focus)
    if scene:
        from .scene_file import write_scene

        with timing.part("scene"):
            write_scene(fusion, scene, folder / "scene.mrb", quality)
    report = replace(fusion.report, quality=quality.as_json(), files=tuple(list_files(folder)))
    if files:
        sums = checksums or [sha256(path) for path in files]
        inputs = tuple(
            replace(part, file=_name(path, keep_paths), sha256=checksum)
            for part, path, checksum in zip(report.inputs, files, sums, strict=True)
        )
        report = replace(report, inputs=inputs)
    text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")


def _name(path: Path, whole: bool) -> str:
    if whole:
        return str(path.absolute())
    return "a folder of DICOM slices" if path.is_dir() else path.name
