"""Two volumes in, a fused one out, with what each contributed, on the digital head."""

import json

import numpy as np
import pytest
from helpers import (
    as_stored_before,
    few,
    random_method,
    refused,
    storages,
    stored_as,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, binary_erosion, generate_binary_structure

from MedFusionLib.colour.coding import Coding
from MedFusionLib.colour.mode import GRADIENT_NOTE
from MedFusionLib.errors import Cancelled
from MedFusionLib.fusion import fuse, fuse_slice
from MedFusionLib.methods.weights import save_weights, weights_path
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.phantom.tissues import LABELS
from MedFusionLib.phantom.truth import SHOWS
from MedFusionLib.report import NOTICE, Report
from MedFusionLib.sources import background
from MedFusionLib.sources.files import sha256
from MedFusionLib.sources.intensities import Window
from MedFusionLib.sources.volumes import Volume, resample, same_grid, to_sitk

PLANTED = [
    ("lesion", "pet-mr"),
    ("calcification", "ct-mr"),
    ("oedema", "ct-mr"),
    ("oedema", "pet-mr"),
]


@pytest.fixture(scope="module")
def head():
    return make_phantom((32, 64, 64))


@pytest.fixture(scope="module")
def small():
    return make_phantom((16, 40, 40))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """FunFuseAn with random weights, as `fuse` is told."""
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_weights(random_method("funfusean", deviation=0.05), path, {"network": "funfusean"})
    return {"method": "funfusean", "weights": path}


@pytest.fixture(scope="module")
def fused(small, weights):
    return fuse(small.t1, small.pet, "pet-mr", **weights, device="cpu")


def everything(fusion):
    return [fusion.fused.array, *(part.array for part in fusion.contributions)]


# Grid and background ----------------------------------------------------------------------------


def test_every_result_lies_on_the_grid_of_the_first(small, fused):
    assert not same_grid(small.t1, small.pet)
    for volume in (fused.fused, *fused.contributions, *fused.sources.volumes):
        assert volume.shape == small.t1.shape
        assert np.array_equal(volume.matrix, small.t1.matrix)
    assert fused.colour.shape == (*small.t1.shape, 3)
    assert fused.colour.dtype == np.uint8


def test_all_is_0_where_both_are_background(fused):
    background = fused.sources.background
    assert 0.2 < background.mean() < 0.9
    for part in (*everything(fused), fused.baseline, fused.colour):
        assert not part[background].any()
    assert np.mean(fused.fused.array[~background] != 0) > 0.5  # random weights go below 0, too


def test_dim_tissue_is_not_lost():
    """One grey level of 255 above a flat background is fused, not cut away."""
    array = np.zeros((8, 24, 24))
    array[2:6, 4:20, 4:20] = 1
    dim = array == 1
    array[2:6, 8:16, 8:16] = 255
    mr, ct = Volume(array), Volume(np.where(array > 1, array, 0))
    result = fuse(mr, ct, "ct-mr", method="maximum", windows=[Window(0, 255), None])
    assert np.array_equal(result.sources.background, array == 0)
    assert np.allclose(result.fused.array[dim & (array == 1)], 1 / 255)


def test_the_second_volume_is_found_in_the_world(small):
    """Other voxels around it and another origin do not move the PET."""
    pet = small.pet
    padded = np.pad(pet.array, ((3, 0), (0, 2), (1, 1)))
    origin = pet.matrix @ [-1, 0, -3, 1]
    moved = Volume(padded, pet.spacing, origin[:3], pet.direction, "PET")
    first, second = (
        fuse(
            small.t1, volume, "pet-mr", method="average", windows=[None, Window(0, 12)]
        ).sources.scaled[1]
        for volume in (pet, moved)
    )
    deep = binary_erosion(resample(pet, small.t1, 0)[1])
    assert first[deep].max() > 0.5
    assert np.abs(first - second)[deep].max() < 1e-4


@few
@given(storage=storages, which=st.sampled_from(["first", "second"]))
def test_the_result_does_not_depend_on_how_the_volumes_are_stored(small, storage, which):
    expected = fuse(small.t1, small.pet, "pet-mr", method="laplacian-pyramid")
    first, second = small.t1, small.pet
    if which == "first":
        first = stored_as(first, *storage)
    else:
        second = stored_as(second, *storage)
    result = fuse(first, second, "pet-mr", method="laplacian-pyramid")
    parts = zip(
        [*everything(result), result.sources.background],
        [*everything(expected), expected.sources.background],
        strict=True,
    )
    for found, wanted in parts:
        if which == "first":
            found = as_stored_before(found, *storage)
        assert np.mean(np.abs(found - 1.0 * wanted) > 1e-4) < 1e-4


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal", "native"])
def test_slices_of_every_axis_go_back_to_their_places(small, axis):
    result = fuse(small.t1, small.ct, "ct-mr", method="maximum", axis=axis)
    first, second = result.sources.scaled
    expected = np.where(result.sources.background, 0, np.maximum(first, second))
    assert np.array_equal(result.fused.array, expected)


# Contributions ----------------------------------------------------------------------------------


def test_shares_sum_to_what_fusing_added(fused):
    total = sum(part.array for part in fused.contributions)
    assert np.abs(total - (fused.fused.array - fused.baseline)).max() < 1e-5
    assert fused.report.share_sum_error < 1e-5


@pytest.mark.parametrize(
    ("mode", "asked", "kind"),
    [
        ("fused", None, "share"),
        ("paper", None, "gradient"),
        ("fused", "gradient", "gradient"),
        ("paper", "share", "share"),
    ],
)
def test_each_colour_mode_has_its_contributions_unless_others_are_asked_for(
    small, weights, mode, asked, kind
):
    result = fuse(
        small.t1,
        small.pet,
        "pet-mr",
        **weights,
        contributions=asked,
        coding=Coding(mode),
        device="cpu",
    )
    assert result.contribution_kind == kind
    assert (result.baseline is None) == (kind == "gradient")
    assert [part.name for part in result.contributions] == [f"MR T1 {kind}", f"PET {kind}"]


def test_the_result_does_not_depend_on_the_batch(small, fused, weights):
    other = fuse(small.t1, small.pet, "pet-mr", **weights, device="cpu", batch=5)
    for found, expected in zip(everything(other), everything(fused), strict=True):
        assert np.array_equal(found, expected)


def test_fused_values_lie_in_0_to_1_and_shares_sum_to_them(fused):
    assert fused.fused.array.min() >= 0 and fused.fused.array.max() <= 1
    total = sum(part.array for part in fused.contributions)
    np.testing.assert_allclose(total, fused.fused.array - fused.baseline, atol=1e-6)


def test_a_third_volume_is_fused_in_turn(small):
    result = fuse(
        small.t1, small.pet, "pet-mr", third=small.ct, third_modality="ct", method="maximum"
    )
    expected = np.maximum.reduce(result.sources.scaled)
    expected[result.sources.background] = 0
    assert np.array_equal(result.fused.array, expected)
    assert len(result.contributions) == 3
    total = sum(part.array for part in result.contributions)
    assert np.abs(total - result.fused.array).max() < 1e-5
    assert result.colour.shape == (*small.t1.shape, 3)


# Colour and report ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "coding", [Coding("paper"), Coding("paper", 0.2, "viridis"), Coding("fused", 1)]
)
def test_recolouring_equals_a_fresh_fusion_in_that_coding(small, fused, weights, coding):
    fresh = fuse(
        small.t1,
        small.pet,
        "pet-mr",
        **weights,
        contributions="share",
        coding=coding,
        device="cpu",
    )
    assert np.array_equal(fused.recolour(coding), fresh.colour)


def test_the_report_says_what_the_result_is_made_of(fused, weights):
    report = json.loads(json.dumps(fused.report.to_dict()))
    assert report["notice"] == NOTICE
    assert [source["modality"] for source in report["inputs"]] == ["mr", "pet"]
    for source, window in zip(report["inputs"], fused.sources.windows, strict=True):
        assert source["window"] == [window.lower, window.upper]
        assert source["window_from"] == window.how
    assert report["inputs"][0]["inside_reference"] == 1
    assert 0.3 < report["inputs"][1]["inside_reference"] < 1
    assert (report["network"], report["pair"]) == ("funfusean", "pet-mr")
    assert report["weights_sha256"] == [sha256(weights["weights"])]
    assert (
        report["parameters"].items()
        >= {
            "axis": "axial",
            "contributions": "share",
            "steps": 1,
            "samples": 1,
            "colour": "sources",
            "omega": 0.6,
            "colormap": "jet",
            "more_colours": [],
        }.items()
    )
    assert report["background_fraction"] == pytest.approx(fused.sources.background.mean(), abs=1e-4)
    assert report["device"].startswith("cpu")
    assert report["version"] and report["seconds"] >= 0
    assert report["warnings"] == list(fused.warnings)
    assert Report.from_dict(report) == fused.report


def test_one_slice_is_the_same_as_in_the_whole(small):
    whole = fuse(small.t1, small.pet, "pet-mr", method="maximum")
    point = small.t1.matrix @ [20, 20, 9, 1]
    one = fuse_slice(whole.sources, "pet-mr", point[:3], method="maximum")
    assert (one.number, one.count) == (9, 16)
    assert np.array_equal(one.fused, whole.fused.array[9])
    assert np.array_equal(one.colour, whole.colour[9])


# Progress and refusals --------------------------------------------------------------------------


def test_progress_and_cancel_reach_the_slices(small):
    counts = []
    with pytest.raises(Cancelled):
        fuse(
            small.t1,
            small.pet,
            "pet-mr",
            method="average",
            batch=2,
            progress=lambda *n: counts.append(n),
            cancelled=lambda: len(counts) == 2,
        )
    assert [done for done, _ in counts] == [2, 4]
    assert 4 < counts[0][1] <= 16


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pair": "mr-pet"}, "no pair 'mr-pet'"),
        ({"method": "magic"}, "no method 'magic'"),
        ({"axis": "up"}, "no slice axis 'up'"),
        ({"contributions": "all"}, "gradient, share"),
        ({"steps": 0}, "steps is 0"),
        ({"samples": -1}, "samples is -1"),
        ({"batch": 0}, "batch is 0"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"third_modality": "ct"}, "third volume and its modality"),
    ],
)
def test_bad_settings_are_refused(small, settings, words):
    options = {"pair": "pet-mr", "method": "average", **settings}
    with refused(words):
        fuse(small.t1, small.pet, **options)


def test_weights_of_another_network_are_refused(small, weights):
    with refused("trained for the network"):
        fuse(small.t1, small.pet, "pet-mr", method="badal-regas", weights=weights["weights"])


# Planted truth ----------------------------------------------------------------------------------


def around(head, name):
    """A planted thing without its rim in the slices, and the white matter around it."""
    others = binary_dilation(np.any(list(head.truth.values()), axis=0))
    near = binary_dilation(head.truth[name], iterations=3)
    in_plane = generate_binary_structure(3, 1) & (np.arange(3) == 1)[:, None, None]
    return binary_erosion(head.truth[name], in_plane), near & ~others & (
        head.labels == LABELS["white"]
    )


@pytest.mark.parametrize(("name", "pair"), PLANTED)
@pytest.mark.parametrize("network", ["maximum", "funfusean"])
def test_a_planted_thing_stands_out_and_its_colour_says_which_modality_showed_it(
    head, network, name, pair
):
    if network == "funfusean" and not weights_path(network, pair).is_file():
        pytest.skip(f"{weights_path(network, pair).name} is not trained yet")
    second = {"pet-mr": head.pet, "ct-mr": head.ct}[pair]
    result = fuse(head.t2, second, pair, method=network, device="cpu")
    inside, outside = around(head, name)

    fused = result.fused.array
    brighter = np.mean(fused[inside][:, None] > fused[outside])  # the area under the ROC curve
    assert brighter > 0.9

    colour = result.recolour(Coding("fused")).astype(int)
    orange = (colour[..., 0] - colour[..., 2]) / np.maximum(colour.max(-1), 1)  # else azure
    if SHOWS[name] == "mr":
        assert orange[inside].mean() < -0.15 < orange[outside].mean()
    else:
        assert orange[inside].mean() > 0.15 > orange[outside].mean()


@pytest.mark.parametrize("which", ["t1", "t2"])
def test_what_the_oedema_changes_is_in_the_share_of_the_mr(head, which):
    """Bright in T2 and dark in T1."""
    result = fuse(getattr(head, which), head.ct, "ct-mr", method="maximum")
    inside, outside = around(head, "oedema")
    first, second = (
        part.array[inside].mean() - part.array[outside].mean() for part in result.contributions
    )
    assert abs(first) > 5 * abs(second)
    assert (first > 0) == (which == "t2")


def test_a_report_with_gradients_says_what_they_do_not_say(small):
    fusion = fuse(small.t1, small.pet, "pet-mr", method="average", coding=Coding("paper"))
    assert GRADIENT_NOTE in fusion.warnings and GRADIENT_NOTE in fusion.report.warnings
    shares = fuse(small.t1, small.pet, "pet-mr", method="average")
    assert GRADIENT_NOTE not in shares.warnings


def test_images_of_simpleitk_and_arrays_with_spacing_are_volumes_too(small):
    wanted = fuse(small.t1, small.pet, "pet-mr", method="maximum")
    images = [to_sitk(volume) for volume in (small.t1, small.pet)]
    by_image = fuse(*images, "pet-mr", method="maximum")
    np.testing.assert_array_equal(by_image.fused.array, wanted.fused.array)
    assert by_image.fused.origin == wanted.fused.origin
    assert [part.name for part in by_image.report.inputs] == ["MR", "PET"]
    arrays = [(part.array, small.t1.spacing) for part in (small.t1, small.t2)]
    assert fuse(*arrays, "ct-mr", method="maximum").fused.spacing == small.t1.spacing


@pytest.mark.parametrize("thing", ["mr.nrrd", np.zeros((4, 4, 4)), (np.zeros((4, 4, 4)), 1)])
def test_what_is_no_volume_is_refused(small, thing):
    with refused("PET is no volume", "SimpleITK"):
        fuse(small.t1, thing, "pet-mr")


def test_another_report_costs_no_colours_anew(small):
    fusion = fuse(small.t1, small.pet, "pet-mr", method="maximum")
    other = fusion.with_report(seconds=1.0)
    assert (other.report.seconds, other.fused) == (1.0, fusion.fused)
    assert fusion.report.seconds != 1.0
    known = fusion.coordinates
    assert fusion.with_report(seconds=2.0).coordinates is known


def test_what_alignment_and_preparing_both_ask_is_worked_out_once(small, monkeypatch):
    asked = []
    look = background._filled_in

    def counted(volume, modality):
        asked.append(volume)
        return look(volume, modality)

    monkeypatch.setattr(background, "_filled_in", counted)
    fuse(small.t1, small.pet, "pet-mr", method="maximum", align="check")
    for volume in (small.t1, small.pet):
        assert sum(one is volume for one in asked) == 1
