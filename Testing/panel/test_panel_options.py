"""The options under "Advanced": shown where they matter, kept in the scene, passed on."""

from __future__ import annotations

import json

import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import choose, role  # noqa: E402


def parameters():
    """How the fused volume in the scene was made."""
    return json.loads(role("fused").GetAttribute("MedFusion.Report"))["parameters"]


def test_refinements_are_shown_for_their_kind_of_contributions(head):
    ui = head.ui
    head.show()
    ui.methodCollapsibleButton.collapsed = ui.advancedCollapsibleButton.collapsed = False
    shown = {}
    for kind in ("auto", "share", "parts", "gradient"):
        choose(head, "contributionsComboBox", kind)
        shown[kind] = ui.stepsSpinBox.visible, ui.samplesSpinBox.visible
        assert ui.stepsSpinBoxLabel.visible == ui.stepsSpinBox.visible
        assert ui.samplesSpinBoxLabel.visible == ui.samplesSpinBox.visible
        assert ui.headroomComboBox.visible
    neither, steps, samples = (False, False), (True, False), (False, True)
    assert shown == {"auto": steps, "share": steps, "parts": neither, "gradient": samples}
    choose(head, "contributionsComboBox", "auto")
    choose(head, "modeComboBox", "paper")  # whose contributions are gradients
    assert (ui.stepsSpinBox.visible, ui.samplesSpinBox.visible) == samples


def test_they_are_fused_with_and_kept_in_the_scene(head, tmp_path):
    ui = head.ui
    ui.stepsSpinBox.value = 3
    choose(head, "headroomComboBox", "on")
    assert ui.advancedCollapsibleButton.text == "Advanced: axial, automatic windows, and more"
    head.click("applyButton")
    assert (parameters()["steps"], parameters()["headroom"]) == (3, "on")
    assert parameters()["headroom_factor"] < 1
    assert "in 3 steps" in ui.usedLabel.text
    assert ui.staleLabel.text.startswith("Made from what is chosen")
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    slicer.mrmlScene.Clear(0)
    assert (ui.stepsSpinBox.value, ui.headroomComboBox.currentData) == (1, "auto")
    slicer.util.loadScene(str(path))
    assert (ui.stepsSpinBox.value, ui.headroomComboBox.currentData) == (3, "on")


def test_noisy_copies_are_fused_with(head):
    choose(head, "methodComboBox", "average")
    choose(head, "contributionsComboBox", "gradient")
    head.ui.samplesSpinBox.value = 2
    head.click("applyButton")
    assert (parameters()["contributions"], parameters()["samples"]) == ("gradient", 2)
    assert "mean of 2 noisy copies" in head.ui.usedLabel.text


def test_a_result_made_with_others_says_so(result):
    stale = result.ui.staleLabel
    choose(result, "headroomComboBox", "off")  # as automatic is with this method
    assert stale.text.startswith("Made from what is chosen")
    choose(result, "headroomComboBox", "on")
    assert "headroom" in stale.text
    choose(result, "headroomComboBox", "auto")
    result.ui.samplesSpinBox.value = 4  # of another kind of contributions
    assert stale.text.startswith("Made from what is chosen")
    result.ui.stepsSpinBox.value = 4
    assert "steps of the shares" in stale.text
