"""What a reader has to find: lesions that one source alone shows, planted at sites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from scipy.ndimage import gaussian_filter

from ...sources.modalities import modalities_of
from .sites import SIDE, TISSUES, Sites

#: (number of lesions, mm of a pixel, random numbers) -> (lesions, rows, columns), 1 at most
Shape = Callable[[int, float, np.random.Generator], np.ndarray]

#: full width at half maximum of the point spread in mm
POINT_SPREAD = {"pet": 5.5, "spect": 10.0}
#: diameter in mm of a hot lesion that is seen through it
BALL = {"pet": 8, "spect": 14}
#: a lesion in fluid: the value of the fluid in a T2-weighted MR and in a CT, and its radius
FLUID, FLUID_RADIUS = (0.92, 0.18), 8.0
#: radius of the disc without any detail in either source, and the blur that takes it away
PLAIN_RADIUS, PLAIN_BLUR = 16.0, 12.0


@dataclass(frozen=True, eq=False)
class Task:
    """One kind of lesion.

    Attributes:
        name: in the tables.
        source: number of the source that shows it: 0 the MR, 1 the other.
        height: what is added at its middle, in the source's window; of a relative one, the part
            of the source's own value.
        shape: its form.
        relative: whether the height is a part of what is there.
        bed: value of both sources in a disc around it, None where the site stays as it is; with
            None in it that source stays.
        core: whether it is one of the six that the worst and the mean are taken over.
    """

    name: str
    source: int
    height: float
    shape: Shape
    relative: bool = False
    bed: tuple[float | None, float | None] | None = None
    core: bool = False


def gaussian(sigma: float) -> Shape:
    """A Gaussian blob; its standard deviation in pixels."""
    return lambda count, pixel, random: np.broadcast_to(
        np.exp(-(_radius() ** 2) / (2 * sigma**2)), (count, SIDE, SIDE)
    )


def ball(diameter: float, width: float) -> Shape:
    """The middle slice of a ball seen through a point spread.

    Args:
        diameter: of the ball in mm; its contrast is 1 before the blur.
        width: full width at half maximum of the point spread in mm.
    """

    def make(count: int, pixel: float, random: np.random.Generator) -> np.ndarray:
        at = np.arange(SIDE) - SIDE // 2
        depth = np.arange(-24, 25)[:, None, None]
        radius = np.sqrt(depth**2 + at[:, None] ** 2 + at**2)
        inside = np.clip(diameter / 2 / pixel - radius + 0.5, 0, 1)  # edge one pixel soft
        sigma = width / np.sqrt(8 * np.log(2)) / pixel
        return np.broadcast_to(gaussian_filter(inside, sigma)[24], (count, SIDE, SIDE))

    return make


def irregular(radius: float) -> Shape:
    """A flat lesion with a random outline, another one at each site; mean radius in pixels."""

    def make(count: int, pixel: float, random: np.random.Generator) -> np.ndarray:
        at = np.arange(SIDE) - SIDE // 2
        angle = np.arctan2(at[:, None], at)
        outline = np.ones((count, SIDE, SIDE))
        for waves in range(2, 7):
            size = random.normal(0, 0.35 / waves, (count, 1, 1))
            outline += size * np.cos(waves * angle + random.uniform(0, 2 * np.pi, (count, 1, 1)))
        lesions = np.clip(radius * np.maximum(outline, 0.3) - _radius() + 0.5, 0, 1)
        return gaussian_filter(lesions, (0, 0.7, 0.7))

    return make


def lesion_tasks(pair: str) -> list[Task]:
    """The lesions of a pair: the six of the definition first.

    Example:
        >>> [task.name for task in lesion_tasks("pet-mr") if task.core][:2]
        ['PET +.25, sigma 4', 'PET -.2, sigma 4']
    """
    first, second = modalities_of(pair)
    mr, other = first.upper(), second.upper()
    core = [
        Task(f"{name} {height:+.4g}, sigma {sigma:g}".replace("0.", "."), source, height,
             gaussian(sigma), core=True)
        for name, source, height, sigma in (
            (other, 1, 0.25, 4), (other, 1, -0.2, 4), (other, 1, 0.35, 2),
            (mr, 0, -0.2, 3.5), (mr, 0, 0.2, 3.5), (mr, 0, -0.3, 1.5),
        )
    ]  # fmt: skip
    more = [
        Task(f"{mr} irregular -.2", 0, -0.2, irregular(5)),
        Task(f"{other} irregular +.2", 1, 0.2, irregular(5)),
    ]
    if second == "ct":
        more += [
            Task("CT calcification in fluid", 1, 0.5, gaussian(1.5), bed=FLUID),
            Task("CT cold spot, 40 % less", 1, -0.4, ball(12, 2), relative=True),
        ]
    else:
        width, size = POINT_SPREAD[second], BALL[second]
        more += [
            Task(f"{other} ball of {size} mm +.5, point spread", 1, 0.5, ball(size, width)),
            Task(f"{other} +.25 in bright MR", 1, 0.25, gaussian(4), bed=(0.92, None)),
            Task(f"{other} cold spot, 40 % less, point spread", 1, -0.4, ball(14, width), True),
        ]
    return core + more


@dataclass(frozen=True)
class Question:
    """Two sets of crops that a reader has to tell apart.

    Attributes:
        name: in the tables.
        kind: "lesion", "source" (which of the two shows it) or "tissue".
        without: which crops of the trials show the one.
        with_: which crops show the other.
        core: see `Task`.
    """

    name: str
    kind: str
    without: slice
    with_: slice
    core: bool = False


@dataclass(eq=False)
class Trials:
    """All crops that a display has to show, and what is asked of them.

    Attributes:
        first: float32 (crops, rows, columns) in [0, 1], 0 in the background.
        second: likewise.
        groups: int, of each crop: the number of its slice, which is resampled as a whole.
        questions: lesions, then which source, then tissues.
        plain: which crops hold no detail near the site in either source.
        pair: such as "pet-mr".
        sites: number of sites; as many crops at the start show them as they are.
    """

    first: np.ndarray
    second: np.ndarray
    groups: np.ndarray
    questions: tuple[Question, ...]
    plain: slice
    pair: str
    sites: int


@dataclass
class _Stack:
    """Crops one after the other."""

    first: list[np.ndarray] = field(default_factory=list)
    second: list[np.ndarray] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def add(self, first: np.ndarray, second: np.ndarray, groups: Sequence[str]) -> slice:
        start = len(self.groups)
        self.first.append(first)
        self.second.append(second)
        self.groups += groups
        return slice(start, len(self.groups))


def plant(
    sites: Sites, tasks: Sequence[Task] | None = None, tissues: Sites | None = None, seed: int = 0
) -> Trials:
    """Plant every lesion at every site.

    Args:
        sites: where.
        tasks: the lesions; default: `lesion_tasks` of the pair.
        tissues: from `tissue_sites`: which of the tissues is at the site is asked, too.
        seed: of irregular outlines.

    Example:
        >>> flat = np.full((2, 80, 80), 0.5, np.float32)
        >>> sites = Sites(flat, flat, ("a", "b"), "pet-mr", 1.0)
        >>> trials = plant(sites, lesion_tasks("pet-mr")[:1])
        >>> trials.second[trials.questions[0].with_][0, 40, 40]
        np.float32(0.75)
    """
    tasks = lesion_tasks(sites.pair) if tasks is None else tasks
    stack = _Stack()
    own = stack.add(sites.first, sites.second, sites.groups)
    questions: list[Question] = []
    blobs: dict[int, slice] = {}
    for number, task in enumerate(tasks):
        random = np.random.default_rng((seed, number))
        first, second, without = sites.first, sites.second, own
        if task.bed is not None:
            first, second = _bedded(first, task.bed[0]), _bedded(second, task.bed[1])
            without = stack.add(first, second, sites.groups)
        lesion = task.height * task.shape(len(sites), sites.pixel, random).astype(np.float32)
        planted = [first, second]
        target = planted[task.source]
        added = lesion * target if task.relative else lesion
        planted[task.source] = np.clip(target + added, 0, 1).astype(np.float32)
        with_ = stack.add(planted[0], planted[1], sites.groups)
        questions.append(Question(task.name, "lesion", without, with_, task.core))
        if task.core and task.height > 0:
            blobs.setdefault(task.source, with_)
    if len(blobs) == 2:
        names = [name.upper() for name in modalities_of(sites.pair)]
        title = f"bright in {names[0]} or in {names[1]}"
        questions.append(Question(title, "source", blobs[0], blobs[1]))
    plain = stack.add(_plain(sites.first), _plain(sites.second), sites.groups)
    if tissues is not None:
        questions += _tissue_questions(stack, tissues)
    _, groups = np.unique(stack.groups, return_inverse=True)
    return Trials(
        np.concatenate(stack.first),
        np.concatenate(stack.second),
        groups,
        tuple(questions),
        plain,
        sites.pair,
        len(sites),
    )


def _tissue_questions(stack: _Stack, tissues: Sites) -> list[Question]:
    where = {}
    for name in TISSUES:
        chosen = np.flatnonzero(np.array(tissues.tissues) == name)
        groups = [tissues.groups[n] for n in chosen]
        where[name] = stack.add(tissues.first[chosen], tissues.second[chosen], groups)
    return [
        Question(f"{one} or {other}", "tissue", where[one], where[other])
        for one, other in combinations(where, 2)
        if min(where[name].stop - where[name].start for name in (one, other)) > 1
    ]


def _radius() -> np.ndarray:
    """Pixels from the site, (rows, columns)."""
    at = np.arange(SIDE) - SIDE // 2
    return np.hypot(at[:, None], at)


def _bedded(picture: np.ndarray, value: float | None) -> np.ndarray:
    """A picture with a disc of one value around the site, its noise and texture kept a quarter."""
    if value is None:
        return picture
    disc = 0.75 / (1 + np.exp((_radius() - FLUID_RADIUS) / 0.7)).astype(np.float32)
    return (picture + disc * (value - picture)).astype(np.float32)


def _plain(picture: np.ndarray) -> np.ndarray:
    """A picture without detail around the site."""
    smooth = gaussian_filter(picture, (0, PLAIN_BLUR, PLAIN_BLUR))
    disc = 1 / (1 + np.exp((_radius() - PLAIN_RADIUS) / 2))
    return (picture + disc * (smooth - picture)).astype(np.float32)
