"""The message boxes of ``slicer.util``: recorded and answered, never shown. Serves both hosts."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import slicer

# For each question the button that says yes and the one that says no.
QUESTIONS = (("Yes", "No"), ("Retry", "Close"), ("Ok", "Cancel"))


class ModalDialog(RuntimeError):
    """A dialog was about to wait for a user, or a package to be installed."""


@dataclass(frozen=True)
class Message:
    """One message box: ``kind`` is info, warning, error, question or delay."""

    kind: str
    text: str
    title: str | None = None
    detail: str = ""


class Dialogs:
    """Takes the place of what opens a dialog.

    ``messages`` collects what was shown. ``answers`` are given to questions in their order, True
    for yes; without any the answer is yes.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.answers: list[bool] = []
        self._replaced: list[tuple] = []

    def install(self) -> None:
        replacements = {
            "_messageDisplay": self._message_display,
            "messageBox": self._message_box,
            "delayDisplay": self._delay_display,
            "pip_install": self._refuse,
            "restart": self._refuse,
        }
        for name, replacement in replacements.items():
            self._replaced.append((name, getattr(slicer.util, name, None)))
            setattr(slicer.util, name, replacement)

    def uninstall(self) -> None:
        for name, value in self._replaced:
            if value is None:
                delattr(slicer.util, name)
            else:
                setattr(slicer.util, name, value)
        self._replaced.clear()

    def texts(self, kind: str | None = None) -> list[str]:
        """The texts of the messages of one kind, or of all."""
        return [message.text for message in self.messages if kind in (None, message.kind)]

    def _refuse(self, *arguments, **keywords):
        raise ModalDialog(f"a dialog or an installation would begin: {arguments}")

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
        from qt import QMessageBox  # of the host, which is there by now

        kind = logging.getLevelName(logLevel).lower()
        answer = QMessageBox.Ok
        buttons = keywords.get("standardButtons", answer)
        for names in QUESTIONS:
            yes, no = (getattr(QMessageBox, name) for name in names)
            if buttons == yes | no:
                kind = "question"
                answer = yes if not self.answers or self.answers.pop(0) else no
        detail = keywords.get("detailedText", "")
        self.messages.append(Message(kind, str(text), windowTitle, detail))
        return answer

    def _message_box(self, text, parent=None, **keywords):
        self.messages.append(Message("info", str(text), keywords.get("windowTitle")))

    def _delay_display(self, message, autoCloseMsec=1000, parent=None, **keywords):
        self.messages.append(Message("delay", str(message)))
        slicer.app.processEvents()
