"""DICOM slices as one volume, only where their headers leave no doubt how they lie.

The headers are read with pydicom, the pixels with ITK. All slices must have one orientation, one
pixel size, and places on a straight line in even steps. Where that line is not at right angles to
the slices (the tilted gantry of a head CT) every slice is shifted within its plane onto a straight
grid, which is said in a note.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MedFusionError
from .volumes import FARTHEST, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: DICOM's word for a modality -> ours
MODALITY = {"MR": "mr", "CT": "ct", "PT": "pet", "NM": "spect"}
SAME = 1e-3  # of a unit vector; writers round to six digits
UNEVEN = 0.1  # of the distance between slices: how far one may lie from its place
STRAIGHT = 0.1  # of a pixel, over the whole stack: less is no tilt
STEEPEST = 45.0  # degrees


@dataclass(frozen=True)
class Slice:
    """Where one slice lies, and which file and frame it is.

    Attributes:
        file: of the slice.
        frame: of the file, from 0.
        place: LPS position in mm of its first pixel.
        axes: 2 x 3, unit vectors along its rows and down its columns.
        pixel: mm between pixels along a row, and between rows.
        size: (rows, columns).
        scale: slope and intercept of its values.
    """

    file: Path
    frame: int
    place: np.ndarray
    axes: np.ndarray
    pixel: tuple[float, float]
    size: tuple[int, int]
    scale: tuple[float, float]


def is_dicom(path: Path) -> bool:
    """Whether it is a plain file that begins as DICOM files do."""
    if not path.is_file():  # a pipe would be waited for
        return False
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def read_dicom(path: Path) -> Volume:
    """The volume of a folder with the slices of one series, or of one file with many frames.

    Raises:
        MedFusionError: no series or several, damaged or missing slices, or slices that do not
            make a box grid; the message names the file that breaks it.
    """
    with warnings.catch_warnings():  # what is wrong with a header is said in our words
        warnings.simplefilter("ignore")
        return _read(path)


def slices_of(path: Path) -> list[Slice]:
    """The slices that `read_dicom` would read, in order, from their headers alone.

    Raises:
        MedFusionError: as `read_dicom`, but for what is wrong with the pixels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _arranged(path)[0]


def _arranged(
    path: Path,
) -> tuple[list[Slice], tuple[float, float, float], np.ndarray, str, str, bool]:
    """Slices in order, spacing, step, name and modality; whether each has a file of its own."""
    headers = _series_in(path) if path.is_dir() else [(path, _header(path))]
    slices: list[Slice] = []
    for file, header in headers:
        with _reading(file):
            slices += _slices_of(file, header)
    first = headers[0][1]
    with _reading(headers[0][0]):
        kind = MODALITY.get(str(first.get("Modality", "")), "")
        number = str(first.get("SeriesNumber") or "").split()
    # the name of a folder is often the patient's
    name = "-".join([kind or "dicom", "series", *number])
    if len(slices) < 2:
        raise MedFusionError(
            f"{path} holds a single DICOM slice; give the folder with all slices of the series."
        )
    return *_in_order(slices, path), name, kind, len(headers) > 1


def read_headers(path: Path) -> list[Dataset]:
    """The headers (no pixels) of a volume's slices; empty where it is no DICOM.

    Raises:
        MedFusionError: as `read_dicom`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.is_dir():
            return [header for _, header in _series_in(path)]
        return [_header(path)] if is_dicom(path) else []


def _read(path: Path) -> Volume:
    import SimpleITK as sitk

    slices, spacing, step, name, kind, apart = _arranged(path)
    files = [str(one.file) for one in slices]
    try:
        # to float32 for each slice, for each has its own slope in PET
        source = files if apart else files[0]
        array = sitk.GetArrayFromImage(sitk.ReadImage(source, sitk.sitkFloat32, "GDCMImageIO"))
    except RuntimeError:
        raise MedFusionError(
            f"The pixels of the DICOM slices in {path} cannot be read; export them again."
        ) from None
    if not apart:
        array = array[[one.frame for one in slices]]
    if array.shape != (len(slices), *slices[0].size):
        raise MedFusionError(f"The DICOM slices in {path} hold other pixels than they say.")
    return _straight(array, slices, spacing, step, name, kind)


# Files ------------------------------------------------------------------------------------------


def _series_in(folder: Path) -> list[tuple[Path, Dataset]]:
    """Files and headers of the one series of pictures in a folder."""
    series: dict[str, list[tuple[Path, Dataset]]] = {}
    others = []  # reports, plans and the like have no pixels
    plain = []
    for file in sorted(folder.iterdir()):
        if not file.is_file():
            continue
        if not is_dicom(file):
            plain.append(file)
            continue
        header = _header(file)
        with _reading(file):
            if _has_pixels(header):
                series.setdefault(str(header.get("SeriesInstanceUID")), []).append((file, header))
            else:
                others.append((file, _class_of(header)))
    pictures = list(series.values())
    classes = set()
    for picture, header in (one for part in pictures for one in part):
        with _reading(picture):
            classes.add(_class_of(header))
    for file, kind in others:
        if any(other.startswith(kind) for other in classes):  # it may be cut off within
            raise _broken(file, "holds no pixels; it was cut off, export it again")
    endings = {file.suffix for part in pictures for file, _ in part} - {""}
    for file in plain:
        if file.suffix in endings or not file.read_bytes()[:128].strip(b"\0"):
            raise _broken(file, "is none, or cut off; export it again, or put it elsewhere")
    if not pictures:
        raise MedFusionError(
            f"The folder {folder} holds no DICOM slices; give NRRD, NIfTI, MHA or a folder of "
            "DICOM slices."
        )
    if len(pictures) > 1:
        raise MedFusionError(
            f"The folder {folder} holds {len(pictures)} DICOM series; "
            "put the slices of one series into a folder of their own."
        )
    return pictures[0]


def _header(file: Path) -> Dataset:
    try:
        import pydicom
    except ImportError:
        raise MedFusionError(
            "DICOM slices need pydicom; install it with 'pip install pydicom'."
        ) from None
    with _reading(file):
        header = pydicom.dcmread(file)
        pixels = header.get("PixelData")
        if pixels is not None:
            _check_pixels(file, header, len(pixels))
            header.PixelData = b""  # its length is checked; ITK reads it again
        return header


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Within, whatever a damaged header makes of its reader is said in a sentence."""
    log = logging.getLogger("pydicom")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    except MedFusionError:
        raise
    except Exception:
        raise _broken(file, "is damaged; export it again") from None
    finally:
        log.setLevel(before)


def _class_of(header: Dataset) -> str:
    """What kind of object it is; "" where it was cut off before it says so."""
    return str(header.file_meta.get("MediaStorageSOPClassUID", ""))


def _has_pixels(header: Dataset) -> bool:
    return "PixelData" in header


def _check_pixels(file: Path, header: Dataset, there: int) -> None:
    samples = int(header.get("SamplesPerPixel", 1))
    if samples != 1 or header.get("PhotometricInterpretation") != "MONOCHROME2":
        raise _broken(file, "is a colour or inverted picture; give a series of grey slices")
    frames = int(header.get("NumberOfFrames") or 1)
    voxels = int(header.Rows) * int(header.Columns) * frames
    if voxels < 1 or int(header.BitsAllocated) not in (8, 16, 32):
        raise _broken(file, "has no size, or bits that no reader knows")
    if header.file_meta.TransferSyntaxUID.is_compressed:
        return  # pydicom looked for the end of the last part
    wanted = voxels * (int(header.BitsAllocated) // 8)
    if there < wanted:
        raise _broken(file, f"is cut off ({there} of {wanted} bytes of pixels); export it again")


def _broken(file: Path, why: str) -> MedFusionError:
    return MedFusionError(f"The DICOM file {file.name} in {file.parent} {why}.")


# Slices -----------------------------------------------------------------------------------------


def _slices_of(file: Path, header: Dataset) -> Iterator[Slice]:
    """The slices in a file: one, or the frames of an enhanced file."""
    if not _has_pixels(header):
        raise _broken(file, "holds no pixels; it was cut off, or belongs elsewhere")
    frames = int(header.get("NumberOfFrames") or 1)
    if "PerFrameFunctionalGroupsSequence" not in header:
        if frames > 1:
            raise _broken(
                file,
                "has several frames that do not say where they lie; export single slices, or NRRD",
            )
        yield _slice(file, 0, header, lambda keyword, _: header.get(keyword))
        return
    groups = header.PerFrameFunctionalGroupsSequence
    if len(groups) != frames:
        raise _broken(file, f"has {frames} frames, and says where {len(groups)} lie")
    shared = header.get("SharedFunctionalGroupsSequence") or [{}]
    for frame, group in enumerate(groups):

        def value(keyword: str, sequence: str, group: Any = group) -> Any:
            for place in (group, shared[0]):
                if items := place.get(sequence):
                    return items[0].get(keyword)
            return None

        yield _slice(file, frame, header, value)


def _slice(file: Path, frame: int, header: Dataset, value: Callable[[str, str], Any]) -> Slice:
    def numbers(keyword: str, sequence: str, count: int, what: str) -> np.ndarray:
        try:
            found = np.array([float(x) for x in value(keyword, sequence)])
        except (TypeError, ValueError):
            found = np.array([])
        if found.shape != (count,) or not np.all(np.abs(found) < FARTHEST):
            raise _broken(file, f"does not say {what}; export it again")
        return found

    place = numbers("ImagePositionPatient", "PlanePositionSequence", 3, "where it lies")
    axes = numbers("ImageOrientationPatient", "PlaneOrientationSequence", 6, "how it is turned")
    pixel = numbers("PixelSpacing", "PixelMeasuresSequence", 2, "how large its pixels are")
    axes = axes.reshape(2, 3)
    if np.abs(axes @ axes.T - np.eye(2)).max() > SAME:
        raise _broken(file, "has an orientation that is no pair of unit vectors at right angles")
    if pixel.min() <= 0:
        raise _broken(file, "has pixels of no size")
    scale = []
    for keyword, usual in (("RescaleSlope", 1), ("RescaleIntercept", 0)):
        found = value(keyword, "PixelValueTransformationSequence")
        scale.append(usual if found is None else float(found))
    if not np.isfinite(scale).all() or scale[0] == 0:
        raise _broken(file, "has a slope or intercept of its values that is no number")
    return Slice(
        file,
        frame,
        place,
        axes,
        (float(pixel[1]), float(pixel[0])),
        (int(header.Rows), int(header.Columns)),
        (scale[0], scale[1]),
    )


def _in_order(
    slices: Sequence[Slice], path: Path
) -> tuple[list[Slice], tuple[float, float, float], np.ndarray]:
    """The slices along their normal, the spacing in mm, and the step from one to the next."""
    _check_alike(slices)
    normal = np.cross(*slices[0].axes)
    slices = sorted(slices, key=lambda one: float(one.place @ normal))
    places = np.array([one.place for one in slices])
    gaps = np.diff(places @ normal)
    if gaps.min() < 1e-3:
        second = slices[int(gaps.argmin()) + 1]
        raise _broken(
            second.file, "lies where another slice lies; give one time, echo or phase alone"
        )
    if gaps.max() - gaps.min() > UNEVEN * np.median(gaps):
        raise MedFusionError(
            f"The DICOM slices in {path} lie {gaps.min():.3g} to {gaps.max():.3g} mm apart: some "
            "are missing, or the series is not evenly spaced; complete it, or resample it first."
        )
    step = (places[-1] - places[0]) / (len(slices) - 1)
    off = np.linalg.norm(places - places[0] - np.outer(np.arange(len(slices)), step), axis=1)
    if off.max() > UNEVEN * gaps.mean():
        worst = slices[int(off.argmax())]
        raise _broken(
            worst.file, f"lies {off.max():.2g} mm beside the line of the others; correct the series"
        )
    return slices, (*slices[0].pixel, float(step @ normal)), step


def _check_alike(slices: Sequence[Slice]) -> None:
    """Raise a MedFusionError that names a slice that is not as most of the others."""
    if slices[0].file == slices[-1].file and len({one.scale for one in slices}) > 1:
        raise _broken(slices[0].file, "scales its frames differently; export single slices")
    for what, key, far in (
        ("another size", lambda one: one.size, 0),
        ("another pixel spacing", lambda one: one.pixel, 1e-4),
        ("another orientation (is it a localiser?)", lambda one: one.axes.ravel(), SAME),
    ):
        values = np.array([key(one) for one in slices], float)
        off = np.abs(values - np.median(values, axis=0)).max(axis=1)
        if off.max() > far:
            raise _broken(
                slices[int(off.argmax())].file, f"has {what} than the others; put it elsewhere"
            )


def _straight(
    array: np.ndarray,
    slices: Sequence[Slice],
    spacing: tuple[float, float, float],
    step: np.ndarray,
    name: str,
    kind: str,
) -> Volume:
    """The volume on a grid with right angles, its slices shifted in their planes where tilted."""
    row, column = slices[0].axes
    row = row / np.linalg.norm(row)
    column = column - row * (row @ column)
    column /= np.linalg.norm(column)
    normal = np.cross(row, column)
    direction = np.stack([row, column, normal], axis=1)
    origin = slices[0].place
    numbers = np.arange(len(slices))
    # pixels by which each slice lies beside the normal through the first, along columns and rows
    shifts = np.outer(numbers, [column @ step / spacing[1], row @ step / spacing[0]])
    if np.abs(shifts[-1]).max() < STRAIGHT:
        return Volume(array, spacing, origin, direction, name, modality=kind)
    angle = float(np.degrees(np.arccos(normal @ step / np.linalg.norm(step))))
    if angle > STEEPEST:
        raise MedFusionError(
            f"The slices of {name} follow one another at {angle:.0f} degrees beside their normal; "
            "that is no tilted gantry, correct the series."
        )
    from scipy import ndimage

    first = np.floor(shifts.min(0)).astype(int)
    more = np.ceil(shifts.max(0)).astype(int) - first
    air = float(array.min())
    wider = np.pad(array, ((0, 0), (0, more[0]), (0, more[1])), constant_values=air)
    for number, shift in zip(numbers, shifts - first, strict=True):
        wider[number] = ndimage.shift(wider[number], shift, order=1, cval=air)
    origin = origin + first[0] * spacing[1] * column + first[1] * spacing[0] * row
    note = (
        f"The slices of {name} are tilted by {angle:.1f} degrees against the way they follow one "
        "another (a tilted gantry); each was shifted in its plane onto a grid with right angles."
    )
    return Volume(wider, spacing, origin, direction, name, modality=kind, notes=(note,))
