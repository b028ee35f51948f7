"""Which volumes the panel chooses and offers, and what it takes them for."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import choose, chosen, reason, voxels, wait_until  # noqa: E402

from MedFusionLib.errors import MedFusionError  # noqa: E402
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


def tag(node, modality):
    """Give a volume a DICOM tag, as Slicer does for series that it loads."""
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    tree.SetItemAttribute(tree.GetItemByDataNode(node), "DICOM.Modality", modality)


def test_the_modality_is_guessed_from_the_dicom_tag(head):
    tag(head.pet, "NM")
    choose_again(head)
    assert head.ui.modalityComboBox.currentData == "spect"
    assert "DICOM" in head.ui.guessLabel.text


def choose_again(head):
    head.ui.secondSelector.setCurrentNode(None)
    head.ui.secondSelector.setCurrentNode(head.pet)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("image 7", "please say"),
        ("PD-L1", "please say"),
        ("T1 MPRAGE CT-reg", "its name says CT + MR"),
        ("PET-CT", "its name says PET + CT"),
    ],
)
def test_what_is_not_known_is_asked(head, name, said):
    head.pet.SetName(name)
    choose_again(head)
    assert head.ui.modalityComboBox.currentData == ""
    assert head.ui.guessLabel.text == said
    assert "color: #" in head.ui.guessLabel.styleSheet
    assert f"Say what {name} is" in reason(head)
    choose(head, "modalityComboBox", "spect")
    assert head.ui.applyButton.enabled
    assert head.ui.guessLabel.text == "chosen by you"


def test_an_mr_by_its_name_is_asked_for_too(head):
    head.pet.SetName("003_AX_T1_POST")
    choose_again(head)
    assert head.ui.modalityComboBox.currentData == ""
    assert "seems to be an MR" in reason(head)


@pytest.mark.parametrize("chosen", ["pet", "ct"])
def test_a_dicom_tag_is_not_overruled(head, chosen):
    tag(head.pet, "MR")
    choose_again(head)
    choose(head, "modalityComboBox", chosen)
    assert f"is MR by its DICOM tag, not {chosen.upper()}" in reason(head)
    with pytest.raises(MedFusionError, match="is MR by its DICOM tag"):
        head.logic.fuse(head.mr, head.pet, f"{chosen}-mr", method="maximum")


def test_a_ct_in_the_place_of_the_mr_is_refused(head, phantom):
    ct = add_volume(slicer.mrmlScene, phantom.ct)
    head.ui.firstSelector.setCurrentNode(ct)
    assert "CT seems to be CT by its name" in reason(head)
    ct.SetName("image 3")
    tag(ct, "CT")
    head.widget.update()
    assert "is CT by its DICOM tag, not MR" in reason(head)


def test_a_name_that_the_values_contradict_is_asked_for(head, phantom):
    node = add_volume(slicer.mrmlScene, phantom.ct.like(phantom.ct.array, "FDG"))
    head.ui.secondSelector.setCurrentNode(node)
    assert head.ui.modalityComboBox.currentData == ""
    assert head.ui.guessLabel.text == "its name says PET, its values CT"


def test_the_third_volume_is_guessed_too(head, phantom):
    head.ui.thirdSelector.setCurrentNode(add_volume(slicer.mrmlScene, phantom.ct))
    assert head.ui.thirdModalityComboBox.currentData == "ct"


def test_results_are_not_offered_as_inputs(result):
    assert result.ui.secondSelector.nodeCount() == 2
    assert result.ui.fusedOutputSelector.nodeCount() == 1
    assert result.ui.colourOutputSelector.nodeCount() == 1


def test_an_output_can_be_made_before(head):
    node = head.ui.fusedOutputSelector.addNode()
    assert head.ui.fusedOutputSelector.currentNode() is node
    assert head.ui.secondSelector.nodeCount() == 2
    head.click("applyButton")
    assert head.widget.result.nodes["fused"] is node
    assert slicer.util.arrayFromVolume(node).max() > 0.5


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
