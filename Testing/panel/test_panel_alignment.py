"""The panel's alignment row and its DICOM export, clicked through."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

import pydicom  # noqa: E402

from MedFusionLib.phantom.head import make_phantom  # noqa: E402
from MedFusionLib.results.nodes import add_volume, alignment_of, volume_from_node  # noqa: E402
from MedFusionLib.sources import alignment  # noqa: E402
from MedFusionLib.sources.alignment import Alignment, moved  # noqa: E402
from MedFusionLib.sources.files import read_volume  # noqa: E402

MODULE = Path(__file__).resolve().parents[2] / "MedFusion"
SHIFT = np.eye(4)
SHIFT[:3, 3] = 0, 18, 0


@pytest.fixture(scope="module")
def phantom():
    return make_phantom((24, 32, 32))


@pytest.fixture
def panel(host, phantom, monkeypatch):
    """The panel with an MR and a CT that lies 18 mm off; measured at once, and rightly."""

    def measure(reference, volume, modality, cancelled=None):
        back = volume.matrix @ np.linalg.inv(phantom.ct.matrix)
        return Alignment(np.linalg.inv(back), float(np.linalg.norm(back[:3, 3])), 0.5)

    monkeypatch.setattr(alignment, "measure_alignment", measure)
    panel = host.open(MODULE / "MedFusion.py")
    panel.mr = add_volume(slicer.mrmlScene, phantom.t1)
    panel.ct = add_volume(slicer.mrmlScene, moved(phantom.ct, SHIFT))
    panel.ui.firstSelector.setCurrentNode(panel.mr)
    panel.ui.secondSelector.setCurrentNode(panel.ct)
    methods = panel.ui.methodComboBox
    methods.setCurrentIndex(methods.findData("maximum"))
    return panel


def test_check_align_undo(panel, phantom):
    ui = panel.ui
    assert (ui.alignmentLabel.text, ui.alignButton.text) == ("not checked yet", "Check")
    panel.click("alignButton")
    assert (ui.alignmentLabel.text, ui.alignButton.text) == ("about 18 mm off", "Align")
    panel.click("alignButton")
    assert alignment_of(panel.ct) is not None
    np.testing.assert_allclose(volume_from_node(panel.ct).matrix, phantom.ct.matrix, atol=1e-4)
    assert (ui.alignmentLabel.text, ui.alignButton.text) == ("moved by 18 mm", "Undo")
    panel.click("alignButton")
    assert panel.ct.GetParentTransformNode() is None
    assert (ui.alignmentLabel.text, ui.alignButton.text) == ("not checked yet", "Check")


def test_what_was_measured_is_forgotten_when_a_volume_moves(panel):
    panel.click("alignButton")
    panel.ct.SetOrigin(1, 2, 3)
    assert panel.ui.alignmentLabel.text == "not checked yet"


def test_apply_checks_and_warns_and_the_report_tells(panel):
    panel.click("applyButton")
    assert panel.ui.alignmentLabel.text == "about 18 mm off"
    assert panel.ui.statusLabel.text.startswith("Done in")
    assert "18 mm off" in panel.ui.warningLabel.text
    assert panel.ui.warningLabel.visible and "color: #" in panel.ui.warningLabel.styleSheet
    report = json.loads(result("fused").GetAttribute("MedFusion.Report"))
    assert report["alignment"][0]["verdict"] == "off"


def test_after_align_no_line_says_that_it_is_off(panel):
    panel.click("applyButton")
    panel.click("alignButton")
    assert panel.ui.alignmentLabel.text == "moved by 18 mm"
    assert panel.ui.warningLabel.text == ""
    assert "CT was moved since this result was made" in panel.ui.staleLabel.text
    panel.click("applyButton")
    assert "off" not in panel.ui.warningLabel.text
    assert panel.ui.staleLabel.text.startswith("Made from what is chosen")


def test_without_the_check_nothing_is_measured(panel, monkeypatch):
    monkeypatch.setattr(alignment, "measure_alignment", None)
    panel.ui.checkAlignmentCheckBox.checked = False
    panel.click("applyButton")
    assert panel.ui.statusLabel.text.startswith("Done in")


def result(role):
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return next(node for node in nodes if node.GetAttribute("MedFusion.Role") == role)


def answer_with(folder, monkeypatch):
    """Choose a folder where the panel asks for one."""
    from MedFusionPanel import dicomexport

    monkeypatch.setattr(dicomexport, "askFolder", lambda: str(folder))


def test_export_to_dicom(panel, tmp_path, monkeypatch):
    assert not panel.ui.dicomButton.enabled
    panel.ui.publishedColourCheckBox.checked = True
    panel.click("applyButton")
    answer_with(tmp_path, monkeypatch)
    panel.click("dicomButton")
    folder = tmp_path / "MedFusion DICOM"
    assert str(folder) in panel.ui.staleLabel.text
    fused = volume_from_node(result("fused"))
    back = read_volume(folder / "fused")
    np.testing.assert_allclose(back.matrix, fused.matrix, atol=1e-6)
    np.testing.assert_allclose(back.array, fused.array, atol=1e-4)
    for name in ("colour", "colour-paper"):
        assert (folder / name / "legend.dcm").is_file()


def test_export_joins_the_study_that_the_mr_was_loaded_from(panel, tmp_path, monkeypatch):
    panel.click("applyButton")
    answer_with(tmp_path, monkeypatch)
    panel.click("dicomButton")
    slices = sorted((tmp_path / "MedFusion DICOM" / "fused").glob("*.dcm"))  # any DICOM will do
    uids = {str(pydicom.dcmread(file).SOPInstanceUID): str(file) for file in slices}

    class Database:
        def fileForInstance(self, uid):
            return uids.get(uid, "")

    monkeypatch.setattr(slicer, "dicomDatabase", Database(), raising=False)
    panel.mr.SetAttribute("DICOM.instanceUIDs", " ".join(uids))
    answer_with(tmp_path, monkeypatch)
    panel.click("dicomButton")
    before = pydicom.dcmread(slices[0])
    after = pydicom.dcmread(tmp_path / "MedFusion DICOM 2" / "fused" / slices[0].name)
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID"):
        assert after.get(keyword) == before.get(keyword)
    assert after.SourceImageSequence[0].ReferencedSOPInstanceUID == before.SOPInstanceUID
