"""What modality a volume is: from its DICOM tag, its name, or its values."""

import re

import slicer
from slicer.i18n import tr as _

DICOM = {"CT": "ct", "MR": "mr", "PT": "pet", "NM": "spect"}
#: in this order, for "spect" also holds "ct"
NAMES = (
    ("spect", r"spect|tc99|hmpao|datscan|nm"),
    ("pet", r"pet|pt|fdg|suv|amyloid"),
    ("ct", r"ct|cbct|cta|hu"),
    ("mr", r"mri?|t1w?|t2w?|flair|mprage|dwi|adc|pd"),
)
AIR = -200  # HU: no MR, PET or SPECT goes below


def guessModality(node, readValues=True):
    """A modality, and in words how it was found; ("", "") when nothing tells.

    Args:
        node: a scalar volume node.
        readValues: whether to look at the voxels when the tag and the name say nothing.
    """
    modality = DICOM.get(_dicomModality(node), "")
    if modality:
        return modality, _("from its DICOM tag")
    apart = re.sub("(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", node.GetName() or "")
    words = re.split("[^a-z0-9]+", apart.lower())
    for modality, pattern in NAMES:
        if any(re.fullmatch(f"({pattern})[0-9]*", word) for word in words):
            return modality, _("guessed from its name")
    if readValues and node.GetImageData() is not None:
        lowest, _highest = node.GetImageData().GetScalarRange()
        if lowest < AIR:
            return "ct", _("guessed from its values")
    return "", ""


def _dicomModality(node):
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item = tree.GetItemByDataNode(node) if tree else 0
    if not item:
        return ""
    names = slicer.vtkMRMLSubjectHierarchyConstants
    return tree.GetItemAttribute(item, names.GetDICOMSeriesModalityAttributeName())


def guessSources(nodes):
    """The first MR and the first other modality among volumes; None where there is none."""
    guesses = [(node, guessModality(node, readValues=False)[0]) for node in nodes]
    first = next((node for node, modality in guesses if modality == "mr"), None)
    second = next((node for node, modality in guesses if modality in ("pet", "ct", "spect")), None)
    return first, second
