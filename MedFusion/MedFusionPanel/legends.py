"""The colour legend in the slice views, and the colours of the second source.

The legend is Slicer's own colour legend node, so it stands in screenshots, too. It shows the
colours of the node that its volume's display refers to; a colour volume does not use that node
otherwise.
"""

import slicer
from slicer.i18n import tr as _

from MedFusionLib.colour.coding import legend
from MedFusionPanel.translation import sentence

STEPS = 9  # of the strip; a step of the middle carries the middle's word
LABELS = 3  # numbers at a scale: its ends and its middle
TAG = "MedFusionColours"  # of the colour node of the strip
#: modality -> Slicer's colours for it
COLOURS = {
    "pet": "vtkMRMLPETProceduralColorNodePET-Heat",
    "spect": "vtkMRMLPETProceduralColorNodePET-Heat",
    "ct": "vtkMRMLColorTableNodeGrey",
}
SHOWN = "MedFusion.Window"  # attribute of a source: the window that was set here


def show(result, view):
    """Show the legend that explains a view ("colour", "fused" or "sources"), and no other."""
    for node in slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode"):
        volume = node.GetDisplayableNode()
        if volume in (*result.nodes.values(), *result.sources):
            node.SetVisibility(False)
    if view == "colour" and "colour" in result.nodes:
        _showStrip(result)
    elif view == "fused" and "fused" in result.nodes:
        _show(result.nodes["fused"], _("fused"), "%.1f")
    elif view == "sources" and len(result.sources) > 1 and result.sources[1]:
        modality = result.modalities[1]
        unit = result.unitOf(result.sources[1], modality)
        _show(result.sources[1], f"{modality} [{unit}]" if unit else modality, "%.4g")


def colourSource(node, modality, window):
    """Give a source Slicer's colours of its modality, and its window, once.

    Colours and a window that the user has set since stay.
    """
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    wanted = "{:g} {:g}".format(*window)
    if node.GetAttribute(SHOWN) == wanted:
        return
    node.SetAttribute(SHOWN, wanted)
    if display.GetColorNodeID() in (None, COLOURS["ct"]):
        display.SetAndObserveColorNodeID(COLOURS[modality])
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(*window)


def unitOf(node, modality):
    """The unit of a volume's values: from DICOM where it says so (SUV), HU of a CT; else ""."""
    units = node.GetVoxelValueUnits() if node is not None else None
    found = units.GetCodeValue() if units is not None else ""
    return found or ("HU" if modality == "CT" else "")


def _showStrip(result):
    """The hues at their brightest, from the legend of the colour mode."""
    drawn = legend(result.coding, result.modalities)
    ends = {round(x, 2): sentence(text) for (x, y), text in drawn.labels if y > 0.5}
    if len(result.modalities) != 2 or not ends:
        return  # a triangle is no strip; the panel shows it
    table = _colourNode()
    row = drawn.picture[0]
    for step in range(STEPS):
        at = step / (STEPS - 1)
        colour = row[round(at * (len(row) - 1))] / 255
        table.SetColor(step, ends.get(round(at, 2), " "), *map(float, colour), 1)
    display = result.nodes["colour"].GetDisplayNode()
    display.SetAndObserveColorNodeID(table.GetID())
    shown = _show(result.nodes["colour"], " + ".join(result.modalities), "%s")
    shown.SetUseColorNamesForLabels(True)


def _colourNode():
    """The colour node of the strip, made where there is none."""
    scene = slicer.mrmlScene
    node = scene.GetSingletonNode(TAG, "vtkMRMLColorTableNode")
    if node is None:
        node = slicer.vtkMRMLColorTableNode()
        node.SetSingletonTag(TAG)
        node.SetName("MedFusion colours")
        node.SetTypeToUser()
        node.SetHideFromEditors(True)
        node = scene.AddNode(node)
    node.SetNumberOfColors(STEPS)
    return node


def _show(volume, title, form):
    """Slicer's colour legend of a volume."""
    logic = slicer.modules.colors.logic()
    node = logic.GetColorLegendDisplayNode(volume)
    if node is None:
        node = logic.AddDefaultColorLegendDisplayNode(volume)
    node.SetTitleText(title)
    node.SetLabelFormat(form)
    node.SetNumberOfLabels(LABELS)
    node.SetVisibility(True)
    return node
