"""Headers that never end, and files that are none, stop one study and no run."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time

import numpy as np
import pytest
from helpers import refused

from MedFusionLib.cohort import check_studies, fuse_cohort, make_study
from MedFusionLib.cohort.fusing import fuse_study
from MedFusionLib.cohort.headers import HeaderReader
from MedFusionLib.errors import MedFusionError
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import read_volume, sha256, write_volume

posix = pytest.mark.skipif(os.name != "posix", reason="special files are those of POSIX")


@pytest.fixture(scope="module")
def head():
    return make_phantom((16, 24, 24))


@pytest.fixture
def folder(head, tmp_path):
    write_volume(head.t1, tmp_path / "t1.nrrd")
    write_volume(head.pet, tmp_path / "pet.nrrd")
    return tmp_path


def study(folder, second, name="p1"):
    row = {"id": name, "mr": "t1.nrrd", "second": second, "pair": "pet-mr", "network": "maximum"}
    return make_study({**row, "align": "off"}, folder)


def special(folder):
    """Names of special files of all kinds."""
    os.mkfifo(folder / "pipe.nrrd")
    os.mkfifo(folder / "pipe")
    (folder / "device.nii").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.getcwd()
        os.chdir(folder)  # such names are short
        bound.bind("socket.mha")
        os.chdir(here)
    return ["pipe.nrrd", "pipe", "device.nii", "socket.mha"]


@posix
def test_special_files_are_refused_and_waited_for_by_nobody(folder):
    studies = [study(folder, name, f"p{n}") for n, name in enumerate(special(folder))]
    studies.append(study(folder, "pet.nrrd", "good"))
    found = check_studies(studies, folder / "out", header_limit=60)
    assert [finding.action for finding in found] == ["cannot"] * 4 + ["fuse"]
    for finding, one in zip(found, studies[:-1], strict=False):
        assert "not a plain file" in finding.trouble
        row = fuse_study(one, folder / "out", header_limit=60)
        assert row.status == "failed" and "not a plain file" in row.error
        with refused("not a plain file"):
            read_volume(one.second)
        with refused("not a plain file"):
            sha256(one.second)


@posix
def test_a_pipe_among_dicom_slices_and_behind_a_header_is_not_read(folder):
    os.mkfifo(folder / "voxels.raw")
    write_volume(read_volume(folder / "pet.nrrd"), folder / "pet.mhd")
    header = (folder / "pet.mhd").read_text().replace("pet.zraw", "voxels.raw")
    (folder / "pet.mhd").write_text(header)
    (folder / "series").mkdir()
    os.mkfifo(folder / "series" / "1.dcm")
    for second in ("pet.mhd", "series"):
        row = fuse_study(study(folder, second), folder / "out", header_limit=60)
        assert row.status == "failed" and "within" not in row.error


def slow_reader(folder, monkeypatch, seconds):
    """The child process waits at the file "slow.nrrd"."""
    (folder / "sitecustomize.py").write_text(
        "import pathlib, time\n"
        "real = pathlib.Path.exists\n"
        "def exists(path):\n"
        f"    time.sleep({seconds} * (path.name == 'slow.nrrd'))\n"
        "    return real(path)\n"
        "pathlib.Path.exists = exists\n"
    )
    monkeypatch.syspath_prepend(str(folder))


def test_a_header_that_takes_too_long_ends_its_study_alone(folder, in_process, monkeypatch):
    write_volume(read_volume(folder / "pet.nrrd"), folder / "slow.nrrd")
    slow_reader(folder, monkeypatch, 3600)
    studies = [study(folder, f"{name}.nrrd", name) for name in ("slow", "pet")]
    began = time.monotonic()
    found = check_studies(studies, folder / "out", header_limit=1)
    assert [finding.action for finding in found] == ["cannot", "fuse"]
    assert "within 1 s" in found[0].trouble
    rows = fuse_cohort(studies, folder / "out", client=in_process, header_limit=1)
    found = {row.id: row for row in rows}
    assert "within 1 s" in found["slow"].error
    assert found["pet"].status == "done"
    assert time.monotonic() - began < 600


def test_a_header_that_ends_its_reader_is_said(folder, monkeypatch):
    (folder / "sitecustomize.py").write_text(
        "import os, pathlib\n"
        "real = pathlib.Path.exists\n"
        "pathlib.Path.exists = lambda p: os._exit(9) if p.name == 'bad.nrrd' else real(p)\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    with HeaderReader() as reader:
        with refused("crashed the process"):
            reader.boxes([folder / "bad.nrrd"])
        assert len(reader.boxes([folder / "pet.nrrd"])) == 1, "another process reads on"


def test_the_box_is_that_of_the_voxels(folder, head):
    with HeaderReader() as reader:
        low, high = reader.boxes([folder / "t1.nrrd"])[0]
    assert np.allclose(low, head.t1.origin)
    last = head.t1.matrix @ [*(np.array(head.t1.shape[::-1]) - 1), 1]
    assert np.allclose(high, last[:3])


def test_a_name_that_is_no_text_stops_no_other_study(folder):
    """Some of ITK's readers end the process over such a name."""
    if sys.platform != "linux":
        pytest.skip("other systems have no such names")
    name = os.fsdecode(b"p\xe9t.nrrd")
    write_volume(read_volume(folder / "pet.nrrd"), folder / "pet2.nrrd")
    (folder / "pet2.nrrd").rename(folder / name)
    with HeaderReader() as reader:
        with contextlib.suppress(MedFusionError):
            reader.boxes([folder / name])
        assert len(reader.boxes([folder / "pet.nrrd"])) == 1
