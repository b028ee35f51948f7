"""The quality of one fusion: its metrics against its sources, beside the two plain yardsticks.

It needs only torch and numpy, so it runs in Slicer, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import MedFusionError
from .sources import filled_slices
from .volumes import slice_order, to_slices

if TYPE_CHECKING:
    import torch

    from .fusion import Fusion
    from .metrics import Metric

#: the metrics of the report: quick ones, from every family
SHOWN = (
    "ssim_first",
    "ssim_second",
    "q_abf",
    "n_abf",
    "q_mi",
    "mutual_information",
    "scd",
    "cc",
    "entropy",
    "std",
    "spatial_frequency",
    "average_gradient",
)
SLICES = 24


@dataclass(frozen=True)
class QualityRow:
    """One metric of a fusion, averaged over its slices.

    Attributes:
        metric: symbol of the metric, with the modality where it looks at one source alone.
        value: of the fusion; NaN, as the others, where the metric is not defined.
        better: "higher", "lower" or "neither".
        average: the value of the plain average of the sources.
        maximum: the value of their pixel-wise maximum.
    """

    metric: str
    value: float
    better: str
    average: float
    maximum: float


@dataclass(frozen=True)
class Quality:
    """The quality report of a fusion.

    Attributes:
        rows: one for each metric.
        slices: how many slices were looked at, evenly spaced.
        of: how many slices show something.
    """

    rows: tuple[QualityRow, ...]
    slices: int
    of: int

    @property
    def note(self) -> str:
        """What the numbers were taken from, one sentence."""
        which = "all" if self.slices == self.of else f"{self.slices} evenly spaced slices of the"
        return f"Means over {which} {self.of} slices with content."

    def as_json(self) -> dict[str, Any]:
        """Ready for `report.json`."""
        rows = [
            {k: None if v != v else v for k, v in asdict(row).items()}  # JSON knows no NaN
            for row in self.rows
        ]
        return {"note": self.note, "rows": rows}


def quality(fusion: Fusion, metrics: Sequence[str] = SHOWN, slices: int = SLICES) -> Quality:
    """Score a fusion against its sources.

    With three sources every value is the mean over the three pairs of sources.

    Args:
        fusion: from `fuse`.
        metrics: names in `all_metrics`.
        slices: at most so many, evenly spaced; a few seconds for 24 of 256 x 256 pixels.

    Returns:
        The report; without rows where no slice shows anything or the slices are too small.

    Raises:
        MedFusionError: no such metric.

    Example:
        >>> from MedFusionLib.fusion import fuse
        >>> from MedFusionLib.phantom import make_phantom
        >>> head = make_phantom((16, 48, 48))
        >>> fusion = fuse(head.t1, head.pet, "pet-mr", network="maximum")
        >>> row = quality(fusion, ["q_abf"]).rows[0]
        >>> row.value == row.maximum > row.average
        True
    """
    sources = fusion.sources
    layout = slice_order(sources.reference, fusion.report["parameters"]["axis"])
    background = to_slices(sources.background, *layout)
    filled = filled_slices(background)
    chosen = filled[evenly(len(filled), slices)]
    inputs = sources.slices(*layout, chosen)
    outside = background[chosen]
    fused = np.clip(to_slices(fusion.fused.array, *layout)[chosen], 0, 1)
    pictures = [fused, np.mean(inputs, axis=0), np.max(inputs, axis=0)]

    found = choose_metrics(metrics)
    rows = []
    if len(chosen):
        values = np.stack([_means(np.where(outside, 0, p), inputs, found) for p in pictures], 1)
        for metric, (value, average, maximum) in zip(found, values.tolist(), strict=True):
            if np.isfinite(value):
                symbol = name_sources(metric.symbol, sources.modalities)
                rows.append(QualityRow(symbol, value, better(metric), average, maximum))
    return Quality(tuple(rows), len(chosen), len(filled))


def _means(fused: np.ndarray, inputs: list[np.ndarray], metrics: Sequence[Metric]) -> np.ndarray:
    """Mean of each metric over the slices, and over all pairs of sources."""
    pairs = [measure(fused, a, b, metrics) for a, b in combinations(inputs, 2)]
    values = np.concatenate(pairs, axis=1)
    defined = np.isfinite(values)
    count = defined.sum(axis=1)
    total = np.where(defined, values, 0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@cache
def all_metrics() -> dict[str, Metric]:
    """name -> metric: `metrics.METRICS`, with SSIM to each source alone before their sum.

    Example:
        >>> all_metrics()["ssim_first"].symbol
        'SSIM first'
    """
    from .metrics import METRICS

    found: dict[str, Metric] = {}
    for name, metric in METRICS.items():
        if name == "ssim":
            for source in ("first", "second"):
                found[f"ssim_{source}"] = replace(
                    metric,
                    name=f"ssim_{source}",
                    symbol=f"SSIM {source}",
                    function=partial(metric.function, source=source),
                    range="-1..1",
                )
        found[name] = metric
    return found


def choose_metrics(names: Sequence[str]) -> list[Metric]:
    """The metrics of these names.

    Raises:
        MedFusionError: there is no metric of that name; the message lists those there are.
    """
    known = all_metrics()
    for name in names:
        if name not in known:
            raise MedFusionError(f"There is no metric '{name}'; choose one of: {', '.join(known)}.")
    return [known[name] for name in names]


def measure(
    fused: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    metrics: Sequence[Metric],
    device: torch.device | str = "cpu",
    batch: int = 4,
) -> np.ndarray:
    """Every metric of every slice.

    Args:
        fused: (slices, rows, columns) in [0, 1].
        first: the same of the first source.
        second: the same of the second source.
        metrics: what to measure.
        device: where to compute.
        batch: slices at once; the values do not depend on it.

    Returns:
        (metrics, slices); NaN where a metric is not defined or the slice is too small for it.
    """
    import torch

    values = np.full((len(metrics), len(fused)), np.nan)
    for start in range(0, len(fused), batch):
        part = slice(start, start + batch)
        images = [
            torch.from_numpy(np.ascontiguousarray(stack[part], np.float32)[:, None]).to(device)
            for stack in (fused, first, second)
        ]
        for row, metric in zip(values, metrics, strict=True):
            try:
                with torch.inference_mode():
                    row[part] = metric.function(*images).double().cpu().numpy()
            except MedFusionError:  # smaller than the metric's window
                row[part] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values


def better(metric: Metric) -> str:
    """Which value of a metric is the better one: "higher", "lower" or "neither"."""
    return {True: "higher", False: "lower", None: "neither"}[metric.higher_is_better]


def name_sources(symbol: str, modalities: Sequence[str]) -> str:
    """A metric's symbol with the modalities in place of "first" and "second".

    Example:
        >>> name_sources("SSIM first", ("mr", "pet"))
        'SSIM MR'
    """
    for word, modality in zip(("first", "second"), modalities, strict=False):
        symbol = symbol.replace(word, modality.upper())
    return symbol


def evenly(count: int, wanted: int) -> np.ndarray:
    """At most `wanted` numbers below `count`, evenly spaced, each in the middle of its part.

    Example:
        >>> evenly(10, 3)
        array([1, 5, 8])
        >>> evenly(2, 3)
        array([0, 1])
    """
    number = min(count, wanted)
    return ((np.arange(number) + 0.5) * count / max(number, 1)).astype(int)
