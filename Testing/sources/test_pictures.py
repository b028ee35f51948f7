"""Public test sets: folders of grey pictures, scored as they are stored."""

import json

import numpy as np
import pytest
from helpers import refused
from skimage.io import imsave

from MedFusionLib import metrics
from MedFusionLib.cli import main
from MedFusionLib.evaluation.contenders import choose_contenders
from MedFusionLib.evaluation.elsewhere import foreign
from MedFusionLib.evaluation.measuring import evaluate
from MedFusionLib.sources.pictures import read_picture
from MedFusionLib.sources.prepare import as_stored
from MedFusionLib.sources.volumes import Volume
from MedFusionLib.training.datasets import Case, find_cases

SIZE = 48


def grey(seed):
    """An 8-bit picture with a black border."""
    levels = np.random.default_rng(seed).integers(0, 200, (SIZE, SIZE)).astype(np.uint8)
    levels[:4] = levels[:, :4] = 0
    return levels


def save(path, levels):
    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, levels, check_contrast=False)


@pytest.fixture
def pictures(tmp_path):
    """A folder of two registered pairs."""
    folder = tmp_path / "pictures"
    for n, name in enumerate(("01", "02")):
        save(folder / f"{name}-mr.png", grey(2 * n))
        save(folder / f"{name}-ct.png", grey(2 * n + 1))
    return folder


# Reading ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".png", ".tif", ".tiff"])
def test_grey_levels_of_8_and_16_bit(tmp_path, ending):
    levels = grey(0)
    save(tmp_path / f"eight{ending}", levels)
    save(tmp_path / f"sixteen{ending}", levels.astype(np.uint16) * 257)
    save(tmp_path / f"eight-in-sixteen{ending}", levels.astype(np.uint16))
    for name in ("eight", "sixteen", "eight-in-sixteen"):
        np.testing.assert_array_equal(read_picture(tmp_path / f"{name}{ending}"), levels)


def test_jpeg_and_three_equal_channels(tmp_path):
    save(tmp_path / "flat.jpg", np.full((SIZE, SIZE), 77, np.uint8))
    assert np.abs(read_picture(tmp_path / "flat.jpg") - 77).max() <= 1
    save(tmp_path / "three.png", np.stack([grey(0)] * 3, axis=-1))
    np.testing.assert_array_equal(read_picture(tmp_path / "three.png"), grey(0))


def test_refusals_say_what_was_expected_and_what_was_found(tmp_path):
    with refused("no picture", "nowhere.png"):
        read_picture(tmp_path / "nowhere.png")
    (tmp_path / "words.png").write_text("not a picture")
    with refused("words.png", "cannot be read"):
        read_picture(tmp_path / "words.png")
    save(tmp_path / "colour.png", np.stack([grey(0), grey(1), grey(2)], axis=-1))
    with refused("colour picture", "expected a grey one"):
        read_picture(tmp_path / "colour.png")
    save(tmp_path / "float.tif", grey(0) / np.float32(255))
    with refused("float32", "8 or 16 bit"):
        read_picture(tmp_path / "float.tif")


# Finding ----------------------------------------------------------------------------------------


def test_pairs_by_name_and_by_folder(pictures, tmp_path):
    cases = find_cases(pictures, "ct-mr", "test")
    assert [case.name for case in cases] == ["01", "02"]
    for path in pictures.iterdir():
        name, modality = path.stem.split("-")
        save(tmp_path / "two" / {"mr": "MRI", "ct": "CT"}[modality] / f"{name}.png", grey(0))
    assert [case.name for case in find_cases(tmp_path / "two", "ct-mr", "test")] == ["01", "02"]
    (tmp_path / "two" / "CT" / "02.png").unlink()
    with refused("without a partner: 02"):
        find_cases(tmp_path / "two", "ct-mr")


def test_a_missing_split_names_the_one_there_is(pictures):
    with refused("no train pairs", "2 of the split 'test'", "--split all"):
        find_cases(pictures, "ct-mr", "train")
    with refused("expected files CASE-mr.nrrd", "found 01-ct.png, 01-mr.png"):
        find_cases(pictures, "pet-mr")


def test_pictures_of_two_sizes_are_refused(tmp_path):
    save(tmp_path / "a-mr.png", grey(0))
    save(tmp_path / "a-ct.png", grey(0)[:40])
    with refused("48 x 48", "40 x 48", "one size"):
        _ = find_cases(tmp_path, "ct-mr")[0].sources


# Scoring ----------------------------------------------------------------------------------------


def test_stored_greys_are_not_stretched_and_black_alone_is_background(pictures):
    sources = find_cases(pictures, "ct-mr", stored=True)[0].sources
    np.testing.assert_allclose(sources.scaled[0][0], grey(0) / 255, atol=1e-7)
    np.testing.assert_array_equal(sources.background[0], (grey(0) == 0) & (grey(1) == 0))
    stretched = find_cases(pictures, "ct-mr")[0].sources
    assert np.abs(stretched.scaled[0][0] - grey(0) / 255).max() > 0.1


def test_volumes_too_can_be_scored_as_stored(tmp_path):
    low = Volume(np.array([[[0.0, 100.0]]]), name="low")
    high = Volume(np.array([[[0.0, 1000.0]]]), name="high")
    assert as_stored([low, high], ["mr", "ct"]).scaled[0].max() == np.float32(100 / 65535)
    with refused("hu runs from -1000", "--stored"):
        as_stored([low, Volume(np.array([[[-1000.0, 5.0]]]), name="hu")], ["mr", "ct"])
    with refused("grid"):
        as_stored([low, Volume(np.arange(4.0).reshape(1, 2, 2), name="b")], ["mr", "ct"])


def test_the_table_holds_what_the_metric_gives_for_the_stored_pictures(pictures):
    import torch

    cases = find_cases(pictures, "ct-mr", "test", stored=True)
    ours, _ = choose_contenders("average", "ct-mr")
    scores = evaluate(cases, ours, ["q_s"], device="cpu")
    mr, ct = (torch.from_numpy(grey(n) / 255)[None, None].float() for n in (0, 1))
    fused = torch.floor((mr + ct) / 2 * 255 + 0.5) / 255
    assert scores.values[0, 0, 0] == pytest.approx(float(metrics.q_s(fused, mr, ct)), abs=1e-6)
    assert any("as stored" in note for note in scores.notes)
    assert any("Each picture counts as a case" in note for note in scores.notes)


@pytest.mark.parametrize("name", ["{}.png", "{}-0.png", "{}-001.tif", "{}/1.png"])
def test_fused_pictures_by_any_of_their_names(pictures, tmp_path, name):
    cases = find_cases(pictures, "ct-mr", stored=True)
    for n, case in enumerate(cases):
        save(tmp_path / "fused" / name.format(case.name), grey(2 * n))
    copies = foreign(tmp_path / "fused", cases, "copies")
    scores = evaluate(cases, [copies], ["ssim_first"], device="cpu")
    np.testing.assert_allclose(scores.values[0, 0], 1, atol=1e-6)


def test_slices_numbered_from_0_or_1_with_or_without_zeros(tmp_path):
    volume = Volume(np.stack([grey(n) for n in range(3)]).astype(np.float32), name="a-mr")
    for start, digits in ((0, 1), (0, 3), (1, 1), (1, 2)):
        folder = tmp_path / f"{start}{digits}"
        for n in range(3):
            save(folder / f"a-{n + start:0{digits}d}.png", grey(n))
        case = Case("a", "test", "ct-mr", tmp_path / "a-mr.nrrd", tmp_path / "a-ct.nrrd", True)
        case.__dict__["sources"] = as_stored([volume, volume], ["mr", "ct"])
        scores = evaluate([case], [foreign(folder, [case], "copy")], ["ssim_first"], device="cpu")
        np.testing.assert_allclose(scores.values, 1, atol=1e-6)


def test_the_command(pictures, tmp_path, monkeypatch):
    words = ["evaluate", "--data", pictures, "--pair", "ct-mr", "--out", tmp_path / "out"]
    words += ["--stored", "--methods", "average", "--metrics", "q_s,fmi_pixel", "--device", "cpu"]
    monkeypatch.setattr("sys.argv", ["medfusion", *map(str, words)])
    with pytest.raises(SystemExit) as ending:
        main()
    assert not ending.value.code
    table = json.loads((tmp_path / "out" / "table.json").read_text(encoding="utf-8"))
    assert [metric["name"] for metric in table["metrics"]] == ["q_s", "fmi_pixel"]
    assert table["slices"] == 2
