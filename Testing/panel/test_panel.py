"""The panel, clicked through; every test ends with no error in a slot.

The same tests run on two grounds: in the test host (``pytest``), and in Slicer itself
(``in_slicer/launch.py``).
"""

from __future__ import annotations

import importlib.util
import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from MedFusionLib.colour.coding import Coding  # noqa: E402
from MedFusionLib.colour.mode import GRADIENT_NOTE  # noqa: E402
from MedFusionLib.errors import Cancelled, MedFusionError  # noqa: E402
from MedFusionLib.fusion import NOTICE, fuse, fuse_slice  # noqa: E402
from MedFusionLib.phantom.head import make_phantom  # noqa: E402
from MedFusionLib.results.scene import add_volume, volume_from_node  # noqa: E402
from MedFusionLib.sources.prepare import prepare  # noqa: E402
from MedFusionLib.sources.volumes import Volume  # noqa: E402

MODULE = Path(__file__).resolve().parents[2] / "MedFusion"
SHAPE = (24, 48, 48)


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(SHAPE)


@pytest.fixture
def panel(host):
    """The panel in an empty scene."""
    return host.open(MODULE / "MedFusion.py")


@pytest.fixture
def head(panel, phantom):
    """The panel with MR and PET of the digital head chosen, and a method that needs no weights."""
    panel.mr = add_volume(slicer.mrmlScene, phantom.t1)
    panel.pet = add_volume(slicer.mrmlScene, phantom.pet)
    panel.ui.firstSelector.setCurrentNode(panel.mr)
    panel.ui.secondSelector.setCurrentNode(panel.pet)
    choose(panel, "networkComboBox", "maximum")
    panel.ui.checkAlignmentCheckBox.checked = False  # it has tests of its own, and takes a second
    return panel


@pytest.fixture
def result(head):
    """The panel after a fusion."""
    head.click("applyButton")
    assert head.ui.statusLabel.text.startswith("Done in")
    return head


def choose(panel, name, data):
    """Choose an item as a user does."""
    combo = getattr(panel.ui, name)
    index = combo.findData(data)
    assert index >= 0, f"{name} does not offer {data}"
    combo.setCurrentIndex(index)
    combo.activated(index)


def role(name):
    """The result node of a role."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return next((node for node in nodes if node.GetAttribute("MedFusion.Role") == name), None)


def voxels(node):
    return slicer.util.arrayFromVolume(node)


def contents():
    """The identifiers of all nodes in the scene."""
    scene = slicer.mrmlScene
    return [scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())]


def wait_until(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        slicer.app.processEvents()
        time.sleep(0.01)


def shown():
    """Background, foreground and opacity of the red slice view."""
    node = slicer.mrmlScene.GetNodeByID("vtkMRMLSliceCompositeNodeRed")
    ids = node.GetBackgroundVolumeID(), node.GetForegroundVolumeID()
    nodes = [slicer.mrmlScene.GetNodeByID(name) if name else None for name in ids]
    return (*nodes, node.GetForegroundOpacity())


# Inputs


def test_an_empty_scene_says_what_to_do(panel):
    assert "Sample Data" in panel.ui.statusLabel.text
    assert not panel.ui.applyButton.enabled


@pytest.fixture
def small_head(panel, phantom, monkeypatch):
    """Makes the sample data quick."""
    monkeypatch.setattr("MedFusionLib.phantom.head.make_phantom", lambda *shape: phantom)
    monkeypatch.setattr("MedFusionPanel.sampledata.make_phantom", lambda: phantom)


def press_sample_data():
    """What the button in Sample Data does."""
    (source,) = slicer.modules.sampleDataSources["MedFusion"]
    return source.customDownloader(source)


def chosen(panel):
    return [
        selector.currentNode() for selector in (panel.ui.firstSelector, panel.ui.secondSelector)
    ]


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


# Why Apply is disabled


def tip(widget):
    """A widget's tool tip; Slicer makes a paragraph of it, so that it wraps."""
    return widget.toolTip.removeprefix("<p>").removesuffix("</p>")


def reason(panel):
    assert not panel.ui.applyButton.enabled
    assert panel.ui.statusLabel.text == tip(panel.ui.applyButton)
    return panel.ui.statusLabel.text


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
        head.logic.fuse(head.mr, head.pet, network="maximum")


def test_a_transform_that_is_not_linear(head):
    bent = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    head.pet.SetAndObserveTransformNodeID(bent.GetID())
    assert "not linear" in reason(head)


def test_a_parent_transform_is_honoured_and_said(head):
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    head.pet.SetAndObserveTransformNodeID(transform.GetID())
    assert head.ui.applyButton.enabled
    assert "PET is honoured" in head.ui.statusLabel.text


def test_no_output(head):
    for name in ("fused", "colour", "contribution"):
        getattr(head.ui, f"{name}CheckBox").checked = False
    assert "output" in reason(head)


@pytest.fixture
def no_torch(host, head, monkeypatch):
    """PyTorch is not installed."""
    monkeypatch.setattr("MedFusionPanel.pytorch._complete", False)
    host.pytorch.installed = False
    head.widget.update()


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
        head.ui.opacitySlider.value = step / 20
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
    choose(head, "networkComboBox", "funfusean")
    assert "not trained for PET" in reason(head)


def test_damaged_weights(head, weights):
    (weights / "funfusean-pet-mr.safetensors").write_bytes(b"half a file")
    (weights / "funfusean-pet-mr.json").write_text(json.dumps({"sha256": "0"}), encoding="utf-8")
    choose(head, "networkComboBox", "funfusean")
    assert "damaged" in reason(head)


def test_a_method_without_gradient(head):
    choose(head, "networkComboBox", "gff")
    choose(head, "contributionsComboBox", "gradient")
    assert "gradient" in reason(head)


def test_the_networks_stand_before_more_methods(head):
    combo = head.ui.networkComboBox
    names = [combo.itemData(row) for row in range(combo.model().rowCount())]
    heading = names.index(None)
    assert set(names[:heading]) == {"bands", "funfusean", "fw-net", "cspa-dn", "badal-regas"}
    assert {"average", "gff", "nsst-papcnn"} <= set(names[heading:])
    assert combo.itemText(heading) == "More methods"
    assert not combo.model().item(heading).isEnabled()


def test_the_method_is_described(head):
    assert "brighter source" in head.ui.methodLabel.text


# Apply


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
    head.click("contributionCheckBox")
    head.click("colourCheckBox")
    head.click("applyButton")
    assert role("fused") and not role("colour") and not role("contribution-first")
    assert shown()[1] is role("fused")
    assert not head.ui.show3DButton.enabled
    assert not head.ui.resultOmegaSlider.enabled


def test_the_last_result_can_be_overwritten(result):
    before, fused = contents(), voxels(role("fused")).copy()
    choose(result, "overwriteComboBox", "over")
    choose(result, "networkComboBox", "average")
    result.click("applyButton")
    assert contents() == before
    assert not np.array_equal(voxels(role("fused")), fused)


def test_a_second_result_stands_beside_the_first(result):
    count = len(contents())
    result.click("applyButton")
    assert len(contents()) > count


def test_what_was_used_is_told(result):
    for text in ("MR T1", "PET", "maximum", "shares", "cpu"):
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
    assert head.ui.legendUpLabel.text == "CT"


def test_a_failure_is_one_sentence_and_leaves_the_scene(host, head):
    voxels(head.pet)[0, 0, 0] = np.nan
    before = contents()
    head.click("applyButton")
    assert "NaN" in host.dialogs.texts("error")[0]
    assert "NaN" in head.ui.statusLabel.text
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


# Running


@pytest.fixture
def slow(monkeypatch):
    """Make every fusion take 20 s, a slice each 0.1 s."""
    running.clear()

    def slow_fuse(*volumes, progress=None, cancelled=None, **settings):
        running.set()
        for done in range(200):
            if cancelled():
                raise Cancelled
            progress(done, 200)
            time.sleep(0.1)

    monkeypatch.setattr("MedFusionLib.fusion.fuse", slow_fuse)


#: set once a slow fusion runs
running = threading.Event()


def during(action, after=0.4):
    """Do something so many seconds into a slow fusion; returns the list of what it gave."""
    import qt

    seen = []

    def wait():
        if running.is_set():
            qt.QTimer.singleShot(int(1000 * after), lambda: seen.append(action()))
        else:
            qt.QTimer.singleShot(20, wait)

    wait()
    return seen


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
    wait_until(lambda: "slice" in head.ui.previewCaptionLabel.text)
    calls = []
    monkeypatch.setattr(head.logic, "fuseVisibleSlice", lambda *a: calls.append(1) or (None, 0))
    red = slicer.app.layoutManager().sliceWidget("Red").sliceLogic()
    during(lambda: red.SetSliceOffset(20), 0.1)
    seen = during(lambda: (len(calls), head.ui.cancelButton.click()), 0.5)
    head.click("applyButton")
    assert seen[0][0] == 0
    wait_until(lambda: calls)


# The result


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **settings):
        raise AssertionError("the network ran")

    monkeypatch.setattr("MedFusionLib.fusion.fuse", refuse)


def test_omega_recolours_at_once(result, no_network):
    result.ui.resultOmegaSlider.value = 0
    colour = voxels(role("colour"))
    assert (colour[..., 0] == colour[..., 2]).all()
    assert result.ui.omegaSlider.value == 0
    report = json.loads(role("colour").GetAttribute("MedFusion.Report"))
    assert report["parameters"]["omega"] == 0


def test_colour_mode_and_map_recolour_at_once(result, no_network):
    tinted = voxels(role("colour")).copy()
    choose(result, "modeComboBox", "paper")
    jet = voxels(role("colour")).copy()
    assert not np.array_equal(tinted, jet)
    assert "contribution of PET" in result.ui.legendTitleLabel.text
    assert GRADIENT_NOTE in result.ui.legendTitleLabel.text
    assert "gradients are smallest" in result.ui.modeComboBox.toolTip
    choose(result, "resultColormapComboBox", "viridis")
    assert not np.array_equal(voxels(role("colour")), jet)


def test_the_legend_is_the_coding_and_names_the_modalities(result):
    ui = result.ui
    assert not ui.legendLabel.pixmap.isNull()
    image = ui.legendLabel.pixmap.toImage()
    table = Coding("fused", 0.6).table()
    for x, y, expected in ((0, 0, table[-1, 0]), (255, 0, table[-1, -1]), (128, 255, [0, 0, 0])):
        colour = image.pixelColor(x, y)
        assert [colour.red(), colour.green(), colour.blue()] == list(expected)
    assert (ui.legendLeftLabel.text, ui.legendRightLabel.text) == ("all MR", "all PET")


def test_a_result_from_other_inputs_says_so(result, phantom):
    assert result.ui.staleLabel.text.startswith("Made from what is chosen")
    result.ui.secondSelector.setCurrentNode(add_volume(slicer.mrmlScene, phantom.ct))
    assert "other inputs: MR T1 + PET" in result.ui.staleLabel.text


def test_a_changed_input_or_setting_says_so(result):
    choose(result, "networkComboBox", "average")
    assert "method" in result.ui.staleLabel.text
    choose(result, "networkComboBox", "maximum")
    assert result.ui.staleLabel.text.startswith("Made from what is chosen")
    voxels(result.mr)[:] += 1
    slicer.util.arrayFromVolumeModified(result.mr)
    assert "changed" in result.ui.staleLabel.text


def test_a_removed_result_closes_its_group(result):
    for name in ("fused", "colour", "contribution-first", "contribution-second"):
        slicer.mrmlScene.RemoveNode(role(name))
    assert not result.ui.resultCollapsibleButton.enabled


def test_a_result_whose_mr_is_gone_can_still_be_seen(result):
    slicer.mrmlScene.RemoveNode(result.mr)
    assert not result.ui.compareButton.enabled
    result.click("showSlicesButton")
    assert shown()[0] is role("colour")


def test_without_a_main_window_there_is_no_3d_view(result, monkeypatch):
    monkeypatch.setattr("MedFusionPanel.views.layoutManager", lambda: None)
    result.click("show3DButton")
    result.click("qualityButton")
    assert len(slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode")) == 1


def test_the_quality_table_stands_in_the_scene_once(result):
    result.click("qualityButton")
    result.click("qualityButton")
    tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
    assert [table.GetAttribute("MedFusion.Role") for table in tables] == ["quality"]
    table = tables[0].GetTable()
    assert table.GetNumberOfRows() > 5
    assert table.GetColumnName(0) == "metric"
    selection = slicer.app.applicationLogic().GetSelectionNode()
    assert selection.GetActiveTableID() == tables[0].GetID()


def test_compare_toggles_between_colour_and_blending(result):
    result.click("compareButton")
    assert shown() == (result.mr, result.pet, 0.5)
    assert "Back" in result.ui.compareButton.text
    result.click("compareButton")
    assert shown() == (result.mr, role("colour"), 1.0)


def test_opacity_and_show_in_slice_views(result):
    result.ui.opacitySlider.value = 0.3
    assert shown()[2] == 0.3
    slicer.util.setSliceViewerLayers(background=result.pet, foreground=None)
    result.click("showSlicesButton")
    assert shown() == (result.mr, role("colour"), 0.3)


def test_show_in_3d(result):
    result.click("show3DButton")
    displays = slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode")
    assert [node.GetVolumeNode() for node in displays] == [role("colour")]
    assert displays[0].GetVisibility()


def test_the_probe_follows_the_crosshair(result, phantom):
    crosshair = slicer.util.getNode("Crosshair")
    left, back, up = phantom.centre("lesion")
    crosshair.SetCursorPositionRAS((-left, -back, up))
    text = result.ui.probeLabel.text
    assert "MR " in text and "PET " in text and "fused" in text and "comes from: MR " in text
    assert "#" in result.ui.probeBarLabel.text
    crosshair.SetCursorPositionRAS((500, 0, 0))
    assert "move the mouse" in result.ui.probeLabel.text
    assert result.ui.probeBarLabel.text == ""


def test_the_probe_honours_transforms(head):
    import vtk

    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shift = vtk.vtkMatrix4x4()
    shift.SetElement(0, 3, 700)
    transform.SetMatrixTransformToParent(shift)
    for node in (head.mr, head.pet):
        node.SetAndObserveTransformNodeID(transform.GetID())
    head.click("applyButton")
    slicer.util.getNode("Crosshair").SetCursorPositionRAS((700, 0, 0))
    assert "fused" in head.ui.probeLabel.text


# Preview


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
    whole = fuse(*volumes, "pet-mr", network="laplacian-pyramid", axis=axis)
    sources = prepare(volumes, ["mr", "pet"])
    place = (12.0, -8.0, 20.0)
    piece = fuse_slice(sources, "pet-mr", place, network="laplacian-pyramid", axis=axis)
    order, flips = slice_order(phantom.t1, axis)
    fused = to_slices(whole.fused.array, order, flips)
    assert piece.count == len(fused)
    np.testing.assert_allclose(piece.fused, fused[piece.number], atol=1e-6)
    colour = to_slices(whole.colour, (*order, 3), flips)
    assert np.abs(piece.colour.astype(int) - colour[piece.number]).max() <= 1
    index = np.linalg.solve(phantom.t1.matrix, [*place, 1])[order[0] * -1 + 2]
    number = round(index)
    assert piece.number == (len(fused) - 1 - number if 0 in flips else number)


# State


def test_the_state_comes_back_with_the_scene(host, result, tmp_path):
    choose(result, "axisComboBox", "coronal")
    choose(result, "modalityComboBox", "spect")
    result.ui.resultOmegaSlider.value = 0.25
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    slicer.mrmlScene.Clear(0)
    assert result.ui.firstSelector.currentNode() is None
    assert result.ui.omegaSlider.value == 0.6
    assert not result.ui.resultCollapsibleButton.enabled
    slicer.util.loadScene(str(path))
    ui = result.ui
    assert ui.firstSelector.currentNode().GetName() == "MR T1"
    assert ui.secondSelector.currentNode().GetName() == "PET"
    assert (ui.axisComboBox.currentData, ui.modalityComboBox.currentData) == ("coronal", "spect")
    assert ui.omegaSlider.value == 0.25
    assert ui.resultCollapsibleButton.enabled
    ui.resultOmegaSlider.value = 0
    colour = voxels(role("colour"))
    assert colour.any() and (colour[..., 0] == colour[..., 2]).all()


def test_the_device_is_remembered_on_this_computer(host, head):
    choose(head, "deviceComboBox", "cpu")
    import qt

    assert qt.QSettings().value("MedFusion/Device") == "cpu"
    again = host.open(MODULE / "MedFusion.py")
    assert again.ui.deviceComboBox.currentData == "cpu"


def test_a_removed_input_is_not_replaced_by_its_neighbour(head):
    slicer.mrmlScene.RemoveNode(head.pet)
    assert head.ui.secondSelector.currentNode() is None
    assert head.ui.firstSelector.currentNode() is head.mr


def test_a_removed_parameter_node_is_made_anew(head):
    slicer.mrmlScene.RemoveNode(head.logic.getParameterNode())
    assert head.ui.firstSelector.currentNode() is None
    head.ui.firstSelector.setCurrentNode(head.mr)
    assert head.logic.getParameterNode().GetNodeReference("first") is head.mr


def test_closing_the_panel_leaves_no_observers(host, result):
    result.close()
    assert not result.widget.Observations
    slicer.mrmlScene.Clear(0)


def test_numbers_that_a_hand_has_spoiled_fall_back(head):
    head.logic.getParameterNode().SetParameter("omega", "much")
    assert head.ui.omegaSlider.value == 0.6


# Scripts and Slicer's own test


def test_the_logic_from_a_script(head):
    nodes = head.module.MedFusionLogic().fuse(head.mr, head.pet, network="maximum", axis="coronal")
    assert list(nodes)[:2] == ["fused", "colour"]
    volumes = [volume_from_node(node) for node in (head.mr, head.pet)]
    expected = fuse(*volumes, "pet-mr", network="maximum", axis="coronal")
    np.testing.assert_array_equal(voxels(nodes["fused"]), expected.fused.array)


def test_the_logic_asks_what_a_volume_is(head):
    head.pet.SetName("image 7")
    with pytest.raises(MedFusionError, match="image 7"):
        head.logic.fuse(head.mr, head.pet, network="maximum")
    with pytest.raises(MedFusionError, match="no volume"):
        head.logic.fuse(None, head.pet, "pet-mr")


def test_slicers_own_test_passes(host, panel):
    panel.module.MedFusionTest().runTest()
    assert "passed" in host.dialogs.texts("delay")[-1]


def test_slicers_own_test_skips_itself_without_torch(host, head, no_torch):
    head.module.MedFusionTest().runTest()
    assert "Skipped" in host.dialogs.texts("delay")[-1]


# How it looks


LONG = "Anonymised_Patient_0123456789_T1w_MPRAGE_sag_isotropic_post_contrast"


@pytest.mark.parametrize("width", [380, 440, 600])
def test_nothing_is_cut_off(head, width):
    head.mr.SetName(LONG)
    head.pet.SetName("PET_" + LONG)
    head.click("applyButton")
    head.ui.advancedCollapsibleButton.collapsed = False
    head.ui.resultCollapsibleButton.collapsed = False
    choose(head, "axisComboBox", "coronal")  # the result is stale: its longest sentence
    head.show(width, 1500)
    assert head.parent.width == width
    for name, widget in named(head.ui, "QLabel", *KINDS):
        if widget.visible and name != "legendLabel":  # that is a scaled picture
            place = widget.mapTo(head.parent, qt().QPoint(0, 0))
            assert place.x() >= 0 and place.x() + widget.width <= width, name
        if widget.visible and widget.className() in ("QPushButton", "QCheckBox"):
            hint = widget.minimumSizeHint
            hint = hint() if callable(hint) else hint  # an attribute in PythonQt
            assert widget.width >= hint.width(), name


#: what a user can use
KINDS = [
    "QPushButton",
    "QCheckBox",
    "QComboBox",
    "ctkSliderWidget",
    "ctkRangeWidget",
    "qMRMLNodeComboBox",
]


def named(ui, *kinds):
    """The widgets of these classes that the .ui file names."""
    return [(name, part) for name, part in vars(ui).items() if part.className() in kinds]


def qt():
    """The ground's Qt, which is there once a panel is."""
    return importlib.import_module("qt")


def test_the_keyboard_goes_down_the_panel(head):
    head.ui.advancedCollapsibleButton.collapsed = False
    head.show(440, 1500)
    names = {id(widget): name for name, widget in vars(head.ui).items()}
    places, widget, start = [], head.ui.inputsCollapsibleButton, head.ui.inputsCollapsibleButton
    while widget is not None:
        if id(widget) in names and widget.visible and widget.focusPolicy:
            place = widget.mapTo(head.parent, qt().QPoint(0, 0))
            places.append((place.y() // 12, place.x(), names[id(widget)]))
        widget = widget.nextInFocusChain()
        if widget is start:
            break
    assert len(places) > 10
    assert places == sorted(places)


def test_whatever_can_be_used_says_what_it_does(result):
    widgets = [widget for name, widget in named(result.ui, *KINDS)]
    assert len(widgets) > 25
    assert not [widget.objectName for widget in widgets if not widget.toolTip]


@pytest.mark.parametrize(("look", "background"), [("light", "#efefef"), ("dark", "#323232")])
def test_warnings_can_be_read(panel, look, background):
    from MedFusionPanel import pictures

    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    levels = sorted(luminance(colour) for colour in (pictures.WARNINGS[look], background))
    assert (levels[1] + 0.05) / (levels[0] + 0.05) >= 4.5  # WCAG 2.1, 1.4.3
    label = qt().QLabel()
    palette = label.palette
    palette.setColor(qt().QPalette.Window, qt().QColor(background))
    label.setPalette(palette)
    assert pictures.warningStyle(label) == f"color: {pictures.WARNINGS[look]}"


def test_nothing_jumps_when_a_run_ends(head, slow):
    head.show()
    before = head.ui.applyButton.y, head.ui.resultCollapsibleButton.y
    places = during(lambda: (head.ui.applyButton.y, head.ui.resultCollapsibleButton.y))
    during(lambda: head.ui.cancelButton.click(), 0.5)
    head.click("applyButton")
    assert places == [before]
