"""A training that would learn from a slice that is tested on is refused."""

import pytest
import torch
from helpers import refused

from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import write_volume
from MedFusionLib.training.datasets import find_cases, leave_out
from MedFusionLib.training.leaks import (
    SAME,
    find_leaks,
    fingerprint,
    leaks_of,
    published,
    slices_tested,
)
from MedFusionLib.training.train import train_network


@pytest.fixture
def leaking(tmp_path):
    """Two training cases and a test case, the MR of which is also that of training case 1."""
    for number, split, seed in ((0, "train", 0), (1, "train", 1), (2, "test", 2)):
        head = make_phantom((16, 40, 40), seed)
        mr = make_phantom((16, 40, 40), 1).t1 if split == "test" else head.t1
        folder = tmp_path / "pet-mr" / split
        folder.mkdir(parents=True, exist_ok=True)
        write_volume(mr, folder / f"{number}-mr.nrrd")
        write_volume(head.pet, folder / f"{number}-pet.nrrd")
    return tmp_path


def differing(one, other):
    """The part of the set bits in which two batches of fingerprints differ."""
    return (one != other).sum(1) / torch.maximum(one.sum(1), other.sum(1))


def test_rounding_and_a_gain_leave_the_fingerprint_nearly_the_same():
    head = torch.from_numpy(make_phantom((24, 96, 96), 0).t1.array).float()
    slices = (head / head.max())[8:16]
    rounded = (0.8 * slices * 255).round() / 255
    assert differing(fingerprint(slices), fingerprint(rounded)).max() <= SAME


def test_neighbouring_slices_have_different_fingerprints():
    head = torch.from_numpy(make_phantom((24, 96, 96), 0).t1.array).float()
    prints = fingerprint(head[6:18])
    assert differing(prints[1:], prints[:-1]).min() > 2 * SAME


def test_a_training_slice_that_is_tested_on_is_found(leaking):
    cases = find_cases(leaking, "pet-mr")
    found = leaks_of(cases, ["pet-mr"])
    assert {(leak.case, leak.modality) for leak in found} == {("pet-mr/1", "mr")}
    assert found[0].tested.startswith("pet-mr/2 mr slice")


def test_a_training_that_leaks_is_refused_with_the_case_to_leave_out(leaking, tmp_path):
    with refused("--without pet-mr/1"):
        train_network("funfusean", "pet-mr", leaking, tmp_path / "x.safetensors", device="cpu")
    assert not (tmp_path / "x.safetensors").exists()


def test_without_the_case_nothing_leaks(leaking):
    cases = leave_out(find_cases(leaking, "pet-mr"), "pet-mr/01")
    assert [case.name for case in cases] == ["0", "2"]
    assert leaks_of(cases, ["pet-mr"]) == []


def test_a_case_to_leave_out_that_there_is_not_is_refused(leaking):
    with refused("pet-mr/9"):
        leave_out(find_cases(leaking, "pet-mr"), "pet-mr/9")


def test_the_slices_that_the_atlas_shares_with_the_publications_are_found(shared):
    data = shared / "data" / "aanlib"
    training = [case for case in find_cases(data, "spect-mr", "train") if case.name == "22"]
    found = find_leaks(training, published())
    assert [(leak.modality, leak.tested) for leak in found] == [("mr", "funfusean/05-mr")]


def test_nothing_leaks_without_the_cases_that_all_pair_training_leaves_out(shared):
    data = shared / "data" / "aanlib"
    cases = find_cases(data, "spect-mr", "train") + find_cases(data, "spect-mr", "test")
    kept = leave_out(cases, "spect-mr/03,spect-mr/22,spect-mr/28,spect-mr/29")
    tests = slices_tested([case for case in kept if case.split == "test"]) + published()
    assert find_leaks([case for case in kept if case.split == "train"], tests) == []
