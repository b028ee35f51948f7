"""Cohorts: many studies on Dask, resumed, compared, on a page."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import refused

from MedFusionLib.cohort import Study, fuse_cohort, make_study, read_studies
from MedFusionLib.cohort.fusing import fuse_study
from MedFusionLib.cohort.records import only_run, write_done
from MedFusionLib.cohort.rows import Row
from MedFusionLib.fusion import fuse
from MedFusionLib.methods.weights import load_method, read_card, save_weights, weights_path
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import read_volume, write_volume
from MedFusionLib.sources.volumes import Volume

ROOT = Path(__file__).resolve().parents[2]
SHAPE = (16, 40, 40)
GOOD, FAR = 8, "p4"
#: id of a broken study -> what its sentence says
BROKEN = {
    "wild": "infinite",
    "constant": "constant",
    "apart": "do not overlap",
    "text": "cannot be read",
    "missing": "no file",
    "row": "no pair",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A list of eight heads, one with its PET elsewhere, and of six broken studies."""
    folder = tmp_path_factory.mktemp("Doe")
    rows = [["id", "mr", "second", "pair", "network", "align"]]
    for number in range(GOOD):
        head = make_phantom(SHAPE, seed=number)
        pet = head.pet
        if f"p{number}" == FAR:
            pet = moved(pet, (25, 20, 10))
        write_volume(head.t1, folder / f"Doe-{number}-t1.nrrd")
        write_volume(pet, folder / f"Doe-{number}-pet.nrrd")
        rows.append([f"p{number}", f"Doe-{number}-t1.nrrd", f"Doe-{number}-pet.nrrd", "pet-mr"])
    wild = pet.array.copy()
    wild[3, 4, 5] = np.inf
    write_volume(pet.like(wild, "wild"), folder / "wild.nrrd")
    write_volume(pet.like(np.ones(pet.shape), "constant"), folder / "constant.nrrd")
    write_volume(moved(pet, (3000, 0, 0)), folder / "apart.nrrd")
    (folder / "text.nrrd").write_text("no image")
    for name in BROKEN:
        rows.append([name, "Doe-0-t1.nrrd", f"{name}.nrrd", "" if name == "row" else "pet-mr"])
    with (folder / "list.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([*rows[:1], *([*row, "maximum", "off"] for row in rows[1:])])
    return folder / "list.csv"


def moved(volume, by):
    origin = np.add(volume.origin, by)
    return Volume(volume.array, volume.spacing, origin, volume.direction, volume.name)


@pytest.fixture(scope="module")
def cohort(data, in_process, tmp_path_factory):
    """The list fused: its folder and its rows."""
    out = tmp_path_factory.mktemp("cohort")
    return out, fuse_cohort(read_studies(data), out, client=in_process)


def by_id(rows):
    return {row.id: row for row in rows}


def table(out):
    with (out / "cohort.csv").open(newline="", encoding="utf-8") as stream:
        return {row["id"]: row for row in csv.DictReader(stream)}


def contents(out):
    return {path.name: path.read_bytes() for path in sorted(out.glob("p*/*"))}


# What comes out ---------------------------------------------------------------------------------


def test_broken_studies_fail_and_the_others_go_on(cohort):
    out, rows = cohort
    found = by_id(rows)
    for name, words in BROKEN.items():
        assert found[name].status == "failed"
        assert words in found[name].error
        assert not (out / name).exists()
    assert {name for name, row in found.items() if row.status == "done"} == {
        f"p{number}" for number in range(GOOD)
    }
    assert not list(out.glob(".medfusion-*"))


def test_results_are_those_of_fuse(cohort, data):
    out, rows = cohort
    for study in read_studies(data)[:2]:
        first, second = map(read_volume, study.files)
        alone = fuse(first, second, "pet-mr", method="maximum")
        assert np.array_equal(read_volume(out / study.id / "fused.nrrd").array, alone.fused.array)
        report = json.loads((out / study.id / "report.json").read_text(encoding="utf-8"))
        quality = {row["metric"]: row["value"] for row in report["quality"]["rows"]}
        assert by_id(rows)[study.id].metrics["q_abf"] == pytest.approx(quality["Q^AB/F"], abs=1e-6)
        assert (out / study.id / "preview.png").is_file()


def test_the_study_that_is_not_registered_stands_out(cohort):
    _, rows = cohort
    assert [row.id for row in rows if row.outlier] == [FAR]
    assert rows[len(BROKEN)].id == FAR, "worst first, after the failed"
    assert rows[len(BROKEN)].outlier["agreement"] < -3.5
    scores = [row.score for row in rows[len(BROKEN) :]]
    assert scores == sorted(scores)


def test_the_table_has_every_study(cohort):
    out, rows = cohort
    found = table(out)
    assert list(found) == [row.id for row in rows]
    assert found["p0"]["status"] == "done"
    assert 0 < float(found["p0"]["ssim_first"]) < 1
    assert float(found["p0"]["seconds"]) > 0
    assert "cpu" in found["p0"]["device"]
    assert "infinite" in found["wild"]["error"]
    assert "Agreement" in found[FAR]["outlier"]


def test_a_study_may_be_written_as_dicom(short, tmp_path):
    pytest.importorskip("pydicom")
    (study,) = changed(short[:1], 0, dicom=True)
    assert fuse_study(study, tmp_path / "out").status == "done"
    assert len(list((tmp_path / "out/p0/dicom/fused").iterdir())) == SHAPE[0]


def test_how_far_the_volumes_are_off_is_measured(data, tmp_path):
    good, far = (read_studies(data, align="check")[number] for number in (0, 4))
    rows = [fuse_study(replace(s, options={"network": "maximum"}), tmp_path) for s in (good, far)]
    assert rows[0].displacement is None or rows[0].displacement < 8
    assert rows[1].displacement is None or rows[1].displacement > 20
    assert rows[1].warnings and "Doe" not in "".join(rows[1].warnings)


def test_table_and_page_name_no_file(cohort, data):
    out, _ = cohort
    for name in ("cohort.csv", "cohort.html"):
        text = (out / name).read_text(encoding="utf-8")
        text = re.sub("base64,[A-Za-z0-9+/=]*", "", text)  # pixels may spell any word
        assert "Doe" not in text
        assert str(data.parent) not in text
        assert str(out) not in text


# Going on ---------------------------------------------------------------------------------------


@pytest.fixture
def short(data, tmp_path):
    """Two heads and one that fails, in a folder of their own."""
    for name in ("Doe-0", "Doe-1"):
        for part in ("t1", "pet"):
            shutil.copy(data.parent / f"{name}-{part}.nrrd", tmp_path)
    rows = [("p0", "Doe-0-pet.nrrd"), ("p1", "Doe-1-pet.nrrd"), ("bad", "text.nrrd")]
    (tmp_path / "text.nrrd").write_text("no image")
    shared = {"mr": "Doe-0-t1.nrrd", "pair": "pet-mr", "network": "maximum", "align": "off"}
    return [make_study({"id": i, "second": file, **shared}, tmp_path) for i, file in rows]


def changed(studies, number, **options):
    study = studies[number]
    new = Study(study.id, study.mr, study.second, study.pair, options={**study.options, **options})
    return [*studies[:number], new, *studies[number + 1 :]]


def kept(rows):
    return sorted(row.id for row in rows if row.kept)


def test_what_is_done_is_kept_and_what_differs_is_done_again(
    short, in_process, tmp_path, monkeypatch
):
    monkeypatch.setattr("MedFusionLib.results.folder.save_preview", lambda *_: None)  # slow
    out = tmp_path / "out"
    assert kept(fuse_cohort(short, out, client=in_process)) == []
    before = contents(out)
    assert kept(fuse_cohort(short, out, client=in_process)) == ["bad", "p0", "p1"]
    assert contents(out) == before
    assert kept(fuse_cohort(changed(short, 0, omega=0.2), out, client=in_process)) == ["bad", "p1"]
    short[0] = changed(short, 0, omega=0.2)[0]

    image = read_volume(short[1].second)
    image.array[5] *= 0.5
    write_volume(image, short[1].second)
    rows = fuse_cohort(short, out, client=in_process)
    assert kept(rows) == ["bad", "p0"]
    report = json.loads((out / "p1" / "report.json").read_text(encoding="utf-8"))
    assert report["quality"]

    assert kept(fuse_cohort(short, out, client=in_process, retry_failed=True)) == ["p0", "p1"]
    shutil.copy(short[0].second, short[2].second)  # mended
    rows = fuse_cohort(short, out, client=in_process)
    assert by_id(rows)["bad"].status == "done"
    assert kept(rows) == ["p0", "p1"]


def test_other_weights_are_another_result(short, tmp_path, monkeypatch):
    study = changed(short, 0, method="funfusean")[0]
    path = weights_path("funfusean", "pet-mr")
    if not path.is_file():
        pytest.skip("the weights are not trained yet")
    module, card = load_method("funfusean", "pet-mr"), read_card(path)
    monkeypatch.setenv("MEDFUSION_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr("MedFusionLib.cohort.fusing._fuse_into", lambda study, out, made, *_: (
        write_done(out / study.id, made, Row.of(study), "") or Row.of(study)
    ))  # fmt: skip
    path = weights_path("funfusean", "pet-mr")
    save_weights(module, path, card)
    out = tmp_path / "out"
    assert not fuse_study(study, out, "1").kept
    assert fuse_study(study, out, "2").kept
    next(module.parameters()).data.mul_(0.5)
    save_weights(module, path, card)
    assert not fuse_study(study, out, "3").kept


def test_an_unexpected_error_fails_one_study(short, in_process, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ValueError(f"no {tmp_path}/secret/Doe.txt")

    monkeypatch.setattr("MedFusionLib.results.folder.save_preview", broken)
    (row,) = fuse_cohort(short[:1], tmp_path / "out", client=in_process)
    assert row.status == "failed"
    assert "ValueError" in row.error and "Doe" not in row.error
    assert not (tmp_path / "out" / "p0").exists()
    record = json.loads((tmp_path / "out/.cohort/failed/p0.json").read_text(encoding="utf-8"))
    assert "Traceback" in record["traceback"]


def test_one_run_at_a_time(tmp_path):
    with only_run(tmp_path), refused("Another run"), only_run(tmp_path):
        pass
    (tmp_path / "file").touch()
    with refused("is a file"), only_run(tmp_path / "file"):
        pass


def test_the_network_is_read_once(monkeypatch):
    from safetensors import torch as files

    from MedFusionLib.methods import weights

    if not weights.weights_path("funfusean", "pet-mr").is_file():
        pytest.skip("the weights are not trained yet")
    weights._load_once.cache_clear()
    reads = []
    real = files.load_file
    monkeypatch.setattr(files, "load_file", lambda path: reads.append(path) or real(path))
    one, two = (weights.load_method("funfusean", "pet-mr") for _ in range(2))
    assert len(reads) == 1
    assert one is not two
    next(two.parameters()).data.zero_()
    assert next(one.parameters()).any()
