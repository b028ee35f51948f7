"""Draw docs/evidence/publications.md from publications.json.

    python tools/publications_page.py

The numbers are refresh_publications.py's and refresh_fade.py's.
"""

from __future__ import annotations

import numpy as np
from evidence import PUBLICATIONS, drawn, read

from MedFusionLib.evaluation.numbers import ranks, short

HEAD = """# The publications' tables beside ours

Written by `python tools/refresh_publications.py DATA RESULTS` from the images that the
publications' authors published (they are not part of this repository); the numbers are in
[publications.json](publications.json). Rows *printed* are copied from the publication;
rows *stored image* are measured on fused images that its authors stored; rows *here* are our
methods on the same sources: stored greys / 255, not stretched, rounded to 8 bit, without the fade
that `fuse` adds where both sources are nearly black. Ranks (in brackets) are within rows of one
kind. The last column is seconds for an image of 256 x 256 as printed, on other machines; ours stand
in [performance](performance.md#single-pairs).

**One rule of the background for all images of a table**, stored or made. *As it comes*: the image
as the method gives it. *Background 0*: 0 where both sources are exactly 0. Much of such a picture
is background, and several measures reward it, so the rule decides on ranks. Where the publication's
rule is not known, both tables stand here, and a printed row may be compared with either.

What the printed names mean: "SSIM" of the thesis and "Q_SSIM" of FunFuseAn are Piella's Q_S; "FMI"
of both is FMI of edges, the default of its authors' program (`fmi_pixel`); FW-Net's SSIM is Wang's.
Every name is explained in the docstrings of `MedFusionLib.metrics`."""

FADE = """## With and without the fade

A network that makes light of nothing leaves a grey veil where both sources are nearly black. `fuse`
multiplies its image by min(1, brightest source / 0.05) there (`--bounds off` leaves that out;
`bands` and the classical methods have no veil and are left alone). Rows *here* above are without
it. Written by `python tools/refresh_fade.py DATA`, background 0; slow metrics are left out.

<!-- begin: fade -->
<!-- end: fade -->"""


def make_page(found: dict) -> str:
    """The page of what publications.json holds."""
    parts = [HEAD]
    if found["left out"]:
        parts.append(f"Left out, for they take long: {', '.join(found['left out'])}.")
    parts += [section(table) for table in found["tables"].values()]
    if "fade" in found:
        parts.append(drawn(FADE, found))
    return "\n\n".join(parts) + "\n"


def section(table: dict) -> str:
    """The Markdown of a table: one for each rule."""
    parts = [f"## {table['title']}", table["before"]]
    for rule in table["rules"]:
        parts += [f"### {rule}", rows(table, table["rules"][rule])]
    parts += [table["said"]] if table["rules"] else [rows(table, {})]
    return "\n\n".join((*parts, table["after"]))


def rows(table: dict, measured: dict) -> str:
    """The table: printed, from stored images, here; ranks within each of the three."""
    heads = [heading + (" ↑" if higher else " ↓") for heading, higher in table["columns"]]
    lines = [
        f"| method | | {' | '.join(heads)} | s, printed |",
        "|---|---|" + "---|" * (len(heads) + 1),
    ]
    printed, printed_as = table["printed"], table["printed as"]
    stored, here = (measured.get(kind, {}) for kind in ("stored image", "here"))
    cells = {
        kind: ranked(table["columns"], values)
        for kind, values in (
            (printed_as, {name: row["values"] for name, row in printed.items()}),
            ("stored image", stored),
            ("here", here),
        )
    }
    for name, row in printed.items():
        seconds = short(row["seconds"]) if row["seconds"] else ""
        lines.append(line(name, printed_as, cells[printed_as][name], seconds))
        if name in stored:
            lines.append(line(name, "stored image", cells["stored image"][name]))
        if row["here"] in here:
            lines.append(line(f"`{row['here']}`", "here", cells["here"][row["here"]]))
    lead = {row["here"] for row in printed.values()}
    lines += [line(f"`{name}`", "here", cells["here"][name]) for name in here if name not in lead]
    return "\n".join(lines)


def line(name: str, kind: str, cells: list[str], seconds: str = "") -> str:
    return f"| {name} | {kind} | {' | '.join(cells)} | {seconds} |"


def ranked(columns: list, values: dict[str, list[float]]) -> dict[str, list[str]]:
    """Each method's values with their ranks."""
    if not values:
        return {}
    table = np.array(list(values.values()), float)
    order = [ranks(table[:, n], higher) for n, (_, higher) in enumerate(columns)]
    return {
        name: [
            "–" if np.isnan(value) else f"{digits(value)} ({rank[at]})"
            for value, rank in zip(row, order, strict=True)
        ]
        for at, (name, row) in enumerate(zip(values, table, strict=True))
    }


def digits(value: float) -> str:
    """As the tables print: four digits below 1, else as many as count."""
    return f"{value:.4f}".lstrip("0") if 0 < value < 1 else short(value)


if __name__ == "__main__":
    PUBLICATIONS.write_text(make_page(read(PUBLICATIONS.with_suffix(".json"))), encoding="utf-8")
