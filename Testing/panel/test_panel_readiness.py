"""Why Apply is disabled."""

from __future__ import annotations

import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

import vtk  # noqa: E402
from panel_helpers import choose, reason  # noqa: E402

from MedFusionLib.errors import MedFusionError  # noqa: E402
from MedFusionLib.results.nodes import add_volume  # noqa: E402
from MedFusionLib.sources.volumes import Volume  # noqa: E402


def test_one_volume_missing(head):
    head.ui.secondSelector.setCurrentNode(None)
    assert "second volume" in reason(head)
    head.ui.firstSelector.setCurrentNode(None)
    assert "MR" in reason(head)


def test_the_same_volume_twice(head):
    head.ui.secondSelector.setCurrentNode(head.mr)
    assert "twice" in reason(head)


def test_no_overlap(head, phantom):
    pet = phantom.pet
    away = Volume(pet.array, pet.spacing, np.add(pet.origin, (0, 0, 900)), name="PET away")
    head.ui.secondSelector.setCurrentNode(add_volume(slicer.mrmlScene, away))
    assert "do not overlap" in reason(head)


def test_a_volume_without_voxels(head):
    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
    head.ui.secondSelector.setCurrentNode(empty)
    assert "no voxels" in reason(head)


def test_a_frame_of_a_sequence(head):
    scene = slicer.mrmlScene
    if not hasattr(slicer.modules, "sequences"):
        pytest.skip("this Slicer has no module Sequences")
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Frames")
    sequence.SetDataNodeAtValue(head.pet, "0")
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Browser")
    browser.AddSynchronizedSequenceNode(sequence)
    browser.AddProxyNode(head.pet, sequence, False)
    head.widget.update()
    assert "sequence" in reason(head)
    with pytest.raises(MedFusionError, match="sequence"):
        head.logic.fuse(head.mr, head.pet, method="maximum")


def test_a_sheared_volume_is_refused_before_the_click(head):
    sheared = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 1, 0.3)
    sheared.SetMatrixTransformToParent(matrix)
    head.pet.SetAndObserveTransformNodeID(sheared.GetID())
    assert "right angles" in reason(head)


def test_a_transform_that_is_not_linear(head):
    bent = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    head.pet.SetAndObserveTransformNodeID(bent.GetID())
    assert "not linear" in reason(head)


def test_a_parent_transform_is_honoured_and_said(head):
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    head.pet.SetAndObserveTransformNodeID(transform.GetID())
    assert head.ui.applyButton.enabled
    assert "transform of PET is applied" in head.ui.statusLabel.text


def test_no_output(head):
    for name in ("fused", "colour", "contribution"):
        getattr(head.ui, f"{name}CheckBox").checked = False
    assert "output" in reason(head)


def test_pytorch_missing_can_be_installed(host, head, no_torch):
    host.pytorch.refuses = True
    assert "PyTorch" in reason(head)
    head.click("installButton")
    assert "PyTorch" in reason(head)
    host.pytorch.refuses = False
    head.click("installButton")
    assert head.ui.applyButton.enabled
    assert not head.ui.installButton.visible
    assert host.pytorch.requests[-1]["askConfirmation"]


def test_pytorch_can_be_installed_before_there_is_a_volume(head, no_torch):
    slicer.mrmlScene.Clear(0)
    assert "PyTorch" in reason(head)
    head.show()
    assert head.ui.installButton.visible


def test_that_pytorch_is_there_is_asked_once(head, monkeypatch):
    def ask():
        raise AssertionError("asked again")

    head.widget.update()
    monkeypatch.setattr("PyTorchUtils.PyTorchUtilsLogic.torchInstalled", ask)
    for step in range(20):
        head.ui.fusionSlider.value = 5 * step
    head.widget.update()


def test_a_small_package_may_be_declined(host, head, no_torch, monkeypatch):
    host.pytorch.installed = True
    monkeypatch.setattr("MedFusionPanel.pytorch.OTHERS", {"nowhere_": "nowhere>=1"})
    head.widget.update()
    assert "small package" in reason(head)
    host.dialogs.answers = [False]
    head.click("installButton")
    assert host.dialogs.texts() == [
        "MedFusion needs these Python packages: nowhere>=1. Install them?"
    ]


class Extensions:
    """The extensions manager, with or without its server."""

    def __init__(self, online):
        self.online, self.interactive, self.asked = online, True, []

    def installExtensionFromServer(self, *arguments):
        self.asked.append((*arguments, self.interactive))
        return self.online


@pytest.mark.parametrize("online", [True, False])
def test_without_the_pytorch_extension(host, head, no_torch, monkeypatch, online):
    manager, restarts = Extensions(online), []
    monkeypatch.setattr("MedFusionPanel.pytorch._extensions", lambda: manager)
    monkeypatch.setattr("slicer.util.restart", lambda: restarts.append(1))
    host.remove_pytorch_extension()
    head.widget.update()
    assert "PyTorch extension" in reason(head)
    host.dialogs.answers = [False, True]
    head.click("installButton")
    assert "restart" in host.dialogs.texts("question")[0]
    assert not manager.asked
    head.click("installButton")
    assert manager.asked == [("PyTorch", False, False)]  # no restart of its own, no questions
    assert manager.interactive
    assert restarts == [1] * online
    assert len(host.dialogs.texts("error")) == (not online)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """An empty folder for weights."""
    monkeypatch.setenv("MEDFUSION_WEIGHTS", str(tmp_path))
    return tmp_path


def test_a_network_without_weights(head, weights):
    choose(head, "methodComboBox", "funfusean")
    assert "not trained for PET" in reason(head)


def test_damaged_weights(head, weights):
    (weights / "funfusean-pet-mr.safetensors").write_bytes(b"half a file")
    (weights / "funfusean-pet-mr.json").write_text(json.dumps({"sha256": "0"}), encoding="utf-8")
    choose(head, "methodComboBox", "funfusean")
    assert "damaged" in reason(head)


def test_a_method_without_gradient(head):
    choose(head, "methodComboBox", "gff")
    choose(head, "contributionsComboBox", "gradient")
    assert "gradient" in reason(head)


def test_the_methods_stand_in_three_groups(head):
    combo = head.ui.methodComboBox
    names = [combo.itemData(row) for row in range(combo.model().rowCount())]
    headings = [row for row, name in enumerate(names) if name is None]
    assert [combo.itemText(row) for row in headings] == [
        "Recommended",
        "Published networks",
        "For comparison",
    ]
    assert not any(combo.model().item(row).isEnabled() for row in headings)
    assert names[1 : headings[1]] == ["bands"]
    published = names[headings[1] + 1 : headings[2]]
    assert set(published) == {"funfusean", "fw-net", "cspa-dn", "badal-regas"}
    assert {"average", "gff", "nsst-papcnn"} <= set(names[headings[2] :])


def test_the_method_is_described(head):
    assert "brighter source" in head.ui.methodLabel.text
