"""A fusion as DICOM series, for stations that read nothing else.

Series on the MR's grid: the fused volume as a derived MR series of 16 bits (the class that
readers take a volume's place from), and each colour volume as RGB secondary captures, for display
only, with the legend as their last instance. With the MR's DICOM headers they join its patient,
study and frame of reference; without, they belong to a made-up patient who is clearly one.
"""

from __future__ import annotations

import datetime
import textwrap
import warnings
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..colour.coding import Coding, legend
from ..errors import MedFusionError
from ..report import Report
from ..sources.patients import Patient
from ..sources.volumes import Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

FULL = 65535  # the stored value of a fused value of 1
FIRST_SERIES = 9001  # the fused volume's number; the colour volumes' follow
NOBODY = {"PatientName": "MEDFUSION^NOT A REAL PATIENT", "PatientID": "MEDFUSION-NOT-A-PATIENT"}
#: what a new series of a study has in common with the others; empty where it is not known
COMMON = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate",
    "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
#: copied where the MR has it
ALSO = (
    "SpecificCharacterSet", "IssuerOfPatientID", "OtherPatientIDs", "PatientAge", "PatientSize",
    "PatientWeight", "StudyDescription", "BodyPartExamined", "PatientIdentityRemoved",
    "DeidentificationMethod",
)  # fmt: skip
MR_CLASS = "1.2.840.10008.5.1.4.1.1.4"
CAPTURE_CLASS = "1.2.840.10008.5.1.4.1.1.7"


def write_dicom(
    folder: Path,
    fused: Volume,
    colours: Mapping[str, np.ndarray],
    codings: Mapping[str, Coding],
    report: Report,
    headers: Sequence[Sequence[Dataset]] = (),
) -> None:
    """Write each series into a new folder of its name in a folder that exists.

    Args:
        folder: for the new folders: "fused", "colour", and such as "colour-paper".
        fused: as `Fusion.fused`.
        colours: as `Fusion.colours`: name -> uint8 (k, j, i, 3).
        codings: as `Fusion.codings`: of each of them.
        report: as `Fusion.report`.
        headers: the DICOM headers of the slices of each source, the MR's first; empty where a
            source came from elsewhere.
    """
    normal = np.cross(fused.direction[:, 0], fused.direction[:, 1])
    order = range(fused.shape[0])
    if normal @ fused.direction[:, 2] < 0:  # instances are numbered along the normal
        order = order[::-1]
    stored = np.round(np.clip(fused.array, 0, 1) * FULL).astype(np.uint16)
    common = _common(headers)
    series = {"fused": _series(report, FIRST_SERIES, None, common)}
    for number, (name, coding) in enumerate(codings.items(), FIRST_SERIES + 1):
        series[name] = _series(report, number, coding.mode, common)
    for name in series:
        (folder / name).mkdir()
    for number, k in enumerate(order, 1):
        place = _place(fused, k, headers)
        grey = _instance(series["fused"], number, place)
        _grey_pixels(grey, stored[k])
        _save(grey, folder / "fused" / f"{number:04}.dcm")
        for name, colour in colours.items():
            picture = _instance(series[name], number, place)
            _colour_pixels(picture, colour[k])
            _save(picture, folder / name / f"{number:04}.dcm")
    for name, coding in codings.items():
        last = _instance(series[name], len(order) + 1, {})
        last.ImageComments = "Legend. " + last.ImageComments
        _colour_pixels(last, legend_picture(coding, report))
        _save(last, folder / name / "legend.dcm")


def check_new_folder(folder: Path) -> None:
    """Raise a MedFusionError unless a folder for DICOM is empty or not there yet.

    Slices of two exports in one folder would be taken for one study's.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise MedFusionError(f"{folder} is not empty; give a new folder for the DICOM files.")
    try:
        import PIL  # noqa: F401
        import pydicom  # noqa: F401
    except ImportError as error:
        raise MedFusionError(
            f"DICOM files need {error.name}; install it with 'pip install pydicom pillow'."
        ) from None


def derivation(report: Report) -> str:
    """How the pictures were made, in a few words, research use first; at most 1024 characters."""
    inputs = ", ".join(
        f"{part.modality.upper()} {part.window[0]:.4g} to {part.window[1]:.4g}"
        for part in report.inputs
    )
    weights = ", ".join(f"weights SHA-256 {digest}" for digest in report.weights_sha256)
    parts = [
        f"RESEARCH USE ONLY. {report.notice} Not for quantitative use.",
        f"Fused by MedFusion {report.version}, method {report.method} ({report.pair})"
        + (f", {weights}." if weights else "."),
        f"Contributions: {report.parameters.contributions}. Windows: {inputs}.",
        *(f"Alignment: {part.words}." for part in report.alignment),
    ]
    return " ".join(parts)[:1024]


def legend_picture(coding: Coding, report: Report, size: int = 320) -> np.ndarray:
    """The legend with its words burnt in, uint8 (rows, columns, 3)."""
    from PIL import Image, ImageDraw, ImageFont

    names = [part.modality.upper() for part in report.inputs]
    drawn = legend(coding, names, size)
    below = textwrap.wrap(f"{drawn.note} For display only. {report.notice}".strip(), 52)
    margin, line = 70, 22
    width, height = size + 2 * margin, margin + size + line * (len(below) + 3)
    picture = Image.new("RGB", (width, height), (16, 17, 20))
    picture.paste(Image.fromarray(drawn.picture), (margin, margin))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(15)

    def write(x: float, y: float, words: str, anchor: str = "ma") -> None:
        pen.text((x, y), words, fill=(242, 242, 242), font=font, anchor=anchor)

    write(width / 2, 12, drawn.title)
    for (x, y), words in drawn.labels:
        where = margin + size + 6 if y > 0.5 else margin - 22
        write(margin + x * (size - 1), where, words)
    if drawn.upwards:
        side = Image.new("RGB", (size, 22), (16, 17, 20))
        ImageDraw.Draw(side).text(
            (size / 2, 2), f"{drawn.upwards} ->", fill=(242, 242, 242), font=font, anchor="ma"
        )
        picture.paste(side.rotate(90, expand=True), (margin - 34, margin))
    for number, text in enumerate(below):
        write(width / 2, margin + size + 2 * line + line * number, text)
    return np.asarray(picture)


def _common(headers: Sequence[Sequence[Dataset]]) -> Dataset:
    """Patient, study and frame of reference of the MR; made up where it is not known.

    Nor is it where the sources are of two patients.
    """
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    mr = headers[0][0] if headers and headers[0] and _one_patient(headers) else Dataset()
    common = Dataset()
    for keyword in COMMON:
        setattr(common, keyword, _valid(mr, keyword) or "")
    for keyword in ALSO:
        if value := _valid(mr, keyword):
            setattr(common, keyword, value)
    if not mr:
        today = datetime.datetime.now()
        common.StudyDate, common.StudyTime = today.strftime("%Y%m%d"), today.strftime("%H%M%S")
        common.StudyID = "MEDFUSION"
        for keyword, value in NOBODY.items():
            setattr(common, keyword, value)
        common.SpecificCharacterSet = "ISO_IR 192"
        common.StudyDescription = "MedFusion, sources without DICOM headers"
    common.StudyInstanceUID = common.StudyInstanceUID or generate_uid()
    common.FrameOfReferenceUID = _valid(mr, "FrameOfReferenceUID") or generate_uid()
    common.PositionReferenceIndicator = _valid(mr, "PositionReferenceIndicator") or ""
    common.PatientPosition = _valid(mr, "PatientPosition") or "HFS"
    return common


def _one_patient(headers: Sequence[Sequence[Dataset]]) -> bool:
    """Whether no two sources' headers name different patients."""
    patients = [Patient.of(part[0]) for part in headers if part]
    return not any(one.differs_in(other) for one, other in combinations(patients, 2))


def _valid(header: Dataset, keyword: str) -> Any:
    """A value of a header, None where there is none, or none that DICOM allows.

    Scanners and people write PatientSize "1,75" and "ca. 80" as a weight; a file with such a value
    could not be read by all.
    """
    from pydicom.dataelem import DataElement

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if keyword not in header or not header[keyword].value:
                return None
            element = header[keyword]
            checked = DataElement(element.tag, element.VR, element.value)
            return checked.value
    except Exception:  # whatever pydicom makes of it
        return None


def _series(report: Report, number: int, mode: str | None, common: Dataset) -> Dataset:
    """What all instances of a series share: of the colours of a mode, or of the fused volume."""
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    now = datetime.datetime.now()
    part = Dataset()
    part.update(common)
    part.SOPClassUID = CAPTURE_CLASS if mode else MR_CLASS
    part.SeriesInstanceUID = generate_uid()
    part.SeriesNumber = number
    what = f"colour {mode}, display only" if mode else "fused"
    part.SeriesDescription = f"MedFusion {report.method} {what}, RESEARCH"[:64]
    part.Modality = "OT" if mode else "MR"
    for stamp in ("Series", "Content", "InstanceCreation"):
        setattr(part, f"{stamp}Date", now.strftime("%Y%m%d"))
        setattr(part, f"{stamp}Time", now.strftime("%H%M%S"))
    part.Manufacturer = "MedFusion developers"
    part.ManufacturerModelName = "MedFusion"
    part.SoftwareVersions = report.version
    part.DerivationDescription = derivation(report)
    part.ImageComments = f"Research use only. {report.notice}"
    part.BurnedInAnnotation = "NO"
    part.Laterality = part.PatientOrientation = ""
    part.LossyImageCompression = "00"
    if not mode:
        part.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
        part.ScanningSequence = "RM"  # research mode: no sequence of the scanner's
        part.SequenceVariant = "NONE"
        part.ScanOptions = part.MRAcquisitionType = ""
        part.EchoTime = part.RepetitionTime = part.EchoTrainLength = None
    else:
        part.ImageType = ["DERIVED", "SECONDARY"]
        part.ConversionType = "WSD"
        part.ImageComments = f"For display only. {part.ImageComments}"
    return part


def _place(grid: Volume, k: int, headers: Sequence[Sequence[Dataset]]) -> dict[str, Any]:
    """Where a slice lies, and the slices of the sources next to it."""
    from pydicom.dataset import Dataset

    i, j, step = grid.spacing
    origin = (grid.matrix @ [0, 0, k, 1])[:3]
    place: dict[str, Any] = {
        "ImagePositionPatient": _numbers(origin),
        "ImageOrientationPatient": _numbers(grid.direction[:, :2].T.ravel()),
        "PixelSpacing": _numbers((j, i)),
        "SliceThickness": _numbers([step])[0],
        "SpacingBetweenSlices": _numbers([step])[0],
    }
    middle = (grid.matrix @ [*(np.array(grid.shape[:0:-1]) - 1) / 2, k, 1])[:3]
    sources = []
    for slices in headers:
        if nearest := _nearest(slices, middle):
            source = Dataset()
            source.ReferencedSOPClassUID = nearest.SOPClassUID
            source.ReferencedSOPInstanceUID = nearest.SOPInstanceUID
            purpose = Dataset()
            purpose.CodeValue = "121322"
            purpose.CodingSchemeDesignator = "DCM"
            purpose.CodeMeaning = "Source image for image processing operation"
            source.PurposeOfReferenceCodeSequence = [purpose]
            sources.append(source)
    if sources:
        place["SourceImageSequence"] = sources
    return place


def _nearest(slices: Sequence[Dataset], point: np.ndarray) -> Dataset | None:
    """The slice whose plane lies nearest to a point; the first where none says where it lies."""

    def distance(header: Dataset) -> float:
        if "ImagePositionPatient" not in header or "ImageOrientationPatient" not in header:
            return 0.0  # of many frames
        axes = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
        away = point - np.array(header.ImagePositionPatient, float)
        return abs(float(np.cross(*axes) @ away))

    return min(slices, key=distance, default=None)


def _numbers(values: Iterable[float]) -> list[str]:
    """As DICOM's decimal strings, of at most 16 characters."""
    from pydicom.valuerep import format_number_as_ds

    return [format_number_as_ds(round(float(value), 12) + 0.0) for value in values]


def _instance(series: Dataset, number: int, place: dict[str, Any]) -> Dataset:
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    instance = Dataset()
    instance.update(series)
    instance.SOPInstanceUID = generate_uid()
    instance.InstanceNumber = number
    for keyword, value in place.items():
        setattr(instance, keyword, value)
    return instance


def _grey_pixels(instance: Dataset, picture: np.ndarray) -> None:
    instance.SamplesPerPixel = 1
    instance.PhotometricInterpretation = "MONOCHROME2"
    instance.BitsAllocated = instance.BitsStored = 16
    instance.HighBit, instance.PixelRepresentation = 15, 0
    instance.Rows, instance.Columns = picture.shape
    instance.RescaleIntercept = "0"
    instance.RescaleSlope = _numbers([1 / FULL])[0]
    instance.RescaleType = "US"
    instance.WindowCenter, instance.WindowWidth = "0.5", "1"
    instance.PixelData = picture.astype("<u2").tobytes()


def _colour_pixels(instance: Dataset, picture: np.ndarray) -> None:
    instance.SamplesPerPixel = 3
    instance.PhotometricInterpretation = "RGB"
    instance.PlanarConfiguration = 0
    instance.BitsAllocated = instance.BitsStored = 8
    instance.HighBit, instance.PixelRepresentation = 7, 0
    instance.Rows, instance.Columns = picture.shape[:2]
    pixels = picture.tobytes()
    instance.PixelData = pixels + b"\0" * (len(pixels) % 2)


def _save(instance: Dataset, path: Path) -> None:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0  # set while writing
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = instance.SOPClassUID
    meta.MediaStorageSOPInstanceUID = instance.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    instance["PixelData"].VR = "OW" if instance.BitsAllocated == 16 else "OB"
    # the way that pydicom 2.4 and 3 have in common
    FileDataset(
        path, instance, b"\0" * 128, meta, is_implicit_VR=False, is_little_endian=True
    ).save_as(path)
