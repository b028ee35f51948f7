"""Many displays before the observer, under many conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau

from ...errors import Cancelled
from .display import Display, show
from .kept import DRAWS, Kept, Reader, interval, side_by_side
from .observer import INTERNAL_NOISE, PIXELS_PER_DEGREE, Hotelling, NonPrewhitening, Observer
from .tasks import Question, Trials
from .vision import Appearance


@dataclass(frozen=True)
class Condition:
    """The observer, and how it sees.

    Attributes:
        name: in the tables.
        observer: the class of the observer.
        space: of the colours.
        vision: normal, or a deficiency.
        noise: variance of the internal noise.
        pixels_per_degree: how large a pixel looks.
    """

    name: str
    observer: type[Hotelling] | type[NonPrewhitening] = Hotelling
    space: str = "CIELAB"
    vision: str = "normal"
    noise: float = INTERNAL_NOISE
    pixels_per_degree: float = PIXELS_PER_DEGREE

    def make(self, appearance: Appearance | None = None) -> Observer:
        """The observer; `appearance` where several share one."""
        appearance = appearance or Appearance(self.space, self.vision)
        return self.observer(appearance, self.noise, self.pixels_per_degree)


USUAL, SECOND = "usual", "non-prewhitening"
CONDITIONS = (
    Condition(USUAL),
    Condition(SECOND, NonPrewhitening),
    Condition("deutan", vision="deutan"),
    Condition("protan", vision="protan"),
    Condition("tritan", vision="tritan"),
    Condition("CAM02-UCS", space="CAM02-UCS"),
    Condition("CAM16-UCS", space="CAM16-UCS"),
    Condition("internal noise 1", noise=1.0),
    Condition("internal noise 4", noise=4.0),
    Condition("30 pixels a degree", pixels_per_degree=30.0),
    Condition("60 pixels a degree", pixels_per_degree=60.0),
    Condition("non-prewhitening, 30 pixels a degree", NonPrewhitening, pixels_per_degree=30.0),
    Condition("non-prewhitening, 60 pixels a degree", NonPrewhitening, pixels_per_degree=60.0),
)
#: what is only of interest for deficiencies changes no order that counts
DEFICIENT = ("deutan", "protan", "tritan")


@dataclass(frozen=True, eq=False)
class Readings:
    """What every display keeps under every condition.

    Attributes:
        displays: their names.
        conditions: their names.
        questions: what was asked.
        kept: condition -> what each display keeps.
        pair: such as "pet-mr".
        title: what the sites are of.
        sites: number of sites.
        groups: number of slices that they lie in.
    """

    displays: tuple[str, ...]
    conditions: tuple[str, ...]
    questions: tuple[Question, ...]
    kept: dict[str, list[Kept]]
    pair: str
    title: str
    sites: int
    groups: int

    def of(self, display: str, condition: str = USUAL) -> Kept:
        """What one display keeps."""
        return self.kept[condition][self.displays.index(display)]


def read_displays(
    displays: Mapping[str, Display],
    trials: Trials,
    title: str,
    *,
    conditions: Sequence[Condition] = CONDITIONS,
    draws: int = DRAWS,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Readings:
    """Show every display to the observer under every condition.

    Args:
        displays: name -> display.
        trials: from `plant`.
        title: what the sites are of, such as "digital heads 200 to 211".
        conditions: the usual one first.
        draws: resamples of the bootstrap.
        progress: called with (displays done, all displays).
        cancelled: asked before each display.

    Raises:
        MedFusionError: a display gives no picture.
        Cancelled: the cancel flag was set.
    """
    readers = make_readers(trials, conditions, draws)
    kept: dict[str, list[Kept]] = {condition.name: [] for condition in conditions}
    for number, display in enumerate(displays.values(), 1):
        if cancelled and cancelled():
            raise Cancelled
        for name, found in read_one(display, trials, readers).items():
            kept[name].append(found)
        if progress:
            progress(number, len(displays))
    own = trials.groups[: trials.sites]
    return Readings(
        tuple(displays),
        tuple(kept),
        trials.questions,
        kept,
        trials.pair,
        title,
        trials.sites,
        len(np.unique(own)),
    )


def make_readers(
    trials: Trials, conditions: Sequence[Condition], draws: int = DRAWS
) -> list[tuple[Appearance, dict[str, Reader]]]:
    """Readers by the names of their conditions, grouped where they share an appearance."""
    alike: dict[tuple[str, str], list[Condition]] = {}
    for condition in conditions:
        alike.setdefault((condition.space, condition.vision), []).append(condition)
    found = []
    for (space, vision), those in alike.items():
        appearance = Appearance(space, vision)
        sources = side_by_side(trials, appearance)
        readers = {
            c.name: Reader(trials, c.make(appearance), draws, sources=sources) for c in those
        }
        found.append((appearance, readers))
    return found


def read_one(
    display: Display, trials: Trials, readers: Sequence[tuple[Appearance, dict[str, Reader]]]
) -> dict[str, Kept]:
    """What one display keeps, for each condition; `readers` from `make_readers`."""
    pictures = show(display, trials)
    kept: dict[str, Kept] = {}
    for appearance, alike in readers:
        seen = appearance(pictures)
        kept |= {name: reader.read_appearance(seen) for name, reader in alike.items()}
    return kept


# Does the order of displays depend on the observer? -----------------------------------------------


@dataclass(frozen=True)
class Order:
    """The order of the displays under a condition, against that under the usual one.

    Attributes:
        condition: its name.
        tau: Kendall's tau of the means that are kept of the six lesions; 1: the same order.
        swapped: (better, worse) of the usual condition that stand the other way round here, where
            both conditions tell them apart: the 95 % intervals of the difference exclude 0.
    """

    condition: str
    tau: float
    swapped: tuple[tuple[str, str], ...]


def orders(readings: Readings) -> list[Order]:
    """What becomes of the order of the displays under each condition but the usual one."""
    usual = _means(readings, USUAL)
    found = []
    for condition in readings.conditions:
        if condition == USUAL:
            continue
        here = _means(readings, condition)
        tau = float(kendalltau(usual[0], here[0]).statistic) if len(usual[0]) > 1 else 1.0
        swapped = tuple(
            (readings.displays[a], readings.displays[b])
            for a in range(len(readings.displays))
            for b in range(len(readings.displays))
            if _clear(usual, a, b) and _clear(here, b, a)
        )
        found.append(Order(condition, tau, swapped))
    return found


def verdict(readings: Readings, display: str, yardstick: str) -> str:
    """What both observers say of a display beside a yardstick: "more", "less", "as much" or "open".

    "More": both find that it keeps more of the mean of the six lesions, and the 95 % intervals of
    the difference exclude 0. "As much": neither finds a difference. "Open": they disagree.
    """
    a, b = map(readings.displays.index, (display, yardstick))
    usual, second = (
        _clear(means, a, b) - _clear(means, b, a)
        for means in (_means(readings, USUAL), _means(readings, SECOND))
    )
    return {(1, 1): "more", (-1, -1): "less", (0, 0): "as much"}.get((usual, second), "open")


def _means(readings: Readings, condition: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean kept of the six lesions, (displays,), and in each draw, (displays, draws)."""
    kept = readings.kept[condition]
    core = kept[0].chosen()
    draws = np.stack([one.draws[:, core].mean(axis=1) for one in kept])
    return np.array([one.mean() for one in kept]), draws


def _clear(means: tuple[np.ndarray, np.ndarray], a: int, b: int) -> bool:
    """Whether a keeps more than b: the interval of the difference lies above 0."""
    values, draws = means
    difference = values[a] - values[b]
    if difference <= 0 or not draws.shape[1]:
        return bool(difference > 0)
    return bool(interval(difference, draws[a] - draws[b])[0] > 0)
