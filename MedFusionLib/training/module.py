"""A network with its losses, as Lightning trains it."""

from __future__ import annotations

from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch.utils.data import DataLoader

from ..errors import MedFusionError
from ..methods.registry import get_method
from ..methods.sums import total
from . import losses
from .datasets import Crops
from .recipe import Recipe
from .terms import LOSSES, Step


class FusionTraining(L.LightningModule):
    """The network with its losses, for Lightning. What else a network can learn is in `tasks`.

    Training warms up on L2 alone and ramps the recipe's losses in over the first quarter of the
    steps, unless the recipe says otherwise: SSIM from the start sometimes collapses to a black
    image, because black on black scores high.

    Args:
        recipe: how to train.
        slices: pair -> (N, 3, H, W); those of all pairs together under "all", unless `by_pair`.

    Attributes:
        known: names of the losses that a recipe may have.
        images: that are learned from in a crop of a pair.
        by_pair: whether a batch holds crops of one pair, the pairs in turn.
    """

    known = frozenset(LOSSES)
    images = 1
    by_pair = False

    def __init__(self, recipe: Recipe, slices: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.recipe, self.slices = recipe, slices
        self.network = get_method(recipe.network)(**recipe.module)
        self.curve: list[dict[str, float]] = []

    def train_dataloader(self) -> DataLoader:
        recipe, epoch = self.recipe, self.trainer.current_epoch
        steps = min(recipe.validate_every, recipe.steps - epoch * recipe.validate_every)
        count = recipe.batch * max(steps, 0) * self.trainer.world_size
        crops = Crops(
            self.slices,
            recipe.crop,
            count,
            recipe.seed,
            epoch,
            turns=recipe.turns,
            black=recipe.black,
            batch=recipe.batch,
            augmentation=recipe.augmentation,
        )
        return DataLoader(crops, recipe.batch)

    def training_step(self, batch: list[Any], _: int) -> torch.Tensor | None:
        fused, first, second = self.fuse(*batch[:2])
        with torch.autocast(first.device.type, enabled=False):
            parts = self.wanted_losses(fused.float(), first, second)
        wanted = total(self.recipe.losses[name] * value for name, value in parts.items())
        loss = self.ramped(wanted, fused.float(), first, second)
        self.note(loss, parts)
        return loss

    def ramped(
        self,
        wanted: torch.Tensor,
        fused: torch.Tensor,
        first: torch.Tensor,
        second: torch.Tensor,
    ) -> torch.Tensor:
        """The wanted losses, ramped in over L2."""
        steps = self.recipe.steps * self.recipe.warm_up
        if self.global_step >= steps:
            return wanted
        ramp = self.global_step / steps
        return ramp * wanted + (1 - ramp) * losses.l2_loss(fused, first, second)

    def fuse(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The fused crops, and the two images that they are compared with."""
        return self.network(first, second), first, second

    def note(self, loss: torch.Tensor, parts: dict[str, torch.Tensor]) -> None:
        """Keep the losses of a step for the curves; stop where they are not finite."""
        if not torch.isfinite(loss):
            raise MedFusionError(
                f"The loss became infinite at step {self.global_step}; "
                "lower the learning rate in the recipe."
            )
        row = {"step": self.global_step, "loss": float(loss.detach())}
        self.curve.append(row | {name: float(value.detach()) for name, value in parts.items()})

    def wanted_losses(
        self, fused: torch.Tensor, first: torch.Tensor, second: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        step = Step(self.network, self.global_step)
        return {
            name: LOSSES[name](fused, first, second, step, **self.recipe.options.get(name, {}))
            for name in self.recipe.losses
        }

    def configure_optimizers(self) -> OptimizerLRScheduler:
        recipe = self.recipe
        rate, schedules = recipe.learning_rate, torch.optim.lr_scheduler
        optimiser = torch.optim.Adam(self.parameters(), lr=rate, betas=recipe.betas)
        schedule: schedules.LRScheduler
        if recipe.schedule == "cosine":
            schedule = schedules.CosineAnnealingLR(optimiser, recipe.steps)
        else:
            schedule = schedules.OneCycleLR(optimiser, rate, total_steps=recipe.steps)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["curve"] = self.curve

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.curve = checkpoint["curve"]
