"""From a modality's own units to [0, 1], and what is background."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import refused
from scipy.ndimage import binary_erosion, distance_transform_edt

from MedFusionLib.sources.background import (
    background_level,
    background_mask,
    background_warning,
    gaps_warning,
    outside_value,
    with_gaps,
    without_gaps,
)
from MedFusionLib.sources.files import read_volume
from MedFusionLib.sources.hounsfield import in_hounsfield, units_warning
from MedFusionLib.sources.intensities import SHOULDER, Window, choose_window
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
    assert not in_hounsfield(ct)
    window = choose_window(ct, "ct")
    assert (window.lower, window.upper) == (0, 255 if top > 1 else 1)
    assert "already windowed" in window.how
    assert outside_value(ct, "ct") == 0


def test_a_ct_in_hu_is_surrounded_by_air():
    ct = Volume(np.linspace(-1024, 3071, 1000).reshape(10, 10, 10))
    assert in_hounsfield(ct)
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


@pytest.mark.parametrize("shoulder", [2.0, 9.9])
def test_a_shoulder_is_two_lines_of_which_the_lower_counts(shoulder):
    window = Window(1.0, 10.0, shoulder=shoulder)
    values = np.random.default_rng(0).uniform(-1, 12, 10_000).astype(np.float32)
    values[:4] = np.nan, 1.0, shoulder, 10.0
    rising = SHOULDER * (values - 1) / (shoulder - 1)
    bent = SHOULDER + (1 - SHOULDER) * (values - shoulder) / (10 - shoulder)
    expected = np.clip(np.minimum(rising, bent), 0, 1)
    found = window.scale(values)
    assert found.dtype == np.float32 and np.isnan(found[0])
    np.testing.assert_allclose(found, expected, atol=1e-6)


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


# Hounsfield units or grey levels ----------------------------------------------------------------


def stripped_ct(low=0, high=90):
    """Brain of 20 to 45 HU with noise, a bleed of 75 HU, no skull; 0 elsewhere."""
    random = np.random.default_rng(0)
    ct = np.where(HEAD, np.round(random.normal(32, 6, SHAPE)), 0)
    ct[ball(4)] = 75
    return Volume(np.clip(ct, low, high), name="ct")


def grey_ct():
    """The same in a brain window of 0 to 80 HU, as grey levels, the skull saturated."""
    grey = np.round(np.clip(stripped_ct().array / 80, 0, 1) * 255)
    grey[HEAD & ~ball(13)] = 255
    return Volume(grey, name="ct")


@pytest.mark.parametrize("ends", [(0, 90), (0, 80), (-20, 90)])
def test_a_ct_without_skull_or_clipped_is_in_hu(ends):
    ct = stripped_ct(*ends)
    assert in_hounsfield(ct)
    window = choose_window(ct, "ct")
    assert window.scale(np.array([75.0]))[0] == pytest.approx(0.633, abs=0.001)
    warning = units_warning(ct)
    assert "taken as HU" in warning and "choose grey levels" in warning and "--ct grey" in warning


@pytest.mark.parametrize("scale", [1, 1 / 255])
def test_grey_levels_are_told_by_their_middle_and_said(scale):
    grey = grey_ct()
    grey = grey.like(grey.array * scale, "ct")
    assert not in_hounsfield(grey)
    warning = units_warning(grey)
    assert "taken as grey levels" in warning and "choose HU" in warning and "--ct hu" in warning


@pytest.mark.parametrize(("volume", "hu"), [(stripped_ct(), False), (grey_ct(), True)])
def test_what_file_or_user_says_of_a_ct_holds(volume, hu):
    said = replace(volume, units="hu" if hu else "grey")
    assert in_hounsfield(said) == hu
    assert not units_warning(said)
    assert choose_window(said, "ct").upper == (130 if hu else 255)


# A bright rim -----------------------------------------------------------------------------------


def lit_by_a_coil(strength):
    """A head of 190 mm, its tissue 50 to 400, brighter towards the skin by a surface coil."""
    depth = distance_transform_edt(ball(19, (12, 40, 40)), sampling=(16, 5, 5))
    tissue = np.random.default_rng(0).uniform(50, 400, depth.shape)
    lit = 1 + strength * np.exp(-depth / 10)
    return Volume(np.where(depth > 0, tissue * lit, 0), (5, 5, 16)), depth


def test_a_bright_rim_does_not_set_the_window():
    volume, depth = lit_by_a_coil(6)
    window = choose_window(volume, "mr")
    brain = window.scale(volume.array)[depth > 40]
    assert brain.mean() > 0.2  # 0.13 where the scalp sets it
    assert "rim" in window.how


def test_a_rim_that_is_little_brighter_changes_nothing():
    volume, depth = lit_by_a_coil(0.5)
    window = choose_window(volume, "mr")
    assert window.upper == pytest.approx(np.percentile(volume.array[depth > 0], 99.5))
    assert "rim" not in window.how


def test_no_mr_without_a_surface_coil_has_a_bright_rim(shared):
    files = sorted(shared.glob("data/aanlib/*/*/*-mr.nrrd"))
    files.append(shared / "data/volumes/brainweb/mr-t1.nrrd")
    assert len(files) == 25
    for file in files:
        assert "rim" not in choose_window(read_volume(file), "mr").how, file.name


# Gaps -------------------------------------------------------------------------------------------


def z_scores():
    """A head's z-scores inside a mask, 0 around; some of its voxels are the darkest of all."""
    scores = np.where(HEAD, np.random.default_rng(0).normal(size=SHAPE), 0)
    return Volume(np.where(HEAD, np.clip(scores, -2, 3), 0), name="mr")


def test_zeros_around_z_scores_are_background():
    volume = z_scores()
    gapped = with_gaps(volume, "mr")
    assert np.array_equal(np.isnan(gapped.array), ~HEAD)
    assert np.array_equal(mask(gapped, "mr"), ~HEAD)
    window = choose_window(volume, "mr")
    assert (window.lower, window.upper) == pytest.approx((-2, 2.5), abs=0.15)
    assert "one value 0" in gapped.notes[0]


@pytest.mark.parametrize("value", [-32768, -1024])
def test_padding_far_below_all_tissue_is_no_value(value):
    volume = noisy_mr(8, 700)
    plain = choose_window(volume, "mr")
    padded = Volume(np.pad(volume.array, ((0, 0), (0, 0), (6, 6)), constant_values=value))
    head = np.pad(HEAD, ((0, 0), (0, 0), (6, 6)))
    window = choose_window(padded, "mr")
    assert (window.lower, window.upper) == pytest.approx((plain.lower, plain.upper), rel=0.01)
    found = mask(with_gaps(padded, "mr"), "mr")
    assert found[~head].mean() > 0.999
    assert not found[head].any()


def test_zeros_around_brain_in_hu_are_outside():
    gapped = with_gaps(stripped_ct(), "ct")
    assert np.array_equal(mask(gapped, "ct"), ~HEAD)
    assert outside_value(gapped, "ct") == -1000


@pytest.mark.parametrize(
    ("volume", "modality"),
    [
        (noisy_mr(), "mr"),
        (picture(300.0), "mr"),
        (picture(40.0, -1000.0), "ct"),
        (grey_ct(), "ct"),
        (picture(5.0), "pet"),
    ],
)
def test_what_has_ordinary_background_has_no_gaps(volume, modality):
    assert with_gaps(volume, modality) is volume
    assert without_gaps(volume, modality) is volume


@pytest.mark.parametrize("modality", ["mr", "pet"])
def test_nan_around_the_brain_changes_neither_window_nor_mask(modality):
    """As SPM and FreeSurfer write it."""
    values = np.random.default_rng(0).uniform(300, 900, SHAPE)
    zeros = Volume(np.where(HEAD, values, 0))
    nans = Volume(np.where(HEAD, values, np.nan))
    assert choose_window(nans, modality) == choose_window(zeros, modality)
    assert np.array_equal(mask(nans, modality), ~HEAD)
    assert np.array_equal(without_gaps(nans, modality).array, zeros.array)
    assert f"{1 - HEAD.mean():.2%}" in gaps_warning(nans)
    assert not gaps_warning(zeros)


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
