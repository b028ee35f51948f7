"""Write the measured tables into docs/evaluation.md.

    python docs/refresh_evaluation.py DATA RESULTS

DATA is the data folder; RESULTS holds what these commands left:

    medfusion evaluate --data DATA --pair PAIR --out RESULTS/PAIR        (for each pair)
    medfusion evaluate --phantom --heads 5 --out RESULTS/phantom

Tables that are not there are left out.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from MedFusionLib import metrics
from MedFusionLib.evaluation.report import short
from MedFusionLib.methods.registry import get_method
from MedFusionLib.sources.files import read_volume

PAGE = Path(__file__).with_name("evaluation.md")
BEGIN, END = "<!-- begin: measured -->", "<!-- end: measured -->"
#: the metrics of the short table; table.md has all
SHOWN = ("ssim_first", "ssim_second", "q_abf", "mutual_information", "viff", "scd", "semantic_loss")
#: slices of the peers' test set, as the manifest numbers them
PEER_SLICES = {*range(16007, 16017), *range(21006, 21017)}
#: what the peers' evaluator says of them: EN, SD, SF, MI (nats), SCD, VIF, Q^AB/F, SSIM
PEER_VALUES = {
    "average": (4.45, 57.3, 19.6, 2.61, 0.99, 0.454, 0.372, 1.309),
    "maximum": (4.47, 84.2, 33.5, 3.63, 1.50, 0.636, 0.629, 1.376),
    "gff": (4.63, 65.6, 30.8, 2.15, 0.95, 0.603, 0.594, 1.219),
}


def main() -> None:
    """Replace the block between the marks."""
    data, results = map(Path, sys.argv[1:3])
    parts = []
    for pair in ("ct-mr", "pet-mr", "spect-mr"):
        path = results / pair / "table.json"
        if path.is_file():
            parts.append(table(json.loads(path.read_text(encoding="utf-8")), SHOWN))
    for pair in ("ct-mr", "pet-mr"):
        path = results / "phantom" / pair / "table.json"
        if path.is_file():
            parts.append(table(json.loads(path.read_text(encoding="utf-8"))))
    parts.append(peers(data))
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
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


def peers(data: Path) -> str:
    """Our metrics, set as the peers' evaluator sets them, on the peers' slices; and their table."""
    first, second = (_peer_slices(data, modality) for modality in ("mr", "ct"))
    heads = ("EN", "SD", "SF", "MI (nats)", "SCD", "VIF", "Q^AB/F", "SSIM (cddfuse)")
    lines = ["### ct-mr, the slices of the peers' table", "", f"| | | {' | '.join(heads)} |"]
    lines.append("|---|---|" + "---|" * len(heads))
    for name, theirs in PEER_VALUES.items():
        with torch.inference_mode():
            fused = get_method(name).build().eval()(first, second)
        images = (torch.round(fused * 255) / 255, first, second)
        ours = (
            metrics.entropy(*images),
            metrics.std(*images),
            metrics.spatial_frequency(*images),
            metrics.mutual_information(*images, unit="nats"),
            metrics.scd(*images),
            metrics.vif(*images),
            metrics.q_abf(*images),
            metrics.ssim(*images, variant="cddfuse"),
        )
        measured = [short(float(values.mean())) for values in ours]
        lines.append(f"| {name} | measured | {' | '.join(measured)} |")
        lines.append(f"| {name} | published | {' | '.join(f'{value:g}' for value in theirs)} |")
    return "\n".join([*lines, "", f"{len(first)} slices, stored grey levels / 255."])


def _peer_slices(data: Path, modality: str) -> torch.Tensor:
    found = []
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if (row["pair"], row["split"], row["modality"]) == ("ct-mr", "test", modality):
                numbers = list(map(int, row["slice_numbers"].split()))
                keep = [n for n, number in enumerate(numbers) if number in PEER_SLICES]
                found.append(read_volume(data / row["path"]).array[keep])
    return torch.from_numpy(np.concatenate(found))[:, None] / 255


if __name__ == "__main__":
    main()
