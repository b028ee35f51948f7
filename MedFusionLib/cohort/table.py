"""The rows of a cohort compared with each other, and written as CSV."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..metrics.registry import better, choose_metrics
from ..results.quality import SHOWN
from ..spreadsheets import write_csv

#: of a row itself -> its title, and which side is good; the others are metrics
OWN = {"agreement": ("Agreement", 1), "displacement": ("Off, mm", -1)}
#: what studies are compared by
MEASURES = (*OWN, *SHOWN)
FAR = 3.5  # robust standard deviations (Iglewicz and Hoaglin 1993), of many studies
ENOUGH = 6  # studies of one kind, at least, for one of them to be an outlier
LEAST = 0.01  # of the median: a spread below it is of no account
LEAST_MM = 1.0  # the same of a displacement


def title_of(measure: str) -> str:
    """A measure in words for a table's head.

    Example:
        >>> title_of("q_abf"), title_of("ssim_first")
        ('Q^AB/F', 'SSIM, MR')
    """
    if measure in OWN:
        return OWN[measure][0]
    named = {"ssim_first": "SSIM, MR", "ssim_second": "SSIM, second"}
    return named.get(measure) or choose_metrics([measure])[0].symbol


def good_side(measure: str) -> int:
    """1 where higher is better, -1 where lower is, 0 where neither."""
    if measure in OWN:
        return OWN[measure][1]
    return {"higher": 1, "lower": -1, "neither": 0}[better(choose_metrics([measure])[0])]


def far_from(count: int) -> float:
    """From which distance on one of so many studies is an outlier.

    More than `FAR` where they are few: their spread itself is uncertain then.

    Example:
        >>> round(far_from(8), 2), round(far_from(1000), 2)
        (5.25, 3.51)
    """
    return FAR * (1 + 4 / count) if count >= ENOUGH else math.inf


def value_of(row: dict[str, Any], measure: str) -> float | None:
    """The measure of a row; None where it has none."""
    return row.get(measure) if measure in OWN else row["metrics"].get(measure)


def compare(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with "outlier" and "score", worst first.

    Studies are compared with those of the same kind and network, by the distance of each measure
    from the median in robust standard deviations: 1.4826 times the median absolute deviation, at
    least 1 % of the median, and 1 mm of a displacement.

    Args:
        rows: from `fusing.fuse_study`.

    Returns:
        New rows. "outlier": the measures that lie too far from the median (`far_from`), each with
        its distance. "score": the lowest distance on the
        bad side of any measure where higher or lower is better; None where fewer than three can be
        compared. What failed comes first, then the lowest score.

    Example:
        >>> row = {"status": "done", "kind": "ct-mr", "network": "maximum", "metrics": {}}
        >>> rows = compare([{**row, "agreement": 0.2 + n / 1000} for n in range(8)]
        ...                + [{**row, "agreement": 0.05}])
        >>> rows[0]["agreement"], list(rows[0]["outlier"]), rows[1]["outlier"]
        (0.05, ['agreement'], {})
    """
    found = [{**row, "outlier": {}, "score": None} for row in rows]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in found:
        if row["status"] == "done":
            groups.setdefault((row["kind"], row["network"]), []).append(row)
    for group in groups.values():
        for measure in MEASURES:
            _compare_by(measure, group)
    order = {"failed": 0, "waiting": 1, "done": 2}
    return sorted(found, key=lambda row: (order[row["status"]], _or_zero(row["score"]), _low(row)))


def _compare_by(measure: str, group: Sequence[dict[str, Any]]) -> None:
    there = [row for row in group if value_of(row, measure) is not None]
    if len(there) < 3:
        return
    values = np.array([value_of(row, measure) for row in there])
    median = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - median)))
    least = LEAST_MM if measure == "displacement" else LEAST * abs(median)
    spread = max(spread, least) or math.inf
    side = good_side(measure)
    for row, distance in zip(there, ((values - median) / spread).tolist(), strict=True):
        if abs(distance) > far_from(len(there)):
            row["outlier"][measure] = round(distance, 1)
        if side:
            row["score"] = round(min(_or_zero(row["score"]), side * distance), 2)


def _or_zero(value: float | None) -> float:
    return 0.0 if value is None else value


def _low(row: dict[str, Any]) -> float:
    return row["metrics"].get("q_abf", 0.0)


def why_outlier(row: dict[str, Any]) -> str:
    """The measures that are far from the rest, in words; "" where none is.

    Example:
        >>> why_outlier({"outlier": {"agreement": -7.2, "q_abf": 4.0}})
        'Agreement 7.2 below the median, Q^AB/F 4.0 above it'
    """
    parts: list[str] = []
    for measure, distance in sorted(row["outlier"].items(), key=lambda item: -abs(item[1])):
        of = "it" if parts else "the median"
        where = "below" if distance < 0 else "above"
        parts.append(f"{title_of(measure)} {abs(distance)} {where} {of}")
    return ", ".join(parts)


#: column of cohort.csv -> its cell
COLUMNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "id": lambda row: row["id"],
    "status": lambda row: row["status"],
    "error": lambda row: row["error"],
    "outlier": why_outlier,
    "score": lambda row: row["score"],
    "kept": lambda row: "yes" if row["kept"] else "no",
    "pair": lambda row: row["kind"],
    "network": lambda row: row["network"],
    "seconds": lambda row: row["seconds"],
    "device": lambda row: row["device"],
    **{name: partial(value_of, measure=name) for name in MEASURES},
    "warnings": lambda row: " | ".join(row["warnings"]),
}


def write_table(rows: Sequence[dict[str, Any]], folder: Path) -> Path:
    """Write `cohort.csv`, whole or not at all; returns it."""
    path = folder / "cohort.csv"
    temporary = folder / ".cohort" / "cohort.csv"
    temporary.parent.mkdir(parents=True, exist_ok=True)
    write_csv(temporary, [list(COLUMNS), *([of(row) for of in COLUMNS.values()] for row in rows)])
    temporary.replace(path)
    return path
