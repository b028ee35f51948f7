"""Scores of methods and of fused images made elsewhere, and the truth of the digital head."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import refused
from typer.testing import CliRunner

from MedFusionLib.cli import app as cli
from MedFusionLib.errors import Cancelled, MedFusionError
from MedFusionLib.evaluation.contenders import choose_contenders
from MedFusionLib.evaluation.elsewhere import find_foreign, foreign
from MedFusionLib.evaluation.measuring import choose_names, evaluate, fuse_stack
from MedFusionLib.evaluation.numbers import ranks, short
from MedFusionLib.evaluation.planted import (
    area_under_roc,
    contrast_to_noise,
    evaluate_phantom,
    histogram,
    measures_of,
    planted_slices,
    score,
    tissue_conflicts,
)
from MedFusionLib.evaluation.report import count, write_evaluation
from MedFusionLib.evaluation.scores import Contender, Scores
from MedFusionLib.evaluation.stacks import stack_of
from MedFusionLib.evaluation.summary import interval, interval_note, summarise
from MedFusionLib.fusion import fuse
from MedFusionLib.methods.registry import all_methods
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.phantom.tissues import LABELS
from MedFusionLib.sources.files import read_volume, write_volume
from MedFusionLib.sources.volumes import from_slices
from MedFusionLib.training.datasets import find_cases

QUICK = ["ssim_first", "q_abf", "n_abf"]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def heads():
    return {name: make_phantom((20, 40, 40), seed) for seed, name in enumerate("ab")}


@pytest.fixture(scope="module")
def data(heads, tmp_path_factory):
    """Two cases of pet-mr to test on; one is stored from the top of the head down."""
    folder = tmp_path_factory.mktemp("data")
    for name, head in heads.items():
        for modality, volume in (("mr", head.t1), ("pet", head.pet)):
            path = folder / "pet-mr" / "test" / f"{name}-{modality}.nrrd"
            path.parent.mkdir(parents=True, exist_ok=True)
            if name == "b":
                volume = _turned(volume)
            write_volume(volume, path)
    return folder


def _turned(volume):
    """The same volume in the world, its slices stored from the other end."""
    from MedFusionLib.sources.volumes import Volume

    top = volume.matrix @ [0, 0, volume.shape[0] - 1, 1]
    direction = volume.direction * [1, 1, -1]
    return Volume(volume.array[::-1], volume.spacing, top[:3], direction, volume.name)


@pytest.fixture(scope="module")
def cases(data):
    return find_cases(data, "pet-mr", "test")


def volumes_of(case):
    return read_volume(case.first), read_volume(case.second)


class Copy(torch.nn.Module):
    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, *sources):
        return sources[self.number].clone()


@pytest.fixture(scope="module")
def scores(cases):
    ours, _ = choose_contenders("average,maximum", "pet-mr")
    return evaluate(cases, [*ours, Contender("copy", Copy(0))], QUICK, device="cpu")


def hand_made(values, groups, higher=True, methods=("average", "maximum", "own")):
    measures = (SimpleNamespace(name="m", symbol="M", higher_is_better=higher),)
    return Scores(methods, measures, tuple(groups), np.array(values, float)[:, None])


# What is scored ---------------------------------------------------------------------------------


def test_a_copy_of_the_mr_has_ssim_1_to_it(scores):
    values = scores.values[scores.methods.index("copy"), 0]
    assert values.min() > 0.95 and np.median(values) > 0.995  # not 1 for the background rule


@pytest.mark.parametrize("name", ["average", "laplacian-pyramid", "bands", "bands-headroom"])
def test_what_is_scored_is_what_fuse_gives(cases, name):
    method = name.removesuffix("-headroom")
    lowered = "off" if name == method else "auto"
    chosen, _ = choose_contenders(method, "pet-mr", headroom=True)
    (ours,) = (contender for contender in chosen if contender.name == name)
    for case in cases:
        fusion = fuse(*volumes_of(case), "pet-mr", method=method, device="cpu", headroom=lowered)
        stack = stack_of(case.sources)
        found = fuse_stack(ours, case, stack, CPU)
        whole = np.zeros((case.sources.reference.shape[0], *found.shape[1:]), np.float32)
        whole[stack.kept] = found
        placed = from_slices(whole, *stack.layout)
        expected = np.clip(fusion.fused.array, 0, 1)
        np.testing.assert_allclose(
            placed[stack.numbers], expected[stack.numbers], atol=1e-6, err_msg=case.name
        )


def test_the_slices_are_those_of_training(cases):
    for case in cases:
        stack = stack_of(case.sources)
        slices = case.slices.numpy()
        np.testing.assert_array_equal(stack.first, slices[:, 0])
        np.testing.assert_array_equal(stack.second, slices[:, 1])
        np.testing.assert_array_equal(stack.background, slices[:, 2] > 0)


def test_slices_are_numbered_as_they_are_stored(cases):
    for case in cases:
        stack = stack_of(case.sources)
        for n in (0, 5):
            stored = case.sources.scaled[0][stack.numbers[n]]
            np.testing.assert_array_equal(np.sort(stored.ravel()), np.sort(stack.first[n].ravel()))
    assert stack_of(cases[1].sources).numbers[0] > stack_of(cases[1].sources).numbers[-1]


def test_slow_metrics_are_taken_on_evenly_spaced_slices(cases):
    ours, _ = choose_contenders("average", "pet-mr")
    found = evaluate(cases, ours, ["std", "semantic_loss"], slow_slices=2, device="cpu")
    measured = np.isfinite(found.values[0])
    assert measured[0].all() and measured[1].sum() == 4
    assert any("2 evenly spaced slices" in note and "SL" in note for note in found.notes)
    with refused("slow slices is 0"):
        evaluate(cases, ours, ["std"], slow_slices=0, device="cpu")


def test_some_slices_of_each_case_evenly_spaced(cases):
    ours, _ = choose_contenders("average", "pet-mr")
    few = evaluate(cases, ours, ["std"], slices=2, device="cpu")
    everything = evaluate(cases, ours, ["std"], device="cpu")
    assert few.groups == tuple(case.name for case in cases for _ in range(2))
    at = [
        list(zip(everything.groups, everything.numbers, strict=True)).index(one)
        for one in zip(few.groups, few.numbers, strict=True)
    ]
    np.testing.assert_array_equal(few.values, everything.values[:, :, at])
    assert any("At most 2" in note for note in few.notes)


def test_progress_counts_every_slice_of_every_method(cases):
    calls = []
    ours, _ = choose_contenders("average", "pet-mr")
    found = evaluate(cases, ours, ["std"], device="cpu", progress=lambda *call: calls.append(call))
    assert calls[-1] == (found.values.shape[0] * found.values.shape[2],) * 2


def test_cancelled(cases):
    ours, _ = choose_contenders("average", "pet-mr")
    with pytest.raises(Cancelled):
        evaluate(cases, ours, ["std"], device="cpu", cancelled=lambda: True)


# Choosing ---------------------------------------------------------------------------------------


def test_the_yardsticks_always_come_first():
    ours, notes = choose_contenders("gff", "ct-mr")
    assert [c.name for c in ours] == ["average", "maximum", "gff"] and notes == []


def test_networks_without_weights_are_left_out_with_a_note(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDFUSION_WEIGHTS", str(tmp_path))
    ours, (note,) = choose_contenders("all", "ct-mr")
    assert {c.name for c in ours} == {method.name for method in all_methods("classical")}
    assert "funfusean" in note and "ct-mr" in note
    with refused("funfusean-ct-mr"):
        choose_contenders("funfusean", "ct-mr")


def test_metrics_by_words():
    fast, everything = choose_names("fast"), choose_names("all")
    assert set(everything) - set(fast) == {"fmi", "fmi_pixel", "fmi_dct", "semantic_loss"}
    assert choose_names("q_abf, std") == ["q_abf", "std"]
    with refused("beauty"):
        choose_names("std,beauty")


# Fused images made elsewhere --------------------------------------------------------------------


@pytest.fixture(scope="module")
def averages(cases):
    """Our own average of every case, on the MR's grid."""
    return {
        case.name: fuse(*volumes_of(case), "pet-mr", method="average", device="cpu").fused
        for case in cases
    }


def assert_scores_as_average(folder, cases, tolerance):
    ours, _ = choose_contenders("average", "pet-mr")
    theirs = foreign(folder, cases, "theirs")
    found = evaluate(cases, [*ours, theirs], ["ssim", "std"], device="cpu")
    assert found.methods == ("average", "maximum", "theirs")
    np.testing.assert_allclose(found.values[2], found.values[0], rtol=tolerance)


@pytest.mark.parametrize("ending", [".nrrd", ".nii.gz", ".mha"])
def test_our_own_volumes_score_as_ours(cases, averages, tmp_path, ending):
    for name, volume in averages.items():
        write_volume(volume, tmp_path / f"{name}{ending}")
    assert_scores_as_average(tmp_path, cases, 1e-5)


def test_grey_levels_up_to_255_are_scaled(cases, averages, tmp_path):
    for name, volume in averages.items():
        write_volume(volume.like(volume.array * 255, name), tmp_path / f"{name}.nrrd")
    assert_scores_as_average(tmp_path, cases, 1e-5)


@pytest.mark.parametrize("naming", ["{}-{:03d}.png", "{}/{:03d}.png"])
def test_our_own_pictures_score_as_ours(cases, averages, tmp_path, naming):
    from skimage.io import imsave

    for case in cases:
        for number in stack_of(case.sources).numbers:
            path = tmp_path / naming.format(case.name, number)
            path.parent.mkdir(exist_ok=True)
            levels = np.round(averages[case.name].array[number] * 65535).astype(np.uint16)
            imsave(path, levels, check_contrast=False)
    assert_scores_as_average(tmp_path, cases, 1e-3)


def test_foreign_images_keep_their_background(cases, averages, tmp_path):
    for name, volume in averages.items():
        write_volume(volume.like(volume.array * 0 + 0.5, name), tmp_path / f"{name}.nrrd")
    found = evaluate(cases, [foreign(tmp_path, cases)], ["std"], device="cpu")
    assert found.methods == (tmp_path.name,) and np.abs(found.values).max() < 1e-6


def test_foreign_images_that_do_not_fit_are_refused(cases, averages, tmp_path):
    from skimage.io import imsave

    with refused("no folder", "nowhere"):
        foreign(tmp_path / "nowhere", cases)
    with refused("no fused image", "case a", "a.nrrd"):
        foreign(tmp_path, cases)
    volume = averages["a"]
    write_volume(volume.like(volume.array * 1000, "a"), tmp_path / "a.nrrd")
    write_volume(averages["b"], tmp_path / "b.nrrd")
    with refused("0..255"):
        foreign(tmp_path, cases)
    broken = volume.array.copy()
    broken[5, 5, 5] = np.nan
    write_volume(volume.like(broken, "a"), tmp_path / "a.nrrd")
    with refused("NaN"):
        foreign(tmp_path, cases)
    write_volume(_turned(volume), tmp_path / "a.nrrd")
    with refused("grid", "case a"):
        foreign(tmp_path, cases)
    (tmp_path / "a.nrrd").unlink()
    number = int(stack_of(cases[0].sources).numbers[0])
    picture = tmp_path / f"a-{number:03d}.png"
    imsave(picture, np.zeros((7, 9), np.uint8), check_contrast=False)
    with refused("7 x 9", "40 x 40"):
        foreign(tmp_path, cases[:1])
    colour = np.zeros((40, 40, 3), np.uint8)
    colour[..., 1] = 255
    imsave(picture, colour, check_contrast=False)
    with refused("colour"):
        foreign(tmp_path, cases[:1])


def test_names_of_folders(cases, averages, tmp_path):
    for name, volume in averages.items():
        write_volume(volume, tmp_path / f"{name}.nrrd")
    ours, _ = choose_contenders("average", "pet-mr")
    assert find_foreign([tmp_path], ["theirs"], cases, ours)[0].name == "theirs"
    with refused("average"):
        find_foreign([tmp_path], ["average"], cases, ours)
    with refused("1 folders", "2 names"):
        find_foreign([tmp_path], ["x", "y"], cases, ours)


# Statistics -------------------------------------------------------------------------------------


def test_the_interval_is_the_same_with_the_same_seed():
    values = np.random.default_rng(0).normal(size=40)
    groups = [f"{n % 10}" for n in range(40)]
    assert interval(values, groups, seed=3) == interval(values, groups, seed=3)
    assert interval(values, groups, seed=3) != interval(values, groups, seed=4)


def test_the_interval_shrinks_as_the_root_of_the_cases():
    random = np.random.default_rng(0)
    widths = []
    for number in (20, 320):
        values = random.normal(size=number)
        low, high = interval(values, [str(n) for n in range(number)])
        assert low < values.mean() < high
        widths.append(high - low)
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.4)
    assert widths[1] == pytest.approx(2 * 1.96 / np.sqrt(320), rel=0.15)


def test_whole_cases_are_resampled():
    values = [0.0] * 50 + [1.0] * 50
    cases = ["a"] * 50 + ["b"] * 50
    assert interval(values, cases) == (0, 1)
    low, high = interval(values, ["a"] * 100)  # a single case: its slices
    assert 0.35 < low < 0.45 and 0.55 < high < 0.65


def test_what_was_not_measured_is_left_out_of_the_interval():
    nan = float("nan")
    assert interval([1, 1, nan], ["a", "b", "c"]) == (1, 1)
    assert np.isnan(interval([1.0, nan], ["a", "b"])).all()
    assert np.isnan(interval([nan], ["a"])).all()


def test_notes_say_what_the_intervals_are_worth():
    assert "one case only" in interval_note(hand_made([[1, 2]] * 3, "aa"))
    assert "rough" in interval_note(hand_made([[1, 2]] * 3, "ab"))
    assert "rough" not in interval_note(hand_made([range(6)] * 3, "abcdef"))


def test_ranks_by_hand():
    assert ranks([0.3, 0.1, 0.3, 0.2], True) == [1, 4, 1, 3]
    assert ranks([0.3, 0.1, 0.3, 0.2], False) == [3, 1, 3, 2]
    assert ranks([float("nan"), -1.0], False) == [0, 1]
    assert ranks([1.0, 2.0], None) == [0, 0]


@pytest.mark.parametrize("higher", [True, False])
def test_wins_and_means_by_hand(higher):
    values = [[1, 1, 1, 1], [2, 2, 2, 0], [3, 1, 0, 0]]
    rows = summarise(hand_made(values, "aabb", higher))
    assert [row.mean for row in rows] == [1, 1.5, 1]
    own = rows[2].wins
    if higher:
        assert own == {"average": (1, 1), "maximum": (1, 0)}
        assert [row.rank for row in rows] == [2, 1, 2]
    else:
        assert own == {"average": (2, 1), "maximum": (2, 1)}
        assert [row.rank for row in rows] == [1, 3, 1]
    assert set(rows[0].wins) == {"maximum"} and (rows[0].samples, rows[0].groups) == (4, 2)


# Files ------------------------------------------------------------------------------------------


def test_the_files(scores, tmp_path):
    write_evaluation(scores, tmp_path, "two heads")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "table.csv",
        "table.md",
        "table.json",
        "slices.csv",
        "distributions.png",
        "examples.png",
    }
    with (tmp_path / "table.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(scores.methods) * len(QUICK)
    copy = next(row for row in rows if row["method"] == "copy" and row["metric"] == "ssim_first")
    assert copy["rank"] == "1" and copy["symbol"] == "SSIM MR" and copy["better"] == "higher"
    assert copy["cases"] == "2" == copy["wins_over_average_cases"]
    assert copy["slices"] == str(len(scores.groups))
    assert int(copy["slices"]) / 2 < int(copy["wins_over_maximum_slices"]) <= int(copy["slices"])
    with (tmp_path / "slices.csv").open(encoding="utf-8") as stream:
        slices = list(csv.DictReader(stream))
    assert len(slices) == len(scores.methods) * len(scores.groups)
    means = [float(r["q_abf"]) for r in slices if r["method"] == "maximum"]
    table = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))
    maximum = next(r for r in table["rows"] if (r["method"], r["metric"]) == ("maximum", "q_abf"))
    assert maximum["mean"] == pytest.approx(np.mean(means), abs=1e-5)
    assert maximum["interval"][0] <= maximum["mean"] <= maximum["interval"][1]
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "| SSIM MR ↑ |" in text and "** (1) |" in text
    assert "Better than the pixel-wise maximum (slices, cases)" in text


def test_worst_and_best_slice(scores):
    for n, method in enumerate(scores.methods):
        worst, best = scores.examples[method]
        values = scores.values[n, QUICK.index("q_abf")]
        assert (worst.value, best.value) == (values.min(), values.max())
        at = int(values.argmax())
        assert (best.case, best.number) == (scores.groups[at], scores.numbers[at])


def test_numbers_for_readers():
    assert [short(x) for x in (0.62749, -0.5, 57.31, 957.01, 0.00121, 0)] == [
        "0.627",
        "-0.500",
        "57.3",
        "957",
        "0.0012",
        "0.000",
    ]
    assert count(1, "head") == "1 head"


def run(*words):
    return CliRunner().invoke(cli.app, ["evaluate", *map(str, words)], catch_exceptions=False)


def test_the_command(data, averages, tmp_path):
    (tmp_path / "theirs").mkdir()
    for name, volume in averages.items():
        write_volume(volume, tmp_path / "theirs" / f"{name}.nrrd")
    result = run(
        *("--data", data, "--pair", "pet-mr", "--methods", "average", "--metrics", "std,cc"),
        *("--fused", tmp_path / "theirs", "--out", tmp_path / "out", "--device", "cpu"),
    )
    assert result.exit_code == 0 and "theirs" in result.output
    table = json.loads((tmp_path / "out" / "table.json").read_text(encoding="utf-8"))
    assert {row["method"] for row in table["rows"]} == {"average", "maximum", "theirs"}


def test_the_command_writes_nothing_when_it_fails(data, tmp_path):
    (tmp_path / "theirs").mkdir()
    words = ("--data", data, "--pair", "pet-mr", "--out", tmp_path / "out")
    for more in (("--fused", tmp_path / "theirs"), ("--metrics", "beauty"), ("--methods", "magic")):
        with pytest.raises(MedFusionError):
            run(*words, *more)
        assert not (tmp_path / "out").exists()
    with refused("--phantom"):
        run("--out", tmp_path / "out")


# Truth ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def truth():
    ours, _ = choose_contenders("average,maximum", "pet-mr")
    return evaluate_phantom("pet-mr", ours, seeds=range(2), shape=(32, 96, 96), device="cpu")


def value(scores, method, measure):
    names = [m.name for m in scores.measures]
    return scores.values[scores.methods.index(method), names.index(measure)].mean()


def test_the_mr_alone_shows_no_lesion_of_the_pet(truth):
    assert abs(value(truth, "MR alone", "cnr_lesion")) < 1
    assert value(truth, "MR alone", "credit_lesion") == 0.5
    assert value(truth, "PET alone", "cnr_lesion") > 2
    assert value(truth, "PET alone", "credit_lesion") > 0.95


def test_the_pet_alone_gives_the_mr_no_credit(truth):
    assert value(truth, "PET alone", "credit_oedema") == 0.5
    assert value(truth, "MR alone", "credit_oedema") > 0.95
    assert value(truth, "MR alone", "cnr_oedema") > 5


def test_fusions_show_and_credit_both(truth):
    for method in ("average", "maximum"):
        for planted in ("lesion", "oedema"):
            assert value(truth, method, f"cnr_{planted}") > 2
            assert value(truth, method, f"credit_{planted}") > 0.9


def test_gradients_are_credited_beside_shares(truth):
    # the plain average answers everywhere alike: its gradient says nothing of the lesion
    assert value(truth, "average", "credit_gradient_lesion") == 0.5
    assert value(truth, "maximum", "credit_gradient_lesion") > 0.7


def test_the_sources_have_no_rank(truth):
    rows = summarise(truth)
    assert {row.rank for row in rows if row.method.endswith("alone")} == {0}
    assert {row.rank for row in rows if not row.method.endswith("alone")} == {1, 2}


def test_a_black_image_mixes_all_tissues_and_a_map_of_labels_none():
    look = planted_slices(make_phantom((32, 96, 96)), "ct-mr")
    black = tissue_conflicts(look, 0 * look.inputs[0])
    assert {"overlap", "conflicts", "overlap_bone_csf", "overlap_white_csf"} <= set(black)
    assert list(black.values()) == pytest.approx([1.0] * len(black))
    parted = tissue_conflicts(look, look.labels / len(LABELS))
    assert parted["overlap_bone_csf"] < 0.01 and parted["conflicts"] < 0.1


def test_a_turned_contrast_is_negative():
    look = planted_slices(make_phantom((32, 96, 96)), "ct-mr")
    shares = (look.inputs[0], look.inputs[1])
    upright, turned = (
        score(look, picture, shares) for picture in (look.inputs[1], 1 - look.inputs[1])
    )
    assert upright["cnr_calcification"] > 5
    assert turned["cnr_calcification"] == pytest.approx(-upright["cnr_calcification"], rel=1e-3)


def test_measures_of_truth_by_hand():
    assert area_under_roc(np.array([2.0, 3]), np.array([1.0, 1])) == 1
    assert area_under_roc(np.zeros(3), np.zeros(5)) == 0.5
    image = np.array([5.0, 5, 1, 3])
    inside = np.array([True, True, False, False])
    assert contrast_to_noise(image, inside, ~inside) == pytest.approx(3)
    assert histogram(np.array([0.5, 1.0])).sum() == pytest.approx(1)
    apart = np.minimum(histogram(np.array([0.2])), histogram(np.array([0.8]))).sum()
    close = np.minimum(histogram(np.array([0.5])), histogram(np.array([0.52]))).sum()
    assert apart < 0.01 and close > 0.7


def test_a_method_is_scored_with_headroom_beside_it_or_a_note_says_that_it_was_not(cases):
    without, _ = choose_contenders("bands", "pet-mr")
    both, _ = choose_contenders("bands", "pet-mr", headroom=True)
    assert [contender.name for contender in both][-2:] == ["bands", "bands-headroom"]
    assert len(choose_contenders("bands", "ct-mr", headroom=True)[0]) == 3
    note = "bands: without headroom"
    for contenders, wanted in ((without, True), (both, False)):
        found = evaluate(cases[:1], contenders, ["q_abf"], slices=1, device="cpu")
        assert any(note in words for words in found.notes) == wanted
        heads = evaluate_phantom("pet-mr", contenders, seeds=[1], shape=(32, 96, 96), device="cpu")
        assert any(note in words for words in heads.notes) == wanted
    lesion = [measure.name for measure in heads.measures].index("contrast_lesion")
    rows = dict(zip(heads.methods, heads.values[:, lesion, 0], strict=True))
    assert rows["bands-headroom"] > rows["bands"]


def test_heads_start_at_any_seed(truth):
    methods, _ = choose_contenders("maximum", "pet-mr")
    second = evaluate_phantom("pet-mr", methods, seeds=[1], shape=(32, 96, 96), device="cpu")
    assert second.groups == ("head 1",)
    both = truth.values[truth.methods.index("maximum"), :, 1]
    np.testing.assert_array_equal(second.values[second.methods.index("maximum"), :, 0], both)


def test_the_phantom_does_not_show_every_pair():
    names = {pair: {m.name for m in measures_of(pair)} for pair in ("pet-mr", "ct-mr")}
    assert names["pet-mr"] >= {"cnr_lesion", "cnr_oedema"}
    assert "overlap_bone_csf" in names["ct-mr"] - names["pet-mr"]
    assert {"overlap_grey_csf", "overlap_white_csf"} <= names["ct-mr"] & names["pet-mr"]
    with refused("spect-mr", "ct-mr"):
        evaluate_phantom("spect-mr", [])
    with refused("heads"):
        evaluate_phantom("ct-mr", [], seeds=[])


def test_the_tables_of_the_truth(truth, tmp_path):
    write_evaluation(truth, tmp_path, "digital head")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "table.csv",
        "table.md",
        "table.json",
        "heads.csv",
        "distributions.png",
        "planted.png",
    }
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "CNR lesion (PET) ↑" in text and "Better than the plain average (heads)" in text
    with (tmp_path / "table.csv").open(encoding="utf-8") as stream:
        assert next(csv.DictReader(stream))["heads"] == "2"
