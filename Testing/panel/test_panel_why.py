""" "Why?" beside the probe; runs in the test host and in Slicer, as all tests of the panel do."""

from __future__ import annotations

import re

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import choose, contents, role, voxels, wait_until  # noqa: E402
from random_weights import write_random  # noqa: E402

from MedFusionLib.results.nodes import add_volume  # noqa: E402


@pytest.fixture
def bands(head, tmp_path, monkeypatch):
    """The panel after a fusion with `bands`, whose weights here mean nothing."""
    monkeypatch.setenv("MEDFUSION_WEIGHTS", str(tmp_path))
    write_random(0)
    choose(head, "methodComboBox", "bands")
    head.click("applyButton")
    assert head.ui.statusLabel.text.startswith("Done in")
    return head


def rest(phantom, name="lesion"):
    """Let the mouse rest on a place of the head."""
    left, back, up = phantom.centre(name)
    slicer.util.getNode("Crosshair").SetCursorPositionRAS((-left, -back, up))


def leave():
    slicer.util.getNode("Crosshair").SetCursorPositionRAS((500, 0, 0))


def said(panel):
    """What the label says, without its markup."""
    return re.sub("<[^>]*>|&nbsp;", " ", panel.ui.whyLabel.text)


def ask(panel, phantom):
    """Press the button, and rest."""
    if not panel.ui.whyButton.checked:
        panel.click("whyButton")
    panel.ui.whyLabel.text = ""
    rest(phantom, "oedema")
    slicer.app.processEvents()
    rest(phantom)
    wait_until(lambda: said(panel))
    return said(panel)


def test_it_says_what_was_taken_from_which_volume(bands, phantom):
    assert not bands.ui.whyLabel.visible
    before = contents()
    text = ask(bands, phantom)
    assert bands.ui.whyLabel.visible
    fused = re.search(r"fused (\d\.\d\d)", bands.ui.probeLabel.text).group(1)
    assert f"Fused {fused}" in text and "the brighter source" in text
    for words in ("MR", "PET", "fine detail (", " mm)", "everything coarser", "together"):
        assert words in text
    assert contents() == before
    bands.click("whyButton")
    assert not bands.ui.whyLabel.visible


def test_it_explains_the_voxel_under_the_mouse(bands, phantom):
    left, back, up = phantom.centre("lesion")
    why = bands.widget.result.explain((-left, -back, up))
    place = np.linalg.solve(phantom.t1.matrix, [left, back, up, 1])[:3][::-1].round().astype(int)
    assert why.fused == pytest.approx(voxels(role("fused"))[tuple(place)], abs=1e-4)
    assert why.sentence in ask(bands, phantom)


def test_the_place_stays_when_the_mouse_leaves_and_nothing_rests_on_the_way(bands, phantom):
    text = ask(bands, phantom)
    rest(phantom, "oedema")
    leave()
    slicer.app.processEvents()
    bands.ui.whyLabel.text = ""
    wait_until(lambda: said(bands))
    assert said(bands) == text


@pytest.mark.parametrize("network", ["maximum", "laplacian-pyramid"])
def test_a_method_that_does_not_weigh_has_no_answer(head, network):
    choose(head, "methodComboBox", network)
    assert not head.ui.whyButton.enabled
    head.click("applyButton")
    assert not head.ui.whyButton.enabled
    assert "'bands'" in head.ui.whyButton.toolTip


def test_a_mean_of_three_axes_has_no_answer(bands):
    choose(bands, "axisComboBox", "all")
    bands.click("applyButton")
    assert not bands.ui.whyButton.enabled
    assert "fuse along one axis" in bands.ui.whyButton.toolTip


def test_another_method_closes_it(bands, phantom):
    ask(bands, phantom)
    choose(bands, "methodComboBox", "maximum")
    assert bands.ui.whyButton.enabled  # the result is that of bands still
    bands.click("applyButton")
    assert not bands.ui.whyButton.enabled and not bands.ui.whyButton.checked
    assert not bands.ui.whyLabel.visible


def test_it_answers_after_the_scene_is_loaded(bands, phantom, tmp_path):
    text = ask(bands, phantom)
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    slicer.mrmlScene.Clear(0)
    assert not bands.ui.whyButton.enabled and not bands.ui.whyLabel.visible
    slicer.util.loadScene(str(path))
    before = contents()
    assert ask(bands, phantom) == text
    assert contents() == before


def test_a_missing_volume_is_said(bands, phantom):
    slicer.mrmlScene.RemoveNode(bands.pet)
    assert "PET that this was made of is not in the scene" in ask(bands, phantom)


def test_a_changed_volume_is_said(bands, phantom):
    text = ask(bands, phantom)
    voxels(bands.pet)[:] *= 0.5
    slicer.util.arrayFromVolumeModified(bands.pet)
    wait_until(lambda: said(bands) != text)
    assert "PET was changed since" in said(bands)


def test_a_volume_that_changed_since_the_scene_was_saved_is_said(bands, phantom):
    voxels(bands.pet)[:] *= 0.5
    bands.exit()
    bands.widget.result = None  # as if it were just loaded
    bands.enter()
    assert "was changed since" in ask(bands, phantom)


def test_other_weights_are_said(bands, phantom):
    ask(bands, phantom)
    write_random(1)
    assert "weights of bands are not those" in ask(bands, phantom)


def test_missing_weights_are_said(bands, phantom, tmp_path):
    for file in tmp_path.glob("bands.*"):
        file.unlink()
    assert "There are no weights" in ask(bands, phantom)


def test_a_result_without_its_fused_volume_has_no_answer(bands):
    slicer.mrmlScene.RemoveNode(role("fused"))
    assert not bands.ui.whyButton.enabled
    assert "fused volume" in bands.ui.whyButton.toolTip


def test_three_volumes(bands, phantom):
    bands.ui.thirdSelector.setCurrentNode(add_volume(slicer.mrmlScene, phantom.ct))
    bands.click("applyButton")
    text = ask(bands, phantom)
    assert "CT" in text and "as the brightest source" in text


def test_it_rests_while_another_fusion_runs(bands, phantom, monkeypatch):
    ask(bands, phantom)
    calls = []
    monkeypatch.setattr(type(bands.widget.result), "explain", lambda *a: calls.append(a))
    bands.widget._setBusy(True)
    bands.widget.resultGroup._why.explain()
    bands.widget._setBusy(False)
    assert not calls
