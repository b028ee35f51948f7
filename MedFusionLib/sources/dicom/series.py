"""The DICOM series in a folder, a medium with a DICOMDIR, or a file; and which of them is meant."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import MedFusionError
from ..patients import Patient
from .files import DIRECTORY, Instance, broken, is_dicom, may_be_picture, read_instance, reading

#: DICOM's word for a modality -> ours
MODALITY = {"MR": "mr", "CT": "ct", "PT": "pet", "NM": "spect"}
DIRECTORY_NAME = "DICOMDIR"
LONGEST = 60  # characters of a description


@dataclass(frozen=True)
class Series:
    """Pictures that belong together.

    Attributes:
        uid: SeriesInstanceUID.
        instances: its files.
    """

    uid: str
    instances: tuple[Instance, ...]

    @property
    def number(self) -> str:
        """Its number within the study; "" where it has none."""
        return " ".join(self.said("SeriesNumber").split())

    @property
    def modality(self) -> str:
        """ "mr", "ct", "pet", "spect", or "" where it is none of them."""
        return MODALITY.get(self.said("Modality"), "")

    @property
    def slices(self) -> int:
        """How many pictures it holds."""
        return sum(instance.frames for instance in self.instances)

    @property
    def description(self) -> str:
        """What its scanner calls it."""
        return " ".join(self.said("SeriesDescription").split())[:LONGEST]

    @property
    def words(self) -> str:
        """Number, modality and slices, for errors, which a cohort's table keeps.

        Without the description, in which people write what they like.
        """
        modality = self.said("Modality") or "no modality"
        slices = f"{self.slices} slice" + "s" * (self.slices != 1)
        return f"{self.number or self.uid} ({modality}, {slices})"

    def said(self, keyword: str) -> str:
        """What its first file says; "" where it says nothing."""
        with reading(self.instances[0].file):
            return str(self.instances[0].header.get(keyword) or "")


def find_series(path: Path) -> list[Series]:
    """All series of pictures that a path leads to, by study date and number.

    Args:
        path: a folder with slices; a folder (a CD) with a DICOMDIR, or with slices in its folders
            only; a DICOMDIR; or a file.

    Raises:
        MedFusionError: no such path, no DICOM pictures, or a file that is damaged or cut off.
    """
    with warnings.catch_warnings():  # what is wrong with a header is reported in our own words
        warnings.simplefilter("ignore")
        return sorted(_found(path), key=_order)


def _found(path: Path) -> list[Series]:
    if not path.exists():
        raise MedFusionError(f"There is no file {path}; check the path.")
    if path.is_file():
        if not is_dicom(path):
            raise MedFusionError(f"{path} is no DICOM file; give a folder with DICOM slices.")
        if path.name != DIRECTORY_NAME:
            instance = read_instance(path)
            if instance.kind != DIRECTORY:
                return [Series(instance.series, (instance,))]
        path = path.parent
    series: dict[str, list[Instance]] = {}
    others: list[Instance] = []  # reports, plans and the like have no pixels
    plain: list[Path] = []
    for file in _files_in(path):
        if not is_dicom(file):
            plain.append(file)
            continue
        instance = read_instance(file)
        if instance.pixels:
            series.setdefault(instance.series, []).append(instance)
        elif instance.kind != DIRECTORY:
            others.append(instance)
    found = [Series(uid, tuple(part)) for uid, part in series.items()]
    _check_others(found, others, plain)
    if not found:
        raise MedFusionError(
            f"The folder {path} holds no DICOM slices; give NRRD, NIfTI, MHA or a folder of "
            "DICOM slices."
        )
    return found


def choose_series(path: Path, wanted: str = "", modality: str = "") -> Series:
    """The one series that is meant.

    Args:
        path: see `find_series`.
        wanted: number or UID of the series; "" where it is not said.
        modality: the kind to choose where there are several and none is named.

    Raises:
        MedFusionError: none, or several; the message lists them.
    """
    found = find_series(path)
    if wanted:
        right = [one for one in found if wanted in (one.number, one.uid)]
        if len(right) == 1:
            return right[0]
        if right:
            uids = ", ".join(one.uid for one in right)
            raise MedFusionError(
                f"{len(right)} series in {path} have the number {wanted}; choose one by its UID: "
                f"{uids}."
            )
        raise MedFusionError(f"There is no series {wanted} in {path}; it holds {_list(found)}.")
    if len(found) == 1:
        return found[0]
    right = [one for one in found if modality and one.modality == modality and one.slices > 1]
    if len(right) == 1:
        return right[0]
    what = f"{len(right) or 'none'} of them {modality.upper()}, " if modality else ""
    raise MedFusionError(
        f"{path} holds {len(found)} DICOM series, {what}and it is not said which is meant; choose "
        f"one by its number: {_list(found)} ('medfusion series' lists their descriptions, too)."
    )


def _list(found: Sequence[Series]) -> str:
    return "; ".join(one.words for one in found)


def check_patient(series: Series) -> Patient:
    """Whose series it is.

    Raises:
        MedFusionError: it holds slices of two patients.
    """
    whose = Patient()
    for instance in series.instances:
        with reading(instance.file):
            other = Patient.of(instance.header)
            number = str(instance.header.get("InstanceNumber") or "?")
        if words := whose.differs_in(other):
            raise MedFusionError(
                f"The DICOM series in {instance.file.parent} holds slices of two patients (another "
                f"{words} from instance {number} on); "
                "put each patient's slices into a folder of their own."
            )
        whose = whose.joined(other)
    return whose


def _files_in(folder: Path) -> list[Path]:
    """The files directly in a folder; those of all its folders where it is a medium."""
    direct = sorted(part for part in folder.iterdir() if part.is_file())
    medium = any(part.name == DIRECTORY_NAME for part in direct)
    if not medium and any(map(is_dicom, direct)):
        return direct
    deeper = sorted(part for part in folder.rglob("*") if part.is_file())
    return deeper if medium or any(map(is_dicom, deeper)) else direct


def _check_others(
    found: Sequence[Series], others: Sequence[Instance], plain: Sequence[Path]
) -> None:
    """Raise a MedFusionError where a file beside the slices may be one that was cut off."""
    for instance in others:
        if may_be_picture(instance):
            raise broken(
                instance.file, "holds no pixels; it was cut off or damaged, export it again"
            )
    pictures = [instance for one in found for instance in one.instances]
    folders = {instance.file.parent for instance in pictures}
    endings = {instance.file.suffix for instance in pictures} - {""}
    for file in plain:
        if file.parent not in folders:
            continue
        with file.open("rb") as stream:
            start = stream.read(128)
        if file.suffix in endings or not start.strip(b"\0"):
            raise broken(file, "is none, or cut off; export it again, or put it elsewhere")


def _order(series: Series) -> tuple[Any, ...]:
    date = series.said("StudyDate"), series.said("StudyTime")
    number = series.number
    return (*date, int(number) if number.lstrip("-").isdigit() else 0, series.uid)
