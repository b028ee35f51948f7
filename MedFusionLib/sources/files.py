"""Volumes from and to files, through SimpleITK."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import MedFusionError
from .volumes import Volume, to_sitk

if TYPE_CHECKING:
    import SimpleITK as sitk

FORMATS = "NRRD, NIfTI, MHA or a folder of DICOM slices"
#: words of ITK's readers that refuse a geometry before `Volume` sees it
_BAD_GEOMETRY = ("Bad direction", "orthonormal", "Zero-valued spacing")


def read_volume(path: str | Path) -> Volume:
    """Read a scalar 3D volume.

    Args:
        path: an NRRD, NIfTI or MHA file, or a folder with the slices of one DICOM series.

    Returns:
        The volume, named after the file.

    Raises:
        MedFusionError: no such file, not readable, slices missing, not a scalar 3D volume, or a
            geometry that `Volume` refuses.

    Example:
        >>> read_volume("head.nrrd").shape  # doctest: +SKIP
        (94, 256, 256)
    """
    import SimpleITK as sitk

    path = Path(path)
    if not path.exists():
        raise MedFusionError(f"There is no file {path}; check the path.")
    name = path.name if path.is_dir() else path.name.split(".")[0] or path.name
    quiet = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        image = sitk.ReadImage(_dicom_series(path) if path.is_dir() else str(path))
    except RuntimeError as error:
        if any(word in str(error) for word in _BAD_GEOMETRY):
            raise MedFusionError(
                f"{name} has a singular or sheared geometry; correct its spacing and direction."
            ) from None
        raise MedFusionError(f"{path} cannot be read; give {FORMATS}.") from None
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(quiet)
    return from_sitk(image, name)


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
    array = sitk.GetArrayFromImage(image).astype(np.float32)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return Volume(array, image.GetSpacing(), image.GetOrigin(), direction, name)


def write_volume(volume: Volume, path: str | Path) -> None:
    """Write a volume (float32, compressed); the ending of the path says the format."""
    import SimpleITK as sitk

    sitk.WriteImage(to_sitk(volume), str(path), useCompression=True)


def write_colour(colour: np.ndarray, grid: Volume, path: str | Path) -> None:
    """Write an RGB volume, uint8 (k, j, i, 3), on the grid of a volume, as NRRD."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(colour), isVector=True)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction.ravel().tolist())
    sitk.WriteImage(image, str(path), useCompression=True)
    # SimpleITK knows no RGB pixels and calls the first axis a vector.
    header, _, voxels = Path(path).read_bytes().partition(b"\n\n")
    header = header.replace(b"kinds: vector", b"kinds: RGB-color")
    Path(path).write_bytes(header + b"\n\n" + voxels)


def _dicom_series(folder: Path) -> list[str]:
    import SimpleITK as sitk

    series = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))
    if not series:
        raise MedFusionError(f"The folder {folder} holds no DICOM slices; give {FORMATS}.")
    if len(series) > 1:
        raise MedFusionError(
            f"The folder {folder} holds {len(series)} DICOM series; "
            "put the slices of one series into a folder of their own."
        )
    files = list(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series[0]))
    _check_gaps(files, folder)
    return files


def _check_gaps(files: list[str], folder: Path) -> None:
    """Raise a MedFusionError where a series lacks slices: ITK would stretch the others."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    places = []
    for file in files:
        reader.SetFileName(file)
        reader.ReadImageInformation()
        places.append(reader.GetOrigin())
    gaps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    if len(gaps) and gaps.max() - gaps.min() > 0.1 * np.median(gaps):
        raise MedFusionError(
            f"The DICOM slices in {folder} lie {gaps.min():.3g} to {gaps.max():.3g} mm apart: some "
            "are missing, or the series is not evenly spaced; complete it, or resample it first."
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


@contextlib.contextmanager
def whole_folder(out: str | Path) -> Iterator[Path]:
    """A folder that gets its files all together or not at all.

    Yields a temporary folder beside `out`. When the block ends without an error its files move
    into `out` (files of the same name are replaced, others stay); else it is removed and `out`
    is as it was.

    Raises:
        MedFusionError: `out` is a file, or cannot be written.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise MedFusionError(f"{out} is a file; give a folder for the results.")
    try:
        nearest = next(p for p in [out.absolute().parent, *out.absolute().parents] if p.exists())
        temporary = Path(tempfile.mkdtemp(prefix=".medfusion-", dir=nearest))
    except OSError as error:
        raise MedFusionError(f"{out} cannot be written: {error.strerror}.") from None
    try:
        yield temporary
        try:
            if out.exists():
                for part in sorted(temporary.iterdir()):
                    os.replace(part, out / part.name)
            else:
                out.parent.mkdir(parents=True, exist_ok=True)
                temporary.chmod(0o777 & ~_umask())
                temporary.rename(out)
        except OSError as error:
            raise MedFusionError(f"{out} cannot be written: {error.strerror}.") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
