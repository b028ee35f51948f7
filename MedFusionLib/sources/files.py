"""Volumes from and to files, through SimpleITK."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MedFusionError
from .detached import check_name, check_plain, files_of
from .dicom import is_dicom, read_dicom, slices_of
from .formats import format_of, stem
from .formats.base import FileFormat, check_choices, check_frame, in_a_sentence
from .formats.itk import alone
from .volumes import Volume, to_sitk

if TYPE_CHECKING:
    import SimpleITK as sitk


def read_volume(
    path: str | Path,
    frame: int | str | None = None,
    orientation: str | None = None,
    series: str = "",
    modality: str = "",
) -> Volume:
    """Read a scalar 3D volume.

    Args:
        path: a file of a format of `formats`, a folder with slices of DICOM, a medium with a
            DICOMDIR, or a DICOM file with many frames.
        frame: of a time series, the number of a volume, from 0, or "mean": the mean of all.
        orientation: "sform" or "qform": which to take where a NIfTI file holds both and they
            disagree (default: see `formats.nifti`).
        series: number or UID of a DICOM series, where a folder holds several.
        modality: "mr", "ct", "pet" or "spect": where a folder holds several DICOM series and none
            is named, the one of that kind.

    Returns:
        The volume, named after the file; a DICOM series after its modality and number.

    Raises:
        MedFusionError: no such file, not readable, voxels or slices missing, not a scalar 3D
            volume, or a geometry that `Volume` refuses.

    Example:
        >>> read_volume("head.nrrd").shape  # doctest: +SKIP
        (94, 256, 256)
    """
    path = Path(path)
    check_choices(frame, orientation)
    check_name(path)
    try:
        if not path.exists():
            raise MedFusionError(f"There is no file {path}; check the path.")
        if path.is_dir() or (path.is_file() and is_dicom(path)):
            return read_dicom(path, series, modality, frame)
        kind = checked_format(path)
        with in_a_sentence(path):
            return kind.read(path, stem(path), frame, orientation)
    except OSError as error:
        raise MedFusionError(f"{path} cannot be read: {error.strerror}.") from None


def choices_of_each(
    modalities: Sequence[str],
    frame: int | str | None = None,
    orientation: str | None = None,
    series: str | None = None,
) -> list[dict[str, Any]]:
    """What `read_volume` takes for each source, beside its path.

    Args:
        modalities: of each.
        frame, orientation: see `read_volume`.
        series: numbers or UIDs of DICOM series, one for each source, with commas between them; an
            empty place leaves it open.

    Raises:
        MedFusionError: more series than sources.

    Example:
        >>> [part["series"] for part in choices_of_each(("mr", "ct"), series="5,")]
        ['5', '']
    """
    numbers = [part.strip() for part in (series or "").split(",")]
    if len(numbers) > len(modalities):
        raise MedFusionError(
            f"The series '{series}' are {len(numbers)} for {len(modalities)} sources; give one for "
            "each, with commas between them."
        )
    numbers += [""] * (len(modalities) - len(numbers))
    return [
        {"frame": frame, "orientation": orientation, "series": number, "modality": modality}
        for number, modality in zip(numbers, modalities, strict=True)
    ]


def corners_of(
    path: str | Path,
    frame: int | str | None = None,
    orientation: str | None = None,
    series: str = "",
    modality: str = "",
) -> np.ndarray:
    """LPS positions in mm of a volume's outermost voxels, from its header alone.

    Raises:
        MedFusionError: as of `read_volume`, but for what is wrong with the values of voxels.
    """
    path = Path(path)
    check_choices(frame, orientation)
    check_name(path)
    if not path.exists():
        raise MedFusionError(f"There is no file {path}; check the path.")
    if path.is_dir() or (path.is_file() and is_dicom(path)):
        slices = slices_of(path, series, modality, frame)
        ends = [
            (one.place, (np.array(one.size[::-1]) - 1) * one.pixel @ one.axes)
            for one in (slices[0], slices[-1])
        ]
        return np.array([place + n * across for place, across in ends for n in (0, 1)])
    kind = checked_format(path)
    with in_a_sentence(path):
        header = kind.header(path, str(path), orientation)
    check_frame(header.frames, str(path), frame)
    return header.corners


def checked_format(path: Path) -> FileFormat:
    """The format of a file that is whole.

    Raises:
        MedFusionError: no format that can be read, a damaged header, or other voxels than it
            promises.
    """
    kind = format_of(path)
    with in_a_sentence(path):
        kind.check(path)
    return kind


def read_with_checksum(path: str | Path, **choices: Any) -> tuple[Volume, str]:
    """Read a volume, and the SHA-256 of the bytes that it was read from; see `read_volume`.

    Raises:
        MedFusionError: as of `read_volume`, or the file was changed while it was read.
    """
    try:
        before = sha256(path)
        volume = read_volume(path, **choices)
        if sha256(path) != before:
            raise MedFusionError(f"{path} was changed while it was read; try again.")
    except OSError:
        read_volume(path, **choices)  # says what is wrong with it
        raise
    return volume, before


def write_volume(volume: Volume, path: str | Path) -> None:
    """Write a volume (float32, compressed); the ending of the path says the format.

    Raises:
        MedFusionError: it cannot be written, or not all of it is there afterwards.
    """
    _write(to_sitk(volume), Path(path))


def write_colour(colour: np.ndarray, grid: Volume, path: str | Path) -> None:
    """Write an RGB volume, uint8 (k, j, i, 3), on the grid of a volume, as NRRD."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(colour), isVector=True)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction.ravel().tolist())
    _write(image, Path(path))
    # SimpleITK knows no RGB pixels and calls the first axis a vector.
    header, _, voxels = Path(path).read_bytes().partition(b"\n\n")
    header = header.replace(b"kinds: vector", b"kinds: RGB-color")
    Path(path).write_bytes(header + b"\n\n" + voxels)


def _write(image: sitk.Image, path: Path) -> None:
    import SimpleITK as sitk

    check_name(path)
    try:
        with alone():
            sitk.WriteImage(image, str(path), useCompression=True)
        _check_written(path, image)
    except (RuntimeError, OSError, MedFusionError):
        raise MedFusionError(
            f"{path.name} cannot be written into {path.parent}; is the disk full, or the folder "
            "gone?"
        ) from None


def _check_written(path: Path, image: sitk.Image) -> None:
    """A full disk ends a file early, and not every writer says so.

    Raises:
        OSError, MedFusionError: not all voxels are there.
    """
    if path.suffix != ".nrrd":
        checked_format(path)
        return
    size = image.GetNumberOfPixels() * image.GetNumberOfComponentsPerPixel()
    size *= image.GetSizeOfPixelComponent()
    with path.open("rb") as stream:  # gzip ends with the number of bytes that it holds
        stream.seek(-4, os.SEEK_END)
        if int.from_bytes(stream.read(4), "little") != size % 2**32:
            raise OSError("cut off")


def sha256(path: str | Path) -> str:
    """SHA-256 of all bytes that a volume is read from, as hex.

    Of a file, with the file after it that holds its voxels (`.nhdr`, `.mhd`, `.hdr`); of the files
    of a folder in the order of their names.

    Raises:
        OSError: a file that cannot be read.
        MedFusionError: the path is no plain file and no folder.
    """
    digest = hashlib.sha256()
    for part in files_of(path):
        check_plain(part)
        with part.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
