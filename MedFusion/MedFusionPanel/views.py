"""What the slice views and the 3D view show."""

import slicer
import vtk

from MedFusionLib.results.scene import SOURCE_REFERENCES

ROLE = "MedFusion.Role"


def layoutManager():
    """What arranges the views; None without a main window."""
    return slicer.app.layoutManager()


# The slice views


def showLayers(result, front, opacity, everywhere=False):
    """Show a volume over the MR, in the views that show this result or its sources.

    Views that show something else are left alone, unless all do.

    Args:
        result: whose views these are.
        front: the node in front.
        opacity: of it, 0 to 1.
        everywhere: whether to take all slice views.
    """
    back = result.sources[0]
    if back is None:
        back, front = front, None
    views = _composites()
    mine = [view for view in views if everywhere or _belongs(view, result)] or views
    for view in mine:
        isNew = view.GetBackgroundVolumeID() != back.GetID()
        view.SetBackgroundVolumeID(back.GetID())
        view.SetForegroundVolumeID(front.GetID() if front else None)
        view.SetForegroundOpacity(opacity)
        if isNew:
            _fit(view)


def setOpacity(result, opacity):
    """Of a result's volume, or of its second source, where it stands in front."""
    ids = {node.GetID() for node in (*result.nodes.values(), *result.sources[1:]) if node}
    for view in _composites():
        if view.GetForegroundVolumeID() in ids:
            view.SetForegroundOpacity(opacity)


def layers():
    """What the slice views show now; `restoreLayers` brings it back."""
    return [
        (
            view,
            view.GetBackgroundVolumeID(),
            view.GetForegroundVolumeID(),
            view.GetForegroundOpacity(),
        )
        for view in _composites()
    ]


def restoreLayers(before):
    """Show again what `layers` gave."""
    for view, back, front, opacity in before:
        view.SetBackgroundVolumeID(back)
        view.SetForegroundVolumeID(front)
        view.SetForegroundOpacity(opacity)


def _composites():
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")


def _belongs(view, result):
    """Whether a slice view shows nothing, or only sources or results of these sources."""
    ids = (view.GetBackgroundVolumeID(), view.GetForegroundVolumeID())
    nodes = [slicer.mrmlScene.GetNodeByID(name) for name in ids if name]
    return all(node is None or node in result.sources or _isOf(node, result) for node in nodes)


def _isOf(node, result):
    """Whether a volume is a result, this or another one, of the same sources."""
    if not node.GetAttribute(ROLE):
        return False
    return result.sources == [
        node.GetNodeReference(role) for role in SOURCE_REFERENCES[: len(result.sources)]
    ]


def _fit(view):
    layout = layoutManager()
    name = view.GetLayoutName()
    widget = layout.sliceWidget(name) if layout else None
    if widget is not None:
        widget.sliceLogic().FitSliceToBackground()


def viewedSlice():
    """The slice node of the red view, or of another one where that is not shown; None: no view."""
    layout = layoutManager()
    if layout is None:
        return None
    nodes = [layout.sliceWidget(name).mrmlSliceNode() for name in layout.sliceViewNames()]
    shown = [node for node in nodes if node.IsMappedInLayout()] or nodes
    red = [node for node in shown if node.GetLayoutName() == "Red"]
    return next(iter(red or shown), None)


# The 3D view

#: brightness -> opacity in the 3D view: skin a veil, brain and bone solid
OPACITY = ((0, 0), (30, 0), (110, 0.03), (200, 0.25), (255, 0.6))


def showIn3D(colour):
    """Volume rendering of a colour volume, with little shading: its colours stay legible."""
    display = _rendering(colour)
    opacity = vtk.vtkPiecewiseFunction()
    for brightness, strength in OPACITY:
        opacity.AddPoint(brightness, strength)
    look = display.GetVolumePropertyNode()
    look.SetScalarOpacity(opacity)
    look.GetVolumeProperty().SetShade(True)
    look.GetVolumeProperty().SetAmbient(0.55)
    look.GetVolumeProperty().SetDiffuse(0.6)
    look.GetVolumeProperty().SetSpecular(0.1)
    _show3D(display, "Composite")


def showMaximum(volume, window):
    """Maximum intensity projection of a PET or SPECT, dark on bright as it is read."""
    display = _rendering(volume)
    low, high = window
    opacity, colours = vtk.vtkPiecewiseFunction(), vtk.vtkColorTransferFunction()
    for value, strength in ((low, 0), (high, 1)):
        opacity.AddPoint(value, strength)
        colours.AddRGBPoint(value, strength, strength, strength)
    look = display.GetVolumePropertyNode()
    look.SetScalarOpacity(opacity)
    look.SetColor(colours)
    look.GetVolumeProperty().SetShade(False)
    _show3D(display, "MaximumIntensityProjection")


def follow3D(result):
    """Where the 3D view shows an earlier result, show this one."""
    colour = result.nodes.get("colour")
    for display in _renderings():
        volume = display.GetVolumeNode()
        if display.GetVisibility() and volume and volume.GetAttribute(ROLE) and volume != colour:
            display.SetVisibility(False)
            if colour is not None:
                showIn3D(colour)


def _rendering(volume):
    """The display of a volume's rendering, made where there is none."""
    logic = slicer.modules.volumerendering.logic()
    display = logic.GetFirstVolumeRenderingDisplayNode(volume)
    return display or logic.CreateDefaultVolumeRenderingNodes(volume)


def _renderings():
    return slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode")


def _show3D(display, technique):
    """One volume at a time; the technique is the view's, whatever it shows."""
    for other in _renderings():
        other.SetVisibility(other is display)
    layout = layoutManager()
    if layout is None:
        return
    view = layout.threeDWidget(0).mrmlViewNode()
    view.SetRaycastTechnique(getattr(view, technique))
    if not view.IsMappedInLayout():
        layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    slicer.util.resetThreeDViews()


# Tables, the panel, the crosshair


def showTable(node):
    """A table, in a layout that has room for it."""
    layout = layoutManager()
    if layout:
        layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpTableView)
    application = slicer.app.applicationLogic()
    application.GetSelectionNode().SetActiveTableID(node.GetID())
    application.PropagateTableSelection()


def scrollTo(widget):
    """Scroll the panel to a widget that was just shown."""
    area = widget.parentWidget()
    while area is not None and area.className() != "QScrollArea":
        area = area.parentWidget()
    if area is not None:
        slicer.app.processEvents()  # until it has its place
        area.ensureWidgetVisible(widget)


def crosshair():
    """The crosshair node."""
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")


def linkCrosshair(linked):
    """Whether the crosshair is shown, and moving it (Shift and the mouse) moves all slices."""
    node = crosshair()
    if node is not None:
        node.SetCrosshairMode(node.ShowBasic if linked else node.NoCrosshair)
        node.SetCrosshairBehavior(node.OffsetJumpSlice)


def isCrosshairShown():
    """Whether there is a crosshair to be seen."""
    node = crosshair()
    return node is not None and node.GetCrosshairMode() != node.NoCrosshair


def crosshairPoint():
    """RAS point of the crosshair; None where the mouse points at no slice."""
    node, ras = crosshair(), [0.0, 0.0, 0.0]
    return ras if node is not None and node.GetCursorPositionRAS(ras) else None
