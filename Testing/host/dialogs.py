"""Message boxes and file dialogs: recorded and answered, never shown.

A modal dialog would wait for a user forever, so any other attempt to open one raises.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import slicer
from PySide6 import QtWidgets
from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QMessageBox

# For each question the button that says yes and the one that says no.
QUESTIONS = (
    (QMessageBox.Yes, QMessageBox.No),
    (QMessageBox.Retry, QMessageBox.Close),
    (QMessageBox.Ok, QMessageBox.Cancel),
)


class ModalDialog(RuntimeError):
    """A dialog was about to wait for a user."""


@dataclass(frozen=True)
class Message:
    """One message box: ``kind`` is info, warning, error, question or delay."""

    kind: str
    text: str
    title: str | None = None
    detail: str = ""


class Dialogs:
    """Takes the place of everything that opens a dialog.

    ``messages`` collects what was shown. ``answers`` are given to questions in their order, True
    for yes; without any the answer is yes. ``paths`` are given to file dialogs; without any the
    user pressed Cancel.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.answers: list[bool] = []
        self.paths: list[str] = []
        self._replaced: list[tuple] = []

    def install(self) -> None:
        self._slicer_message = slicer.util._messageDisplay
        self._replace(slicer.util, "_messageDisplay", self._message_display)
        self._replace(slicer.util, "messageBox", self._message_box)
        self._replace(slicer.util, "delayDisplay", self._delay_display)
        self._replace(slicer.util, "pip_install", self._refuse)
        for name in ("getOpenFileName", "getSaveFileName", "getExistingDirectory"):
            self._replace(QFileDialog, name, staticmethod(self._path))
        self._replace(QFileDialog, "getOpenFileNames", staticmethod(self._all_paths))
        for name in ("question", "information", "warning", "critical", "about"):
            self._replace(QMessageBox, name, staticmethod(self._refuse))
        for name in ("getText", "getItem", "getInt", "getDouble"):
            self._replace(QInputDialog, name, staticmethod(self._refuse))
        for cls in (QDialog, QtWidgets.QMenu, QFileDialog, QMessageBox, QInputDialog):
            for name in ("exec", "exec_"):
                self._replace(cls, name, self._refuse)

    def uninstall(self) -> None:
        for owner, name, value in reversed(self._replaced):
            if value is None:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
        self._replaced.clear()

    def texts(self, kind: str | None = None) -> list[str]:
        """The texts of the messages of one kind, or of all."""
        return [message.text for message in self.messages if kind in (None, message.kind)]

    def _replace(self, owner, name: str, value) -> None:
        self._replaced.append((owner, name, vars(owner).get(name)))
        setattr(owner, name, value)

    def _refuse(self, *arguments, **keywords):
        raise ModalDialog(f"a dialog would wait for a user: {arguments}")

    # In the place of slicer.util's functions

    def _message_display(
        self,
        logLevel,
        text,
        testingReturnValue,
        mainWindowNeeded=False,
        parent=None,
        windowTitle=None,
        **keywords,
    ):
        kind = logging.getLevelName(logLevel).lower()
        buttons = keywords.get("standardButtons", QMessageBox.Ok)
        question = next((pair for pair in QUESTIONS if buttons == pair[0] | pair[1]), None)
        if question:
            kind = "question"
        detail = keywords.get("detailedText", "")
        self.messages.append(Message(kind, str(text), windowTitle, detail))
        if slicer.app.testingEnabled():
            return testingReturnValue
        return question[0 if self._answer() else 1] if question else QMessageBox.Ok

    def _message_box(self, text, parent=None, **keywords):
        self.messages.append(Message("info", str(text), keywords.get("windowTitle")))
        return QMessageBox.Ok

    def _delay_display(self, message, autoCloseMsec=1000, parent=None, **keywords):
        self.messages.append(Message("delay", str(message)))
        slicer.app.processEvents()

    def _answer(self) -> bool:
        return self.answers.pop(0) if self.answers else True

    # In the place of QFileDialog's functions; PythonQt returns the path alone

    def _path(self, *arguments) -> str:
        return self.paths.pop(0) if self.paths else ""

    def _all_paths(self, *arguments) -> tuple[str, ...]:
        paths, self.paths = tuple(self.paths), []
        return paths
