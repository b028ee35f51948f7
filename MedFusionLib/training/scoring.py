"""Scores on slices that a network does not learn from; the best is kept, a bad one refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightning as L
import torch

from ..errors import Cancelled, MedFusionError
from ..methods.registry import get_method
from ..metrics import q_abf, ssim
from .datasets import Case


class HeldOut(L.Callback):
    """Held-out scores after each epoch; keeps the best network; stops a collapsed run."""

    def __init__(
        self,
        validation: list[torch.Tensor],
        progress: Callable[[int, int], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.validation = validation
        self.average = mean_scores(get_method("average")(), validation)
        self.progress, self.cancelled = progress, cancelled
        self.scores: list[dict[str, float]] = []
        self.best: dict[str, torch.Tensor] = {}
        self.best_value = -float("inf")

    def on_train_batch_end(self, trainer, module, *_) -> None:
        if self.progress:
            self.progress(trainer.global_step, module.recipe.steps)
        if self.cancelled and self.cancelled():
            raise Cancelled

    def on_train_epoch_end(self, trainer, module) -> None:
        network = module.network.eval()
        row = mean_scores(network, self.validation)
        network.train()
        self.scores.append({"step": trainer.global_step, **row})
        if trainer.global_step < module.recipe.steps / 4:
            return
        if row["deviation"] < 1e-3:
            raise MedFusionError(
                f"Training collapsed at step {trainer.global_step}: the held-out fused image is "
                "constant; start again with another seed or a lower learning rate."
            )
        value = row["ssim"] + row["q_abf"]
        if module.recipe.keep == "last":
            value = trainer.global_step
        if value > self.best_value:
            self.best_value = value
            self.best = {k: v.detach().cpu().clone() for k, v in network.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        return {"scores": self.scores, "best": self.best, "best_value": self.best_value}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scores, self.best = state["scores"], state["best"]
        self.best_value = state["best_value"]


@torch.inference_mode()
def score(module: torch.nn.Module, slices: torch.Tensor, batch: int = 8) -> dict[str, float]:
    """Mean scores of a method over slices, with the background rule applied.

    Args:
        module: in evaluation mode.
        slices: (N, 3, H, W): first, second, background.

    Returns:
        ssim_first, ssim_second, their mean as ssim, q_abf, and the fused images' deviation.
    """
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    rows = []
    for part in slices.split(batch):
        first, second, background = part.to(device).split(1, 1)
        fused = (module(first, second) * (1 - background)).clamp(0, 1)
        rows.append(
            torch.stack(
                [
                    ssim(fused, first, second, source="first"),
                    ssim(fused, first, second, source="second"),
                    q_abf(fused, first, second),
                    fused.flatten(1).std(1),
                ],
                1,
            ).cpu()
        )
    first, second, q, deviation = torch.cat(rows).double().mean(0).tolist()
    return {
        "ssim_first": first,
        "ssim_second": second,
        "ssim": (first + second) / 2,
        "q_abf": q,
        "deviation": deviation,
    }


def mean_scores(module: torch.nn.Module, parts: list[torch.Tensor]) -> dict[str, float]:
    """Scores over the slices of all cases, which may differ in size."""
    rows = [(len(part), score(module, part)) for part in parts]
    count = sum(n for n, _ in rows)
    return {key: sum(n * row[key] for n, row in rows) / count for key in rows[0][1]}


def scores_of(
    network: torch.nn.Module,
    validation: list[torch.Tensor],
    average: dict[str, float],
    testing: list[Case],
    scored: int | None,
) -> dict[str, Any]:
    """Scores of the validation slices, and, once, of the test slices."""
    test = [evenly_spaced_slices(case.slices, scored) for case in testing]
    held_out: Any = "no test cases in the data"
    if test:
        methods = {"network": network, "average": get_method("average")()}
        held_out = {name: mean_scores(method, test) for name, method in methods.items()}
    return {
        "validation": {"network": mean_scores(network, validation), "average": average},
        "held_out": held_out,
    }


def evenly_spaced_slices(slices: torch.Tensor, count: int | None) -> torch.Tensor:
    """At most `count` of the slices, evenly spaced; None: all.

    Example:
        >>> evenly_spaced_slices(torch.arange(10), 3)
        tensor([0, 4, 9])
    """
    if count is None or len(slices) <= count:
        return slices
    return slices[torch.linspace(0, len(slices) - 1, count).long()]


def check_collapse(scores: dict[str, dict[str, float]], steps: int) -> None:
    network, average = scores["network"], scores["average"]
    worse = network["ssim"] < average["ssim"] and network["q_abf"] < average["q_abf"]
    if worse or network["deviation"] < 1e-3:
        raise MedFusionError(
            f"After {steps} steps the network is worse than the plain average in both SSIM "
            f"({network['ssim']:.3f} against {average['ssim']:.3f}) and Q^AB/F "
            f"({network['q_abf']:.3f} against {average['q_abf']:.3f}): it collapsed or was not "
            "trained long enough, and no weights were written; train longer or with another seed."
        )
