"""Why a fused voxel is what it is: it agrees with the fused volume, and says so in words."""

import itertools
import json
import shutil
from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
import torch
from helpers import refused
from random_weights import write_random

from MedFusionLib.cli import main
from MedFusionLib.fusion import fuse
from MedFusionLib.methods.networks.bands import Bands
from MedFusionLib.methods.registry import all_methods
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.results.folder import write_results
from MedFusionLib.results.why import Taken, Why, explain, sources_of, why_not
from MedFusionLib.sources import alignment
from MedFusionLib.sources.alignment import Alignment, moved
from MedFusionLib.sources.files import read_volume, write_volume
from MedFusionLib.sources.intensities import Window
from MedFusionLib.sources.volumes import voxel_at

SCALES = ((2, 2), (4, 4), (8, 8), (16, 16))


@pytest.fixture(scope="module")
def head():
    return make_phantom((20, 110, 110))


@pytest.fixture(scope="module")
def random_bands(tmp_path_factory):
    """A folder with weights of `bands` that mean nothing: whatever is trained plays no part."""
    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDFUSION_WEIGHTS", str(folder))
        write_random(0)
        yield folder


@pytest.fixture(scope="module", params=["axial", "coronal"])
def fusion(request, head, random_bands):
    windows = [None, Window(0, 0.7 * float(head.pet.array.max()))]
    settings = {"method": "bands", "axis": request.param, "contributions": "parts"}
    return fuse(head.t1, head.pet, "pet-mr", windows=windows, **settings)


def places(fusion, count=40):
    """Voxels all over the head, some at its edge, some in the background, and the corners."""
    random = np.random.default_rng(0)
    inside = np.argwhere(~fusion.sources.background)
    found = [*random.permutation(inside)[:count], *random.integers(0, fusion.fused.shape, (10, 3))]
    corners = itertools.product(*((0, size - 1) for size in fusion.fused.shape))
    return [tuple(map(int, place)) for place in (*found, *corners)]


def test_it_is_what_the_fused_volume_holds(fusion):
    cut, dark = 0, 0
    for place in places(fusion):
        why = explain(fusion.sources, fusion.report, place, float(fusion.fused.array[place]))
        assert why.fused == pytest.approx(fusion.fused.array[place], abs=1e-4)
        cut += not 0 <= why.total <= 1
        dark += why.background
    assert cut and dark  # both kinds were among them


def test_every_number_adds_up(fusion):
    for place in places(fusion):
        why = explain(fusion.sources, fusion.report, place)
        for part, scaled in zip(why.taken, fusion.sources.scaled, strict=True):
            whole = why.before_headroom if part is why.taken[0] else part.value
            assert whole == pytest.approx(scaled[place], abs=1e-6)
            assert part.value <= whole
            assert sum(part.layers) == pytest.approx(part.value, abs=1e-5)
            assert part.total == pytest.approx(part.brightest + sum(part.products))
        values = [part.value for part in why.taken]
        assert sum(part.brightest for part in why.taken) == pytest.approx(max(values), abs=1e-6)
        assert why.total == pytest.approx(sum(part.total for part in why.taken))


def test_three_sources_at_once(head, random_bands):
    settings = {"third": head.ct, "third_modality": "ct", "contributions": "parts"}
    fusion = fuse(head.t1, head.pet, "pet-mr", method="bands", **settings)
    for place in places(fusion, 10):
        why = explain(fusion.sources, fusion.report, place)
        assert why.fused == pytest.approx(fusion.fused.array[place], abs=1e-4)
    assert [part.modality for part in why.taken] == ["MR", "PET", "CT"]
    assert all(len(row) == 4 for row in why.rows)


def test_the_report_and_the_volumes_are_enough(fusion, head):
    sources = sources_of(fusion.report, [head.t1, head.pet])
    place = tuple(map(int, np.argwhere(~sources.background)[1234]))
    again = explain(sources, fusion.report, place)
    assert again == explain(fusion.sources, fusion.report, place)
    with refused("made of 2 volumes"):
        sources_of(fusion.report, [head.t1])


def test_other_sources_are_refused(fusion, head):
    place = tuple(int(n) for n in np.argwhere(fusion.fused.array > 0.3)[500])
    other = head.pet.like(0.5 * head.pet.array, "PET")
    sources = sources_of(fusion.report, [head.t1.like(0.5 * head.t1.array, "MR"), other])
    with refused("was changed since", "fuse again"):
        explain(sources, fusion.report, place, float(fusion.fused.array[place]))
    with refused("changed"):
        explain(fusion.sources, fusion.report, place, float("nan"))


def test_other_weights_are_refused(fusion, random_bands):
    write_random(1)
    with refused("weights of bands", "fuse again"):
        explain(fusion.sources, fusion.report, (10, 55, 55))
    write_random(0)
    explain(fusion.sources, fusion.report, (10, 55, 55))
    for file in random_bands.iterdir():
        file.rename(file.with_suffix(file.suffix + "-away"))
    with refused("There are no weights bands.safetensors"):
        explain(fusion.sources, fusion.report, (10, 55, 55))
    for file in random_bands.iterdir():
        file.rename(file.with_suffix(file.suffix.removesuffix("-away")))


def test_a_mean_of_three_axes_has_no_answer(fusion):
    parameters = replace(fusion.report.parameters, axis="all")
    with refused("three axes", "fuse along one axis"):
        explain(fusion.sources, replace(fusion.report, parameters=parameters), (8, 20, 20))


def test_outside_there_is_no_answer(fusion):
    for place in ((-1, 0, 0), fusion.fused.shape):
        with refused("outside"):
            explain(fusion.sources, fusion.report, place)


def test_methods_weigh_where_they_say_so(fusion):
    for method in all_methods():
        assert method.supports("weigh") == bool(method.scales)
        assert bool(why_not(method.name)) != method.supports("weigh")
    with refused("FunFuseAn", "'bands'"):
        explain(fusion.sources, replace(fusion.report, method="funfusean"), (0, 0, 0))


@pytest.mark.parametrize("band", range(4))
def test_a_spot_of_a_scale_shows_most_in_its_band(band):
    width = Bands.scales[band]
    y, x = torch.meshgrid(torch.arange(-80.0, 81), torch.arange(-80.0, 81), indexing="ij")
    spot = (torch.hypot(x, y) <= width / 2).float()
    layers, _ = Bands().weigh(spot[None, None], spot[None, None])
    assert layers[0, 0, :4, 80, 80].argmax() == band


# In words ---------------------------------------------------------------------------------------


def made(mr, pet, **changes):
    why = Why((Taken("MR", *mr), Taken("PET", *pet)), SCALES)
    return replace(why, **changes)


ONES = (1.0,) * 5
WHY = made(
    (0.4, 0.0, (0.1, 0.0, 0.1, 0.0, 0.2), (0.5, 0.0, -0.2, 0.0, 0.02)),
    (0.55, 0.55, (0.05, 0.1, 0.1, 0.1, 0.2), (0.02, 0.3, 0.0, 0.0, 0.0)),
)


def test_the_sentence_names_the_largest_terms():
    assert WHY.sentence == (
        "Fused 0.62 = the brighter source, PET 0.55, + 0.05 by the MR's fine detail (2 mm), + 0.03 "
        "by the PET's small structures (4 mm), \N{MINUS SIGN} 0.02 by the MR's middle-sized "
        "structures (8 mm), + 0.01 by all the rest."
    )


def test_the_sentence_says_when_it_was_cut_and_when_nothing_is_there():
    nothing = (0.0,) * 5
    bright = made((0.9, 0.9, (0, 0, 0, 0, 0.9), (0, 0, 0, 0, 0.5)), (0.0, 0.0, nothing, ONES))
    assert bright.sentence == (
        "Fused 1.00 (cut from 1.35) = the brighter source, MR 0.90, + 0.45 by what is coarser in "
        "the MR."
    )
    same = made((0.3, 0.15, nothing, ONES), (0.3, 0.15, nothing, ONES))
    assert same.sentence == "Fused 0.30 = MR 0.30 and PET 0.30, equally bright."
    assert replace(WHY, background=True).fused == 0
    assert replace(WHY, background=True).sentence == "Fused 0.00: no source shows anything here."


def test_the_table_holds_what_was_added_and_taken_away():
    rows = {name: cells for name, *cells in WHY.rows}
    assert rows[""] == ["MR", "PET"]
    assert rows["value here"] == ["0.40", "0.55"]
    assert rows["as the brighter source"] == ["0.00", "+0.55"]
    assert rows["fine detail (2 mm)"] == ["+0.05", "0.00"]
    assert rows["middle-sized structures (8 mm)"] == ["\N{MINUS SIGN}0.02", "0.00"]
    assert rows["everything coarser"] == ["0.00", "0.00"]
    assert rows["together"] == ["+0.03", "+0.58"]


def test_scales_are_those_of_the_pixels(head, random_bands):
    tall = replace(head.t1, spacing=(2.0, 2.0, 5.0)), replace(head.pet, spacing=(2.0, 2.0, 5.0))
    for axis, words in (("axial", "(4 mm)"), ("coronal", "(4-10 mm)")):
        fusion = fuse(*tall, "pet-mr", method="bands", axis=axis, contributions="parts")
        assert words in explain(fusion.sources, fusion.report, (10, 55, 55)).names[0]


# On the command line ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(head, random_bands, tmp_path_factory):
    """A result's folder, made of an MR and a PET that was 12 mm off and moved into place."""
    folder = tmp_path_factory.mktemp("result")
    shift = np.eye(4)
    shift[:3, 3] = 0, 12, 0
    write_volume(head.t1, folder / "mr.nrrd")
    write_volume(moved(head.pet, shift), folder / "pet.nrrd")
    back = Alignment(np.linalg.inv(shift), 12, 0.3)
    settings = {"method": "bands", "contributions": "parts", "align": "apply"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignment, "measure_alignment", lambda *_: back)
        volumes = [read_volume(folder / f"{name}.nrrd") for name in ("mr", "pet")]
        fusion = fuse(*volumes, "pet-mr", **settings)
    write_results(fusion, folder, files=[folder / "mr.nrrd", folder / "pet.nrrd"])
    return folder


def on_the_command_line(monkeypatch, capsys, folder, *words):
    files = [str(folder / f"{name}.nrrd") for name in ("mr", "pet")]
    monkeypatch.setattr("sys.argv", ["medfusion", "why", str(folder), *files, *words])
    with pytest.raises(SystemExit) as ending:
        main()
    said = capsys.readouterr()
    return ending.value.code or 0, said.out, said.err


def test_a_result_is_explained_on_the_command_line(monkeypatch, capsys, folder, head):
    left, back, up = head.centre("lesion")
    fused = read_volume(folder / "fused.nrrd")
    at = f"{-left},{-back},{up}"
    code, said, _ = on_the_command_line(monkeypatch, capsys, folder, "--at", at)
    assert code == 0
    value = fused.array[voxel_at(fused, (left, back, up))]
    assert f"Fused {value:.2f}" in " ".join(said.split())
    assert "everything coarser" in said and "together" in said


@pytest.mark.parametrize(
    ("at", "words"),
    [("1,2", "not R,A,S"), ("nan,0,0", "not R,A,S"), ("-900,0,0", "outside of fused")],
)
def test_points_that_cannot_be_explained(monkeypatch, capsys, folder, at, words):
    code, _, error = on_the_command_line(monkeypatch, capsys, folder, "--at", at)
    assert code == 2 and words in error and len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("text", [None, "", "{}", "[1]", '{"network": "bands"}'])
def test_a_folder_that_is_no_result(monkeypatch, capsys, tmp_path, text):
    if text is not None:
        (tmp_path / "report.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["medfusion", "why", str(tmp_path), "a", "--at", "0,0,0"])
    with pytest.raises(SystemExit) as ending:
        main()
    assert ending.value.code == 2 and "report.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("inputs", 0, "window"), "x"),
        (("inputs", 0, "window", 1), None),
        (("network",), []),
        (("parameters", "axis"), {}),
        (("parameters", "headroom_factor"), "x"),
        (("alignment", 0, "matrix_lps"), [[1.0]]),
        (("files",), 3),
        (("files",), []),
        (("files", 0), "fused.nrrd"),
        (("files", 0), {"name": "fused.nrrd"}),
    ],
)
def test_a_report_that_was_edited_is_refused_in_a_sentence(
    monkeypatch, capsys, folder, tmp_path, place, value
):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    report = json.loads((copy / "report.json").read_text(encoding="utf-8"))
    report["files"].sort(key=lambda row: row["name"] != "fused.nrrd")
    *above, last = place
    reduce(lambda part, key: part[key], above, report)[last] = value
    (copy / "report.json").write_text(json.dumps(report), encoding="utf-8")
    code, _, error = on_the_command_line(monkeypatch, capsys, copy, "--at", "0,0,0")
    assert code == 2 and len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("check", ["quick", "full"])
@pytest.mark.parametrize("changed", ["fused", "pet"])
def test_what_was_changed_since_is_not_explained(
    monkeypatch, capsys, folder, tmp_path, changed, check
):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    volume = read_volume(copy / f"{changed}.nrrd")
    volume.array[0, 0, 0] += 0.25
    write_volume(volume, copy / f"{changed}.nrrd")
    words = ("--at", "0,0,0", "--check", check)
    code, _, error = on_the_command_line(monkeypatch, capsys, copy, *words)
    if check == "full":
        assert code == 2 and "fuse again" in error
    (copy / f"{changed}.nrrd").write_bytes(b"NRRD0004")
    code, _, error = on_the_command_line(monkeypatch, capsys, copy, *words)
    assert code == 2 and len(error.strip().splitlines()) == 1
