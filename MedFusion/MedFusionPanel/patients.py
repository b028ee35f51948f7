"""Whose scans the volumes of the scene are, as the headers in Slicer's DICOM database say it."""

from dataclasses import replace

import slicer
from slicer.i18n import tr as _

from MedFusionLib.errors import MedFusionError
from MedFusionLib.sources.patients import Patient, check_one_patient
from MedFusionPanel.translation import sentence


def withPatient(volume, node):
    """The volume of a node with its patient and frame of reference, where it comes from DICOM."""
    try:
        headers = headersOf(node, 1)
        if not headers:
            return volume
        moved = node.GetParentTransformNode() is not None  # no more in the scanner's space
        frame = "" if moved else str(headers[0].get("FrameOfReferenceUID") or "")
        return replace(volume, patient=Patient.of(headers[0]), frame=frame)
    except Exception:  # the file is gone or damaged since Slicer read it
        return volume


def headersOf(node, most=None):
    """The headers of the slices that a node was loaded from; none where it is no DICOM.

    Args:
        node: a volume, or None.
        most: of the slices; None: all.
    """
    uids = (node.GetAttribute("DICOM.instanceUIDs") or "").split()[:most] if node else []
    database = getattr(slicer, "dicomDatabase", None)
    if not uids or database is None:
        return []
    import pydicom

    files = [database.fileForInstance(uid) for uid in uids]
    return [pydicom.dcmread(file, stop_before_pixels=True) for file in files if file]


def areMeantToDiffer(volumes):
    """Whether the user fuses two patients on purpose, as phantoms and templates; False: one."""
    try:
        check_one_patient(volumes)
    except MedFusionError as error:
        question = "{problem}\n\n{question}".format(
            problem=sentence(str(error)), question=_("Fuse them all the same?")
        )
        return slicer.util.confirmYesNoDisplay(question, windowTitle=_("MedFusion"))
    return False
