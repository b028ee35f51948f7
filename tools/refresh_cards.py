"""Complete the cards of weights that were trained before cards kept all of this.

    python tools/refresh_cards.py DATA

Adds what a training writes today, where a card lacks it: the hash of its recipe, the losses of the
first five steps (run once more from the recipe on the card, and marked as that), the slices that
are tested on among those it learnt from, and how the fused image fades. Where the recipe file has
changed since, the command trains by the recipe on the card.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from MedFusionLib.inference.bounds import DARK
from MedFusionLib.methods.registry import get_method
from MedFusionLib.methods.weights import weights_folder
from MedFusionLib.training.datasets import find_cases, leave_out
from MedFusionLib.training.leaks import leaks_of
from MedFusionLib.training.recipe import Recipe, recipe_hash, recipe_on_card
from MedFusionLib.training.train import first_losses, pairs_to_train, read_recipe

#: entries that say nothing of what a network learns
OF_NO_MATTER = ("raise_within", "published_pixels", "scored")
NOTED, REBUILT = "noted in the training", "run once more by tools/refresh_cards.py"


def entries(recipe: Recipe) -> dict:
    return {name: value for name, value in vars(recipe).items() if name not in OF_NO_MATTER}


def complete(path: Path, data: Path) -> dict:
    """A card with what it lacked."""
    card = json.loads(path.read_text(encoding="utf-8"))
    recipe = recipe_on_card(card)
    card["recipe_sha256"] = recipe_hash(recipe)
    today = entries(read_recipe(card["network"]))
    changed = [name for name, value in entries(recipe).items() if value != today[name]]
    if changed:
        card["recipe_note"] = (
            f"The recipe file of today differs in {', '.join(changed)} and trains another network; "
            "the command takes the recipe on this card."
        )
        if "--recipe" not in card["command"]:
            card["command"] += f" --recipe Resources/Weights/{path.name}"
    pairs = pairs_to_train(get_method(card["network"]), card["pair"])
    cases = [case for name in pairs for case in find_cases(data, name)]
    leaks = leaks_of(leave_out(cases, card["data"].get("left_out", "")), pairs)
    card["data"]["leaks"] = [str(leak) for leak in leaks]
    if leaks and "--despite-leaks" not in card["command"]:
        card["command"] += " --despite-leaks"
    if "first_losses" not in card:
        card["first_losses"] = first_losses(card, data)
        card["first_losses_are"] = REBUILT
    card.setdefault("first_losses_are", NOTED)
    if not get_method(card["network"]).keeps_lone_source:
        card["shown"] = (
            f"The fused image is multiplied by min(1, brightest source / {DARK}); --bounds off "
            "leaves that out. The scores on this card are without it."
        )
    return card


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    for path in sorted(weights_folder().glob("*.json")):
        card = complete(path, data)
        path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(path.stem, [round(loss, 4) for loss in card["first_losses"]], flush=True)


if __name__ == "__main__":
    main()
