"""``slicer.app`` with Qt: settings, cursor, signals, the module manager."""

from __future__ import annotations

from types import SimpleNamespace

import slicer
from PySide6.QtCore import QCoreApplication, QSettings
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication

from host import pythonqt
from host.scene import CoreApplication, RealScene


def qt_application() -> QApplication:
    """The process's one QApplication."""
    application = QApplication.instance() or QApplication(["Slicer"])
    QCoreApplication.setOrganizationName("NA-MIC")
    QCoreApplication.setApplicationName("Slicer")
    return application


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

    def factoryManager(self):
        return SimpleNamespace(loadedModuleNames=slicer.modules.names)


class Application(Emitter, CoreApplication):
    """``slicer.app``."""

    SIGNALS = ("startupCompleted()", "aboutToQuit()", "lastWindowClosed()")

    def __init__(self, real: RealScene) -> None:
        Emitter.__init__(self)
        CoreApplication.__init__(self, real)
        self._qt = qt_application()
        self._module_manager = ModuleManager()
        # Each host has settings of its own, in its temporary folder.
        QSettings.setDefaultFormat(QSettings.IniFormat)
        QSettings.setPath(QSettings.IniFormat, QSettings.UserScope, real.folder)

    def processEvents(self, *flags) -> None:
        self._qt.processEvents(*flags)

    def settings(self):
        return pythonqt.QSettings()

    userSettings = settings

    def commandOptions(self):
        return SimpleNamespace(noMainWindow=True, testingEnabled=self.testing)

    def moduleManager(self) -> ModuleManager:
        return self._module_manager

    def mainWindow(self) -> None:
        return None

    def topLevelWidgets(self) -> list:
        return self._qt.topLevelWidgets()

    def setOverrideCursor(self, cursor) -> None:
        self._qt.setOverrideCursor(QCursor(cursor))

    def restoreOverrideCursor(self) -> None:
        self._qt.restoreOverrideCursor()

    def overrideCursor(self):
        return self._qt.overrideCursor()

    def palette(self):
        return self._qt.palette()
