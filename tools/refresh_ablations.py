"""Train `bands` with one thing left out at a time, for docs/evidence/bands.md.

    python tools/refresh_ablations.py DATA VOLUMES FOLDER --steps 300

Learns from the training cases of DATA but for some that are held apart, and scores on those and on
digital heads: no test case is looked at, so that a recipe may be chosen by this table. VOLUMES is
the folder with BrainWeb. FOLDER keeps the trainings; those that it holds are not repeated.
`--only NAME` trains some, `--recipe FILE NAME` a recipe of yours beside them; then the tables are
only printed. `write` alone draws the page from bands.json.
"""

from __future__ import annotations

import argparse
import csv
import gc
import sys
from pathlib import Path

import evidence
import numpy as np
import torch
from evidence import BANDS, Table, keep
from refresh_bands import FOUR, four, fuse, titled
from torch import Tensor, nn

from MedFusionLib.evaluation import planted
from MedFusionLib.inference.slices import run_slices
from MedFusionLib.methods.networks.bands import AGREEMENT, OWN, RATIOS
from MedFusionLib.methods.registry import get_method
from MedFusionLib.methods.weights import load_method
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import read_volume
from MedFusionLib.training.datasets import find_cases
from MedFusionLib.training.train import RECIPES, train_network

#: training cases that no run here learns from. CT 28 and SPECT 28 show one MR, so neither is here.
HELD_APART = {"ct-mr": ("32", "37"), "pet-mr": ("30",), "spect-mr": ("15", "35")}
#: training cases that hold slices that are tested on (`medfusion leaks`): no run learns from them
LEAKING = "spect-mr/3,spect-mr/22,spect-mr/28,spect-mr/29,ct-mr/28"
EVERY = {"ct-mr": 3, "pet-mr": 12, "spect-mr": 5}  # slices of them that are scored
BRIGHTER = 1.7  # the PET once more, so bright that it outshines the MR nearly everywhere
HEADS = (500, 501)  # seeds; the truth term draws from 1000 on, `evaluate --phantom` from 0 on
RECIPE = (RECIPES / "bands.toml").read_text(encoding="utf-8")
WITH_BRAINWEB = "BrainWeb beside the PET cases"
#: column -> (digital head, measure of `planted.score`)
ON_HEADS = {
    "CT: tissue conflicts": ("ct-mr", "conflicts"),
    "CT: overlap of bone and fluid": ("ct-mr", "overlap_bone_csf"),
    "PET: tissue conflicts": ("pet-mr", "conflicts"),
    "PET: contrast of the lesion": ("pet-mr", "contrast_lesion"),
    "PET: its CNR": ("pet-mr", "cnr_lesion"),
}
#: name -> (text of the recipe, what stands there instead)
VARIANTS = {
    "whole": ("", ""),
    "without the truth term": ("every = 2", "every = 1000000000"),
    "without the darkening term": ("darkening = 6.0", "darkening = 0.0"),
    "without gains": ("gains = {", "gains = {} # {"),
    "heads of T1, T2 and FDG alone": ("every = 2", "every = 2\nvaried = false"),
    WITH_BRAINWEB: ("seed = 0", "seed = 0  # its data differ"),
    "another seed": ("seed = 0", "seed = 1"),
    "24 hidden units": ("[losses]", "[module]\nhidden = 24\n\n[losses]"),
} | {
    f"without {name}": ("[losses]", f'[module]\nwithout = ["{name}"]\n\n[losses]')
    for name in (*OWN, *RATIOS, *AGREEMENT)
}


def without_test_cases(data: Path, folder: Path, brainweb: Path | None = None) -> Path:
    """A data folder of the training cases alone; those held apart are its test cases.

    BrainWeb becomes a further training case where its folder is given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(("path", "pair", "split", "case", "modality"))
        for pair, apart in HELD_APART.items():
            for case in find_cases(data, pair, "train"):
                split = "test" if case.name in apart else "train"
                for path, modality in ((case.first, "mr"), (case.second, pair.split("-")[0])):
                    rows.writerow((path.resolve(), pair, split, case.name, modality))
        for file, modality in (("mr-t1", "mr"), ("pet-fdg", "pet")) if brainweb else ():
            path = (brainweb / f"{file}.nrrd").resolve()
            rows.writerow((path, "pet-mr", "train", "brainweb", modality))
    return folder


def held_apart(folder: Path) -> dict[str, Tensor]:
    """Slices of the cases held apart, (N, 2, H, W), stored greys / 255."""
    stacks = {}
    for pair, every in EVERY.items():
        slices = []
        for case in find_cases(folder, pair, "test"):
            arrays = [read_volume(path).array for path in (case.first, case.second)]
            stack = torch.from_numpy(np.stack(arrays, 1)).float() / 255
            slices.append(stack[(stack > 0).float().mean((1, 2, 3)) > 0.1][::every])
        stacks[pair.split("-")[0].upper()] = torch.cat(slices)
    brighter = stacks["PET"].clone()
    brighter[:, 1] = ((brighter[:, 1] * BRIGHTER).clamp(0, 1) * 255).round() / 255
    return {"CT": stacks["CT"], "PET": stacks["PET"], "PET, brighter": brighter} | stacks


def on_heads(method: nn.Module, looks: list[planted.PlantedSlices]) -> dict[str, float]:
    """Means over the heads of the measures of `planted.score`."""
    found = []
    for look in looks:
        run = run_slices(method, look.inputs, contributions="share", bounded=True)
        fused = np.where(look.background, 0, run.fused)
        found.append(planted.score(look, fused, run.contributions))
    names = set().union(*found)
    return {name: float(np.mean([head[name] for head in found if name in head])) for name in names}


def tables(
    methods: dict[str, nn.Module],
    stacks: dict[str, Tensor],
    looks: dict[str, list[planted.PlantedSlices]],
) -> dict[str, Table]:
    """A table for each of the four measures, and one of the heads."""
    rows: dict[str, dict[str, dict[str, float]]] = {name: {} for name in (*FOUR, "heads")}
    for name, method in methods.items():
        scores = {titled(s, stack): four(fuse(method, stack), stack) for s, stack in stacks.items()}
        for measure in FOUR:
            rows[measure][name] = {title: found[measure] for title, found in scores.items()}
        heads = {pair: on_heads(method, looks[pair]) for pair in looks}
        rows["heads"][name] = {c: heads[pair][m] for c, (pair, m) in ON_HEADS.items()}
    titles = {measure: measure for measure in FOUR} | {"heads": "On digital heads"}
    return {
        name: Table(rows[name], title, digits=2 if name == "heads" else 3)
        for name, title in titles.items()
    }


def trained(out: Path, recipe: str, data: Path, steps: int | None = None) -> nn.Module:
    """`bands` by the text of a recipe, without the leaking cases; trained unless it lies there."""
    if not out.is_file():
        file = out.with_suffix(".toml")
        file.write_text(recipe, encoding="utf-8")
        train_network(
            "bands", "all", data, out, steps=steps, recipe=file, device="cpu", without=LEAKING
        )
        gc.collect()  # a trainer and its gigabyte of slices refer to each other
    return load_method("bands", "ct-mr", out)


def planted_heads() -> dict[str, list[planted.PlantedSlices]]:
    """The digital heads of the choice, for each pair that they show."""
    return {
        pair: [planted.planted_slices(make_phantom(planted.SHAPE, seed), pair) for seed in HEADS]
        for pair in planted.PLANTED_PAIRS
    }


def main() -> None:
    """Train and score what is asked for, or draw the page."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("bands")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("volumes", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--only", action="append", default=[], choices=list(VARIANTS))
    parser.add_argument("--recipe", nargs=2, action="append", default=[])
    asked = parser.parse_args()
    data = without_test_cases(asked.data, asked.folder / "data")
    brainweb = asked.folder / "data-and-brainweb"
    without_test_cases(asked.data, brainweb, asked.volumes / "brainweb")
    recipes = {
        name: RECIPE.replace(there, instead) if there else RECIPE
        for name, (there, instead) in VARIANTS.items()
        if not asked.only or name in asked.only
    }
    recipes |= {name: Path(file).read_text(encoding="utf-8") for file, name in asked.recipe}
    methods: dict[str, nn.Module] = {"maximum": get_method("maximum")()}
    for name, text in recipes.items():
        if name != "whole" and text == RECIPE:
            raise SystemExit(f"The recipe has changed: '{name}' does not find what it leaves out.")
        out = asked.folder / f"{name.replace(' ', '-')}.safetensors"
        learnt = brainweb if name == WITH_BRAINWEB else data
        methods[name] = trained(out, text, learnt, asked.steps)
    found = tables(methods, held_apart(data), planted_heads())
    print(*(table.draw() for table in found.values()), sep="\n\n")
    if not asked.only and not asked.recipe:
        keep(BANDS, "ablations", found)


if __name__ == "__main__":
    main()
