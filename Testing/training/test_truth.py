"""The truth term: what is planted where, and what a network is told off for."""

import numpy as np
import pytest
import torch
from torch import nn

from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.phantom.tissues import LABELS
from MedFusionLib.training.datasets import Augmentation
from MedFusionLib.training.measures import second_bands_loss
from MedFusionLib.training.truth import KINDS, TruthOptions, draw, truth_losses


@pytest.fixture(scope="module")
def labels():
    """A few slices of one small head."""
    head = make_phantom((16, 96, 96), 100)
    return torch.from_numpy(head.labels[5:12, ::-1].astype(np.int64))


def planted(labels, kind, pair):
    """Scenes with a thing of a kind in them."""
    scenes = (
        draw(labels, pair, np.random.default_rng(seed), 96, kinds={kind: 1.0}) for seed in range(20)
    )
    return [scene for scene in scenes if scene.core.any()]


@pytest.mark.parametrize("kind", ["hot", "faint", "cold"])
def test_spots_of_the_functional_source_are_planted_where_the_mr_is_bright(labels, kind):
    sign = 1 if kind != "cold" else -1
    scenes = planted(labels, kind, "pet-mr")
    assert scenes
    for scene in scenes:
        brain = torch.isin(scene.labels, torch.tensor([LABELS["white"], LABELS["grey"]]))
        assert (scene.which, scene.kind) == (1, kind) and sign * scene.change > 0
        assert scene.sources[0, 0][scene.core].max() > scene.sources[0, 0][brain].median() - 0.1


def test_a_calcification_lies_in_fluid(labels):
    scenes = planted(labels, "calcification", "ct-mr")
    assert scenes
    for scene in scenes:
        assert scene.which == 1 and scene.change > 0.08
        assert (scene.labels[scene.core] == LABELS["csf"]).any()


def test_calcifications_are_for_ct_alone(labels):
    kinds = {"calcification": 100.0, "hot": 1.0}
    scene = draw(labels, "pet-mr", np.random.default_rng(0), 96, kinds=kinds)
    assert scene.kind == "hot"


def test_each_kind_has_its_own_part_to_keep():
    class First(nn.Module):
        def forward(self, first, second):
            return first

    random = np.random.default_rng(3)
    keep = dict.fromkeys(KINDS, 0.7)
    options = TruthOptions(1, keep, kinds={"hot": 1.0})
    lost = truth_losses(First(), "pet-mr", random, 96, options)
    assert float(lost["keep"]) == pytest.approx(0.7, abs=1e-4)


def test_the_second_sources_bands_are_missed_where_the_first_is_brighter():
    generator = torch.Generator().manual_seed(0)
    first = 0.6 + 0.2 * torch.rand(1, 1, 64, 64, generator=generator)
    second = 0.1 + 0.2 * torch.rand(1, 1, 64, 64, generator=generator)
    half = second_bands_loss(first + 0.5 * second - 0.1, first, second)
    assert float(half) == pytest.approx(0.3, abs=0.02)
    assert float(second_bands_loss(first, second, first)) == 0  # nowhere is the first brighter


def test_another_palette_keeps_the_order_and_the_background():
    crop = torch.rand(2, 16, 16, generator=torch.Generator().manual_seed(0))
    crop[1, :4] = 0
    varied = Augmentation(palettes={"pet": 0.12}).apply(
        crop, ("mr", "pet"), np.random.default_rng(0)
    )
    assert torch.equal(varied[0], crop[0]) and not torch.equal(varied[1], crop[1])
    order = crop[1].flatten().argsort()
    assert (varied[1].flatten()[order].diff() >= 0).all()
    assert not varied[1, :4].any()


def test_another_point_spread_blurs_one_source_alone():
    crop = torch.rand(2, 32, 32, generator=torch.Generator().manual_seed(0))
    varied = Augmentation(spreads={"pet": 2.0}).apply(crop, ("mr", "pet"), np.random.default_rng(0))
    assert torch.equal(varied[0], crop[0])
    assert varied[1].std() < 0.8 * crop[1].std()
