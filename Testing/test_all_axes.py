"""The axis "all": the mean of the fusions along three axes, with contributions that still sum."""

import numpy as np
import pytest

from MedFusionLib.fusion import fuse, fuse_slice
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.volumes import AXES


@pytest.fixture(scope="module")
def head():
    return make_phantom((16, 28, 24))


@pytest.fixture(scope="module")
def along(head):
    """The fusion along each axis, and along all."""
    return {
        axis: fuse(head.t1, head.pet, "pet-mr", method="laplacian-pyramid", axis=axis)
        for axis in (*AXES, "all")
    }


def test_the_fused_volume_is_the_mean_of_three(along):
    mean = np.mean([along[axis].fused.array for axis in AXES], axis=0)
    np.testing.assert_allclose(along["all"].fused.array, mean, atol=1e-6)
    assert not np.allclose(along["all"].fused.array, along["axial"].fused.array, atol=1e-3)


def test_the_contributions_are_means_and_sum_to_the_fused_volume(along):
    for number in (0, 1):
        mean = np.mean([along[axis].contributions[number].array for axis in AXES], axis=0)
        np.testing.assert_allclose(along["all"].contributions[number].array, mean, atol=1e-6)
    assert along["all"].report.share_sum_error < 1e-6
    total = sum(part.array for part in along["all"].contributions)
    fused = along["all"].fused.array - along["all"].baseline
    np.testing.assert_allclose(total, fused, atol=1e-6)


def test_the_report_names_the_axis(along):
    assert along["all"].report.parameters.axis == "all"


def test_progress_counts_the_slices_of_all_axes(head):
    seen = []
    fuse(
        head.t1,
        head.pet,
        "pet-mr",
        method="maximum",
        axis="all",
        progress=lambda *n: seen.append(n),
    )
    assert seen[-1] == (68, 68) and [n for n, _ in seen] == sorted(n for n, _ in seen)


def test_a_preview_shows_the_axial_slice(head, along):
    point = head.t1.matrix @ [12, 14, 8, 1]
    one = fuse_slice(
        along["all"].sources, "pet-mr", point[:3], method="laplacian-pyramid", axis="all"
    )
    np.testing.assert_allclose(one.fused, along["axial"].fused.array[8], atol=1e-6)
