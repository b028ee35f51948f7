"""medfusion fuse"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..colour.registry import DEFAULT_MODE
from ..errors import MedFusionError
from ..methods.registry import DEFAULT_METHOD
from .app import app
from .choices import (
    COLORMAP_HELP,
    COLOUR_HELP,
    DEFAULTS_OF_MODES,
    FRAME_HELP,
    ORIENTATION_HELP,
    Align,
    Axis,
    Colormap,
    Kind,
    Mode,
    Orientation,
    Pair,
)
from .writing import fuse_into, show_result

if TYPE_CHECKING:
    from ..fusion import Fusion
    from ..sources.intensities import Window


@app.command()
def fuse(
    first: Annotated[Path, typer.Argument(help="The MR; its grid is the result's.")],
    second: Annotated[Path, typer.Argument(help="The CT, PET or SPECT, on any grid.")],
    pair: Annotated[Pair, typer.Option(help="What is fused.")],
    out_: Annotated[Path, typer.Option("--out", help="Folder for the results.")],
    third: Annotated[Path | None, typer.Option(help="A further volume to fuse in.")] = None,
    third_is: Annotated[
        str | None, typer.Option(help="Modality of the third volume: ct, pet or spect.")
    ] = None,
    network: Annotated[str, typer.Option(help="See 'medfusion methods'.")] = DEFAULT_METHOD,
    axis: Annotated[Axis, typer.Option(help="Of the slices.")] = Axis.axial,
    contributions: Annotated[
        Kind | None,
        typer.Option(help=f"Default: what suits the colours ({DEFAULTS_OF_MODES})."),
    ] = None,
    colour: Annotated[Mode, typer.Option(help=COLOUR_HELP)] = Mode[DEFAULT_MODE],
    omega: Annotated[float, typer.Option(help="Saturation of the colours, 0 to 1.")] = 0.6,
    colormap: Annotated[Colormap, typer.Option(help=COLORMAP_HELP)] = Colormap.jet,
    steps: Annotated[int, typer.Option(help="Refine the shares by so many steps.")] = 1,
    samples: Annotated[int, typer.Option(help="Average gradients over noisy copies.")] = 1,
    first_window: Annotated[
        str | None, typer.Option(help="LOWER,UPPER of the MR, in its own units.")
    ] = None,
    second_window: Annotated[
        str | None, typer.Option(help="LOWER,UPPER of the second volume (HU for CT).")
    ] = None,
    third_window: Annotated[
        str | None, typer.Option(help="LOWER,UPPER of the third volume.")
    ] = None,
    frame: Annotated[str | None, typer.Option(metavar="N|mean", help=FRAME_HELP)] = None,
    orientation: Annotated[Orientation | None, typer.Option(help=ORIENTATION_HELP)] = None,
    align: Annotated[
        Align, typer.Option(help="Measure how far the volumes are off, and move them, or do not.")
    ] = Align.check,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    batch: Annotated[int | None, typer.Option(help="Slices at once.")] = None,
    memory: Annotated[float | None, typer.Option(help="GB that a batch may take.")] = None,
    precision: Annotated[
        str, typer.Option(help="float32, or auto: faster where a check finds it safe.")
    ] = "auto",
    headroom: Annotated[
        str,
        typer.Option(help="Lower a bright MR where the other shows something: auto, on or off."),
    ] = "auto",
    bounds: Annotated[
        str, typer.Option(help="Fade a network's image where all sources are black: on or off.")
    ] = "on",
    scene: Annotated[bool, typer.Option("--scene", help="Write a Slicer scene, too.")] = False,
    dicom: Annotated[
        Path | None, typer.Option(help="New folder for the result as DICOM series, too.")
    ] = None,
    keep_paths: Annotated[
        bool,
        typer.Option("--keep-paths", help="Put the inputs' full paths into report.json."),
    ] = False,
) -> None:
    """Fuse two registered volumes, and say what each contributed."""
    from ..colour.coding import Coding
    from ..sources.files import read_with_checksum
    from ..sources.formats.base import frame_of

    if scene:
        from ..results.scene_file import check_slicer

        check_slicer()
    if dicom is not None:
        from ..results.dicom import check_new_folder

        check_new_folder(dicom)
    if third_window and not third:
        raise MedFusionError("There is a window for a third volume, but no --third; give both.")
    coding = Coding(str(colour), omega, str(colormap))
    windows = [_window(text) for text in (first_window, second_window, third_window)]
    files = [first, second, *([third] if third else [])]
    choices = (frame_of(frame) if frame else None, str(orientation) if orientation else None)
    read = [read_with_checksum(path, *choices) for path in files]
    volumes, checksums = map(list, zip(*read, strict=True))
    fusion = fuse_into(
        out_,
        files,
        volumes,
        scene,
        keep_paths=keep_paths,
        checksums=checksums,
        pair=str(pair),
        third_modality=third_is,
        network=network,
        axis=str(axis),
        contributions=str(contributions) if contributions else None,
        coding=coding,
        steps=steps,
        samples=samples,
        windows=windows[: len(files)],
        align=str(align),
        device=device,
        batch=batch,
        memory=memory * 1e9 if memory is not None else None,
        precision=precision,
        headroom=headroom,
        bounds=bounds,
    )
    if dicom is not None:
        _write_dicom(fusion, dicom, files)
    show_result(out_, fusion)


def _write_dicom(fusion: Fusion, folder: Path, files: list[Path]) -> None:
    from ..results.dicom import write_dicom
    from ..sources.dicom import read_headers
    from ..sources.folders import whole_folder

    headers = [read_headers(path) for path in files]
    with whole_folder(folder) as temporary:
        write_dicom(temporary, fusion.fused, fusion.colour, fusion.coding, fusion.report, headers)


def _window(text: str | None) -> Window | None:
    from ..sources.intensities import Window

    if text is None:
        return None
    try:
        lower, upper = map(float, text.split(","))
    except ValueError:
        raise MedFusionError(
            f"The window '{text}' is not LOWER,UPPER; give two numbers such as -20,130."
        ) from None
    return Window(lower, upper)
