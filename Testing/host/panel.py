"""``Host``: a scene, Qt and ``slicer.app`` installed together; opens a module's panel."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import slicer
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout

from host import companions, pythonqt, scripted
from host.application import Application, qt_application
from host.dialogs import Dialogs
from host.scene import Module, RealScene
from host.uiloader import QUiLoader
from host.widgets import STAND_INS, qMRMLNodeComboBox, qSlicerScriptedLoadableModuleWidget


class Panel:
    """An open module: its Python module, its widget object, and the Qt widget around them."""

    def __init__(self, name: str, module: types.ModuleType, widget, parent) -> None:
        self.name = name
        self.module = module
        self.widget = widget
        self.parent = parent
        self._closed = False

    @property
    def ui(self):
        return self.widget.ui

    @property
    def logic(self):
        return self.widget.logic

    def enter(self) -> None:
        if not self.parent.isEntered:
            self.parent.isEntered = True
            self.widget.enter()

    def exit(self) -> None:
        if self.parent.isEntered:
            self.parent.isEntered = False
            self.widget.exit()

    def show(self, width: int = 420, height: int = 760) -> None:
        """Lay the panel out, as a picture or a mouse click needs it."""
        self.parent.resize(width, height)
        self.parent.show()
        slicer.app.processEvents()

    def click(self, name: str) -> None:
        """Press a button with the mouse; it must be there for the user to press."""
        button = getattr(self.ui, name)
        if not self.parent.isVisible():
            self.show()
        if not button.isVisible():
            raise AssertionError(f"{name} is not visible")
        if not button.isEnabled():
            raise AssertionError(f"{name} is disabled: {button.toolTip}")
        # On a wide check box or radio button only the left end reacts.
        QTest.mouseClick(button, Qt.LeftButton, Qt.NoModifier, QPoint(10, button.height // 2))
        slicer.app.processEvents()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.exit()
        slicer.app.moduleManager().emit("moduleAboutToBeUnloaded(QString)", self.name)
        for selector in self.parent.findChildren(qMRMLNodeComboBox):
            selector._stop_observing()
        self.parent.delete()


class Host:
    """The test host. Use it in a ``with`` statement, or through the fixture ``host``."""

    def __init__(self, real: RealScene) -> None:
        self._real = real
        self._panels: list[Panel] = []
        self._paths: list[str] = []
        self._modules: dict[str, types.ModuleType | None] = {}
        self._names: dict[str, object] = {}
        self._watch = pythonqt.watch_errors()
        self.scene = real.scene
        self.dialogs = Dialogs()
        self.pytorch = companions.PyTorch()

    def __enter__(self) -> Host:
        qt_application()
        pythonqt.install()
        for stand_in in STAND_INS:
            pythonqt.patch(stand_in)
        self.errors = self._watch.__enter__()
        self.app = slicer.app = Application(self._real)
        self._install_modules()
        self.dialogs.install()
        return self

    def __exit__(self, *exception) -> None:
        for panel in self._panels:
            panel.close()
        self.app.processEvents()
        self.dialogs.uninstall()
        self._watch.__exit__(*exception)
        for path in self._paths:
            sys.path.remove(path)
        for name, before in self._modules.items():
            if before is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = before
        for name in self._names:
            delattr(slicer, name)

    @property
    def layout(self):
        return self._real.layout

    def open(self, path) -> Panel:
        """Load a module from its file as Slicer does, set its panel up and enter it."""
        path = Path(path).resolve()
        name = path.stem
        module = self._load(name, path)
        description = scripted.ModuleParent(name, str(path))
        setattr(slicer.modules, f"{name}Instance", getattr(module, name)(description))
        self.app.emit("startupCompleted()")
        parent = qSlicerScriptedLoadableModuleWidget()
        QVBoxLayout(parent)
        parent.setMRMLScene(self.scene)
        slicer.modules.add(Module(name, path=str(path), widget=parent))
        widget = getattr(module, f"{name}Widget")(parent)
        setattr(slicer.modules, f"{name}Widget", widget)
        widget.setup()
        panel = Panel(name, module, widget, parent)
        self._panels.append(panel)
        panel.enter()
        return panel

    def remove_pytorch_extension(self) -> None:
        """Make PyTorchUtils absent, as in a Slicer without the PyTorch extension."""
        sys.modules.pop("PyTorchUtils", None)
        slicer.modules.remove("PyTorchUtils")

    def fail_on_errors(self) -> None:
        """Raise when a slot raised. A test that expects that clears ``errors`` itself."""
        if self.errors:
            raise AssertionError(f"raised in slots: {self.errors}") from self.errors[0]

    def _load(self, name: str, path: Path) -> types.ModuleType:
        folder = str(path.parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
            self._paths.append(folder)
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        self._set_module(name, module)
        spec.loader.exec_module(module)
        return module

    def _install_modules(self) -> None:
        ctk = {cls.__name__: cls for cls in STAND_INS if cls.__name__.startswith("ctk")}
        self._set_module("qt", pythonqt.qt_module(QUiLoader=QUiLoader))
        self._set_module("ctk", pythonqt.Namespace("ctk", **ctk))
        self._set_module("slicer.ScriptedLoadableModule", scripted)
        self._set_module("slicer.i18n", scripted.i18n_module())
        self._set_module("SampleData", companions.sample_data_module())
        slicer.modules.sampleDataSources = {}
        self._set_module("PyTorchUtils", companions.pytorch_utils_module(self.pytorch))
        for name in ("SampleData", "PyTorchUtils"):
            slicer.modules.add(Module(name))
        self._names = {cls.__name__: cls for cls in STAND_INS if cls.__name__.startswith("q")}
        self._names["ScriptedLoadableModule"] = scripted
        self._names["i18n"] = sys.modules["slicer.i18n"]
        for name, value in self._names.items():
            setattr(slicer, name, value)

    def _set_module(self, name: str, module: types.ModuleType) -> None:
        self._modules.setdefault(name, sys.modules.get(name))
        sys.modules[name] = module
