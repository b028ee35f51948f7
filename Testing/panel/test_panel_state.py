"""What the panel remembers in the scene and on the computer."""

from __future__ import annotations

import gc
import weakref

import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import MODULE, choose, role, voxels  # noqa: E402


def test_the_state_comes_back_with_the_scene(host, result, tmp_path):
    choose(result, "axisComboBox", "coronal")
    choose(result, "modalityComboBox", "spect")
    result.ui.omegaSlider.value = 0.25
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    slicer.mrmlScene.Clear(0)
    assert result.ui.firstSelector.currentNode() is None
    assert result.ui.omegaSlider.value == 0.6
    assert not result.ui.resultCollapsibleButton.enabled
    slicer.util.loadScene(str(path))
    ui = result.ui
    assert ui.firstSelector.currentNode().GetName() == "MR T1"
    assert ui.secondSelector.currentNode().GetName() == "PET"
    assert (ui.axisComboBox.currentData, ui.modalityComboBox.currentData) == ("coronal", "spect")
    assert ui.omegaSlider.value == 0.25
    assert ui.resultCollapsibleButton.enabled
    ui.omegaSlider.value = 0
    colour = voxels(role("colour"))
    assert colour.any() and (colour[..., 0] == colour[..., 2]).all()


def test_the_device_is_remembered_on_this_computer(host, head):
    choose(head, "deviceComboBox", "cpu")
    import qt

    assert qt.QSettings().value("MedFusion/Device") == "cpu"
    again = host.open(MODULE / "MedFusion.py")
    assert again.ui.deviceComboBox.currentData == "cpu"


def test_a_removed_input_is_not_replaced_by_its_neighbour(head):
    slicer.mrmlScene.RemoveNode(head.pet)
    assert head.ui.secondSelector.currentNode() is None
    assert head.ui.firstSelector.currentNode() is head.mr


def test_a_removed_parameter_node_is_made_anew(head):
    slicer.mrmlScene.RemoveNode(head.logic.getParameterNode())
    assert head.ui.firstSelector.currentNode() is None
    head.ui.firstSelector.setCurrentNode(head.mr)
    assert head.logic.getParameterNode().GetNodeReference("first") is head.mr


def test_closing_the_panel_leaves_no_observers(host, result):
    result.close()
    assert not result.widget.Observations
    slicer.mrmlScene.Clear(0)


def test_a_closed_panel_is_let_go_of(host, result):
    widget = weakref.ref(result.widget)
    result.close()
    slicer.modules.MedFusionWidget = None
    result.widget = None
    gc.collect()
    assert widget() is None


def test_numbers_that_a_hand_has_spoiled_fall_back(head):
    head.logic.getParameterNode().SetParameter("omega", "much")
    assert head.ui.omegaSlider.value == 0.6
