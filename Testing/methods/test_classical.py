"""The classical yardsticks, guided filtering against the authors' own program."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import random_method
from skimage import io

from MedFusionLib.methods.classical.average import Average
from MedFusionLib.methods.classical.guided_filter import (
    GuidedFilterFusion,
    _box_mean,
    guided_filter,
)
from MedFusionLib.methods.classical.laplacian_pyramid import LaplacianPyramid
from MedFusionLib.methods.classical.maximum import Maximum
from MedFusionLib.methods.registry import all_methods, get_method

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"

#: how far these may be from two equal sources: they approximate them
APPROXIMATE = {"lp-sr": 5e-4, "csr": 0.1}
#: methods that ask for different things of the first and of the second source
ORDERED = {"gtf"}

methods = pytest.mark.parametrize("method", all_methods("classical"), ids=lambda m: m.name)


def pair(height: int, width: int, number: int = 1) -> torch.Tensor:
    return torch.rand(2, number, 1, height, width, generator=torch.Generator().manual_seed(1))


# every classical method


def test_all_are_registered():
    names = {method.name for method in all_methods("classical")}
    assert names >= {
        "average",
        "maximum",
        "max-min",
        "laplacian-pyramid",
        "gff",
        "nsst-papcnn",
        "nsct-pcdc",
        "gtf",
        "lp-sr",
        "csr",
        "msvd",
        "dwt",
        "dtcwt",
        "nsct-rpcnn-2012",
        "nsct-rpcnn-2013",
    }


@methods
@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 40), (37, 50), (64, 48)])
def test_any_size_keeps_its_shape_and_range(method, height, width):
    fused = random_method(method.name)(*pair(height, width, number=2))
    assert fused.shape == (2, 1, height, width) and fused.dtype == torch.float32
    assert fused.min() >= 0 and fused.max() <= 1


@methods
def test_equal_sources_stay_as_they_are(method):
    if method.name == "max-min":
        pytest.skip("adds a part of the darker source by intention")
    image = pair(37, 50)[0]
    bound = APPROXIMATE.get(method.name, 2e-6)
    torch.testing.assert_close(random_method(method.name)(image, image), image, atol=bound, rtol=0)


@methods
def test_black_stays_black(method):
    black = torch.zeros(1, 1, 40, 40)
    assert (random_method(method.name)(black, black) == 0).all()


@pytest.mark.parametrize(
    "method", [m for m in all_methods("classical") if m.name not in ORDERED], ids=lambda m: m.name
)
def test_order_of_the_sources_does_not_matter(method):
    first, second = pair(40, 41)
    fused = random_method(method.name)
    torch.testing.assert_close(fused(first, second), fused(second, first), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "method",
    [m for m in all_methods("classical") if m.receptive_radius is not None],
    ids=lambda m: m.name,
)
def test_a_pixel_reaches_no_further_than_the_radius(method):
    size = 2 * method.receptive_radius + 40
    first, second = pair(size, size)
    place = size // 2
    changed = first.clone()
    changed[..., place, place] = 1 - changed[..., place, place].round()
    fuse = random_method(method.name)
    moved = (fuse(changed, second) - fuse(first, second))[0, 0].abs() > 1e-6
    reach = (moved.nonzero() - place).abs()
    assert len(reach) > 0 and reach.max() <= method.receptive_radius


@pytest.mark.parametrize("build", [Average, Maximum, LaplacianPyramid])
def test_derivative_is_that_of_small_changes(build):
    first, second = (0.1 + 0.8 * pair(12, 13)).double().requires_grad_().unbind()
    assert torch.autograd.gradcheck(build(), (first, second), fast_mode=True)


def test_methods_say_whether_they_have_a_derivative():
    without = {method.name for method in all_methods("classical") if not method.differentiable}
    assert without == {"gff", "gtf", "msvd", "lp-sr", "csr"}


# average and maximum


def test_weighted_average_by_hand():
    first, second = torch.tensor([[[[0.2, 1.0]]]]), torch.tensor([[[[0.6, 0.0]]]])
    torch.testing.assert_close(Average()(first, second), torch.tensor([[[[0.4, 0.5]]]]))
    torch.testing.assert_close(Average(0.75)(first, second), torch.tensor([[[[0.3, 0.75]]]]))


def test_weight_outside_its_range_is_refused():
    with pytest.raises(ValueError, match=r"1\.5"):
        Average(1.5)


def test_maximum_by_hand():
    first, second = torch.tensor([[[[0.2, 1.0]]]]), torch.tensor([[[[0.6, 0.0]]]])
    assert torch.equal(Maximum()(first, second), torch.tensor([[[[0.6, 1.0]]]]))


# Laplacian pyramid


def test_laplacian_pyramid_has_detail_of_one_on_the_base_of_both():
    # fine stripes in the first, a flat second: the stripes stay at full strength, on the mean level
    stripes = 0.5 + 0.2 * (-1.0) ** torch.arange(64).expand(1, 1, 64, 64)
    fused = LaplacianPyramid()(stripes, torch.full_like(stripes, 0.3))
    inner = fused[..., 16:-16, 16:-16]
    assert inner.mean() == pytest.approx(0.4, abs=0.01)
    assert (inner.max() - inner.min()) / 2 == pytest.approx(0.2, abs=0.01)


def test_laplacian_pyramid_without_levels_is_the_average():
    first, second = pair(40, 40)
    torch.testing.assert_close(LaplacianPyramid(levels=0)(first, second), (first + second) / 2)


# guided filtering


def test_box_mean_is_normalised_by_the_pixels_inside():
    image = torch.arange(20.0).view(1, 1, 4, 5)
    means = _box_mean(image, 1)[0, 0]
    assert means[0, 0] == pytest.approx((0 + 1 + 5 + 6) / 4)
    assert means[1, 2] == pytest.approx(7)
    torch.testing.assert_close(_box_mean(image, 9), torch.full_like(image, 9.5))


def test_guided_filter_by_hand():
    # a window that holds the whole image: one straight line through all
    guide = torch.tensor([[[[0.0, 1.0]]]])
    image = torch.tensor([[[[0.2, 0.6]]]])
    slope = 0.1 / (0.25 + 0.05)  # covariance over variance and epsilon
    expected = torch.tensor([[[[0.4 - slope / 2, 0.4 + slope / 2]]]])
    torch.testing.assert_close(guided_filter(guide, image, 3, 0.05), expected)


def test_guided_filter_keeps_what_the_guide_has():
    guide = pair(20, 20)[0].double()
    torch.testing.assert_close(guided_filter(guide, guide, 3, 1e-9), guide, atol=1e-5, rtol=0)


def test_gff_takes_the_source_that_has_detail():
    textured, second = pair(80, 80)
    second = 0.5 + 0 * second
    inner = GuidedFilterFusion()(textured, second)[..., 20:-20, 20:-20]
    torch.testing.assert_close(inner, textured[..., 20:-20, 20:-20], atol=0.02, rtol=0)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="reference images are not here")
def test_gff_is_what_the_authors_program_makes():
    first, second = (io.imread(REFERENCE / "metrics" / f"p1_{name}.png") for name in "AB")
    expected = io.imread(REFERENCE / "methods" / "p1_gff.png").astype(int)
    sources = (torch.from_numpy(x / 255).float()[None, None] for x in (first, second))
    found = np.rint(255 * GuidedFilterFusion()(*sources)[0, 0].numpy()).astype(int)
    difference = np.abs(found - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001


def test_max_min_adds_a_part_of_the_darker_source():
    first, second = torch.tensor([[[[0.2, 0.9]]]]), torch.tensor([[[[0.6, 0.8]]]])
    fused = get_method("max-min")()(first, second)
    torch.testing.assert_close(fused, torch.tensor([[[[0.66, 1.0]]]]))
