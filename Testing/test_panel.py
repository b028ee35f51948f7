"""The panel, clicked through in the test host; every test ends with no error in a slot."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from host import lint  # noqa: E402
from host.screenshot import FontMissing, screenshot  # noqa: E402

from MedFusionLib.colour.coding import GRADIENT_NOTE, Coding  # noqa: E402
from MedFusionLib.errors import Cancelled, MedFusionError  # noqa: E402
from MedFusionLib.fusion import NOTICE, fuse, fuse_slice  # noqa: E402
from MedFusionLib.phantom.head import make_phantom  # noqa: E402
from MedFusionLib.results.scene import add_volume, volume_from_node  # noqa: E402
from MedFusionLib.sources.prepare import prepare  # noqa: E402
from MedFusionLib.sources.volumes import Volume  # noqa: E402

MODULE = Path(__file__).resolve().parent.parent / "MedFusion"
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
    combo.activated.emit(index)


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
    return (*map(slicer.mrmlScene.GetNodeByID, ids), node.GetForegroundOpacity())


# Inputs


def test_an_empty_scene_says_what_to_do(panel):
    assert "Sample Data" in panel.ui.statusLabel.text
    assert not panel.ui.applyButton.enabled


def test_the_sample_head_is_chosen_on_entering(host, panel):
    panel.exit()
    (source,) = host.sample_data.registered
    assert source.category == "MedFusion"
    nodes = source.keywords["customDownloader"](source)
    assert [node.GetName() for node in nodes] == source.nodeNames
    panel.enter()
    assert panel.ui.firstSelector.currentNode() is nodes[0]
    assert panel.ui.secondSelector.currentNode() is nodes[1]
    assert panel.ui.modalityComboBox.currentData == "pet"


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


def reason(panel):
    assert not panel.ui.applyButton.enabled
    assert panel.ui.statusLabel.text == panel.ui.applyButton.toolTip
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


def test_pytorch_missing_can_be_installed(host, head):
    host.pytorch.installed, host.pytorch.refuses = False, True
    head.widget.update()
    assert "PyTorch" in reason(head)
    head.click("installButton")
    assert "PyTorch" in reason(head)
    host.pytorch.refuses = False
    head.click("installButton")
    assert head.ui.applyButton.enabled
    assert not head.ui.installButton.visible
    assert host.pytorch.requests[-1]["askConfirmation"]


def test_without_the_pytorch_extension(host, head):
    host.remove_pytorch_extension()
    head.widget.update()
    assert "PyTorch extension" in reason(head)
    host.dialogs.answers = [False]
    head.click("installButton")
    assert "restart" in host.dialogs.texts("question")[0]


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


def test_the_published_networks_stand_before_more_methods(head):
    combo = head.ui.networkComboBox
    names = [combo.itemData(row) for row in range(combo.model().rowCount())]
    heading = names.index(None)
    assert set(names[:heading]) == {"funfusean", "fw-net", "cspa-dn", "badal-regas"}
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
    monkeypatch.setattr("MedFusionLib.fusion.fuse", lambda *a, **k: time.sleep(3))
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


def test_recolouring_a_head_is_fast(panel):
    from MedFusionPanel.result import Result

    from MedFusionLib.colour.coding import coordinates
    from MedFusionLib.results.scene import set_voxels

    parts = np.random.default_rng(0).random((3, 94, 256, 256), np.float32)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Colour")
    set_voxels(node, np.zeros((94, 256, 256, 3), np.uint8))
    result = Result.__new__(Result)
    result.nodes, result._carrier = {"colour": node}, node
    result._coordinates = coordinates(parts[0], parts[1:], parts[0] < 0.3)
    node.SetAttribute("MedFusion.Report", json.dumps({"parameters": {}}))
    started = time.monotonic()
    result.recolour(Coding(omega=0.3))
    assert time.monotonic() - started < 0.5


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
    assert "MR " in text and "PET " in text and "fused" in text and "% from the PET" in text
    assert "#" in result.ui.probeBarLabel.text
    crosshair.SetCursorPositionRAS((500, 0, 0))
    assert "Shift" in result.ui.probeLabel.text
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


def test_slicers_own_test_skips_itself_without_torch(host, panel):
    host.pytorch.installed = False
    panel.module.MedFusionTest().runTest()
    assert "Skipped" in host.dialogs.texts("delay")[-1]


# How it is written and looks


def test_the_panel_and_its_parts_keep_to_pythonqt():
    ui_files = list((MODULE / "Resources" / "UI").glob("*.ui"))
    files = sorted(MODULE.rglob("*.py"))
    findings = [found for path in files for found in lint.check_module(path, ui_files)]
    assert not findings, "\n".join(map(str, findings))


def test_nothing_is_cut_off_at_the_usual_width(result):
    result.ui.advancedCollapsibleButton.collapsed = False
    result.show(428, 1300)
    assert result.parent.width <= 428
    for button in (
        "compareButton",
        "qualityButton",
        "showSlicesButton",
        "show3DButton",
        "applyButton",
    ):
        widget = getattr(result.ui, button)
        assert widget.width >= widget.minimumSizeHint().width()


def test_nothing_jumps_when_a_run_ends(head, slow):
    head.show()
    before = head.ui.applyButton.y, head.ui.resultCollapsibleButton.y
    places = during(lambda: (head.ui.applyButton.y, head.ui.resultCollapsibleButton.y))
    during(lambda: head.ui.cancelButton.click(), 0.5)
    head.click("applyButton")
    assert places == [before]


def test_a_screenshot(result, tmp_path):
    try:
        pixels = screenshot(result, tmp_path / "panel.png", height=1200, three_d=False)
    except FontMissing as missing:
        pytest.skip(str(missing))
    assert pixels[:, :440].std() > 10
