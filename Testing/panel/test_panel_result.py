"""The result: recolouring, views, values under the mouse, and whether it is up to date."""

from __future__ import annotations

import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import choose, role, shown, voxels  # noqa: E402

from MedFusionLib.colour.coding import Coding, legend  # noqa: E402
from MedFusionLib.colour.mode import GRADIENT_NOTE  # noqa: E402
from MedFusionLib.results.nodes import add_volume  # noqa: E402


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **settings):
        raise AssertionError("the network ran")

    monkeypatch.setattr("MedFusionLib.fusion.fuse", refuse)


def test_omega_recolours_at_once(result, no_network):
    assert not result.ui.omegaSlider.enabled  # the mode "sources" has no saturation
    choose(result, "modeComboBox", "fused")
    result.ui.omegaSlider.value = 0
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
    choose(result, "colormapComboBox", "viridis")
    assert not np.array_equal(voxels(role("colour")), jet)


def test_the_legend_is_the_coding_and_names_the_modalities(result):
    ui = result.ui
    assert not ui.legendLabel.pixmap.isNull()
    image = ui.legendLabel.pixmap.toImage()
    table = Coding("sources").table()
    for x, y, expected in ((0, 0, table[-1, 0]), (255, 0, table[-1, -1]), (128, 255, [0, 0, 0])):
        colour = image.pixelColor(x, y)
        assert [colour.red(), colour.green(), colour.blue()] == list(expected)
    assert ui.legendTitleLabel.text == "Colour: PET; brightness: MR and PET"
    assert ui.legendUpLabel.text.endswith(" MR")
    assert (ui.legendLeftLabel.text, ui.legendRightLabel.text) == ("little PET", "much PET")


def test_a_result_from_other_inputs_says_so(result, phantom):
    assert result.ui.staleLabel.text.startswith("Made from what is chosen")
    result.ui.secondSelector.setCurrentNode(add_volume(slicer.mrmlScene, phantom.ct))
    assert "other inputs: MR T1 + PET" in result.ui.staleLabel.text


def test_a_changed_input_or_setting_says_so(result):
    choose(result, "methodComboBox", "average")
    assert "method" in result.ui.staleLabel.text
    choose(result, "methodComboBox", "maximum")
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
    assert not result.ui.sourcesViewButton.enabled
    result.click("colourViewButton")
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


def test_the_buttons_switch_what_the_views_show(result):
    assert result.ui.colourViewButton.checked
    result.click("sourcesViewButton")
    assert shown() == (result.mr, result.pet, 0.5)
    result.click("fusedViewButton")
    assert shown() == (result.mr, role("fused"), 1.0)
    assert result.ui.fusedViewButton.checked and not result.ui.sourcesViewButton.checked
    result.click("colourViewButton")
    assert shown() == (result.mr, role("colour"), 1.0)


def test_the_slider_goes_from_the_mr_to_what_is_in_front(result):
    result.ui.fusionSlider.value = 30
    assert shown()[2] == pytest.approx(0.3)
    result.click("sourcesViewButton")
    assert result.ui.fusionSlider.value == 50
    assert result.ui.fusionSecondLabel.text == "PET"
    result.ui.fusionSlider.value = 80
    assert shown() == (result.mr, result.pet, 0.8)
    result.click("colourViewButton")
    assert shown() == (result.mr, role("colour"), 0.3)


def composite(view):
    return slicer.mrmlScene.GetNodeByID(f"vtkMRMLSliceCompositeNode{view}")


def test_views_that_show_something_else_are_left_alone(result, phantom):
    other = add_volume(slicer.mrmlScene, phantom.ct)
    yellow = composite("Yellow")
    yellow.SetBackgroundVolumeID(other.GetID())
    yellow.SetForegroundVolumeID(None)
    yellow.SetForegroundOpacity(0.7)
    result.ui.fusionSlider.value = 20
    result.click("applyButton")
    assert (yellow.GetBackgroundVolumeID(), yellow.GetForegroundVolumeID()) == (
        other.GetID(),
        None,
    )
    assert yellow.GetForegroundOpacity() == 0.7
    assert composite("Green").GetForegroundOpacity() == pytest.approx(0.2)


def test_the_second_source_gets_slicers_colours_and_its_window_once(result):
    display = result.pet.GetDisplayNode()
    result.click("sourcesViewButton")
    assert display.GetColorNode().GetName() == "PET-Heat"
    window = json.loads(role("fused").GetAttribute("MedFusion.Report"))["inputs"][1]["window"]
    assert [display.GetWindowLevelMin(), display.GetWindowLevelMax()] == pytest.approx(window)
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeRainbow")
    display.SetWindowLevelMinMax(0, 1)
    result.click("colourViewButton")
    result.click("sourcesViewButton")
    assert display.GetColorNode().GetName() == "Rainbow"
    assert display.GetWindowLevelMax() == 1


def legends():
    """Title of each colour legend that is shown, and its volume."""
    nodes = slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode")
    return [(n.GetTitleText(), n.GetDisplayableNode()) for n in nodes if n.GetVisibility()]


def test_the_legend_stands_in_the_slice_views(result):
    assert legends() == [("MR + PET", role("colour"))]
    table = role("colour").GetDisplayNode().GetColorNode()
    names = [table.GetColorName(step) for step in range(table.GetNumberOfColors())]
    drawn = legend(result.widget.result.coding, ["MR", "PET"])
    assert [name for name in names if name.strip()] == [
        text for (x, y), text in sorted(drawn.labels) if y > 0.5
    ]
    colour = [0.0] * 4
    table.GetColor(0, colour)
    assert (np.array(colour[:3]) * 255).round().tolist() == drawn.picture[0, 0].tolist()
    result.click("sourcesViewButton")
    assert legends() == [("PET", result.pet)]
    result.click("fusedViewButton")
    assert legends() == [("fused", role("fused"))]


def test_the_crosshair_is_shown_in_all_views(result):
    node = slicer.util.getNode("Crosshair")
    result.click("crosshairCheckBox")
    assert node.GetCrosshairMode() == node.ShowBasic
    result.click("crosshairCheckBox")
    assert node.GetCrosshairMode() == node.NoCrosshair


def test_the_3d_view_follows_a_new_result(result):
    result.click("show3DButton")
    before = role("colour")
    result.click("applyButton")
    displays = slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode")
    visible = [node.GetVolumeNode() for node in displays if node.GetVisibility()]
    assert visible == [result.widget.result.nodes["colour"]] and visible[0] is not before


def test_a_maximum_intensity_projection_of_the_pet(result):
    result.click("showMaximumButton")
    displays = slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode")
    assert [node.GetVolumeNode() for node in displays if node.GetVisibility()] == [result.pet]
    view = slicer.app.layoutManager().threeDWidget(0).mrmlViewNode()
    assert view.GetRaycastTechnique() == view.MaximumIntensityProjection
    result.click("show3DButton")
    assert view.GetRaycastTechnique() == view.Composite


def volumes():
    """All volumes of the scene."""
    return slicer.util.getNodesByClass("vtkMRMLVolumeNode")


def test_a_fusion_can_be_taken_back(result):
    before, nodes = volumes(), dict(result.widget.result.nodes)
    result.ui.fusedOutputSelector.setCurrentNode(role("fused"))
    fused = voxels(role("fused")).copy()
    choose(result, "methodComboBox", "average")
    result.click("applyButton")
    assert not np.array_equal(voxels(nodes["fused"]), fused)
    result.click("undoButton")
    assert volumes() == before
    np.testing.assert_array_equal(voxels(nodes["fused"]), fused)
    assert result.widget.result.nodes == nodes
    assert shown() == (result.mr, nodes["colour"], 1.0)
    assert not result.ui.undoButton.enabled


def test_a_first_fusion_can_be_taken_back(head):
    before, views = volumes(), shown()
    head.click("applyButton")
    head.click("undoButton")
    assert volumes() == before
    assert shown() == views
    assert not head.ui.resultCollapsibleButton.enabled


def test_that_an_input_changed_is_known_after_an_output_was_deleted(result):
    voxels(result.pet)[:] *= 0.5
    slicer.util.arrayFromVolumeModified(result.pet)
    assert "PET was changed since" in result.ui.staleLabel.text
    slicer.mrmlScene.RemoveNode(role("contribution-first"))
    assert "PET was changed since" in result.ui.staleLabel.text


def test_that_an_input_changed_is_known_in_a_later_session(result, tmp_path):
    path = tmp_path / "scene.mrb"
    voxels(result.pet)[:] *= 0.5
    slicer.util.arrayFromVolumeModified(result.pet)
    assert slicer.util.saveScene(str(path))
    slicer.mrmlScene.Clear(0)
    slicer.util.loadScene(str(path))
    assert "PET was changed since" in result.ui.staleLabel.text


def test_an_unchanged_result_is_up_to_date_in_a_later_session(result, tmp_path):
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    slicer.mrmlScene.Clear(0)
    slicer.util.loadScene(str(path))
    assert result.ui.staleLabel.text.startswith("Made from what is chosen")
    result.click("qualityButton")  # scored from what is in the scene
    (table,) = slicer.util.getNodesByClass("vtkMRMLTableNode")
    assert table.GetTable().GetNumberOfRows() > 5


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
    assert (
        "MR " in text
        and "PET " in text
        and "fused" in text
        and "would be lost without each volume: MR " in text
    )
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
