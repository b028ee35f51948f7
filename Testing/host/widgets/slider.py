"""``ctk.ctkSliderWidget``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QSlider, QWidget

from host.widgets.properties import forwarded, row, stored

SLIDER_STEPS = 10000


class ctkSliderWidget(QWidget):
    """A slider and a spin box with one value."""

    _stand_in = True
    valueChanged = Signal(float)
    valueIsChanging = Signal(float)
    SIGNALS: ClassVar = {
        "valueChanged(double)": "valueChanged",
        "valueIsChanging(double)": "valueIsChanging",
    }

    def __init__(self, parent=None):
        super().__init__(parent)
        slider, box = QSlider(Qt.Horizontal), QDoubleSpinBox()
        self._state = SimpleNamespace(slider=slider, box=box, values={})
        slider.setRange(0, SLIDER_STEPS)
        box.setRange(0, 99)
        row(self, slider, box)
        slider.valueChanged.connect(self._on_slider)
        box.valueChanged.connect(self._on_box)

    def _on_slider(self, position):
        box = self._state.box
        box.setValue(box.minimum + (box.maximum - box.minimum) * position / SLIDER_STEPS)

    def _on_box(self, value):
        self._place_slider()
        self.valueChanged.emit(value)

    def _place_slider(self):
        slider, box = self._state.slider, self._state.box
        span = box.maximum - box.minimum
        blocked = slider.blockSignals(True)
        slider.setValue(round(SLIDER_STEPS * (box.value - box.minimum) / span) if span else 0)
        slider.blockSignals(blocked)

    def _set_minimum(self, value):
        self._state.box.setMinimum(value)
        self._place_slider()

    def _set_maximum(self, value):
        self._state.box.setMaximum(value)
        self._place_slider()

    def setValue(self, value):
        self._state.box.setValue(value)

    minimum = Property(float, lambda self: self._state.box.minimum, _set_minimum)
    maximum = Property(float, lambda self: self._state.box.maximum, _set_maximum)
    value = forwarded("box", "value", float)
    singleStep = forwarded("box", "singleStep", float)
    decimals = forwarded("box", "decimals", int)
    suffix = forwarded("box", "suffix", str)
    pageStep = stored("pageStep", float, 1.0)
    tracking = stored("tracking", bool, True)
