"""Compare recipes of `bands` on cases held apart, for docs/evidence/bands.md: how it was chosen.

    python tools/compare_recipes.py DATA FOLDER [SITES.npz ...]
    python tools/compare_recipes.py write

Trains each recipe on the training cases of DATA but for those held apart and those that leak (see
refresh_ablations.py), and scores it on the ones held apart, on digital heads and on planted spots
in heads with seeds of their own: no test case is looked at. FOLDER keeps the trainings; those that
it holds are not repeated. SITES are places for choosing (see headroom_by_reader.py): there the
observer reads the maximum and the recipe as it stands, by how far a bright MR is brought down.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import evidence
import numpy as np
import torch
from evidence import BANDS, Table, keep
from headroom_by_reader import read_by
from refresh_ablations import (
    HEADS,
    RECIPE,
    held_apart,
    planted_heads,
    tables,
    trained,
    without_test_cases,
)
from refresh_headroom import on_heads
from refresh_spots import kept

from MedFusionLib.evaluation.reader import Sites
from MedFusionLib.methods.base import FusionMethod
from MedFusionLib.methods.registry import get_method
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.training import truth

LIGHTER_SSIM = ("ssim_sum = 26.0", "ssim_sum = 20.0")
WITHOUT_SEEN = ("seen = 5.0, ", "")
SHORT = [("steps = 4500", "steps = 3000"), ("crop = 160", "crop = 128")]
MAXIMUM, RECIPE_FILE = "maximum", "the recipe"
#: name -> what stands in the recipe, and what instead
RECIPES = {
    "without d', VIF and Q^AB/F lighter, 3,000 steps": [
        WITHOUT_SEEN, LIGHTER_SSIM, ("q_abf = 28.0", "q_abf = 24.0"), ("vif = 6.0", "vif = 5.0"),
        ("vif = 18.0", "vif = 12.0"), *SHORT,
    ],
    "without d', SSIM with CT lighter": [WITHOUT_SEEN, LIGHTER_SSIM],
    "3,000 steps": SHORT,
    "d' instead of CNR, tissues apart, 3,000 steps": [
        ("cnr = 4.0, seen = 5.0, apart = 20.0", "cnr = 0.0, seen = 8.0, apart = 45.0"),
        ("vif = 18.0", "vif = 22.0"), *SHORT,
    ],
    RECIPE_FILE: [],
}  # fmt: skip
#: what the MR is brought down to for planted spots
BROUGHT_DOWN_TO = 0.75
#: and what was looked at for the default of headroom
ROOMS = (None, 0.75, 0.72, 0.70)


def changed(changes: list[tuple[str, str]]) -> str:
    """The recipe with other numbers.

    Raises:
        SystemExit: the recipe does not hold what is to be changed.
    """
    text = RECIPE
    for there, instead in changes:
        if there not in text:
            raise SystemExit(f"The recipe has changed: it does not hold '{there}'.")
        text = text.replace(there, instead)
    return text


def by_room(room: float | None) -> str:
    """What a row with that headroom is called."""
    return (
        f"{RECIPE_FILE}, MR brought down to {room:.2f}" if room else f"{RECIPE_FILE}, MR as it is"
    )


def main() -> None:
    """Train, score and keep the tables, or draw the page."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("bands")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sites", type=Path, nargs="*")
    asked = parser.parse_args()
    data = without_test_cases(asked.data, asked.folder / "data")
    methods: dict[str, FusionMethod] = {MAXIMUM: get_method("maximum")()}
    for number, (name, changes) in enumerate(RECIPES.items()):
        out = asked.folder / f"recipe-{number}.safetensors"
        methods[name] = trained(out, changed(changes), data)
    found = tables(methods, held_apart(data), planted_heads())
    heads = [make_phantom(truth.SHAPE, seed).labels[truth.SLICES, ::-1] for seed in HEADS]
    labels = torch.from_numpy(np.concatenate(heads).astype(np.int64))
    spots = {
        name: {kind: kept(method, BROUGHT_DOWN_TO, labels, kind) for kind in truth.KINDS}
        for name, method in methods.items()
    }
    found["spots"] = Table(spots, f"Planted spots, MR brought down to {BROUGHT_DOWN_TO}", digits=2)
    looks = planted_heads()["pet-mr"]
    rows = {by_room(room): on_heads(methods[RECIPE_FILE], room, looks) for room in ROOMS}
    found["rooms"] = Table(rows, "The recipe by what the MR is brought down to", digits=2)
    for path in asked.sites:
        sites = Sites.load(path)
        read = read_by(sites)
        rows = {
            MAXIMUM: read(methods[MAXIMUM], None),
            "average": read(get_method("average")(), None),
        }
        rows |= {by_room(room): read(methods[RECIPE_FILE], room) for room in ROOMS}
        name = path.stem.removeprefix("choose-")
        found[name] = Table(rows, f"Read in grey, {name}", digits=2)
    keep(BANDS, "recipes", found)


if __name__ == "__main__":
    main()
