"""What every registered method keeps to, networks with random weights."""

import pytest
import torch
from helpers import random_method, random_slices

from MedFusionLib.inference.bounds import bounded
from MedFusionLib.inference.contributions import share, sum_error
from MedFusionLib.methods.base import FusionMethod
from MedFusionLib.methods.registry import DEFAULT_METHOD, all_methods, get_method
from MedFusionLib.methods.weights import weights_path
from MedFusionLib.settings import Settings
from MedFusionLib.sources.modalities import PAIRS

methods = pytest.mark.parametrize("method", all_methods(), ids=lambda method: method.name)
classical = pytest.mark.parametrize(
    "method", all_methods("classical"), ids=lambda method: method.name
)


def pair(number: int = 1, height: int = 37, width: int = 53) -> list[torch.Tensor]:
    return [random_slices(number, 1, height, width, seed=seed) for seed in (1, 2)]


def half_black() -> list[torch.Tensor]:
    """Sources with a background of exactly 0, and something in each that the other lacks."""
    first, second = pair()
    first[..., :20] = 0
    second[..., :14, :] = 0
    second[..., -12:] = 0
    return [first, second]


@pytest.mark.parametrize("pair", PAIRS)
def test_what_fuses_where_nobody_chose_serves_every_pair(pair):
    assert Settings().method == DEFAULT_METHOD
    assert get_method(DEFAULT_METHOD).any_number
    assert weights_path(DEFAULT_METHOD, pair).is_file()


@methods
def test_shares_are_finite_and_sum_up(method: type[FusionMethod]):
    fuse = random_method(method.name)
    sources = half_black()
    with torch.inference_mode():
        fused, maps = share(fuse, *sources)
        nothing = fuse(*(torch.zeros_like(source) for source in sources))
    assert fused.shape == sources[0].shape and fused.dtype == torch.float32
    assert all(torch.isfinite(part).all() for part in (fused, nothing, *maps))
    assert sum_error(fused, maps, nothing) < 1e-5


@pytest.mark.parametrize("method", all_methods(), ids=lambda method: method.name)
def test_a_bounded_method_offers_what_the_method_does(method):
    made = bounded(method(), 0.05)
    assert made.offers("parts") == method.supports("parts")
    assert made.offers("fuse_box") == method.supports("fuse_box")


@classical
def test_two_black_sources_stay_black(method: type[FusionMethod]):
    black = torch.zeros(1, 1, 37, 53)
    assert (random_method(method.name)(black, black) == 0).all()


@methods
@pytest.mark.parametrize("dark", [0, 1], ids=["no first", "no second"])
@pytest.mark.parametrize("value", [0.0, 0.3], ids=["black", "flat"])
def test_a_source_without_anything_is_no_trouble(
    method: type[FusionMethod], dark: int, value: float
):
    sources = half_black()
    sources[dark] = torch.full_like(sources[dark], value)
    with torch.inference_mode():
        fused = random_method(method.name)(*sources)
    assert torch.isfinite(fused).all()
    lowest = 0 if method.kind == "classical" else -1  # untrained networks end in tanh
    assert fused.min() >= lowest and fused.max() <= 1
    assert fused.std() > 0


@methods
def test_a_slice_does_not_depend_on_its_batch(method: type[FusionMethod]):
    first, second = pair(3)
    fuse = random_method(method.name)
    with torch.inference_mode():
        together = fuse(first, second)[1:2]
        alone = fuse(first[1:2], second[1:2])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "method", [m for m in all_methods() if m.differentiable], ids=lambda method: method.name
)
def test_gradients_are_finite_also_where_a_source_is_black(method: type[FusionMethod]):
    first, second = half_black()
    sources = [first.requires_grad_(), torch.zeros_like(second).requires_grad_()]
    maps = torch.autograd.grad(random_method(method.name)(*sources).sum(), sources)
    assert all(torch.isfinite(part).all() for part in maps)
