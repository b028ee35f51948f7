"""From a modality's own units to [0, 1], and what is background."""

import numpy as np
import pytest
from helpers import refused
from scipy.ndimage import binary_erosion

from MedFusionLib.sources.intensities import (
    Window,
    background_level,
    background_mask,
    background_warning,
    choose_window,
    is_windowed_ct,
    outside_value,
)
from MedFusionLib.sources.modalities import MODALITIES
from MedFusionLib.sources.volumes import Volume

SHAPE = (12, 40, 40)


def ball(radius, shape=SHAPE):
    """A ball in the middle, flattened to the shape of the volume."""
    k, j, i = np.indices(shape)
    k = (k - (shape[0] - 1) / 2) * shape[1] / shape[0]
    return np.sqrt(k**2 + (j - shape[1] / 2) ** 2 + (i - shape[2] / 2) ** 2) < radius


HEAD = ball(15)


def picture(inside, outside=0.0):
    return Volume(np.where(HEAD, inside, outside))


def noisy_mr(sigma=8.0, signal=500.0):
    """A head with Rician noise, also in the air."""
    random = np.random.default_rng(0)
    real = HEAD * signal + sigma * random.normal(size=SHAPE)
    return Volume(np.hypot(real, sigma * random.normal(size=SHAPE)))


def mask(volume, modality):
    return background_mask(volume, background_level(volume, modality))


# Windows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hu", "grey"), [(-1000, 0), (8, 0.187), (4, 0.16), (32.5, 0.35), (70, 0.6), (400, 1)]
)
def test_ct_shows_fluid_dark_brain_grey_and_bone_white(hu, grey):
    ct = Volume(np.linspace(-1000, 2000, 1000).reshape(10, 10, 10))
    assert choose_window(ct, "ct").scale(np.array([hu]))[0] == pytest.approx(grey, abs=0.005)


@pytest.mark.parametrize("top", [255, 200, 1, 0.9])
def test_a_ct_already_windowed_is_used_as_it_is(top):
    ct = Volume(np.linspace(0, top, 1000).reshape(10, 10, 10))
    assert is_windowed_ct(ct)
    window = choose_window(ct, "ct")
    assert (window.lower, window.upper) == (0, 255 if top > 1 else 1)
    assert "already windowed" in window.how
    assert outside_value(ct, "ct") == 0


def test_a_ct_in_hu_is_surrounded_by_air():
    ct = Volume(np.linspace(-1024, 3071, 1000).reshape(10, 10, 10))
    assert not is_windowed_ct(ct)
    assert outside_value(ct, "ct") == -1000
    assert background_level(ct, "ct") == -300


def test_mr_runs_between_robust_percentiles_of_what_is_not_background():
    values = np.linspace(100, 900, HEAD.sum())
    mr = np.zeros(SHAPE)
    mr[HEAD] = np.random.default_rng(0).permutation(values)
    mr[tuple(n // 2 for n in SHAPE)] = 1e5  # one wild voxel
    window = choose_window(Volume(mr), "mr")
    assert window.lower == pytest.approx(104, abs=3)
    assert window.upper == pytest.approx(896, abs=3)
    assert "0.5" in window.how and "99.5" in window.how


@pytest.mark.parametrize("modality", ["pet", "spect"])
def test_uptake_runs_from_zero_to_a_robust_maximum(modality):
    uptake = np.zeros(SHAPE)
    uptake[HEAD] = np.random.default_rng(0).uniform(2, 8, HEAD.sum())
    uptake[6, 20, 20] = 1e4
    window = choose_window(Volume(uptake), modality)
    assert window.lower == 0
    assert window.upper == pytest.approx(8, abs=0.1)


def with_spot(size, value):
    """Uptake of 2 to 8 with a hot cube in the middle, hotter towards its core."""
    shape = (24, 80, 80)
    uptake = np.where(ball(30, shape), np.random.default_rng(0).uniform(2, 8, shape), 0)
    middle = (slice(12, 12 + size), slice(40, 40 + size), slice(40, 40 + size))
    uptake[middle] = np.linspace(0.9, 1, size**3).reshape(size, size, size) * value
    return uptake, middle


def test_what_is_hot_keeps_its_order():
    uptake, spot = with_spot(3, 15)
    window = choose_window(Volume(uptake, (1.5, 1.5, 1.5)), "pet")
    assert window.upper == pytest.approx(15, rel=0.01)
    assert window.scale(np.array([window.shoulder])) == pytest.approx(0.9)
    assert np.all(np.diff(window.scale(uptake)[spot].ravel()) > 0)
    assert "hottest spot" in window.how


@pytest.mark.parametrize(("size", "value"), [(2, 15), (3, 8.5)])
def test_a_few_noisy_voxels_and_a_warm_spot_leave_the_window_alone(size, value):
    usual = choose_window(Volume(with_spot(1, 8)[0], (1.5, 1.5, 1.5)), "pet")
    assert (
        choose_window(Volume(with_spot(size, value)[0], (1.5, 1.5, 1.5)), "pet").upper
        < 1.1 * usual.upper
    )


def test_a_very_hot_spot_leaves_normal_tissue_visible():
    window = choose_window(Volume(with_spot(3, 1000)[0], (1.5, 1.5, 1.5)), "pet")
    assert 0.85 < window.scale(np.array([8.0])) < 0.95


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_two_valued_picture_runs_from_one_to_the_other(modality):
    volume = picture(255.0)
    scaled = choose_window(volume, modality).scale(volume.array)
    assert np.array_equal(scaled, HEAD)


@pytest.mark.parametrize("modality", MODALITIES)
def test_scaled_values_lie_in_0_to_1(modality):
    volume = Volume(np.random.default_rng(0).normal(0, 500, SHAPE))
    scaled = choose_window(volume, modality).scale(volume.array)
    assert scaled.dtype == np.float32
    assert (scaled.min(), scaled.max()) == (0, 1)


@pytest.mark.parametrize("modality", ["mr", "pet"])
def test_a_slice_is_scaled_with_its_volume(modality):
    """The slices of a volume that grows brighter keep their order of brightness."""
    ramp = np.linspace(0.2, 1, SHAPE[0])[:, None, None]
    volume = Volume(HEAD * (1 + 99 * ramp))
    scaled = choose_window(volume, modality).scale(volume.array)
    assert np.all(np.diff(scaled[3:9, 20, 20]) > 0.05)
    turned = Volume(volume.array[::-1])
    assert np.array_equal(choose_window(turned, modality).scale(turned.array), scaled[::-1])


@pytest.mark.parametrize("ends", [(1, 1), (2, 1), (0, np.nan), (-np.inf, 1)])
def test_an_empty_window_is_refused(ends):
    with refused("intensity window"):
        Window(*ends)


def test_an_unknown_modality_is_refused():
    for function in (choose_window, background_level):
        with refused("'us'", "mr, ct, pet, spect"):
            function(noisy_mr(), "us")


# Background -------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_flat_background_is_found_exactly_and_one_grey_level_is_tissue(modality):
    grey = np.where(HEAD, 255.0, 0)
    grey[HEAD & ~ball(10)] = 1
    assert np.array_equal(mask(Volume(grey), modality), ~HEAD)


def test_air_of_a_ct_is_background_and_fat_is_not():
    ct = np.where(HEAD, 40.0, -1000.0) + np.random.default_rng(0).normal(0, 10, SHAPE)
    ct[HEAD & ~ball(12)] = -100
    ct[ball(3)] = -1000  # an air cell inside
    assert np.array_equal(mask(Volume(ct), "ct"), ~HEAD)


@pytest.mark.parametrize("sigma", [1, 5, 10])
def test_noisy_air_is_found_and_the_head_kept(sigma):
    found = mask(noisy_mr(sigma), "mr")
    assert found[~HEAD].mean() > 0.999
    assert not found[HEAD].any()


def test_noisy_air_is_found_whatever_the_order_of_the_axes():
    """The head reaches two faces of the volume; which two they are does not matter."""
    volume = noisy_mr()
    array = np.concatenate([volume.array[5:7]] * 6)  # a cylinder
    expected = background_level(Volume(array), "mr")
    for order in ((1, 0, 2), (2, 1, 0), (1, 2, 0)):
        assert background_level(Volume(array.transpose(order)), "mr") == pytest.approx(expected)


def test_noise_around_a_flat_border_is_found():
    """A scan that was padded with zeros after it was made."""
    array = np.pad(noisy_mr().array, ((0, 0), (5, 5), (5, 5)))
    head = np.pad(HEAD, ((0, 0), (5, 5), (5, 5)))
    assert not mask(Volume(array), "mr")[head].any()


@pytest.mark.parametrize("sigma", [0.5, 1, 3])
@pytest.mark.parametrize("kind", ["floats", "whole numbers", "whole numbers in a thin zero frame"])
def test_air_is_found_however_its_noise_is_stored(kind, sigma):
    head = noisy_mr(sigma, 200)
    array, wanted = head.array, ~HEAD
    if kind != "floats":
        array = np.round(array)
    if "frame" in kind:
        array = np.pad(array, 1)
        wanted = np.pad(wanted, 1, constant_values=True)
    found = mask(Volume(array), "mr")
    assert found[wanted].mean() > 0.999
    assert not found[~wanted].any()


def test_a_dark_border_that_is_not_background_is_a_warning():
    loud = noisy_mr(60, 500)
    assert "Little background" in background_warning(loud, "mr", background_level(loud, "mr"))
    for quiet in (noisy_mr(5), picture(255.0), picture(900.0, 400.0)):
        assert not background_warning(quiet, "mr", background_level(quiet, "mr"))


@pytest.mark.parametrize("modality", ["mr", "pet"])
def test_dark_tissue_within_the_head_stays(modality):
    volume = noisy_mr()
    array = volume.array.copy()
    array[ball(4)] *= 0.04  # as dark as the air
    found = mask(Volume(array), modality)
    assert not found[binary_erosion(HEAD)].any()


@pytest.mark.parametrize("modality", ["mr", "pet"])
def test_a_volume_filled_with_tissue_has_no_background(modality):
    tissue = Volume(np.random.default_rng(0).uniform(400, 900, SHAPE))
    assert not mask(tissue, modality).any()
