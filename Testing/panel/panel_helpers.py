"""What the tests of the panel share: pressing, waiting, and looking at the scene."""

from __future__ import annotations

import importlib
import threading
import time
from pathlib import Path

import slicer

MODULE = Path(__file__).resolve().parents[2] / "MedFusion"


def choose(panel, name, data):
    """Choose an item as a user does."""
    combo = getattr(panel.ui, name)
    index = combo.findData(data)
    assert index >= 0, f"{name} does not offer {data}"
    combo.setCurrentIndex(index)
    combo.activated(index)


def chosen(panel):
    return [
        selector.currentNode() for selector in (panel.ui.firstSelector, panel.ui.secondSelector)
    ]


def role(name):
    """The result node of a role."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return next((node for node in nodes if node.GetAttribute("MedFusion.Role") == name), None)


def voxels(node):
    return slicer.util.arrayFromVolume(node)


def contents():
    """The identifiers of all nodes in the scene."""
    scene = slicer.mrmlScene
    return [scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())]


def shown():
    """Background, foreground and opacity of the red slice view."""
    node = slicer.mrmlScene.GetNodeByID("vtkMRMLSliceCompositeNodeRed")
    ids = node.GetBackgroundVolumeID(), node.GetForegroundVolumeID()
    nodes = [slicer.mrmlScene.GetNodeByID(name) if name else None for name in ids]
    return (*nodes, node.GetForegroundOpacity())


def tip(widget):
    """A widget's tool tip; Slicer makes a paragraph of it, so that it wraps."""
    return widget.toolTip.removeprefix("<p>").removesuffix("</p>")


def reason(panel):
    assert not panel.ui.applyButton.enabled
    assert panel.ui.statusLabel.text == tip(panel.ui.applyButton)
    return panel.ui.statusLabel.text


def wait_until(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        slicer.app.processEvents()
        time.sleep(0.01)


#: set once a slow fusion runs
running = threading.Event()


def during(action, after=0.4):
    """Do something so many seconds into a slow fusion; returns the list of what it gave."""
    import qt

    seen = []

    def wait():
        if running.is_set():
            qt.QTimer.singleShot(int(1000 * after), lambda: seen.append(action()))
        else:
            qt.QTimer.singleShot(20, wait)

    wait()
    return seen


#: what a user can use
KINDS = [
    "QPushButton",
    "QCheckBox",
    "QComboBox",
    "QSpinBox",
    "ctkSliderWidget",
    "ctkRangeWidget",
    "qMRMLNodeComboBox",
]


def named(ui, *kinds):
    """The widgets of these classes that the .ui file names."""
    return [(name, part) for name, part in vars(ui).items() if part.className() in kinds]


def qt():
    """The host's Qt, which is there once a panel is."""
    return importlib.import_module("qt")
