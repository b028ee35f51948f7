"""medfusion fuse"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import timing
from ..errors import MedFusionError
from ..options import fields_from
from .app import app
from .choices import Pair
from .options import with_groups, with_options
from .process import for_one_fusion
from .writing import fuse_into, show_result, show_seconds

if TYPE_CHECKING:
    from ..fusion import Fusion


@dataclass(frozen=True)
class Third:
    """A further volume and what it is."""

    third: Annotated[Path | None, typer.Option(help="A further volume to fuse in.")] = None
    third_modality: Annotated[
        str | None,
        typer.Option(
            "--third-modality", "--third-is", help="Modality of the third volume: ct, pet or spect."
        ),
    ] = None


@app.command()
@with_groups
@with_options("fuse")
@for_one_fusion()
def fuse(
    first: Annotated[Path, typer.Argument(help="The MR; its grid is the result's.")],
    pair: Annotated[Pair, typer.Option(help="What is fused.")],
    out_: Annotated[Path, typer.Option("--out", help="Folder for the results.")],
    second: Annotated[
        Path | None,
        typer.Argument(
            help="The CT, PET or SPECT, on any grid; left out where the first is a folder or a CD "
            "of DICOM with both."
        ),
    ] = None,
    dicom: Annotated[
        Path | None, typer.Option(help="New folder for the result as DICOM series, too.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Print the processor seconds of each part.")
    ] = False,
    *,
    further: Third,
    options: dict[str, Any],
) -> None:
    """Fuse two registered volumes, and say what each contributed."""
    from ..settings import Inputs, Outputs, Settings
    from ..sources.dicom.files import is_dicom
    from ..sources.files import choices_of_each, read_with_checksum
    from ..sources.modalities import modalities_of

    settings = Settings.from_options(options)
    inputs = Inputs(**fields_from(Inputs, options))
    outputs = Outputs(**fields_from(Outputs, options))
    if outputs.scene:
        from ..results.scene_file import check_slicer

        check_slicer()
    if dicom is not None:
        from ..results.dicom import check_new_folder

        check_new_folder(dicom)
    if inputs.third_window and not further.third:
        raise MedFusionError("There is a window for a third volume, but no --third; give both.")
    if second is None and first.is_file() and not is_dicom(first):
        raise MedFusionError(
            f"The second volume is missing: give it behind {first.name}, or a folder of DICOM with "
            "both."
        )
    files = [first, second or first, *([further.third] if further.third else [])]
    modalities = (*modalities_of(str(pair), further.third_modality), "")[: len(files)]
    choices = choices_of_each(modalities, inputs.frame, inputs.orientation, inputs.series)
    with timing.timing() as seconds:
        with timing.part("reading"):
            read = [
                read_with_checksum(path, **words)
                for path, words in zip(files, choices, strict=True)
            ]
        volumes, checksums = map(list, zip(*read, strict=True))
        fusion = fuse_into(
            out_,
            files,
            volumes,
            outputs,
            checksums=checksums,
            pair=str(pair),
            third_modality=further.third_modality,
            windows=inputs.windows[: len(files)],
            settings=settings,
        )
        if dicom is not None:
            with timing.part("DICOM"):
                _write_dicom(fusion, dicom, files, choices)
    show_result(out_, fusion)
    if verbose:
        show_seconds(seconds)


def _write_dicom(
    fusion: Fusion, folder: Path, files: list[Path], choices: list[dict[str, Any]]
) -> None:
    from ..results.dicom import write_dicom
    from ..sources.dicom import read_headers
    from ..sources.folders import whole_folder

    headers = [
        read_headers(path, words["series"], words["modality"])
        for path, words in zip(files, choices, strict=True)
    ]
    with whole_folder(folder) as temporary:
        write_dicom(temporary, fusion.fused, fusion.colours, fusion.codings, fusion.report, headers)
