"""Whether a CT is in HU or in grey levels, chosen under "Advanced"."""

from __future__ import annotations

import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import choose, role, voxels, wait_until  # noqa: E402

from MedFusionLib.fusion import fuse  # noqa: E402
from MedFusionLib.results.nodes import add_volume  # noqa: E402
from MedFusionLib.sources.alignment import Alignment  # noqa: E402
from MedFusionLib.sources.volumes import slice_order, to_slices  # noqa: E402

METHOD = "laplacian-pyramid"


@pytest.fixture(scope="module")
def grey(phantom):
    """The CT in a wide window, as grey levels 0..255; by its dark brain it is taken as HU."""
    levels = np.round(np.clip(phantom.ct.array / 300, 0, 1) * 255)
    return phantom.ct.like(levels.astype(np.float32), "CT")


@pytest.fixture
def with_ct(head, grey):
    """The panel with MR and the CT in grey levels chosen, Advanced open."""
    head.ct = add_volume(slicer.mrmlScene, grey)
    head.ui.secondSelector.setCurrentNode(head.ct)
    assert head.ui.modalityComboBox.currentData == "ct"
    choose(head, "methodComboBox", METHOD)
    head.ui.advancedCollapsibleButton.collapsed = False
    return head


def window(panel):
    widget = panel.ui.secondWindowRange
    return widget.minimumValue, widget.maximumValue


def test_they_are_asked_for_only_with_a_ct(head, grey):
    ui = head.ui
    head.show()
    ui.advancedCollapsibleButton.collapsed = False
    assert not ui.ctValuesComboBox.visible and not ui.ctValuesComboBoxLabel.visible
    ui.thirdSelector.setCurrentNode(add_volume(slicer.mrmlScene, grey))
    assert ui.ctValuesComboBox.visible and ui.ctValuesComboBoxLabel.visible
    ui.thirdSelector.setCurrentNode(None)
    assert not ui.ctValuesComboBox.visible


@pytest.mark.parametrize("values", ["auto", "grey"])
def test_a_ct_is_fused_as_by_the_library(with_ct, phantom, grey, values):
    choose(with_ct, "ctValuesComboBox", values)
    with_ct.click("applyButton")
    expected = fuse(phantom.t1, grey, "ct-mr", method=METHOD, ct=values)
    np.testing.assert_allclose(voxels(role("fused")), expected.fused.array, atol=1e-6)
    for name, part in zip(("first", "second"), expected.contributions, strict=True):
        np.testing.assert_allclose(voxels(role(f"contribution-{name}")), part.array, atol=1e-6)
    assert np.array_equal(voxels(role("colour")), expected.colour)
    used = expected.report.inputs[1].window
    assert window(with_ct) == used == {"auto": (-20, 130), "grey": (0, 255)}[values]


def test_the_warning_says_what_to_choose_and_goes_with_it(with_ct):
    said = with_ct.ui.warningLabel
    with_ct.click("applyButton")
    assert "taken as HU. If that is wrong, choose grey levels as the CT values" in said.text
    choose(with_ct, "ctValuesComboBox", "grey")
    with_ct.click("applyButton")
    assert "CT values" not in said.text


def test_the_preview_is_a_slice_of_the_fusion(with_ct, phantom):
    choose(with_ct, "ctValuesComboBox", "auto")
    with_ct.click("previewCheckBox")
    wait_until(lambda: "Slice" in with_ct.ui.previewCaptionLabel.text)  # it is prepared as HU
    choose(with_ct, "ctValuesComboBox", "grey")
    view = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    state = with_ct.widget.state
    piece, axis, _seconds = with_ct.widget.logic.fuseVisibleSlice(state, "cpu", view)
    with_ct.click("applyButton")
    whole = to_slices(voxels(role("fused")), *slice_order(phantom.t1, axis))
    np.testing.assert_allclose(piece.fused, whole[piece.number], atol=1e-6)


def test_the_alignment_is_measured_with_them(with_ct, monkeypatch):
    units = []

    def measure(reference, moving, *more, **settings):
        units.append(moving.units)
        return Alignment(np.eye(4), 0, 0)

    monkeypatch.setattr("MedFusionLib.sources.alignment.measure_alignment", measure)
    with_ct.click("alignButton")
    choose(with_ct, "ctValuesComboBox", "grey")
    assert with_ct.ui.alignmentLabel.text == "not checked yet"
    with_ct.click("alignButton")
    assert units == ["", "grey"]


def test_they_come_back_with_the_scene(with_ct, phantom, tmp_path):
    choose(with_ct, "ctValuesComboBox", "grey")
    ui = with_ct.ui
    assert ui.advancedCollapsibleButton.text == "Advanced: axial, automatic windows, and more"
    with_ct.click("applyButton")
    report = json.loads(role("fused").GetAttribute("MedFusion.Report"))
    assert report["parameters"]["ct"] == "grey"
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    slicer.mrmlScene.Clear(0)
    assert ui.ctValuesComboBox.currentData == "auto"
    slicer.util.loadScene(str(path))
    assert ui.ctValuesComboBox.currentData == "grey" and window(with_ct) == (0, 255)
    assert ui.staleLabel.text.startswith("Made from what is chosen")
    left, back, up = phantom.centre("lesion")
    sample = with_ct.widget.result.sample((-left, -back, up))
    assert [unit for _name, _value, unit in sample.values] == ["", ""]  # not HU
    choose(with_ct, "ctValuesComboBox", "auto")
    assert "CT values" in ui.staleLabel.text


def test_what_was_chosen_for_one_ct_is_not_kept_for_another(with_ct, phantom):
    choose(with_ct, "ctValuesComboBox", "grey")
    with_ct.ui.firstSelector.setCurrentNode(add_volume(slicer.mrmlScene, phantom.t2))
    with_ct.ui.thirdSelector.setCurrentNode(with_ct.pet)
    assert with_ct.ui.ctValuesComboBox.currentData == "grey"
    with_ct.ui.secondSelector.setCurrentNode(add_volume(slicer.mrmlScene, phantom.ct))
    assert with_ct.ui.ctValuesComboBox.currentData == "auto"


def test_the_legend_of_a_ct_in_grey_levels_names_no_unit(with_ct):
    choose(with_ct, "ctValuesComboBox", "grey")
    with_ct.click("applyButton")
    with_ct.click("sourcesViewButton")
    legends = slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode")
    shown = [node.GetTitleText() for node in legends if node.GetVisibility()]
    assert shown == ["CT"]
