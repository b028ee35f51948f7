"""Compare recipes of `bands` on cases held apart, for docs/evidence/bands.md: how it was chosen.

    python tools/compare_recipes.py DATA FOLDER
    python tools/compare_recipes.py write

Trains each recipe on the training cases of DATA but for those held apart and those that leak (see
refresh_ablations.py), and scores it on the ones held apart, on digital heads and on planted spots
in heads with seeds of their own: no test case is looked at. FOLDER keeps the trainings; those that
it holds are not repeated.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import evidence
import numpy as np
import torch
from evidence import BANDS, Table, keep
from refresh_ablations import (
    HEADS,
    RECIPE,
    held_apart,
    planted_heads,
    tables,
    trained,
    without_test_cases,
)
from refresh_spots import kept
from torch import nn

from MedFusionLib.inference.headroom import ROOM
from MedFusionLib.methods.registry import get_method
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.training import truth

LIGHTER_SSIM = ("ssim_sum = 26.0", "ssim_sum = 20.0")
#: name -> what stands in the recipe, and what instead
RECIPES = {
    "VIF and Q^AB/F lighter, 3,000 steps": [
        LIGHTER_SSIM, ("q_abf = 28.0", "q_abf = 24.0"), ("vif = 6.0", "vif = 5.0"),
        ("vif = 18.0", "vif = 12.0"), ("steps = 4500", "steps = 3000"),
        ("crop = 160", "crop = 128"),
    ],
    "SSIM with CT lighter": [LIGHTER_SSIM],
}  # fmt: skip


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


def main() -> None:
    """Train, score and keep the tables, or draw the page."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("bands")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    data = without_test_cases(asked.data, asked.folder / "data")
    methods: dict[str, nn.Module] = {"maximum": get_method("maximum")()}
    for number, (name, changes) in enumerate(RECIPES.items()):
        out = asked.folder / f"recipe-{number}.safetensors"
        methods[name] = trained(out, changed(changes), data)
    found = tables(methods, held_apart(data), planted_heads())
    heads = [make_phantom(truth.SHAPE, seed).labels[truth.SLICES, ::-1] for seed in HEADS]
    labels = torch.from_numpy(np.concatenate(heads).astype(np.int64))
    spots = {
        name: {kind: kept(method, ROOM, labels, kind) for kind in truth.KINDS}
        for name, method in methods.items()
    }
    found["spots"] = Table(spots, "Planted spots, with headroom", digits=2)
    keep(BANDS, "recipes", found)


if __name__ == "__main__":
    main()
