"""Slices of nuclear medicine (SPECT): one file with many frames, and one place for all of them.

DICOM PS3.3, C.8.4.8 to C.8.4.15: the position and orientation of the first frame stand in the
Detector Information Sequence, and the sign of Spacing Between Slices says on which side of it the
others follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .files import broken

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NUCLEAR_MEDICINE = "1.2.840.10008.5.1.4.1.1.20"
#: vectors of which a volume has one value alone, and what each numbers
_OTHERS = {
    "EnergyWindowVector": "energy windows",
    "DetectorVector": "detectors",
    "PhaseVector": "phases",
    "RotationVector": "rotations",
    "RRIntervalVector": "beats",
    "TimeSlotVector": "times",
    "AngularViewVector": "views",
    "TimeSliceVector": "times",
}


def is_reconstruction(header: Dataset) -> bool:
    """Whether a file is of nuclear medicine and may hold reconstructed slices."""
    return header.get("SOPClassUID") == NUCLEAR_MEDICINE


def frames_of(file: Path, header: Dataset) -> Iterator[tuple[int, Callable[[str, str], Any]]]:
    """Number of each frame, and what its header says by keyword.

    Raises:
        MedFusionError: projections, several times or energy windows, or no place.
    """
    kind = [str(word) for word in header.get("ImageType") or ()]
    if "RECON TOMO" not in kind and "RECON GATED TOMO" not in kind:
        words = kind[2] if len(kind) > 2 else "no reconstruction"
        raise broken(file, f"holds projections ({words}), not slices; give the reconstruction")
    for keyword, what in _OTHERS.items():
        if len(set(_many(header.get(keyword)))) > 1:
            raise broken(file, f"holds several {what}; export one of them alone")
    frames = int(header.NumberOfFrames)
    numbers = _many(header.get("SliceVector")) or list(range(1, frames + 1))
    if len(numbers) != frames:
        raise broken(file, f"has {frames} frames, and numbers {len(numbers)}")
    detector = (header.get("DetectorInformationSequence") or [{}])[0]
    place, turned = detector.get("ImagePositionPatient"), detector.get("ImageOrientationPatient")
    step = header.get("SpacingBetweenSlices") or header.get("SliceThickness")
    if place is None or turned is None or step is None:
        raise broken(file, "does not say where its slices lie; export single slices, or NIfTI")
    axes = np.array(turned, float).reshape(2, 3)
    normal = np.cross(*axes)
    for frame, number in enumerate(numbers):
        at = np.array(place, float) + (int(number) - 1) * float(step) * normal
        known = {"ImagePositionPatient": at, "ImageOrientationPatient": turned}

        def value(keyword: str, _: str, known: dict[str, Any] = known) -> Any:
            return known.get(keyword, header.get(keyword))

        yield frame, value


def _many(value: Any) -> list[Any]:
    """The values of an element that may hold none, one or several."""
    if value is None:
        return []
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
