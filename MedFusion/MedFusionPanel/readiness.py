"""Why Apply cannot be pressed, in words."""

from itertools import product

import numpy as np
import slicer
from slicer.i18n import tr as _

from MedFusionLib.errors import MedFusionError
from MedFusionLib.methods.weights import check_weights, weights_path
from MedFusionLib.results.nodes import array_matrix, name_of
from MedFusionLib.sources.volumes import check_geometry
from MedFusionPanel import guess, pytorch
from MedFusionPanel.translation import sentence

LONGEST = 24  # letters of a volume's name in a sentence

_checked = {}  # weights file and its date -> what is wrong with it


class Readiness:
    """Whether one can fuse.

    Attributes:
        reason: why not, in a sentence; "" when nothing is in the way.
        note: a sentence for the user where one can.
        needsTorch: whether an installation would help.
    """

    def __init__(self, reason="", note="", needsTorch=False):
        self.reason, self.note, self.needsTorch = reason, note, needsTorch


def readiness(state):
    """Whether one can fuse what is chosen."""
    reason = pytorch.missing()
    if reason:  # first of all: whoever opens the panel has to install it, with volumes or without
        return Readiness(reason, needsTorch=True)
    reason = _sources(state) or _outputs(state) or _weights(state)
    if reason:
        return Readiness(reason)
    return Readiness(note=_note(state))


def _sources(state):
    if state.first is None and state.second is None and not _volumesThere():
        return _("Load an MR and a CT, PET or SPECT, or take the head in Sample Data > MedFusion.")
    if state.first is None:
        return _("Choose the MR volume.")
    if state.second is None:
        return _("Choose the second volume: a CT, PET or SPECT.")
    nodes = state.sources
    if len(set(nodes)) < len(nodes):
        return _("The same volume is chosen twice; choose another one.")
    for node in nodes:
        reason = volumeProblem(node)
        if reason:
            return reason
    reason = _modalities(state)
    if reason:
        return reason
    if state.third and state.thirdModality == state.modality:
        return _("Second and third volume are both {what}; correct one.").format(
            what=state.modality.upper()
        )
    for node in nodes[1:]:
        if not _overlap(state.first, node):
            return _(
                "{first} and {other} do not overlap in space; register them to each other first."
            ).format(first=shortened(name_of(state.first)), other=shortened(name_of(node)))
    return ""


def _modalities(state):
    """What contradicts is refused, what is not known is asked."""
    for node, modality in zip(state.sources, state.modalities, strict=True):
        if modality == "":
            name = shortened(name_of(node))
            if guess.guessModality(node)[0] == "mr":
                return _(
                    "{name} seems to be an MR; choose the CT, PET or SPECT here, or say what it is."
                ).format(name=name)
            return _("Say what {name} is: CT, PET or SPECT.").format(name=name)
        reason = guess.contradiction(node, modality)
        if reason:
            return reason
    return ""


def _volumesThere():
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode") is not None


def volumeProblem(node):
    """Why a node cannot be fused, in a sentence; "" when it can."""
    name = shortened(name_of(node))
    sequences = getattr(slicer.modules, "sequences", None)
    if sequences and sequences.logic().GetFirstBrowserNodeForProxyNode(node):
        return _(
            "{name} shows one frame of a sequence; clone it in the Volumes module, and choose "
            "the clone."
        ).format(name=name)
    if not node.IsA("vtkMRMLVolumeNode"):
        return _("{name} is no volume; choose a plain 3D volume.").format(name=name)
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        return _("{name} is a label map, which holds no image; choose a plain 3D volume.").format(
            name=name
        )
    image = node.GetImageData()
    if image is None:
        return _("{name} has no voxels; load its file first.").format(name=name)
    if node.GetClassName() != "vtkMRMLScalarVolumeNode" or image.GetNumberOfScalarComponents() != 1:
        return _(
            "{name} has several values in a voxel, as colour and 4D volumes have; choose a plain "
            "3D volume."
        ).format(name=name)
    if min(image.GetDimensions()) < 2:
        return _("{name} is a single slice; choose a 3D volume.").format(name=name)
    transform = node.GetParentTransformNode()
    if transform is not None and not transform.IsTransformToWorldLinear():
        return _("{name} is under a transform that is not linear; harden it first.").format(
            name=name
        )
    try:
        check_geometry(array_matrix(node)[:3, :3], name)
    except MedFusionError as error:
        return sentence(str(error))
    return ""


def _overlap(first, second):
    """Whether the boxes around two volumes in the world meet."""
    boxes = []
    for node in (first, second):
        size = node.GetImageData().GetDimensions()
        corners = [[*corner, 1] for corner in product(*((-0.5, n - 0.5) for n in size))]
        places = (array_matrix(node) @ np.transpose(corners))[:3]
        boxes.append((places.min(axis=1), places.max(axis=1)))
    (low, high), (otherLow, otherHigh) = boxes
    return bool(np.all(np.maximum(low, otherLow) < np.minimum(high, otherHigh)))


def _outputs(state):
    if not state.outputs:
        return _("Choose at least one output.")
    for node in state.overwritten.values():
        if any(node is source for source in state.sources):
            return _("{name} is an output and an input, too; choose another output.").format(
                name=name_of(node)
            )
    return ""


def _weights(state):
    from MedFusionLib.methods.registry import get_method

    try:
        method = get_method(state.method)
    except MedFusionError as error:
        return sentence(str(error))
    if state.contributions == "gradient" and not method.differentiable:
        return _("{method} has no gradient; choose another measure of the contributions.").format(
            method=method.title
        )
    if state.contributions == "parts" and not method.supports("parts"):
        return _(
            "What {method} makes is no sum of parts of its sources; choose another measure of the "
            "contributions."
        ).format(method=method.title)
    if method.kind == "classical":
        return ""
    for modality in state.modalities[1:]:
        reason = weightsProblem(method, modality)
        if reason:
            return reason
    return ""


def weightsProblem(method, modality):
    """Why a network cannot be used for a modality, in a sentence; "" when it can."""
    path = weights_path(method.name, f"{modality}-mr")
    if not path.is_file():
        return _("{method} is not trained for {what} here; choose another method.").format(
            method=method.title, what=modality.upper()
        )
    key = (path, path.stat().st_mtime)
    if key not in _checked:
        try:
            check_weights(path)
            _checked[key] = ""
        except MedFusionError as error:
            _checked[key] = sentence(str(error))
    return _checked[key]


def _note(state):
    moved = [shortened(name_of(node)) for node in state.sources if node.GetParentTransformNode()]
    names = " + ".join(shortened(name_of(node)) for node in state.sources)
    note = _("Ready to fuse {names}.").format(names=names)
    if moved:
        note += " " + _("The transform of {names} is applied.").format(names=", ".join(moved))
    return note


def shortened(name):
    """A volume's name without its middle where it is long."""
    if len(name) <= LONGEST:
        return name
    return name[: LONGEST // 2] + "\N{HORIZONTAL ELLIPSIS}" + name[1 - LONGEST // 2 :]
