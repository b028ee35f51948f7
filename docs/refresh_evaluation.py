"""Write the measured tables into docs/evaluation.md.

    python docs/refresh_evaluation.py RESULTS

RESULTS holds what these commands left:

    medfusion evaluate --data DATA/aanlib --pair PAIR --out RESULTS/PAIR     (for each pair)
    medfusion evaluate --data DATA/seeds/funfusean --pair pet-mr --stored --out RESULTS/persons
    medfusion evaluate --phantom --heads 5 --out RESULTS/phantom

Tables that are not there stay as they are. The publications' tables are refresh_publications.py's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from MedFusionLib.evaluation.report import short

PAGE = Path(__file__).with_name("evaluation.md")
BEGIN, END = "<!-- begin: measured -->", "<!-- end: measured -->"
#: the metrics of the short table; table.md has all
SHOWN = ("ssim_first", "ssim_second", "q_abf", "mutual_information", "viff", "scd", "semantic_loss")
#: folder of results -> heading of its section
SECTIONS = {
    "ct-mr": "ct-mr, test split",
    "persons": "pet-mr, ten pairs of other persons",
    "pet-mr": "pet-mr, series 41: another orientation of the subject that was trained on",
    "spect-mr": "spect-mr, test split",
    "phantom/ct-mr": "digital head, ct-mr",
    "phantom/pet-mr": "digital head, pet-mr",
}


def main() -> None:
    """Replace the measured sections between the marks; leave the others as they are."""
    results = Path(sys.argv[1])
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    block, after = rest.split(END)
    there = {part.partition("\n")[0]: part.strip() for part in block.split("### ")[1:]}
    parts = []
    for folder, heading in SECTIONS.items():
        path = results / folder / "table.json"
        if path.is_file():
            shown = () if folder.startswith("phantom") else SHOWN
            result = {**json.loads(path.read_text(encoding="utf-8")), "title": heading}
            parts.append(table(result, shown))
        elif heading in there:
            parts.append(f"### {there[heading]}")
    block = "\n\n".join(parts)
    PAGE.write_text(f"{before}{BEGIN}\n\n{block}\n\n{END}{after}", encoding="utf-8")


def table(result: dict[str, Any], shown: tuple[str, ...] = ()) -> str:
    """One result: methods by metrics, means with ranks and 95 % intervals."""
    measures = [m for m in result["metrics"] if not shown or m["name"] in shown]
    cells = {(row["method"], row["metric"]): row for row in result["rows"]}
    methods = list(dict.fromkeys(row["method"] for row in result["rows"]))
    arrow = {"higher": " ↑", "lower": " ↓", "neither": ""}
    heads = [m["symbol"].replace("|", "") + arrow[m["better"]] for m in measures]
    lines = [f"### {result['title']}", "", f"| | {' | '.join(heads)} |"]
    lines.append("|---|" + "---|" * len(heads))
    for method in methods:
        line = [cell(cells[method, m["name"]]) for m in measures]
        lines.append(f"| {method} | {' | '.join(line)} |")
    if "slices" in result:
        counts = f"{result['slices']} slices of {len(result['cases'])} case(s). "
    else:
        counts = f"{result['heads']} heads. "
    notes = [note for note in result["notes"] if note.split(":")[0] not in DEFINED]
    return "\n".join([*lines, "", counts + " ".join(notes)])


#: definitions stand in the page itself
DEFINED = (
    "CNR",
    "Credit",
    "Tissue overlap",
    "The sources alone stand beside for comparison and have no rank.",
)


def cell(row: dict[str, Any]) -> str:
    """Mean, rank and interval in one cell."""
    if row["mean"] is None:
        return "–"
    text = short(row["mean"])
    text = f"**{text}**" if row["rank"] == 1 else text
    text += f" ({row['rank']})" if row["rank"] else ""
    low, high = row["interval"]
    return text if low is None else f"{text}<br>{short(low)}–{short(high)}"


if __name__ == "__main__":
    main()
