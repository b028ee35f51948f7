"""How a stand-in has its properties, and lays out its parts."""

from __future__ import annotations

from PySide6.QtCore import Property
from PySide6.QtWidgets import QHBoxLayout, QWidget


def stored(name: str, kind, default, changed: str | None = None) -> Property:
    """A property that is a value in ``_state.values``; ``changed`` is a method to call after."""

    def read(self):
        return self._state.values.get(name, default)

    def write(self, value):
        self._state.values[name] = list(value) if kind == "QStringList" else value
        if changed:
            getattr(self, changed)()

    return Property(kind, read, write)


def forwarded(child: str, name: str, kind) -> Property:
    """A property of a child widget in ``_state``."""
    return Property(
        kind,
        lambda self: getattr(getattr(self._state, child), name),
        lambda self, value: setattr(getattr(self._state, child), name, value),
    )


def row(parent: QWidget, *children: QWidget) -> None:
    """Lay out widgets side by side, the first one stretched."""
    layout = QHBoxLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    for index, child in enumerate(children):
        layout.addWidget(child, 0 if index else 1)
