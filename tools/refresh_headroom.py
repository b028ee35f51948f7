"""Write into docs/evidence/bands.md what headroom is worth, see `inference.headroom`.

    python tools/refresh_headroom.py DATA SEEDS --first-head 200

DATA is the folder of training pairs (its SPECT test cases are used), SEEDS that of the
publications' own images. Heads of PET with T1 from the seed given on; the same images as in
refresh_bands.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from refresh_bands import four, fuse, read_images, replace_block, table, words

from MedFusionLib.evaluation import planted
from MedFusionLib.inference.headroom import headroom_factor, with_headroom
from MedFusionLib.inference.slices import run_slices
from MedFusionLib.methods.base import FusionMethod
from MedFusionLib.methods.weights import load_method
from MedFusionLib.phantom.head import make_phantom

#: name -> (method, brightness that the MR is brought down to; None: it stays as it is)
WAYS = {
    "maximum": ("maximum", None),
    "average": ("average", None),
    "bands, headroom off": ("bands", None),
    "bands, headroom auto (.75)": ("bands", 0.75),
    "bands, brought down to .65": ("bands", 0.65),
}


def on_heads(method: FusionMethod, room: float | None, looks: list[planted.PlantedSlices]) -> str:
    """Factor of the MR, contrast kept of lesion and oedema, tissue conflicts; means of heads."""
    found = []
    for look in looks:
        factor = headroom_factor(*look.inputs, room) if room else 1.0
        run = run_slices(
            with_headroom(method, factor), look.inputs, contributions="share", bounded=True
        )
        fused = np.where(look.background, 0, run.fused)
        scores = planted.score(look, fused, run.contributions)
        names = ("contrast_lesion", "contrast_oedema", "conflicts")
        found.append([factor, *(scores[name] for name in names)])
    return " ".join(f"{value:.2f}" for value in np.mean(found, axis=0))


def on_images(method: FusionMethod, room: float | None, images: torch.Tensor) -> str:
    """VIF, Q^AB/F, SCD and SSIM; each slice has a factor of its own, for it is all there is."""
    parts = []
    for image in images.split(1):
        first, second = image[0].numpy()
        factor = headroom_factor(first, second, room) if room else 1.0
        parts.append(fuse(with_headroom(method, factor), image))
    return words(four(torch.cat(parts), images))


def main() -> None:
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
    images = {name: stack for name, stack in images.items() if not name.startswith("CT")}
    rows = []
    for name, (method, room) in WAYS.items():
        module = load_method(method, "pet-mr")
        cells = [on_images(module, room, stack) for stack in images.values()]
        rows.append([name, on_heads(module, room, looks), *cells])
        print(rows[-1], flush=True)
    title = f"heads {seeds[0]} to {seeds[-1]}: factor, lesion, oedema, conflicts"
    replace_block("headroom", table(["", title, *images], rows))


if __name__ == "__main__":
    main()
