"""What an evaluation leaves in its folder: tables, every single value, and pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke

from .. import __version__
from ..metrics.registry import better, name_sources
from ..report import NOTICE
from ..spreadsheets import write_csv
from .contenders import YARDSTICKS
from .measuring import picked_metric
from .numbers import short
from .scores import Row, Scores
from .summary import interval_note, summarise

INK, DIM, PAPER = "#1c1e21", "#6b7177", "white"
LIGHT, NIGHT = "#f2f2f2", "#101114"
#: of the methods, in turn; the yardsticks are grey
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7a5195", "#8c564b")
GREYS = {"average": "#9a9da1", "maximum": "#5c6066"}
VIOLIN_FROM = 8  # samples; fewer are shown as points alone


def write_evaluation(scores: Scores, folder: Path, title: str) -> list[Row]:
    """Write `table.csv`, `table.md`, `table.json`, the values of every sample, and pictures.

    Args:
        scores: from `evaluate` or `evaluate_phantom`.
        folder: exists.
        title: of the tables.

    Returns:
        The rows of the table.
    """
    rows = summarise(scores)
    _write_rows(scores, rows, folder / "table.csv")
    _write_samples(scores, folder / f"{scores.unit}s.csv")
    (folder / "table.md").write_text(markdown(scores, rows, title), encoding="utf-8")
    text = json.dumps(_as_json(scores, rows, title), indent=2, ensure_ascii=False)
    (folder / "table.json").write_text(text + "\n", encoding="utf-8")
    save_distributions(scores, folder / "distributions.png", title)
    if scores.examples:
        save_examples(scores, folder / "examples.png", title)
    if scores.crops:
        save_crops(scores, folder / "planted.png", title)
    return rows


# Tables -----------------------------------------------------------------------------------------


def _write_rows(scores: Scores, rows: Sequence[Row], path: Path) -> None:
    yardsticks = sorted({name for row in rows for name in row.wins})
    head = ["method", "metric", "symbol", "better", "mean", "low", "high", "rank"]
    head += [f"{scores.unit}s", f"{scores.group}s"]
    parts = dict.fromkeys((scores.unit, scores.group))
    head += [f"wins_over_{name}_{part}s" for name in yardsticks for part in parts]
    measures = {measure.name: measure for measure in scores.measures}
    lines: list[list[Any]] = [list(dict.fromkeys(head))]
    for row in rows:
        measure = measures[row.measure]
        line: list[Any] = [row.method, row.measure, _symbol(scores, measure), better(measure)]
        line += [_plain(x) for x in (row.mean, row.low, row.high)]
        line += [row.rank or "", row.samples]
        line += [row.groups] if len(parts) == 2 else []
        for name in yardsticks:
            line += [*row.wins.get(name, ("", ""))][: len(parts)]
        lines.append(line)
    write_csv(path, lines)


def _write_samples(scores: Scores, path: Path) -> None:
    numbers = ["slice"] if scores.numbers else []
    lines: list[list[Any]] = [
        ["method", scores.group, *numbers, *(m.name for m in scores.measures)]
    ]
    for method, values in zip(scores.methods, scores.values, strict=True):
        for n, group in enumerate(scores.groups):
            number = scores.numbers[n : n + 1]
            lines.append([method, group, *number, *map(_plain, values[:, n])])
    write_csv(path, lines)


def _as_json(scores: Scores, rows: Sequence[Row], title: str) -> dict[str, Any]:
    return {
        "title": title,
        "version": __version__,
        "notice": NOTICE,
        "notes": [*scores.notes, interval_note(scores)],
        f"{scores.group}s": list(dict.fromkeys(scores.groups)),
        f"{scores.unit}s": len(scores.groups),
        "metrics": [
            {"name": m.name, "symbol": _symbol(scores, m), "better": better(m)}
            for m in scores.measures
        ],
        "weights_sha256": scores.weights,
        "rows": [
            {
                "method": row.method,
                "metric": row.measure,
                "mean": _number(row.mean),
                "interval": [_number(row.low), _number(row.high)],
                "rank": row.rank or None,
                f"{scores.unit}s": row.samples,
                f"{scores.group}s": row.groups,
                "wins": {
                    name: {f"{scores.unit}s": samples, f"{scores.group}s": groups}
                    for name, (samples, groups) in row.wins.items()
                },
            }
            for row in rows
        ],
    }


def markdown(scores: Scores, rows: Sequence[Row], title: str) -> str:
    """The tables as Markdown: means with ranks, intervals, and wins over each yardstick."""
    counts = count(len(scores.groups), scores.unit)
    if scores.unit != scores.group:
        counts += f" of {count(len(set(scores.groups)), scores.group)}"
    lines = [f"# {title}", "", f"{counts}. MedFusion {__version__}. {NOTICE}", ""]
    lines += [f"- {note}" for note in (*scores.notes, interval_note(scores))]

    def table(heading: str, cell: Callable[[Row], str]) -> None:
        lines.extend(["", f"## {heading}", "", f"| | {' | '.join(scores.methods)} |"])
        lines.append("|---|" + "---|" * len(scores.methods))
        lines.extend(f"| {' | '.join(line)} |" for line in cells_of(scores, rows, cell))

    table("Mean (rank)", _mean_cell)
    if any(not math.isnan(row.low) for row in rows):
        table("95 % bootstrap interval of the mean", _interval_cell)
    for name in (name for name in YARDSTICKS if name in scores.methods):
        unit = scores.unit
        each = f"{unit}s" if unit == scores.group else f"{unit}s, {scores.group}s"
        table(f"Better than the {_LONG[name]} ({each})", _wins_cell(name, scores))
    return "\n".join(lines) + "\n"


def count(number: int, thing: str) -> str:
    """A number and its noun.

    Example:
        >>> count(1, "case"), count(2, "case")
        ('1 case', '2 cases')
    """
    return f"{number} {thing}" + "s" * (number != 1)


_LONG = {"average": "plain average", "maximum": "pixel-wise maximum"}


def _mean_cell(row: Row) -> str:
    if math.isnan(row.mean):
        return "–"
    text = short(row.mean)
    return f"**{text}** (1)" if row.rank == 1 else f"{text} ({row.rank})" if row.rank else text


def cells_of(
    scores: Scores, rows: Sequence[Row], cell: Callable[[Row], str] = _mean_cell
) -> list[list[str]]:
    """The lines of a table: each measure's symbol, then a cell for each method."""
    arrow = {"higher": " ↑", "lower": " ↓", "neither": ""}
    found = {(row.method, row.measure): cell(row) for row in rows}
    return [
        [
            _symbol(scores, measure) + arrow[better(measure)],
            *(found[method, measure.name] for method in scores.methods),
        ]
        for measure in scores.measures
    ]


def _interval_cell(row: Row) -> str:
    return "–" if math.isnan(row.low) else f"{short(row.low)} to {short(row.high)}"


def _wins_cell(name: str, scores: Scores) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        if name not in row.wins:
            return "–"
        samples, groups = row.wins[name]
        text = f"{samples}/{row.samples}"
        return text if scores.unit == scores.group else f"{text}, {groups}/{row.groups}"

    return cell


def _symbol(scores: Scores, measure: Any) -> str:
    return name_sources(measure.symbol, scores.modalities)


def _plain(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)


# Pictures ---------------------------------------------------------------------------------------


def save_distributions(scores: Scores, path: Path, title: str) -> None:
    """A panel for each measure, a violin for each method: white dot the mean, dark bar quartiles.

    Few samples are shown as points.
    """
    shown = [n for n in range(len(scores.measures)) if np.isfinite(scores.values[:, n]).any()]
    if not shown:
        return
    columns = min(4, len(shown))
    rows = math.ceil(len(shown) / columns)
    height = 0.3 * len(scores.methods) + 0.75
    figure = Figure(
        figsize=(3.0 * columns + 1.6, height * rows + 1.1),
        facecolor=PAPER,
        layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, wspace=0.02),
    )
    grid = figure.subplots(rows, columns, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(shown):
            axes.set_axis_off()
            continue
        _distribution(axes, scores, shown[place], place % columns == 0)
    what = count(len(scores.groups), scores.unit)
    if scores.unit != scores.group:
        what += f" of {count(len(set(scores.groups)), scores.group)}"
    figure.suptitle(f"{title}: {what}", color=INK, fontsize=13)
    many = len(scores.groups) >= VIOLIN_FROM
    figure.supxlabel(
        "▶ higher is better   ◀ lower is better   "
        + ("white dot: mean, dark bar: middle half" if many else "dots: values, dark line: mean"),
        color=DIM, fontsize=9,
    )  # fmt: skip
    figure.savefig(path, dpi=110, facecolor=PAPER)


def _distribution(axes: Axes, scores: Scores, number: int, named: bool) -> None:
    measure = scores.measures[number]
    places = range(len(scores.methods), 0, -1)
    for place, method, colour in zip(places, scores.methods, colours(scores), strict=True):
        values = scores.values[scores.methods.index(method), number]
        values = values[np.isfinite(values)]
        if not len(values):
            continue
        if len(values) < VIOLIN_FROM:
            axes.plot(values, [place] * len(values), "o", color=colour, markersize=6, alpha=0.8)
            axes.plot(values.mean(), place, "|", color=INK, markersize=11, markeredgewidth=1.6)
            continue
        if np.ptp(values) > 1e-6 * np.abs(values).max():
            drawn = axes.violinplot(values, [place], vert=False, widths=0.85, showextrema=False)
            bodies: Any = drawn["bodies"]  # matplotlib's stubs do not tell it from the lines
            bodies[0].set(facecolor=colour, edgecolor=colour, alpha=0.75, linewidth=0.6)
        low, high = np.percentile(values, [25, 75])
        axes.plot([low, high], [place, place], color=INK, linewidth=2, solid_capstyle="butt")
        axes.plot(
            values.mean(), place, "o", color="white", markeredgecolor=INK, markersize=4, zorder=3
        )
    arrow = {"higher": " ▶", "lower": " ◀", "neither": ""}[better(measure)]
    axes.set_title(_symbol(scores, measure) + arrow, color=INK, fontsize=10)
    axes.set_facecolor("#f6f7f9")
    axes.margins(x=0.07)
    axes.set_ylim(0.4, len(scores.methods) + 0.6)
    axes.set_yticks(list(places), scores.methods if named else [""] * len(scores.methods))
    axes.tick_params(labelsize=8.5, colors=INK, length=0)
    axes.locator_params(axis="x", nbins=4)
    axes.grid(axis="x", color="#dfe2e6", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def colours(scores: Scores) -> list[str]:
    """A colour for each method; the yardsticks, and what has no rank, are grey."""
    greys = {**dict.fromkeys(scores.unranked, "#b9bdc2"), **GREYS}
    others = [name for name in scores.methods if name not in greys]
    return [
        greys.get(name) or COLOURS[others.index(name) % len(COLOURS)] for name in scores.methods
    ]


def save_examples(scores: Scores, path: Path, title: str) -> None:
    """Worst and best slice of every method by one metric, each beside its sources."""
    metric = _symbol(scores, scores.measures[picked_metric(scores.measures)])
    methods = [name for name in scores.methods if name in scores.examples]
    figure = Figure(figsize=(13.4, 2.05 * len(methods) + 1.0), facecolor=NIGHT)
    edge = 0.75 / (2.05 * len(methods) + 1.0)
    grid = figure.add_gridspec(
        len(methods), 7, width_ratios=[1, 1, 1, 0.1, 1, 1, 1], left=0.11, right=0.995,
        top=1 - edge, bottom=0.01, wspace=0.03, hspace=0.05,
    )  # fmt: skip
    names = [modality.upper() for modality in scores.modalities[:2]]
    for row, method in enumerate(methods):
        for half, example in enumerate(scores.examples[method]):
            pictures = (example.first, example.second, example.fused)
            for column, picture in enumerate(pictures):
                axes = figure.add_subplot(grid[row, 4 * half + column])
                axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="bilinear")
                axes.set_axis_off()
                if row == 0:
                    word = (*names, ("worst fused", "best fused")[half])[column]
                    axes.set_title(word, color=LIGHT, fontsize=11)
                if column == 0:
                    words = f"{scores.group} {example.case}\nslice {example.number}"
                    axes.text(0.03, 0.97, words, transform=axes.transAxes, **_SMALL)
                    if half == 0:
                        axes.text(
                            -0.06, 0.5, method.replace("-", "-\n"), transform=axes.transAxes,
                            color=LIGHT, fontsize=11, ha="right", va="center",
                        )  # fmt: skip
                if column == 2:
                    words = f"{metric} {short(example.value)}"
                    axes.text(0.03, 0.97, words, transform=axes.transAxes, **_SMALL)
    figure.suptitle(
        f"{title}: worst and best slice by {metric}", color=LIGHT, fontsize=13,
        y=1 - 0.13 * edge / 0.75, va="top",
    )  # fmt: skip
    figure.savefig(path, dpi=100, facecolor=NIGHT)


_SMALL: dict[str, Any] = {
    "color": LIGHT,
    "fontsize": 9,
    "va": "top",
    "linespacing": 1.3,
    "path_effects": [withStroke(linewidth=2.5, foreground=NIGHT)],
}


def save_crops(scores: Scores, path: Path, title: str) -> None:
    """The planted things of the first digital head: fused image and colours, truth outlined."""
    titles = [crop.title for crop in next(iter(scores.crops.values()))]
    rows, columns = len(scores.crops), 2 * len(titles)
    height, edge = 1.9 * rows + 1.35, 0.85
    figure = Figure(figsize=(1.95 * columns + 1.6, height), facecolor=NIGHT)
    widths = [width for _ in titles for width in (1, 1, 0.06)][:-1]
    grid = figure.add_gridspec(
        rows, len(widths), width_ratios=widths, left=1.5 / (1.95 * columns + 1.6), right=0.99,
        top=1 - edge / height, bottom=0.42 / height, wspace=0.03, hspace=0.04,
    )  # fmt: skip
    for row, (method, crops) in enumerate(scores.crops.items()):
        for number, crop in enumerate(crops):
            for half, picture in enumerate((crop.fused, crop.colour)):
                axes = figure.add_subplot(grid[row, 3 * number + half])
                axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
                axes.contour(crop.truth, [0.5], colors=[LIGHT], linewidths=0.7, linestyles="--")
                axes.set_axis_off()
                if row == 0:
                    words = f"{crop.title}\n{('fused', 'colour')[half]}"
                    axes.set_title(words, color=LIGHT, fontsize=10)
                if number == half == 0:
                    axes.text(
                        -0.06, 0.5, method.replace("-", "-\n"), transform=axes.transAxes,
                        color=LIGHT, fontsize=10.5, ha="right", va="center",
                    )  # fmt: skip
    first, second = (modality.upper() for modality in scores.modalities[:2])
    style: dict[str, Any] = {"color": LIGHT, "ha": "center"}
    figure.suptitle(f"{title}: what is planted", y=1 - 0.1 / height, va="top", fontsize=13, **style)
    words = f"dashed: the truth; blue: brightness from {first}, orange: from {second}"
    figure.text(0.5, 0.14 / height, words, fontsize=9.5, **style)
    figure.savefig(path, dpi=100, facecolor=NIGHT)
