"""Sources made ready to fuse: checked, on one grid, in [0, 1]."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import refused

from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.intensities import Window
from MedFusionLib.sources.modalities import modalities_of
from MedFusionLib.sources.prepare import prepare
from MedFusionLib.sources.volumes import Volume, size_warning


def head(name, inside=500.0, outside=0.0, **grid):
    """A block of tissue, 8 voxels wide, in a volume of 12."""
    array = np.full((12, 12, 12), outside)
    array[2:-2, 2:-2, 2:-2] = inside + np.arange(512).reshape(8, 8, 8) / 10
    return Volume(array, **grid, name=name)


def noisy(name, outside, inside):
    """The block with noise around it: no voxel was filled in."""
    noise = np.random.default_rng(0).normal(0, 3, (12, 12, 12))
    volume = head(name, inside, outside)
    return volume.like(volume.array + noise, name)


def test_sources_come_onto_the_grid_of_the_first_and_into_0_to_1():
    mr = head("mr", spacing=(6, 6, 6))
    ct = head("ct", 0, -1000, spacing=(12, 12, 12), origin=(-36, -36, -36))
    sources = prepare([mr, ct], ["mr", "ct"])
    assert np.array_equal(sources.reference.array, mr.array)
    for volume, scaled in zip(sources.volumes, sources.scaled, strict=True):
        assert np.array_equal(volume.matrix, mr.matrix)
        assert scaled.shape == mr.shape
        assert scaled.min() >= 0 and scaled.max() <= 1
    assert sources.coverage == (1, 1)
    assert sources.warnings == ()


def test_background_is_where_no_source_holds_anything():
    mr, pet = head("mr"), head("pet", origin=(3, 0, 0))
    sources = prepare([mr, pet], ["mr", "pet"])
    tissue = np.zeros(mr.shape, bool)
    tissue[2:-2, 2:-2, 2:-2] = True
    tissue[2:-2, 2:-2, 5:] = True
    assert np.array_equal(sources.background, ~tissue)


def test_beyond_the_second_volume_lies_its_background():
    mr = head("mr", origin=(0, 0, 0))
    ct = head("ct", 0, -1000, origin=(0, 0, 8))
    sources = prepare([mr, ct], ["mr", "ct"])
    assert np.all(sources.volumes[1].array[:7] == -1000)
    assert np.all(sources.scaled[1][:7] == 0)
    assert not sources.background[2:7, 2:-2, 2:-2].any()  # the MR goes on there


@pytest.mark.parametrize(("shift", "warns"), [(7, True), (5, False)])
def test_little_overlap_is_a_warning(shift, warns):
    sources = prepare([head("mr"), head("pet", origin=(shift, 0, 0))], ["mr", "pet"])
    assert sources.coverage[1] == pytest.approx(1 - shift / 12)
    assert any("Only 42% of mr lies inside pet" in w for w in sources.warnings) == warns


def test_an_overlap_of_less_than_a_percent_is_said_so():
    far = Volume(np.random.default_rng(0).random((12, 12, 12)), origin=(11, 11, 11), name="pet")
    warnings = prepare([head("mr"), far], ["mr", "pet"]).warnings
    assert any(w.startswith("Less than 1% of mr lies inside pet;") for w in warnings)


def test_a_given_window_replaces_the_default():
    given = Window(0, 1000)
    sources = prepare([head("mr"), head("pet", 7)], ["mr", "pet"], [given, None])
    assert sources.windows[0] is given
    assert sources.windows[0].how == "given by the user"
    assert "percentile" in sources.windows[1].how
    assert np.allclose(sources.scaled[0], head("mr").array / 1000)


@pytest.mark.parametrize(
    ("volume", "modality", "words"),
    [
        (noisy("pet", -1000, 30), "pet", "is it really PET"),
        (noisy("ct", 0, 600), "ct", "holds no air"),
        (noisy("ct", 3, 1060), "ct", "rescale intercept"),
    ],
)
def test_values_that_do_not_suit_the_modality_are_a_warning(volume, modality, words):
    warnings = prepare([head("mr"), volume], ["mr", modality]).warnings
    assert any(words in warning for warning in warnings)


def test_a_window_beside_all_values_is_a_warning():
    volumes = [head("mr"), head("pet", 7)]
    warnings = prepare(volumes, ["mr", "pet"], [Window(1e4, 2e4), None]).warnings
    assert any("outside its intensity window" in warning for warning in warnings)


def test_the_same_volume_twice_is_refused():
    with refused("mr and copy", "given twice"):
        prepare([head("mr"), head("copy")], ["mr", "pet"])


def test_a_volume_that_says_it_is_another_modality_is_refused():
    pet = replace(head("a", 7), modality="pet")
    assert prepare([head("mr"), pet], ["mr", "pet"])
    for volumes, modalities in (([pet, head("b")], "pet"), ([head("b"), pet], "ct")):
        with refused("PET by its DICOM header"):
            prepare(volumes, ["mr", modalities])


def test_exchanged_volumes_are_a_warning():
    phantom = make_phantom((16, 48, 48))
    right = prepare([phantom.t1, phantom.pet], ["mr", "pet"])
    wrong = prepare([phantom.pet, phantom.t1], ["mr", "pet"])
    assert not any("exchanged" in warning for warning in right.warnings)
    assert any("were the two exchanged" in warning for warning in wrong.warnings)


def test_a_pet_given_as_a_ct_is_a_warning():
    phantom = make_phantom((16, 48, 48))
    warnings = prepare([phantom.t1, phantom.pet], ["mr", "ct"]).warnings
    assert any("is it a CT" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("shape", "spacing", "words"),
    [
        ((12, 12, 12), (1000, 1000, 1000), "pet measures 12000 x 12000 x 12000 mm, in voxels of"),
        ((12, 12, 12), (200, 200, 200), "in voxels of 200 x 200 x 200 mm"),  # 20 mm, ten times
        ((12, 12, 12), (2, 2, 2), "pet measures 24 x 24 x 24 mm, in voxels of 2 x 2 x 2 mm"),
        ((12, 12, 12), (20, 20, 20), ""),
        ((1, 12, 12), (20, 20, 3), ""),  # a slice
        ((200, 12, 12), (50, 50, 10), ""),  # a whole body
    ],
)
def test_what_is_no_head_in_mm_is_a_warning(shape, spacing, words):
    pet = Volume(np.random.default_rng(0).random(shape), spacing, name="pet")
    warning = size_warning(pet)
    assert words in warning and bool(words) == ("another unit than mm" in warning)
    warnings = prepare([head("mr", spacing=(20, 20, 20)), pet], ["mr", "pet"]).warnings
    assert (warning in warnings) == bool(words)


def test_metres_taken_for_mm_are_named_where_nothing_overlaps():
    pet = head("pet", 7, spacing=(0.02, 0.02, 0.02), origin=(90.1, 90.1, 90.1))
    with refused("do not overlap", "pet measures 0.24 x 0.24 x 0.24 mm", "another unit than mm"):
        prepare([head("mr", spacing=(20, 20, 20)), pet], ["mr", "pet"])


def test_how_a_volume_was_read_is_said():
    mr, pet = head("mr", spacing=(6, 6, 6)), head("a", 7, spacing=(6, 6, 6))
    tilted = replace(pet, notes=("It was tilted.",))
    assert prepare([mr, tilted], ["mr", "pet"]).warnings == ("It was tilted.",)


@pytest.mark.parametrize("which", [0, 1])
def test_a_source_with_infinite_voxels_is_refused(which):
    volumes = [head("mr"), head("pet")]
    volumes[which].array[0, 0, 0] = np.inf
    with refused(volumes[which].name, "1 infinite"):
        prepare(volumes, ["mr", "pet"])


def test_a_source_of_nan_alone_is_refused():
    with refused("pet", "NaN alone"):
        prepare([head("mr"), head("pet", np.nan, np.nan)], ["mr", "pet"])


@pytest.mark.parametrize("which", [0, 1])
def test_a_constant_source_is_refused(which):
    volumes = [head("mr"), head("pet")]
    volumes[which].array[:] = 4
    with refused(volumes[which].name, "constant"):
        prepare(volumes, ["mr", "pet"])


def test_sources_apart_in_space_are_refused():
    with refused("do not overlap"):
        prepare([head("mr"), head("pet", origin=(100, 0, 0))], ["mr", "pet"])


def test_modalities_of_pairs_and_triples():
    assert modalities_of("pet-mr") == ("mr", "pet")
    assert modalities_of("pet-mr", "ct") == ("mr", "pet", "ct")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("mr-pet",), "ct-mr, pet-mr, spect-mr"),
        (("pet-mr", "pet"), "cannot be 'pet'"),
        (("pet-mr", "mr"), "cannot be 'mr'"),
    ],
)
def test_unknown_pairs_and_thirds_are_refused(settings, words):
    with refused(words):
        modalities_of(*settings)


def test_nan_in_either_source_is_outside_of_its_field_of_view():
    whole = prepare([head("mr"), head("pet", 7)], ["mr", "pet"])
    volumes = [head("mr", 500, np.nan), head("pet", 7, np.nan)]
    sources = prepare(volumes, ["mr", "pet"])
    assert np.array_equal(sources.background, whole.background)
    for scaled, wanted in zip(sources.scaled, whole.scaled, strict=True):
        np.testing.assert_array_equal(scaled, wanted)
    assert sum("70.37% of" in warning for warning in sources.warnings) == 2


def test_a_head_of_z_scores_is_0_outside_and_keeps_its_grey_levels_inside():
    scores = head("mr")
    inside = scores.array > 0
    scores = scores.like(np.where(inside, (scores.array - 525) / 15, 0), "mr")
    sources = prepare([scores, head("pet", 7)], ["mr", "pet"])
    assert np.array_equal(sources.background, ~inside)
    mr = sources.scaled[0]
    assert mr[~inside].max() == 0
    correlation = np.corrcoef(mr[inside], scores.array[inside])[0, 1]
    assert correlation > 0.99  # the window cuts off both ends


def test_what_is_much_finer_than_the_reference_is_averaged_and_said():
    thick = Volume(np.random.default_rng(0).uniform(300, 900, (4, 12, 12)), (2, 2, 6), name="mr")
    fine = Volume(np.full((24, 24, 24), -20.0), name="ct")
    fine.array[3, 12, 12] = 980  # between the first two slices
    sources = prepare([thick, fine], ["mr", "ct"])
    assert sources.volumes[1].array.max() > -20
    assert any("averaged over each voxel" in warning for warning in sources.warnings)
