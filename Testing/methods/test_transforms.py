"""The multiscale transforms: exactly invertible, and with the filters of their papers."""

import math

import numpy as np
import pytest
import torch

from MedFusionLib.methods.transforms.contourlets import Contourlets
from MedFusionLib.methods.transforms.dual_tree import DualTree
from MedFusionLib.methods.transforms.haar import Haar, fill_up
from MedFusionLib.methods.transforms.pyramid import frequencies, pyramid_responses
from MedFusionLib.methods.transforms.shearlets import Shearlets, wedges

TRANSFORMS = {
    "two levels of contourlets": Contourlets((1, 2)),
    "three levels of contourlets": Contourlets((0, 1, 2)),
    "shearlets": Shearlets(),
    "few shearlets": Shearlets((2, 3), (8, 12)),
}

transforms = pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)


def images(number: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(number, 1, height, width, generator=generator, dtype=torch.float64)


def grating(angle: float, size: int = 64) -> torch.Tensor:
    """A wave of 1.6 radians per pixel whose crests stand across `angle` (degrees)."""
    place = torch.arange(size, dtype=torch.float64)
    along, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return (1.6 * (down * place[:, None] + along * place)).cos()[None, None]


@transforms
@pytest.mark.parametrize("size", [(1, 1), (5, 40), (37, 53), (32, 32)])
def test_reconstruction_is_exact(transform, size):
    sources = images(2, *size)
    found = transform.synthesise(*transform.analyse(sources))
    torch.testing.assert_close(found, sources, atol=1e-12, rtol=0)


@transforms
def test_bands_move_with_the_image(transform):
    image = images(1, 32, 40)
    moved = image.roll((3, 5), (-2, -1))
    low, details = transform.analyse(image)
    low_moved, details_moved = transform.analyse(moved)
    for band, other in zip((low, *details), (low_moved, *details_moved), strict=True):
        torch.testing.assert_close(band.roll((3, 5), (-2, -1)), other, atol=1e-12, rtol=0)


@transforms
def test_a_flat_image_has_no_detail(transform):
    flat = torch.full((1, 1, 21, 30), 0.4, dtype=torch.float64)
    low, details = transform.analyse(flat)
    torch.testing.assert_close(low, flat)
    assert all(band.abs().max() < 1e-12 for band in details)


@transforms
def test_derivative_is_that_of_small_changes(transform):
    image = images(1, 6, 7).requires_grad_()
    weight = images(1, 6, 7)

    def weighted(sources):
        low, details = transform.analyse(sources)
        return transform.synthesise(low * weight, [band * weight for band in details])

    assert torch.autograd.gradcheck(weighted, (image,), fast_mode=True)


def impulse_response(response: torch.Tensor, size: int) -> np.ndarray:
    taps = torch.fft.irfft2(response, s=(size, size))
    return torch.fft.fftshift(taps).numpy()


@pytest.mark.parametrize(
    ("flat", "centre", "corner", "reach"),
    # centre and outermost corner of H0 in table II and in the toolbox of da Cunha et al. 2006
    [(False, 0.3406092167691145, -0.003236043456039806, 2),
     (True, 0.3177420190660832, -7.900496718847182e-07, 6)],
)  # fmt: skip
def test_the_low_pass_filter_is_the_published_one(flat, centre, corner, reach):
    rows, columns = frequencies(32, 32, torch.float64, torch.device("cpu"))
    analysis, _ = pyramid_responses(rows, columns, 1, flat=flat)
    taps = impulse_response(analysis[0], 32)
    assert taps[16, 16] == pytest.approx(centre, abs=1e-12)
    assert taps[16 - reach, 16 - reach] == pytest.approx(corner, abs=1e-12)
    outside = np.ones_like(taps, bool)
    outside[16 - reach : 17 + reach, 16 - reach : 17 + reach] = False
    assert np.abs(taps[outside]).max() < 1e-12


def test_shearing_filters_are_small_even_and_sum_to_the_identity():
    filters = wedges(3, 8)
    together = torch.zeros(9, 9, dtype=torch.float64)
    together[4, 4] = 1
    torch.testing.assert_close(filters.sum(0), together)
    torch.testing.assert_close(filters, filters.flip(-2, -1))


@pytest.mark.parametrize("number", range(8))
def test_each_direction_has_its_own_wedge(number):
    # t runs over the slopes: with 8 directions a wedge's middle is an odd number of eighths
    turn = (number + 0.5) / 2
    slope = (turn - 1) if turn <= 2 else None
    across = math.atan2(slope, 1) if slope is not None else math.atan2(1, 3 - turn)
    _, details = Shearlets((3,), (8,)).analyse(grating(math.degrees(across)))
    energy = (details[0] ** 2).mean((0, 2, 3))
    assert energy.argmax() == number
    assert energy[number] > 0.5 * energy.sum()


def test_contourlets_tell_the_diagonals_and_the_axes_apart():
    def share(angle):
        _, details = Contourlets((2,)).analyse(grating(angle))
        return (details[0] ** 2).mean((0, 2, 3))

    assert share(45)[1::2].sum() > 10 * share(45)[::2].sum()  # K1 where sin w1 sin w2 > 0
    assert share(135)[::2].sum() > share(135)[1::2].sum()
    assert share(0)[:2].sum() / share(0).sum() > 4 * share(90)[:2].sum() / share(90).sum()


def test_more_than_four_contourlet_directions_are_refused():
    with pytest.raises(ValueError, match="0, 1 or 2"):
        Contourlets((3,))


# Decimated wavelets -----------------------------------------------------------------------------


@pytest.mark.parametrize(("transform", "bound"), [(Haar(3), 1e-12), (DualTree(3), 1e-6)])
def test_wavelets_reconstruct_exactly(transform, bound):
    image = images(2, 24, 40)
    low, details = transform.analyse(image)
    assert [band.shape[-1] for band in (low, *details)] == [5, 5, 10, 20]
    found = transform.synthesise(low, details)
    torch.testing.assert_close(found, image, atol=bound, rtol=0)


def test_haar_is_that_of_pywavelets():
    pywt = pytest.importorskip("pywt")
    image = images(1, 32, 48)
    low, details = Haar(3).analyse(image)
    expected_low, *expected = pywt.wavedec2(image[0, 0].numpy(), "haar", "periodization", 3)
    np.testing.assert_allclose(low[0, 0], expected_low, atol=1e-12)
    for found, bands in zip(details, expected, strict=True):
        for one, other in zip(found[0].numpy(), bands, strict=True):
            np.testing.assert_allclose(np.abs(one), np.abs(other), atol=1e-12)


def test_filling_up_repeats_the_last_row_and_column():
    filled = fill_up(images(1, 5, 8), 8)
    assert filled.shape[-2:] == (8, 8)
    assert (filled[..., 4:, :] == filled[..., 4:5, :]).all()


@pytest.mark.parametrize("angle", [15, 45, 75, 105, 135, 165])
def test_complex_wavelets_tell_opposite_diagonals_apart(angle):
    _, details = DualTree(3).analyse(grating(angle))
    energy = (details[1].abs() ** 2).mean((0, 2, 3))
    one, other = energy[::2].sum(), energy[1::2].sum()  # towards one diagonal and the other
    assert (one if angle < 90 else other) > 2.5 * (other if angle < 90 else one)


def blurred(image):
    row = torch.tensor([1.0, 4, 6, 4, 1], dtype=image.dtype) / 16
    kernel = (row[:, None] * row)[None, None]
    return torch.nn.functional.conv2d(image, kernel, padding=2)


def test_complex_wavelets_barely_notice_a_shift_but_real_ones_do():
    def spread(transform):
        energies = []
        for place in range(16):
            point = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
            point[..., 24 + place, 32] = 1
            smooth = transform.analyse(blurred(point))
            energies.append(smooth[1][0].abs().pow(2).sum())
        energies = torch.stack(energies)
        return (energies.std() / energies.mean()).item()

    assert spread(DualTree(3)) < 0.1 < 0.2 < spread(Haar(3))
