"""The quality of one fusion: its metrics against its sources, beside the two plain yardsticks.

It needs only torch and numpy, so it runs in Slicer, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ..sources.prepare import evenly_spaced, filled_slices
from ..sources.volumes import shown_axis, slice_order, to_slices

if TYPE_CHECKING:  # the metrics need torch, and Slicer's panel has to load without
    from ..fusion import Fusion
    from ..metrics.registry import Metric

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


#: first word of a metric's symbol -> what it says, in plain words
PLAIN = {
    "SSIM": "same structures as this source",
    "Q^AB/F": "edges of the sources that are kept",
    "N^AB/F": "edges that no source has",
    "Q_MI": "grey levels that tell those of the sources, 0 to 2",
    "MI": "grey levels that tell those of the sources, in bits",
    "SCD": "shows what each source alone adds",
    "CC": "bright where the sources are bright",
    "EN": "variety of grey levels",
    "SD": "contrast",
    "SF": "change from pixel to pixel",
    "AG": "steepness of edges",
}


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

    @property
    def plain(self) -> str:
        """What the metric says, in plain words; "" where it has none."""
        return PLAIN.get(self.metric.split()[0], "")


@dataclass(frozen=True)
class Quality:
    """The quality report of a fusion.

    Attributes:
        rows: one for each metric.
        slices: how many slices were measured, evenly spaced.
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


def quality_of(fusion: Fusion, metrics: Sequence[str] = SHOWN, slices: int = SLICES) -> Quality:
    """Score a fusion against its sources.

    With three sources every value is the mean over the three pairs of sources.

    Args:
        fusion: from `fuse`.
        metrics: names in `all_metrics`.
        slices: at most this many, evenly spaced; a few seconds for 24 of 256 x 256 pixels.

    Returns:
        The report; without rows where no slice shows anything or the slices are too small.

    Raises:
        MedFusionError: no such metric.

    Example:
        >>> from MedFusionLib.fusion import fuse
        >>> from MedFusionLib.phantom.head import make_phantom
        >>> head = make_phantom((16, 48, 48))
        >>> fusion = fuse(head.t1, head.pet, "pet-mr", method="maximum")
        >>> row = quality_of(fusion, ["q_abf"]).rows[0]
        >>> row.value == row.maximum > row.average
        True
    """
    from ..metrics.registry import better, choose_metrics, name_sources

    sources = fusion.sources
    layout = slice_order(sources.reference, shown_axis(fusion.report.parameters.axis))
    background = to_slices(sources.background, *layout)
    filled = filled_slices(background)
    chosen = filled[evenly_spaced(len(filled), slices)]
    inputs = sources.slices(*layout, chosen)
    outside = background[chosen]
    fused = np.clip(to_slices(fusion.fused.array, *layout)[chosen], 0, 1)
    pictures = [fused, np.mean(inputs, axis=0), np.max(inputs, axis=0)]

    found = choose_metrics(metrics)
    rows = []
    if len(chosen):
        pictures = [np.where(outside, 0, picture) for picture in pictures]
        values = _means(pictures, inputs, found).T.tolist()
        for metric, (value, average, maximum) in zip(found, values, strict=True):
            if np.isfinite(value):
                symbol = name_sources(metric.symbol, sources.modalities)
                rows.append(QualityRow(symbol, value, better(metric), average, maximum))
    return Quality(tuple(rows), len(chosen), len(filled))


def _means(
    pictures: Sequence[np.ndarray], inputs: Sequence[np.ndarray], metrics: Sequence[Metric]
) -> np.ndarray:
    """Mean of each metric over the slices, and over all pairs of sources: (pictures, metrics)."""
    from ..metrics.registry import measure_each

    pairs = [measure_each(pictures, a, b, metrics) for a, b in combinations(inputs, 2)]
    values = np.concatenate(pairs, axis=2)
    defined = np.isfinite(values)
    count = defined.sum(axis=2)
    total = np.where(defined, values, 0).sum(axis=2)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
