"""d' of a lesion as the training has it, beside the model observer of the evaluation."""

import numpy as np
import pytest
import torch

from MedFusionLib.evaluation.reader import observer
from MedFusionLib.evaluation.reader.sites import SIDE
from MedFusionLib.evaluation.reader.vision import Appearance
from MedFusionLib.training import detectability as training
from MedFusionLib.training.detectability import channels, detectability, lightness


def blob(size, sigma, height):
    at = torch.arange(size) - size // 2
    return height * torch.exp(-(at[:, None] ** 2 + at**2) / (2 * sigma**2))


def test_the_channels_are_those_of_the_evaluation():
    assert training.SIGMAS == observer.SIGMAS and training.RATIO == observer.RATIO
    assert observer.NOTICED[0] == training.NOTICED
    assert training.INTERNAL_NOISE == observer.INTERNAL_NOISE


def test_lightness_is_that_of_srgb_in_cielab():
    levels = np.arange(256, dtype=np.uint8)
    wanted = Appearance("CIELAB")(np.stack([levels] * 3, -1))[:, 0]
    assert lightness(torch.from_numpy(levels) / 255).numpy() == pytest.approx(wanted, abs=0.02)


@pytest.mark.parametrize("sigma", training.SIGMAS)
def test_a_channel_answers_one_noticed_difference_to_a_blob_of_its_own_size(sigma):
    number = training.SIGMAS.index(sigma)
    noticed = training.NOTICED[number]
    answer = channels(blob(129, sigma, noticed))[number, 64, 64]
    assert float(answer) == pytest.approx(1, abs=0.05)


def test_it_agrees_with_the_hotelling_observer_in_noise():
    random = np.random.default_rng(0)
    noise = torch.from_numpy(0.4 + 0.02 * random.standard_normal((257, 257)).astype(np.float32))
    lesion = blob(257, 4, 0.04)
    everywhere = torch.ones(257, 257, dtype=torch.bool)
    found = detectability(noise, noise + lesion, lesion > 0.02, everywhere)

    crops = 0.4 + 0.02 * random.standard_normal((400, SIDE, SIDE))
    shown = [
        (np.stack([picture] * 3, -1) * 255).round().astype(np.uint8)
        for picture in (crops, crops + blob(SIDE, 4, 0.04).numpy())
    ]
    hotelling = observer.Hotelling(Appearance("CIELAB"))
    features = [hotelling.features([hotelling.appearance(picture)]) for picture in shown]
    wanted = hotelling.detectability(*features, (np.ones((1, 400)), np.ones((1, 400))))
    assert float(found) == pytest.approx(float(wanted[0]), rel=0.1)


def test_a_fainter_lesion_is_seen_less_and_the_loss_can_be_followed_back():
    generator = torch.Generator().manual_seed(0)
    image = 0.4 + 0.03 * torch.rand(96, 96, generator=generator)
    everywhere = torch.ones(96, 96, dtype=torch.bool)
    height = torch.tensor(0.1, requires_grad=True)
    lesion = blob(96, 4, 1.0)
    strong = detectability(image, image + height * lesion, lesion > 0.5, everywhere)
    faint = detectability(image, image + 0.5 * height * lesion, lesion > 0.5, everywhere)
    assert float(faint.detach()) < 0.6 * float(strong.detach())
    strong.backward()
    assert float(height.grad) > 0
