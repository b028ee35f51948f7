"""What an evaluation measured, and the rows of its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import MedFusionError
from ..methods.base import FusionMethod
from ..metrics.common import Measure


@dataclass(frozen=True)
class Contender:
    """What is scored: one of our methods, or a folder of fused images.

    Attributes:
        name: in the tables.
        module: of our own methods; None for a folder.
        weights: SHA-256 of its weights, if it has any.
        folder: of fused images made elsewhere; None for our own methods.
        scale: what the values of the folder's images are divided by.
        headroom: the MR is lowered before the method, see `inference.headroom`.
    """

    name: str
    module: FusionMethod | None = None
    weights: str | None = None
    folder: Path | None = None
    scale: float = 1.0
    headroom: bool = False

    @property
    def method(self) -> FusionMethod:
        """The module.

        Raises:
            MedFusionError: there is none.
        """
        if self.module is None:
            raise MedFusionError(
                f"{self.name} stands for fused images made elsewhere; give a method that fuses."
            )
        return self.module


@dataclass(frozen=True, eq=False)
class Example:
    """A slice for the picture: where it is, its value, and (rows, columns) in [0, 1]."""

    case: str
    number: int
    value: float
    first: np.ndarray
    second: np.ndarray
    fused: np.ndarray


@dataclass(frozen=True, eq=False)
class Crop:
    """The surroundings of a planted thing: (rows, columns), colours (rows, columns, 3)."""

    title: str
    fused: np.ndarray
    colour: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True, eq=False)
class Scores:
    """Every value that was measured.

    Attributes:
        methods: names.
        measures: what was measured.
        groups: of each sample, what is resampled as a whole: its case (or head).
        values: (methods, measures, samples); NaN where nothing was measured.
        notes: sentences that belong under the table.
        numbers: of each sample, its slice in the case; -1 where it is none.
        unit: what a sample is.
        group: what a group is.
        modalities: of the sources.
        weights: method -> SHA-256 of its weights.
        examples: method -> worst and best slice.
        crops: method -> the planted things, on the digital head.
        unranked: names of what stands in the table for comparison only.
    """

    methods: tuple[str, ...]
    measures: tuple[Measure, ...]
    groups: tuple[str, ...]
    values: np.ndarray
    notes: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    unit: str = "slice"
    group: str = "case"
    modalities: tuple[str, ...] = ("mr", "other")
    weights: dict[str, str] = field(default_factory=dict)
    examples: dict[str, tuple[Example, Example]] = field(default_factory=dict)
    crops: dict[str, list[Crop]] = field(default_factory=dict)
    unranked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One method on one measure.

    Attributes:
        method: its name.
        measure: its name.
        mean: over all samples.
        low: lower end of the 95 % bootstrap interval; NaN where there is none.
        high: its upper end.
        rank: 1 is the best; equal means share a rank.
        samples: number of samples measured.
        groups: number of groups in which at least one was.
        wins: yardstick -> (samples won, groups won); a tie is no win.
    """

    method: str
    measure: str
    mean: float
    low: float
    high: float
    rank: int
    samples: int
    groups: int
    wins: dict[str, tuple[int, int]]
