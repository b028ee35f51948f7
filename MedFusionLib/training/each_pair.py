"""Training one network for each pair in turn, with losses of its own, and on the digital head."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..inference.headroom import lowered
from ..methods.sums import total
from .module import FusionTraining
from .terms import LOSSES, Step
from .truth import TruthOptions, truth_losses


class EachPairTraining(FusionTraining):
    """Every batch holds crops of one pair, and has the losses of that pair.

    What is worth how much differs by pair: a table of measures cannot be weighed once for all.
    Some steps also count what is lost of the truth on a slice of the digital head.
    """

    by_pair = True

    def training_step(self, batch: list[Any], _: int) -> Tensor:
        """The losses of the batch's pair, and the truth term where it is its turn."""
        first, second, (pair, *_) = batch
        weights = {**self.recipe.losses, **self.recipe.pairs[pair]}
        random = np.random.default_rng((self.recipe.seed, self.global_step))
        shown = self.with_headroom(first, second, random)
        fused = self.network(shown, second)
        with torch.autocast(first.device.type, enabled=False):
            fused = fused.float()
            options = {**self.recipe.options, **self.recipe.options.get(pair, {})}
            parts = {
                name: LOSSES[name](
                    fused,
                    shown if name == "darkening" else first,
                    second,
                    Step(self.network, self.global_step),
                    **options.get(name, {}),
                )
                for name in weights
            }
        wanted = total(weights[name] * value for name, value in parts.items())
        loss = self.ramped(wanted, fused, first, second)
        lost = self.lost_truth(pair, random)
        for name, value in lost.items():
            loss = loss + self.recipe.truth["weights"].get(name, 0.0) * value
        self.note(loss, {f"{name} {pair}": value for name, value in parts.items()} | lost)
        return loss

    def with_headroom(self, first: Tensor, second: Tensor, random: np.random.Generator) -> Tensor:
        """The MR of some crops lowered by a random factor, see `inference.headroom`."""
        if not self.recipe.headroom:
            return first
        part, lowest = self.recipe.headroom["part"], self.recipe.headroom["lowest"]
        factors = [
            random.uniform(lowest, 1) if random.random() < part else 1.0 for _ in range(len(first))
        ]
        return lowered(first, second, torch.tensor(factors).to(first).view(-1, 1, 1, 1))

    def lost_truth(self, pair: str, random: np.random.Generator) -> dict[str, Tensor]:
        """The losses of the truth term, see `truth.truth_losses`; {} where it is not its turn."""
        settings = self.recipe.truth
        if not settings or self.global_step % settings["every"]:
            return {}
        names = {field.name for field in fields(TruthOptions)}
        options = TruthOptions(**{k: value for k, value in settings.items() if k in names})
        return truth_losses(self.network, pair, random, self.recipe.crop, options)
