"""What each source contributed: the gradients' values and the shares' axioms."""

import pytest
import torch
from helpers import random_method, random_slices

from MedFusionLib.inference.contributions import black, gradient, share, sum_error
from MedFusionLib.methods.registry import all_methods

METHODS = [method.name for method in all_methods()]
DIFFERENTIABLE = [method.name for method in all_methods() if method.differentiable]


def pair(*shape, **options):
    return [random_slices(*shape, seed=seed, **options) for seed in (1, 2)]


def counted(method):
    """The method, and a list that grows with every call."""
    calls = []

    def call(*sources):
        calls.append(len(sources))
        return method(*sources)

    return call, calls


# Gradient ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_of_funfusean_equal_finite_differences(seed):
    method = random_method("funfusean", seed, deviation=0.1).double()
    sources = pair(1, 1, 7, 8, dtype=torch.float64)
    _, maps = gradient(method, *sources)
    step = 1e-6
    with torch.no_grad():
        for m, found in enumerate(maps):
            expected = torch.zeros_like(found)
            for p in range(found.numel()):
                sums = []
                for sign in (1, -1):
                    moved = [source.clone() for source in sources]
                    moved[m].view(-1)[p] += sign * step
                    sums.append(method(*moved).sum())
                expected.view(-1)[p] = (sums[0] - sums[1]) / (2 * step)
            assert found.abs().max() > 0.01
            assert (found - expected).abs().max() < 1e-4 * expected.abs().max()


def test_both_gradients_come_from_one_pass():
    call, calls = counted(random_method("funfusean"))
    fused, maps = gradient(call, *pair(2, 1, 9, 9))
    assert len(calls) == 1
    assert [m.shape for m in (fused, *maps)] == [(2, 1, 9, 9)] * 3
    assert not any(m.requires_grad for m in (fused, *maps))


def test_gradients_come_even_where_they_are_switched_off():
    with torch.no_grad():
        _, (first, second) = gradient(lambda a, b: 3 * a + b, *pair(1, 1, 2, 2))
    assert torch.all(first == 3) and torch.all(second == 1)


def test_the_gradient_of_an_ignored_source_is_0():
    _, (first, second) = gradient(lambda a, _: a**2, *pair(1, 1, 4, 4))
    assert torch.all(first > 0) and torch.all(second == 0)


def test_gradients_leave_the_sources_alone():
    sources = pair(1, 1, 8, 8)
    gradient(random_method("funfusean"), *sources)
    assert all(not s.requires_grad and s.grad is None for s in sources)


def test_smoothed_gradients_are_deterministic_and_do_not_depend_on_the_batch():
    method = random_method("funfusean", deviation=0.1)
    sources = pair(3, 1, 9, 10)
    fused, whole = gradient(method, *sources, samples=4)
    again = gradient(method, *sources, samples=4)[1]
    alone = gradient(method, *[s[1:2] for s in sources], samples=4)[1]
    for m in range(2):
        assert torch.equal(whole[m], again[m])
        assert torch.allclose(whole[m][1:2], alone[m], atol=1e-5)
    plain_fused, plain = gradient(method, *sources)
    assert torch.equal(fused, plain_fused)
    assert not torch.allclose(whole[0], plain[0], atol=1e-3)
    assert not torch.equal(whole[0], gradient(method, *sources, samples=4, seed=1)[1][0])


# Share ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("name", METHODS)
def test_shares_sum_to_what_fusing_added_in_every_pixel(name, steps):
    method = random_method(name, deviation=0.1)
    sources = pair(2, 1, 16, 17)
    with torch.inference_mode():
        fused, maps = share(method, *sources, steps=steps)
        assert torch.allclose(fused, method(*sources), atol=1e-6)
        assert sum_error(fused, maps, black(method, *sources)) < 1e-5


@pytest.mark.parametrize("steps", [1, 3])
def test_shares_of_three_sources_sum_too(steps):
    pairwise = random_method("funfusean", deviation=0.1)
    call, calls = counted(lambda a, b, c: pairwise(pairwise(a, b), c))
    sources = [random_slices(2, 1, 9, 10, seed=seed) for seed in range(3)]
    with torch.inference_mode():
        fused, maps = share(call, *sources, steps=steps)
        assert len(calls) == 1 + 7 * steps
        assert sum_error(fused, maps, black(call, *sources)) < 1e-5
    assert len(maps) == 3


@pytest.mark.parametrize("steps", [1, 3])
def test_an_ignored_source_has_no_share(steps):
    sources = [random_slices(2, 1, 5, 5, seed=seed) for seed in range(3)]
    fused, maps = share(lambda a, _, c: a**2 * (1 + c), *sources, steps=steps)
    assert torch.all(maps[1] == 0)
    assert torch.allclose(maps[0] + maps[2], fused)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("name", ["average", "maximum"])
def test_equal_sources_of_a_symmetric_method_have_equal_shares(name, steps):
    source = random_slices(2, 1, 8, 8)
    fused, (first, second) = share(random_method(name), source, source.clone(), steps=steps)
    assert torch.equal(first, second)
    assert torch.allclose(first + second, fused)


def test_shares_are_those_that_one_reckons_by_hand():
    a, b = torch.full((1, 1, 1, 1), 0.2), torch.full((1, 1, 1, 1), 0.8)
    _, (first, second) = share(lambda x, y: x * y + y + 0.1, a, b)
    assert first.item() == pytest.approx(0.08)
    assert second.item() == pytest.approx(0.88)


def test_many_steps_follow_the_path():
    """Aumann-Shapley: of x * y squared the second source has two thirds."""
    ones = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    _, (first, second) = share(lambda x, y: x * y**2, ones, ones, steps=200)
    assert first.item() == pytest.approx(1 / 3, abs=1e-3)
    assert second.item() == pytest.approx(2 / 3, abs=1e-3)


def test_a_known_baseline_saves_a_pass_and_changes_nothing():
    method = random_method("funfusean", deviation=0.1)
    sources = pair(2, 1, 9, 10)
    call, calls = counted(method)
    with torch.inference_mode():
        _, maps = share(call, *sources, baseline=black(method, *sources))
        assert len(calls) == 3
        for found, expected in zip(maps, share(method, *sources)[1], strict=True):
            assert torch.equal(found, expected)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_every_differentiable_method_has_gradients(name):
    fused, maps = gradient(random_method(name, deviation=0.1), *pair(1, 1, 16, 17))
    for part in (fused, *maps):
        assert part.shape == (1, 1, 16, 17)
        assert torch.isfinite(part).all() and part.abs().max() > 0


def test_a_rough_stand_in_changes_the_shares_but_not_their_sum():
    def fuse(a, b):
        return (a + 2 * b).sin()

    def approximate(a, b):
        return fuse(a, b) + 0.01

    sources = [random_slices(1, 1, 6, 7, seed=seed) for seed in (1, 2)]
    fused, maps = share(fuse, *sources)
    found, parts = share(fuse, *sources, approximate=approximate)
    assert torch.equal(found, fused)
    assert torch.allclose(sum(parts), sum(maps), atol=1e-6)
    found, parts = share(fuse, *sources, approximate=lambda a, b: fuse(a, b) + 0.01 * a)
    assert torch.allclose(parts[0] - maps[0], 0.005 * sources[0], atol=1e-6)
