"""Slices through a method: whatever the batch, and whatever memory there is."""

import numpy as np
import pytest
import torch
from helpers import random_method, random_slices

from MedFusionLib.errors import Cancelled
from MedFusionLib.inference import engine
from MedFusionLib.inference import slices as inference
from MedFusionLib.inference.bounds import DARK
from MedFusionLib.inference.contributions import gradient, share
from MedFusionLib.inference.slices import batch_size, run_slices, slices_at_once
from MedFusionLib.methods.base import FusionMethod
from MedFusionLib.methods.registry import all_methods


def stacks(*shape):
    return [random_slices(*shape, seed=seed).numpy() for seed in (1, 2)]


def without_knees(method):
    for part in method.modules():
        if isinstance(part, torch.nn.LeakyReLU):
            part.negative_slope = 1.0
    return method


def everything(slices):
    return [slices.fused, *slices.contributions]


@pytest.mark.parametrize("precision", ["float32", "auto"])
@pytest.mark.parametrize("kind", [None, "gradient", "share"])
def test_on_a_cpu_the_batch_changes_no_bit_of_the_result(kind, precision, monkeypatch):
    monkeypatch.setattr(engine, "gains", lambda _: True)  # half precision, fast here or not
    method = random_method("funfusean", deviation=0.05)
    sources = stacks(7, 20, 23)
    options = {"contributions": kind, "precision": precision, "bounded": True}
    alone, *others = (run_slices(method, sources, batch=n, **options) for n in (1, 3, 7))
    assert np.std(alone.fused) > 0.01
    for other in others:
        for found, expected in zip(everything(other), everything(alone), strict=True):
            assert np.array_equal(found, expected)


class Loud(torch.nn.Module):
    """Leaves [0, 1], and makes light of nothing."""

    def __init__(self):
        super().__init__()
        self.veil = torch.nn.Parameter(torch.tensor(0.1))

    def forward(self, first, second):
        return 2 * first - second + self.veil


@pytest.mark.parametrize("kind", [None, "gradient", "share"])
def test_bounded_results_lie_in_0_to_1_and_are_black_where_the_sources_are(kind):
    sources = stacks(3, 12, 12)
    for source in sources:
        source[:, :4] = 0
    result = run_slices(Loud(), sources, contributions=kind, bounded=True)
    assert (result.fused.min(), result.fused.max()) == (0, 1)
    assert not result.fused[:, :4].any()
    bright = np.maximum(*sources) > DARK
    free = np.clip(2 * sources[0] - sources[1] + 0.1, 0, 1)
    np.testing.assert_allclose(result.fused[bright], free[bright], atol=1e-6)
    if kind == "share":
        assert not result.baseline.any()
        np.testing.assert_allclose(sum(result.contributions), result.fused, atol=1e-6)


@pytest.mark.parametrize("name", ["funfusean", "fw-net", "average"])
def test_bounds_hold_for_parts_branches_and_classical_methods_alike(name):
    method = random_method(name, deviation=0.3)
    sources = stacks(2, 40, 40)
    occupied = np.zeros((2, 40, 40), bool)
    occupied[:, 5:20, 8:30] = True
    whole = run_slices(method, sources, contributions="share", bounded=True)
    part = run_slices(method, sources, contributions="share", bounded=True, occupied=occupied)
    plain = run_slices(method, sources).fused
    dark = np.minimum(np.maximum(*sources) / DARK, 1) if name != "average" else 1
    np.testing.assert_allclose(whole.fused, np.clip(plain, 0, 1) * dark, atol=1e-5)
    np.testing.assert_allclose(part.fused[occupied], whole.fused[occupied], atol=1e-5)
    np.testing.assert_allclose(sum(part.contributions), part.fused - part.baseline, atol=1e-5)


@pytest.mark.parametrize("size", [(17, 16), (33, 19)])
@pytest.mark.parametrize("method", all_methods(), ids=lambda method: method.name)
def test_every_method_takes_odd_sizes_and_slices_alone_or_together(method, size):
    module = random_method(method.name, deviation=0.1)
    sources = stacks(3, *size)
    together = run_slices(module, sources, contributions="share", batch=3)
    alone = run_slices(module, [s[1:2] for s in sources], contributions="share", batch=1)
    for found, expected in zip(everything(together), everything(alone), strict=True):
        assert found.shape == (3, *size)
        assert np.abs(found[1:2] - expected).max() < 1e-5


def test_the_order_of_the_slices_does_not_matter():
    method = random_method("funfusean", deviation=0.1)
    sources = stacks(5, 12, 12)
    forward = run_slices(method, sources, batch=2).fused
    backward = run_slices(method, [s[::-1] for s in sources], batch=2).fused
    assert np.abs(forward - backward[::-1]).max() < 1e-5


def test_slices_get_what_the_contributions_give():
    method = random_method("funfusean", deviation=0.1)
    sources = stacks(2, 12, 12)
    batch = [torch.from_numpy(s)[:, None] for s in sources]
    for kind, function in (("gradient", gradient), ("share", share)):
        fused, maps = function(method, *batch)
        found = everything(run_slices(method, sources, contributions=kind, batch=2))
        for part, expected in zip(found, (fused, *maps), strict=True):
            assert np.allclose(part, expected[:, 0].detach(), atol=1e-5)


def test_the_baseline_is_the_fusion_of_black_slices():
    method = random_method("funfusean", deviation=0.1)
    sources = stacks(3, 12, 12)
    black = run_slices(method, [0 * s for s in sources], batch=1).fused[0]
    shares = run_slices(method, sources, contributions="share", batch=2)
    assert np.allclose(shares.baseline, black, atol=1e-6)
    assert np.allclose(sum(shares.contributions), shares.fused - shares.baseline, atol=1e-5)
    assert run_slices(method, sources, contributions="gradient").baseline is None


@pytest.fixture
def threads():
    """Sets how many torch takes, until the end of the test."""
    yield torch.set_num_threads
    torch.set_num_threads(1)


@pytest.mark.parametrize("kind", [None, "gradient", "share", "parts"])
def test_the_number_of_threads_changes_no_bit_where_slices_run_side_by_side(kind, threads):
    method, sources = random_method("bands"), stacks(9, 140, 130)
    occupied = sources[0] > 0.02
    occupied[4] = False
    found = []
    for count, batch in ((1, None), (2, None), (3, None), (3, 1)):
        threads(count)
        result = run_slices(method, sources, contributions=kind, occupied=occupied, batch=batch)
        assert result.batch == (batch or count)
        found.append(np.stack(everything(result)))
    assert found[0].std() > 0.01
    for other in found[1:]:
        assert np.array_equal(other, found[0])


def test_slices_side_by_side_count_up_and_can_be_cancelled(threads):
    threads(2)
    calls, method, sources = [], random_method("bands"), stacks(40, 20, 20)
    run_slices(method, sources, progress=lambda *n: calls.append(n))
    assert calls == [(n, 40) for n in range(1, 41)]
    with pytest.raises(Cancelled):
        run_slices(
            method,
            sources,
            progress=lambda *n: calls.append(n),
            cancelled=lambda: len(calls) == 43,
        )
    assert calls[40:] == [(1, 40), (2, 40), (3, 40)]


def test_slices_side_by_side_keep_to_the_memory(threads):
    threads(4)
    assert slices_at_once(torch.device("cpu"), 256, 256) == 4
    assert slices_at_once(torch.device("cpu"), 256, 256, memory=4e8) == 2
    assert slices_at_once(torch.device("cpu"), 1024, 1024) == 1


def test_progress_counts_up_to_all_slices():
    calls = []
    run_slices(
        random_method("average"), stacks(7, 4, 4), batch=3, progress=lambda *n: calls.append(n)
    )
    assert calls == [(3, 7), (6, 7), (7, 7)]


def test_a_cancel_between_batches_ends_the_run():
    done = []
    with pytest.raises(Cancelled):
        run_slices(
            random_method("average"),
            stacks(7, 4, 4),
            batch=3,
            progress=lambda count, _: done.append(count),
            cancelled=lambda: len(done) == 1,
        )
    assert done == [3]


def test_an_empty_stack_gives_an_empty_result():
    assert run_slices(
        random_method("average"), stacks(0, 4, 4), contributions="share"
    ).fused.shape == (
        0,
        4,
        4,
    )


# Memory -----------------------------------------------------------------------------------------


class OnTwoDevices(FusionMethod):
    """The sum of both sources; remembers where it was sent. The GPU is only pretended."""

    title = "On two devices"

    def __init__(self):
        super().__init__()
        self.sent = []

    def to(self, device):
        self.sent.append(device.type)
        return self

    def forward(self, first, second):
        return first + second


@pytest.fixture
def gpu(monkeypatch):
    """Makes a GPU that holds so many slices at once; gives the batches that it was asked for."""
    run_batch, lanes = inference._Run._run, inference._DeviceQueues

    def with_room_for(room):
        asked = []

        def tried(run, where):
            result = run.result
            device = result.device
            asked.append((device.type, where.stop - where.start))
            if device.type == "cuda" and where.stop - where.start > room:
                raise torch.OutOfMemoryError("CUDA out of memory")
            result.device = torch.device("cpu")
            found = run_batch(run, where)
            result.device = device
            return found

        monkeypatch.setattr(inference._Run, "_run", tried)
        monkeypatch.setattr(inference, "_DeviceQueues", lambda _: lanes(torch.device("cpu")))
        return asked

    return with_room_for


def test_out_of_memory_halves_the_batch(gpu):
    asked = gpu(2)
    method, sources, done = OnTwoDevices(), stacks(7, 4, 4), []
    result = run_slices(
        method,
        sources,
        device=torch.device("cuda"),
        batch=8,
        progress=lambda count, _: done.append(count),
    )
    assert [n for _, n in asked] == [7, 4, 2, 2, 2, 1]
    assert (result.device.type, result.batch, result.warnings) == ("cuda", 2, [])
    assert method.sent == ["cuda"]
    assert done == [2, 4, 6, 7]
    assert np.array_equal(result.fused, sum(sources))


def test_where_no_single_slice_fits_the_cpu_goes_on(gpu):
    asked = gpu(0)
    method, sources = OnTwoDevices(), stacks(7, 4, 4)
    result = run_slices(
        method, sources, contributions="share", device=torch.device("cuda"), batch=2
    )
    assert [device for device, _ in asked[:3]] == ["cuda", "cuda", "cpu"]
    assert method.sent == ["cuda", "cpu"]
    assert result.device.type == "cpu"
    assert len(result.warnings) == 1 and "CPU went on" in result.warnings[0]
    assert np.array_equal(result.fused, sum(sources))
    assert np.allclose(result.contributions[0], sources[0], atol=1e-6)


def test_out_of_memory_on_the_cpu_is_an_error():
    def full(*_):
        raise torch.OutOfMemoryError

    method = OnTwoDevices()
    method.forward = full
    with pytest.raises(torch.OutOfMemoryError):
        run_slices(method, stacks(2, 4, 4), batch=2)


def test_the_batch_follows_the_memory_there_is(monkeypatch):
    cuda, cpu = torch.device("cuda"), torch.device("cpu")
    for free, expected in ((0, 1), (4e9, 7), (8e10, 64)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, 8e10))
        assert batch_size(cuda, 256, 256) == expected
    assert batch_size(cpu, 512, 512) == 1
    assert batch_size(cpu, 128, 128) == 4


def test_products_are_as_exact_as_float32_and_the_switch_goes_back():
    switch = torch.backends.cudnn
    before = switch.allow_tf32
    seen = []
    method = OnTwoDevices()
    method.forward = lambda a, b: seen.append(switch.allow_tf32) or a + b
    run_slices(method, stacks(1, 4, 4))
    assert seen == [False]
    assert switch.allow_tf32 == before
