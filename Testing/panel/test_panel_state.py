"""What the panel remembers in the scene and on the computer."""

from __future__ import annotations

import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import MODULE, choose, role, voxels  # noqa: E402


def test_the_state_comes_back_with_the_scene(host, result, tmp_path):
    choose(result, "axisComboBox", "coronal")
    choose(result, "modeComboBox", "fused")
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


def test_a_scene_of_an_earlier_version_keeps_its_method(host, head):
    """The parameter was called "network"."""
    node = head.logic.getParameterNode()
    node.UnsetParameter("method")
    node.SetParameter("network", "average")
    assert head.ui.methodComboBox.currentData == "average"
    choose(head, "methodComboBox", "maximum")
    assert head.widget.state.method == "maximum"


@pytest.mark.parametrize("text", ["0", "1000", "2.5", "many"])
def test_a_number_of_steps_that_cannot_be_counts_as_the_default(head, text):
    head.logic.getParameterNode().SetParameter("steps", text)
    assert head.widget.state.steps == head.ui.stepsSpinBox.value == 1


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


def test_a_closed_panel_is_held_by_no_timer(result):
    """Timers outlive the widgets, and would hold what they call."""
    widget = result.widget
    why = widget.resultGroup._why
    slots = (
        (widget._newcomers, widget.onVolumesAdded),
        (widget.preview._timer, widget.preview.draw),
        (why._timer, why._onRest),
    )
    result.close()
    assert not any(timer.disconnect("timeout()", slot) for timer, slot in slots)


def test_numbers_that_a_hand_has_spoiled_fall_back(head):
    head.logic.getParameterNode().SetParameter("omega", "much")
    assert head.ui.omegaSlider.value == 0.6
