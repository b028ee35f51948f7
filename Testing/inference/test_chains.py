"""Chains of convolutions: the same results and the same gradients as layer by layer."""

import pytest
import torch
from helpers import random_method, random_slices
from torch import nn

from MedFusionLib.inference.chains import ConvolutionChain, chained, multiply_in_bfloat16
from MedFusionLib.inference.contributions import gradient
from MedFusionLib.inference.engine import fold
from MedFusionLib.methods.registry import all_methods


def convolves(method):
    return any(isinstance(part, nn.Conv2d) for part in method().modules())


NETWORKS = [method.name for method in all_methods("network") if convolves(method)]


def chains_of(module):
    return [part for part in module.modules() if isinstance(part, ConvolutionChain)]


def pair(*shape, dtype=torch.float64):
    return [random_slices(*shape, seed=seed, dtype=dtype) for seed in (1, 2)]


@pytest.mark.parametrize("size", [(32, 48), (33, 46)])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_chained_network_gives_the_same(name, size):
    method = fold(random_method(name, deviation=0.1).double())
    chain, sources = chained(method), pair(2, 1, *size)
    expected, maps = gradient(method, *sources)
    found, parts = gradient(chain, *sources)
    assert len(chains_of(chain)) > 0 and expected.std() > 1e-3
    # CSpA-DN takes the products of channels in float32
    for part, wanted in zip((found, *parts), (expected, *maps), strict=True):
        assert (part - wanted).norm() < 1e-6 * wanted.norm()
    with torch.inference_mode():
        assert (chain(*sources) - expected).norm() < 1e-6 * expected.norm()


@pytest.mark.parametrize("mode", ["zeros", "reflect"])
@pytest.mark.parametrize("outputs", [1, 2, 5])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_a_chain_takes_any_kernel_and_number_of_channels(kernel, outputs, mode):
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(outputs, 7, kernel, padding=kernel // 2, padding_mode=mode),
        nn.LeakyReLU(0.3),
        nn.Sequential(nn.Conv2d(7, 6, kernel, padding="same", bias=False), nn.ReLU()),
        nn.Conv2d(6, outputs, kernel, padding=0),
    )
    layers = layers.double().requires_grad_(False)
    chain = chained(layers)
    assert [type(part) for part in chain] == [ConvolutionChain]
    x = random_slices(2, outputs, 11, 14, dtype=torch.float64).requires_grad_()
    found, expected = chain(x), layers(x)
    assert torch.allclose(found, expected)
    wanted = torch.autograd.grad(expected.square().sum(), x)
    assert torch.allclose(*torch.autograd.grad(found.square().sum(), x), *wanted)


def test_what_a_chain_cannot_hold_stays_as_it_is():
    layers = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, stride=2),
        nn.Sigmoid(),
        nn.Conv2d(4, 4, 1, groups=2),
        nn.Conv2d(4, 4, 2, padding=1),
        nn.ReLU(),
    ).requires_grad_(False)
    kinds = [type(part) for part in chained(layers)]
    assert kinds == [ConvolutionChain, nn.Conv2d, nn.Sigmoid, nn.Conv2d, nn.Conv2d, nn.ReLU]
    x = random_slices(1, 1, 9, 9)
    assert torch.allclose(chained(layers)(x), layers(x), atol=1e-6)


def test_the_original_keeps_its_layers():
    method = fold(random_method("funfusean"))
    before = repr(method)
    chained(method)
    assert repr(method) == before and not chains_of(method)


def test_half_precision_is_where_it_was_asked_for():
    method = fold(random_method("funfusean", deviation=0.1))
    sources = pair(1, 1, 32, 32, dtype=torch.float32)
    fused, maps = gradient(method, *sources)

    chain = chained(method, torch.bfloat16)
    found, parts = gradient(chain, *sources)
    assert (found - fused).abs().max() < 1e-5
    for part, wanted in zip(parts, maps, strict=True):
        assert 1e-4 < (part - wanted).norm() / wanted.norm() < 0.02

    multiply_in_bfloat16(chain, ["merge.0.0"])
    found, _ = gradient(chain, *sources)
    assert 1e-5 < (found - fused).abs().max() < 0.02
    multiply_in_bfloat16(chain, [])
    assert (gradient(chain, *sources)[0] - fused).abs().max() < 1e-5
