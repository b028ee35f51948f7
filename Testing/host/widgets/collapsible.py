"""``ctk.ctkCollapsibleButton``."""

from __future__ import annotations

from types import SimpleNamespace

from PySide6.QtCore import Property, QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

HEADER_HEIGHT = 24


class ctkCollapsibleButton(QAbstractButton):
    """A titled group; a click on the title hides its contents."""

    _stand_in = True
    contentsCollapsed = Signal(bool)

    def __init__(self, *arguments):
        parent = arguments[-1] if arguments and isinstance(arguments[-1], QWidget) else None
        super().__init__(parent)
        self._state = SimpleNamespace(collapsed=False, hidden=[])
        if arguments and isinstance(arguments[0], str):
            self.setText(arguments[0])
        self.setContentsMargins(0, HEADER_HEIGHT, 0, 0)
        self.setMinimumHeight(HEADER_HEIGHT)
        self.setSizePolicy(QSizePolicy.Minimum, QSizePolicy.Preferred)  # as in ctk
        self.setCheckable(True)
        self.setChecked(True)
        self.toggled.connect(self._on_toggled)

    def _on_toggled(self, checked):
        self._collapse(not checked)
        self.contentsCollapsed.emit(not checked)

    def _collapse(self, collapsed):
        state = self._state
        state.collapsed = collapsed
        if collapsed:
            children = [child for child in self.children() if isinstance(child, QWidget)]
            state.hidden += [child for child in children if not child.isHidden()]
            for child in state.hidden:
                child.hide()
        else:
            for child in state.hidden:
                child.show()
            state.hidden = []
        self.setMaximumHeight(HEADER_HEIGHT if collapsed else 16777215)

    def _set_collapsed(self, collapsed):
        self.setChecked(not collapsed)

    collapsed = Property(bool, lambda self: self._state.collapsed, _set_collapsed)

    def showEvent(self, event):
        if self._state.collapsed:  # a .ui file collapses before it adds the contents
            self._collapse(True)
        super().showEvent(event)

    def hitButton(self, position):
        return position.y() < HEADER_HEIGHT

    def paintEvent(self, event):
        """The title, with its arrow."""
        painter = QPainter(self)
        box = QRect(4, 0, self.width - 8, HEADER_HEIGHT)
        arrow = "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}"
        if not self._state.collapsed:
            arrow = "\N{BLACK DOWN-POINTING SMALL TRIANGLE}"
        painter.drawText(box, Qt.AlignVCenter, f"{arrow} {self.text}")
        painter.end()
