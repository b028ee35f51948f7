"""``ctk.ctkRangeWidget``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

from host.widgets.properties import row


class ctkRangeWidget(QWidget):
    """Two values within a range, the first never above the second."""

    _stand_in = True
    valuesChanged = Signal(float, float)
    minimumValueChanged = Signal(float)
    maximumValueChanged = Signal(float)
    rangeChanged = Signal(float, float)
    SIGNALS: ClassVar = {
        "valuesChanged(double,double)": "valuesChanged",
        "minimumValueChanged(double)": "minimumValueChanged",
        "maximumValueChanged(double)": "maximumValueChanged",
        "rangeChanged(double,double)": "rangeChanged",
    }

    def __init__(self, parent=None):
        super().__init__(parent)
        lower, upper = QDoubleSpinBox(), QDoubleSpinBox()
        self._state = SimpleNamespace(lower=lower, upper=upper)
        row(self, lower, upper)
        for box in (lower, upper):
            box.setRange(0, 99)
        upper.setValue(99)
        lower.valueChanged.connect(self._on_lower)
        upper.valueChanged.connect(self._on_upper)

    def _on_lower(self, value):
        self.minimumValueChanged.emit(value)
        self._changed()

    def _on_upper(self, value):
        self.maximumValueChanged.emit(value)
        self._changed()

    def _changed(self):
        self.valuesChanged.emit(self._state.lower.value, self._state.upper.value)

    def _set_range(self, minimum, maximum):
        for box in (self._state.lower, self._state.upper):
            box.setRange(minimum, maximum)
        self.rangeChanged.emit(minimum, maximum)

    def setMinimumValue(self, value):
        self.setValues(value, max(value, self._state.upper.value))

    def setMaximumValue(self, value):
        self.setValues(min(value, self._state.lower.value), value)

    def setValues(self, minimum, maximum):
        """Set both; one signal for both, as in ctk."""
        state = self._state
        if minimum > maximum:
            minimum, maximum = maximum, minimum
        before = state.lower.value, state.upper.value
        for box, value in ((state.lower, minimum), (state.upper, maximum)):
            blocked = box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(blocked)
        if before[0] != state.lower.value:
            self.minimumValueChanged.emit(state.lower.value)
        if before[1] != state.upper.value:
            self.maximumValueChanged.emit(state.upper.value)
        if before != (state.lower.value, state.upper.value):
            self._changed()

    def _set_decimals(self, decimals):
        for box in (self._state.lower, self._state.upper):
            box.setDecimals(decimals)

    def _set_step(self, step):
        for box in (self._state.lower, self._state.upper):
            box.setSingleStep(step)

    minimum = Property(
        float,
        lambda self: self._state.lower.minimum,
        lambda self, value: self._set_range(value, max(value, self._state.lower.maximum)),
    )
    maximum = Property(
        float,
        lambda self: self._state.lower.maximum,
        lambda self, value: self._set_range(min(value, self._state.lower.minimum), value),
    )
    minimumValue = Property(float, lambda self: self._state.lower.value, setMinimumValue)
    maximumValue = Property(float, lambda self: self._state.upper.value, setMaximumValue)
    decimals = Property(int, lambda self: self._state.lower.decimals, _set_decimals)
    singleStep = Property(float, lambda self: self._state.lower.singleStep, _set_step)
