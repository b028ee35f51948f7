"""``slicer.qMRMLWidget`` and the parent of a module's panel."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from host.widgets.properties import stored


class qMRMLWidget(QWidget):
    """A widget that knows the scene, and tells it to those connected to it in the .ui file."""

    _stand_in = True
    mrmlSceneChanged = Signal(object)
    SIGNALS: ClassVar = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}

    def __init__(self, parent=None):
        super().__init__(parent)
        self._state = SimpleNamespace(scene=None, values={})

    def setMRMLScene(self, scene):
        if scene is not self._state.scene:
            self._state.scene = scene
            self.mrmlSceneChanged.emit(scene)

    def mrmlScene(self):
        return self._state.scene


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The parent of a module's panel."""

    _stand_in = True
    isEntered = stored("isEntered", bool, False)
