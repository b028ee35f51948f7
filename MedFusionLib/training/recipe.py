"""What a recipe says: losses, steps, crops and optimiser of a training."""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

from .datasets import Augmentation


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        network: name of the network.
        steps: optimiser steps.
        batch: crops in a step.
        crop: side of a crop in pixels.
        seed: of initialisation and crops.
        validate_every: steps between held-out scores, and between checkpoints.
        losses: name -> weight; the names are the keys of `LOSSES`.
        options: keyword arguments for a loss, by the loss's name.
        learning_rate: of Adam, at its peak.
        clip: largest norm of the gradient.
        task: what is learned from a batch, a key of `tasks.TASKS`.
        scored: slices of a test case that the card's scores are of, evenly spaced; None: all.
        module: keyword arguments with which the network is built; the card keeps them.
        turns: whether crops are turned by multiples of 90 degrees, too.
        black: part of the crops that are black in both sources, so that black stays black.
        keep: "best", the checkpoint with the highest SSIM + Q^AB/F on the validation slices, or
            "last", where these two are not what is wanted.
        raise_within: after the training the fused image is raised, see `brightness.choose_gain`;
            by how much SSIM may fall. None: it is not.
        published_pixels: of crops that the publication's training saw; None: not known.
        betas: of Adam.
        schedule: "one-cycle", or "cosine": from the peak down to 0.
        warm_up: part of the steps in which the losses are ramped in over L2.
        exact: train in float32 even where half precision is faster.
        augmentation: how the brightness of crops is varied.
        pairs: of the task "each_pair": pair -> losses by name, beside those in `losses`.
        truth: of the same: `every`, the steps from one on the digital head to the next; `heads`,
            `keep`, `varied`, `kinds` and `headroom`, see `truth.TruthOptions`; `weights` of its
            losses by name. {}: never.
        headroom: of the same: in a `part` of the crops the MR is lowered by a factor drawn from
            `lowest` to 1, as `inference.headroom` does it. {}: in none.
    """

    network: str
    steps: int
    batch: int
    crop: int
    seed: int
    validate_every: int
    losses: dict[str, float]
    learning_rate: float
    clip: float
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    task: str = "fuse"
    scored: int | None = None
    module: dict[str, Any] = field(default_factory=dict)
    turns: bool = False
    black: float = 0.0
    keep: str = "best"
    raise_within: float | None = None
    published_pixels: float | None = None
    betas: tuple[float, float] = (0.9, 0.999)
    schedule: str = "one-cycle"
    warm_up: float = 0.25
    exact: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
    pairs: dict[str, dict[str, float]] = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)
    headroom: dict[str, float] = field(default_factory=dict)


def recipe_from(network: str, entries: dict[str, Any]) -> Recipe:
    """A recipe from its entries, as in a file or on a card.

    Raises:
        TypeError: an unknown or a missing entry.
    """
    augmentation = Augmentation(**entries.get("augmentation", {}))
    betas = tuple(entries.get("betas", Recipe.betas))
    return Recipe(network=network, **{**entries, "augmentation": augmentation, "betas": betas})


def recipe_as_dict(recipe: Recipe) -> dict[str, Any]:
    """The entries of a recipe, as a card has them."""
    return {key: value for key, value in asdict(recipe).items() if key != "network"}


def recipe_on_card(card: dict[str, Any]) -> Recipe:
    """The recipe by which weights were trained, from their card."""
    recipe = recipe_from(card["network"], card["recipe"])
    form = {name: value for name, value in recipe.module.items() if name != "gain"}
    return replace(recipe, module=form)  # the factor is chosen after the training


def recipe_hash(recipe: Recipe) -> str:
    """SHA-256 of the network's name and of all entries that are not at their default.

    So an entry that recipes get later, at a default that changes nothing, leaves it as it is.

    Example:
        >>> entries = dict(steps=1, batch=1, crop=8, seed=0, validate_every=1, losses={})
        >>> recipe = recipe_from("bands", dict(entries, learning_rate=0.1, clip=1.0))
        >>> recipe_hash(recipe) == recipe_hash(replace(recipe, turns=False))
        True
        >>> recipe_hash(recipe) == recipe_hash(replace(recipe, turns=True))
        False
    """
    text = json.dumps(_entries(recipe), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _entries(part: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not at their default."""
    found = {}
    for entry in fields(part):
        value = getattr(part, entry.name)
        default = entry.default
        if entry.default_factory is not MISSING:
            default = entry.default_factory()
        if is_dataclass(value):
            value, default = _entries(value), {}
        if _plain(value) != _plain(default):
            found[entry.name] = value
    return found


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON has them."""
    return list(value) if isinstance(value, tuple) else value
