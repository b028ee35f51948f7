"""Places in the brain where a reader looks: crops of both sources around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_fill_holes, distance_transform_edt

from ...errors import MedFusionError
from ...phantom.head import Phantom, make_phantom
from ...phantom.tissues import LABELS
from ...sources.modalities import modalities_of
from ...sources.prepare import evenly_spaced, prepare
from ...sources.volumes import slice_order, to_slices
from ...training.datasets import Case
from ..planted import PLANTED_PAIRS

#: side of a crop in pixels; the site is the pixel (40, 40)
SIDE = 80
#: seeds of digital heads: what is chosen on the first is judged on the second
CHOOSING, JUDGING = range(100, 200), range(200, 300)
#: how many are drawn where nothing else is said, as for the tables of docs/evidence/reader.md; and
#: within each tissue
SITES, TISSUE_SITES = 100, 24
#: shape of a digital head: pixels of 1.25 mm
HEAD_SHAPE = (64, 192, 192)

BRAIN = ("grey", "white", "deep grey", "cerebellum", "brainstem", "csf")
#: pixels from a site to the edge of the brain of a digital head, and to what is planted in it
FROM_EDGE, FROM_PLANTED = 4, 16
#: pixels from a site to the outline of a real head: scalp, skull and what lies between
FROM_OUTLINE = 18
#: fewest pixels of possible sites for a slice to be used
FEWEST = 300
#: tissues that a reader has to tell apart, and how many pixels deep in them a site lies
TISSUES = ("grey", "white", "csf", "bone")
DEPTH = 1.5


@dataclass(frozen=True, eq=False)
class Sites:
    """Crops of both sources around places.

    Attributes:
        first: float32 (sites, rows, columns) in [0, 1], 0 in the background.
        second: likewise.
        groups: of each site: the slice it lies in, such as "head 200, slice 31".
        pair: such as "pet-mr".
        pixel: mm from one pixel to the next.
        tissues: of each site, where they are known; else "".
    """

    first: np.ndarray
    second: np.ndarray
    groups: tuple[str, ...]
    pair: str
    pixel: float
    tissues: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.first)

    def save(self, path: Path) -> None:
        """Keep them in a file: digital heads take a while to make."""
        with open(path, "wb") as stream:
            np.savez(
                stream,
                first=self.first,
                second=self.second,
                groups=np.array(self.groups),
                tissues=np.array(self.tissues),
                pair=np.array(self.pair),
                pixel=np.array(self.pixel),
            )

    @classmethod
    def load(cls, path: Path) -> Sites:
        """What `save` wrote."""
        with np.load(path) as kept:
            groups, tissues = (tuple(kept[name].tolist()) for name in ("groups", "tissues"))
            pair, pixel = str(kept["pair"]), float(kept["pixel"])
            return cls(kept["first"], kept["second"], groups, pair, pixel, tissues)


def head_sites(pair: str, seeds: Iterable[int], count: int = SITES) -> Sites:
    """Sites in the brains of digital heads.

    Args:
        pair: "pet-mr" or "ct-mr".
        seeds: of the heads; 100 to 199 are for choosing, those from 200 on for judging.
        count: number of sites, spread evenly over the heads and over the slices of each.

    Raises:
        MedFusionError: the digital head does not show the pair, or there are no seeds.

    Example:
        >>> sites = head_sites("pet-mr", [100], 4)  # doctest: +SKIP
        >>> sites.first.shape, sites.groups[0]  # doctest: +SKIP
        ((4, 80, 80), 'head 100, slice 21')
    """
    seeds = _checked(pair, seeds)
    parts = []
    for number, seed in enumerate(seeds):
        random = np.random.default_rng((seed, 22))
        slices, labels, planted, pixel = _head(pair, seed)
        brain = np.isin(labels, [LABELS[name] for name in BRAIN])
        possible = _deep(brain, FROM_EDGE) & _deep(~planted, FROM_PLANTED)
        wanted = count * (number + 1) // len(seeds) - count * number // len(seeds)
        where = _choose(possible, wanted, random)
        parts.append(_cut(slices, where, f"head {seed}", pair, pixel))
    return _joined(parts)


def tissue_sites(pair: str, seeds: Iterable[int], count: int = TISSUE_SITES) -> Sites:
    """Sites within tissues of digital heads: grey matter, white matter, fluid and bone.

    Args:
        pair: "pet-mr" or "ct-mr".
        seeds: of the heads.
        count: number of sites in each tissue.
    """
    seeds = _checked(pair, seeds)
    parts = []
    for number, seed in enumerate(seeds):
        random = np.random.default_rng((seed, 23))
        slices, labels, planted, pixel = _head(pair, seed)
        wanted = count * (number + 1) // len(seeds) - count * number // len(seeds)
        brain = np.isin(labels, [LABELS[name] for name in BRAIN])
        level = brain.sum(axis=(1, 2)) > FEWEST  # no neck: its slices hold no brain
        for tissue in TISSUES:
            inside = (labels == LABELS[tissue]) & ~planted & level[:, None, None]
            if tissue in BRAIN:  # no bone shines through from the slices beside it
                inside[1:-1] &= brain[2:] & brain[:-2]
            where = _choose(_deep(inside, DEPTH), wanted, random, fewest=20)
            parts.append(_cut(slices, where, f"head {seed}", pair, pixel, tissue))
    return _joined(parts)


def case_sites(cases: Sequence[Case], count: int = SITES, seed: int = 0) -> Sites:
    """Sites in the brains of real slices.

    A site lies `FROM_OUTLINE` pixels or more inside the head, where the MR shows something, the
    PET or SPECT has uptake, and the CT no bone.

    Args:
        cases: of one pair, see `find_cases`.
        count: number of sites, spread evenly over the cases and over the slices of each.
        seed: of the places.

    Raises:
        MedFusionError: no case, or no brain is found in any of them.
    """
    parts = []
    for number, case in enumerate(cases):
        random = np.random.default_rng((seed, number, 24))
        first, second, background = case.slices.numpy().transpose(1, 0, 2, 3)
        first, second = (np.where(background > 0, 0, part) for part in (first, second))
        head = np.stack([binary_fill_holes(one) for one in background == 0])
        possible = _deep(head, FROM_OUTLINE) & (first > 0.08)
        if case.pair == "ct-mr":
            possible &= _deep(second < 0.95, FROM_EDGE)
        else:
            possible &= second > 0.1
        wanted = count * (number + 1) // len(cases) - count * number // len(cases)
        where = _choose(possible, wanted, random)
        pixel = float(case.sources.reference.spacing[0])
        parts.append(_cut((first, second), where, f"case {case.name}", case.pair, pixel))
    if not any(map(len, parts)):
        raise MedFusionError("No brain was found in these cases: no place for a lesion.")
    return _joined([part for part in parts if len(part)])


def _checked(pair: str, seeds: Iterable[int]) -> list[int]:
    if pair not in PLANTED_PAIRS:
        raise MedFusionError(
            f"The digital head has no picture for {pair}; "
            f"choose one of: {', '.join(PLANTED_PAIRS)}."
        )
    seeds = list(seeds)
    if not seeds:
        raise MedFusionError("There are no seeds of digital heads; give at least one.")
    return seeds


def _head(pair: str, seed: int) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray, float]:
    """Axial slices of both sources, labels, where something is planted, and mm of a pixel."""
    head: Phantom = make_phantom(HEAD_SHAPE, seed)
    names = PLANTED_PAIRS[pair]
    sources = prepare([getattr(head, name) for name in names], modalities_of(pair))
    layout = slice_order(sources.reference, "axial")
    background = to_slices(sources.background, *layout)
    slices = tuple(np.where(background, 0, part) for part in sources.slices(*layout))
    planted = np.any([to_slices(mask, *layout) for mask in head.truth.values()], axis=0)
    return slices, to_slices(head.labels, *layout), planted, float(sources.reference.spacing[0])


def _deep(mask: np.ndarray, pixels: float) -> np.ndarray:
    """Where a mask (slices, rows, columns) goes on for this many pixels in its slice."""
    far = [
        distance_transform_edt(one) > pixels if not one.all() else np.ones_like(one) for one in mask
    ]
    return np.stack(far)


def _choose(
    possible: np.ndarray, count: int, random: np.random.Generator, fewest: int = FEWEST
) -> np.ndarray:
    """Places (slice, row, column), spread evenly over the slices that have room."""
    usable = np.flatnonzero(possible.sum(axis=(1, 2)) >= fewest)
    if not len(usable) or not count:
        return np.empty((0, 3), int)
    per_slice = np.bincount(
        evenly_spaced(len(usable), min(count, len(usable))), minlength=len(usable)
    ) * (count // min(count, len(usable)))
    short = count - per_slice.sum()
    per_slice[random.choice(len(usable), short, replace=False)] += 1
    found = []
    for number, wanted in zip(usable, per_slice, strict=True):
        if wanted:
            places = np.argwhere(possible[number])
            for place in places[random.choice(len(places), min(wanted, len(places)), False)]:
                found.append((number, *place))
    return np.array(found)


def _cut(
    slices: Sequence[np.ndarray],
    where: np.ndarray,
    name: str,
    pair: str,
    pixel: float,
    tissue: str = "",
) -> Sites:
    """Crops around places; beyond the edge of a slice they are 0."""
    half = SIDE // 2

    def crops(part: np.ndarray) -> np.ndarray:
        padded = np.pad(part, ((0, 0), (half, half), (half, half)))
        cut = [padded[k, j : j + SIDE, i : i + SIDE] for k, j, i in where]
        return np.array(cut, np.float32).reshape(-1, SIDE, SIDE)

    first, second = map(crops, slices)
    groups = tuple(f"{name}, slice {k}" for k, _, _ in where)
    return Sites(first, second, groups, pair, pixel, (tissue,) * len(where))


def _joined(parts: Sequence[Sites]) -> Sites:
    return Sites(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        tuple(group for part in parts for group in part.groups),
        parts[0].pair,
        parts[0].pixel,
        tuple(tissue for part in parts for tissue in part.tissues),
    )
