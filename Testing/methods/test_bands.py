"""The network of our own: what holds by construction, and what each contribution adds up to."""

import numpy as np
import pytest
import torch
from helpers import random_slices, refused
from scipy.ndimage import uniform_filter1d

from MedFusionLib.fusion import fuse
from MedFusionLib.inference import contributions
from MedFusionLib.inference.slices import run_slices
from MedFusionLib.methods.networks.bands import (
    AGREEMENT,
    OWN,
    RATIOS,
    Bands,
    _SourceFeatures,
    running_mean,
)
from MedFusionLib.methods.registry import all_methods, get_method
from MedFusionLib.methods.weights import weights_path
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.training import measures
from MedFusionLib.training.truth import TruthOptions, draw, truth_losses


@pytest.fixture(scope="module")
def bands():
    """A network whose weights mean nothing, but are not 0."""
    torch.manual_seed(0)
    module = Bands().eval()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, 0, 0.3)
    return module.requires_grad_(False)


@pytest.fixture(scope="module")
def pair():
    """Two pictures that leave a border black, (1, 1, 60, 70) each."""
    first, second = torch.rand(2, 1, 1, 60, 70, generator=torch.Generator().manual_seed(1))
    first[..., :6, :], second[..., :9] = 0, 0
    first[..., :12, :12], second[..., :12, :12] = 0, 0
    return first, second


# By construction ----------------------------------------------------------------------------------


def test_ratios_change_nothing_but_their_sign_with_the_order(pair):
    features = _SourceFeatures(pair)
    indices = torch.arange(pair[0].numel())
    first, second = (features.at(m, indices) for m in (0, 1))
    for one, other in zip(first.ratios(second), second.ratios(first), strict=True):
        assert torch.equal(one, -other)
        assert one.abs().max() > 0.1


def test_a_lone_source_comes_through_unchanged(bands, pair):
    first, _ = pair
    nothing = torch.zeros_like(first)
    assert torch.equal(bands(first, nothing), first)
    assert torch.equal(bands(nothing, first), first)
    assert not bands(nothing, nothing).any()


def test_background_stays_exactly_zero(bands, pair):
    fused = bands(*pair)
    background = torch.maximum(*pair) == 0
    assert background.any()
    assert not fused[background].any()
    assert 0 <= fused.min() < fused.max() <= 1
    assert not torch.allclose(fused, torch.maximum(*pair), atol=0.05)


@pytest.mark.parametrize("window", [1, 3, 5, 15])
@pytest.mark.parametrize("dim", [-1, -2])
def test_running_means_are_means(pair, window, dim):
    found = running_mean(pair[0], window, dim)
    expected = uniform_filter1d(pair[0].double().numpy(), window, axis=dim, mode="nearest")
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not found[expected == 0].any()


def test_untrained_it_is_the_maximum(pair):
    assert torch.equal(Bands().eval()(*pair), torch.maximum(*pair))


def test_the_order_of_the_sources_plays_no_part(bands, pair):
    third = torch.rand(1, 1, 60, 70, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(bands(*pair), bands(*pair[::-1]))
    torch.testing.assert_close(bands(*pair, third), bands(third, *pair))


def test_a_third_black_source_changes_nothing(bands, pair):
    assert torch.equal(bands(*pair, torch.zeros_like(pair[0])), bands(*pair))


def test_nothing_reaches_farther_than_the_radius(bands):
    first, second = torch.rand(2, 1, 1, 120, 120, generator=torch.Generator().manual_seed(3))
    other = first.clone()
    other[..., 60, 60] = 1 - other[..., 60, 60]
    changed = torch.nonzero((bands(first, second) - bands(other, second))[0, 0])
    radius = get_method("bands").receptive_radius
    assert radius - 6 <= (changed - 60).abs().max() <= radius


@pytest.mark.parametrize("name", [*OWN, *RATIOS, *AGREEMENT])
def test_a_feature_left_out_is_not_seen(pair, name):
    torch.manual_seed(0)
    whole, lacking = Bands(), Bands(without=(name,))
    lacking.load_state_dict(whole.state_dict())
    torch.nn.init.normal_(whole.perceptron[-1].weight)
    lacking.perceptron[-1].weight.data = whole.perceptron[-1].weight.data
    assert not torch.allclose(whole.eval()(*pair), lacking.eval()(*pair), atol=1e-4)


# Contributions ------------------------------------------------------------------------------------


def test_shares_have_the_closed_form(bands, pair):
    fused, (first, second) = contributions.share(bands, *pair)
    plain = contributions.share(lambda a, b: bands(a, b), *pair)
    torch.testing.assert_close(first, (fused + pair[0] - pair[1]) / 2)
    torch.testing.assert_close(second, (fused + pair[1] - pair[0]) / 2)
    torch.testing.assert_close((first, second), plain[1])


def test_shares_of_three_sources_sum_up(bands, pair):
    third = torch.rand(1, 1, 60, 70, generator=torch.Generator().manual_seed(2))
    fused, maps = contributions.share(bands, *pair, third)
    torch.testing.assert_close(sum(maps), fused)


@pytest.mark.parametrize("name", [m.name for m in all_methods() if m.supports("parts")])
def test_parts_sum_to_what_is_fused(bands, name, pair):
    module = bands if name == "bands" else get_method(name)().eval()
    fused, maps = contributions.parts(module, *pair)
    assert torch.equal(fused, maps[0] + maps[1])
    torch.testing.assert_close(fused, module(*pair), atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("name", [m.name for m in all_methods() if m.supports("parts")])
def test_a_black_source_has_no_part(bands, name, pair):
    module = bands if name == "bands" else get_method(name)().eval()
    _, second = module.parts(pair[0], torch.zeros_like(pair[0]))
    assert second.abs().max() < 1e-6


def test_parts_run_through_volumes_in_any_batch(bands):
    sources = random_slices(2, 3, 40, 48).numpy()
    one = run_slices(bands, sources, contributions="parts", batch=1)
    all_at_once = run_slices(bands, sources, contributions="parts", batch=3)
    assert one.baseline is None
    np.testing.assert_allclose(sum(one.contributions), one.fused, atol=1e-6)
    np.testing.assert_allclose(one.contributions[0], all_at_once.contributions[0], atol=1e-6)


def test_parts_of_a_fusion_sum_up():
    head = make_phantom((16, 40, 40))
    fusion = fuse(head.t1, head.pet, "pet-mr", method="maximum", contributions="parts")
    np.testing.assert_allclose(
        sum(part.array for part in fusion.contributions), fusion.fused.array, atol=1e-6
    )
    assert fusion.baseline is None
    assert fusion.colour.any()


def test_three_sources_at_once_in_any_order():
    head = make_phantom((16, 40, 40))
    if not weights_path("bands", "pet-mr").is_file():
        pytest.skip("bands.safetensors is not there")
    settings = {"method": "bands", "contributions": "share", "device": "cpu"}
    one = fuse(head.t1, head.pet, "pet-mr", third=head.ct, third_modality="ct", **settings)
    other = fuse(head.t1, head.ct, "ct-mr", third=head.pet, third_modality="pet", **settings)
    np.testing.assert_allclose(one.fused.array, other.fused.array, atol=1e-5)
    np.testing.assert_allclose(
        sum(part.array for part in one.contributions), one.fused.array, atol=1e-5
    )
    assert one.report.pair == "pet-mr, at once with ct-mr"


def test_a_method_without_parts_refuses_them():
    head = make_phantom((16, 40, 40))
    with refused("FunFuseAn", "choose the contributions 'share'"):
        fuse(head.t1, head.pet, "pet-mr", method="funfusean", contributions="parts")
    three = {"third": head.ct, "third_modality": "ct"}
    with refused("one after the other"):
        fuse(head.t1, head.pet, "pet-mr", method="maximum", contributions="parts", **three)


# What it is trained on ----------------------------------------------------------------------------


def test_losses_are_the_metrics(pair):
    from MedFusionLib import metrics

    first, second = ((255 * image).round() / 255 for image in pair)
    fused = (first + second) / 2
    for loss, wanted in (
        (measures.vif_loss, metrics.vif(fused, first, second)),
        (measures.q_abf_loss, metrics.q_abf(fused, first, second)),
        (measures.ssim_sum_loss, metrics.ssim(fused, first, second, variant="cddfuse")),
        (measures.scd_loss, metrics.scd(fused, first, second)),
    ):
        assert -loss(fused, first, second).item() == pytest.approx(wanted.item(), abs=5e-3)


def test_losses_can_be_followed_to_the_sources_of_error(pair):
    fused = torch.zeros_like(pair[0]).requires_grad_()
    for loss in (measures.vif_loss, measures.q_abf_loss, measures.ssim_sum_loss):
        loss(fused, *pair).backward()
        assert torch.isfinite(fused.grad).all()


def test_a_darkened_source_costs(pair):
    brightest = torch.maximum(*pair)
    assert measures.darkening_loss(brightest, *pair).item() == 0
    assert measures.darkening_loss(0.5 * brightest, *pair).item() > 0.1
    assert measures.overflow_loss(brightest).item() == 0


@pytest.fixture(scope="module")
def labels():
    """Axial slices of one small head."""
    head = make_phantom((32, 64, 64), 5)
    return torch.from_numpy(head.labels[12:28:4].astype(np.int64))


def test_the_truth_term_plants_something_in_one_source(labels):
    random = np.random.default_rng(0)
    for _ in range(5):
        scene = draw(labels, "ct-mr", random, 60)
        if scene.core.any():
            changed = (scene.sources[1] - scene.sources[0]).abs().amax((1, 2))
            assert (changed > 0.01).sum() == 1
            assert abs(scene.change) >= 0.08


def test_the_heads_of_the_truth_term_look_like_different_scans():
    from MedFusionLib.phantom.tissues import LABELS
    from MedFusionLib.training.truth import CONTRASTS, contrast

    looks = {name: contrast(name) for name in CONTRASTS}
    fluid, grey, white = (LABELS[name] for name in ("csf", "grey", "white"))
    assert looks["t1"][fluid] < looks["t1"][grey] < looks["t1"][white]
    assert looks["t2"][white] < looks["t2"][grey] < looks["t2"][fluid]
    assert looks["flair"][fluid] < looks["flair"][white] < looks["flair"][grey]
    assert np.ptp(looks["pd"][[fluid, grey, white]]) < np.ptp(looks["t2"][[fluid, grey, white]])
    assert all(look[LABELS["air"]] == 0 for look in looks.values())


def test_no_two_pictures_of_the_truth_term_are_alike(labels):
    drawn = [draw(labels, "pet-mr", np.random.default_rng(n), 60).sources for n in range(4)]
    again = draw(labels, "pet-mr", np.random.default_rng(3), 60).sources
    assert torch.equal(drawn[3], again)
    assert len({float(sources.mean()) for sources in drawn}) == 4
    assert all(sources.min() >= 0 and sources.max() <= 1 for sources in drawn)


def test_the_truth_term_tells_a_good_method_from_a_bad_one(labels, monkeypatch):
    from MedFusionLib.training import truth

    monkeypatch.setattr(truth, "head_slices", lambda heads: labels)
    monkeypatch.setattr(truth, "FEWEST", 20)

    def lost(method):
        found = {}
        for seed in range(8):
            random = np.random.default_rng(seed)
            options = TruthOptions(1, keep=0.5)
            for name, value in truth_losses(method, "ct-mr", random, 60, options).items():
                found.setdefault(name, []).append(float(value))
        return {name: np.mean(values) for name, values in found.items()}

    flat = lost(lambda a, b: 0 * a)
    maximum = lost(torch.maximum)
    assert set(flat) == {"keep", "cnr", "seen", "apart", "fluid"}
    assert all(maximum[name] < flat[name] for name in ("keep", "seen", "apart"))
