"""What a recipe says: losses, steps, crops and optimiser of a training."""

from __future__ import annotations

from dataclasses import dataclass, field
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
        truth: of the same: `every` so many steps on the digital head; `heads`, `keep`, `varied`,
            `kinds` and `headroom`, see `truth.truth_losses`; `weights` of its losses by name. {}:
            never.
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
