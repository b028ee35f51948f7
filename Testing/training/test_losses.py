"""The losses against values worked out by hand, and against slow literal versions of them."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from skimage.metrics import structural_similarity

from MedFusionLib.training import losses
from MedFusionLib.training.losses import (
    C1,
    C2,
    l2_loss,
    mef_ssim_loss,
    reconstruction_loss,
    semantic_loss,
    ssim_loss,
    ssim_map,
)

ATLAS = Path(__file__).parents[3] / "shared" / "data" / "aanlib"


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def triple(height: int = 32, width: int = 36, number: int = 1) -> torch.Tensor:
    """Fused, first and second: three unlike images."""
    return noise(3, number, 1, height, width)


def flat(value: float, size: int = 16) -> torch.Tensor:
    return torch.full((1, 1, size, size), value)


# SSIM


def test_ssim_of_flat_images_is_their_luminance():
    luminance = (2 * 0.2 * 0.6 + C1) / (0.2**2 + 0.6**2 + C1)
    found = ssim_map(flat(0.2), flat(0.6))
    assert found.shape == (1, 1, 6, 6)
    # contrast-structure is C2 / C2 but for rounding
    torch.testing.assert_close(found, torch.full_like(found, luminance), atol=1e-3, rtol=0)


def test_alpha_is_the_exponent_of_the_luminance_alone():
    luminance = (2 * 0.2 * 0.6 + C1) / (0.2**2 + 0.6**2 + C1)
    x, y = noise(2, 1, 1, 20, 20).double()
    plain, none = ssim_map(x, y), ssim_map(x, y, alpha=0)
    torch.testing.assert_close(ssim_map(x, y, alpha=4), none * (plain / none) ** 4)
    found = ssim_map(flat(0.2).double(), flat(0.6).double(), alpha=4)
    torch.testing.assert_close(found, torch.full_like(found, luminance**4))


def test_ssim_agrees_with_scikit_image():
    x, y = noise(2, 1, 1, 40, 33).double()
    options = dict(data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    _, expected = structural_similarity(x[0, 0].numpy(), y[0, 0].numpy(), full=True, **options)
    np.testing.assert_allclose(ssim_map(x, y)[0, 0].numpy(), expected[5:-5, 5:-5], atol=1e-9)


def test_ssim_names_the_smallest_size():
    with pytest.raises(ValueError, match="11 x 11"):
        ssim_map(noise(1, 1, 10, 30), noise(1, 1, 10, 30))


def test_ssim_loss_is_the_sum_over_the_sources():
    fused, first, second = triple(number=2)
    one, other = ssim_map(fused, first).mean(), ssim_map(fused, second).mean()
    torch.testing.assert_close(ssim_loss(fused, first, second), 2 - one - other)
    assert ssim_loss(first, first, first) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("alpha", [1.0, 4.0, 0.5])
def test_ssim_gradient_is_finite_on_black_and_on_negative_output(alpha):
    # an untrained network with tanh gives negative values, too
    fused = (noise(1, 1, 24, 24) - 0.7).requires_grad_()
    ssim_loss(fused, flat(0, 24), noise(1, 1, 24, 24, seed=1), alpha).backward()
    assert fused.grad.isfinite().all() and fused.grad.abs().sum() > 0


# L2 and reconstruction


def test_l2_by_hand():
    first, second = torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[[[1.0, 1.0]]]])
    fused = torch.tensor([[[[0.5, 0.8]]]])
    # (0.25 + 0.04) / 2 + (0.25 + 0.04) / 2
    assert l2_loss(fused, first, second) == pytest.approx(0.29)


def test_reconstruction_by_hand():
    first, second = torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[[[1.0, 1.0]]]])
    regained = torch.tensor([[[[0.5, 1.0]], [[1.0, 0.6]]]])
    assert reconstruction_loss(regained, first, second) == pytest.approx(0.25 / 2 + 0.16 / 2)


# semantic loss


def test_semantic_loss_of_two_patches_by_hand():
    # patch means: fused 0.2, 0.5; first 0.1, 0.9; second 0.6, 0.5
    def image(left: float, right: float) -> torch.Tensor:
        return torch.cat([flat(left, 3), flat(right, 3)], dim=3)

    found = semantic_loss(image(0.2, 0.5), image(0.1, 0.9), image(0.6, 0.5), patch=3, stride=3)
    assert found == pytest.approx(max(abs(0.3 - 0.8), abs(0.3 - 0.1)))


def literal_semantic_loss(fused, first, second, patch, stride, dark):
    """All pairs of patches, one after the other."""
    rows = range(0, fused.shape[-2] - patch + 1, stride)
    columns = range(0, fused.shape[-1] - patch + 1, stride)
    patches = [
        tuple(x[..., i : i + patch, j : j + patch] for x in (fused, first, second))
        for i, j in itertools.product(rows, columns)
    ]
    patches = [p for p in patches if p[1].max() > dark or p[2].max() > dark]
    lost = [
        max(
            abs(abs(p[0].mean() - q[0].mean()) - abs(p[m].mean() - q[m].mean())).item()
            for m in (1, 2)
        )
        for p, q in itertools.combinations(patches, 2)
    ]
    return sum(lost) / len(lost)


@pytest.mark.parametrize(("patch", "stride"), [(5, 3), (3, 1)])
def test_semantic_loss_is_the_literal_one_without_background(patch, stride):
    fused, first, second = triple(17, 15)
    first[..., :8, :] = second[..., :8, :] = 0.03
    expected = literal_semantic_loss(fused, first, second, patch, stride, 0.05)
    found = semantic_loss(fused, first, second, patch, stride, dark=0.05)
    assert found == pytest.approx(expected, rel=1e-5)


def test_semantic_loss_in_blocks_is_the_same(monkeypatch):
    images = triple()
    whole = semantic_loss(*images)
    monkeypatch.setattr("MedFusionLib.training.losses._ROWS_AT_A_TIME", 7)
    torch.testing.assert_close(semantic_loss(*images), whole)


def test_semantic_loss_has_its_floor():
    fused, first, second = triple(20, 20)
    floor = 0.5 * semantic_loss(first, second, second)
    assert semantic_loss(fused, first, second) >= floor


def test_semantic_loss_of_a_subset_is_repeatable_and_close():
    images = triple(64, 64) ** 2
    whole = semantic_loss(*images)

    def draw(seed: int) -> torch.Tensor:
        return semantic_loss(*images, limit=150, generator=torch.Generator().manual_seed(seed))

    assert draw(3) == draw(3)
    assert draw(3) != draw(4)
    assert draw(3) == pytest.approx(float(whole), rel=0.1)


def test_semantic_loss_of_black_is_zero_and_has_a_gradient():
    fused = flat(0.5).requires_grad_()
    found = semantic_loss(fused, flat(0), flat(0))
    found.backward()
    assert found == 0 and (fused.grad == 0).all()


@pytest.mark.skipif(not ATLAS.is_dir(), reason="atlas slices are not here")
@pytest.mark.parametrize(
    ("pair", "of_average", "of_maximum"),
    [("ct-mr", 0.215, 0.249), ("pet-mr", 0.158, 0.232), ("spect-mr", 0.104, 0.138)],
)
def test_semantic_loss_of_average_and_maximum_of_the_atlas(pair, of_average, of_maximum):
    def slices(modality: str) -> torch.Tensor:
        files = sorted((ATLAS / pair / "test").glob(f"*-{modality}.nrrd"))
        stacks = [sitk.GetArrayFromImage(sitk.ReadImage(str(file))) for file in files]
        return torch.from_numpy(np.concatenate(stacks) / 255).float()[:, None]

    first, second = slices("mr"), slices(pair.split("-")[0])
    content = (torch.maximum(first, second) > 0.1).float().mean((1, 2, 3)) > 0.02
    first, second = first[content][::3], second[content][::3]
    options = dict(patch=3, stride=1, limit=600)
    for fused, expected in (
        ((first + second) / 2, of_average),
        (torch.maximum(first, second), of_maximum),
    ):
        generator = torch.Generator().manual_seed(0)
        found = semantic_loss(fused, first, second, **options, generator=generator)
        assert found == pytest.approx(expected, abs=0.004)


# MEF-SSIM


def literal_mef_ssim_loss(fused, first, second, window=7, c=C2):
    """Ma et al. 2015 with vectors, window by window."""
    scores = []
    height, width = fused.shape
    for i, j in itertools.product(range(height - window + 1), range(width - window + 1)):
        patches = [x[i : i + window, j : j + window].ravel() for x in (fused, first, second)]
        out, one, two = (patch - patch.mean() for patch in patches)
        contrasts = np.linalg.norm(one), np.linalg.norm(two)
        agreement = np.linalg.norm(one + two) / sum(contrasts)
        power = min(np.tan(np.pi / 2 * agreement), 10)
        structure = sum(
            contrast**power * centred / contrast
            for contrast, centred in zip(contrasts, (one, two), strict=True)
        )
        wanted = max(contrasts) * structure / np.linalg.norm(structure)
        scores.append((2 * np.mean(wanted * out) + c) / (np.mean(wanted**2) + np.mean(out**2) + c))
    return 1 - np.mean(scores)


def test_mef_ssim_is_the_literal_one():
    fused, first, second = triple(16, 14).double()
    first = 0.7 * second + 0.3 * first  # so that they agree in part
    expected = literal_mef_ssim_loss(*(x[0, 0].numpy() for x in (fused, first, second)))
    assert mef_ssim_loss(fused, first, second).item() == pytest.approx(expected, abs=1e-4)


def test_mef_ssim_wants_the_contrast_of_the_stronger_source():
    image = noise(1, 1, 20, 20)
    weak = 0.5 + 0.1 * image
    assert mef_ssim_loss(image, image, weak) < 1e-3
    assert mef_ssim_loss(weak, image, weak) > 0.3
    assert mef_ssim_loss(1 - image, image, weak) > 1.5


def test_mef_ssim_of_flat_sources_wants_a_flat_image():
    assert mef_ssim_loss(flat(0.3), flat(0.1), flat(0.9)) == pytest.approx(0, abs=2e-3)
    assert mef_ssim_loss(noise(1, 1, 16, 16), flat(0.1), flat(0.9)) > 0.9


def test_mef_ssim_of_opposite_sources_stays_in_range():
    image = noise(1, 1, 20, 20)
    assert 0 <= mef_ssim_loss(image, image, 1 - image) <= 2


# all of them


@pytest.mark.parametrize("loss", [ssim_loss, l2_loss, semantic_loss, mef_ssim_loss])
def test_gradients(loss):
    fused, first, second = triple(16, 17).double()
    fused.requires_grad_()
    assert torch.autograd.gradcheck(lambda f: loss(f, first, second), fused, fast_mode=True)


@pytest.mark.parametrize("loss", [ssim_loss, l2_loss, semantic_loss, mef_ssim_loss])
def test_a_batch_is_the_mean_of_its_images(loss):
    images = triple(24, 24, number=3)
    single = [loss(*images[:, k : k + 1]) for k in range(3)]
    torch.testing.assert_close(loss(*images), torch.stack(single).mean(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("loss", [ssim_loss, l2_loss, semantic_loss, mef_ssim_loss])
def test_descending_a_loss_lowers_it(loss):
    fused, first, second = triple(24, 24)
    fused.requires_grad_()
    before = loss(fused, first, second)
    (slope,) = torch.autograd.grad(before, fused)
    after = loss(fused - 0.01 * slope / slope.abs().max(), first, second)
    assert after < before


def test_range_is_held_by_the_brighter_source():
    first, second = torch.zeros(1, 1, 16, 16), torch.zeros(1, 1, 16, 16)
    second[..., :8] = 0.8
    assert losses.range_loss(second, first, second) == 0
    assert losses.range_loss(second / 2, first, second).item() == pytest.approx(0.16)


def test_a_veil_counts_only_where_both_sources_are_black():
    first, second = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    second[..., :4] = 0.5
    assert losses.veil_loss(second, first, second) == 0
    assert losses.veil_loss(second + 0.1, first, second).item() == pytest.approx(0.01)
    bright = torch.ones_like(first)
    assert losses.veil_loss(bright, bright, bright) == 0
