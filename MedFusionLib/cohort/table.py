"""The rows of a cohort compared with each other, and written as CSV."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..metrics.registry import better, choose_metrics
from ..results.quality import SHOWN
from ..spreadsheets import write_csv
from .rows import Row

#: measures that are attributes of a row -> title, and which side is good; the others are metrics
OWN = {"agreement": ("Agreement", 1), "displacement": ("Off, mm", -1)}
#: what studies are compared by
MEASURES = (*OWN, *SHOWN)
FAR = 3.5  # robust standard deviations (Iglewicz and Hoaglin 1993), of many studies
ENOUGH = 6  # studies of one kind, at least, for one of them to be an outlier
LEAST = 0.01  # of the median: a smaller spread counts as this
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
    """The distance from the median beyond which a study is an outlier.

    More than `FAR` where studies are few: their spread itself is uncertain then.

    Args:
        count: of the studies that are compared.

    Example:
        >>> round(far_from(8), 2), round(far_from(1000), 2)
        (5.25, 3.51)
    """
    return FAR * (1 + 4 / count) if count >= ENOUGH else math.inf


def value_of(row: Row, measure: str) -> float | None:
    """The measure of a row; None where it has none.

    Example:
        >>> value_of(Row("p1", agreement=0.2), "agreement"), value_of(Row("p1"), "q_abf")
        (0.2, None)
    """
    return getattr(row, measure) if measure in OWN else row.metrics.get(measure)


def compare(rows: Sequence[Row]) -> list[Row]:
    """The rows with `outlier` and `score`, worst first.

    Studies are compared with those of the same kind and method, by the distance of each measure
    from the median in robust standard deviations: 1.4826 times the median absolute deviation, at
    least 1 % of the median, and 1 mm of a displacement.

    Args:
        rows: from `fusing.fuse_study`.

    Returns:
        New rows. `outlier` has the measures that lie too far from the median (`far_from`), each
        with its distance. `score` is the lowest distance on the bad side of any measure where
        higher or lower is better; None where fewer than three can be compared. What failed comes
        first, then the lowest score.

    Example:
        >>> rows = [Row(f"p{n}", "done", agreement=0.2 + n / 1000) for n in range(8)]
        >>> found = compare([*rows, Row("far", "done", agreement=0.05)])
        >>> found[0].id, list(found[0].outlier), found[1].outlier
        ('far', ['agreement'], {})
    """
    found = [row for row in rows if row.status != "done"]
    for group in comparable(rows).values():
        spreads = [one for measure in MEASURES if (one := _spread(measure, group))]
        found += [_compared(row, spreads) for row in group]
    order = {"failed": 0, "waiting": 1, "done": 2}
    return sorted(
        found, key=lambda row: (order[row.status], row.score or 0.0, row.metrics.get("q_abf", 0.0))
    )


def comparable(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """(kind, method) -> the rows of the studies that are done.

    Example:
        >>> list(comparable([Row("p1", "done", kind="ct-mr", method="bands"), Row("p2")]))
        [('ct-mr', 'bands')]
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.status == "done":
            groups.setdefault((row.kind, row.method), []).append(row)
    return groups


@dataclass(frozen=True)
class _Spread:
    """How a measure is spread over comparable studies, of which `count` have it."""

    measure: str
    count: int
    median: float
    deviation: float

    def distance(self, row: Row) -> float | None:
        """Of a row from the median, in robust standard deviations; None where it has no value."""
        value = value_of(row, self.measure)
        return None if value is None else (value - self.median) / self.deviation


def _spread(measure: str, group: Sequence[Row]) -> _Spread | None:
    """None where fewer than three studies have the measure."""
    found = [value for row in group if (value := value_of(row, measure)) is not None]
    if len(found) < 3:
        return None
    values = np.array(found)
    median = float(np.median(values))
    deviation = 1.4826 * float(np.median(np.abs(values - median)))
    least = LEAST_MM if measure == "displacement" else LEAST * abs(median)
    return _Spread(measure, len(found), median, max(deviation, least) or math.inf)


def _compared(row: Row, spreads: Sequence[_Spread]) -> Row:
    outlier: dict[str, float] = {}
    worst: list[float] = []
    for spread in spreads:
        distance = spread.distance(row)
        if distance is None:
            continue
        if abs(distance) > far_from(spread.count):
            outlier[spread.measure] = round(distance, 1)
        if side := good_side(spread.measure):
            worst.append(side * distance)
    return replace(row, outlier=outlier, score=round(min(0.0, *worst), 2) if worst else None)


def why_outlier(row: Row) -> str:
    """The measures that are far from the rest, in words; "" where none is.

    Example:
        >>> why_outlier(Row("p1", outlier={"agreement": -7.2, "q_abf": 4.0}))
        'Agreement 7.2 below the median, Q^AB/F 4.0 above it'
    """
    parts: list[str] = []
    for measure, distance in sorted(row.outlier.items(), key=lambda item: -abs(item[1])):
        of = "it" if parts else "the median"
        where = "below" if distance < 0 else "above"
        parts.append(f"{title_of(measure)} {abs(distance)} {where} {of}")
    return ", ".join(parts)


#: column of cohort.csv -> its cell
COLUMNS: Mapping[str, Callable[[Row], Any]] = {
    "id": lambda row: row.id,
    "status": lambda row: row.status,
    "error": lambda row: row.error,
    "outlier": why_outlier,
    "score": lambda row: row.score,
    "kept": lambda row: "yes" if row.kept else "no",
    "pair": lambda row: row.kind,
    "network": lambda row: row.method,
    "seconds": lambda row: row.seconds,
    "device": lambda row: row.device,
    **{name: partial(value_of, measure=name) for name in MEASURES},
    "warnings": lambda row: " | ".join(row.warnings),
}


def write_table(rows: Sequence[Row], folder: Path) -> Path:
    """Write `cohort.csv`, whole or not at all; returns it."""
    path = folder / "cohort.csv"
    temporary = folder / ".cohort" / "cohort.csv"
    temporary.parent.mkdir(parents=True, exist_ok=True)
    write_csv(temporary, [list(COLUMNS), *([of(row) for of in COLUMNS.values()] for row in rows)])
    temporary.replace(path)
    return path
