"""``slicer.qMRMLNodeComboBox``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

import slicer
from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from host.widgets.properties import row, stored


class NodeFilter:
    """What ``sortFilterProxyModel()`` offers of a qMRMLSortFilterProxyModel."""

    def __init__(self, combo) -> None:
        self._combo = combo
        self._hidden: list[str] = []

    @property
    def hiddenNodeIDs(self) -> list[str]:
        return self._hidden

    @hiddenNodeIDs.setter
    def hiddenNodeIDs(self, identifiers) -> None:
        self._hidden = list(identifiers)
        self._combo._refresh()


class qMRMLNodeComboBox(QWidget):
    """A list of the nodes that pass its filters, and the chosen one.

    As in Slicer: disabled without a scene; without ``noneEnabled`` the first node is chosen by
    itself; when the chosen node goes away the one that takes its place in the list is chosen.
    Its menu is not there: `addNode` makes a node as the menu does.
    """

    _stand_in = True
    currentNodeChanged = Signal(object)
    currentNodeValid = Signal(bool)
    currentNodeIDChanged = Signal(str)
    SIGNALS: ClassVar = {
        "currentNodeChanged(vtkMRMLNode*)": "currentNodeChanged",
        "currentNodeChanged(bool)": "currentNodeValid",
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
            values={},
            attributes=[],  # (class, name, value) that a node must have
            filter=NodeFilter(self),
        )
        row(self, combo)
        combo.setMinimumContentsLength(12)
        combo.activated.connect(self._on_activated)
        self.setEnabled(False)

    nodeTypes = stored("nodeTypes", "QStringList", [], "_refresh")
    showHidden = stored("showHidden", bool, False, "_refresh")
    showChildNodeTypes = stored("showChildNodeTypes", bool, True, "_refresh")
    noneEnabled = stored("noneEnabled", bool, False, "_refresh")
    noneDisplay = stored("noneDisplay", str, "None", "_refresh")
    addEnabled = stored("addEnabled", bool, True)
    removeEnabled = stored("removeEnabled", bool, True)
    renameEnabled = stored("renameEnabled", bool, False)
    selectNodeUponCreation = stored("selectNodeUponCreation", bool, True)
    baseName = stored("baseName", str, "")

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
            self._refresh()  # it was hidden or shown
        elif node.GetID() in state.ids:
            index = state.ids.index(node.GetID()) + self.noneEnabled
            state.combo.setItemText(index, node.GetName())

    # The list

    def _passes(self, node) -> bool:
        if node.GetID() in self._state.filter.hiddenNodeIDs:
            return False
        for kind, name, value in self._state.attributes:
            if node.IsA(kind) and node.GetAttribute(name) != value:
                return False
        return self.showHidden or not node.GetHideFromEditors()

    def _is_offered_type(self, node) -> bool:
        if not self.showChildNodeTypes:
            return node.GetClassName() in self.nodeTypes
        return any(node.IsA(kind) for kind in self.nodeTypes)

    def _refresh(self):
        state = self._state
        scene = state.scene
        if scene is not None and scene.IsBatchProcessing():
            return
        count = scene.GetNumberOfNodes() if scene is not None else 0
        nodes = [scene.GetNthNode(index) for index in range(count)]
        of_type = [node for node in nodes if self._is_offered_type(node)]
        self._observe(of_type)
        shown = [node for node in of_type if self._passes(node)]
        before = state.ids
        state.ids = [node.GetID() for node in shown]
        items = [self.noneDisplay] if self.noneEnabled else []
        blocked = state.combo.blockSignals(True)
        state.combo.clear()
        state.combo.addItems([*items, *(node.GetName() for node in shown)])
        state.combo.blockSignals(blocked)
        self._choose(self._successor(before))

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

    def _on_activated(self, index: int):
        """The user picked an item."""
        first = int(self.noneEnabled)
        self._choose(self._state.ids[index - first] if index >= first else None)

    def _choose(self, identifier):
        state = self._state
        changed = identifier != state.current
        state.current = identifier
        index = 0 if self.noneEnabled else -1
        if identifier in state.ids:
            index = state.ids.index(identifier) + self.noneEnabled
        blocked = state.combo.blockSignals(True)
        state.combo.setCurrentIndex(index)
        state.combo.blockSignals(blocked)
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
        self._choose(identifier if identifier in self._state.ids else None)

    currentNodeID = Property(str, lambda self: self._state.current or "", setCurrentNodeID)

    def addAttribute(self, kind, name, value):
        self._state.attributes.append((kind, name, value))
        self._refresh()

    def sortFilterProxyModel(self):
        return self._state.filter

    def addNode(self):
        """As the menu's "Create new ..." does: the node gets the attributes that are asked for."""
        state = self._state
        node = state.scene.CreateNodeByClass(self.nodeTypes[0])
        node.UnRegister(None)
        node.SetName(state.scene.GenerateUniqueName(self.baseName or node.GetNodeTagName()))
        for kind, name, value in state.attributes:
            if node.IsA(kind):
                node.SetAttribute(name, value)
        node = state.scene.AddNode(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        return node

    def nodeCount(self):
        return len(self._state.ids)

    def nodeFromIndex(self, index):
        ids = self._state.ids
        return self._state.scene.GetNodeByID(ids[index]) if 0 <= index < len(ids) else None
