"""The preview of the visible slice."""

from __future__ import annotations

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import chosen, contents, wait_until  # noqa: E402

from MedFusionLib.fusion import fuse, fuse_slice  # noqa: E402
from MedFusionLib.sources.prepare import prepare  # noqa: E402


def test_the_preview_follows_the_slice_and_leaves_the_scene(head):
    before = contents()
    slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(5)
    head.click("previewCheckBox")
    wait_until(lambda: "slice 13 of 24" in head.ui.previewCaptionLabel.text)
    assert not head.ui.previewLabel.pixmap.isNull()
    slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(30)
    wait_until(lambda: "slice 16 of 24" in head.ui.previewCaptionLabel.text)
    slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(900)
    wait_until(lambda: "another slice" in head.ui.previewCaptionLabel.text)
    assert contents() == before
    head.click("previewCheckBox")
    assert not head.ui.previewFrame.visible


def test_a_scene_closed_while_the_preview_is_made(head, monkeypatch):
    class Cursor:
        def __enter__(self):
            slicer.mrmlScene.Clear(0)

        def __exit__(self, *exception):
            pass

    monkeypatch.setattr("slicer.util.WaitCursor", Cursor)
    head.click("previewCheckBox")
    wait_until(lambda: chosen(head) == [None, None])


def test_the_preview_says_why_there_is_none(head):
    head.click("previewCheckBox")
    head.ui.secondSelector.setCurrentNode(None)
    wait_until(lambda: "second volume" in head.ui.previewCaptionLabel.text)


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal", "native"])
def test_a_fused_slice_is_that_of_the_whole_fusion(phantom, axis):
    from MedFusionLib.sources.volumes import slice_order, to_slices

    volumes = [phantom.t1, phantom.pet]
    whole = fuse(*volumes, "pet-mr", method="laplacian-pyramid", axis=axis)
    sources = prepare(volumes, ["mr", "pet"])
    place = (12.0, -8.0, 20.0)
    piece = fuse_slice(sources, "pet-mr", place, method="laplacian-pyramid", axis=axis)
    order, flips = slice_order(phantom.t1, axis)
    fused = to_slices(whole.fused.array, order, flips)
    assert piece.count == len(fused)
    np.testing.assert_allclose(piece.fused, fused[piece.number], atol=1e-6)
    colour = to_slices(whole.colour, (*order, 3), flips)
    assert np.abs(piece.colour.astype(int) - colour[piece.number]).max() <= 1
    index = np.linalg.solve(phantom.t1.matrix, [*place, 1])[order[0] * -1 + 2]
    number = round(index)
    assert piece.number == (len(fused) - 1 - number if 0 in flips else number)
