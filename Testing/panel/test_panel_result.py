"""The result: recolouring, views, values under the mouse, and whether it is up to date."""

from __future__ import annotations

import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import choose, role, shown, voxels  # noqa: E402

from MedFusionLib.colour.coding import Coding  # noqa: E402
from MedFusionLib.colour.mode import GRADIENT_NOTE  # noqa: E402
from MedFusionLib.results.nodes import add_volume  # noqa: E402


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **settings):
        raise AssertionError("the network ran")

    monkeypatch.setattr("MedFusionLib.fusion.fuse", refuse)


def test_omega_recolours_at_once(result, no_network):
    result.ui.resultOmegaSlider.value = 0
    colour = voxels(role("colour"))
    assert (colour[..., 0] == colour[..., 2]).all()
    assert result.ui.omegaSlider.value == 0
    report = json.loads(role("colour").GetAttribute("MedFusion.Report"))
    assert report["parameters"]["omega"] == 0


def test_colour_mode_and_map_recolour_at_once(result, no_network):
    tinted = voxels(role("colour")).copy()
    choose(result, "modeComboBox", "paper")
    jet = voxels(role("colour")).copy()
    assert not np.array_equal(tinted, jet)
    assert "contribution of PET" in result.ui.legendTitleLabel.text
    assert GRADIENT_NOTE in result.ui.legendTitleLabel.text
    assert "gradients are smallest" in result.ui.modeComboBox.toolTip
    choose(result, "resultColormapComboBox", "viridis")
    assert not np.array_equal(voxels(role("colour")), jet)


def test_the_legend_is_the_coding_and_names_the_modalities(result):
    ui = result.ui
    assert not ui.legendLabel.pixmap.isNull()
    image = ui.legendLabel.pixmap.toImage()
    table = Coding("fused", 0.6).table()
    for x, y, expected in ((0, 0, table[-1, 0]), (255, 0, table[-1, -1]), (128, 255, [0, 0, 0])):
        colour = image.pixelColor(x, y)
        assert [colour.red(), colour.green(), colour.blue()] == list(expected)
    assert (ui.legendLeftLabel.text, ui.legendRightLabel.text) == ("all MR", "all PET")


def test_a_result_from_other_inputs_says_so(result, phantom):
    assert result.ui.staleLabel.text.startswith("Made from what is chosen")
    result.ui.secondSelector.setCurrentNode(add_volume(slicer.mrmlScene, phantom.ct))
    assert "other inputs: MR T1 + PET" in result.ui.staleLabel.text


def test_a_changed_input_or_setting_says_so(result):
    choose(result, "networkComboBox", "average")
    assert "method" in result.ui.staleLabel.text
    choose(result, "networkComboBox", "maximum")
    assert result.ui.staleLabel.text.startswith("Made from what is chosen")
    voxels(result.mr)[:] += 1
    slicer.util.arrayFromVolumeModified(result.mr)
    assert "changed" in result.ui.staleLabel.text


def test_a_removed_result_closes_its_group(result):
    for name in ("fused", "colour", "contribution-first", "contribution-second"):
        slicer.mrmlScene.RemoveNode(role(name))
    assert not result.ui.resultCollapsibleButton.enabled


def test_a_result_whose_mr_is_gone_can_still_be_seen(result):
    slicer.mrmlScene.RemoveNode(result.mr)
    assert not result.ui.compareButton.enabled
    result.click("showSlicesButton")
    assert shown()[0] is role("colour")


def test_without_a_main_window_there_is_no_3d_view(result, monkeypatch):
    monkeypatch.setattr("MedFusionPanel.views.layoutManager", lambda: None)
    result.click("show3DButton")
    result.click("qualityButton")
    assert len(slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode")) == 1


def test_the_quality_table_stands_in_the_scene_once(result):
    result.click("qualityButton")
    result.click("qualityButton")
    tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
    assert [table.GetAttribute("MedFusion.Role") for table in tables] == ["quality"]
    table = tables[0].GetTable()
    assert table.GetNumberOfRows() > 5
    assert table.GetColumnName(0) == "metric"
    selection = slicer.app.applicationLogic().GetSelectionNode()
    assert selection.GetActiveTableID() == tables[0].GetID()


def test_compare_toggles_between_colour_and_blending(result):
    result.click("compareButton")
    assert shown() == (result.mr, result.pet, 0.5)
    assert "Back" in result.ui.compareButton.text
    result.click("compareButton")
    assert shown() == (result.mr, role("colour"), 1.0)


def test_opacity_and_show_in_slice_views(result):
    result.ui.opacitySlider.value = 0.3
    assert shown()[2] == 0.3
    slicer.util.setSliceViewerLayers(background=result.pet, foreground=None)
    result.click("showSlicesButton")
    assert shown() == (result.mr, role("colour"), 0.3)


def test_show_in_3d(result):
    result.click("show3DButton")
    displays = slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode")
    assert [node.GetVolumeNode() for node in displays] == [role("colour")]
    assert displays[0].GetVisibility()


def test_the_probe_follows_the_crosshair(result, phantom):
    crosshair = slicer.util.getNode("Crosshair")
    left, back, up = phantom.centre("lesion")
    crosshair.SetCursorPositionRAS((-left, -back, up))
    text = result.ui.probeLabel.text
    assert "MR " in text and "PET " in text and "fused" in text and "comes from: MR " in text
    assert "#" in result.ui.probeBarLabel.text
    crosshair.SetCursorPositionRAS((500, 0, 0))
    assert "move the mouse" in result.ui.probeLabel.text
    assert result.ui.probeBarLabel.text == ""


def test_the_probe_honours_transforms(head):
    import vtk

    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shift = vtk.vtkMatrix4x4()
    shift.SetElement(0, 3, 700)
    transform.SetMatrixTransformToParent(shift)
    for node in (head.mr, head.pet):
        node.SetAndObserveTransformNodeID(transform.GetID())
    head.click("applyButton")
    slicer.util.getNode("Crosshair").SetCursorPositionRAS((700, 0, 0))
    assert "fused" in head.ui.probeLabel.text
