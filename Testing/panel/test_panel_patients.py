"""Two patients in the panel: the user is asked, and no name is shown."""

from pathlib import Path

import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from dicom_series import write_series  # noqa: E402

from MedFusionLib.phantom.head import make_phantom  # noqa: E402
from MedFusionLib.results.nodes import add_volume  # noqa: E402

MODULE = Path(__file__).resolve().parents[2] / "MedFusion"


@pytest.fixture
def panel(host, monkeypatch, tmp_path):
    """The panel with an MR and a PET that Slicer's database knows as two patients'."""
    head = make_phantom((16, 24, 24))
    panel = host.open(MODULE / "MedFusion.py")
    panel.files = {}

    class Database:
        def fileForInstance(self, uid):
            return panel.files.get(uid, "")

    def loaded(name, volume, patient):
        def label(one, k):
            one.PatientName, one.PatientID = patient, patient[:3]

        folder = write_series(tmp_path / name, volume, label)
        panel.files[name] = str(next(folder.iterdir()))
        node = add_volume(slicer.mrmlScene, volume)
        node.SetAttribute("DICOM.instanceUIDs", name)
        return node

    monkeypatch.setattr(slicer, "dicomDatabase", Database(), raising=False)
    panel.mr = loaded("mr", head.t1, "Doe^Jane")
    panel.pet = loaded("pet", head.pet, "Roe^Ann")
    panel.ui.firstSelector.setCurrentNode(panel.mr)
    panel.ui.secondSelector.setCurrentNode(panel.pet)
    methods = panel.ui.methodComboBox
    methods.setCurrentIndex(methods.findData("maximum"))
    return panel


def fused():
    found = slicer.mrmlScene.GetNodesByClass("vtkMRMLScalarVolumeNode")
    roles = [
        found.GetItemAsObject(n).GetAttribute("MedFusion.Role")
        for n in range(found.GetNumberOfItems())
    ]
    return "fused" in roles


@pytest.mark.parametrize("meant", [True, False])
def test_two_patients_are_fused_only_where_it_is_meant(host, panel, meant):
    host.dialogs.answers = [meant]
    panel.click("applyButton")
    (question,) = host.dialogs.texts("question")
    assert "two patients" in question
    assert "Doe" not in question and "Roe" not in question
    assert fused() == meant
    assert bool(host.dialogs.texts("error")) != meant


def test_a_patient_who_is_not_known_is_not_asked_for(host, panel):
    panel.files.clear()
    panel.click("applyButton")
    assert not host.dialogs.texts("question")
    assert fused()
