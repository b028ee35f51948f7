"""The page of a cohort: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import numpy as np

from .. import __version__
from ..report import NOTICE
from .fusing import THUMBNAIL
from .rows import Row
from .table import (
    ENOUGH,
    FAR,
    MEASURES,
    OWN,
    comparable,
    good_side,
    title_of,
    value_of,
    why_outlier,
)

#: measures with a column; cohort.csv has them all
SHOWN = (*OWN, "ssim_first", "ssim_second", "q_abf", "n_abf", "mutual_information")
STATES = {"done": ("●", "fused"), "failed": ("✕", "failed"), "waiting": ("○", "not done")}
PICTURES = 2000  # of the worst studies; with more a browser has to hold hundreds of megabytes
WIDTH, HEIGHT, BINS = 220, 64, 24
HERE = Path(__file__).parent


def write_page(rows: Sequence[Row], folder: Path) -> Path:
    """Write `cohort.html`, whole or not at all.

    It holds ids, numbers and small pictures, but no path and no name of a file.

    Args:
        rows: from `table.compare`.
        folder: of the cohort; the thumbnails are taken from its studies.

    Returns:
        The page.
    """
    path = folder / "cohort.html"
    temporary = folder / ".cohort" / "cohort.html"
    temporary.parent.mkdir(parents=True, exist_ok=True)
    with temporary.open("w", encoding="utf-8") as stream:
        stream.writelines(_page(rows, folder))
    temporary.replace(path)
    return path


def _page(rows: Sequence[Row], folder: Path) -> Iterator[str]:
    style = (HERE / "page.css").read_text(encoding="utf-8")
    script = (HERE / "page.js").read_text(encoding="utf-8")
    yield f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Cohort of {len(rows)} studies</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>Cohort of {len(rows)} studies</h1>
<p>{_summary(rows)}</p>
<p class="dim">{escape(NOTICE)} MedFusion {__version__}.</p>
</header>
<main>
"""
    yield from _distributions(rows)
    yield from _table(rows, folder)
    yield f"</main>\n<script>\n{script}</script>\n</body>\n</html>\n"


def _summary(rows: Sequence[Row]) -> str:
    counts = [
        (sum(row.status == status for row in rows), sign, word)
        for status, (sign, word) in STATES.items()
    ]
    counts.append((sum(bool(row.outlier) for row in rows), "▲", "far from the rest"))
    return ", ".join(f"{sign} {count} {word}" for count, sign, word in counts if count)


# Distributions ----------------------------------------------------------------------------------


def _distributions(rows: Sequence[Row]) -> Iterator[str]:
    groups = comparable(rows)
    if not groups:
        return
    yield f"""<section aria-labelledby="spread">
<h2 id="spread">How the measures are spread</h2>
<p>Each bar counts studies, the dashed line is the median, a diamond (◆) a study far from it: by
{FAR} robust standard deviations, by more where studies are few (5.25 for eight); of fewer than
{ENOUGH} none is marked. Such a study is often one that is not registered: look at it.</p>
"""
    for (kind, method), group in groups.items():
        yield f"<h3>{escape(kind)}, {escape(method)}: {len(group)} studies</h3>\n"
        yield '<div class="spreads">\n'
        for measure in MEASURES:
            yield from _distribution(measure, group)
        yield "</div>\n"
    yield "</section>\n"


def _distribution(measure: str, group: Sequence[Row]) -> Iterator[str]:
    there = [row for row in group if value_of(row, measure) is not None]
    if not there:
        return
    values = np.array([value_of(row, measure) for row in there])
    median = float(np.median(values))
    far = [row for row in there if measure in row.outlier]
    far_values = [value for row in far if (value := value_of(row, measure)) is not None]
    better = {1: "higher is better", -1: "lower is better", 0: "neither end is better"}
    links = ", ".join(
        f'<a href="#s-{escape(row.id)}">{escape(row.id)}</a> ({row.outlier[measure]:+.1f})'
        for row in sorted(far, key=lambda row: -abs(row.outlier[measure]))[:8]
    )
    more = f" and {len(far) - 8} more" if len(far) > 8 else ""
    yield f"<figure>\n<figcaption><b>{escape(title_of(measure))}</b>, "
    yield f"{better[good_side(measure)]}; median {median:.3g}</figcaption>\n"
    yield _histogram(values, median, far_values)
    yield f'<p class="far">◆ {links}{more}</p>\n' if far else ""
    yield "</figure>\n"


def _histogram(values: np.ndarray, median: float, far: Sequence[float]) -> str:
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    counts, edges = np.histogram(values, min(BINS, max(5, len(values) // 2)), (low, high))

    def x(value: float) -> float:
        return 8 + (WIDTH - 16) * (value - low) / (high - low)

    bars = "".join(
        f'<rect x="{x(left):.1f}" y="{HEIGHT - 14 - size:.1f}" '
        f'width="{max(x(right) - x(left) - 1, 1):.1f}" height="{size:.1f}"/>'
        for left, right, size in zip(edges[:-1], edges[1:], 44 * counts / counts.max(), strict=True)
        if size
    )
    diamonds = "".join(
        f'<path class="diamond" d="M{x(value):.1f} {HEIGHT - 26}l5 6-5 6-5-6z"/>' for value in far
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<g class="bars">{bars}</g><path class="axis" d="M4 {HEIGHT - 14}H{WIDTH - 4}"/>'
        f'<path class="median" d="M{x(median):.1f} 2V{HEIGHT - 14}"/>{diamonds}'
        f'<text x="4" y="{HEIGHT - 1}">{low:.3g}</text>'
        f'<text x="{WIDTH - 4}" y="{HEIGHT - 1}" text-anchor="end">{high:.3g}</text></svg>\n'
    )


# Table ------------------------------------------------------------------------------------------


def _table(rows: Sequence[Row], folder: Path) -> Iterator[str]:
    heads = ["Study", "State", "Score", *map(title_of, SHOWN), "Pair", "Seconds", "What to know"]
    yield """<section aria-labelledby="studies">
<h2 id="studies">Studies, worst first</h2>
<details><summary>What the columns mean</summary>
<p><b>Score</b>: how far the study's worst measure lies on the bad side of the median of its kind,
in robust standard deviations; 0 is as good as most, below -3.5 is far from the rest.
<b>Agreement</b>: how much the MR says about the other source (normalised mutual information less
1); low where they are not registered. <b>Off, mm</b>: by a registration, how far the other source
lies from its place; empty where that could not be told. The other measures score the fused image;
cohort.csv has more.
Pictures: the colour volume from above, from the front and from the side; press one to enlarge it.
</p></details>
<p class="tools"><label>Show <select id="show"><option value="all">all</option>
<option value="failed">✕ failed</option><option value="far">▲ far from the rest</option>
<option value="done">● fused</option></select></label>
<label>Find a study <input id="find" type="search" autocomplete="off"></label>
<span id="said" role="status"></span></p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="studies">
<table>
<thead><tr><th scope="col">Picture</th>"""
    for head in heads:
        sort = ' aria-sort="ascending"' if head == "Score" else ""
        yield f'<th scope="col"{sort}><button type="button">{escape(head)}</button></th>'
    yield "</tr></thead>\n<tbody>\n"
    for number, row in enumerate(rows):
        yield _row(row, _picture(row, folder) if number < PICTURES else "")
    yield "</tbody>\n</table>\n</div>\n</section>\n"


def _row(row: Row, picture: str) -> str:
    name = row.id or "(no id)"
    sign, word = STATES[row.status]
    far = "<br>▲ far from the rest" if row.outlier else ""
    first = {"failed": -1e9, "waiting": -1e8}.get(row.status, row.score or 0.0)
    cells = [
        f'<th scope="row" data-v="{escape(name)}">{escape(name)}</th>',
        f'<td class="state" data-v="{word}{far and " far"}">'
        f'<b class="{row.status}">{sign} {word}</b>{far}</td>',
        _number(first, "" if row.score is None else f"{row.score:.1f}"),
    ]
    for measure in SHOWN:
        value = value_of(row, measure)
        mark = {True: "▼", False: "▲"}[row.outlier.get(measure, 0) < 0]
        mark = f'<span class="mark" aria-label="far from the rest">{mark}</span> '
        text = "" if value is None else f"{value:.3f}"
        cells.append(_number(value, (mark if measure in row.outlier else "") + text))
    notes = [row.error or ("" if row.status == "done" else "Not done yet.")]
    notes += [why_outlier(row) + "." if row.outlier else "", *row.warnings]
    pair = f"{row.kind}, {row.method}" if row.kind else ""
    cells += [
        f'<td data-v="{escape(pair)}">{escape(pair)}</td>',
        _number(row.seconds, f"{row.seconds:.1f}"),
        "<td>" + "".join(f"<p>{escape(note)}</p>" for note in notes if note) + "</td>",
    ]
    kind = row.status + (" far" if row.outlier else "")
    return f'<tr id="s-{escape(name)}" class="{kind}"><td>{picture}</td>{"".join(cells)}</tr>\n'


def _number(value: float | None, text: str) -> str:
    return f'<td class="number" data-v="{"" if value is None else repr(value)}">{text}</td>'


def _picture(row: Row, folder: Path) -> str:
    try:
        if row.status != "done":
            return ""
        data = base64.b64encode((folder / row.id / THUMBNAIL).read_bytes()).decode("ascii")
    except OSError:
        return ""
    alt = f"{row.id}: colour volume from above, from the front and from the side"
    return (
        '<button type="button" class="picture" aria-pressed="false">'
        f'<img alt="{escape(alt)}" decoding="async" src="data:image/jpeg;base64,{data}"></button>'
    )
