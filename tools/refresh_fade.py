"""Write into docs/evidence/publications.md what the fade to black is worth, see `inference.bounds`.

    python tools/refresh_fade.py DATA [TABLE ...]
    python tools/refresh_fade.py write

The networks whose fused image fades are scored with and without it on the images of the tables
(funfusean, thesis-t2, thesis-t1, fw-net, cddfuse; default: all), the others stay as they are. Slow
metrics are left out.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import evidence
import numpy as np
import torch
from evidence import PUBLICATIONS, keep
from refresh_publications import Table, all_tables, measure

from MedFusionLib.inference.slices import run_slices
from MedFusionLib.methods.base import FusionMethod
from MedFusionLib.methods.registry import all_methods
from MedFusionLib.methods.weights import load_method, weights_path
from MedFusionLib.sources.prepare import as_8_bit

#: the networks of the publications themselves
NETWORKS = ("funfusean", "cspa-dn", "badal-regas", "fw-net")


def scores(table: Table, module: FusionMethod, fade: bool) -> list[float]:
    """The table's metrics of a method's images, with or without the fade."""
    first, second = table.images
    fused = run_slices(module, [first, second], bounded=True, fade=fade).fused
    fused[(first == 0) & (second == 0)] = 0
    fused = as_8_bit(np.clip(fused, 0, 1))
    return measure(table.columns, fused, table.images, np.arange(0))


def rows(table: Table) -> evidence.Table:
    """Each network with the fade, and without."""
    table = replace(table, columns=tuple(column for column in table.columns if not column.slow))
    heads = [column.heading for column in table.columns]
    found = {}
    for method in all_methods("network"):
        if method.name not in NETWORKS or not weights_path(method.name, table.pair).is_file():
            continue
        module = load_method(method.name, table.pair)
        for fade, said in ((True, "with the fade"), (False, "without")):
            values = scores(table, module, fade)
            found[f"`{method.name}`, {said}"] = dict(zip(heads, values, strict=True))
    return evidence.Table(found, table.title, digits=4)


def main() -> None:
    """Measure, or draw the page."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("publications")
    data, chosen = Path(sys.argv[1]), sys.argv[2:]
    torch.set_num_threads(1)
    tables = [table for table in all_tables(data) if table.rules]
    before = evidence.read(PUBLICATIONS.with_suffix(".json")).get("fade", {})
    found = {name: evidence.Table(**one) for name, one in before.items()}
    found |= {table.name: rows(table) for table in tables if not chosen or table.name in chosen}
    keep(PUBLICATIONS, "fade", {t.name: found[t.name] for t in tables if t.name in found})


if __name__ == "__main__":
    main()
