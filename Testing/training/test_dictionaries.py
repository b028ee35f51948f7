"""Learning dictionaries, and those that come with the library."""

import json

import pytest
import torch
from helpers import random_slices, refused

from MedFusionLib.errors import MedFusionError
from MedFusionLib.methods.classical import dictionaries
from MedFusionLib.methods.classical.dictionaries import dictionary_path, read_dictionary
from MedFusionLib.sources.files import sha256
from MedFusionLib.training.dictionaries import (
    draw_patches,
    learn_dictionary,
    learn_filters,
    learn_patches,
)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize(("method", "atoms"), [("lp-sr", 256), ("csr", 32)])
def test_the_library_has_the_dictionaries_that_their_cards_describe(method, atoms):
    found = read_dictionary(method)
    assert found.shape == (atoms, 8, 8) and found.dtype == torch.float32
    torch.testing.assert_close(found.flatten(1).norm(dim=1), torch.ones(atoms))
    path = dictionary_path(method)
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["sha256"] == sha256(path) and card["atoms"] == [atoms, 8, 8]
    assert card["data"]["split"] == "train"


def test_a_missing_dictionary_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(dictionaries, "dictionary_path", lambda method: tmp_path / "none")
    with pytest.raises(MedFusionError, match="install MedFusion again"):
        read_dictionary("lp-sr")


def test_k_svd_finds_the_atoms_that_patches_are_made_of():
    atoms = torch.nn.functional.normalize(random_slices(12, 64, dtype=torch.float64) - 0.5, dim=1)
    weights = torch.zeros(600, 12, dtype=torch.float64)
    chosen = torch.randint(12, (600, 2), generator=generator())
    weights.scatter_(1, chosen, 1 + random_slices(600, 2, dtype=torch.float64))
    found, error = learn_patches(weights @ atoms, 12, 20, generator(), most=2)
    match = (found.flatten(1) @ atoms.T).abs().amax(0)
    assert error < 0.2
    assert (match > 0.95).float().mean() > 0.7


def test_patches_have_no_mean_and_are_not_flat():
    stack = torch.zeros(3, 20, 24)
    stack[:, :, 12:] = random_slices(3, 20, 12)
    patches = draw_patches([stack], 30, generator())
    assert 0 < len(patches) <= 30
    assert patches.mean(1).abs().max() < 1e-7 and patches.norm(dim=1).min() > 0.1


def test_learned_filters_explain_more_than_random_ones():
    place = torch.arange(64)
    stripes = 0.5 + 0.5 * torch.sin(place[:, None] + place / 2.0)
    errors = []
    for rounds in (1, 12):
        filters, error = learn_filters([stripes[None]], 3, rounds, generator())
        errors.append(error)
    assert errors[1] < 0.8 * errors[0]
    torch.testing.assert_close(filters.flatten(1).norm(dim=1), torch.ones(3))


def test_what_cannot_be_learned_is_refused(tmp_path):
    with refused("average", "lp-sr"):
        learn_dictionary("average", tmp_path, tmp_path / "out.safetensors")
    with refused("no pairs"):
        learn_dictionary("csr", tmp_path, tmp_path / "out.safetensors")
