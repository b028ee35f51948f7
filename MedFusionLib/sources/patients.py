"""Whose scan it is by its DICOM header: patients are told apart, and never named."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import TYPE_CHECKING

from ..errors import MedFusionError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from .volumes import Volume


@dataclass(frozen=True)
class Patient:
    """Digests of what names a patient, so that no name can end up on a screen or in a file.

    Attributes:
        id, name, birth_date: a digest of each; "" where the header does not say it.
    """

    id: str = ""
    name: str = ""
    birth_date: str = ""

    @classmethod
    def of(cls, header: Dataset) -> Patient:
        """The patient of a DICOM header. Capitals, spaces and ^ make no difference."""

        def digest(keyword: str) -> str:
            words = " ".join(str(header.get(keyword) or "").replace("^", " ").casefold().split())
            return hashlib.sha256(words.encode()).hexdigest() if words else ""

        return cls(digest("PatientID"), digest("PatientName"), digest("PatientBirthDate"))

    def joined(self, other: Patient) -> Patient:
        """What either of two headers of one patient says."""
        return Patient(
            *(getattr(self, one.name) or getattr(other, one.name) for one in fields(self))
        )

    def differs_in(self, other: Patient) -> str:
        """What differs where both say it, in words; "" where nothing does.

        Example:
            >>> Patient("a", "b", "c").differs_in(Patient("d", "", "e"))
            'id and birth date'
        """
        pairs = (
            (part.name, getattr(self, part.name), getattr(other, part.name))
            for part in fields(self)
        )
        found = [
            name.replace("_", " ") for name, mine, its in pairs if mine and its and mine != its
        ]
        return " and ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))


def check_one_patient(volumes: Sequence[Volume], different: bool = False) -> None:
    """Check that volumes are of one patient, as far as their DICOM headers say.

    Args:
        volumes: to fuse; those that say nothing of a patient are left out.
        different: they may be of several, as phantoms and templates are.

    Raises:
        MedFusionError: id, name or birth date of two differ.
    """
    known = [(volume.name, volume.patient) for volume in volumes if volume.patient]
    for (name, patient), (other, other_patient) in combinations(known, 2):
        words = patient.differs_in(other_patient)
        if words and not different:
            raise MedFusionError(
                f"{name} and {other} are of two patients by their DICOM headers (another "
                f"{words}); give scans of one patient, or allow different patients for phantoms "
                "and templates."
            )


def frame_warnings(volumes: Sequence[Volume]) -> list[str]:
    """A sentence for each volume whose frame of reference is another than the first one's."""
    first, *others = volumes
    return [
        f"{volume.name} has another frame of reference than {first.name} by its DICOM header: the "
        "scanner does not say how the two lie to each other; see how far off they are measured."
        for volume in others
        if first.frame and volume.frame and volume.frame != first.frame
    ]
