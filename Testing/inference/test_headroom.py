"""Headroom: a bright MR is lowered where another source holds something, and nowhere else."""

import numpy as np
import pytest
import torch
from helpers import refused

from MedFusionLib.fusion import fuse, fuse_slice
from MedFusionLib.inference import contributions
from MedFusionLib.inference.headroom import (
    ROOM,
    WithHeadroom,
    headroom_factor,
    lowered,
    with_headroom,
)
from MedFusionLib.inference.slices import run_slices
from MedFusionLib.methods.registry import get_method
from MedFusionLib.phantom.head import make_phantom


@pytest.fixture(scope="module")
def head():
    return make_phantom((16, 48, 48))


@pytest.fixture
def slices():
    """A bright first source, and a second one in its upper half."""
    first = torch.full((1, 1, 64, 64), 0.95)
    second = torch.zeros(1, 1, 64, 64)
    second[..., :32, :] = 0.5
    return first, second


def test_the_factor_brings_the_brightest_of_the_mr_inside_the_other_down():
    first, other = np.full((20, 20), 0.9), np.full((20, 20), 0.5)
    assert headroom_factor(first, other) == pytest.approx(ROOM / 0.9)


@pytest.mark.parametrize("first, other", [(0.7, 0.5), (0.9, 0.0)])
def test_an_mr_that_leaves_room_or_stands_alone_is_not_lowered(first, other):
    assert headroom_factor(np.full((20, 20), first), np.full((20, 20), other)) == 1


def test_the_mr_is_lowered_where_the_other_holds_something_alone(slices):
    shown = lowered(*slices, 0.8)
    assert torch.allclose(shown[..., :25, :], torch.tensor(0.76))
    assert torch.equal(shown[..., 40:, :], slices[0][..., 40:, :])


def test_a_lone_source_stays_what_it_was(slices):
    first, black = slices[0], torch.zeros_like(slices[0])
    method = WithHeadroom(get_method("bands")().eval(), 0.7)
    assert torch.equal(method(first, black), first)
    assert torch.equal(method(black, first), first)


def test_shares_and_parts_sum_to_the_fused_image(slices):
    method = WithHeadroom(get_method("bands")().eval(), 0.7)
    fused, maps = contributions.share(method, *slices)
    assert torch.allclose(sum(maps), fused, atol=1e-6)
    fused, maps = contributions.parts(method, *slices)
    assert torch.allclose(sum(maps), method(*slices), atol=1e-6)


def test_a_slice_is_the_same_wherever_it_is_cut(slices):
    method = WithHeadroom(get_method("maximum")().eval(), 0.7)
    sources = [source[0].numpy() for source in slices]
    occupied = np.zeros((1, 64, 64), bool)
    occupied[:, 20:44, 20:44] = True
    whole = run_slices(method, sources, contributions="share").fused
    part = run_slices(method, sources, contributions="share", occupied=occupied).fused
    assert np.array_equal(whole[occupied], part[occupied])


def test_a_method_is_itself_where_there_is_room():
    method = get_method("maximum")()
    assert with_headroom(method, 1.0) is method


def test_the_report_says_the_factor(head):
    found = fuse(head.t1, head.pet, "pet-mr", method="maximum", headroom="on").report.parameters
    assert found.headroom == "on" and 0.3 < found.headroom_factor < 1


def test_the_factor_is_that_of_the_scaled_volumes(head):
    found = fuse(head.t1, head.pet, "pet-mr", method="maximum", headroom="on")
    scaled = found.sources.scaled
    assert found.report.parameters.headroom_factor == headroom_factor(*scaled)


@pytest.mark.parametrize("choice", ["auto", "off"])
def test_other_methods_and_off_leave_the_mr_alone(head, choice):
    found = fuse(head.t1, head.pet, "pet-mr", method="maximum", headroom=choice)
    assert found.report.parameters.headroom_factor == 1


def test_the_previewed_slice_has_the_headroom_of_the_volume(head):
    words = {"method": "maximum", "headroom": "on", "contributions": "share"}
    whole = fuse(head.t1, head.pet, "pet-mr", **words)
    point = head.t1.matrix @ [24, 24, 9, 1]
    one = fuse_slice(
        whole.sources, "pet-mr", point[:3], method="maximum", headroom="on", contributions="share"
    )
    assert np.allclose(one.fused, whole.fused.array[9], atol=1e-6)


def test_an_unknown_choice_is_refused(head):
    with refused("headroom", "auto, on, off"):
        fuse(head.t1, head.pet, "pet-mr", headroom="a little")
