"""NIfTI-1 and NIfTI-2, as one file or two, and the Analyze 7.5 that they came from.

Read here and not by ITK, which ends the process over a vector volume with a slope, turns NaN into
0, takes the qform where other programs take the sform, and refuses an sform that is sheared by
rounding. References: nifti.nimh.nih.gov, `nifti1.h` and `nifti2.h`.
"""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import MedFusionError
from ..volumes import check_geometry, check_scalar, to_float32, triple
from .base import DamagedError, FileFormat, Header
from .streams import (
    LARGEST,
    MOST_DIMENSIONS,
    check_bytes,
    is_sensible,
    open_inflated,
    read_exactly,
    readable_bytes,
    skip,
)

#: the fields of a header that are read: name -> type and place
_FIRST = {
    "size": ("i4", 0), "dim": ("8i2", 40), "type": ("i2", 70), "bits": ("i2", 72),
    "pixdim": ("8f4", 76), "start": ("f4", 108), "slope": ("f4", 112), "intercept": ("f4", 116),
    "units": ("u1", 123), "qform_code": ("i2", 252), "sform_code": ("i2", 254),
    "quaternion": ("3f4", 256), "offset": ("3f4", 268), "sform": ("(3,4)f4", 280),
    "spm_origin": ("3i2", 253), "magic": ("S4", 344),
}  # fmt: skip
_SECOND = {
    "size": ("i4", 0), "magic": ("S4", 4), "type": ("i2", 12), "bits": ("i2", 14),
    "dim": ("8i8", 16), "pixdim": ("8f8", 104), "start": ("i8", 168), "slope": ("f8", 176),
    "intercept": ("f8", 184), "qform_code": ("i4", 344), "sform_code": ("i4", 348),
    "quaternion": ("3f8", 352), "offset": ("3f8", 376), "sform": ("(3,4)f8", 400),
    "units": ("i4", 500),
}  # fmt: skip
#: length of a header -> its fields
_FIELDS = {348: _FIRST, 540: _SECOND}

#: data type -> NumPy's, and values in a voxel
_TYPES = {
    2: ("u1", 1), 4: ("i2", 1), 8: ("i4", 1), 16: ("f4", 1), 32: ("c8", 1), 64: ("f8", 1),
    128: ("u1", 3), 256: ("i1", 1), 512: ("u2", 1), 768: ("u4", 1), 1024: ("i8", 1),
    1280: ("u8", 1), 1792: ("c16", 1), 2304: ("u1", 4),
}  # fmt: skip
#: code of a unit of length -> mm
_MILLIMETRES = {1: 1000.0, 2: 1.0, 3: 0.001}


@dataclass(frozen=True)
class _Fields:
    """What a file's header says.

    Attributes:
        kind: "NIfTI" or "Analyze".
        size: voxels along i, j, k.
        counts: along the dimensions beyond, without those of 1 at the end: () in a plain volume.
        dimensions: of the three.
        dtype: of a value as stored.
        components: values in a voxel.
        start: place of the first voxel in its file.
        data: the file that holds the voxels.
        raw: the other fields by name.
    """

    kind: str
    size: tuple[int, int, int]
    counts: tuple[int, ...]
    dimensions: int
    dtype: np.dtype
    components: int
    start: int
    data: Path
    raw: dict[str, Any]

    @property
    def volume_bytes(self) -> int:
        """Of one volume."""
        return math.prod(self.size) * self.components * self.dtype.itemsize


class Nifti(FileFormat):
    """NIfTI and Analyze; two files are given by either of them."""

    name = "NIfTI"
    endings = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz")

    def files(self, path: Path) -> list[Path]:
        """See `FileFormat.files`."""
        try:
            return [path, *(part for part in dict.fromkeys(_files(path)) if part != path)]
        except DamagedError:  # one of the two is missing
            return [path]

    def check(self, path: Path) -> None:
        """See `FileFormat.check`."""
        fields = _fields(path)
        wanted = fields.volume_bytes * math.prod(fields.counts)
        with open_inflated(fields.data) as stream:
            skip(stream, fields.start)
            packed = isinstance(stream, gzip.GzipFile)
            check_bytes(readable_bytes(stream, wanted), wanted, packed)

    def header(self, path: Path, name: str, orientation: str | None = None) -> Header:
        """See `FileFormat.header`."""
        fields = _fields(path)
        components = fields.components * math.prod(fields.counts[1:])
        check_scalar(components, fields.dimensions, name)
        if fields.dtype.kind == "c":
            raise MedFusionError(f"{name} holds complex numbers; give their magnitude.")
        affine, notes = _place(fields, name, orientation)
        check_geometry(affine[:3, :3], name)
        if _scale(fields) is None and fields.raw["intercept"] and fields.kind == "NIfTI":
            notes = (
                *notes,
                f"{name} has an intercept of {fields.raw['intercept']:g} but a slope of "
                f"{fields.raw['slope']:g}, which NIfTI defines as no scaling: its values are "
                "taken as they are stored.",
            )
        frames = fields.counts[0] if fields.counts else 1
        return Header.of_affine(fields.size, affine, frames=frames, notes=tuple(notes))

    def frames(self, path: Path, name: str) -> Iterator[np.ndarray]:
        """See `FileFormat.frames`."""
        fields = _fields(path)
        scale = _scale(fields)
        with open_inflated(fields.data) as stream:
            skip(stream, fields.start)
            for _ in range(math.prod(fields.counts)):
                stored = np.frombuffer(read_exactly(stream, fields.volume_bytes), fields.dtype)
                stored = stored.reshape(fields.size[::-1])
                yield stored if scale is None else _scaled(stored, *scale, name)


FORMAT = Nifti()


# Fields -----------------------------------------------------------------------------------------


def _fields(path: Path) -> _Fields:
    """The header of a file, checked."""
    head, data = _files(path)
    with open_inflated(head) as stream:
        whole = stream.read(540)
    order, raw = _unpacked(whole)
    magic = raw["magic"][:3]
    kind = (
        "NIfTI"
        if magic in ((b"n+2", b"ni2") if raw["size"] == 540 else (b"n+1", b"ni1"))
        else "Analyze"
    )
    if kind == "Analyze" and (head == data or raw["size"] == 540):
        raise DamagedError("it is no NIfTI file")
    together = magic.startswith(b"n+")
    if together != (head == data):
        raise DamagedError(
            "it says that header and voxels are one file, with the ending .nii or .nii.gz"
            if together
            else "it says that its voxels are in a second file; both have to be there, "
            "with the endings .hdr and .img"
        )
    dimension, *sizes = (int(size) for size in raw["dim"])
    if not 1 <= dimension <= MOST_DIMENSIONS or min(sizes[:dimension]) < 1:
        raise DamagedError("its dimensions are not 1 to 7 numbers above 0")
    sizes = sizes[:dimension] + [1] * (3 - dimension)
    while len(sizes) > 3 and sizes[-1] == 1:
        sizes.pop()
    letters, components = _TYPES.get(int(raw["type"]), ("", 0))
    if not letters or np.dtype(letters).itemsize * 8 * components != raw["bits"]:
        raise DamagedError("its voxel type is not known")
    if not all(0 < abs(step) < LARGEST for step in raw["pixdim"][1 : 1 + min(dimension, 3)]):
        raise DamagedError("its voxel size is not a number above 0")
    start = float(raw["start"])
    if not ((raw["size"] + 4 if together else 0) <= start < 2**31 and start == int(start)):
        raise DamagedError("its voxels have no place in the file")
    _check_place(kind, raw)
    return _Fields(
        kind,
        triple(sizes[:3]),
        tuple(sizes[3:]),
        min(dimension, 3),
        np.dtype(order + letters),
        components,
        int(start),
        data,
        raw,
    )


def _unpacked(whole: bytes) -> tuple[str, dict[str, Any]]:
    """The byte order of a header, and its fields."""
    for length in _FIELDS:
        for order in "<>":
            if len(whole) >= length and whole[:4] == np.array(length, f"{order}i4").tobytes():
                layout = _layout(length, order)
                found = np.frombuffer(whole, layout, count=1)[0]
                return order, {name: found[name] for name in layout.names or ()}
    raise DamagedError("it is no NIfTI file, or cut off within its header")


@cache
def _layout(length: int, order: str) -> np.dtype:
    """Where the fields of a header of that length stand, in a byte order."""
    fields = _FIELDS[length]
    return np.dtype(
        {
            "names": list(fields),
            "formats": [_in_order(letters, order) for letters, _ in fields.values()],
            "offsets": [place for _, place in fields.values()],
            "itemsize": length,
        }
    )


def _in_order(letters: str, order: str) -> str:
    """A type with its byte order: "8i2" -> "8<i2"."""
    return re.sub(r"(?=[iuf]\d$)", order, letters)


def _check_place(kind: str, raw: dict[str, Any]) -> None:
    if kind == "Analyze":
        return
    used = [raw["pixdim"][0]]
    if raw["qform_code"] > 0:
        used += [*raw["quaternion"], *raw["offset"]]
    if raw["sform_code"] > 0:
        used += [*raw["sform"].ravel()]
    if not all(map(is_sensible, used)):
        raise DamagedError("its place in space is not finite, or too large")
    if raw["qform_code"] > 0 and (raw["quaternion"].astype(float) ** 2).sum() > 1.01:
        raise DamagedError("its quaternion turns by no angle")


def _files(path: Path) -> tuple[Path, Path]:
    """The file with the header and the one with the voxels; the same where there is one file."""
    found = re.fullmatch(r"(.*\.)(hdr|img)(\.gz)?", path.name, re.IGNORECASE)
    if not found:
        return path, path
    stem, ending, packed = found[1], found[2], found[3] or ""
    pair = []
    for wanted in ("hdr", "img"):
        wanted = wanted.upper() if ending.isupper() else wanted
        names = [f"{stem}{wanted}{end}" for end in dict.fromkeys((packed, "", ".gz"))]
        files = (path.with_name(name) for name in names)
        there = next((file for file in files if file.is_file()), None)
        if there is None:
            raise DamagedError(f"the file {names[0]} that belongs to it is not beside it")
        pair.append(there)
    return pair[0], pair[1]


def _scale(fields: _Fields) -> tuple[float, float] | None:
    """Slope and intercept of the values; None where they are taken as stored."""
    slope, intercept = float(fields.raw["slope"]), float(fields.raw["intercept"])
    if fields.kind == "Analyze":  # SPM's, which has a slope at most
        intercept = 0.0
    if slope == 0 or not math.isfinite(slope) or (slope, intercept) == (1, 0):
        return None
    if not math.isfinite(intercept):
        raise DamagedError("the intercept of its values is not finite")
    return slope, intercept


def _scaled(stored: np.ndarray, slope: float, intercept: float, name: str) -> np.ndarray:
    """The values, float32; slice by slice, for a whole volume in float64 takes much memory."""
    ends = np.array([stored.min(), stored.max()], float) * slope + intercept
    to_float32(ends, name)  # raises where float32 cannot tell them apart
    array = np.empty(stored.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # what becomes infinite is refused later
        for values, into in zip(stored, array, strict=True):
            into[:] = values.astype(float) * slope + intercept
    return array


# Place ------------------------------------------------------------------------------------------


def _place(
    fields: _Fields, name: str, orientation: str | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """From (i, j, k, 1) to RAS mm, and what the user has to know of it.

    The rule: the sform where there is one, as nibabel, SPM and FSL take it, else the qform, else
    what nibabel assumes. Where both are there and put a corner of the volume more than half a
    voxel apart, the user is told; where they disagree on left and right, or the sform is sheared,
    the file is refused unless `orientation` chooses.
    """
    unit = _unit(fields)
    sform, qform = _sform(fields, unit), _qform(fields, unit)
    if sform is None:
        return _assumed(fields, name, unit) if qform is None else (qform, ())
    if qform is None:
        return sform, ()
    apart = _apart(sform, qform, fields.size)
    half = 0.5 * float(np.linalg.norm(qform[:3, :3], axis=0).min())
    if apart <= half:
        return (sform if _is_box(sform) else qform), ()
    if orientation:
        chosen = sform if orientation == "sform" else qform
        return chosen, (
            f"The sform and the qform of {name} lie up to {apart:.1f} mm apart; the {orientation} "
            "was taken, as chosen.",
        )
    if np.linalg.det(sform[:3, :3]) * np.linalg.det(qform[:3, :3]) < 0:
        raise MedFusionError(
            f"The sform and the qform of {name} are mirror images of each other: by one of them "
            "left is right. Find out which is true, and choose it with --orientation sform or "
            "--orientation qform."
        )
    if not _is_box(sform):
        raise MedFusionError(
            f"The sform of {name} is sheared, and lies up to {apart:.1f} mm from its qform; "
            "resample it onto a grid with right angles, or take the qform with "
            "--orientation qform."
        )
    return sform, (
        f"The sform and the qform of {name} lie up to {apart:.1f} mm apart; the sform was taken, "
        "as SPM, FSL and nibabel do. Check where it lies; --orientation qform takes the other.",
    )


def check_placed(path: Path, name: str, affine: np.ndarray) -> tuple[str, ...]:
    """Notes for the user on a file that another program has read and placed.

    Args:
        path: of the file.
        name: what to call the volume in messages.
        affine: from (i, j, k, 1) to RAS mm, where that program put it.

    Returns:
        Sentences for the user; none where the volume was moved by hand since.

    Raises:
        MedFusionError: it lies where one of two forms puts it that are mirror images.
        DamagedError, OSError: the file is none that this module reads, or cannot be read.
    """
    fields = _fields(path)
    unit = _unit(fields)
    sform, qform = _sform(fields, unit), _qform(fields, unit)
    steps = np.abs(fields.raw["pixdim"][1:4].astype(float)) * unit
    half = 0.5 * float(steps.min())
    if sform is None and qform is None:
        by_itk = np.diag([-steps[0], -steps[1], steps[2], 1])
        if fields.kind == "NIfTI" and not _lies(affine, by_itk, fields.size, half):
            return ()
        return (
            f"The file of {name} does not say how it lies in space; check front and back, left and "
            "right.",
        )
    if sform is None or qform is None:
        return ()
    apart = _apart(sform, qform, fields.size)
    forms = {"sform": sform, "qform": qform}
    near = [form for form, there in forms.items() if _lies(affine, there, fields.size, half)]
    if apart <= half or not near:
        return ()
    taken, other = near[0], {"sform": "qform", "qform": "sform"}[near[0]]
    if np.linalg.det(sform[:3, :3]) * np.linalg.det(qform[:3, :3]) < 0:
        raise MedFusionError(
            f"The sform and the qform in the file of {name} are mirror images of each other: by "
            "one of them left is right. Find out which is true; if it is as shown, save the volume "
            "as NRRD, and take that."
        )
    return (
        f"{name} lies where the {taken} of its file puts it; the {other} puts it up to "
        f"{apart:.1f} mm from there (SPM, FSL and nibabel take the sform). Check which is true.",
    )


def _unit(fields: _Fields) -> float:
    """The unit of lengths in mm."""
    if fields.kind == "Analyze":
        return 1.0
    return _MILLIMETRES.get(int(fields.raw["units"]) & 7, 1.0)


def _sform(fields: _Fields, unit: float) -> np.ndarray | None:
    if fields.kind == "Analyze" or fields.raw["sform_code"] <= 0:
        return None
    affine = np.vstack([fields.raw["sform"].astype(float) * unit, [0, 0, 0, 1]])
    if fields.raw["qform_code"] > 0 and np.linalg.matrix_rank(affine) < 4:
        return None  # a code without a matrix
    return affine


def _qform(fields: _Fields, unit: float) -> np.ndarray | None:
    from scipy.spatial.transform import Rotation

    if fields.kind == "Analyze" or fields.raw["qform_code"] <= 0:
        return None
    b, c, d = fields.raw["quaternion"].astype(float)
    a = math.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    steps = np.abs(fields.raw["pixdim"][1:4].astype(float))
    if fields.raw["pixdim"][0] < 0:
        steps[2] *= -1
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_quat([b, c, d, a]).as_matrix() * steps * unit
    affine[:3, 3] = fields.raw["offset"].astype(float) * unit
    return affine


def _assumed(fields: _Fields, name: str, unit: float) -> tuple[np.ndarray, tuple[str, ...]]:
    """Where nibabel puts a volume whose file does not say where it lies.

    i to the left, j to the front, k upwards, the middle (or SPM's origin) at 0.
    """
    steps = np.abs(fields.raw["pixdim"][1:4].astype(float)) * unit * (-1, 1, 1)
    size = np.array(fields.size)
    middle = (size - 1) / 2
    if fields.kind == "Analyze":
        origin = fields.raw["spm_origin"].astype(int)
        if origin.any() and np.all((origin > -size) & (origin < 2 * size)):
            middle = origin - 1.0
    affine = np.diag([*steps, 1.0])
    affine[:3, 3] = -middle * steps
    return affine, (
        f"{name} does not say how it lies in space"
        + (" (Analyze 7.5 cannot)" if fields.kind == "Analyze" else " (no sform, no qform)")
        + ": its rows are taken to run to the left, its columns to the front, its slices upwards. "
        "Check left and right, or convert it from its DICOM slices anew.",
    )


def _apart(one: np.ndarray, other: np.ndarray, size: tuple[int, int, int]) -> float:
    """The largest distance in mm between the corners of a volume by two matrices."""
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(size) - 1)
    corners = np.c_[corners, np.ones(8)]
    return float(np.linalg.norm((corners @ (one - other).T)[:, :3], axis=1).max())


def _lies(affine: np.ndarray, form: np.ndarray, size: tuple[int, int, int], far: float) -> bool:
    """Whether a volume lies where a form puts it, its slices perhaps in the other order.

    Slicer turns the order of the slices of a left-handed volume when it reads it.
    """
    if np.linalg.det(affine[:3, :3]) * np.linalg.det(form[:3, :3]) < 0:
        turned = np.diag([1.0, 1, -1, 1])
        turned[2, 3] = size[2] - 1
        affine = affine @ turned
    return _apart(affine, form, size) <= far


def _is_box(affine: np.ndarray) -> bool:
    try:
        check_geometry(affine[:3, :3], "")
    except MedFusionError:
        return False
    return True
