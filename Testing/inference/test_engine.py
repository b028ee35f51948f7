"""The fast engine: folded, cropped, in parts or in mixed precision, it gives the same results."""

import numpy as np
import pytest
import torch
from helpers import random_method, random_slices
from torch import nn

from MedFusionLib.inference import engine
from MedFusionLib.inference.contributions import gradient, share
from MedFusionLib.inference.engine import fold, prepare_method
from MedFusionLib.inference.slices import Stream, batch_size, run_slices
from MedFusionLib.methods.boxes import GRID, boxes, dependence_radius
from MedFusionLib.methods.networks import cspa_dn
from MedFusionLib.methods.registry import all_methods, get_method

NETWORKS = [method.name for method in all_methods("network")]
NORMED = [name for name in NETWORKS if name not in ("deepfuse", "lp-cnn", "tfnet")]
LOCAL = [method.name for method in all_methods() if method.receptive_radius is not None]


def pair(*shape):
    return [random_slices(*shape, seed=seed) for seed in (1, 2)]


def everything(slices):
    return [slices.fused, *slices.contributions]


# Folding ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NORMED)
def test_a_folded_network_gives_the_same(name):
    method = random_method(name, deviation=0.1)
    folded, sources = fold(method), pair(2, 1, 17, 20)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in folded.modules())
    if name != "bands":  # has none
        assert any(isinstance(part, nn.BatchNorm2d) for part in method.modules())
    assert not any(p.requires_grad for p in folded.parameters())
    with torch.inference_mode():
        expected = method(*sources)
        assert expected.std() > 1e-3
        assert (folded(*sources) - expected).abs().max() < 1e-5
        assert (prepare_method(method).method(*sources) - expected).abs().max() < 1e-5


def test_a_method_without_weights_is_taken_as_it_is():
    method = random_method("average")
    assert prepare_method(method, "share", "auto") == engine.PreparedMethod(method)


# Background -------------------------------------------------------------------------------------


def with_places(*places, shape=(2, 96, 131)):
    occupied = np.zeros(shape, bool)
    for place in places:
        occupied[place] = True
    return occupied


FOREGROUNDS = {
    "inside": with_places(np.s_[0, 40:50, 50:61], np.s_[1, 70, 30]),
    "at the border": with_places(np.s_[0, :3, 120:], np.s_[1, 94:, :9]),
    "in several places": with_places(np.s_[0, 3, 4], np.s_[0, 30:33, 90], np.s_[1, 60, 60]),
    "in one slice": with_places(np.s_[1, 45:52, 40:44]),
}


def test_boxes_hold_what_they_have_to_on_a_grid():
    for occupied in FOREGROUNDS.values():
        for mask, (top, bottom, left, right) in zip(occupied, boxes(occupied, 11), strict=True):
            if not mask.any():
                assert (top, bottom, left, right) == (0, 0, 0, 0)
                continue
            rows, columns = np.nonzero(mask)
            assert top == 0 or (top <= rows.min() - 11 and top % GRID == 0)
            assert left == 0 or (left <= columns.min() - 11 and left % GRID == 0)
            assert bottom == 96 or (bottom > rows.max() + 11 and bottom % GRID == 0)
            assert right == 131 or (right > columns.max() + 11 and right % GRID == 0)
    assert boxes(FOREGROUNDS["in one slice"], None).tolist() == [[0] * 4, [0, 96, 0, 131]]


def smooth(method):
    """The method without the kinks at which rounding flips a gradient."""
    for part in list(method.modules()):
        for name, child in part.named_children():
            if isinstance(child, nn.LeakyReLU | nn.ReLU):
                setattr(part, name, nn.Softplus(3))
    return method


def check_crop(name, kind, occupied):
    """Runs with and without background; returns what was run of each slice."""
    method = smooth(random_method(name, deviation=0.1))
    sources = [s.numpy() for s in pair(*occupied.shape)]
    whole = run_slices(method, sources, contributions=kind, batch=1)
    for batch in (2, 1):
        part = run_slices(method, sources, contributions=kind, batch=batch, occupied=occupied)
        for found, expected in zip(everything(part), everything(whole), strict=True):
            scale = max(1, np.abs(expected).max())
            assert np.abs(found - expected)[occupied].max() < 1e-5 * scale
    if kind == "share":
        assert np.abs(part.baseline - whole.baseline).max() < 1e-6
    return part.boxes


@pytest.mark.parametrize("kind", [None, "gradient", "share"])
@pytest.mark.parametrize("place", FOREGROUNDS)
@pytest.mark.parametrize("name", [name for name in LOCAL if get_method(name).receptive_radius < 20])
def test_leaving_out_background_changes_nothing_in_the_foreground(name, place, kind):
    found = check_crop(name, kind, FOREGROUNDS[place])
    assert (found[:, 1::2] - found[:, ::2]).prod(axis=1).sum() < 0.8 * 2 * 96 * 131


@pytest.mark.parametrize("kind", [None, "gradient", "share"])
@pytest.mark.parametrize(
    "name", [name for name in LOCAL if get_method(name).receptive_radius >= 20]
)
def test_far_reaching_methods_can_be_cropped_too(name, kind):
    if kind == "gradient" and not get_method(name).differentiable:
        pytest.skip("no gradient")
    occupied = np.zeros((2, 37, 650), bool)
    occupied[0, 20, 4:8] = occupied[1, 30:, 300] = True
    found = check_crop(name, kind, occupied)
    assert found[0, 3] < 400 and (kind == "gradient" or found[1, 2] > 100)


@pytest.mark.parametrize("kind", [None, "share"])
@pytest.mark.parametrize("name", ["fw-net", "cspa-dn"])
def test_only_what_is_wanted_is_decoded(name, kind):
    occupied = FOREGROUNDS["in one slice"]
    result = check_crop(name, kind, occupied)
    assert result[0].tolist() == [0, 0, 0, 0] and result[1].tolist() == [0, 96, 0, 131]


def test_a_rough_stand_in_has_to_make_parts_too():
    method = random_method("cspa-dn")
    whole = engine._Half(method)
    assert engine.PreparedMethod(method).makes_parts("share")
    assert engine.PreparedMethod(method, method).makes_parts(None)
    assert not engine.PreparedMethod(method).makes_parts("gradient")
    assert not engine.PreparedMethod(method, whole).makes_parts("share")
    assert not engine.PreparedMethod(whole).makes_parts("share")


def test_smoothed_gradients_are_not_cropped():
    assert dependence_radius(11, "gradient", samples=4) is None
    assert dependence_radius(11, "share", samples=4) == 11


def test_slices_without_foreground_are_left_black():
    sources = [s.numpy() for s in pair(2, 20, 20)]
    empty = np.zeros((2, 20, 20), bool)
    result = run_slices(random_method("funfusean"), sources, contributions="share", occupied=empty)
    assert not any(part.any() for part in everything(result))


# Mixed precision --------------------------------------------------------------------------------


@pytest.fixture
def half_pays(monkeypatch):
    """Lets the CPU of any machine run mixed precision, however slowly."""
    monkeypatch.setattr(engine, "gains", lambda _: True)


def test_float32_is_float32_even_where_half_precision_pays(half_pays):
    fast = prepare_method(random_method("funfusean"), "gradient")
    assert fast.precision == "float32" and fast.approximate is None
    assert not any(part.dtype == torch.bfloat16 for part in fast.method.buffers())


@pytest.mark.parametrize("kind", [None, "gradient", "share"])
def test_mixed_precision_keeps_its_bounds(half_pays, kind):
    method = random_method("funfusean")
    fast = prepare_method(method, kind, "auto")
    assert fast.precision == "mixed"
    sources = pair(1, 1, 48, 48)
    function = gradient if kind == "gradient" else share
    fused, maps = function(method, *sources)
    found, parts = fast.run(kind or "share", *sources)
    assert 0 < (found - fused).abs().max() < engine.FUSED_BOUND or kind == "gradient"
    for part, expected in zip(parts, maps, strict=True):
        assert 0 < (part - expected).norm() < engine.MAPS_BOUND * expected.norm()


def test_what_is_not_safe_stays_float32(half_pays, monkeypatch):
    monkeypatch.setattr(engine._Check, "worst", lambda *_: 1.1)
    assert prepare_method(random_method("funfusean"), "share", "auto").precision == "float32"


def test_a_device_without_half_precision_products_stays_float32(half_pays, monkeypatch):
    class Refuses(nn.Module):
        def forward(self, first, second):
            raise RuntimeError("not implemented for 'Half'")

    monkeypatch.setattr(engine, "_mixtures", lambda *_: [engine.PreparedMethod(Refuses())])
    assert prepare_method(random_method("funfusean"), None, "auto").precision == "float32"


def test_the_check_finds_a_method_that_rounding_ruins(half_pays):
    class Steep(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(16, 16, 1)

        def forward(self, first, second):
            wide = torch.cat([first, second] * 8, dim=1)
            return (100 * self.conv(wide)).sin().mean(1, keepdim=True)

    for kind in (None, "share"):
        assert prepare_method(Steep().eval(), kind, "auto").precision == "float32"


def test_the_probe_is_the_same_each_time():
    for one, other in zip(engine.probe(3), engine.probe(3), strict=True):
        assert torch.equal(one, other)
        assert one.min() >= 0 and one.max() <= 1 and one.std() > 0.1


@pytest.mark.parametrize("name", NETWORKS)
def test_float16_runs_through_every_network(name):
    method = fold(random_method(name))
    sources = pair(1, 1, 16, 16)
    with torch.inference_mode():
        found = engine._Half(method)(*sources)
        assert found.dtype == torch.float32
        wrong = (found - method(*sources)).abs() >= 0.01
        # LP-CNN chooses the stronger source: rounding may flip a near tie, on some processors
        assert wrong.sum() <= (2 if name == "lp-cnn" else 0)


@pytest.mark.parametrize(("kind", "ways"), [(None, 1), ("gradient", 2), ("share", 2)])
def test_what_a_gpu_would_try_is_near_the_exact(monkeypatch, kind, ways):
    """In float16, but on the CPU, where that is slow."""
    monkeypatch.setattr(engine.probe, "__defaults__", (2, 32))
    folded = fold(random_method("funfusean"))
    exact = engine.PreparedMethod(folded)
    check = engine._Check(exact, kind, torch.device("cpu"))
    check.device = torch.device("cuda")
    worst = [check.worst(mixed) for mixed in engine._mixtures(folded, exact, check)]
    assert len(worst) == ways
    assert worst[-1] < 1


# Memory -----------------------------------------------------------------------------------------


def test_attention_in_parts_is_the_published_one(monkeypatch):
    monkeypatch.setattr(cspa_dn, "AT_ONCE", {"cpu": 3 * 2 * 17**2})
    sources = [random_slices(2, c, 13, 17, seed=n) for n, c in enumerate((2, 2, 8))]
    found = []
    for attend in (cspa_dn.criss_cross, cspa_dn.criss_cross_published):
        leaves = [part.clone().requires_grad_() for part in sources]
        attended = attend(*leaves)
        found.append([attended, *torch.autograd.grad((attended**2).sum(), leaves)])
    for part, expected in zip(*found, strict=True):
        assert expected.std() > 1e-3
        assert torch.allclose(part, expected, atol=1e-5)


def test_the_batch_keeps_to_the_memory_budget(monkeypatch):
    cuda, cpu = torch.device("cuda"), torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (8e10, 8e10))
    assert batch_size(cuda, 256, 256) == 64
    assert batch_size(cuda, 512, 512, memory=4e9) == 3
    assert batch_size(cpu, 64, 64, memory=2e7) == 2
    assert batch_size(cpu, 512, 512, memory=1) == 1
    assert batch_size(cpu, 512, 512, memory=1e12) == 1


# Streams ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["funfusean", "maximum"])
def test_a_stream_gives_the_same_slices(name):
    method, sources = random_method(name, deviation=0.1), [s.numpy() for s in pair(3, 20, 23)]
    expected = run_slices(method, sources).fused
    stream = Stream(method)
    for n in range(3):
        found = stream.fuse_slice(*(source[n] for source in sources))
        assert found.dtype == np.float32
        assert np.abs(found - expected[n]).max() < 1e-5
        stream.close()  # gives back memory; the stream can go on
