"""The command line on a CD: which series are fused, of which patient, in which units."""

import json

import numpy as np
import pydicom
import pytest
from dicom_series import write_series
from helpers import run_medfusion

from MedFusionLib.cli import main
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import read_volume, write_volume


@pytest.fixture(scope="module")
def head():
    return make_phantom((16, 24, 28))


@pytest.fixture
def cd(head, tmp_path):
    """A CD with an MR, a localizer of it, and a CT, each in a folder of its own."""

    def burn(mr=(), ct=()):
        series = (
            ("mr", head.t1, {"Modality": "MR", "SeriesNumber": "5", **dict(mr)}),
            (
                "scout",
                head.t2.like(head.t2.array, "scout"),
                {"Modality": "MR", "SeriesNumber": "1"},
            ),
            ("ct", head.ct, {"SeriesNumber": "2", **dict(ct)}),
        )
        for number, (name, volume, values) in enumerate(series, 1):
            (tmp_path / "CD" / name).mkdir(parents=True)

            def label(one, k, values=values):
                for keyword, value in values.items():
                    setattr(one, keyword, value)

            write_series(tmp_path / "CD" / name, volume, label, series=f"1.2.{number}")
        return tmp_path / "CD"

    return burn


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run `medfusion fuse WORDS` on the pair of MR and CT: its exit code and what it said."""

    def call(*words):
        words = ["fuse", *words, "--pair", "ct-mr", "--out", tmp_path / "out"]
        words += ["--method", "maximum", "--align", "off"]
        code, out, err = run_medfusion(words, monkeypatch, capsys)
        return code, " ".join((out + err).split())

    return call


def test_the_pair_of_a_cd_is_found_or_chosen(run, cd, tmp_path, head):
    code, said = run(cd())
    assert code == 2
    assert "3 DICOM series, 2 of them MR" in said
    assert "1 (MR, 16 slices); 2 (CT, 16 slices); 5 (MR, 16 slices)" in said
    assert run(tmp_path / "CD", "--series", "5")[0] == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [part["name"] for part in report["inputs"]] == ["mr-series-5", "ct-series-2"]
    fused = read_volume(tmp_path / "out" / "fused.nrrd")
    assert np.allclose(fused.matrix, head.t1.matrix, atol=1e-3)


def test_the_series_of_a_cd_are_listed(cd, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["medfusion", "series", str(cd({"SeriesDescription": "t1"}))])
    with pytest.raises(SystemExit):
        main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert ["5", "MR", "t1", "16"] in lines
    assert ["2", "CT", "16"] in lines


def test_two_patients_are_refused_unless_said(run, cd, tmp_path):
    folder = cd({"PatientName": "Doe^Jane", "PatientID": "7"}, {"PatientName": "Roe^Ann"})
    code, said = run(folder, "--series", "5")
    assert code == 2
    assert "two patients" in said and "name" in said
    assert "Doe" not in said and "Roe" not in said and "Ann" not in said
    assert not (tmp_path / "out").exists()
    words = ("--series", "5", "--different-patients", "--dicom", tmp_path / "dicom")
    assert run(folder, *words)[0] == 0
    for file in (tmp_path / "dicom" / "fused").iterdir():
        assert "NOT A REAL PATIENT" in str(pydicom.dcmread(file).PatientName)


def test_optional_tags_are_exported_only_where_dicom_allows_them(run, cd, tmp_path):
    said = {"PatientSize": "1.75", "PatientAge": "051Y", "PatientBirthDate": "19600102"}
    folder = cd(said)
    for file in (folder / "mr").iterdir():  # as pydicom would not write it
        spoiled = file.read_bytes().replace(b"1.75", b"1,75").replace(b"19600102", b"2.1.1960")
        file.write_bytes(spoiled)
    code, said = run(folder, "--series", "5", "--dicom", tmp_path / "dicom")
    assert code == 0, said
    for file in (tmp_path / "dicom" / "fused").iterdir():
        one = pydicom.dcmread(file)
        assert one.PatientAge == "051Y"
        assert one.PatientBirthDate == ""
        assert "PatientSize" not in one


def test_the_values_of_a_ct_can_be_said(run, head, tmp_path):
    """Without its skull and air a CT in HU looks like grey levels, and the other way round."""
    brain = (head.ct.array > 10) & (head.ct.array < 100)
    stripped = head.ct.like(np.where(brain, head.ct.array, 0), "ct")
    write_volume(head.t1, tmp_path / "mr.nrrd")
    write_volume(stripped, tmp_path / "ct.nrrd")
    windows = {}
    for ct in ("auto", "hu", "grey"):
        assert run(tmp_path / "mr.nrrd", tmp_path / "ct.nrrd", "--ct", ct)[0] == 0
        report = json.loads((tmp_path / "out" / "report.json").read_text())
        windows[ct] = report["inputs"][1]["window"]
    assert windows == {"auto": [-20, 130], "hu": [-20, 130], "grey": [0, 255]}
