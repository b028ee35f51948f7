"""What a display keeps of what a reader could see in the sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from .display import Display, first_source, second_source, show
from .observer import Hotelling, Observer
from .tasks import Question, Trials
from .vision import Appearance

#: resamples of the bootstrap
DRAWS = 500
#: the finest channels: in them a detail shows that no source has
FINE = (0, 1)


@dataclass(frozen=True, eq=False)
class Kept:
    """What a display keeps, question by question.

    Attributes:
        questions: what was asked.
        detectability: d' in the display.
        in_sources: d' in both sources side by side.
        draws: what was kept in each resample of the bootstrap, (draws, questions).
        false: root mean square, in just noticed differences, of the detail that the display shows
            at places where no source has any; and of that in the sources side by side.
    """

    questions: tuple[Question, ...]
    detectability: np.ndarray
    in_sources: np.ndarray
    draws: np.ndarray
    false: tuple[float, float] = (float("nan"), float("nan"))

    @property
    def values(self) -> np.ndarray:
        """d' in the display over d' in both sources side by side; above 1 is possible."""
        return self.detectability / np.maximum(self.in_sources, 1e-9)

    @property
    def intervals(self) -> np.ndarray:
        """95 % intervals, see `interval`; (2, questions)."""
        return np.maximum(interval(self.values, self.draws), 0)

    def chosen(self, kind: str | None = None) -> np.ndarray:
        """Numbers of the questions of a kind; default: of the six of the definition."""
        wanted = [q.core if kind is None else q.kind == kind for q in self.questions]
        return np.flatnonzero(wanted)

    def worst(self, kind: str | None = None) -> float:
        """The least that is kept of the six lesions, or of the questions of a kind."""
        return float(self.values[self.chosen(kind)].min(initial=np.inf))

    def mean(self, kind: str | None = None) -> float:
        """The mean that is kept of them."""
        return float(self.values[self.chosen(kind)].mean())

    def intervals_of(self, kind: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The intervals of the worst and of the mean, (low, high) each."""
        chosen = self.draws[:, self.chosen(kind)]
        worst = interval(self.worst(kind), chosen.min(axis=1))
        return np.maximum(worst, 0), interval(self.mean(kind), chosen.mean(axis=1))


def side_by_side(trials: Trials, appearance: Appearance) -> list[np.ndarray]:
    """How both sources look beside each other: the first in grey, the second in "hot"."""
    return [appearance(show(one, trials)) for one in (first_source, second_source())]


@dataclass(eq=False)
class Reader:
    """A model observer before a set of trials.

    Args:
        trials: from `plant`.
        observer: `Hotelling` or `NonPrewhitening`.
        draws: resamples of the bootstrap; 0: no intervals, which is quicker.
        seed: of the resamples, the same for all displays.
        sources: `side_by_side(trials, appearance)`, where several readers share it.

    Example:
        >>> trials = plant(head_sites("pet-mr", range(100, 106), 60))  # doctest: +SKIP
        >>> reader = Reader(trials)  # doctest: +SKIP
        >>> reader.kept(blending("hot", 0.5)).worst()  # doctest: +SKIP
        0.78...
    """

    trials: Trials
    observer: Observer = field(default_factory=Hotelling)
    draws: int = DRAWS
    seed: int = 0
    sources: InitVar[Sequence[np.ndarray] | None] = None

    def __post_init__(self, sources: Sequence[np.ndarray] | None) -> None:
        groups = self.trials.groups
        count = int(groups.max()) + 1
        random = np.random.default_rng(self.seed)
        drawn = random.multinomial(count, np.full(count, 1 / count), size=self.draws)
        # the first row is the sample itself
        self._weights = np.concatenate([np.ones((1, count)), drawn])[:, groups]
        sources = sources or side_by_side(self.trials, self.observer.appearance)
        self._in_sources, self._false_in_sources = self._ask(sources)

    def kept(self, display: Display) -> Kept:
        """What a display keeps."""
        return self.read(show(display, self.trials))

    def read(self, pictures: np.ndarray) -> Kept:
        """What pictures made by `show` keep."""
        return self.read_appearance(self.observer.appearance(pictures))

    def read_appearance(self, seen: np.ndarray) -> Kept:
        """What pictures keep, given as the observer's `appearance` shows them."""
        found, false = self._ask([seen])
        draws = found[1:] / np.maximum(self._in_sources[1:], 1e-9)
        return Kept(
            self.trials.questions,
            found[0],
            self._in_sources[0],
            draws,
            (false, self._false_in_sources),
        )

    def _ask(self, views: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
        """d' of each question, (1 + draws, questions), and the false detail."""
        kept: dict[tuple[int, int, str], np.ndarray] = {}

        def features(which: slice, kind: str) -> np.ndarray:
            key = (which.start, which.stop, kind)
            if key not in kept:
                parts = [view[which] for view in views]
                kept[key] = self.observer.features(parts, kind)
            return kept[key]

        columns = []
        for question in self.trials.questions:
            kind = "tissue" if question.kind == "tissue" else "lesion"
            without, with_ = (
                (features(which, kind), _filled(self._weights[:, which]))
                for which in (question.without, question.with_)
            )
            columns.append(
                self.observer.detectability(without[0], with_[0], (without[1], with_[1]))
            )
        return np.stack(columns, axis=1), self._false(views)

    def _false(self, views: Sequence[np.ndarray]) -> float:
        """Root mean square of the fine channels where no source has detail."""
        plain = [view[self.trials.plain] for view in views]
        outputs = (
            Hotelling(self.observer.appearance)
            .features(plain)
            .reshape(len(plain[0]), len(views), -1, 3)[:, :, FINE]
        )
        return float(np.sqrt((outputs**2).sum(axis=(1, 2, 3)).mean()))


def _filled(weights: np.ndarray) -> np.ndarray:
    """Weights of a set; a draw that left out all of its crops counts each once."""
    return np.where(weights.sum(axis=1, keepdims=True) > 1, weights, 1.0)


def interval(values: ArrayLike, draws: np.ndarray) -> np.ndarray:
    """95 % basic bootstrap interval (2, ...): percentiles of the draws, reflected at the value.

    A draw repeats sites. That flatters the sources, which have twice as many channels as one
    picture, so draws lie below the value; the reflection takes that bias away (Davison and
    Hinkley, Bootstrap Methods, 1997, section 5.2).

    Args:
        values: measured.
        draws: of the bootstrap, along the first axis.
    """
    if not len(draws):
        return np.full((2, *np.shape(values)), np.nan)
    high, low = 2 * np.asarray(values) - np.percentile(draws, [2.5, 97.5], axis=0)
    return np.stack([low, high])
