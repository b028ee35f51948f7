"""What modality a volume is: from its DICOM tag, its name, or its values.

Nothing is guessed where they say nothing or contradict each other: then the user is asked.
"""

import re

import numpy as np
import slicer
from slicer.i18n import tr as _

from MedFusionLib.results.nodes import name_of

DICOM = {"CT": "ct", "MR": "mr", "PT": "pet", "NM": "spect"}
#: words of a name that stand for a modality
NAMES = {
    "spect": r"spect|tc99m?|hmpao|datscan|nm",
    "pet": r"pet|fdg|suv|amyloid",
    "ct": r"ct|cbct|cta|hu",
    "mr": r"mri?|t1w?|t2w?|flair|mprage|dwi|adc|pdw",
}
#: what follows such a word names another volume: "PET on MR grid", "T1 to CT"
SPACES = ("on", "onto", "to", "in")
AIR = (-1100, -900)  # HU
AIR_PART = 0.02  # a CT with less air around the head is asked for
EVERY = 7  # a look at every seventh voxel along each axis tells as much as all


def guessModality(node, readValues=True):
    """What a volume is, and in words why.

    Args:
        node: a scalar volume node.
        readValues: whether to look at the voxels, too.

    Returns:
        "mr", "ct", "pet" or "spect" with the reason; "" where it is not known, with what
        contradicts itself, or "".
    """
    modality = taggedModality(node)
    if modality:
        return modality, _("from its DICOM tag")
    named = _namedModalities(node.GetName() or "")
    if len(named) > 1:
        return "", _("its name says {several}").format(
            several=" + ".join(modality.upper() for modality in named)
        )
    likeCT = readValues and _looksLikeCT(node)
    if named and likeCT and named != ["ct"]:
        return "", _("its name says {modality}, its values CT").format(modality=named[0].upper())
    if named:
        return named[0], _("guessed from its name")
    return ("ct", _("guessed from its values")) if likeCT else ("", "")


def contradiction(node, modality):
    """Why a volume cannot be of a modality, in a sentence; "" where nothing says so.

    A DICOM tag is believed before the user. A name is not; but the MR cannot be told from its
    values, so a name that speaks of another modality is enough where the MR is asked for.
    """
    tagged = taggedModality(node)
    if tagged and tagged != modality:
        return _("{name} is {found} by its DICOM tag, not {wanted}; choose another volume.").format(
            name=name_of(node), found=tagged.upper(), wanted=modality.upper()
        )
    named = [] if tagged or modality != "mr" else _namedModalities(node.GetName() or "")
    if named and "mr" not in named:
        return _(
            "{name} seems to be {found} by its name; choose the MR here, or rename the volume if "
            "it is one."
        ).format(name=name_of(node), found=" + ".join(one.upper() for one in named))
    return ""


def taggedModality(node):
    """What the DICOM tag of a volume says; "" where it has none, or another one."""
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = tree.GetItemByDataNode(node) if tree else 0
    if not item:
        return ""
    names = slicer.vtkMRMLSubjectHierarchyConstants
    tag = tree.GetItemAttribute(item, names.GetDICOMSeriesModalityAttributeName())
    return DICOM.get(tag, "")


def guessSources(nodes):
    """The first MR and the first other modality among volumes; None where there is none."""
    guesses = [(node, guessModality(node, readValues=False)[0]) for node in nodes]
    first = next((node for node, modality in guesses if modality == "mr"), None)
    second = next((node for node, modality in guesses if modality in ("pet", "ct", "spect")), None)
    return first, second


def _namedModalities(name):
    """The modalities that the words of a name stand for."""
    apart = re.sub("(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = re.split("[^a-z0-9]+", apart.lower())
    ends = [number for number, word in enumerate(words) if number and word in SPACES]
    words = words[: ends[0]] if ends else words
    return [
        modality
        for modality, pattern in NAMES.items()
        if any(re.fullmatch(f"({pattern})[0-9]*", word) for word in words)
    ]


def _looksLikeCT(node):
    """Whether a volume holds as much air, in HU, as there is around and in a head."""
    if node.GetImageData() is None or node.GetImageData().GetScalarRange()[0] > AIR[1]:
        return False
    some = slicer.util.arrayFromVolume(node)[::EVERY, ::EVERY, ::EVERY]
    return bool(np.mean((some >= AIR[0]) & (some <= AIR[1])) >= AIR_PART)
