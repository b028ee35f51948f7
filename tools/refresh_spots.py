"""Write into docs/evidence/bands.md what is kept of planted spots, see `training.truth.KINDS`.

    python tools/refresh_spots.py --first-head 204
    python tools/refresh_spots.py write

Heads with random contrasts, as the truth term paints them, from seeds that nothing learns from;
one spot in each, PET with MR (calcifications: CT with MR). The mean part of its contrast that is
kept, with its sign, over the scenes that show it.
"""

from __future__ import annotations

import argparse
import sys

import evidence
import numpy as np
import torch
from evidence import BANDS, Table, keep
from refresh_headroom import WAYS

from MedFusionLib.inference.headroom import headroom_factor, with_headroom
from MedFusionLib.methods.base import FusionMethod
from MedFusionLib.methods.weights import load_method
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.training import truth

SCENES, CROP = 24, 160


def kept(method: FusionMethod, room: float | None, labels: torch.Tensor, kind: str) -> float:
    """The part of a spot's contrast that is kept, mean over the scenes."""
    pair = "ct-mr" if kind == "calcification" else "pet-mr"
    found = []
    for number in range(SCENES):
        random = np.random.default_rng((number, 7))
        scene = truth.draw(labels, pair, random, CROP, kinds={kind: 1.0})
        if not scene.core.any():
            continue
        first, second = scene.sources[:, :1], scene.sources[:, 1:]
        factor = headroom_factor(first[0].numpy(), second[0].numpy(), room) if room else 1.0
        with torch.inference_mode():
            fused = with_headroom(method, factor)(first, second).clamp(0, 1)[:, 0]
        found.append(float((fused[1] - fused[0])[scene.core].mean()) / scene.change)
    return float(np.mean(found))


def main() -> None:
    """Measure, or draw the page."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("bands")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-head", type=int, default=204)
    first = parser.parse_args().first_head
    heads = [make_phantom(truth.SHAPE, seed).labels for seed in (first, first + 1)]
    slices = np.concatenate([labels[truth.SLICES, ::-1] for labels in heads]).astype(np.int64)
    labels = torch.from_numpy(slices)
    rows = {}
    for name, (method, room) in WAYS.items():
        module = load_method(method, "pet-mr")
        rows[name] = {kind: kept(module, room, labels, kind) for kind in truth.KINDS}
        print(name, rows[name], flush=True)
    keep(BANDS, "spots", {"spots": Table(rows, digits=2)})


if __name__ == "__main__":
    main()
