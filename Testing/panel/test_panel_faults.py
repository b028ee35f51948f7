"""The panel with scenes that are damaged or change under it: usable, and a sentence each."""

from __future__ import annotations

import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

import vtk  # noqa: E402
from panel_helpers import choose, contents, role, voxels  # noqa: E402

from MedFusionLib.results.nodes import volume_from_node  # noqa: E402

# Inputs that change during a run ----------------------------------------------------------------


def during(opened, monkeypatch, change):
    """Fuse, and change something once the volumes were taken."""
    from MedFusionLib import fusion

    fuse = fusion.fuse

    def changing(*args, **settings):
        change()
        return fuse(*args, **settings)

    monkeypatch.setattr(fusion, "fuse", changing)
    opened.click("applyButton")


def move(node):
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 25)
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())


def fill(node):
    voxels(node)[:] = 7
    slicer.util.arrayFromVolumeModified(node)


@pytest.mark.parametrize("change", [move, fill])
def test_an_mr_that_changes_during_the_run_leaves_the_result_where_it_was(
    head,
    monkeypatch,
    change,
):
    place = volume_from_node(head.mr).matrix
    during(head, monkeypatch, lambda: change(head.mr))
    np.testing.assert_allclose(volume_from_node(role("fused")).matrix, place, atol=1e-9)
    assert voxels(role("fused")).max() > 0.5
    assert "MR T1 was " in head.ui.staleLabel.text
    assert "changed while" in role("fused").GetAttribute("MedFusion.Report")


# Overwriting ------------------------------------------------------------------------------------


def test_the_last_result_is_not_written_over_while_it_is_an_input(result):
    fused = role("fused")
    result.ui.fusedOutputSelector.setCurrentNode(fused)
    result.widget.state.second = fused  # the selector does not offer it
    choose(result, "modalityComboBox", "pet")
    assert not result.ui.applyButton.enabled
    assert "an output and an input" in result.ui.statusLabel.text
    result.ui.fusedOutputSelector.setCurrentNode(None)
    assert result.ui.applyButton.enabled


# Damaged scenes ---------------------------------------------------------------------------------


def again(opened):
    """Come back to the panel with a scene as if it had just been loaded."""
    opened.exit()
    opened.widget.result = None
    opened.enter()


def without_image(name):
    return lambda: next(
        n for n in slicer.util.getNodesByClass("vtkMRMLVolumeNode")
        if n.GetAttribute("MedFusion.Role") == name
    ).SetAndObserveImageData(None)  # fmt: skip


def with_report(change):
    def spoil():
        for node in slicer.util.getNodesByClass("vtkMRMLVolumeNode"):
            text = node.GetAttribute("MedFusion.Report")
            if text:
                node.SetAttribute("MedFusion.Report", change(text))

    return spoil


def less(key):
    def change(text):
        report = json.loads(text)
        del report[key]
        return json.dumps(report)

    return with_report(change)


@pytest.mark.parametrize(
    "spoil",
    [
        *map(without_image, ("fused", "colour", "contribution-first")),
        with_report(lambda _: None),
        with_report(lambda _: "{"),
        with_report(lambda _: "[]"),
        *map(less, ("inputs", "parameters", "network", "device", "weights_sha256")),
    ],
)
def test_a_damaged_result_leaves_the_panel_usable(result, spoil):
    spoil()
    again(result)
    said = result.ui.statusLabel.text + result.ui.staleLabel.text
    assert "last result" in said or "no voxels" in said
    result.ui.omegaSlider.value = 0.9
    result.ui.omegaSlider.value = 0.2
    assert result.ui.applyButton.enabled
    result.click("applyButton")
    assert result.ui.statusLabel.text.startswith("Done in")


def test_a_colour_volume_of_another_size_is_left_alone(result):
    colour = next(iter(slicer.util.getNodesByClass("vtkMRMLVectorVolumeNode")))
    image = vtk.vtkImageData()
    image.SetDimensions(3, 4, 5)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    colour.SetAndObserveImageData(image)
    result.ui.omegaSlider.value = 0.2
    again(result)
    result.ui.omegaSlider.value = 0.9
    assert image.GetDimensions() == (3, 4, 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("omega", "7"), ("omega", "nan"), ("omega", "x"), ("mode", "sepia"), ("colormap", "?"),
        ("axis", "up"), ("modality", "us"), ("thirdModality", "mr"), ("method", "none"),
        ("contributions", "all"), ("view", "?"), ("opacity", "-1"),
        ("firstWindow", "nan 1"), ("firstWindow", "5 1"), ("secondWindow", "1"),
    ],
)  # fmt: skip
def test_parameters_edited_by_hand_count_as_the_defaults(result, name, value):
    state = result.widget.state
    state.node.SetParameter("firstAuto", "false")
    state.node.SetParameter(name, value)
    again(result)
    assert getattr(state, name) == type(state).__dict__[name].default or name == "method"
    assert result.ui.statusLabel.text


def test_voxels_taken_from_the_mr_are_said(result):
    result.mr.SetAndObserveImageData(None)
    assert "has no voxels" in result.ui.statusLabel.text
    again(result)
    assert not result.ui.applyButton.enabled


def test_volumes_without_a_name_are_fused(head):
    before = len(contents())
    for node in (head.mr, head.pet):
        node.SetName(None)
    again(head)
    head.click("applyButton")
    assert head.ui.statusLabel.text.startswith("Done in")
    assert len(contents()) > before
