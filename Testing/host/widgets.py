"""Stand-ins for the ctk and qMRML widgets of a panel.

Each has the properties, signals and slots of the original's header, and only those that Python
can reach there: a C++ method that is neither a slot nor Q_INVOKABLE is absent here, too. Looks and
sizes are approximations.

A stand-in keeps everything of its own in the one attribute ``_state``, so that the rule "no new
attributes" holds for it as well. It runs under PythonQt's attribute rules, like a panel.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

import slicer
from PySide6.QtCore import Property, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

HEADER_HEIGHT = 24
SLIDER_STEPS = 10000


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


class ctkCollapsibleButton(QAbstractButton):
    """A titled group; a click on the title hides its contents."""

    _stand_in = True
    contentsCollapsed = Signal(bool)

    def __init__(self, *arguments):
        parent = arguments[-1] if arguments and isinstance(arguments[-1], QWidget) else None
        super().__init__(parent)
        self._state = SimpleNamespace(collapsed=False, hidden=[], values={})
        if arguments and isinstance(arguments[0], str):
            self.setText(arguments[0])
        self.setContentsMargins(0, HEADER_HEIGHT, 0, 0)
        self.setMinimumHeight(HEADER_HEIGHT)
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Preferred)
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
    collapsedHeight = stored("collapsedHeight", int, 10)
    contentsFrameShape = stored("contentsFrameShape", int, 0)
    contentsFrameShadow = stored("contentsFrameShadow", int, 0)
    contentsLineWidth = stored("contentsLineWidth", int, 1)
    contentsMidLineWidth = stored("contentsMidLineWidth", int, 0)

    def showEvent(self, event):
        if self._state.collapsed:  # a .ui file collapses before it adds the contents
            self._collapse(True)
        super().showEvent(event)

    def hitButton(self, position):
        return position.y() < HEADER_HEIGHT

    def paintEvent(self, event):
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        header = QRect(0, 0, self.width, HEADER_HEIGHT - 3)
        painter.setPen(Qt.NoPen)
        painter.setBrush(self.palette.button())
        painter.drawRoundedRect(header, 3, 3)
        painter.setPen(self.palette.buttonText().color())
        arrow = "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}"
        if not self._state.collapsed:
            arrow = "\N{BLACK DOWN-POINTING SMALL TRIANGLE}"
        painter.drawText(header.adjusted(6, 0, 0, 0), int(Qt.AlignVCenter), f"{arrow}  {self.text}")
        painter.end()


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

    def reset(self):
        self._state.box.setValue(0)

    def setSpinBoxVisible(self, visible):
        self._state.box.setVisible(visible)

    minimum = Property(float, lambda self: self._state.box.minimum, _set_minimum)
    maximum = Property(float, lambda self: self._state.box.maximum, _set_maximum)
    value = forwarded("box", "value", float)
    singleStep = forwarded("box", "singleStep", float)
    decimals = forwarded("box", "decimals", int)
    prefix = forwarded("box", "prefix", str)
    suffix = forwarded("box", "suffix", str)
    pageStep = stored("pageStep", float, 1.0)
    tickInterval = stored("tickInterval", float, 0.0)
    tracking = stored("tracking", bool, True)
    spinBoxVisible = Property(bool, lambda self: not self._state.box.isHidden(), setSpinBoxVisible)


class _RangeBar(QWidget):
    """The bar between the two boxes of a range widget."""

    _stand_in = True

    def __init__(self, lower, upper):
        super().__init__()
        self._state = SimpleNamespace(lower=lower, upper=upper)

    def paintEvent(self, event):
        lower, upper = self._state.lower, self._state.upper
        span = (lower.maximum - lower.minimum) or 1
        first, last = ((box.value - lower.minimum) / span for box in (lower, upper))
        middle = self.height / 2
        painter = QPainter(self)
        painter.fillRect(QRectF(0, middle - 2, self.width, 4), self.palette.mid())
        chosen = QRectF(first * self.width, middle - 2, (last - first) * self.width, 4)
        painter.fillRect(chosen, self.palette.highlight())
        painter.end()


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
        bar = _RangeBar(lower, upper)
        self._state = SimpleNamespace(lower=lower, upper=upper, bar=bar, values={})
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(lower)
        layout.addWidget(bar, 1)
        layout.addWidget(upper)
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
        self._state.bar.update()
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

    def _set_suffix(self, suffix):
        for box in (self._state.lower, self._state.upper):
            box.setSuffix(suffix)

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
    suffix = Property(str, lambda self: self._state.lower.suffix, _set_suffix)
    tracking = stored("tracking", bool, True)
    symmetricMoves = stored("symmetricMoves", bool, False)


class ctkComboBox(QComboBox):
    """A combo box with a text for "nothing chosen"."""

    _stand_in = True

    def __init__(self, parent=None):
        super().__init__(parent)
        self._state = SimpleNamespace(values={})

    def _show_default(self):
        self.setPlaceholderText(self.defaultText)

    defaultText = stored("defaultText", str, "", "_show_default")
    forceDefault = stored("forceDefault", bool, False)
    scrollWheelEffect = stored("scrollWheelEffect", int, 1)


class ctkPathLineEdit(QWidget):
    """A path and a button to browse for it."""

    _stand_in = True
    currentPathChanged = Signal(str)
    validInputChanged = Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        line, button = QLineEdit(), QToolButton()
        self._state = SimpleNamespace(line=line, values={})
        button.setText("\N{HORIZONTAL ELLIPSIS}")
        row(self, line, button)
        line.textChanged.connect(self.currentPathChanged.emit)
        button.clicked.connect(self.browse)

    def setCurrentPath(self, path):
        self._state.line.setText(path)

    def browse(self):
        path = QFileDialog.getOpenFileName(self, self.label, self.currentPath)
        if path:
            self.setCurrentPath(path)

    def retrieveHistory(self):
        pass

    def addCurrentPathToHistory(self):
        pass

    currentPath = Property(str, lambda self: self._state.line.text, setCurrentPath)
    label = stored("label", str, "")
    filters = stored("filters", int, 7)
    nameFilters = stored("nameFilters", "QStringList", [])
    settingKey = stored("settingKey", str, "")
    showBrowseButton = stored("showBrowseButton", bool, True)
    showHistoryButton = stored("showHistoryButton", bool, True)
    sizeAdjustPolicy = stored("sizeAdjustPolicy", int, 1)


class qMRMLWidget(QWidget):
    """A widget that knows the scene, and tells it to those connected to it in the .ui file."""

    _stand_in = True
    mrmlSceneChanged = Signal(object)
    SIGNALS: ClassVar = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}

    def __init__(self, parent=None):
        super().__init__(parent)
        self._state = SimpleNamespace(scene=None, values={})

    def setMRMLScene(self, scene):
        if scene is not self._state.scene:
            self._state.scene = scene
            self.mrmlSceneChanged.emit(scene)

    def mrmlScene(self):
        return self._state.scene


class qSlicerWidget(qMRMLWidget):
    """The same under the name that older .ui files use."""

    _stand_in = True


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The parent of a module's panel."""

    _stand_in = True
    isEntered = stored("isEntered", bool, False)


class qMRMLNodeComboBox(QWidget):
    """A list of the nodes that pass its filters, and the chosen one.

    As in Slicer: disabled without a scene; without ``noneEnabled`` the first node is chosen by
    itself; when the chosen node goes away the one that takes its place in the list is chosen.
    """

    _stand_in = True
    currentNodeChanged = Signal(object)
    currentNodeValid = Signal(bool)
    currentNodeIDChanged = Signal(str)
    currentNodeRenamed = Signal(str)
    nodeActivated = Signal(object)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeAddedByUserAction = Signal(object)
    nodeAboutToBeRemoved = Signal(object)
    SIGNALS: ClassVar = {
        "currentNodeChanged(vtkMRMLNode*)": "currentNodeChanged",
        "currentNodeChanged(bool)": "currentNodeValid",
        "nodeActivated(vtkMRMLNode*)": "nodeActivated",
        "nodeAdded(vtkMRMLNode*)": "nodeAdded",
        "nodeAddedByUser(vtkMRMLNode*)": "nodeAddedByUser",
        "nodeAddedByUserAction(vtkMRMLNode*)": "nodeAddedByUserAction",
        "nodeAboutToBeRemoved(vtkMRMLNode*)": "nodeAboutToBeRemoved",
    }

    def __init__(self, parent=None):
        super().__init__(parent)
        combo = QComboBox()
        self._state = SimpleNamespace(
            combo=combo,
            scene=None,
            scene_tags=[],
            node_tags={},  # id of a node of an offered type -> (node, observer tag)
            ids=[],  # of the listed nodes, in order
            current=None,
            requested=None,
            attributes=[],
            labels={},
            values={},
        )
        row(self, combo)
        combo.setMinimumContentsLength(12)
        combo.activated.connect(self._on_activated)
        self.setEnabled(False)

    nodeTypes = stored("nodeTypes", "QStringList", [], "_refresh")
    showHidden = stored("showHidden", bool, False, "_refresh")
    showChildNodeTypes = stored("showChildNodeTypes", bool, True, "_refresh")
    hideChildNodeTypes = stored("hideChildNodeTypes", "QStringList", [], "_refresh")
    noneEnabled = stored("noneEnabled", bool, False, "_refresh")
    addEnabled = stored("addEnabled", bool, True, "_refresh")
    removeEnabled = stored("removeEnabled", bool, True, "_refresh")
    editEnabled = stored("editEnabled", bool, False, "_refresh")
    renameEnabled = stored("renameEnabled", bool, False, "_refresh")
    noneDisplay = stored("noneDisplay", str, "None", "_refresh")
    selectNodeUponCreation = stored("selectNodeUponCreation", bool, True)
    baseName = stored("baseName", str, "")
    interactionNodeSingletonTag = stored("interactionNodeSingletonTag", str, "Singleton")

    # The scene

    def setMRMLScene(self, scene):
        state = self._state
        if scene is state.scene:
            return
        self._stop_observing()
        state.scene = scene
        if scene is not None:
            for event in (
                scene.NodeAddedEvent,
                scene.NodeRemovedEvent,
                scene.EndBatchProcessEvent,
                scene.EndCloseEvent,
            ):
                state.scene_tags.append(scene.AddObserver(event, self._on_scene_event))
        self.setEnabled(scene is not None)
        self._refresh()
        if scene is not None and state.requested:
            self.setCurrentNodeID(state.requested)
            state.requested = None

    def mrmlScene(self):
        return self._state.scene

    def _stop_observing(self):
        """Also what the C++ destructor does; ``Panel.close`` calls it."""
        state = self._state
        for tag in state.scene_tags:
            state.scene.RemoveObserver(tag)
        for node, tag in state.node_tags.values():
            node.RemoveObserver(tag)
        state.scene_tags = []
        state.node_tags = {}

    def _on_scene_event(self, caller, event):
        self._refresh()

    def _on_node_modified(self, node, event):
        state = self._state
        if self._passes(node) != (node.GetID() in state.ids):
            self._refresh()  # it was hidden, or its attributes changed
        elif node.GetID() in state.ids:
            index = state.ids.index(node.GetID()) + self.noneEnabled
            state.combo.setItemText(index, node.GetName())

    # The list

    def _passes(self, node) -> bool:
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        return self._is_offered_type(node) and all(
            node.GetAttribute(name) is not None and value in (None, node.GetAttribute(name))
            for kind, name, value in self._state.attributes
            if node.IsA(kind)
        )

    def _is_offered_type(self, node) -> bool:
        if not self.showChildNodeTypes:
            return node.GetClassName() in self.nodeTypes
        if any(node.IsA(kind) for kind in self.hideChildNodeTypes):
            return False
        return any(node.IsA(kind) for kind in self.nodeTypes)

    def _nodes_of_offered_types(self) -> list:
        scene = self._state.scene
        if scene is None:
            return []
        nodes = (scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes()))
        return [node for node in nodes if self._is_offered_type(node)]

    def _refresh(self):
        state = self._state
        if state.scene is not None and state.scene.IsBatchProcessing():
            return
        of_type = self._nodes_of_offered_types()
        self._observe(of_type)
        nodes = [node for node in of_type if self._passes(node)]
        before = state.ids
        state.ids = [node.GetID() for node in nodes]
        items = [self.noneDisplay] if self.noneEnabled else []
        items += [node.GetName() for node in nodes]
        items += [text for text, _ in self._actions()]
        blocked = state.combo.blockSignals(True)
        state.combo.clear()
        state.combo.addItems(items)
        state.combo.blockSignals(blocked)
        self._choose(self._successor(before))
        for node in nodes:
            if node.GetID() not in before:
                self.nodeAdded.emit(node)

    def _successor(self, before: list):
        """Who is chosen now: the same node, or the one in its place, or the first."""
        state = self._state
        if state.current in state.ids or not state.ids:
            return state.current if state.ids else None
        if state.current in before:
            return state.ids[min(before.index(state.current), len(state.ids) - 1)]
        return None if self.noneEnabled else state.ids[0]

    def _observe(self, nodes: list) -> None:
        """Follow the nodes' names, and whether they are hidden."""
        tags = self._state.node_tags
        for identifier in set(tags) - {node.GetID() for node in nodes}:
            node, tag = tags.pop(identifier)
            node.RemoveObserver(tag)
        for node in nodes:
            if node.GetID() not in tags:
                tag = node.AddObserver("ModifiedEvent", self._on_node_modified)
                tags[node.GetID()] = node, tag

    def _actions(self) -> list:
        """The items below the nodes: their text and what they do."""
        if self._state.scene is None:
            return []
        label = self.nodeTypeLabel(self.nodeTypes[0]) if len(self.nodeTypes) == 1 else "node"
        actions = []
        if self.addEnabled:
            for kind in self.nodeTypes:
                text = f"Create new {self.nodeTypeLabel(kind)}"
                actions.append((text, lambda kind=kind: self._add_by_user(kind)))
        if self.removeEnabled:
            actions.append((f"Delete current {label}", self.removeCurrentNode))
        return actions

    def _on_activated(self, index: int):
        """The user picked an item."""
        state = self._state
        first = int(self.noneEnabled)
        if index < first:
            self._choose(None)
            self.nodeActivated.emit(None)
        elif index < first + len(state.ids):
            self._choose(state.ids[index - first])
            self.nodeActivated.emit(self.currentNode())
        else:
            action = self._actions()[index - first - len(state.ids)][1]
            self._show_current()
            action()

    def _add_by_user(self, kind: str):
        node = self.addNode(kind)
        self.setCurrentNode(node)
        self.nodeAddedByUserAction.emit(node)

    def _show_current(self):
        state = self._state
        index = 0 if self.noneEnabled else -1
        if state.current in state.ids:
            index = state.ids.index(state.current) + self.noneEnabled
        blocked = state.combo.blockSignals(True)
        state.combo.setCurrentIndex(index)
        state.combo.blockSignals(blocked)

    def _choose(self, identifier):
        state = self._state
        changed = identifier != state.current
        state.current = identifier
        self._show_current()
        if changed:
            node = self.currentNode()
            self.currentNodeChanged.emit(node)
            self.currentNodeValid.emit(node is not None)
            self.currentNodeIDChanged.emit(identifier or "")

    # What a panel calls

    def currentNode(self):
        state = self._state
        return state.scene.GetNodeByID(state.current) if state.scene and state.current else None

    def setCurrentNode(self, node):
        if node is not None and not isinstance(node, slicer.vtkMRMLNode):
            raise ValueError(f"setCurrentNode takes a node or None, not {node!r}")
        self.setCurrentNodeID(node.GetID() if node is not None else "")

    def setCurrentNodeID(self, identifier):
        state = self._state
        if state.scene is None:
            state.requested = identifier
            return
        self._choose(identifier if identifier in state.ids else None)

    def setCurrentNodeIndex(self, index):
        ids = self._state.ids
        self._choose(ids[index] if 0 <= index < len(ids) else None)

    currentNodeID = Property(str, lambda self: self._state.current or "", setCurrentNodeID)

    def nodeCount(self):
        return len(self._state.ids)

    def nodeFromIndex(self, index):
        ids = self._state.ids
        return self._state.scene.GetNodeByID(ids[index]) if 0 <= index < len(ids) else None

    def addNode(self, kind=None):
        kind = kind or self.nodeTypes[0]
        if kind not in self.nodeTypes:
            raise ValueError(f"{kind} is not among the combo box's node types")
        scene = self._state.scene
        name = scene.GenerateUniqueName(self.baseName or self.nodeTypeLabel(kind))
        node = scene.AddNewNodeByClass(kind, name)
        for _, attribute, value in self._state.attributes:
            node.SetAttribute(attribute, value or "")
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self):
        self._state.scene.RemoveNode(self.currentNode())

    def addAttribute(self, kind, name, value=None):
        self._state.attributes.append((kind, name, value))
        self._refresh()

    def removeAttribute(self, kind, name):
        kept = [entry for entry in self._state.attributes if entry[:2] != (kind, name)]
        self._state.attributes = kept
        self._refresh()

    def nodeTypeLabel(self, kind):
        scene = self._state.scene
        own = self._state.labels.get(kind)
        return own or (scene and scene.GetTypeDisplayNameByClassName(kind)) or "node"

    def setNodeTypeLabel(self, label, kind):
        self._state.labels[kind] = label
        self._refresh()


STAND_INS = (
    ctkCollapsibleButton,
    ctkComboBox,
    ctkPathLineEdit,
    ctkRangeWidget,
    ctkSliderWidget,
    qMRMLNodeComboBox,
    qMRMLWidget,
    qSlicerScriptedLoadableModuleWidget,
    qSlicerWidget,
)
