"""Which volumes the panel chooses and offers, and what it takes them for."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import choose, chosen, voxels, wait_until  # noqa: E402

from MedFusionLib.results.nodes import add_volume  # noqa: E402


def test_an_empty_scene_says_what_to_do(panel):
    assert "Sample Data" in panel.ui.statusLabel.text
    assert not panel.ui.applyButton.enabled


def press_sample_data():
    """What the button in Sample Data does."""
    (source,) = slicer.modules.sampleDataSources["MedFusion"]
    return source.customDownloader(source)


def test_the_sample_head_is_chosen_on_entering(panel, small_head):
    panel.exit()
    nodes = press_sample_data()
    slicer.app.processEvents()
    assert chosen(panel) == [None, None]
    panel.enter()
    assert chosen(panel) == nodes[:2]
    assert panel.ui.modalityComboBox.currentData == "pet"


def test_volumes_that_appear_while_the_panel_is_open_are_chosen(panel, small_head):
    nodes = press_sample_data()
    wait_until(lambda: chosen(panel) == nodes[:2])


def test_the_second_volume_may_come_later_than_the_first(panel, phantom):
    mr = add_volume(slicer.mrmlScene, phantom.t1)
    wait_until(lambda: chosen(panel) == [mr, None])
    ct = add_volume(slicer.mrmlScene, phantom.ct)
    wait_until(lambda: chosen(panel) == [mr, ct])


def test_the_sample_head_for_scripts(panel, phantom, small_head):
    import SampleData

    files = importlib.import_module("MedFusionPanel.sampledata")._files()
    for path in files:
        path.unlink(missing_ok=True)
    nodes = SampleData.downloadSamples("MedFusionHead")
    assert [node.GetName() for node in nodes] == [
        f"MedFusion head {name}" for name in ("MR T1", "PET", "MR T2", "CT")
    ]
    np.testing.assert_array_equal(voxels(nodes[1]), phantom.pet.array)
    for path in files:
        path.unlink()  # of a small head


@pytest.mark.parametrize(
    ("name", "modality"),
    [
        ("PET", "pet"),
        ("patient3_SPECT", "spect"),
        ("CT-on-MR-grid", "ct"),
        ("CTBrain", "ct"),
        ("FDG suv", "pet"),
    ],
)
def test_the_modality_is_guessed_from_the_name(head, name, modality):
    head.ui.secondSelector.setCurrentNode(None)
    head.pet.SetName(name)
    head.ui.secondSelector.setCurrentNode(head.pet)
    assert head.ui.modalityComboBox.currentData == modality
    assert "name" in head.ui.guessLabel.text


def test_the_modality_is_guessed_from_the_dicom_tag(head):
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = tree.GetItemByDataNode(head.pet)
    tree.SetItemAttribute(item, "DICOM.Modality", "NM")
    head.ui.secondSelector.setCurrentNode(None)
    head.ui.secondSelector.setCurrentNode(head.pet)
    assert head.ui.modalityComboBox.currentData == "spect"
    assert "DICOM" in head.ui.guessLabel.text


def test_negative_values_mean_ct(head, phantom):
    node = add_volume(slicer.mrmlScene, phantom.ct.like(phantom.ct.array, "image 7"))
    head.ui.secondSelector.setCurrentNode(node)
    assert head.ui.modalityComboBox.currentData == "ct"
    assert "values" in head.ui.guessLabel.text


def test_a_corrected_guess_stays(head):
    choose(head, "modalityComboBox", "spect")
    head.exit()
    head.enter()
    assert head.ui.modalityComboBox.currentData == "spect"
    assert "you" in head.ui.guessLabel.text


def test_label_maps_and_colour_volumes_are_not_offered(head):
    for kind, shape in (
        ("vtkMRMLLabelMapVolumeNode", (4, 4, 4)),
        ("vtkMRMLVectorVolumeNode", (4, 4, 4, 3)),
    ):
        slicer.util.addVolumeFromArray(np.zeros(shape, np.uint8), nodeClassName=kind)
    assert head.ui.secondSelector.nodeCount() == 2
