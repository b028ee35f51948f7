"""Apply: what is made, shown and told."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import MODULE, choose, contents, qt, reason, role, shown, voxels  # noqa: E402

from MedFusionLib.colour.coding import Coding  # noqa: E402
from MedFusionLib.fusion import fuse  # noqa: E402
from MedFusionLib.report import NOTICE  # noqa: E402
from MedFusionLib.results.nodes import add_volume  # noqa: E402


def test_apply_makes_the_volumes_and_shows_them(host, result):
    scene_nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    roles = {node.GetAttribute("MedFusion.Role") for node in scene_nodes} - {None}
    assert roles == {"fused", "colour", "contribution-first", "contribution-second"}
    assert shown() == (result.mr, role("colour"), 1.0)
    assert result.ui.resultCollapsibleButton.enabled
    assert result.ui.noticeLabel.text == NOTICE
    assert host.dialogs.messages == []
    assert result.ui.progressBar.value == 0
    assert not result.ui.cancelButton.enabled


def test_only_the_chosen_outputs_are_made(head):
    head.ui.outputsCollapsibleButton.collapsed = False
    head.click("contributionCheckBox")
    head.click("colourCheckBox")
    head.click("applyButton")
    assert role("fused") and not role("colour") and not role("contribution-first")
    assert shown()[1] is role("fused")
    assert not head.ui.show3DButton.enabled
    assert not head.ui.omegaSlider.enabled


@pytest.fixture
def published(head):
    """The panel after a fusion with the published colours beside the others."""
    head.ui.outputsCollapsibleButton.collapsed = False
    head.click("publishedColourCheckBox")
    assert "published colours" in head.ui.outputsCollapsibleButton.text
    head.click("applyButton")
    return head


def test_the_published_colours_stand_beside_the_others(published, phantom):
    def colours(mode):
        return fuse(phantom.t1, phantom.pet, "pet-mr", method="maximum", coding=Coding(mode)).colour

    wanted = {"colour": colours("sources"), "colour-paper": colours("paper")}
    for name, array in wanted.items():
        np.testing.assert_array_equal(voxels(role(name)), array)
    assert shown()[1] is role("colour")
    assert published.ui.staleLabel.text.startswith("Made from what is chosen")
    published.click("undoButton")
    assert not any(map(role, wanted))


def test_recolouring_leaves_the_published_colours_alone(published):
    before = {name: voxels(role(name)).copy() for name in ("colour", "colour-paper")}
    choose(published, "modeComboBox", "fused")
    assert not np.array_equal(voxels(role("colour")), before["colour"])
    np.testing.assert_array_equal(voxels(role("colour-paper")), before["colour-paper"])


def test_the_published_colours_are_overwritten_with_the_others(published):
    before, colours = contents(), voxels(role("colour-paper")).copy()
    published.ui.colourOutputSelector.setCurrentNode(role("colour"))
    published.ui.fusedOutputSelector.setCurrentNode(role("fused"))
    choose(published, "methodComboBox", "average")
    published.click("applyButton")
    assert contents() == before
    assert not np.array_equal(voxels(role("colour-paper")), colours)
    published.click("undoButton")
    np.testing.assert_array_equal(voxels(role("colour-paper")), colours)


def test_published_colours_are_offered_where_they_are_further_ones_of_gradients(head):
    box = head.ui.publishedColourCheckBox
    box.checked = True
    for name, other, usual in (
        ("modeComboBox", "paper", "sources"),  # no further ones
        ("modeComboBox", "fused", "sources"),  # whose contributions are shares
        ("contributionsComboBox", "share", "auto"),
        ("methodComboBox", "gff", "maximum"),  # has no gradient
    ):
        choose(head, name, other)
        assert not box.enabled and not head.widget.state.settings["more_colours"]
        choose(head, name, usual)
        assert box.enabled and head.widget.state.settings["more_colours"] == ("paper",)
    head.ui.colourCheckBox.checked = False
    assert not box.enabled


def test_the_last_result_can_be_overwritten(result):
    before, fused = contents(), voxels(role("fused")).copy()
    result.ui.fusedOutputSelector.setCurrentNode(role("fused"))
    result.ui.colourOutputSelector.setCurrentNode(role("colour"))
    assert "over the old" in result.ui.outputsCollapsibleButton.text
    choose(result, "methodComboBox", "average")
    result.click("applyButton")
    assert contents() == before
    assert not np.array_equal(voxels(role("fused")), fused)


def test_a_second_result_stands_beside_the_first(result):
    count = len(contents())
    result.click("applyButton")
    assert len(contents()) > count


def test_what_was_used_is_told(result):
    for text in ("MR T1", "PET", "Maximum", "share of the brightness", "cpu"):
        assert text in result.ui.usedLabel.text


def test_own_windows_are_used(head):
    head.ui.advancedCollapsibleButton.collapsed = False
    automatic = head.ui.firstWindowRange.maximumValue
    assert 500 < automatic < 1500
    assert not head.ui.firstWindowRange.enabled
    head.ui.firstAutoCheckBox.checked = False
    head.ui.firstWindowRange.setValues(100, 700)
    head.click("applyButton")
    report = json.loads(role("fused").GetAttribute("MedFusion.Report"))
    assert report["inputs"][0]["window"] == [100, 700]
    assert report["inputs"][1]["window_from"].startswith("PET")


def test_a_third_volume(head, phantom):
    ct = add_volume(slicer.mrmlScene, phantom.ct)
    head.ui.thirdSelector.setCurrentNode(ct)
    choose(head, "thirdModalityComboBox", "pet")
    assert "both PET" in reason(head)
    choose(head, "thirdModalityComboBox", "ct")
    head.click("applyButton")
    assert role("contribution-third") is not None
    assert head.ui.legendUpLabel.text.endswith("CT")


def test_a_failure_is_one_sentence_and_leaves_the_scene(host, head):
    voxels(head.pet)[0, 0, 0] = np.inf
    before = contents()
    head.click("applyButton")
    assert "infinite" in host.dialogs.texts("error")[0]
    assert "infinite" in head.ui.statusLabel.text
    assert contents() == before
    assert head.ui.applyButton.enabled


def test_an_unexpected_error_is_shown_with_its_details(host, head, monkeypatch):
    def broken(*volumes, **settings):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("MedFusionLib.fusion.fuse", broken)
    before = contents()
    head.click("applyButton")
    (message,) = host.dialogs.messages
    assert "out of memory" in message.text and "RuntimeError" in message.detail
    assert contents() == before and head.ui.applyButton.enabled


def test_a_window_chosen_for_one_volume_is_not_used_for_another(head, phantom):
    head.ui.advancedCollapsibleButton.collapsed = False
    head.ui.firstAutoCheckBox.checked = False
    head.ui.firstWindowRange.setValues(100, 800)
    head.ui.firstSelector.setCurrentNode(add_volume(slicer.mrmlScene, phantom.t2))
    assert head.ui.firstAutoCheckBox.checked
    shown_window = head.ui.firstWindowRange.minimumValue, head.ui.firstWindowRange.maximumValue
    head.click("applyButton")
    report = json.loads(role("fused").GetAttribute("MedFusion.Report"))
    assert report["inputs"][0]["window"] == pytest.approx(shown_window, abs=0.5)


def test_a_chosen_window_is_shown_as_it_is_used(head):
    head.ui.advancedCollapsibleButton.collapsed = False
    head.ui.firstAutoCheckBox.checked = False
    head.ui.firstWindowRange.setValues(100, 800)
    voxels(head.mr)[:] *= 0.01  # now the volume ends below the window
    slicer.util.arrayFromVolumeModified(head.mr)
    assert head.ui.firstWindowRange.minimumValue == 100
    assert head.ui.firstWindowRange.maximumValue == 800


def test_a_slicer_that_is_too_old_gets_a_sentence(host, panel, monkeypatch):
    monkeypatch.setattr("sys.version_info", (3, 9, 10))
    spec = importlib.util.spec_from_file_location("TooOld", MODULE / "MedFusion.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.undo()
    parent = slicer.qMRMLWidget()
    qt().QVBoxLayout(parent)
    module.MedFusionWidget(parent).setup()
    labels = [child for child in parent.children() if child.className() == "QLabel"]
    assert [label.text for label in labels] == [
        "MedFusion needs Slicer 5.10 or later; this one is too old."
    ]
    parent.delete()
