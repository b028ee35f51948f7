"""What the slice views and the 3D view show."""

import slicer
import vtk

#: slice axis -> the view that shows such slices in Slicer's layouts
VIEWS = {"axial": "Red", "coronal": "Green", "sagittal": "Yellow", "native": "Red"}


def layoutManager():
    """What arranges the views; None without a main window."""
    return slicer.app.layoutManager()


def showResult(result, opacity):
    """The colour volume, or without one the fused volume, over the MR where that is there."""
    first = result.sources[0]
    node = result.nodes.get("colour") or next(iter(result.nodes.values()))
    if first is None:
        first, node = node, None
    slicer.util.setSliceViewerLayers(
        background=first, foreground=node, foregroundOpacity=opacity, fit=_isNew(first)
    )


def _isNew(volume):
    """Whether no slice view shows a volume in its background yet."""
    nodes = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    return all(node.GetBackgroundVolumeID() != volume.GetID() for node in nodes)


def showBlended(first, second):
    """Both sources half and half, as Slicer blends by itself."""
    slicer.util.setSliceViewerLayers(background=first, foreground=second, foregroundOpacity=0.5)


def setOpacity(opacity):
    """Of the foreground."""
    slicer.util.setSliceViewerLayers(foregroundOpacity=opacity)


#: brightness -> opacity in the 3D view: skin a veil, brain and bone solid
OPACITY = ((0, 0), (30, 0), (110, 0.03), (200, 0.25), (255, 0.6))


def showIn3D(colour):
    """Volume rendering of a colour volume, with little shading: its colours stay legible."""
    logic = slicer.modules.volumerendering.logic()
    display = logic.GetFirstVolumeRenderingDisplayNode(colour)
    if display is None:
        display = logic.CreateDefaultVolumeRenderingNodes(colour)
    opacity = vtk.vtkPiecewiseFunction()
    for brightness, strength in OPACITY:
        opacity.AddPoint(brightness, strength)
    look = display.GetVolumePropertyNode()
    look.SetScalarOpacity(opacity)
    look.GetVolumeProperty().SetShade(True)
    look.GetVolumeProperty().SetAmbient(0.55)
    look.GetVolumeProperty().SetDiffuse(0.6)
    look.GetVolumeProperty().SetSpecular(0.1)
    for other in slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode"):
        volume = other.GetVolumeNode()
        if volume and volume.GetAttribute("MedFusion.Role"):  # one result at a time
            other.SetVisibility(other is display)
    layout = layoutManager()
    if layout is None:
        return
    if not layout.threeDWidget(0).mrmlViewNode().IsMappedInLayout():
        layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    slicer.util.resetThreeDViews()


def showTable(node):
    """A table, in a layout that has room for it."""
    layout = layoutManager()
    if layout:
        layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpTableView)
    application = slicer.app.applicationLogic()
    application.GetSelectionNode().SetActiveTableID(node.GetID())
    application.PropagateTableSelection()


def scrollTo(widget):
    """Scroll the panel so far that a widget which was just shown is seen."""
    area = widget.parentWidget()
    while area is not None and area.className() != "QScrollArea":
        area = area.parentWidget()
    if area is not None:
        slicer.app.processEvents()  # until it has its place
        area.ensureWidgetVisible(widget)


def sliceNode(axis):
    """The slice node of the view that shows slices along an axis; None when there is none."""
    layout = layoutManager()
    widget = layout.sliceWidget(VIEWS[axis]) if layout else None
    return widget.mrmlSliceNode() if widget else None


def visiblePoint(axis):
    """RAS point in the middle of the visible slice; None without a view."""
    node = sliceNode(axis)
    if node is None:
        return None
    matrix = node.GetSliceToRAS()
    return [matrix.GetElement(row, 3) for row in range(3)]


def crosshair():
    """The crosshair node."""
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")


def crosshairPoint():
    """RAS point of the crosshair; None where the mouse points at no slice."""
    node, ras = crosshair(), [0.0, 0.0, 0.0]
    return ras if node is not None and node.GetCursorPositionRAS(ras) else None
