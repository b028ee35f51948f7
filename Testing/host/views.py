"""Slice views without OpenGL, the 3D view with it, and the layout manager that holds them.

A slice picture is the output of Slicer's own slice logic. The 3D view renders offscreen; which
OpenGL window VTK takes is set by ``VTK_DEFAULT_OPENGL_WINDOW``. An empty value breaks VTK's choice.
"""

from __future__ import annotations

import functools
import subprocess
import sys

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

SLICE_VIEWS = ("Red", "Yellow", "Green")

THREE_D_MANAGERS = (
    "vtkMRMLVolumeRenderingDisplayableManager",
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLThreeDReformatDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager3D",
    "vtkMRMLOrientationMarkerDisplayableManager",
    "vtkMRMLMarkupsDisplayableManager",
)


# Rendering without OpenGL ends the process, so it is tried in another one.
OPENGL_PROBE = """
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow
import vtkmodules.vtkRenderingOpenGL2
window = vtkRenderWindow()
window.SetOffScreenRendering(True)
window.AddRenderer(vtkRenderer())
window.Render()
raise SystemExit(not window.SupportsOpenGL())
"""


class OpenGLMissing(RuntimeError):
    """The 3D view cannot be drawn on this machine."""


@functools.cache
def opengl_works() -> bool:
    """Whether VTK can render here; asked once, when a 3D view is first used."""
    command = [sys.executable, "-c", OPENGL_PROBE]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class SliceController:
    """The bar above a slice view."""

    def __init__(self, logic) -> None:
        self._logic = logic

    def fitSliceToBackground(self) -> None:
        self._logic.FitSliceToBackground()

    def setSliceOffsetValue(self, offset: float) -> None:
        self._logic.SetSliceOffset(offset)


class SliceView:
    """The picture area of a slice view."""

    def __init__(self, logic) -> None:
        self._logic = logic

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def scheduleRender(self) -> None:
        pass

    forceRender = scheduleRender


class SliceWidget:
    """A slice view, with the names of qMRMLSliceWidget, and its picture."""

    def __init__(self, scene, application_logic, name: str) -> None:
        logic = self._logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(application_logic)
        application_logic.GetSliceLogics().AddItem(logic)
        logic.SetMRMLScene(scene)
        logic.SetSliceNode(scene.GetNodeByID(f"vtkMRMLSliceNode{name}"))
        logic.ResizeSliceNode(400, 400)
        self._controller = SliceController(logic)
        self._view = SliceView(logic)

    def sliceLogic(self):
        return self._logic

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    def sliceController(self) -> SliceController:
        return self._controller

    def sliceView(self) -> SliceView:
        return self._view

    def fitSliceToBackground(self) -> None:
        self._logic.FitSliceToBackground()

    def picture(self, width: int | None = None, height: int | None = None) -> np.ndarray:
        """The view's pixels, (height, width, 3) uint8, top row first.

        A size resizes the view first, as dragging its border does.
        """
        if width and height:
            self._logic.ResizeSliceNode(width, height)
        port = self._logic.GetImageDataConnection()
        if port is None:  # nothing is shown
            columns, rows = self.mrmlSliceNode().GetDimensions()[:2]
            return np.zeros((rows, columns, 3), np.uint8)
        port.GetProducer().Update()
        image = port.GetProducer().GetOutputDataObject(port.GetIndex())
        columns, rows, _ = image.GetDimensions()
        pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, -1)[::-1]
        if pixels.shape[2] == 3:
            return pixels.copy()
        # Outside the volume alpha is 0 while the colour is not black.
        return (pixels[..., :3].astype(np.uint16) * pixels[..., 3:] // 255).astype(np.uint8)

    def column_and_row(self, ras) -> tuple[float, float]:
        """Where a point in the scene lies in ``picture()``."""
        node = self.mrmlSliceNode()
        to_view = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(node.GetXYToRAS(), to_view)
        x, y, _, _ = to_view.MultiplyPoint((*ras, 1))
        return x, node.GetDimensions()[1] - 1 - y


class ThreeDView:
    """The 3D view, with the names of qMRMLThreeDView; OpenGL starts with the first use of it."""

    def __init__(self, node, application_logic) -> None:
        self._node = node
        self._application_logic = application_logic
        self._window = None
        self._renderer = None
        self._managers = None

    def mrmlViewNode(self):
        return self._node

    def renderWindow(self):
        if self._window is None:
            self._open()
        return self._window

    def resetFocalPoint(self) -> None:
        self.renderWindow()
        self._renderer.ResetCamera()

    def resetCamera(self, *which) -> None:
        self.resetFocalPoint()

    def rotateToViewAxis(self, axis: int) -> None:
        """Look along an axis: 0 to 5 for left, right, posterior, anterior, inferior, superior."""
        direction = np.zeros(3)
        direction[axis // 2] = 1 if axis % 2 else -1
        self.renderWindow()
        camera = self._renderer.GetActiveCamera()
        focus = np.array(camera.GetFocalPoint())
        camera.SetPosition(*(focus + direction * camera.GetDistance()))
        camera.SetViewUp(0, *((1, 0) if axis >= 4 else (0, 1)))
        self._renderer.ResetCameraClippingRange()

    def forceRender(self) -> None:
        self.renderWindow().Render()

    def scheduleRender(self) -> None:
        pass

    def picture(self, width: int = 400, height: int = 400) -> np.ndarray:
        """The view's pixels, (height, width, 3) uint8, top row first."""
        window = self.renderWindow()
        window.SetSize(width, height)
        window.Render()
        grabber = vtk.vtkWindowToImageFilter()
        grabber.SetInput(window)
        grabber.ReadFrontBufferOff()
        grabber.SetInputBufferTypeToRGB()
        grabber.Update()
        scalars = grabber.GetOutput().GetPointData().GetScalars()
        return vtk_to_numpy(scalars).reshape(height, width, 3)[::-1].copy()

    def close(self) -> None:
        if self._window is not None:
            self._managers.SetMRMLDisplayableNode(None)
            self._window.Finalize()
            self._window = None

    def _open(self) -> None:
        if not opengl_works():
            raise OpenGLMissing("no OpenGL for the 3D view; install libegl1 and libgl1-mesa-dri")
        window = vtk.vtkRenderWindow()
        window.SetOffScreenRendering(True)
        window.ShowWindowOff()
        window.SetMultiSamples(0)
        self._renderer = vtk.vtkRenderer()
        window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkRenderWindowInteractor()
        self._interactor.SetRenderWindow(window)
        self._interactor.Initialize()
        factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(self._application_logic)
        for name in THREE_D_MANAGERS:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._managers = slicer.vtkMRMLDisplayableManagerGroup()
        self._managers.SetRenderer(self._renderer)
        self._managers.Initialize(factory, self._renderer)
        self._managers.SetMRMLDisplayableNode(self._node)
        self._window = window


class ThreeDWidget:
    """A 3D view with its controller, with the names of qMRMLThreeDWidget."""

    def __init__(self, scene, application_logic) -> None:
        self._logic = slicer.vtkMRMLViewLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        application_logic.GetViewLogics().AddItem(self._logic)
        self._logic.SetName("1")  # the logic finds its view node by the layout name
        self._logic.SetMRMLScene(scene)
        node = scene.GetNodeByID("vtkMRMLViewNode1")
        self._view = ThreeDView(node, application_logic)

    def viewLogic(self):
        return self._logic

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

    @layout.setter
    def layout(self, number: int) -> None:
        self.setLayout(number)

    def layoutLogic(self):
        return self._layout_logic

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

    def resetSliceViews(self) -> None:
        for widget in self._slices.values():
            widget.fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        self._three_d.threeDView().resetFocalPoint()

    def close(self) -> None:
        self._three_d.threeDView().close()
