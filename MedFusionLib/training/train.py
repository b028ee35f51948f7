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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch

from .. import __version__
from ..errors import Cancelled, MedFusionError
from ..inference.devices import choose_device, describe_device
from ..inference.memory import kept_memory
from ..methods.base import FusionMethod
from ..methods.registry import get_method
from ..methods.weights import check_weights, load_method, round_weights, save_weights
from ..sources.modalities import PAIRS, modalities_of
from .brightness import gain_of
from .checkpoints import SafeCheckpointIO, checkpoint_file
from .curves import last_losses, write_curves
from .datasets import Case, find_cases, leave_out, split_validation
from .leaks import leaks_of, refuse_leaks
from .module import FusionTraining
from .recipe import Recipe, recipe_as_dict, recipe_from, recipe_hash, recipe_on_card
from .scoring import HeldOut, check_collapse, scores_of
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
    given, path = path is not None, path or RECIPES / f"{network}.toml"
    if given and not path.is_file():
        raise MedFusionError(f"There is no recipe {path}; check the path.")
    if get_method(network).kind != "network" or not path.is_file():
        raise MedFusionError(f"{network} cannot be trained; there is no recipe {path.name}.")
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            recipe = recipe_on_card(json.loads(text))
        else:
            entries = tomllib.loads(text)
            recipe = recipe_from(network, {**entries.pop("optimiser"), **entries})
    except KeyError as error:
        raise MedFusionError(f"The recipe {path.name} lacks {error}.") from None
    except ValueError as error:
        raise MedFusionError(f"The recipe {path.name} cannot be read: {error}.") from None
    except TypeError as error:  # an entry that is missing or not known
        said = str(error).replace("Recipe.__init__() ", "it ")
        raise MedFusionError(f"The recipe {path.name} cannot be used: {said}.") from None
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


@dataclass(frozen=True)
class TrainingOptions:
    """How a training is run.

    Attributes:
        steps: instead of the recipe's.
        device: "auto", "cuda", "mps" or "cpu".
        resume: go on from the last checkpoint of a run with the same `out`.
        recipe: a recipe file instead of the network's own, or a card, whose recipe it is then.
        start: weights to go on from, without warm-up, instead of random ones. They must have a
            card, and be of the same network, pair and form.
        without: training cases to leave out, such as "spect-mr/03,spect-mr/22".
        despite_leaks: whether to learn even from slices that are tested on; the card names them.
    """

    steps: int | None = None
    device: str = "auto"
    resume: bool = False
    recipe: str | Path | None = None
    start: str | Path | None = None
    without: str = ""
    despite_leaks: bool = False

    def words(self) -> list[str]:
        """Those that change the weights, as on the command line."""
        named = (("--steps", self.steps), ("--recipe", self.recipe), ("--from", self.start))
        words = [word for name, value in named if value is not None for word in (name, str(value))]
        words += ["--without", self.without] if self.without else []
        return words + (["--despite-leaks"] if self.despite_leaks else [])


def train_network(
    network: str,
    pair: str,
    data: str | Path,
    out: str | Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Train a network for a pair, or one that serves all pairs for all of them.

    Args:
        network: its name.
        pair: "ct-mr", "pet-mr" or "spect-mr", or "all".
        data: a folder of pairs, see `datasets.find_cases`. The training cases alone are learnt
            from; the middle tenth of each chooses the checkpoint, the test cases give the scores
            on the card.
        out: the weights file to write, NAME.safetensors.
        progress: called with (steps done, all steps).
        cancelled: asked after every step.
        options: fields of `TrainingOptions`.

    Returns:
        The card.

    Raises:
        MedFusionError: no data, training cases that hold a slice that is tested on (`leaks`), a bad
            recipe, weights to start from that do not fit, or the network collapsed.
        Cancelled: the cancel flag was set; checkpoints stay.

    Example:
        >>> train_network("funfusean", "ct-mr", "data", "ct-mr.safetensors")  # doctest: +SKIP
    """
    asked, out = TrainingOptions(**options), Path(out)
    if out.suffix != ".safetensors":
        raise MedFusionError(f"{out} must end in .safetensors; it gets the trained weights.")
    plan, device = _plan(network, asked), choose_device(asked.device)
    pairs = pairs_to_train(get_method(network), pair)
    before = _Start(Path(asked.start), network, pair, plan) if asked.start else None
    if before:
        plan = replace(plan, warm_up=0.0)  # against a collapse that only random weights have
    cases = [case for name in pairs for case in find_cases(data, name)]
    cases = leave_out(cases, asked.without)
    leaks = leaks_of(cases, pairs)
    if not asked.despite_leaks:
        refuse_leaks(leaks)
    training = [case for case in cases if case.split == "train"]
    if not training:
        raise MedFusionError(f"{data} holds no training pairs for {pair}.")

    started = time.monotonic()
    module, validation = prepare_training(plan, pair, pairs, training)
    if before:
        module.network.load_state_dict(before.weights)
    held_out = HeldOut(validation, progress, cancelled)
    trainer = _fit(module, held_out, out.with_suffix(".training"), device, asked.resume)
    if cancelled and cancelled():
        raise Cancelled

    if held_out.best and plan.keep == "best":
        module.network.load_state_dict(held_out.best)
    round_weights(module.network)  # what is scored is what is saved
    trained = module.network.eval().to(device)
    form = plan.module | gain_of(plan, trained, validation)
    write_curves(out.with_suffix(".training"), module.curve, held_out)
    words = ["medfusion", "train", network, "--pair", pair, "--data", str(data), "--out", str(out)]
    testing = [case for case in cases if case.split == "test"]
    card = {
        "network": network,
        "pair": pair,
        "modalities": list(dict.fromkeys(m for name in pairs for m in modalities_of(name))),
        "citation": get_method(network).citation,
        "data": {
            "folder": Path(data).name,
            "train": _split_summary(training),
            "test": _split_summary(testing),
            "validation": "middle tenth of each training case's slices",
            "left_out": asked.without,
            "leaks": [str(leak) for leak in leaks],
        },
        "command": shlex.join([*words, *asked.words()]),
        **_about_training(replace(plan, module=form), module, before),
        "recipe_sha256": recipe_hash(plan),
        "device": describe_device(device),
        "precision": str(trainer.precision),
        "seconds": round(time.monotonic() - started),
        **scores_of(trained, validation, held_out.average, testing, plan.scored),
        "version": __version__,
        "torch": torch.__version__,
    }
    check_collapse(card["validation"], plan.steps)
    save_weights(module.network, out, card)
    return card


def _plan(network: str, asked: TrainingOptions) -> Recipe:
    """The recipe, with the steps that were asked for."""
    plan = read_recipe(network, Path(asked.recipe) if asked.recipe else None)
    if asked.steps is None:
        return plan
    if asked.steps < 1:
        raise MedFusionError(f"{asked.steps} steps train nothing; give at least 1.")
    return replace(plan, steps=asked.steps)


def _fit(
    module: FusionTraining, held_out: HeldOut, folder: Path, device: torch.device, resume: bool
) -> L.Trainer:
    """Train, from the last checkpoint in the folder where that is wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "last.ckpt"
    clips = module.automatic_optimization
    trainer = _trainer(module.recipe, device, folder, held_out, clips)
    there = resume and checkpoint_file(checkpoint).is_file()
    with warnings.catch_warnings(), kept_memory():
        warnings.simplefilter("ignore")
        trainer.fit(module, ckpt_path=str(checkpoint) if there else None)
    return trainer


def _about_training(plan: Recipe, module: FusionTraining, before: _Start | None) -> dict[str, Any]:
    """What a card says of recipe, steps and losses."""
    return {
        "recipe": recipe_as_dict(plan),
        "first_losses": [row["loss"] for row in module.curve[:FIRST]],
        "steps": plan.steps,
        "seed": plan.seed,
        "pixels": _pixels(plan, type(module).images, before.pixels if before else 0),
        **({"started_from": before.said} if before else {}),
        "losses": last_losses(module.curve),
    }


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
    plan: Recipe, device: torch.device, folder: Path, held_out: HeldOut, clips: bool
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


def _precision(plan: Recipe, device: torch.device) -> Literal["bf16-mixed", "32-true"]:
    return "bf16-mixed" if _fast_bf16(device) and not plan.exact else "32-true"


def _fast_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


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


def _pixels(plan: Recipe, images: int, before: float) -> dict[str, float]:
    """How many pixels a network has seen, and what part of the publication's training that is."""
    seen = before + plan.steps * plan.batch * plan.crop**2 * images
    if not plan.published_pixels:
        return {"seen": seen}
    part = round(seen / plan.published_pixels, 5)
    return {"seen": seen, "published": plan.published_pixels, "part": part}


def _split_summary(cases: list[Case]) -> dict[str, Any]:
    several = len({case.pair for case in cases}) > 1
    return {
        "cases": [f"{case.pair}/{case.name}" if several else case.name for case in cases],
        "slices": sum(len(case.slices) for case in cases),
    }
