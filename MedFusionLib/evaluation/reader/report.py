"""What the observer leaves: tables in Markdown, CSV and JSON, and a plot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from ... import __version__
from ...report import NOTICE
from ...spreadsheets import write_csv
from ..report import COLOURS, DIM, INK, PAPER
from .kept import Kept
from .reading import DEFICIENT, SECOND, USUAL, Readings, orders, verdict
from .sites import SITES

#: what both observers compare every display with
YARDSTICK = "Slicer: hot 50 %"

NOTES = (
    "Kept: d' of a lesion in the display over d' in both sources side by side; 1: all that the "
    "sources show, 0: nothing; above 1 is possible, for a table can stretch contrast.",
    "Worst and mean are those of the six lesions of the definition; the intervals (95 %, "
    "basic bootstrap) resample whole slices. They say nothing of other persons.",
    "Source: whether a bright spot is told to be the MR's or the other's. Tissues: the worst pair "
    "of grey matter, white matter, fluid and bone. False: detail, in just noticed differences, "
    "where no source has any.",
    "A model observer is no reader study: no human has read these pictures.",
)
#: said of fewer than half as many sites as the documents' tables have
FEW = (
    "These are few sites: what is kept is uncertain, and may lie outside of its own interval; "
    f"take {SITES} to compare displays."
)


def caution(readings: Readings) -> list[str]:
    """What to know before the numbers are believed: no sentence, or one."""
    return [FEW] if readings.sites < SITES // 2 else []


def write_readings(readings: Readings, folder: Path) -> None:
    """Write `reader.md`, `reader.csv`, `reader.json` and `reader.png`.

    Args:
        readings: from `read_displays`.
        folder: exists.
    """
    write_csv(folder / "reader.csv", _lines(readings))
    text = json.dumps(as_json(readings), indent=1, ensure_ascii=False)
    (folder / "reader.json").write_text(text + "\n", encoding="utf-8")
    (folder / "reader.md").write_text(markdown(readings), encoding="utf-8")
    save_plot(readings, folder / "reader.png")


# Tables -----------------------------------------------------------------------------------------


def markdown(readings: Readings) -> str:
    """All tables, as `reader.md` holds them."""
    parts = [f"# What a reader can see: {readings.title}, {readings.pair}", "", NOTICE, ""]
    parts += [
        f"{readings.sites} sites in {readings.groups} slices.",
        *caution(readings),
        *NOTES,
        "",
        "## Kept",
        "",
        *summary_table(readings),
        "",
        "## By lesion",
        "",
        *lesion_table(readings),
        "",
    ]
    if SECOND in readings.conditions:
        parts += ["## By lesion, non-prewhitening observer", "", *lesion_table(readings, SECOND)]
        parts += [""]
    if len(readings.conditions) > 1 and len(readings.displays) > 1:
        parts += ["## Does the order of displays hang on the observer?", "", *order_table(readings)]
    return "\n".join(parts) + "\n"


def summary_table(readings: Readings) -> list[str]:
    """A line for each display: worst, mean, deficiencies, the second observer, the rest."""
    deficient = [name for name in DEFICIENT if name in readings.conditions]
    head = ["display", "worst", "mean", *(f"worst, {name}" for name in deficient)]
    second = SECOND in readings.conditions
    if second:
        head += ["worst, NPW", "mean, NPW"]
        if YARDSTICK in readings.displays:
            head.append(f"both: beside {YARDSTICK}")
    kinds = [k for k in ("source", "tissue") if any(q.kind == k for q in readings.questions)]
    head += ["all lesions, worst", *kinds, "false"]
    lines = []
    for name in readings.displays:
        usual = readings.of(name)
        cells = [name, *_with_intervals(usual)]
        cells += [f"{readings.of(name, one).worst():.2f}" for one in deficient]
        if second:
            other = readings.of(name, SECOND)
            cells += [f"{other.worst():.2f}", f"{other.mean():.2f}"]
            if YARDSTICK in readings.displays:
                cells.append("" if name == YARDSTICK else verdict(readings, name, YARDSTICK))
        cells.append(f"{usual.worst('lesion'):.2f}")
        cells += [f"{usual.worst(kind):.2f}" for kind in kinds]
        lines.append([*cells, f"{usual.false[0]:.1f}"])
    return _table(head, lines)


def lesion_table(readings: Readings, condition: str = USUAL) -> list[str]:
    """A line for each question, a column for each display; d' in the sources first."""
    first = readings.kept[condition][0]
    head = ["", "d' in the sources", *readings.displays]
    lines = []
    for n, question in enumerate(readings.questions):
        kept = [f"{one.values[n]:.2f}" for one in readings.kept[condition]]
        lines.append([question.name, f"{first.in_sources[n]:.1f}", *kept])
    return _table(head, lines)


def order_table(readings: Readings) -> list[str]:
    """A line for each condition: how like the usual order of displays its own is."""
    lines = []
    for order in orders(readings):
        swapped = [f"{better} and {worse}" for better, worse in order.swapped[:6]]
        more = len(order.swapped) - len(swapped)
        words = "; ".join(swapped) + (f"; and {more} more" if more else "")
        lines.append([order.condition, f"{order.tau:.2f}", str(len(order.swapped)), words])
    head = ["condition", "Kendall's tau of the means", "pairs turned round", "which"]
    pairs = len(readings.displays) * (len(readings.displays) - 1) // 2
    note = (
        f"Of {pairs} pairs of displays; turned round where both conditions tell the two apart "
        "(95 % interval of the difference of the means) and say the reverse."
    )
    return [*_table(head, lines), "", note]


def _with_intervals(kept: Kept) -> list[str]:
    cells = []
    for value, (low, high) in zip((kept.worst(), kept.mean()), kept.intervals_of(), strict=True):
        cells.append(f"{value:.2f}" + ("" if np.isnan(low) else f" ({low:.2f} to {high:.2f})"))
    return cells


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    rows = [head, ["---"] * len(head), *lines]
    return ["| " + " | ".join(cells) + " |" for cells in rows]


def _lines(readings: Readings) -> list[list[Any]]:
    """A row for every display, condition and question."""
    head = ["display", "condition", "question", "kind", "core"]
    lines: list[list[Any]] = [[*head, "d_prime", "d_prime_in_sources", "kept", "low", "high"]]
    for condition, all_kept in readings.kept.items():
        for display, kept in zip(readings.displays, all_kept, strict=True):
            for n, question in enumerate(readings.questions):
                low, high = kept.intervals[:, n]
                numbers = (kept.detectability[n], kept.in_sources[n], kept.values[n], low, high)
                words = [display, condition, question.name, question.kind, int(question.core)]
                lines.append([*words, *map(_number, numbers)])
    return lines


def as_json(readings: Readings) -> dict[str, Any]:
    """Everything, ready for JSON."""
    found = []
    for condition, all_kept in readings.kept.items():
        for display, kept in zip(readings.displays, all_kept, strict=True):
            (worst, mean), intervals = (kept.worst(), kept.mean()), kept.intervals_of()
            found.append(
                {
                    "display": display,
                    "condition": condition,
                    "worst": _number(worst),
                    "worst_interval": [_number(x) for x in intervals[0]],
                    "mean": _number(mean),
                    "mean_interval": [_number(x) for x in intervals[1]],
                    "kept": [_number(x) for x in kept.values],
                    "false": _number(kept.false[0]),
                }
            )
            if condition in (USUAL, SECOND):
                low, high = ([_number(x) for x in ends] for ends in kept.intervals)
                found[-1] |= {"low": low, "high": high}
    sources = {c: [_number(x) for x in kept[0].in_sources] for c, kept in readings.kept.items()}
    return {
        "title": readings.title,
        "pair": readings.pair,
        "version": __version__,
        "notice": NOTICE,
        "notes": NOTES,
        "sites": readings.sites,
        "slices": readings.groups,
        "questions": [{"name": q.name, "kind": q.kind, "core": q.core} for q in readings.questions],
        "d_prime_in_sources": sources,
        "kept": found,
        "orders": [
            {"condition": o.condition, "tau": _number(o.tau), "turned_round": o.swapped}
            for o in orders(readings)
        ],
    }


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


# Picture ----------------------------------------------------------------------------------------


def save_plot(
    readings: Readings, path: Path, names: Sequence[str] | None = None, most: int = 14
) -> None:
    """What is kept of each lesion by each display, with intervals: dots, one column a lesion.

    Args:
        readings: what was measured.
        path: of the PNG.
        names: of the displays; default: those that keep most.
        most: displays at most.
    """
    shown = sorted(names or readings.displays, key=lambda name: -readings.of(name).mean())[:most]
    columns = [n for n, q in enumerate(readings.questions) if q.kind != "tissue"]
    height = 1.6 + 0.3 * len(shown)
    figure = Figure(figsize=(3.2 + 1.15 * len(columns), height), facecolor=PAPER)
    grid = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    rows = np.arange(len(shown))[::-1]
    for axes, n in zip(grid, columns, strict=True):
        question = readings.questions[n]
        for row, name in zip(rows, shown, strict=True):
            kept = readings.of(name)
            colour = COLOURS[1] if name == YARDSTICK else COLOURS[0]
            low, high = kept.intervals[:, n]
            axes.plot([low, high], [row, row], color=colour, linewidth=2, alpha=0.45)
            axes.plot(kept.values[n], row, "o", color=colour, markersize=4.5)
        axes.axvline(1, color=DIM, linewidth=0.7, linestyle="--")
        axes.set_xlim(-0.05, 1.55)
        axes.set_xticks([0, 0.5, 1, 1.5], ["0", ".5", "1", ""])
        axes.set_title(_wrapped(question.name), fontsize=8, color=INK)
        axes.tick_params(labelsize=8, colors=INK, left=False)
        axes.grid(axis="x", color="#e4e6e8", linewidth=0.6)
        axes.set_axisbelow(True)
        for spine in ("top", "right", "left"):
            axes.spines[spine].set_visible(False)
    grid[0].set_yticks(rows, shown)
    title = f"Kept of what both sources side by side show: {readings.title}, {readings.pair}"
    figure.suptitle(title, fontsize=10, color=INK, y=1 - 0.1 / height, va="top")
    figure.subplots_adjust(
        left=2.2 / figure.get_figwidth(), right=0.99, top=1 - 0.95 / height, bottom=0.35 / height,
        wspace=0.12,
    )  # fmt: skip
    figure.savefig(path, dpi=110, facecolor=PAPER)
    with Image.open(path) as picture:  # a palette takes a third of the space
        small = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def _wrapped(name: str) -> str:
    from textwrap import fill

    return fill(name, 15)
