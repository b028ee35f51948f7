"""The preview of the visible slice."""

from __future__ import annotations

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

import vtk  # noqa: E402
from panel_helpers import chosen, contents, wait_until  # noqa: E402

from MedFusionLib.fusion import fuse, fuse_slice  # noqa: E402
from MedFusionLib.sources.prepare import prepare  # noqa: E402


def test_the_preview_follows_the_slice_and_leaves_the_scene(head):
    before = contents()
    slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(5)
    head.click("previewCheckBox")
    wait_until(lambda: "Slice 13 of 24" in head.ui.previewCaptionLabel.text)
    assert not head.ui.previewLabel.pixmap.isNull()
    slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(30)
    wait_until(lambda: "Slice 16 of 24" in head.ui.previewCaptionLabel.text)
    slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(900)
    wait_until(lambda: "another slice" in head.ui.previewCaptionLabel.text)
    assert contents() == before
    head.click("previewCheckBox")
    assert not head.ui.previewFrame.visible


def grey(panel):
    """The fused half of the preview, as grey values."""
    image = panel.ui.previewLabel.pixmap.toImage()
    rows, columns = image.height(), image.width() // 2 - 2
    return np.array([[image.pixelColor(x, y).red() for x in range(columns)] for y in range(rows)])


def test_the_preview_shows_the_plane_of_the_red_view(head):
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    head.click("previewCheckBox")
    node.SetOrientation("Coronal")
    wait_until(lambda: "of 48" in head.ui.previewCaptionLabel.text)
    assert "not axial; Apply fuses axial slices" in head.ui.previewCaptionLabel.text
    coronal = grey(head)
    matrix = node.GetSliceToRAS()
    turned = vtk.vtkTransform()
    turned.SetMatrix(matrix)
    turned.RotateX(20)
    node.GetSliceToRAS().DeepCopy(turned.GetMatrix())
    node.UpdateMatrices()
    wait_until(lambda: "Oblique slice" in head.ui.previewCaptionLabel.text)
    oblique = grey(head)
    assert oblique.max() > 100 and oblique.shape != coronal.shape


def test_an_oblique_slice_shows_what_lies_there(phantom):
    """A plane that lies on the grid, resampled as if it did not, shows the axial slice."""
    from MedFusionPanel import planes

    rows, columns = phantom.t1.shape[1:]
    x, y, z = (phantom.t1.matrix @ [(columns - 1) / 2, (rows - 1) / 2, 12, 1])[:3]

    class View:
        def GetSliceToRAS(self):
            matrix = vtk.vtkMatrix4x4()
            matrix.SetElement(0, 0, -1)  # patient's left on the right, anterior up
            for row, value in enumerate((-x, -y, z)):
                matrix.SetElement(row, 3, value)
            return matrix

        def GetFieldOfView(self):
            step = min(phantom.t1.spacing)
            return columns * step, rows * step, 1.0

    sources = prepare([phantom.t1, phantom.pet], ["mr", "pet"])
    plane = planes.Plane(View())
    assert planes.cut(sources, plane, "axial")[1] == "axial"
    oblique = planes._resampled(sources, plane)
    piece = fuse_slice(oblique, "pet-mr", plane.centre, method="maximum", axis="native")
    whole = fuse_slice(sources, "pet-mr", plane.centre, method="maximum")
    np.testing.assert_allclose(piece.fused, whole.fused, atol=1e-3)


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
