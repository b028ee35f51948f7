"""Registered pairs: found, split by case, and cut into crops that are the same every time."""

import csv

import numpy as np
import pytest
import torch
from helpers import refused

from MedFusionLib.sources.files import write_volume
from MedFusionLib.sources.volumes import Volume
from MedFusionLib.training.datasets import Augmentation, Case, Crops, find_cases, split_validation


def write_pair(folder, name, second="ct", ending="nrrd", slices=10, **grid):
    """A pair whose slices grow brighter; the first and the last hold nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    array = np.zeros((slices, 16, 20))
    array[1:-1, 4:12, 5:15] = 100 + 10 * np.arange(slices - 2)[:, None, None]
    for modality, values in (("mr", array), (second, array[::-1])):
        write_volume(Volume(values, **grid), folder / f"{name}-{modality}.{ending}")


def split(cases):
    return [(case.name, case.split) for case in cases]


# Finding ----------------------------------------------------------------------------------------


def test_a_manifest_says_pair_split_and_case(tmp_path):
    for name in ("1", "2"):
        write_pair(tmp_path / "files", name)
    with (tmp_path / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case", "path", "pair", "split", "modality"])
        for case, part in (("1", "test"), ("2", "train")):
            for modality in ("ct", "mr"):
                writer.writerow([case, f"files/{case}-{modality}.nrrd", "ct-mr", part, modality])
        writer.writerow(["3", "files/1-mr.nrrd", "ct-mr", "train", "mr"])  # alone
        writer.writerow(["4", "files/1-mr.nrrd", "pet-mr", "train", "mr"])
    cases = find_cases(tmp_path, "ct-mr")
    assert split(cases) == [("1", "test"), ("2", "train")]
    assert cases[0].first == tmp_path / "files" / "1-mr.nrrd"
    assert cases[0].second == tmp_path / "files" / "1-ct.nrrd"
    assert split(find_cases(tmp_path, "ct-mr", "test")) == [("1", "test")]


def test_a_manifest_without_its_columns_is_refused(tmp_path):
    (tmp_path / "manifest.csv").write_text("path,pair\na,b\n")
    with refused("lacks the column(s) case, modality, split"):
        find_cases(tmp_path, "ct-mr")


@pytest.mark.parametrize("root", ["", "pet-mr"])
def test_split_folders_say_the_split(tmp_path, root):
    write_pair(tmp_path / root / "train", "a", "pet")
    write_pair(tmp_path / root / "test", "b", "pet", "nii.gz")
    write_pair(tmp_path / root / "test", "c", "ct")
    assert split(find_cases(tmp_path, "pet-mr")) == [("a", "train"), ("b", "test")]


@pytest.mark.parametrize(("count", "tested"), [(1, []), (2, [1]), (4, [3]), (5, [4]), (11, [4, 9])])
def test_from_one_folder_every_fifth_case_is_kept_for_testing(tmp_path, count, tested):
    for n in range(count):
        write_pair(tmp_path, f"{n:02}", slices=3)
    cases = find_cases(tmp_path, "ct-mr")
    assert [n for n, case in enumerate(cases) if case.split == "test"] == tested


def test_a_folder_that_is_missing_or_holds_no_pairs_is_refused(tmp_path):
    with refused("no folder"):
        find_cases(tmp_path / "missing", "ct-mr")
    (tmp_path / "1-mr.nrrd").write_text("alone")
    with refused("no pairs for ct-mr", "CASE-mr.nrrd"):
        find_cases(tmp_path, "ct-mr")
    write_pair(tmp_path, "2")
    with refused("no test pairs"):
        find_cases(tmp_path, "ct-mr", "test")


def test_the_shared_atlas_never_has_one_case_on_both_sides(shared):
    for pair in ("ct-mr", "pet-mr", "spect-mr"):
        cases = find_cases(shared / "data" / "aanlib", pair)
        names = [{c.name for c in cases if c.split == part} for part in ("train", "test")]
        assert all(names) and not names[0] & names[1]


# Slices -----------------------------------------------------------------------------------------


def only_case(folder, **options):
    write_pair(folder, "a", **options)
    return find_cases(folder, "ct-mr")[0]


def test_slices_hold_both_sources_and_the_background_and_none_is_empty(tmp_path):
    slices = only_case(tmp_path).slices
    assert slices.shape == (8, 3, 16, 20)
    assert slices.dtype == torch.float32
    assert slices.min() >= 0 and slices.max() <= 1
    expected = torch.ones(16, 20)
    expected[4:12, 5:15] = 0
    assert torch.equal(slices[:, 2], expected.expand(8, -1, -1))
    first, second = slices[:, 0, 8, 10], slices[:, 1, 8, 10]
    assert torch.all(first.diff() >= 0) and torch.all(second.diff() < 0)


@pytest.mark.parametrize(
    "direction",
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[1, 0, 0], [0, 0, 1], [0, -1, 0]],  # coronal
        [[0, 0, 1], [1, 0, 0], [0, -1, 0]],  # sagittal
        [[0, 0, -1], [1, 0, 0], [0, -1, 0]],  # left-handed
    ],
)
def test_slices_are_the_volumes_own_turned_to_display(tmp_path, direction):
    slices = only_case(tmp_path, direction=direction).slices
    assert slices.shape == (8, 3, 16, 20)
    assert slices[:, 2, 3].min() == 1 and slices[:, 2, 4:12].min() == 0


def test_validation_takes_the_middle_tenth_of_each_case_and_training_the_rest(tmp_path):
    cases = []
    for n, count in enumerate((22, 32)):
        write_pair(tmp_path, f"{n}", slices=count)
        cases.append(
            Case(f"{n}", "train", "ct-mr", *(tmp_path / f"{n}-{m}.nrrd" for m in ("mr", "ct")))
        )
    train, validation = split_validation(cases)
    assert (len(train), len(validation)) == (18 + 27, 2 + 3)
    whole = cases[0].slices
    assert torch.equal(validation[:2], whole[9:11])
    assert torch.equal(train[:18], torch.cat([whole[:9], whole[11:]]))


def test_slices_of_different_sizes_are_padded_with_background():
    class Made:
        def __init__(self, *size):
            self.slices = torch.zeros(4, 3, *size)

    train, validation = split_validation([Made(5, 9), Made(7, 6)])
    assert train.shape == (6, 3, 7, 9) and validation.shape == (2, 3, 7, 9)
    assert train[0, 2].sum() == 2 * 9 and train[3, 2].sum() == 3 * 7
    assert train[:, :2].max() == 0


# Crops ------------------------------------------------------------------------------------------


@pytest.fixture
def pictures():
    random = torch.Generator().manual_seed(0)
    slices = torch.rand(5, 3, 30, 40, generator=random)
    slices[:, 2] = 0
    return slices


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first[:2], second[:2], strict=True))


def test_a_crop_depends_on_seed_epoch_and_index_alone(pictures):
    crops = Crops({"ct-mr": pictures}, 8, 16, seed=3, epoch=2)
    again = Crops({"ct-mr": pictures}, 8, 16, seed=3, epoch=2)
    assert len(crops) == 16
    assert same(crops[5], again[5]) and same(crops[5], crops[5])
    for other in (
        crops[6],
        Crops({"ct-mr": pictures}, 8, 16, seed=4, epoch=2)[5],
        Crops({"ct-mr": pictures}, 8, 16, seed=3, epoch=3)[5],
    ):
        assert not same(crops[5], other)


def test_crops_are_cut_from_both_sources_at_one_place_and_some_are_flipped(pictures):
    windows = pictures.unfold(2, 8, 1).unfold(3, 8, 1)
    flipped = 0
    for first, second, _ in (Crops({"ct-mr": pictures}, 8, 20, seed=0)[n] for n in range(20)):
        assert first.shape == second.shape == (1, 8, 8)
        found = [
            bool(((windows[:, 0] == a) & (windows[:, 1] == b)).all((-1, -2)).any())
            for a, b in ((first, second), (first.flip(-1), second.flip(-1)))
        ]
        assert sum(found) == 1
        flipped += found[1]
    assert 0 < flipped < 20


def test_crops_are_as_large_as_the_slices_allow(pictures):
    assert Crops({"ct-mr": pictures}, 35, 1, seed=0)[0][0].shape == (1, 30, 35)


def test_crops_show_something(pictures):
    pictures[:, 2] = 1
    pictures[:, 2, 8:22, 8:32] = 0
    pictures[:, 0] = 1 - pictures[:, 2]
    shown = [float(Crops({"ct-mr": pictures}, 10, 60, seed=0)[n][0].mean()) for n in range(60)]
    assert np.mean(np.array(shown) > 0.2) > 0.95


def test_slices_without_content_do_not_hang(pictures):
    pictures[:, 2] = 1
    assert Crops({"ct-mr": pictures}, 8, 1, seed=0)[0][0].shape == (1, 8, 8)


def test_crops_turn_by_right_angles_and_some_are_black():
    slices = torch.zeros(1, 3, 32, 32)
    slices[:, :2, :, :16] = torch.linspace(0.1, 1, 32)[:, None]  # bright at one corner
    crops = Crops({"ct-mr": slices}, 32, 60, seed=0, turns=True, black=0.25)
    bright = [divmod(int(first.argmax()), 32) for first, *_ in crops if first.any()]
    corners = {(row // 16, column // 16) for row, column in bright}
    assert corners == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert 5 <= 60 - len(bright) <= 25
    straight = Crops({"ct-mr": slices}, 32, 60, seed=0)
    rows = [int(first.argmax()) // 32 for first, *_ in straight]
    assert set(rows) == {31}


def test_pairs_take_turns_batch_by_batch(pictures):
    crops = Crops({"ct-mr": pictures, "pet-mr": 2 + pictures}, 8, 8, seed=0, batch=2)
    pairs = [crops[n][2] for n in range(8)]
    assert pairs == 2 * (2 * ["ct-mr"] + 2 * ["pet-mr"])
    assert crops[1][0].max() <= 1 < crops[2][0].min()


def test_crops_are_varied_source_by_source(pictures):
    gains = {"mr": (0.5, 0.6), "ct": (1.5, 2.0)}
    varied = Crops({"ct-mr": pictures}, 8, 20, 0, augmentation=Augmentation(0.2, gains))
    assert same(varied[3], varied[3])
    first, second = (torch.cat([varied[n][m] for n in range(20)]) for m in (0, 1))
    assert first.max() <= 0.6 and second.max() == 1
    assert second.mean() > 0.6
