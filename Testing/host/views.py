"""The layout manager and its views: Slicer's own nodes and logics, without pictures."""

from __future__ import annotations

import slicer

SLICE_VIEWS = ("Red", "Yellow", "Green")


class SliceWidget:
    """A slice view, with the names of qMRMLSliceWidget."""

    def __init__(self, scene, application_logic, name: str) -> None:
        logic = self._logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(application_logic)
        application_logic.GetSliceLogics().AddItem(logic)
        logic.SetMRMLScene(scene)
        logic.SetSliceNode(scene.GetNodeByID(f"vtkMRMLSliceNode{name}"))
        logic.ResizeSliceNode(400, 400)

    def sliceLogic(self):
        return self._logic

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()


class ThreeDView:
    """The 3D view: its node; nothing is drawn."""

    def __init__(self, node) -> None:
        self._node = node

    def mrmlViewNode(self):
        return self._node

    def resetFocalPoint(self) -> None:
        pass


class ThreeDWidget:
    """A 3D view with its controller, with the names of qMRMLThreeDWidget."""

    def __init__(self, scene, application_logic) -> None:
        self._logic = slicer.vtkMRMLViewLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        application_logic.GetViewLogics().AddItem(self._logic)
        self._logic.SetName("1")  # the logic finds its view node by the layout name
        self._logic.SetMRMLScene(scene)
        self._view = ThreeDView(scene.GetNodeByID("vtkMRMLViewNode1"))

    def mrmlViewNode(self):
        return self._view.mrmlViewNode()

    def threeDView(self) -> ThreeDView:
        return self._view


class LayoutManager:
    """``slicer.app.layoutManager()``: three slice views and one 3D view, whatever the layout.

    The layout is kept, and the view nodes are made, by Slicer's layout logic.
    """

    threeDViewCount = 1

    def __init__(self, scene, application_logic) -> None:
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
        self._slice_logics = application_logic.GetSliceLogics()
        self._layout_logic = slicer.vtkMRMLLayoutLogic()
        self._layout_logic.SetMRMLScene(scene)
        self.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        self._slices = {name: SliceWidget(scene, application_logic, name) for name in SLICE_VIEWS}
        self._three_d = ThreeDWidget(scene, application_logic)

    @property
    def layout(self) -> int:
        return self._layout_logic.GetLayoutNode().GetViewArrangement()

    def setLayout(self, number: int) -> None:
        node = self._layout_logic.GetLayoutNode()
        known = node.IsLayoutDescription(number)
        node.SetViewArrangement(number if known else node.SlicerLayoutConventionalView)

    def sliceViewNames(self) -> tuple[str, ...]:
        return tuple(self._slices)

    def sliceWidget(self, name: str) -> SliceWidget | None:
        return self._slices.get(name)

    def threeDWidget(self, index: int) -> ThreeDWidget | None:
        return self._three_d if index == 0 else None

    def mrmlSliceLogics(self):
        return self._slice_logics

    def resetThreeDViews(self) -> None:
        self._three_d.threeDView().resetFocalPoint()
