"""The options under "Advanced": shown where they matter, kept in the scene, passed on."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import choose, role, voxels, wait_until  # noqa: E402

from MedFusionLib.fusion import fuse  # noqa: E402


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
    assert "in 3 steps" in ui.usedLabel.text and "MR lowered to " in ui.usedLabel.text
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


def test_the_mean_of_three_axes_is_that_of_the_library(head, phantom, tmp_path):
    ui = head.ui
    choose(head, "methodComboBox", "laplacian-pyramid")
    choose(head, "axisComboBox", "all")
    assert "three times the time" in ui.axisComboBox.toolTip
    assert ui.advancedCollapsibleButton.text == "Advanced: mean of three axes, automatic windows"
    head.click("applyButton")
    expected = fuse(phantom.t1, phantom.pet, "pet-mr", method="laplacian-pyramid", axis="all")
    np.testing.assert_allclose(voxels(role("fused")), expected.fused.array, atol=1e-6)
    for name, part in zip(("first", "second"), expected.contributions, strict=True):
        np.testing.assert_allclose(voxels(role(f"contribution-{name}")), part.array, atol=1e-6)
    assert np.array_equal(voxels(role("colour")), expected.colour)
    assert parameters()["axis"] == "all" and "mean of three axes" in ui.usedLabel.text
    head.click("qualityButton")
    assert len(slicer.util.getNodesByClass("vtkMRMLTableNode")) == 1
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    slicer.mrmlScene.Clear(0)
    assert ui.axisComboBox.currentData == "axial"
    slicer.util.loadScene(str(path))
    assert ui.axisComboBox.currentData == "all"
    assert ui.staleLabel.text.startswith("Made from what is chosen")
    choose(head, "axisComboBox", "axial")
    assert "slice axis" in ui.staleLabel.text


def test_the_preview_of_three_axes_is_one_slice(head):
    choose(head, "methodComboBox", "laplacian-pyramid")
    head.click("previewCheckBox")
    wait_until(lambda: "Slice" in head.ui.previewCaptionLabel.text)
    assert "mean" not in head.ui.previewCaptionLabel.text
    choose(head, "axisComboBox", "all")
    wait_until(lambda: "Apply takes the mean of three" in head.ui.previewCaptionLabel.text)


def test_three_axes_are_expected_to_take_three_times_as_long(result):
    speed = importlib.import_module("MedFusionPanel.speed")
    speed.remember(result.widget.state, 2.0)
    choose(result, "axisComboBox", "all")
    assert speed.expected(result.widget.state) == pytest.approx(6)
    speed.remember(result.widget.state, 3.0)
    choose(result, "axisComboBox", "axial")
    assert speed.expected(result.widget.state) == pytest.approx(1)


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
