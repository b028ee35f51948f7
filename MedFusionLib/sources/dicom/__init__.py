"""DICOM as volumes, only where the headers leave no doubt how the slices lie.

- `files`: one file, its header read with care
- `series`: the series in a folder or on a medium, and which of them is meant
- `frames`: where the slices in a file lie: single, enhanced, and of nuclear medicine (`nuclear`)
- `geometry`: slices in order, and straight where a gantry was tilted
- `pixels`: their values

The headers are read with pydicom, compressed pixels with ITK.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import MedFusionError
from ..formats.base import check_frame, frame_note
from ..patients import Patient
from ..volumes import Volume, triple
from .files import check_pixels, is_dicom, reading
from .frames import Slice, slices_in
from .geometry import in_order, straightened, volumes_in
from .pixels import read_values
from .series import Series, check_patient, choose_series, find_series

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["find_series", "is_dicom", "read_dicom", "read_headers", "slices_of"]

#: classes of CT whose values are HU where they have a rescale intercept
CT_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.2.2",
)


def read_dicom(
    path: Path, series: str = "", modality: str = "", frame: int | str | None = None
) -> Volume:
    """The volume of one series.

    Args:
        path: a folder with the slices, a medium with a DICOMDIR, or a file with many frames.
        series: number or UID of the series, where there are several.
        modality: "mr", "ct", "pet" or "spect": the one series of that kind, where there are several
            and none is named.
        frame: of a time series, the number of a volume, from 0, or "mean".

    Raises:
        MedFusionError: no series or several, damaged or missing slices, slices of two patients, or
            slices that do not make a box grid; the message names the file that breaks it.
    """
    with warnings.catch_warnings():  # what is wrong with a header is reported in our own words
        warnings.simplefilter("ignore")
        found = _arranged(path, series, modality, frame)
        volumes = found.volumes
        values = read_values(found.slices, found.series.instances, path)
        for more in volumes[1:]:
            values += read_values(more, found.series.instances, path)
        values /= len(volumes)
        array, origin, direction, note = straightened(
            values, found.slices, found.spacing, found.step, found.name
        )
        return Volume(
            array,
            found.spacing,
            triple(origin),
            direction,
            found.name,
            modality=found.series.modality,
            units=_units(found.series, found.slices),
            notes=(*found.notes, *([note] if note else [])),
            patient=found.patient,
            frame=found.series.said("FrameOfReferenceUID"),
        )


def slices_of(
    path: Path, series: str = "", modality: str = "", frame: int | str | None = None
) -> list[Slice]:
    """The slices that `read_dicom` would read, in order, from their headers alone.

    Raises:
        MedFusionError: as `read_dicom`, but for what is wrong with the pixels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _arranged(path, series, modality, frame).slices


def read_headers(path: Path, series: str = "", modality: str = "") -> list[Dataset]:
    """The headers (no pixels) of a volume's files; empty where it is no DICOM.

    Raises:
        MedFusionError: as `read_dicom`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.is_file() and not is_dicom(path):
            return []
        return [part.header for part in choose_series(path, series, modality).instances]


@dataclass(frozen=True)
class _Arranged:
    """A series whose slices are in order.

    Attributes:
        volumes: the slices of each volume whose mean is wanted; of one, but for a time series.
    """

    series: Series
    volumes: list[list[Slice]]
    spacing: tuple[float, float, float]
    step: np.ndarray
    patient: Patient
    notes: tuple[str, ...]

    @property
    def slices(self) -> list[Slice]:
        """Of the first volume."""
        return self.volumes[0]

    @property
    def name(self) -> str:
        """Of the volume."""
        return _name(self.series)


def _name(series: Series) -> str:
    """What to call a series; the name of a folder is often the patient's."""
    return "-".join([series.modality or "dicom", "series", *series.number.split()])


def _arranged(path: Path, wanted: str, modality: str, frame: int | str | None) -> _Arranged:
    series = choose_series(path, wanted, modality)
    slices: list[Slice] = []
    for instance in series.instances:
        check_pixels(instance)
        with reading(instance.file):
            slices += slices_in(instance)
    if len(slices) < 2:
        raise MedFusionError(
            f"{path} holds a single DICOM slice; give the folder with all slices of the series."
        )
    times = volumes_in(slices)
    check_frame(len(times), _name(series), frame)
    if len(times) > 1 and isinstance(frame, int):
        chosen = [times[frame]]
    else:
        chosen = times
    ordered = [in_order(part, path) for part in chosen]
    return _Arranged(
        series,
        [part for part, _, _ in ordered],
        *ordered[0][1:],
        check_patient(series),
        frame_note(len(times), _name(series), frame),
    )


def _units(series: Series, slices: list[Slice]) -> str:
    """Whether a CT says that it is in HU."""
    kind = series.said("SOPClassUID") or series.instances[0].kind
    known = series.said("RescaleType") in ("", "HU") and slices[0].scale[1] != 0
    return "hu" if series.modality == "ct" and kind in CT_CLASSES and known else ""
