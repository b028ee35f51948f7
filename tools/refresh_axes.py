"""Write into docs/evidence/bands.md what slicing along all three axes is worth.

    python tools/refresh_axes.py --first-head 200
    python tools/refresh_axes.py write

Small digital heads, PET with T1 and CT with T2, `bands`: how far the three fusions differ, how much
the fused image jumps from slice to slice, and what is kept of planted things.
"""

from __future__ import annotations

import argparse
import sys

import evidence
import numpy as np
from evidence import BANDS, Table, keep
from scipy.ndimage import distance_transform_edt

from MedFusionLib.evaluation.planted import PLANTED_PAIRS, SHELL, contrast
from MedFusionLib.fusion import Fusion, fuse
from MedFusionLib.phantom.head import Phantom, make_phantom
from MedFusionLib.sources.modalities import modalities_of
from MedFusionLib.sources.volumes import AXES

SHAPE = (48, 96, 96)


def kept(head: Phantom, fusion: Fusion, pair: str) -> dict[str, float]:
    """The part of each planted thing's contrast, in the source that shows it, that is kept."""
    found = {}
    for name, shown in head.shows.items():
        if shown not in modalities_of(pair):
            continue
        inside = head.truth[name]
        far = distance_transform_edt(~inside, head.t1.spacing[::-1])
        tissue = np.bincount(head.labels[inside]).argmax()
        shell = (head.labels == tissue) & (far > SHELL[0]) & (far <= SHELL[1])
        source = fusion.sources.scaled[modalities_of(pair).index(shown)]
        found[name] = contrast(fusion.fused.array, inside, shell) / contrast(source, inside, shell)
    return found


def main() -> None:
    """Measure, or draw the page."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("bands")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-head", type=int, default=200)
    parser.add_argument("--heads", type=int, default=2)
    asked = parser.parse_args()
    rows: dict[str, list[list[float]]] = {axis: [] for axis in (*AXES, "all")}
    for seed in range(asked.first_head, asked.first_head + asked.heads):
        head = make_phantom(SHAPE, seed)
        for pair, names in PLANTED_PAIRS.items():
            volumes = [getattr(head, name) for name in names]
            made = {axis: fuse(*volumes, pair, axis=axis, headroom="off") for axis in rows}
            mean = made["all"].fused.array
            for axis, fusion in made.items():
                fused = fusion.fused.array
                inside = ~fusion.sources.background
                away = np.abs(fused - mean)[inside]
                jump = np.abs(np.diff(fused, 2, axis=0))[inside[1:-1]].mean()
                part = np.mean(list(kept(head, fusion, pair).values()))
                seconds = fusion.report.seconds
                rows[axis].append([away.mean(), np.quantile(away, 0.99), jump, part, seconds])
    columns = {
        "mean difference from all": 4,
        "99th percentile": 4,
        "second difference from axial slice to slice": 4,
        "contrast kept of planted things": 4,
        "time, axial 1": 1,
    }
    once = np.mean(rows["axial"], axis=0)[-1]
    means = {axis: np.mean(values, axis=0) / [1, 1, 1, 1, once] for axis, values in rows.items()}
    found = {axis: dict(zip(columns, row.tolist(), strict=True)) for axis, row in means.items()}
    keep(BANDS, "axes", {"axes": Table(found, digits=columns)})


if __name__ == "__main__":
    main()
