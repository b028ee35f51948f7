"""The slices in DICOM files: where each lies, and how its values are scaled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..volumes import FARTHEST
from . import nuclear
from .files import Instance, broken, reading

if TYPE_CHECKING:
    from pathlib import Path

SAME = 1e-3  # of a unit vector; writers round to six digits


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
        time: orders the slices of one place in a time series; None where it is not said.
    """

    file: Path
    frame: int
    place: np.ndarray
    axes: np.ndarray
    pixel: tuple[float, float]
    size: tuple[int, int]
    scale: tuple[float, float]
    time: float | None = None


def slices_in(instance: Instance) -> Iterator[Slice]:
    """The slices in a file: one, the frames of an enhanced file, or of nuclear medicine.

    Raises:
        MedFusionError: a header that does not say where they lie, or what is wrong with it.
    """
    file, header, frames = instance.file, instance.header, instance.frames
    with reading(file):
        if "MOSAIC" in (header.get("ImageType") or ()):
            raise broken(
                file,
                "is a Siemens mosaic, all slices of one time in one picture; convert the series "
                "to NIfTI, with dcm2niix for one, and give that",
            )
        if "PerFrameFunctionalGroupsSequence" in header:
            yield from _of_enhanced(instance)
        elif frames == 1:
            yield _slice(instance, 0, lambda keyword, _: header.get(keyword))
        elif nuclear.is_reconstruction(header):
            for frame, value in nuclear.frames_of(file, header):
                yield _slice(instance, frame, value)
        else:
            raise broken(
                file,
                "has several frames that do not say where they lie; export single slices, or NRRD",
            )


def _of_enhanced(instance: Instance) -> Iterator[Slice]:
    """The frames of an enhanced file, each with its own place and scale."""
    file, header, frames = instance.file, instance.header, instance.frames
    groups = header.PerFrameFunctionalGroupsSequence
    if len(groups) != frames:
        raise broken(file, f"has {frames} frames, and says where {len(groups)} lie")
    shared = header.get("SharedFunctionalGroupsSequence") or [{}]
    for frame, group in enumerate(groups):

        def value(keyword: str, sequence: str, group: Any = group) -> Any:
            for place in (group, shared[0]):
                if items := place.get(sequence):
                    return items[0].get(keyword)
            return header.get(keyword) if keyword.startswith("Rescale") else None

        yield _slice(instance, frame, value)


def _slice(instance: Instance, frame: int, value: Callable[[str, str], Any]) -> Slice:
    """A slice; `value` gives what its header says by keyword, and the sequence it stands in."""
    file, header = instance.file, instance.header

    def numbers(keyword: str, sequence: str, count: int, what: str) -> np.ndarray:
        try:
            found = np.array([float(x) for x in value(keyword, sequence)])
        except (TypeError, ValueError):
            found = np.array([])
        if found.shape != (count,) or not np.all(np.abs(found) < FARTHEST):
            raise broken(file, f"does not say {what}; export it again")
        return found

    place = numbers("ImagePositionPatient", "PlanePositionSequence", 3, "where it lies")
    axes = numbers("ImageOrientationPatient", "PlaneOrientationSequence", 6, "how it is turned")
    pixel = numbers("PixelSpacing", "PixelMeasuresSequence", 2, "how large its pixels are")
    axes = axes.reshape(2, 3)
    if np.abs(axes @ axes.T - np.eye(2)).max() > SAME:
        raise broken(file, "has an orientation that is no pair of unit vectors at right angles")
    if pixel.min() <= 0:
        raise broken(file, "has pixels of no size")
    scale = []
    for keyword, usual in (("RescaleSlope", 1), ("RescaleIntercept", 0)):
        found = value(keyword, "PixelValueTransformationSequence")
        scale.append(usual if found is None else float(found))
    if not np.isfinite(scale).all() or scale[0] == 0:
        raise broken(file, "has a slope or intercept of its values that is no number")
    return Slice(
        file,
        frame,
        place,
        axes,
        (float(pixel[1]), float(pixel[0])),
        (int(header.Rows), int(header.Columns)),
        (scale[0], scale[1]),
        _time(value),
    )


def _time(value: Callable[[str, str], Any]) -> float | None:
    """What orders the slices of one place: a number of a time, or a time."""
    for keyword, sequence in (
        ("TemporalPositionIndex", "FrameContentSequence"),
        ("TemporalPositionIdentifier", "FrameContentSequence"),
        ("FrameReferenceTime", "FrameContentSequence"),
        ("AcquisitionTime", "FrameContentSequence"),
    ):
        try:
            return float(value(keyword, sequence))
        except (TypeError, ValueError):
            continue
    return None
