"""Ties widgets to the state: a widget's SlicerParameterName is the attribute it shows and sets."""


class _Access:
    """How one class of widget is read and written."""

    def __init__(self, signal, read, write):
        self.signal, self.read, self.write = signal, read, write


def _choose(combo, value):
    index = combo.findData(value)
    if index >= 0:
        combo.setCurrentIndex(index)


def _setChecked(box, value):
    box.checked = value


def _setNumber(widget, value):
    widget.value = value


def _setRange(widget, value):
    widget.setValues(value[0], value[1])


ACCESS = {
    "QCheckBox": _Access("toggled(bool)", lambda box: box.checked, _setChecked),
    "QComboBox": _Access("currentIndexChanged(int)", lambda combo: combo.currentData, _choose),
    "ctkRangeWidget": _Access(
        "valuesChanged(double,double)",
        lambda widget: (widget.minimumValue, widget.maximumValue),
        _setRange,
    ),
    "QSpinBox": _Access("valueChanged(int)", lambda box: box.value, _setNumber),
    "ctkSliderWidget": _Access("valueChanged(double)", lambda slider: slider.value, _setNumber),
    "qMRMLNodeComboBox": _Access(
        "currentNodeChanged(vtkMRMLNode*)",
        lambda combo: combo.currentNode(),
        lambda combo, node: combo.setCurrentNode(node),
    ),
}


class Binding:
    """Keeps widgets and state the same, in both directions. Without a state it does nothing.

    Why not Slicer's parameterNodeWrapper: see CONTRIBUTING.md.
    """

    def __init__(self, ui):
        self.state = None
        self.paused = False  # widgets that the scene changes during a run say nothing
        self._updating = False
        self._widgets = []
        for widget in vars(ui).values():
            name = widget.property("SlicerParameterName")
            if name:
                access = ACCESS[widget.className()]
                self._widgets.append((widget, name, access))
                widget.connect(access.signal, self._slot(widget, name, access))

    def _slot(self, widget, name, access):
        def changed():
            if self.state is None or self._updating or self.paused:
                return
            value = access.read(widget)
            if value is not None or access is ACCESS["qMRMLNodeComboBox"]:
                setattr(self.state, name, value)

        return changed

    def toWidgets(self):
        """Show the state."""
        if self.state is None or self._updating:
            return
        self._updating = True
        try:
            for widget, name, access in self._widgets:
                value = getattr(self.state, name)
                if access.read(widget) != value:
                    access.write(widget, value)
        finally:
            self._updating = False
