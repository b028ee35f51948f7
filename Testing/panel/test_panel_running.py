"""While a fusion runs: progress, cancel, and a scene that changes."""

from __future__ import annotations

import time

import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import chosen, contents, during, role, running, wait_until  # noqa: E402


def test_cancel_answers_within_a_second(head, slow):
    before = contents()
    clicked = during(lambda: (head.click("cancelButton"), time.monotonic())[1])
    head.click("applyButton")
    assert time.monotonic() - clicked[0] < 1
    assert "Cancelled" in head.ui.statusLabel.text
    assert contents() == before
    assert head.ui.applyButton.enabled and not head.ui.cancelButton.enabled


def test_progress_in_words(head, slow):
    text = during(lambda: head.ui.statusLabel.text, 0.5)
    bar = during(lambda: head.ui.applyButton.enabled, 0.5)
    during(lambda: head.ui.cancelButton.click(), 0.6)
    head.click("applyButton")
    assert text[0].startswith("Slice ") and " of 200, " in text[0] and "s left" in text[0]
    assert bar == [False]


def test_a_run_that_does_not_listen_is_left_alone(head, monkeypatch):
    running.clear()

    def deaf(*_, **__):
        running.set()
        time.sleep(3)

    monkeypatch.setattr("MedFusionLib.fusion.fuse", deaf)
    clicked = during(lambda: (head.click("cancelButton"), time.monotonic())[1], 0.2)
    head.click("applyButton")
    assert time.monotonic() - clicked[0] < 1


def test_a_source_removed_while_running(head, slow):
    during(lambda: slicer.mrmlScene.RemoveNode(head.pet))
    head.click("applyButton")
    assert head.ui.secondSelector.currentNode() is None
    assert role("fused") is None


def test_the_scene_closed_while_running(head, slow):
    during(lambda: slicer.mrmlScene.Clear(0))
    head.click("applyButton")
    assert head.ui.firstSelector.currentNode() is None
    assert not head.ui.applyButton.enabled


def test_a_scene_loaded_while_running(head, slow, tmp_path):
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    during(lambda: slicer.util.loadScene(str(path)))
    head.click("applyButton")
    assert [node.GetName() for node in chosen(head)] == ["MR T1", "PET"]
    assert head.ui.applyButton.enabled


def test_the_panel_closed_while_running(head, slow):
    during(head.close)
    head.click("applyButton")
    assert role("fused") is None


def test_apply_cannot_start_twice(head, slow):
    again = during(head.widget.onApply)
    during(lambda: head.ui.cancelButton.click(), 0.6)
    head.click("applyButton")
    assert again == [None]


def test_the_preview_rests_while_running(head, slow, monkeypatch):
    head.click("previewCheckBox")
    wait_until(lambda: "Slice" in head.ui.previewCaptionLabel.text)
    calls = []
    monkeypatch.setattr(head.logic, "fuseVisibleSlice", lambda *a: calls.append(1))
    red = slicer.app.layoutManager().sliceWidget("Red").sliceLogic()
    during(lambda: red.SetSliceOffset(20), 0.1)
    seen = during(lambda: (len(calls), head.ui.cancelButton.click()), 0.5)
    head.click("applyButton")
    assert seen[0][0] == 0
    wait_until(lambda: calls)
