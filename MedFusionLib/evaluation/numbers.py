"""How the numbers of tables are written and ranked. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def short(value: float) -> str:
    """A number with three or four digits that count.

    Example:
        >>> short(0.62749), short(57.31), short(957.0129)
        ('0.627', '57.3', '957')
    """
    size = abs(value)
    digits = 4 if 5e-5 <= size < 0.01 else 3 if size < 10 else 1 if size < 100 else 0
    return f"{value:.{digits}f}"


def ranks(means: Sequence[float] | np.ndarray, higher_is_better: bool | None) -> list[int]:
    """Rank of each method, 1 the best; equal means share one; 0 where there is no rank.

    Example:
        >>> ranks([0.5, 0.9, 0.5, float("nan")], True)
        [2, 1, 2, 0]
    """
    if higher_is_better is None:
        return [0] * len(means)
    signed = np.asarray(means, float) * (-1 if higher_is_better else 1)
    return [
        0 if np.isnan(own) else 1 + int((signed < own - 1e-9 * abs(own)).sum()) for own in signed
    ]
