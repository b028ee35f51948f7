"""Volumes from and to files, through SimpleITK."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import MedFusionError
from .dicom import is_dicom, read_dicom
from .headers import FORMATS, check_header
from .volumes import Volume, to_sitk

if TYPE_CHECKING:
    import SimpleITK as sitk

#: words of ITK's readers that refuse a geometry before `Volume` sees it
_BAD_GEOMETRY = ("Bad direction", "orthonormal", "Zero-valued spacing")


def read_volume(path: str | Path) -> Volume:
    """Read a scalar 3D volume.

    Args:
        path: an NRRD, NIfTI or MetaImage file, a folder with the slices of one DICOM series, or a
            DICOM file with many frames.

    Returns:
        The volume, named after the file; a DICOM series after its modality and number.

    Raises:
        MedFusionError: no such file, not readable, voxels or slices missing, not a scalar 3D
            volume, or a geometry that `Volume` refuses.

    Example:
        >>> read_volume("head.nrrd").shape  # doctest: +SKIP
        (94, 256, 256)
    """
    import SimpleITK as sitk

    path = Path(path)
    try:
        if not path.exists():
            raise MedFusionError(f"There is no file {path}; check the path.")
        quiet = sitk.ProcessObject.GetGlobalWarningDisplay()
        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        try:
            if path.is_dir() or (path.is_file() and is_dicom(path)):
                return read_dicom(path)
            return _read_file(path)
        finally:
            sitk.ProcessObject.SetGlobalWarningDisplay(quiet)
    except OSError as error:
        raise MedFusionError(f"{path} cannot be read: {error.strerror}.") from None


def _read_file(path: Path) -> Volume:
    import SimpleITK as sitk

    reader = check_header(path)
    name = path.name.split(".")[0] or path.name
    try:
        with _no_lines():
            image = sitk.ReadImage(str(path), imageIO=reader)
    except RuntimeError as error:
        if any(word in str(error) for word in _BAD_GEOMETRY):
            raise MedFusionError(
                f"{name} has a singular or sheared geometry; correct its spacing and direction."
            ) from None
        raise MedFusionError(f"{path} cannot be read; give {FORMATS}.") from None
    return from_sitk(image, name)


@contextlib.contextmanager
def _no_lines() -> Iterator[None]:
    """Within, what the readers' C code writes to the error stream reaches no terminal."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no such stream
        yield
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def from_sitk(image: sitk.Image, name: str) -> Volume:
    """A SimpleITK image as a `Volume`; the inverse of `volumes.to_sitk`.

    Raises:
        MedFusionError: it has several components, is not 3D, or its geometry is refused.
    """
    import SimpleITK as sitk

    components = image.GetNumberOfComponentsPerPixel()
    if components != 1:
        raise MedFusionError(
            f"{name} has {components} values per voxel (a colour or vector picture); "
            "give a scalar volume."
        )
    if image.GetDimension() != 3:
        raise MedFusionError(
            f"{name} has {image.GetDimension()} dimensions; give a single scalar 3D volume, "
            "not a slice or a time series."
        )
    if "complex" in image.GetPixelIDTypeAsString():
        raise MedFusionError(f"{name} holds complex numbers; give their magnitude.")
    stored = sitk.GetArrayViewFromImage(image)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
        array = stored.astype(np.float32)
    _check_rounding(stored, array, name)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return Volume(array, image.GetSpacing(), image.GetOrigin(), direction, name)


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

    try:
        sitk.WriteImage(image, str(path), useCompression=True)
        check_header(path)  # a full disk ends a file early, and not every writer says so
    except (RuntimeError, OSError, MedFusionError):
        raise MedFusionError(
            f"{path.name} cannot be written into {path.parent}; is the disk full, or the folder "
            "gone?"
        ) from None


def _check_rounding(stored: np.ndarray, array: np.ndarray, name: str) -> None:
    """Raise a MedFusionError where float32 cannot tell a volume's values apart."""
    if stored.dtype.itemsize < 4 or stored.dtype == np.float32 or stored.size == 0:
        return
    lowest, highest = stored.min(), stored.max()
    span = float(highest) - float(lowest)
    if highest > lowest and span < 256 * float(np.spacing(np.abs(array).max())):
        raise MedFusionError(
            f"{name} has values from {lowest} to {highest}, too near to one another so far from 0; "
            "subtract a constant from them first."
        )


def sha256(path: str | Path) -> str:
    """SHA-256 of a file, or of the files of a folder in the order of their names, as hex."""
    path = Path(path)
    digest = hashlib.sha256()
    for part in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        with part.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
