"""The digital head: its truth, its tissues, its grids."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion, center_of_mass

from MedFusionLib.errors import MedFusionError
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.phantom.tissues import LABELS
from MedFusionLib.phantom.truth import TRUTH
from MedFusionLib.sources.volumes import resample, same_grid

BRAIN = [LABELS[n] for n in ("grey", "white", "deep grey", "cerebellum", "brainstem")]


@pytest.fixture(scope="module")
def head():
    return make_phantom((64, 128, 128))


@pytest.fixture(scope="module")
def pictures(head):
    """Each picture on the grid of the CT."""
    pet = resample(head.pet, head.ct, 0)[0]
    return {"ct": head.ct.array, "t1": head.t1.array, "t2": head.t2.array, "pet": pet.array}


def mean(head, picture, tissue):
    """The mean of a tissue, away from its edges."""
    mask = binary_erosion(head.labels == LABELS[tissue])
    assert mask.any()
    return float(picture[mask].mean())


def contrast(head, picture, name):
    """Contrast to noise of a planted thing against the white matter around it."""
    mask = head.truth[name]
    others = np.any(list(head.truth.values()), axis=0)
    white = binary_erosion(head.labels == LABELS["white"])
    shell = binary_dilation(mask, iterations=5) & ~binary_dilation(others, iterations=3) & white
    core = binary_erosion(mask)
    assert core.sum() >= 3 and shell.sum() > 50
    return (picture[core].mean() - picture[shell].mean()) / picture[shell].std()


@pytest.mark.parametrize("name", TRUTH)
@pytest.mark.parametrize("picture", ["ct", "t1", "t2", "pet"])
def test_planted_thing_shows_in_its_own_modality_only(head, pictures, name, picture):
    shows = {"t1": "mr", "t2": "mr"}.get(picture, picture) == head.shows[name]
    found = abs(contrast(head, pictures[picture], name))
    assert found > 3 if shows else found < 1.5


def test_planted_things_change_nothing_in_the_anatomy(head):
    for mask in head.truth.values():
        assert set(np.unique(head.labels[mask])) == {LABELS["white"]}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_things_lie_in_white_matter_whatever_the_folds(seed):
    head = make_phantom((48, 64, 64), seed)
    for mask in head.truth.values():
        assert np.mean(head.labels[binary_dilation(mask)] == LABELS["white"]) > 0.95


def test_planted_things_lie_apart_and_span_slices(head):
    masks = list(head.truth.values())
    assert np.sum(masks, axis=0).max() == 1
    assert all(mask.any((1, 2)).sum() >= 3 for mask in masks)


def test_same_seed_same_head():
    first, second, other = (make_phantom((24, 32, 32), seed) for seed in (4, 4, 5))
    for name in ("ct", "t1", "t2", "pet"):
        assert np.array_equal(getattr(first, name).array, getattr(second, name).array)
        assert not np.array_equal(getattr(first, name).array, getattr(other, name).array)
    assert np.array_equal(first.labels, second.labels)


def test_ct_tissues(head):
    ct = head.ct.array
    assert mean(head, ct, "air") == pytest.approx(-1000, abs=5)
    assert ct.min() >= -1024
    assert 22 < mean(head, ct, "white") < 36
    assert mean(head, ct, "white") < mean(head, ct, "deep grey") < 45
    assert 0 < mean(head, ct, "csf") < 15
    assert 300 < mean(head, ct, "marrow") < 800
    assert ct.max() > 1000


def test_mr_contrast(head):
    t1 = {n: mean(head, head.t1.array, n) for n in ("white", "grey", "csf", "muscle", "fat")}
    assert t1["fat"] > t1["white"] > t1["grey"] > t1["csf"] > 100
    t2 = {n: mean(head, head.t2.array, n) for n in ("white", "grey", "csf", "muscle")}
    assert t2["csf"] > t2["grey"] > t2["white"] > t2["muscle"]


def test_mr_background_is_rician(head):
    corner = head.t1.array[:, :8, :8]
    assert corner.min() >= 0
    # of a Rayleigh distribution
    assert corner.mean() / corner.std() == pytest.approx(1.91, abs=0.05)


def test_pet_tissues(head, pictures):
    pet = pictures["pet"]
    assert pet.min() >= 0
    assert mean(head, pet, "grey") > 1.8 * mean(head, pet, "white")
    assert mean(head, pet, "deep grey") > 2 * mean(head, pet, "white")
    assert mean(head, pet, "muscle") < 1.5


def test_mr_lies_on_the_grid_of_the_ct(head):
    assert same_grid(head.ct, head.t1) and same_grid(head.ct, head.t2)
    assert head.labels.shape == head.ct.shape


def test_pet_has_its_own_grid_within_that_of_the_ct(head):
    assert not same_grid(head.ct, head.pet)
    assert min(np.subtract(head.pet.spacing, head.ct.spacing)) > 0
    corners = [v.matrix @ [*c, 1] for v in (head.pet,) for c in ((0, 0, 0), head.pet.shape[::-1])]
    index = np.linalg.inv(head.ct.matrix) @ np.transpose(corners)
    assert index[:3].min() > 0
    assert np.all(index[:3, 1] < head.ct.shape[::-1])


def test_pet_is_registered_in_the_world(head):
    def in_world(volume, index):
        return (volume.matrix @ [*index[::-1], 1])[:3]

    truth = in_world(head.ct, center_of_mass(head.truth["lesion"]))
    near = resample(head.ct.like(head.truth["lesion"] * 1.0, "truth"), head.pet, 0)[0].array > 0
    near = binary_dilation(near, iterations=2)
    excess = np.where(near, np.maximum(head.pet.array - 5, 0), 0)
    assert np.linalg.norm(in_world(head.pet, center_of_mass(excess)) - truth) < 2


def test_the_calcification_is_on_the_patients_right(head):
    i = center_of_mass(head.truth["calcification"])[2]
    assert i < head.ct.shape[2] / 2  # x grows to the left


def test_the_head_has_one_size_at_every_resolution(head):
    def litres(phantom):
        return np.isin(phantom.labels, BRAIN).sum() * np.prod(phantom.ct.spacing) * 1e-6

    assert 1.2 < litres(head) < 1.7
    assert litres(make_phantom((96, 96, 112))) == pytest.approx(litres(head), rel=0.03)


@pytest.mark.parametrize("shape", [(16, 16, 16), (17, 40, 23), (40, 16, 33)])
def test_small_and_odd_sizes(shape):
    head = make_phantom(shape)
    assert head.ct.shape == head.t2.shape == head.labels.shape == shape
    assert all(np.isfinite(v.array).all() for v in (head.ct, head.t1, head.t2, head.pet))
    assert all(mask.any() for mask in head.truth.values())


@pytest.mark.parametrize(
    "shape", [(96, 192), (8, 64, 64), (0, 1, 2), (64.5, 64, 64), "abc", 64, (64, 64, 5000), None]
)
def test_silly_shapes_are_refused(shape):
    with pytest.raises(MedFusionError, match="whole numbers"):
        make_phantom(shape)
