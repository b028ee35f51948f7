"""``slicer.app`` with Qt: settings, cursor, signals, the main window, the module manager."""

from __future__ import annotations

from types import SimpleNamespace

import slicer
from PySide6.QtCore import QCoreApplication, QSettings
from PySide6.QtGui import QColor, QCursor, QPalette
from PySide6.QtWidgets import QApplication, QMainWindow

from host import pythonqt
from host.scene import CoreApplication, RealScene

# Slicer's dark look.
PALETTE = {
    QPalette.Window: "#323232",
    QPalette.Base: "#252525",
    QPalette.AlternateBase: "#2d2d2d",
    QPalette.Button: "#464646",
    QPalette.Mid: "#5a5a5a",
    QPalette.Highlight: "#4a86c8",
    QPalette.HighlightedText: "#ffffff",
    QPalette.WindowText: "#e6e6e6",
    QPalette.Text: "#e6e6e6",
    QPalette.ButtonText: "#e6e6e6",
    QPalette.ToolTipBase: "#464646",
    QPalette.ToolTipText: "#e6e6e6",
    QPalette.PlaceholderText: "#969696",
}
DISABLED = "#828282"


def qt_application() -> QApplication:
    """The process's one QApplication, in Slicer's look."""
    application = QApplication.instance()
    if application is None:
        application = QApplication(["Slicer"])
        application.setStyle("Fusion")
        application.setPalette(_palette())
    QCoreApplication.setOrganizationName("NA-MIC")
    QCoreApplication.setApplicationName("Slicer")
    return application


def _palette() -> QPalette:
    palette = QPalette()
    for role, color in PALETTE.items():
        palette.setColor(role, QColor(color))
    for role in (QPalette.WindowText, QPalette.Text, QPalette.ButtonText):
        palette.setColor(QPalette.Disabled, role, QColor(DISABLED))
    return palette


class Emitter:
    """Signals by their C++ signature, for objects that are not Qt objects here."""

    SIGNALS: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._slots: dict[str, list] = {signal: [] for signal in self.SIGNALS}

    def connect(self, signal: str, slot) -> bool:
        self._slots_of(signal).append(slot)
        return True

    def disconnect(self, signal: str, slot=None) -> bool:
        slots = self._slots_of(signal)
        found = slot is None or slot in slots
        self._slots[signal] = [s for s in slots if slot is not None and s != slot]
        return found

    def emit(self, signal: str, *arguments) -> None:
        for slot in list(self._slots_of(signal)):
            pythonqt.call_slot(slot, *arguments)

    def _slots_of(self, signal: str) -> list:
        if signal not in self._slots:
            raise AttributeError(f"{type(self).__name__} has no signal {signal}")
        return self._slots[signal]


class ModuleManager(Emitter):
    """``slicer.app.moduleManager()``."""

    SIGNALS = ("moduleAboutToBeUnloaded(QString)", "moduleLoaded(QString)")

    def module(self, name: str):
        return getattr(slicer.modules, name.lower(), None)

    def modulesNames(self) -> list[str]:
        return slicer.modules.names()

    def factoryManager(self):
        return SimpleNamespace(loadedModuleNames=slicer.modules.names)


class ModuleSelector:
    """The list of modules in the tool bar; ``selectModule`` enters a panel that is open."""

    def __init__(self, enter) -> None:
        self._enter = enter
        self.selectedModule = ""

    def selectModule(self, name: str) -> None:
        if not hasattr(slicer.modules, name.lower()):
            raise ValueError(f"there is no module {name}")
        self.selectedModule = name
        self._enter(name)


class MainWindow(QMainWindow):
    """The main window, never shown; ``slicer.util.mainWindow()`` finds it by its name."""

    def __init__(self, selector: ModuleSelector) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self._selector = selector

    def moduleSelector(self) -> ModuleSelector:
        return self._selector


class Application(Emitter, CoreApplication):
    """``slicer.app``."""

    SIGNALS = ("startupCompleted()", "aboutToQuit()", "lastWindowClosed()")

    def __init__(self, real: RealScene, enter_module) -> None:
        Emitter.__init__(self)
        CoreApplication.__init__(self, real)
        self._qt = qt_application()
        self._module_manager = ModuleManager()
        self._main_window = MainWindow(ModuleSelector(enter_module))
        # Each host has settings of its own, in its temporary folder.
        QSettings.setDefaultFormat(QSettings.IniFormat)
        QSettings.setPath(QSettings.IniFormat, QSettings.UserScope, real.folder)

    def processEvents(self, *flags) -> None:
        self._qt.processEvents(*flags)

    def settings(self):
        return pythonqt.QSettings()

    userSettings = settings

    def commandOptions(self):
        return SimpleNamespace(noMainWindow=False, testingEnabled=self.testing)

    def moduleManager(self) -> ModuleManager:
        return self._module_manager

    def mainWindow(self) -> MainWindow:
        return self._main_window

    def topLevelWidgets(self) -> list:
        return self._qt.topLevelWidgets()

    def setOverrideCursor(self, cursor) -> None:
        self._qt.setOverrideCursor(QCursor(cursor))

    def restoreOverrideCursor(self) -> None:
        self._qt.restoreOverrideCursor()

    def overrideCursor(self):
        return self._qt.overrideCursor()

    def clipboard(self):
        return self._qt.clipboard()

    def palette(self):
        return self._qt.palette()

    def translate(self, context: str, text: str, *more) -> str:
        return text

    def close(self) -> None:
        self._main_window.delete()
