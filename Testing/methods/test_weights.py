"""Weights come with a card, and are the ones that the card describes."""

import json

import pytest
import torch
from helpers import killed_at, random_method, random_slices, refused
from safetensors.torch import load_file, save_file

from MedFusionLib.methods.registry import all_methods, get_method
from MedFusionLib.methods.weights import (
    check_weights,
    load_method,
    parameter_count,
    read_card,
    round_weights,
    save_weights,
    weights_folder,
    weights_path,
)
from MedFusionLib.sources.files import sha256
from MedFusionLib.sources.modalities import PAIRS

CARD = {"network": "funfusean", "pair": "ct-mr"}
NETWORKS = [method.name for method in all_methods("network")]


@pytest.fixture
def saved(tmp_path):
    """A weights file with its card."""
    path = tmp_path / "funfusean-ct-mr.safetensors"
    save_weights(random_method("funfusean"), path, CARD)
    return path


def fused(module):
    with torch.inference_mode():
        return module(*(random_slices(1, 1, 20, 20, seed=seed) for seed in (1, 2)))


def test_whoever_may_read_the_card_may_read_the_weights(saved):
    assert saved.stat().st_mode == saved.with_suffix(".json").stat().st_mode


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_comes_back_as_it_was_saved(tmp_path, name):
    module = random_method(name)
    round_weights(module)
    path = tmp_path / "new" / "weights.safetensors"
    save_weights(module, path, {"network": name})
    assert read_card(path)["dtype"] == "float16"
    loaded = load_method(name, "ct-mr", path)
    digest = loaded.weights_sha256
    assert not loaded.training
    assert digest == sha256(path) == read_card(path)["sha256"]
    assert torch.equal(fused(loaded), fused(module))


def test_the_card_is_kept_whole(saved):
    assert check_weights(saved) == {**CARD, "dtype": "float16", "sha256": sha256(saved)}


def test_classical_methods_need_no_weights():
    for method in all_methods("classical"):
        module = load_method(method.name, "ct-mr")
        digest = module.weights_sha256
        assert digest is None and not module.training
        assert parameter_count(method) == 0


def test_the_paper_has_122209_parameters():
    assert parameter_count(get_method("funfusean")) == 122_209


def test_the_environment_names_the_folder(saved, monkeypatch):
    monkeypatch.setenv("MEDFUSION_WEIGHTS", str(saved.parent))
    assert weights_folder() == saved.parent
    assert weights_path("funfusean", "ct-mr") == saved
    assert load_method("funfusean", "ct-mr").weights_sha256 == sha256(saved)
    with refused("no weights funfusean-pet-mr.safetensors", "medfusion train"):
        load_method("funfusean", "pet-mr")


def test_weights_are_stored_in_half_the_room(tmp_path):
    module = random_method("cspa-dn")  # has batch norms, whose statistics stay as they are
    path = tmp_path / "weights.safetensors"
    save_weights(module, path, {"network": "cspa-dn"})
    stored, names = load_file(path), dict(module.named_parameters())
    for name, value in stored.items():
        assert (value.dtype == torch.float16) == (name in names)
    loaded = load_method("cspa-dn", "ct-mr", path)
    assert all(p.dtype == torch.float32 for p in loaded.parameters())


# Refusals ---------------------------------------------------------------------------------------


def test_weights_that_were_changed_are_refused(saved):
    content = bytearray(saved.read_bytes())
    content[-1] ^= 1
    saved.write_bytes(content)
    with refused(saved.name, "damaged", "SHA-256"):
        load_method("funfusean", "ct-mr", saved)


def test_a_card_without_a_checksum_is_refused(saved):
    saved.with_suffix(".json").write_text(json.dumps(CARD))
    with refused("SHA-256"):
        load_method("funfusean", "ct-mr", saved)


def test_a_missing_card_is_refused(saved):
    saved.with_suffix(".json").unlink()
    with refused("no card funfusean-ct-mr.json"):
        load_method("funfusean", "ct-mr", saved)


@pytest.mark.parametrize("text", ["{", "\udcff", "[]"])
def test_a_damaged_card_is_refused(saved, text):
    saved.with_suffix(".json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with refused("card funfusean-ct-mr.json is damaged"):
        load_method("funfusean", "ct-mr", saved)


def test_weights_of_another_network_are_refused(saved):
    with refused("trained for the network funfusean", "not badal-regas"):
        load_method("badal-regas", "ct-mr", saved)


@pytest.mark.parametrize("what", ["network", "pair"])
def test_weights_for_something_else_are_refused(tmp_path, what):
    path = tmp_path / "weights.safetensors"
    save_weights(random_method("funfusean"), path, {**CARD, what: "other"})
    with refused("weights.safetensors", f"trained for the {what} other"):
        load_method("funfusean", "ct-mr", path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    module = random_method("funfusean")
    next(module.parameters()).data.view(-1)[3] = value
    save_weights(module, tmp_path / "weights.safetensors", CARD)
    with refused("NaN or infinite"):
        load_method("funfusean", "ct-mr", tmp_path / "weights.safetensors")


def test_whole_numbers_as_weights_are_refused(saved):
    save_file({k: v.long() for k, v in load_file(saved).items()}, saved)
    saved.with_suffix(".json").write_text(json.dumps({**CARD, "sha256": sha256(saved)}))
    with refused("do not fit"):
        load_method("funfusean", "ct-mr", saved)


@pytest.mark.parametrize("call", range(6))
def test_training_again_killed_at_any_step_leaves_sound_weights(saved, call):
    """Old weights or new ones, each with their own card."""
    before = check_weights(saved)["sha256"]
    steps = ("safetensors.torch.save_file", "pathlib.Path.write_text", "pathlib.Path.replace")
    with pytest.raises(KeyboardInterrupt), killed_at(call, steps):
        save_weights(random_method("funfusean", seed=5), saved, {**CARD, "note": "new"})
        raise KeyboardInterrupt
    card = check_weights(saved)
    assert (card["sha256"] == before) == ("note" not in card)
    assert load_method("funfusean", "ct-mr", saved).weights_sha256 == card["sha256"]


def test_a_file_that_holds_no_tensors_is_refused(saved):
    saved.write_bytes(b"no tensors")
    card = {**CARD, "sha256": sha256(saved)}
    saved.with_suffix(".json").write_text(json.dumps(card))
    with refused("do not fit"):
        load_method("funfusean", "ct-mr", saved)


def test_installed_weights_are_sound():
    there = [(n, p) for n in NETWORKS for p in PAIRS if weights_path(n, p).is_file()]
    if not there:
        pytest.skip(f"{weights_folder()} holds no trained weights")
    for name, pair in there:
        card = check_weights(weights_path(name, pair))
        trained_for = "all" if get_method(name).all_pairs else pair
        assert (card["network"], card["pair"]) == (name, trained_for)
        load_method(name, pair)
