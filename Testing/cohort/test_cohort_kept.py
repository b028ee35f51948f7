"""What is done is kept only while its files are what was written; so is what `why` reads."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace

import pytest
from helpers import refused, write_small_head

from MedFusionLib.cohort import check_studies, make_study
from MedFusionLib.cohort.fusing import fuse_study
from MedFusionLib.cohort.records import read_done, sealed
from MedFusionLib.cohort.rows import Row
from MedFusionLib.results.checksums import changed_file, list_files
from MedFusionLib.sources.files import read_volume, read_with_checksum, sha256, write_volume

WORDS = {"pair": "pet-mr", "network": "maximum", "align": "off"}


def delete(path):
    path.unlink()


def zero(path):
    with path.open("r+b") as stream:
        stream.write(b"\0" * 1024)


def cut(path):
    os.truncate(path, path.stat().st_size - 1)


def empty(path):
    path.write_bytes(b"")


def zero_unseen(path):
    """As a failing disk does: the file's time stays as it was."""
    before = path.stat()
    zero(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return write_small_head(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def done(sources, tmp_path_factory):
    """The folder of a cohort with a study that is done."""
    out = tmp_path_factory.mktemp("out")
    study = make_study({"id": "p1", "mr": "t1.nrrd", "second": "pet.nrrd", **WORDS}, sources)
    assert fuse_study(study, out, run="first").status == "done"
    return study, out


NAMES = (
    "fused.nrrd", "colour.nrrd", "contribution-second.nrrd", "preview.png", "report.json",
    "thumbnail.jpg",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "hurt"),
    [*((name, delete) for name in NAMES), *(("fused.nrrd", hurt) for hurt in (zero, cut, empty))],
)
def test_a_damaged_result_is_made_again(done, name, hurt):
    study, out = done
    whole = (out / "p1" / "fused.nrrd").read_bytes()
    assert fuse_study(study, out, run="again").kept
    hurt(out / "p1" / name)
    assert check_studies([study], out)[0].action == "fuse again"
    row = fuse_study(study, out, run="third")
    assert row.status == "done" and not row.kept
    assert (out / "p1" / "fused.nrrd").read_bytes() == whole
    assert fuse_study(study, out, run="fourth").kept


def test_damage_that_left_no_trace_is_found_by_the_full_check(done):
    study, out = done
    zero_unseen(out / "p1" / "fused.nrrd")
    assert check_studies([study], out)[0].action == "keep"
    assert check_studies([study], out, check="full")[0].action == "fuse again"
    assert not fuse_study(study, out, run="x", check="full").kept
    assert fuse_study(study, out, run="y", check="full").kept


def test_a_result_that_was_copied_is_kept(done):
    study, out = done
    for path in (out / "p1").iterdir():
        os.utime(path, (1e9, 1e9))
    assert fuse_study(study, out, run="copied").kept


def test_the_record_names_every_file(done):
    _, out = done
    listed = {row["name"]: row for row in read_done(out, "p1").files}
    there = {path.name for path in (out / "p1").iterdir()} - {"study.json"}
    assert set(listed) == there
    assert listed["fused.nrrd"]["bytes"] == (out / "p1" / "fused.nrrd").stat().st_size
    assert listed["fused.nrrd"]["sha256"] == sha256(out / "p1" / "fused.nrrd")


def test_a_check_that_there_is_not(tmp_path):
    with refused("no check 'slow'", "quick, full"):
        changed_file(tmp_path, [], "slow")


def test_files_in_folders_are_listed(tmp_path):
    (tmp_path / "dicom" / "fused").mkdir(parents=True)
    (tmp_path / "dicom" / "fused" / "0001.dcm").write_bytes(b"DICM")
    listed = list_files(tmp_path)
    assert [row["name"] for row in listed] == ["dicom/fused/0001.dcm"]
    (tmp_path / "dicom" / "fused" / "0001.dcm").unlink()
    assert changed_file(tmp_path, listed) == "dicom/fused/0001.dcm"


def test_a_row_is_read_from_what_it_was_written_as():
    row = Row("p1", "done", method="maximum", metrics={"q_abf": 0.5}, warnings=("Look.",))
    stored = json.loads(json.dumps(row.to_dict()))
    assert stored["network"] == "maximum" and "method" not in stored and "score" not in stored
    assert Row.from_dict(stored) == row


def test_a_record_of_an_earlier_version_is_read(done):
    """It had no displacement; what a later version adds does no harm either."""
    study, out = done
    path = out / "p1" / "study.json"
    now = path.read_text(encoding="utf-8")
    record = json.loads(now)
    assert {"made_of", "row", "run", "files", "sha256"} == set(record)
    del record["row"]["displacement"]
    record["row"]["mood"] = "good"
    path.write_text(json.dumps(sealed(record)), encoding="utf-8")
    row = fuse_study(study, out, run="later")
    path.write_text(now, encoding="utf-8")
    assert row.kept and (row.method, row.displacement) == ("maximum", None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"status": "done"', '"status": "DONE"'),
        ('"agreement": 0.', '"agreement": 9.'),
        ('"id": "p1"', '"id": "p2"'),
        ('"name": "fused.nrrd"', '"name": 3'),
    ],
)
def test_a_record_that_was_edited_is_made_again(done, before, after):
    """Its numbers go into the table, and a status that there is not ended the whole cohort."""
    study, out = done
    path = out / "p1" / "study.json"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    assert check_studies([study], out)[0].action == "fuse"
    row = fuse_study(study, out, run="new")
    assert (row.status, row.id, row.kept) == ("done", "p1", False)
    assert row.agreement < 2


def test_a_folder_that_was_renamed_is_another_study(done, tmp_path):
    study, out = done
    shutil.copytree(out / "p1", tmp_path / "p2")
    assert fuse_study(replace(study, id="p2"), tmp_path, run="x").id == "p2"


def test_an_edited_failure_is_tried_again(sources, tmp_path):
    study = make_study({"id": "p1", "mr": "none.nrrd", "second": "pet.nrrd", **WORDS}, sources)
    assert fuse_study(study, tmp_path, run="1").status == "failed"
    path = tmp_path / ".cohort" / "failed" / "p1.json"
    path.write_text(path.read_text().replace('"failed"', '"fine"'))
    row = fuse_study(study, tmp_path, run="2")
    assert (row.status, row.kept) == ("failed", False)


@pytest.mark.parametrize("text", ["", "[]", '{"made_of": {}, "row": 3}', '{"row": {"id": "p1"}}'])
def test_a_record_that_is_damaged_counts_as_none(tmp_path, text):
    (tmp_path / "p1").mkdir()
    (tmp_path / "p1" / "study.json").write_text(text)
    assert read_done(tmp_path, "p1") is None


# Sources ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".nhdr", ".mhd"])
def test_another_voxel_file_is_another_source(done, sources, tmp_path, ending):
    """The voxels of these formats lie in a file of their own."""
    _, out = done
    pet = read_volume(sources / "pet.nrrd")
    write_volume(pet, tmp_path / f"pet{ending}")
    study = make_study(
        {"id": f"detached{ending}", "mr": sources / "t1.nrrd", "second": f"pet{ending}", **WORDS},
        tmp_path,
    )
    header = (tmp_path / f"pet{ending}").read_bytes()
    assert fuse_study(study, out, run="1").status == "done"
    assert fuse_study(study, out, run="2").kept
    before = sha256(tmp_path / f"pet{ending}")
    write_volume(pet.like(pet.array[::-1].copy(), "pet"), tmp_path / f"pet{ending}")
    (tmp_path / f"pet{ending}").write_bytes(header)
    assert sha256(tmp_path / f"pet{ending}") != before
    assert not fuse_study(study, out, run="3").kept


def test_a_source_that_changes_while_it_is_read_is_refused(sources, tmp_path, monkeypatch):
    path = tmp_path / "pet.nrrd"
    path.write_bytes((sources / "pet.nrrd").read_bytes())
    assert read_with_checksum(path)[1] == sha256(path)

    def changing(path, *choices):
        volume = read_volume(path)
        write_volume(volume.like(volume.array * 2, "pet"), path)
        return volume

    monkeypatch.setattr("MedFusionLib.sources.files.read_volume", changing)
    with refused("changed while it was read"):
        read_with_checksum(path)
