"""Volumes meet in world coordinates, however they are stored."""

import numpy as np
import pytest
from helpers import Grid, few, grids, positions, refused, storages, stored_as
from hypothesis import given
from hypothesis import strategies as st

from MedFusionLib.sources.volumes import (
    AXES,
    Volume,
    check_values,
    from_slices,
    resample,
    same_grid,
    samples_within,
    slice_order,
    to_sitk,
    to_slices,
)

OUTSIDE = -777.0
EYE = np.eye(3)


def linear(points):
    return 3 + points @ [0.2, -0.3, 0.5]


def smooth(points):
    x, y, z = np.moveaxis(points, -1, 0)
    return np.sin(x / 20) + np.cos(y / 25) * np.sin(z / 15)


def offsets(volume, reference):
    """How many voxels the reference's voxels lie from the middle of a volume, along its axes."""
    steps = volume.direction * volume.spacing
    middle = volume.origin + steps @ (np.array(volume.shape[::-1]) - 1) / 2
    return np.abs((positions(reference) - middle) @ volume.direction) / volume.spacing


@few
@given(moving=grids(), reference=grids())
def test_a_function_resampled_is_the_function_on_the_other_grid(moving, reference):
    # linear interpolation errs by at most h^2 / 8 times the second derivative
    for function, tolerance in ((linear, 1e-4), (smooth, 0.02)):
        reached, _ = resample(moving.filled(function), reference.filled(function), OUTSIDE)
        expected = reference.filled(function)
        between = (
            offsets(moving.filled(function), expected) < np.array(moving.shape[::-1]) / 2 - 0.5
        )
        between = between.all(-1)
        assert np.allclose(reached.array[between], expected.array[between], atol=tolerance)


@few
@given(moving=grids(), reference=grids())
def test_inside_is_the_box_of_the_voxels_and_outside_it_is_the_background(moving, reference):
    moving, reference = moving.filled(linear), reference.filled(linear)
    seven = moving.like(np.full(moving.shape, 7.0), "seven")
    reached, inside = resample(seven, reference, OUTSIDE)
    half, offset = np.array(moving.shape[::-1]) / 2, offsets(moving, reference)
    assert inside[(offset < half - 1e-4).all(-1)].all()
    assert not inside[(offset > half + 1e-4).any(-1)].any()
    assert np.allclose(reached.array[inside], 7)
    assert np.all(reached.array[~inside] == OUTSIDE)


@few
@given(grid=grids())
def test_resampling_onto_the_own_grid_changes_nothing(grid):
    volume = grid.filled(smooth)
    reached, inside = resample(volume, volume.like(0 * volume.array, "grid"), OUTSIDE)
    assert np.array_equal(reached.array, volume.array) and inside.all()


@few
@given(grid=grids(), storage=storages)
def test_resampling_onto_the_own_grid_stored_otherwise_reorders_only(grid, storage):
    volume = grid.filled(smooth)
    other = stored_as(volume, *storage)
    reached, inside = resample(volume, other, OUTSIDE)
    assert inside.all()
    assert np.allclose(reached.array, other.array, atol=1e-5)


def test_a_single_slice_reaches_half_a_voxel_to_both_sides():
    slice_ = Volume(np.arange(12).reshape(1, 3, 4), spacing=(1, 1, 4))
    fine = Volume(np.zeros((7, 3, 4)), origin=(0, 0, -3))
    reached, inside = resample(slice_, fine, OUTSIDE)
    assert inside.all((1, 2)).tolist() == [False, True, True, True, True, True, False]
    assert np.allclose(reached.array[1:-1], slice_.array)


def test_a_feature_between_thick_slices_is_averaged_into_both():
    """A ball of 4 mm halfway between slices 6 mm apart keeps its sum and its place."""
    fine = Volume(np.zeros((50, 40, 40)), (0.9, 0.9, 0.9), (-18, -18, -22))
    ball = np.linalg.norm(positions(fine) - (2, -3, 0), axis=-1) < 2.2
    fine = fine.like(np.where(ball, 900.0, 0.0), "ct")
    thick = Volume(np.zeros((6, 16, 16)), (2, 2, 6), (-16, -16, -15))
    samples = samples_within(fine, thick)
    assert samples == (2, 2, 7)
    averaged = resample(fine, thick, 0, samples)[0].array
    point = resample(fine, thick, 0)[0].array
    assert point.max() == 0
    assert averaged[2].max() > 200 and averaged[3].max() > 200
    volume = np.prod(thick.spacing) / np.prod(fine.spacing)
    assert averaged.sum() * volume == pytest.approx(fine.array.sum(), rel=0.02)
    weights = averaged[..., None] / averaged.sum()
    assert np.allclose((positions(thick) * weights).sum((0, 1, 2)), (2, -3, 0), atol=0.2)


@few
@given(moving=grids(), reference=grids())
def test_an_averaged_linear_function_keeps_its_place(moving, reference):
    """The mean of a linear function over a voxel is its value in the middle."""
    volume = moving.filled(linear)
    onto = reference.filled(linear)
    found, _ = resample(volume, onto, OUTSIDE, (2, 3, 2))
    reach = np.array(moving.shape[::-1]) / 2 - 0.5
    reach = reach - np.linalg.norm(reference.spacing) / 2 / np.array(moving.spacing)
    deep = (offsets(volume, onto) < reach).all(-1)
    assert np.allclose(found.array[deep], onto.array[deep], atol=1e-3)


def test_gaps_weigh_nothing():
    """NaN in a volume neither spreads nor darkens what lies beside it."""
    fine = Volume(np.full((8, 8, 8), 5.0), (1, 1, 1))
    fine.array[:, :, 5:] = np.nan
    onto = Volume(np.zeros((8, 8, 8)), (1, 1, 1), (0.3, 0, 0))
    found, inside = resample(fine, onto, -7)
    assert inside.all()
    assert np.allclose(found.array[:, :, :5], 5)
    assert np.isnan(found.array[:, :, 5:]).all()


def test_volumes_that_do_not_overlap_are_refused():
    here = Volume(np.zeros((4, 4, 4)), name="mr")
    there = Volume(np.zeros((4, 4, 4)), origin=(5, 0, 0), name="pet")
    with refused("mr", "pet", "do not overlap"):
        resample(there, here, 0)


def test_same_grid_sees_a_shift_a_turn_and_another_spacing():
    volume = Volume(np.zeros((4, 5, 6)))
    turned = np.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 1]])
    assert same_grid(volume, Volume(np.ones((4, 5, 6)), origin=(1e-5, 0, 0)))
    assert not same_grid(volume, Volume(np.zeros((4, 5, 5))))
    assert not same_grid(volume, Volume(np.zeros((4, 5, 6)), origin=(0.1, 0, 0)))
    assert not same_grid(volume, Volume(np.zeros((4, 5, 6)), spacing=(1, 1, 1.01)))
    assert not same_grid(volume, Volume(np.zeros((4, 5, 6)), direction=turned))


# Slices -----------------------------------------------------------------------------------------


@few
@given(grid=grids(), axis=st.sampled_from([*AXES, "native"]))
def test_slices_go_back_to_where_they_came_from(grid, axis):
    volume = grid.filled(smooth)
    layout = slice_order(volume, axis)
    assert np.array_equal(from_slices(to_slices(volume.array, *layout), *layout), volume.array)


@few
@given(storage=storages, axis=st.sampled_from(list(AXES)))
def test_slices_are_the_same_pictures_however_the_volume_is_stored(storage, axis):
    volume = Grid((4, 5, 6), (1, 2, 3), EYE).filled(smooth)
    other = stored_as(volume, *storage)
    pictures = (to_slices(v.array, *slice_order(v, axis)) for v in (volume, other))
    assert np.array_equal(*pictures)


@pytest.mark.parametrize(
    ("axis", "grows"),
    [("axial", "+S +P +L"), ("coronal", "+P -S +L"), ("sagittal", "+L -S +P")],
)
@few
@given(storage=storages, tilt=st.floats(-30, 30))
def test_slices_are_turned_as_readers_see_them(axis, grows, storage, tilt):
    """Axial: anterior up, the patient's left on the right; coronal, sagittal: the head up."""
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    tilted = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    volume = stored_as(Grid((4, 5, 6), (1, 1.5, 2), tilted).filled(smooth), *storage)
    slices = to_slices(positions(volume), *_with_colours(slice_order(volume, axis)))
    for along, (sign, world) in enumerate(grows.split()):
        steps = np.diff(slices[..., "LPS".index(world)], axis=along)
        assert np.all(steps > 0 if sign == "+" else steps < 0)


def _with_colours(layout):
    return (*layout[0], 3), layout[1]


def test_native_slices_are_the_stored_ones():
    volume = Volume(np.arange(24).reshape(2, 3, 4), direction=-EYE)
    assert np.array_equal(to_slices(volume.array, *slice_order(volume, "native")), volume.array)


def test_an_unknown_axis_is_refused():
    with refused("diagonal", "axial, coronal, sagittal or native"):
        slice_order(Volume(np.zeros((2, 2, 2))), "diagonal")


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 4), (2, 4, 4, 4), (4, 4, 4, 3)])
def test_what_is_not_a_scalar_3d_volume_is_refused(shape):
    with refused("mr", f"{len(shape)} dimensions"):
        Volume(np.zeros(shape), name="mr")


@pytest.mark.parametrize(
    ("spacing", "direction"),
    [
        ((1, 0, 1), EYE),
        ((1, np.nan, 1), EYE),
        ((1, 1, np.inf), EYE),
        ((1, 1, 1), [[1, 1, 0], [0, 0, 0], [0, 0, 1]]),
        ((1, 1, 1), np.zeros((3, 3))),
    ],
)
def test_a_singular_geometry_is_refused(spacing, direction):
    with refused("mr", "singular"):
        Volume(np.zeros((2, 2, 2)), spacing, direction=direction, name="mr")


def test_an_origin_that_is_not_finite_is_refused():
    with refused("mr", "origin"):
        Volume(np.zeros((2, 2, 2)), origin=(0, np.nan, 0), name="mr")


def test_direction_columns_that_are_not_unit_vectors_are_refused():
    with refused("mr", "unit vectors"):
        Volume(np.zeros((2, 2, 2)), direction=2 * np.eye(3), name="mr")


def test_sheared_axes_are_refused():
    with refused("mr", "sheared", "30.0 degrees"):
        Volume(
            np.zeros((2, 2, 2)),
            direction=[[1, 0.5, 0], [0, np.sqrt(0.75), 0], [0, 0, 1]],
            name="mr",
        )


def test_directions_rounded_as_in_dicom_headers_are_accepted():
    direction = np.round(Grid((2, 2, 2), (1, 1, 1), _oblique()).direction, 4)
    assert np.array_equal(Volume(np.zeros((2, 2, 2)), direction=direction).direction, direction)


def _oblique():
    c, s = np.cos(0.3), np.sin(0.3)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0, np.nan, np.inf, 1], "2 NaN or infinite voxels; replace them"),
        ([3, 3, 3, 3], "constant (every voxel is 3)"),
        ([], "no voxels"),
    ],
)
def test_values_that_cannot_be_fused_are_refused(values, words):
    with refused("mr", words):
        check_values(Volume(np.reshape(values, (1, 1, -1)), name="mr"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0, np.nan, np.inf, 1], "1 infinite voxel; replace it"),
        ([np.nan, 2, 2], "constant"),
        ([np.nan] * 2, "alone"),
    ],
)
def test_values_that_cannot_be_fused_with_gaps_are_refused(values, words):
    with refused("mr", words):
        check_values(Volume(np.reshape(values, (1, 1, -1)), name="mr"), gaps=True)


def test_other_values_have_to_fit_the_grid():
    with pytest.raises(ValueError, match="does not fit"):
        Volume(np.zeros((2, 2, 2))).like(np.zeros((2, 2, 3)), "other")


@few
@given(grid=grids())
def test_simpleitk_sees_the_voxels_where_they_are(grid):
    volume = grid.filled(linear)
    image = to_sitk(volume)
    k, j, i = (n - 1 for n in volume.shape)
    assert image.GetPixel(i, j, k) == volume.array[-1, -1, -1]
    assert np.allclose(
        image.TransformIndexToPhysicalPoint((i, j, k)), positions(volume)[-1, -1, -1], atol=1e-6
    )
