"""Slicer itself as the host of the panel's tests, with the names of ``host.panel.Host``.

Scene, views, widgets, module factory and translation are the running application's. Replaced are
only what would wait for a user (message boxes) or change the computer (PyTorchUtils).
"""

from __future__ import annotations

import sys

import qt
import slicer
from host import companions
from host.dialogs import Dialogs


class SlicerScene:
    """The application's scene, emptied."""

    def __init__(self) -> None:
        slicer.mrmlScene.Clear(0)
        self.scene = slicer.mrmlScene

    def close(self) -> None:
        slicer.mrmlScene.Clear(0)
        slicer.app.processEvents()


class SlicerPanel:
    """A panel of its own window, made by Slicer's module factory as that of the main window is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module = sys.modules[name]
        self.parent = getattr(slicer.modules, name.lower()).createNewWidgetRepresentation()
        self.parent.setMRMLScene(slicer.mrmlScene)
        self.widget = self.parent.self()
        self._closed = False

    @property
    def ui(self):
        return self.widget.ui

    @property
    def logic(self):
        return self.widget.logic

    def enter(self) -> None:
        self.widget.enter()

    def exit(self) -> None:
        self.widget.exit()

    def show(self, width: int = 420, height: int = 760) -> None:
        """Lay the panel out in a window of that size."""
        self.parent.resize(width, height)
        self.parent.show()
        slicer.app.processEvents()

    def click(self, name: str) -> None:
        """Press a button; it must be there for the user to press."""
        button = getattr(self.ui, name)
        if not self.parent.visible:
            self.show()
        if not button.visible:
            raise AssertionError(f"{name} is not visible")
        if not button.enabled:
            raise AssertionError(f"{name} is disabled: {button.toolTip}")
        button.click()
        slicer.app.processEvents()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.exit()
        self.widget._onModuleAboutToBeUnloaded(self.name)
        self.parent.hide()
        self.parent.deleteLater()


class SlicerHost:
    """Opens panels in the running Slicer; collects what slots raise."""

    def __init__(self, real: SlicerScene) -> None:
        self.scene = real.scene
        self.dialogs = Dialogs()
        self.pytorch = companions.PyTorch()
        self.errors: list[BaseException] = []
        self.app = slicer.app
        self._panels: list[SlicerPanel] = []
        self._replaced: list[tuple] = []

    def __enter__(self) -> SlicerHost:
        self._hook, sys.excepthook = sys.excepthook, self._record
        self._utils = sys.modules.get("PyTorchUtils")
        self._module = slicer.modules.pytorchutils
        sys.modules["PyTorchUtils"] = companions.pytorch_utils_module(self.pytorch)
        self.dialogs.install()
        return self

    def __exit__(self, *exception) -> None:
        for panel in self._panels:
            panel.close()
        slicer.app.processEvents()
        self.dialogs.uninstall()
        slicer.modules.pytorchutils = self._module
        if self._utils is None:
            sys.modules.pop("PyTorchUtils", None)
        else:
            sys.modules["PyTorchUtils"] = self._utils
        qt.QSettings().remove("MedFusion")
        sys.excepthook = self._hook

    def open(self, path) -> SlicerPanel:
        """A new panel of the module; the factory has loaded its file."""
        panel = SlicerPanel(path.stem)
        self._panels.append(panel)
        panel.enter()
        return panel

    def remove_pytorch_extension(self) -> None:
        """Make PyTorchUtils absent, as in a Slicer without the PyTorch extension."""
        sys.modules.pop("PyTorchUtils", None)
        del slicer.modules.pytorchutils

    def fail_on_errors(self) -> None:
        """Raise when a slot raised. A test that expects that clears ``errors`` itself."""
        if self.errors:
            raise AssertionError(f"raised in slots: {self.errors}") from self.errors[0]

    def _record(self, kind, error, trace) -> None:
        self.errors.append(error)
        self._hook(kind, error, trace)
