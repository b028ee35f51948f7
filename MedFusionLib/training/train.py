"""Training a network by its recipe.

A recipe (`recipes/NETWORK.toml`) says losses, steps, crops and optimiser; Lightning runs the
loop, so several GPUs and `torchrun` need no code of ours. A run leaves `OUT.safetensors` with its
card, and beside it `OUT.training/` with checkpoints, loss curves and scores.
"""

from __future__ import annotations

import json
import math
import shlex
import time
import tomllib
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning as L
import torch

from .. import __version__
from ..errors import Cancelled, MedFusionError
from ..inference.devices import choose_device, describe_device
from ..inference.memory import kept_memory
from ..methods.base import FusionMethod
from ..methods.registry import get_method
from ..methods.weights import check_weights, load_method, round_weights, save_weights
from ..metrics import q_abf, ssim
from ..sources.modalities import PAIRS, modalities_of
from ..spreadsheets import write_csv
from .brightness import gain_of
from .checkpoints import SafeCheckpointIO, checkpoint_file
from .datasets import Case, find_cases, leave_out, split_validation
from .leaks import leaks_of, refuse_leaks
from .module import FusionTraining
from .recipe import Recipe, recipe_as_dict, recipe_from, recipe_hash, recipe_on_card
from .tasks import TASKS

RECIPES = Path(__file__).parent / "recipes"
FIRST = 5  # steps whose losses a card keeps, so that one can see that its command trains the same


def read_recipe(network: str, path: Path | None = None) -> Recipe:
    """The recipe of a network: from its own file, another one, or a card that carries it.

    Args:
        network: its name.
        path: a recipe (TOML), or the card (JSON) of weights that are to be trained once more.

    Raises:
        MedFusionError: there is none, or it has an unknown task or loss, or lacks an entry.
    """
    path = path or RECIPES / f"{network}.toml"
    if get_method(network).kind != "network" or not path.is_file():
        raise MedFusionError(f"{network} cannot be trained; there is no recipe {path.name}.")
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            recipe = recipe_on_card(json.loads(text))
        else:
            entries = tomllib.loads(text)
            recipe = recipe_from(network, {**entries.pop("optimiser"), **entries})
    except (TypeError, KeyError, ValueError) as error:
        raise MedFusionError(f"The recipe {path.name} is not complete: {error}.") from None
    if recipe.network != network:
        raise MedFusionError(f"{path.name} is the card of {recipe.network}, not of {network}.")
    if recipe.keep not in ("best", "last"):
        raise MedFusionError(f"keep is '{recipe.keep}' in {path.name}; choose best or last.")
    if recipe.task not in TASKS:
        raise MedFusionError(
            f"The recipe {path.name} has an unknown task '{recipe.task}'; choose one of: "
            f"{', '.join(TASKS)}."
        )
    named = set(recipe.losses).union(*recipe.pairs.values())
    if unknown := named - TASKS[recipe.task].known:
        raise MedFusionError(f"The recipe {path.name} has unknown losses: {', '.join(unknown)}.")
    return recipe


class _HeldOut(L.Callback):
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


def train_network(
    network: str,
    pair: str,
    data: str | Path,
    out: str | Path,
    *,
    steps: int | None = None,
    device: str = "auto",
    resume: bool = False,
    recipe: str | Path | None = None,
    start: str | Path | None = None,
    without: str = "",
    despite_leaks: bool = False,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Train a network for a pair, or one that serves all pairs for all of them.

    Args:
        network: its name.
        pair: "ct-mr", "pet-mr" or "spect-mr", or "all".
        data: a folder of pairs, see `datasets.find_cases`. The training cases alone are learnt
            from; the middle tenth of each chooses the checkpoint, the test cases give the scores
            on the card.
        out: the weights file to write, NAME.safetensors.
        steps: instead of the recipe's.
        device: "auto", "cuda", "mps" or "cpu".
        resume: go on from the last checkpoint of a run with the same `out`.
        recipe: a recipe file instead of the network's own, or a card, whose recipe it is then.
        start: weights to go on from, without warm-up, instead of random ones. They must have a
            card, and be of the same network, pair and form.
        without: training cases to leave out, such as "spect-mr/03,spect-mr/22".
        despite_leaks: whether to learn even from slices that are tested on; the card names them.
        progress: called with (steps done, all steps).
        cancelled: asked after every step.

    Returns:
        The card.

    Raises:
        MedFusionError: no data, training cases that hold a slice that is tested on (`leaks`), a bad
            recipe, weights to start from that do not fit, or the network collapsed.
        Cancelled: the cancel flag was set; checkpoints stay.

    Example:
        >>> train_network("funfusean", "ct-mr", "data", "ct-mr.safetensors")  # doctest: +SKIP
    """
    out = Path(out)
    if out.suffix != ".safetensors":
        raise MedFusionError(f"{out} must end in .safetensors; it gets the trained weights.")
    plan = read_recipe(network, Path(recipe) if recipe else None)
    if steps is not None:
        if steps < 1:
            raise MedFusionError(f"{steps} steps train nothing; give at least 1.")
        plan = replace(plan, steps=steps)
    method = get_method(network)
    pairs = pairs_to_train(method, pair)
    chosen = choose_device(device)
    before = _Start(Path(start), network, pair, plan) if start else None
    if before:
        plan = replace(plan, warm_up=0.0)  # against a collapse that only random weights have
    cases = leave_out([case for name in pairs for case in find_cases(data, name)], without)
    leaks = leaks_of(cases, pairs)
    if not despite_leaks:
        refuse_leaks(leaks)
    training = [case for case in cases if case.split == "train"]
    testing = [case for case in cases if case.split == "test"]
    if not training:
        raise MedFusionError(f"{data} holds no training pairs for {pair}.")

    started = time.monotonic()
    folder = out.with_suffix(".training")
    folder.mkdir(parents=True, exist_ok=True)
    module, validation = prepare_training(plan, pair, pairs, training)
    if before:
        module.network.load_state_dict(before.weights)
    held_out = _HeldOut(validation, progress, cancelled)
    checkpoint = folder / "last.ckpt"
    trainer = _trainer(plan, chosen, folder, held_out, module.automatic_optimization)
    there = resume and checkpoint_file(checkpoint).is_file()
    with warnings.catch_warnings(), kept_memory():
        warnings.simplefilter("ignore")
        trainer.fit(module, ckpt_path=str(checkpoint) if there else None)
    if cancelled and cancelled():
        raise Cancelled

    if held_out.best and plan.keep == "best":
        module.network.load_state_dict(held_out.best)
    round_weights(module.network)  # what is scored is what is saved
    network_module = module.network.eval().to(chosen)
    trained = replace(plan, module=plan.module | gain_of(plan, network_module, validation))
    _write_curves(folder, module.curve, held_out)
    words = ["medfusion", *_arguments(network, pair, data, out, steps, recipe, start)]
    words += ["--without", without] if without else []
    words += ["--despite-leaks"] if despite_leaks else []
    card = {
        "network": network,
        "pair": pair,
        "modalities": list(dict.fromkeys(m for name in pairs for m in modalities_of(name))),
        "citation": method.citation,
        "data": {
            "folder": Path(data).name,
            "train": _split_summary(training),
            "test": _split_summary(testing),
            "validation": "middle tenth of each training case's slices",
            "left_out": without,
            "leaks": [str(leak) for leak in leaks],
        },
        "command": shlex.join(words),
        "recipe": recipe_as_dict(trained),
        "recipe_sha256": recipe_hash(plan),
        "first_losses": [row["loss"] for row in module.curve[:FIRST]],
        "steps": plan.steps,
        "seed": plan.seed,
        "pixels": _pixels(plan, type(module).images, before.pixels if before else 0),
        **({"started_from": before.said} if before else {}),
        "losses": _last_losses(module.curve),
        "device": describe_device(chosen),
        "precision": str(trainer.precision),
        "seconds": round(time.monotonic() - started),
        **_scores(network_module, validation, held_out.average, testing, plan.scored),
        "version": __version__,
        "torch": torch.__version__,
    }
    _check_collapse(card["validation"], plan.steps)
    save_weights(module.network, out, card)
    return card


def prepare_training(
    plan: Recipe, pair: str, pairs: list[str], training: list[Case]
) -> tuple[FusionTraining, list[torch.Tensor]]:
    """What is trained, with its random initial weights and its slices, and the validation slices.

    Raises:
        MedFusionError: a pair has no training case.
    """
    L.seed_everything(plan.seed, verbose=False)
    task = TASKS[plan.task]
    groups = {pair: training}
    if task.by_pair:
        groups = {name: [case for case in training if case.pair == name] for name in pairs}
        if lacking := [name for name, group in groups.items() if not group]:
            raise MedFusionError(f"The data hold no training pairs for {', '.join(lacking)}.")
    split = {name: split_validation(group) for name, group in groups.items()}
    validation = [kept for _, kept in split.values()]
    return task(plan, {name: slices for name, (slices, _) in split.items()}), validation


def first_losses(card: dict[str, Any], data: str | Path) -> list[float]:
    """The losses of the first steps of the training that a card tells of, run once more.

    Args:
        card: of trained weights.
        data: the folder of pairs that they were trained on.

    Returns:
        As many as cards keep; on the same hardware those that were noted.
    """
    plan, pair = recipe_on_card(card), card["pair"]
    pairs = pairs_to_train(get_method(card["network"]), pair)
    cases = [case for name in pairs for case in find_cases(data, name, "train")]
    training = leave_out(cases, card["data"].get("left_out", ""))
    module, _ = prepare_training(plan, pair, pairs, training)
    device = torch.device("cpu")
    trainer = L.Trainer(
        accelerator="cpu",
        precision=_precision(plan, device),
        max_epochs=1,
        limit_train_batches=FIRST,
        gradient_clip_val=plan.clip if module.automatic_optimization else None,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(module)
    return [row["loss"] for row in module.curve]


def _scores(
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


class _Start:
    """The weights that a training goes on from."""

    def __init__(self, path: Path, network: str, pair: str, plan: Recipe) -> None:
        card = check_weights(path)
        form = dict(card.get("recipe", {}).get("module", {}))
        form.pop("gain", None)  # chosen anew after the training
        for what, found, wanted in (
            ("network", card.get("network"), network),
            ("pair", card.get("pair"), pair),
            ("form", form, plan.module),
        ):
            if found != wanted:
                raise MedFusionError(
                    f"{path} cannot be resumed: its {what} is {found}, where this training "
                    f"has {wanted}."
                )
        module = load_method(network, pair, path)
        self.weights = module.state_dict()
        self.pixels = card.get("pixels", {}).get("seen", 0)
        self.said = {
            key: card[key] for key in ("sha256", "command", "steps", "started_from") if key in card
        }


def _trainer(
    plan: Recipe, device: torch.device, folder: Path, held_out: _HeldOut, clips: bool
) -> L.Trainer:
    import logging

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    last = L.pytorch.callbacks.ModelCheckpoint(
        dirpath=folder,
        filename="last",
        save_top_k=1,
        every_n_epochs=1,
        enable_version_counter=False,
    )
    return L.Trainer(
        accelerator={"cuda": "gpu"}.get(device.type, device.type),
        devices="auto" if device.type == "cuda" else 1,
        precision=_precision(plan, device),
        # not max_steps: Lightning would resume within the epoch that was already done
        max_epochs=math.ceil(plan.steps / plan.validate_every),
        gradient_clip_val=plan.clip if clips else None,
        callbacks=[held_out, last],
        plugins=[SafeCheckpointIO()],
        reload_dataloaders_every_n_epochs=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )


def _precision(plan: Recipe, device: torch.device) -> str:
    return "bf16-mixed" if _fast_bf16(device) and not plan.exact else "32-true"


def _fast_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


def _check_collapse(scores: dict[str, dict[str, float]], steps: int) -> None:
    network, average = scores["network"], scores["average"]
    worse = network["ssim"] < average["ssim"] and network["q_abf"] < average["q_abf"]
    if worse or network["deviation"] < 1e-3:
        raise MedFusionError(
            f"After {steps} steps the network is worse than the plain average in both SSIM "
            f"({network['ssim']:.3f} against {average['ssim']:.3f}) and Q^AB/F "
            f"({network['q_abf']:.3f} against {average['q_abf']:.3f}): it collapsed or was not "
            "trained long enough, and no weights were written; train longer or with another seed."
        )


def mean_scores(module: torch.nn.Module, parts: list[torch.Tensor]) -> dict[str, float]:
    """Scores over the slices of all cases, which may differ in size."""
    rows = [(len(part), score(module, part)) for part in parts]
    count = sum(n for n, _ in rows)
    return {key: sum(n * row[key] for n, row in rows) / count for key in rows[0][1]}


def pairs_to_train(method: type[FusionMethod], pair: str) -> list[str]:
    if pair != "all":
        modalities_of(pair)
    if pair == "all" and not method.all_pairs:
        raise MedFusionError(
            f"{method.title} has weights for each pair; choose one of: {', '.join(PAIRS)}."
        )
    if pair != "all" and method.all_pairs:
        raise MedFusionError(f"{method.title} serves all pairs; train it for the pair 'all'.")
    return list(PAIRS) if pair == "all" else [pair]


def evenly_spaced_slices(slices: torch.Tensor, count: int | None) -> torch.Tensor:
    """At most `count` of the slices, evenly spaced; None: all.

    Example:
        >>> evenly_spaced_slices(torch.arange(10), 3)
        tensor([0, 4, 9])
    """
    if count is None or len(slices) <= count:
        return slices
    return slices[torch.linspace(0, len(slices) - 1, count).long()]


def _pixels(plan: Recipe, images: int, before: float) -> dict[str, float]:
    """How many pixels a network has seen, and what part of the publication's training that is."""
    seen = before + plan.steps * plan.batch * plan.crop**2 * images
    if not plan.published_pixels:
        return {"seen": seen}
    part = round(seen / plan.published_pixels, 5)
    return {"seen": seen, "published": plan.published_pixels, "part": part}


def _last_losses(curve: list[dict[str, float]]) -> dict[str, float]:
    """Each loss, its mean over the last tenth of the steps."""
    last = curve[-max(2, len(curve) // 10) :]
    values: dict[str, list[float]] = {}
    for row in last:
        for name in row.keys() - {"step", "loss"}:
            values.setdefault(name, []).append(row[name])
    return {name: round(sum(found) / len(found), 5) for name, found in sorted(values.items())}


def _split_summary(cases: list[Case]) -> dict[str, Any]:
    several = len({case.pair for case in cases}) > 1
    return {
        "cases": [f"{case.pair}/{case.name}" if several else case.name for case in cases],
        "slices": sum(len(case.slices) for case in cases),
    }


def _arguments(
    network: str, pair: str, data: Any, out: Path, steps: int | None, recipe: Any, start: Any
) -> list[str]:
    words = ["train", network, "--pair", pair, "--data", str(data), "--out", str(out)]
    for name, value in (("--steps", steps), ("--recipe", recipe), ("--from", start)):
        words += [] if value is None else [name, str(value)]
    return words


def _write_curves(folder: Path, curve: list[dict[str, float]], held_out: _HeldOut) -> None:
    from matplotlib.figure import Figure

    for table, rows in (("losses", curve), ("scores", held_out.scores)):
        if not rows:
            continue
        names = list(dict.fromkeys(name for row in rows for name in row))
        write_csv(
            folder / f"{table}.csv",
            [names, *([row.get(name, "") for name in names] for row in rows)],
        )

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in dict.fromkeys(key for row in curve for key in row if key != "step"):
        points = [(row["step"], row[name]) for row in curve if name in row]
        left.plot(*zip(*points, strict=True), lw=0.8, label=name)
    signed = any(row["loss"] < 0 for row in curve)
    left.set(xlabel="step", ylabel="loss", yscale="symlog" if signed else "log", title="Training")
    for colour, name in (("C0", "ssim"), ("C1", "q_abf")):
        values = [row[name] for row in held_out.scores]
        label = {"ssim": "SSIM, mean of both sources", "q_abf": "Q^AB/F"}[name]
        right.plot([row["step"] for row in held_out.scores], values, f"{colour}.-", label=label)
        right.axhline(held_out.average[name], color=colour, ls=":", label="plain average")
    right.set(xlabel="step", title="Validation slices")
    for axes in (left, right):
        axes.legend(fontsize=7)
    figure.savefig(folder / "curves.png", dpi=120)
