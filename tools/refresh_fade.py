"""Write into docs/evidence/publications.md what the fade to black is worth, see `inference.bounds`.

    python tools/refresh_fade.py DATA [TABLE ...]

The networks whose fused image fades are scored with and without it on the images of the tables
(funfusean, thesis-t2, thesis-t1, fw-net, cddfuse; default: all). Slow metrics are left out.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from refresh_publications import BEGIN, END, PAGE, all_tables, digits, measure

from MedFusionLib.inference.bounds import DARK
from MedFusionLib.inference.slices import run_slices
from MedFusionLib.methods.registry import all_methods
from MedFusionLib.methods.weights import load_method, weights_path
from MedFusionLib.sources.prepare import as_8_bit

#: the networks of the publications themselves
NETWORKS = ("funfusean", "cspa-dn", "badal-regas", "fw-net")


def scores(table, module, fade: bool) -> list[float]:
    """The table's metrics of a method's images, with or without the fade."""
    first, second = table.images
    fused = run_slices(module, [first, second], bounded=True, fade=fade).fused
    fused[(first == 0) & (second == 0)] = 0
    fused = as_8_bit(np.clip(fused, 0, 1))
    return measure(table.columns, fused, table.images, np.arange(0))


def section(table) -> str:
    """The Markdown of a table: each network with the fade, and without."""
    table = replace(table, columns=tuple(column for column in table.columns if not column.slow))
    heads = " | ".join(column.heading for column in table.columns)
    lines = [
        f"{table.title}:\n",
        f"| method | | {heads} |",
        "|---|---|" + "---|" * heads.count("|"),
    ]
    lines[-1] += "---|"
    for method in all_methods("network"):
        if method.name not in NETWORKS or not weights_path(method.name, table.pair).is_file():
            continue
        module = load_method(method.name, table.pair)
        for fade, said in ((True, "with the fade"), (False, "without")):
            cells = " | ".join(digits(value) for value in scores(table, module, fade))
            lines.append(f"| `{method.name}` | {said} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and put the block into the page."""
    data, chosen = Path(sys.argv[1]), sys.argv[2:]
    torch.set_num_threads(1)
    tables = [table for table in all_tables(data) if not chosen or table.name in chosen]
    said = (
        "## With and without the fade\n\n"
        "A network that makes light of nothing leaves a grey veil where both sources are nearly\n"
        "black. `fuse` multiplies its image by min(1, brightest source / "
        f"{DARK}) there (`--bounds off`\nleaves that out; `bands` and the classical methods have "
        "no veil and are left alone). All rows\n*here* above are with it. Written by "
        "`python tools/refresh_fade.py DATA`; slow metrics are left out."
    )
    text = "\n\n".join([said, *map(section, tables)])
    page = PAGE.read_text(encoding="utf-8")
    if BEGIN not in page:
        page += f"\n{BEGIN}\n{END}\n"
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
