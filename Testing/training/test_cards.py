"""A card carries its recipe, and its command trains what it says."""

import json
from functools import lru_cache

import pytest
import torch
from helpers import refused

from MedFusionLib.methods.weights import weights_folder
from MedFusionLib.training import train as training
from MedFusionLib.training.recipe import recipe_hash, recipe_on_card
from MedFusionLib.training.train import first_losses, read_recipe

CARDS = sorted(weights_folder().glob("*.json"))


@pytest.fixture(params=CARDS, ids=lambda path: path.stem)
def card(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def test_the_recipe_on_a_card_has_the_hash_that_is_noted(card):
    assert card["recipe_sha256"] == recipe_hash(recipe_on_card(card))


def test_the_recipe_of_a_cards_command_is_the_one_on_the_card(card):
    words = card["command"].split()
    path = None
    if "--recipe" in words:
        path = weights_folder() / words[words.index("--recipe") + 1].split("/")[-1]
    wanted, found = recipe_on_card(card), read_recipe(card["network"], path)
    for name in ("raise_within", "published_pixels", "scored"):  # change nothing that is learnt
        object.__setattr__(found, name, getattr(wanted, name))
    assert found == wanted


def test_no_weights_learnt_from_a_slice_that_is_tested_on(card):
    assert not card["data"].get("leaks") and "--despite-leaks" not in card["command"]


#: cases keep their slices, so that those of a pair are read once for all cards
read_once = lru_cache(training.find_cases)


def test_the_first_steps_of_a_cards_training_have_the_losses_that_are_noted(
    card, shared, monkeypatch
):
    monkeypatch.setattr(training, "find_cases", read_once)
    if card["precision"] == "bf16-mixed" and not torch.cpu._is_avx512_bf16_supported():
        pytest.skip("trained in half precision, which this processor has not")
    found = first_losses(card, shared / "data" / "aanlib")
    assert found == pytest.approx(card["first_losses"], rel=2e-3, abs=1e-4)


def test_a_card_of_another_network_is_no_recipe(tmp_path):
    path = tmp_path / "card.json"
    path.write_text(json.dumps({"network": "bands", "recipe": {}}))
    with refused("card.json"):
        read_recipe("funfusean", path)
