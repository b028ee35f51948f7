"""Write into docs/evidence/bands.md what headroom is worth, see `inference.headroom`.

    python tools/refresh_headroom.py DATA SEEDS --first-head 200
    python tools/refresh_headroom.py write

DATA is the folder of training pairs (its SPECT test cases are used), SEEDS that of the
publications' own images. Heads of PET with T1 from the seed given on; the same images as in
refresh_bands.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import evidence
import numpy as np
import torch
from evidence import BANDS, Table, keep
from refresh_bands import FOUR_BETTER, four, fuse, read_images, titled

from MedFusionLib.evaluation import planted
from MedFusionLib.inference.headroom import ROOM, headroom_factor, with_headroom
from MedFusionLib.inference.slices import run_slices
from MedFusionLib.methods.base import FusionMethod
from MedFusionLib.methods.weights import load_method
from MedFusionLib.phantom.head import make_phantom

#: name -> (method, brightness that the MR is brought down to; None: it stays as it is)
WAYS = {
    "maximum": ("maximum", None),
    "average": ("average", None),
    "bands, headroom off": ("bands", None),
    "bands, headroom auto": ("bands", ROOM),
    "bands, brought down to .75": ("bands", 0.75),
    "bands, brought down to .65": ("bands", 0.65),
}


def on_heads(
    method: FusionMethod, room: float | None, looks: list[planted.PlantedSlices]
) -> dict[str, float]:
    """Factor of the MR, contrast kept of lesion and oedema, tissue conflicts; means of heads."""
    found = []
    for look in looks:
        factor = headroom_factor(*look.inputs, room) if room else 1.0
        run = run_slices(
            with_headroom(method, factor), look.inputs, contributions="share", bounded=True
        )
        fused = np.where(look.background, 0, run.fused)
        found.append(planted.score(look, fused, run.contributions) | {"factor": factor})
    names = {
        "factor of the MR": "factor",
        "contrast kept of the lesion (PET)": "contrast_lesion",
        "of the oedema (MR)": "contrast_oedema",
        "tissue conflicts": "conflicts",
    }
    return {title: float(np.mean([one[n] for one in found])) for title, n in names.items()}


def on_images(method: FusionMethod, room: float | None, images: torch.Tensor) -> dict[str, float]:
    """VIF, Q^AB/F, SCD and SSIM; each slice has a factor of its own, for it is all there is."""
    parts = []
    for image in images.split(1):
        first, second = image[0].numpy()
        factor = headroom_factor(first, second, room) if room else 1.0
        parts.append(fuse(with_headroom(method, factor), image))
    return four(torch.cat(parts), images)


def main() -> None:
    """Measure, or draw the page."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("bands")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("seeds", type=Path)
    parser.add_argument("--first-head", type=int, default=200)
    parser.add_argument("--heads", type=int, default=3)
    parser.add_argument("--every", type=int, default=2)
    asked = parser.parse_args()
    seeds = range(asked.first_head, asked.first_head + asked.heads)
    looks = [planted.planted_slices(make_phantom(planted.SHAPE, seed), "pet-mr") for seed in seeds]
    images = read_images(asked.data, asked.seeds, asked.every)
    del images["CT"]
    rows: dict[str, dict[str, dict[str, float]]] = {name: {} for name in ("heads", *images)}
    for name, (method, room) in WAYS.items():
        module = load_method(method, "pet-mr")
        rows["heads"][name] = on_heads(module, room, looks)
        for title, stack in images.items():
            rows[title][name] = on_images(module, room, stack)
        print(name, rows["heads"][name], flush=True)
    heads = f"Digital heads {seeds[0]} to {seeds[-1]}, PET with T1"
    tables = {"heads": Table(rows["heads"], heads, digits=2)} | {
        name: Table(rows[name], titled(name, stack), digits=3, better=FOUR_BETTER)
        for name, stack in images.items()
    }
    keep(BANDS, "headroom", tables)


if __name__ == "__main__":
    main()
