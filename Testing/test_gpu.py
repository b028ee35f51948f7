"""What only a GPU can show: the same results as on the CPU, whatever travels when."""

import numpy as np
import pytest
import torch
from helpers import random_method, random_slices

from MedFusionLib.inference import slices as inference
from MedFusionLib.inference.engine import FUSED_BOUND, MAPS_BOUND
from MedFusionLib.inference.slices import Stream, run_slices
from MedFusionLib.methods.registry import all_methods

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

METHODS = [method.name for method in all_methods()]
RUNS = [
    (method.name, kind)
    for method in all_methods()
    for kind in (None, "gradient", "share")
    if kind != "gradient" or method.differentiable
]
CUDA = torch.device("cuda")


def stacks(*shape):
    return [random_slices(*shape, seed=seed).numpy() for seed in (1, 2)]


def everything(slices):
    return [slices.fused, *slices.contributions]


@pytest.mark.parametrize(("name", "kind"), RUNS)
def test_a_gpu_gives_what_the_cpu_gives(name, kind):
    sources = stacks(9, 48, 53)
    cpu, gpu = (
        run_slices(random_method(name), sources, contributions=kind, device=device, batch=2)
        for device in (torch.device("cpu"), CUDA)
    )
    assert gpu.device.type == "cuda" and not gpu.warnings
    for found, expected in zip(everything(gpu), everything(cpu), strict=True):
        assert np.linalg.norm(found - expected) < 2e-3 * np.linalg.norm(expected)


@pytest.mark.parametrize(("name", "kind"), RUNS)
def test_mixed_precision_keeps_its_bounds(name, kind):
    sources = stacks(4, 64, 64)
    exact, mixed = (
        run_slices(
            random_method(name), sources, contributions=kind, device=CUDA, precision=precision
        )
        for precision in ("float32", "auto")
    )
    assert np.abs(mixed.fused - exact.fused).max() < FUSED_BOUND
    for found, expected in zip(mixed.contributions, exact.contributions, strict=True):
        assert np.linalg.norm(found - expected) < MAPS_BOUND * np.linalg.norm(expected)


def test_every_batch_lands_where_it_belongs():
    sources = stacks(50, 40, 41)
    for batch in (1, 7, 64):
        found = run_slices(random_method("average"), sources, device=CUDA, batch=batch)
        assert np.allclose(found.fused, (sources[0] + sources[1]) / 2, atol=1e-6)


@pytest.mark.parametrize("name", METHODS)
def test_a_stream_gives_fresh_slices(name):
    method, sources = random_method(name), stacks(3, 48, 53)
    expected = run_slices(method, sources).fused
    stream = Stream(method, CUDA)
    found = [stream.fuse_slice(*(source[n] for source in sources)) for n in (0, 1, 2, 0)]
    for one, wanted in zip(found, expected[[0, 1, 2, 0]], strict=True):
        assert np.abs(one - wanted).max() < 1e-3
    assert np.array_equal(found[0], found[3])


def test_networks_are_recorded_as_graphs():
    stream = Stream(random_method("funfusean"), CUDA)
    for size in ((32, 32), (48, 40), (32, 32)):
        stream.fuse_slice(*stacks(*size))
    assert sorted(stream._graphs) == [(32, 32), (48, 40)]
    assert all(isinstance(graph, inference._Graph) for graph in stream._graphs.values())
