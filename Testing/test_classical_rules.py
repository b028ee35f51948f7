"""What the papers say of the classical methods' fusion rules, and of the neurons in some."""

import math

import pytest
import torch
from helpers import random_slices

from MedFusionLib.methods.classical import nsct_rpcnn_2012, nsct_rpcnn_2013, nsst_papcnn
from MedFusionLib.methods.classical.pulse_coupled import count_pulses
from MedFusionLib.methods.classical.windows import majority, stronger_detail, window_mean


def texture_and_step(size: int = 48) -> tuple[torch.Tensor, torch.Tensor]:
    """A first source with a fine texture on its left, a second with a bright right half."""
    first = torch.full((1, 1, size, size), 0.3)
    stripes = 0.2 * (-1.0) ** torch.arange(size)
    first[..., : size // 2] += stripes[: size // 2]
    second = torch.full((1, 1, size, size), 0.3)
    second[..., size // 2 :] = 0.8
    return first, second


def correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    return torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1].item()


# Neurons ----------------------------------------------------------------------------------------


def counted_plainly(stimulus, strength, p, t, jump, threshold, iterations, l_memory=0.0, w=0.5):
    """The equations of the docstring, one by one."""
    window = torch.tensor([[1.0, 2, 1], [2, 0, 2], [1, 2, 1]], dtype=stimulus.dtype)[None, None]
    u, y, links, counts = (torch.zeros_like(stimulus) for _ in range(4))
    e = torch.full_like(stimulus, threshold)
    for _ in range(iterations):
        near = torch.nn.functional.conv2d(y[:, None], window, padding=1)[:, 0]
        links = l_memory * links + w * near
        u = p * u + stimulus * (1 + strength * links)
        y = (u > e).to(stimulus)
        e = t * e + jump * y
        counts += y
    return counts


@pytest.mark.parametrize("memories", [(0.0, 0.0), (0.3, 0.0), (0.0, 0.9), (0.2, 0.5)])
def test_pulses_are_those_of_the_equations(memories):
    stimulus = random_slices(3, 13, 17, seed=3, dtype=torch.float64)
    stimulus[1] = 0
    p, l_memory = memories
    found = count_pulses(
        stimulus,
        0.4,
        iterations=60,
        weight=0.5,
        threshold_memory=0.7,
        jump=6.0,
        threshold=1.0,
        potential_memory=p,
        link_memory=l_memory,
    )
    expected = counted_plainly(stimulus, 0.4, p, 0.7, 6.0, 1.0, 60, l_memory)
    assert found.float().std() > 0.5
    assert torch.equal(found.double(), expected)


def test_planes_have_their_own_parameters():
    stimulus = random_slices(2, 9, 9, dtype=torch.float64)
    settings = {
        "threshold_memory": torch.tensor([0.6, 0.8], dtype=torch.float64)[:, None, None],
        "jump": torch.tensor([5.0, 20.0], dtype=torch.float64)[:, None, None],
    }
    both = count_pulses(stimulus, 0.1, iterations=40, weight=0.5, **settings)
    for number in range(2):
        own = {name: value[number].item() for name, value in settings.items()}
        alone = count_pulses(stimulus[number : number + 1], 0.1, iterations=40, weight=0.5, **own)
        assert torch.equal(both[number], alone[0])


def test_strong_stimuli_and_those_among_strong_ones_fire_more_often():
    stimulus = torch.full((1, 9, 9), 0.1)
    stimulus[0, 4, :4] = 0.9
    among, alone = stimulus.clone(), stimulus.clone()
    among[0, 3:6, 5:8] = 0.9
    among[0, 4, 6] = alone[0, 4, 6] = 0.4
    count = [
        count_pulses(s, 1.0, iterations=200, weight=0.5, threshold_memory=0.8, jump=20.0)[0]
        for s in (among, alone)
    ]
    assert count[0][4, 0] > count[0][0, 0] > 0
    assert count[0][4, 6] > count[1][4, 6]


# Windows ----------------------------------------------------------------------------------------


def test_window_mean_by_hand():
    image = torch.arange(12.0).view(1, 1, 3, 4)
    assert window_mean(image)[0, 0, 1, 1] == pytest.approx(5)
    assert window_mean(image)[0, 0, 0, 0] == pytest.approx((0 * 4 + 1 * 2 + 4 * 2 + 5) / 9)


def test_a_single_pixel_is_outvoted():
    chosen = torch.zeros(1, 1, 7, 7, dtype=torch.bool)
    chosen[..., 3, 3] = True
    assert not majority(chosen).any()
    assert majority(~chosen).all()


def test_stronger_detail_takes_all_of_a_region_from_one_source():
    first, second = 0.1 * random_slices(2, 1, 1, 12, 12)
    second[..., :6] += 1
    fused = stronger_detail(first, second)
    assert torch.equal(fused[..., :6], second[..., :6])


# The methods ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [nsst_papcnn.NSSTPAPCNN, nsct_rpcnn_2012.NSCTRPCNN2012, nsct_rpcnn_2013.NSCTRPCNN2013],
)
def test_texture_comes_from_the_source_that_has_it(build):
    first, second = texture_and_step()
    left = build(iterations=60)(first, second)[..., 8:-8, 4:16]
    stripes = first[..., 8:-8, 4:16]
    assert correlation(left, stripes) > 0.95
    assert left.std() > 0.8 * stripes.std()


def test_the_larger_coarse_value_wins_in_rpcnn_2012():
    first, second = (torch.full((1, 1, 24, 24), value) for value in (0.3, 0.7))
    fused = nsct_rpcnn_2012.NSCTRPCNN2012(iterations=20)(first, second)
    torch.testing.assert_close(fused, second, atol=1e-5, rtol=0)


def test_otsu_is_that_of_scikit_image():
    from skimage.filters import threshold_otsu

    planes = random_slices(2, 40, 40) ** 3
    for plane, found in zip(planes, nsst_papcnn.otsu(planes), strict=True):
        levels = (255 * plane).round().byte().numpy()
        assert 255 * found == pytest.approx(threshold_otsu(levels), abs=0.51)


def test_parameters_of_the_adaptive_neurons_by_hand():
    # half of the band 0.2, half 0.6: mean 0.4, standard deviation 0.2 (of the population)
    band = torch.tensor([0.2, 0.6]).repeat(5000).view(1, 100, 100)
    found = {name: value.item() for name, value in nsst_papcnn.adapt(band).items()}
    memory = math.exp(-math.log10(1 / 0.2))
    otsu = nsst_papcnn.otsu(band).item()
    assert 0.2 <= otsu < 0.6
    strength = (0.6 / otsu - 1) / 6
    jump = memory + 1 + 6 * strength
    steady = (1 - memory**3) / (1 - memory) + 6 * strength * memory
    assert found["potential_memory"] == pytest.approx(memory, rel=1e-3)
    assert found["strength"] == pytest.approx(strength, rel=1e-4)
    assert found["jump"] == pytest.approx(jump, rel=1e-3)
    assert found["threshold_memory"] == pytest.approx(otsu * steady / jump, rel=1e-3)


def test_the_s_curve_is_symmetric_about_its_middle():
    values = torch.linspace(0, 1, 11)
    found = nsct_rpcnn_2013.s_curve(values)
    torch.testing.assert_close(found + found.flip(0), torch.ones(11))
    assert (found.diff() > 0).all()
