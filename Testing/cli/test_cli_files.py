"""The command line on what files and paths can be: brackets, bytes, time series, two forms."""

import json
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from test_cli import files, run  # noqa: F401  (fixtures)

from MedFusionLib.sources.files import read_volume


def words(first, second, out, *more):
    return [
        "fuse", first, second, "--pair", "pet-mr", "--out", out, "--network", "maximum",
        "--align", "off", *more,
    ]  # fmt: skip


def test_brackets_in_a_path_are_printed(run, files, tmp_path):  # noqa: F811
    out = tmp_path / "a [x] :smile: b"
    code, said, _ = run(*words(files["t1"], files["pet"], out))
    assert code == 0
    assert f"Results: {out}" in said


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
@pytest.mark.parametrize("which", ["first", "out"])
def test_a_name_that_is_no_utf8_ends_in_a_sentence(run, files, tmp_path, which):  # noqa: F811
    name = Path(os.fsdecode(os.fsencode(tmp_path) + b"/m\xfcller"))
    first, out = (name, tmp_path / "out") if which == "first" else (files["t1"], name)
    code, _, error = run(*words(first, files["pet"], out))
    assert code == 2
    assert "is not UTF-8" in error and len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_frame_of_a_time_series_is_fused_and_said(run, files, tmp_path):  # noqa: F811
    pet = read_volume(files["pet"])
    image = sitk.GetImageFromArray(np.stack([pet.array, pet.array * 3]), isVector=False)
    image.SetSpacing((*pet.spacing, 1))
    image.SetOrigin((*pet.origin, 0))
    series = tmp_path / "dynamic.nii.gz"
    sitk.WriteImage(image, str(series))
    code, _, error = run(*words(files["t1"], series, tmp_path / "out"))
    assert code == 2
    assert "--frame N" in error and "--frame mean" in error
    code, _, error = run(*words(files["t1"], series, tmp_path / "out", "--frame", "mean"))
    assert (code, "mean of 2 volumes" in error) == (0, True)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert any("mean of 2 volumes" in warning for warning in report["warnings"])
    code, _, error = run(*words(files["t1"], series, tmp_path / "out", "--frame", "last"))
    assert (code, "'last'" in error) == (2, True)


def test_the_form_that_was_taken_is_in_the_report(run, files, tmp_path):  # noqa: F811
    pet = tmp_path / "pet.nii"
    sitk.WriteImage(sitk.ReadImage(str(files["pet"])), str(pet))
    whole = bytearray(pet.read_bytes())
    (right,) = struct.unpack_from("<f", whole, 292)  # of the sform
    struct.pack_into("<f", whole, 292, right + 30)
    pet.write_bytes(whole)
    for more, taken in (((), "sform"), (("--orientation", "qform"), "qform")):
        code, _, error = run(*words(files["t1"], pet, tmp_path / "out", *more))
        assert code == 0
        report = json.loads((tmp_path / "out" / "report.json").read_text())
        said = " ".join(report["warnings"])
        assert f"the {taken} was taken" in said and "30.0 mm" in said
        assert f"the {taken} was taken" in " ".join(error.split())
