"""From single values to tables: means, bootstrap intervals, ranks and wins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .contenders import YARDSTICKS
from .numbers import ranks
from .scores import Row, Scores

#: resamples of the bootstrap
DRAWS = 2000
FEW_CASES = 5


def summarise(scores: Scores, draws: int = DRAWS, seed: int = 0) -> list[Row]:
    """Mean, 95 % interval, rank and wins of every method on every measure.

    Args:
        scores: what was measured.
        draws: resamples of the bootstrap.
        seed: of the resamples, which are the same for all methods and measures.

    Returns:
        Rows, method by method.
    """
    rows = []
    table = mean_of(scores.values)
    ranked = np.array([method not in scores.unranked for method in scores.methods])
    contest = np.where(ranked[:, None], table, np.nan)
    for m, method in enumerate(scores.methods):
        for n, measure_ in enumerate(scores.measures):
            values, higher = scores.values[m, n], measure_.higher_is_better
            measured = np.isfinite(values)
            low, high = interval(values, scores.groups, draws, seed)
            against = {
                name: wins(values, scores.values[scores.methods.index(name), n], scores, higher)
                for name in YARDSTICKS
                if higher is not None and name in scores.methods and name != method
            }
            rows.append(
                Row(
                    method,
                    measure_.name,
                    float(table[m, n]),
                    low,
                    high,
                    ranks(contest[:, n], higher)[m],
                    int(measured.sum()),
                    len({g for g, here in zip(scores.groups, measured, strict=True) if here}),
                    against,
                )
            )
    return rows


def mean_of(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is not NaN; NaN where all is."""
    defined = np.isfinite(values)
    count = defined.sum(axis=-1)
    total = np.where(defined, values, 0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def interval(
    values: ArrayLike, groups: Sequence[str], draws: int = DRAWS, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean (Efron 1979).

    Whole groups are resampled, for the slices of a case are not independent; with a single group
    its samples are.

    Args:
        values: one for each sample; NaN is left out.
        groups: of each sample.
        draws: number of resamples.
        seed: of the resamples.

    Returns:
        The 2.5 and the 97.5 percentile; NaN with a single sample.

    Example:
        >>> interval([0.0, 0.0, 1.0, 1.0], ["a", "a", "b", "b"])
        (0.0, 1.0)
    """
    samples = np.asarray(values, float)
    defined = np.isfinite(samples)
    samples, names = samples[defined], np.asarray(groups)[defined]
    _, member = np.unique(names, return_inverse=True)
    if len(set(member.tolist())) < 2:
        member = np.arange(len(samples))
    if len(samples) < 2:
        return float("nan"), float("nan")
    sums, counts = np.bincount(member, samples), np.bincount(member)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=draws)
    low, high = np.percentile(drawn @ sums / (drawn @ counts), [2.5, 97.5])
    return float(low), float(high)


def wins(
    values: np.ndarray, yardstick: np.ndarray, scores: Scores, higher_is_better: bool
) -> tuple[int, int]:
    """In how many samples, and in the means of how many groups, a method beats a yardstick."""
    ahead = (values - yardstick) * (1 if higher_is_better else -1)
    names = np.asarray(scores.groups)
    by_group = np.array([mean_of(ahead[names == name]) for name in dict.fromkeys(scores.groups)])
    return int((ahead > 1e-9).sum()), int((by_group > 1e-9).sum())


def interval_note(scores: Scores) -> str:
    """How the intervals were made, and what they are worth; one or two sentences."""
    count = len(set(scores.groups))
    if count == 1 and scores.unit != scores.group:
        return (
            f"There is one {scores.group} only: the intervals resample its {scores.unit}s and say "
            f"nothing of other {scores.group}s."
        )
    if count == 1:
        return f"There is one {scores.group} only: no intervals."
    text = f"The intervals resample whole {scores.group}s ({count}, {DRAWS} draws)."
    if count < FEW_CASES:
        text += f" With so few {scores.group}s they are rough and too narrow."
    return text
