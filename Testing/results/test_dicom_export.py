"""The DICOM series that a fusion leaves, as other readers see them."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_series import write_series
from helpers import refused

from MedFusionLib.cli import main
from MedFusionLib.colour.coding import Coding
from MedFusionLib.fusion import fuse
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.results.dicom import check_new_folder, derivation, legend_picture, write_dicom
from MedFusionLib.sources.dicom import read_headers
from MedFusionLib.sources.files import read_volume, write_volume
from MedFusionLib.sources.volumes import Volume

TURN = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])


@pytest.fixture(scope="module")
def head():
    return make_phantom((16, 24, 28))


@pytest.fixture(scope="module")
def fusion(head):
    return fuse(head.t1, head.ct, "ct-mr", method="maximum")


@pytest.fixture(scope="module")
def written(fusion, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicom")
    write(fusion, folder)
    return folder


def write(fusion, folder):
    write_dicom(folder, fusion.fused, fusion.colours, fusion.codings, fusion.report)


def read(folder):
    files = sorted(folder.glob("*.dcm"))
    return [pydicom.dcmread(file) for file in files]


def itk(folder):
    """As ITK reads the series, each file's name sorted by its place."""
    (series,) = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))
    return sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series))


def test_itk_reads_the_fused_volume_with_its_values_and_its_place(written, fusion):
    image = itk(written / "fused")
    grid = fusion.fused
    np.testing.assert_allclose(image.GetSpacing(), grid.spacing, atol=1e-6)
    np.testing.assert_allclose(image.GetOrigin(), grid.origin, atol=1e-6)
    np.testing.assert_allclose(image.GetDirection(), grid.direction.ravel(), atol=1e-6)
    np.testing.assert_allclose(sitk.GetArrayFromImage(image), grid.array, atol=0.6 / 65535)


def test_further_colours_are_series_of_their_own(head, tmp_path):
    fusion = fuse(head.t1, head.ct, "ct-mr", method="maximum", more_colours=["fused"])
    write(fusion, tmp_path)
    assert sorted(part.name for part in tmp_path.iterdir()) == ["colour", "colour-fused", "fused"]
    for name, colour in fusion.colours.items():
        *slices, legend = read(tmp_path / name)
        assert legend.ImageComments.startswith("Legend")
        assert np.array_equal(slices[0].pixel_array, colour[0])
        assert fusion.codings[name].mode in legend.SeriesDescription
    numbers = [read(tmp_path / name)[0].SeriesNumber for name in ("fused", *fusion.colours)]
    assert len(set(numbers)) == 3


def test_our_own_reader_takes_it_back(written, fusion):
    back = read_volume(written / "fused")
    np.testing.assert_allclose(back.matrix, fusion.fused.matrix, atol=1e-6)
    np.testing.assert_allclose(back.array, fusion.fused.array, atol=0.6 / 65535)


def test_a_left_handed_grid_keeps_every_voxel_in_its_place(head, tmp_path):
    direction = TURN @ np.diag([1, 1, -1])
    mr, ct = (Volume(v.array, v.spacing, (3, 4, 5), direction, v.name) for v in (head.t1, head.ct))
    fusion = fuse(mr, ct, "ct-mr", method="maximum", axis="native")
    write(fusion, tmp_path)
    image = itk(tmp_path / "fused")
    assert np.linalg.det(np.reshape(image.GetDirection(), (3, 3))) > 0
    for index in ((0, 0, 0), (20, 10, 3)):
        point = (fusion.fused.matrix @ [*index, 1])[:3]
        there = image.TransformPhysicalPointToIndex(point.tolist())
        assert image[there] == pytest.approx(fusion.fused.array[index[::-1]], abs=1e-4)


def test_the_window_shows_0_to_1_and_the_values_are_scaled(written):
    one = read(written / "fused")[3]
    assert (float(one.WindowCenter), float(one.WindowWidth)) == (0.5, 1)
    assert float(one.RescaleSlope) == pytest.approx(1 / 65535, rel=1e-6)
    assert one.BitsStored == 16


def test_what_comes_from_nobody_belongs_to_nobody(written):
    for one in [*read(written / "fused"), *read(written / "colour")]:
        assert "NOT A REAL PATIENT" in str(one.PatientName)
        assert one.PatientID == "MEDFUSION-NOT-A-PATIENT"
        assert "SourceImageSequence" not in one


def test_every_instance_says_research_use_only_and_how_it_was_made(written, fusion):
    for one in [*read(written / "fused"), *read(written / "colour")]:
        assert one.DerivationDescription.startswith("RESEARCH USE ONLY")
        assert "method maximum (ct-mr)" in one.DerivationDescription
        assert "RESEARCH" in one.SeriesDescription
        assert one.ImageType[0] == "DERIVED"
    digest = "ab" * 32
    assert digest in derivation(replace(fusion.report, weights_sha256=(digest,)))


def test_the_colours_are_for_display_and_bring_their_legend(written, fusion):
    *slices, legend = read(written / "colour")
    assert len(slices) == fusion.fused.shape[0]
    assert all("For display only" in one.ImageComments for one in (*slices, legend))
    assert legend.ImageComments.startswith("Legend")
    assert int(legend.InstanceNumber) == len(slices) + 1
    np.testing.assert_array_equal(slices[5].pixel_array, fusion.colour[5])
    assert len(np.unique(legend.pixel_array.reshape(-1, 3), axis=0)) > 1000


def test_the_legend_has_room_for_what_else_a_reader_has_to_know(fusion):
    plain, noted = (legend_picture(Coding(mode), fusion.report) for mode in ("fused", "paper"))
    assert len(noted) >= len(plain) + 3 * 22  # the note on gradients takes three lines or more
    for picture in (plain, noted):
        assert picture[-60:-30].max() > 200 and picture[-20:].max() < 60  # words to the end, whole


def test_series_and_instances_are_told_apart(written):
    parts = [*read(written / "fused"), *read(written / "colour")]
    assert len({one.SOPInstanceUID for one in parts}) == len(parts)
    assert len({(one.SeriesInstanceUID, one.SeriesNumber) for one in parts}) == 2
    assert len({one.StudyInstanceUID for one in parts}) == 1


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="apt-get install dicom3tools")
@pytest.mark.parametrize("file", ["fused/0003.dcm", "colour/0003.dcm", "colour/legend.dcm"])
def test_dicom3tools_finds_no_error(written, file):
    done = subprocess.run(
        ["dciodvfy", "-new", written / file], capture_output=True, text=True, check=False
    )
    assert "MRImage" in done.stderr or "SCImage" in done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("Error")]


@pytest.fixture(scope="module")
def study(head, tmp_path_factory):
    """The MR and the CT as DICOM, of one patient."""
    folder = tmp_path_factory.mktemp("study")

    def label(one, k):
        one.PatientName, one.PatientID, one.StudyID = "Müller^Anna", "4711", "17"
        one.SpecificCharacterSet = "ISO_IR 192"
        one.PatientBirthDate, one.StudyDate = "19600102", "20200304"
        one.FrameOfReferenceUID = "1.2.3.4"
        one.PatientPosition = "HFS"

    def as_mr(one, k):
        label(one, k)
        one.Modality = "MR"

    write_series(folder / "mr", head.t1, as_mr)
    write_series(folder / "ct", head.ct, label, series="1.2.826.0.1.3680043.2.1125.2")
    return folder


def test_the_result_joins_the_patient_the_study_and_the_space_of_the_mr(
    study, tmp_path, monkeypatch
):
    words = ["fuse", study / "mr", study / "ct", "--pair", "ct-mr", "--network", "maximum"]
    words += ["--out", tmp_path / "out", "--dicom", tmp_path / "dicom", "--align", "off"]
    monkeypatch.setattr("sys.argv", ["medfusion", *map(str, words)])
    with pytest.raises(SystemExit) as ending:
        main()
    assert not ending.value.code
    mr, ct = read_headers(study / "mr"), read_headers(study / "ct")
    same = ("PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "StudyDate",
            "StudyID", "FrameOfReferenceUID", "PatientPosition")  # fmt: skip
    for one in read(tmp_path / "dicom" / "fused"):
        assert all(one.get(keyword) == mr[0].get(keyword) for keyword in same)
        assert one.SeriesInstanceUID not in (mr[0].SeriesInstanceUID, ct[0].SeriesInstanceUID)
        first, second = one.SourceImageSequence
        (at,) = [h for h in mr if h.SOPInstanceUID == first.ReferencedSOPInstanceUID]
        np.testing.assert_allclose(at.ImagePositionPatient, one.ImagePositionPatient, atol=1e-3)
        assert second.ReferencedSOPInstanceUID in {h.SOPInstanceUID for h in ct}
    np.testing.assert_allclose(
        read_volume(tmp_path / "dicom" / "fused").matrix,
        read_volume(study / "mr").matrix,
        atol=1e-4,
    )


def test_a_folder_with_something_in_it_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "old.dcm").write_bytes(b"")
    with refused("not empty", "new folder"):
        check_new_folder(tmp_path)


def test_what_is_no_dicom_has_no_headers(head, tmp_path):
    write_volume(head.t1, tmp_path / "mr.nrrd")
    assert read_headers(tmp_path / "mr.nrrd") == []
