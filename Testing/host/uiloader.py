"""Loads .ui files as Slicer does, and refuses what Slicer would not understand.

Qt is lenient: a property that the widget does not have silently becomes a dynamic one, and an
unknown class a plain widget. Here both raise ``UiError``. Connections with vtk types, such as
``mrmlSceneChanged(vtkMRMLScene*)``, cannot be carried by Qt's signals and are made in Python.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

from PySide6 import QtUiTools
from PySide6.QtCore import QBuffer, QIODevice, QObject

from host.pythonqt import bound_signal
from host.widgets import STAND_INS


class UiError(RuntimeError):
    """A .ui file that Slicer would not load as its author meant it."""


class QUiLoader:
    """``qt.QUiLoader``, as ``slicer.util.loadUI`` uses it."""

    def load(self, file, parent=None):
        tree = ElementTree.fromstring(bytes(file.readAll()))
        _check_classes(tree)
        _check_names(tree)
        _check_enums(tree)
        connections = _take_vtk_connections(tree)
        widget = self._build(ElementTree.tostring(tree), parent)
        _check_properties(tree, widget)
        for connection in connections:
            _connect(widget, *connection)
        return widget

    @staticmethod
    def _build(xml: bytes, parent):
        loader = QtUiTools.QUiLoader()
        for stand_in in STAND_INS:
            loader.registerCustomWidget(stand_in)
        buffer = QBuffer()
        buffer.setData(xml)
        buffer.open(QIODevice.ReadOnly)
        widget = loader.load(buffer, parent)
        if widget is None:
            raise UiError(loader.errorString())
        return widget


def names(path) -> set[str]:
    """The names of the widgets and actions in a .ui file."""
    tree = ElementTree.parse(path).getroot()
    return {element.get("name") for kind in ("widget", "action") for element in tree.iter(kind)}


def _check_classes(tree) -> None:
    known = {stand_in.__name__ for stand_in in STAND_INS}
    used = {element.get("class") for element in tree.iter("widget")}
    unknown = {name for name in used if not re.match("Q[A-Z]", name)} - known
    if unknown:
        raise UiError(f"the test host has no stand-in for {', '.join(sorted(unknown))}")
    declared = {element.findtext("class") for element in tree.iter("customwidget")}
    undeclared = {name for name in used & known if name not in declared}
    if undeclared:
        raise UiError(f"not declared among the customwidgets: {', '.join(sorted(undeclared))}")


def _check_names(tree) -> None:
    seen = set()
    for element in tree.iter("widget"):
        if element.get("name") in seen:
            raise UiError(f"two widgets have the name {element.get('name')}")
        seen.add(element.get("name"))


def _check_enums(tree) -> None:
    """Qt 5 knows ``Qt::Vertical`` but not Qt 6's ``Qt::Orientation::Vertical``."""
    for kind in ("enum", "set"):
        for element in tree.iter(kind):
            for value in (element.text or "").split("|"):
                if value.count("::") > 1:
                    raise UiError(f"Qt 5 does not read the value {value}")


def _check_properties(tree, root) -> None:
    for element in tree.iter("widget"):
        widget = _find(root, element.get("name"))
        if widget is None:
            raise UiError(f"there is no widget {element.get('name')}")
        for prop in element.findall("property"):
            name = prop.get("name")
            dynamic = prop.get("stdset") == "0" or name == "buddy"  # which Qt sets in its own way
            if not dynamic and widget.metaObject().indexOfProperty(name) < 0:
                raise UiError(f"{element.get('class')} {element.get('name')} has no {name}")


def _take_vtk_connections(tree) -> list[tuple[str, ...]]:
    taken = []
    for group in tree.findall("connections"):
        for connection in list(group):
            if "vtk" in connection.findtext("signal"):
                parts = ("sender", "signal", "receiver", "slot")
                taken.append(tuple(connection.findtext(part) for part in parts))
                group.remove(connection)
    return taken


def _connect(root, sender_name: str, signal: str, receiver_name: str, slot: str) -> None:
    sender, receiver = _find(root, sender_name), _find(root, receiver_name)
    for name, found in ((sender_name, sender), (receiver_name, receiver)):
        if found is None:
            raise UiError(f"a connection names {name}, which does not exist")
    if bound_signal(sender, signal) is None:
        raise UiError(f"{sender.className()} {sender_name} has no signal {signal}")
    method = getattr(receiver, slot.split("(")[0], None)
    if method is None:
        raise UiError(f"{receiver.className()} {receiver_name} has no slot {slot}")
    sender.connect(signal, method)


def _find(root, name: str):
    return root if root.objectName == name else root.findChild(QObject, name)
