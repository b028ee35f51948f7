"""What the papers say of the classical methods' fusion rules, and of the neurons in some."""

import math
from functools import partial

import pytest
import torch
from helpers import random_slices

from MedFusionLib.methods.classical import (
    csr,
    dtcwt,
    dwt,
    gradient_transfer,
    lp_sr,
    msvd,
    nsct_pcdc,
    nsct_rpcnn_2012,
    nsct_rpcnn_2013,
    nsst_papcnn,
)
from MedFusionLib.methods.classical.phase_congruency import phase_congruency
from MedFusionLib.methods.classical.pulse_coupled import Neurons, count_pulses
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
    neurons = Neurons(
        strength=0.4,
        weight=0.5,
        threshold_memory=0.7,
        jump=6.0,
        threshold=1.0,
        potential_memory=p,
        link_memory=l_memory,
    )
    found = count_pulses(stimulus, neurons, 60)
    expected = counted_plainly(stimulus, 0.4, p, 0.7, 6.0, 1.0, 60, l_memory)
    assert found.float().std() > 0.5
    assert torch.equal(found.double(), expected)


def test_planes_have_their_own_parameters():
    stimulus = random_slices(2, 9, 9, dtype=torch.float64)
    settings = {
        "threshold_memory": torch.tensor([0.6, 0.8], dtype=torch.float64)[:, None, None],
        "jump": torch.tensor([5.0, 20.0], dtype=torch.float64)[:, None, None],
    }
    both = count_pulses(stimulus, Neurons(0.1, 0.5, **settings), 40)
    for number in range(2):
        own = {name: value[number].item() for name, value in settings.items()}
        alone = count_pulses(stimulus[number : number + 1], Neurons(0.1, 0.5, **own), 40)
        assert torch.equal(both[number], alone[0])


def test_strong_stimuli_and_those_among_strong_ones_fire_more_often():
    stimulus = torch.full((1, 9, 9), 0.1)
    stimulus[0, 4, :4] = 0.9
    among, alone = stimulus.clone(), stimulus.clone()
    among[0, 3:6, 5:8] = 0.9
    among[0, 4, 6] = alone[0, 4, 6] = 0.4
    neurons = Neurons(1.0, weight=0.5, threshold_memory=0.8, jump=20.0)
    count = [count_pulses(s, neurons, 200)[0] for s in (among, alone)]
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
    [
        partial(nsst_papcnn.NSSTPAPCNN, iterations=60),
        partial(nsct_rpcnn_2012.NSCTRPCNN2012, iterations=60),
        partial(nsct_rpcnn_2013.NSCTRPCNN2013, iterations=60),
        nsct_pcdc.NSCTPCDC,
        gradient_transfer.GradientTransfer,
        dwt.WaveletFusion,
        dtcwt.DualTreeFusion,
        lp_sr.LPSR,
        partial(csr.CSR, iterations=100),
    ],
    ids=lambda build: getattr(build, "func", build).__name__,
)
def test_texture_comes_from_the_source_that_has_it(build):
    first, second = texture_and_step()
    left = build()(first, second)[..., 8:-8, 4:16]
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
    found = nsst_papcnn.adapt(band)
    memory = math.exp(-math.log10(1 / 0.2))
    otsu = nsst_papcnn.otsu(band).item()
    assert 0.2 <= otsu < 0.6
    strength = (0.6 / otsu - 1) / 6
    jump = memory + 1 + 6 * strength
    steady = (1 - memory**3) / (1 - memory) + 6 * strength * memory
    assert found.potential_memory.item() == pytest.approx(memory, rel=1e-3)
    assert found.strength.item() == pytest.approx(strength, rel=1e-4)
    assert found.jump.item() == pytest.approx(jump, rel=1e-3)
    assert found.threshold_memory.item() == pytest.approx(otsu * steady / jump, rel=1e-3)


def test_the_s_curve_is_symmetric_about_its_middle():
    values = torch.linspace(0, 1, 11)
    found = nsct_rpcnn_2013.s_curve(values)
    torch.testing.assert_close(found + found.flip(0), torch.ones(11))
    assert (found.diff() > 0).all()


def test_phase_congruency_does_not_ask_how_strong_an_edge_is():
    steps = torch.zeros(2, 1, 48, 48)
    steps[0, ..., 24:], steps[1, ..., 24:] = 0.9, 0.3
    strong, weak = phase_congruency(steps)
    torch.testing.assert_close(strong, weak, atol=0.02, rtol=0)
    assert 0.4 < strong[0, 24, 23:25].max() <= 1
    assert (phase_congruency(torch.full((1, 1, 32, 32), 0.5)) < 1e-6).all()


def test_directive_contrast_prefers_detail_on_a_dark_ground():
    stripes = 0.05 * (-1.0) ** torch.arange(32).expand(1, 1, 32, 32)
    dark, bright = 0.2 + stripes, 0.8 - stripes  # opposite stripes of the same strength
    fused = nsct_pcdc.NSCTPCDC()(bright, dark)
    assert correlation(fused, dark) > 0.95


def disc(radius: float, size: int = 64) -> torch.Tensor:
    place = torch.arange(size) - size / 2 + 0.5
    return (torch.hypot(place[:, None], place) <= radius).float()[None, None]


@pytest.mark.parametrize(("radius", "stays"), [(5, False), (12, True)])
def test_total_variation_with_l1_keeps_discs_of_more_than_twice_lambda(radius, stays):
    # Chan, Esedoglu 2005: with a radius below 2 lambda a disc vanishes, else it stays as it is
    found = gradient_transfer.denoise_tv_l1(disc(radius), 4.0, 600)
    inner = found[..., 30:34, 30:34].mean()
    assert inner == pytest.approx(1.0 if stays else 0.0, abs=0.05)


def test_gradient_transfer_has_the_greys_of_the_second_and_the_texture_of_the_first():
    first, second = texture_and_step(64)
    fused = gradient_transfer.GradientTransfer()(first, second)
    assert fused[..., 8:-8, 40:56].mean() == pytest.approx(0.8, abs=0.05)
    stripes = first[..., 8:-8, 8:24]
    assert fused[..., 8:-8, 8:24].std().item() == pytest.approx(stripes.std().item(), rel=0.05)


def test_msvd_vectors_are_orthogonal_and_led_by_the_mean():
    blocks = random_slices(3, 4, 50, dtype=torch.float64)
    vectors = msvd.singular_vectors(blocks)
    torch.testing.assert_close(vectors.mT @ vectors, torch.eye(4).double().expand(3, 4, 4))
    assert (vectors[:, :, 0].abs() > 0.4).all()  # nearly (1, 1, 1, 1) / 2
    energies = (vectors.mT @ blocks).pow(2).sum(2)
    assert (energies.diff(dim=1) < 0).all()


def test_msvd_gives_back_the_mean_of_sources_that_differ_in_brightness():
    first = random_slices(1, 1, 32, 32) / 2
    fused = msvd.MSVD()(first, first + 0.2)
    assert (fused - first - 0.1).abs().mean() < 0.05


def test_matching_pursuit_finds_the_atoms_that_a_signal_is_made_of():
    atoms = torch.nn.functional.normalize(random_slices(40, 64, dtype=torch.float64) - 0.5, dim=1)
    weights = torch.zeros(3, 40, dtype=torch.float64)
    weights[0, 5], weights[0, 17], weights[1, 30] = 2.0, -1.0, 0.5  # the third stays black
    found = lp_sr.matching_pursuit(atoms, weights @ atoms, 1e-9)
    torch.testing.assert_close(found, weights, atol=1e-8, rtol=0)


def test_matching_pursuit_stops_at_the_residual_and_at_the_number():
    atoms = torch.nn.functional.normalize(random_slices(100, 16, dtype=torch.float64) - 0.5, dim=1)
    signals = random_slices(5, 16, seed=1, dtype=torch.float64)
    rough = lp_sr.matching_pursuit(atoms, signals, 0.5)
    rest = (signals - rough @ atoms).norm(dim=1)
    assert (rest <= 0.5).all() and (rest > 1e-3).any()
    assert ((lp_sr.matching_pursuit(atoms, signals, 0.0, 3) != 0).sum(1) == 3).all()
    exact = lp_sr.matching_pursuit(atoms, signals, 1e-6)
    assert (signals - exact @ atoms).norm(dim=1).max() <= 1e-6


def test_the_richer_patch_brings_its_mean_in_lp_sr():
    flat, second = torch.full((1, 1, 128, 128), 0.2), torch.full((1, 1, 128, 128), 0.6)
    place = torch.arange(128)
    second = second + 0.2 * torch.sin(place / 10) * torch.sin(place[:, None] / 12)
    fused = lp_sr.LPSR()(flat, second)
    torch.testing.assert_close(fused, second, atol=0.02, rtol=0)


def test_sparse_maps_are_a_minimum():
    filters = torch.nn.functional.normalize(random_slices(4, 9) - 0.5, dim=1).view(4, 3, 3)
    image = random_slices(1, 1, 12, 14, seed=2) - 0.5
    maps = csr.sparse_maps(image, filters, sparsity=0.1, iterations=400, tolerance=1e-6)

    def cost(maps):
        atoms = csr.spectra(filters, (12, 14))
        made = torch.fft.irfft2((torch.fft.rfft2(maps) * atoms).sum(1, keepdim=True), s=(12, 14))
        return (made - image).square().sum() / 2 + 0.1 * maps.abs().sum()

    assert 0 < (maps != 0).float().mean() < 0.5
    for seed in range(5):
        away = 0.01 * (random_slices(*maps.shape, seed=seed) - 0.5)
        assert cost(maps + away) > cost(maps)
        assert cost(maps + away * (maps != 0)) > cost(maps) - 1e-5


def test_the_base_of_csr_is_smooth_and_keeps_flat_images():
    image = random_slices(1, 1, 40, 30)
    base = csr.base_layer(image)
    assert base.mean().item() == pytest.approx(image.mean().item(), abs=0.02)
    assert base.diff(dim=-1).abs().mean() < 0.3 * image.diff(dim=-1).abs().mean()
