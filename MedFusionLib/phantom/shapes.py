"""The two kinds of shape that the digital head is drawn from, and what is drawn in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid: centre and half axes in mm; `floor` is another half axis for its lower half."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    floor: float | None = None

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner of its box."""
        return np.subtract(self.centre, self.radii), np.add(self.centre, self.radii)

    def distance(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Signed distance in mm, negative inside; exact on the surface, a good guess near it.

        The first-order estimate is f / |grad f| with f = |p / r| - 1.
        """
        offsets = [p - np.float32(c) for p, c in zip((x, y, z), self.centre, strict=True)]
        if self.floor:
            offsets[2] = np.where(
                offsets[2] < 0, offsets[2] * np.float32(self.radii[2] / self.floor), offsets[2]
            )
        unit = [(p / np.float32(r)) ** 2 for p, r in zip(offsets, self.radii, strict=True)]
        steep = [u / np.float32(r * r) for u, r in zip(unit, self.radii, strict=True)]
        length = np.sqrt(unit[0] + unit[1] + unit[2])
        slope = np.sqrt(steep[0] + steep[1] + steep[2])
        return length * (length - 1) / np.maximum(slope, np.float32(1e-6))


@dataclass(frozen=True)
class Tube:
    """A bent tube: points (x, y, z, radius) in mm, joined by straight pieces with round ends."""

    points: tuple[tuple[float, float, float, float], ...]

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner of its box."""
        points = np.array(self.points)
        centres, radii = points[:, :3], points[:, 3:]
        return (centres - radii).min(0), (centres + radii).max(0)

    def distance(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Signed distance in mm, negative inside."""
        points = np.array(self.points, np.float32)
        pieces = []
        for start, end in pairwise(points):
            step = end - start
            from_start = [p - s for p, s in zip((x, y, z), start[:3], strict=True)]
            along = sum(p * s for p, s in zip(from_start, step[:3], strict=True))
            along = np.clip(along / (step[:3] @ step[:3]), 0, 1)
            squares = [(p - along * s) ** 2 for p, s in zip(from_start, step[:3], strict=True)]
            pieces.append(np.sqrt(sum(squares)) - (start[3] + along * step[3]))
        return reduce(np.minimum, pieces)


class Structure(NamedTuple):
    """One thing to draw: a tissue in a shape, on one or both sides, in a wall of some tissue.

    Attributes:
        tissue: a name in `TISSUES`.
        shape: in mm; drawn at +x and -x if `both`.
        both: whether it has a twin on the other side.
        wall: mm of `wall_tissue` around it.
        wall_tissue: a name in `TISSUES`.
    """

    tissue: str
    shape: Ellipsoid | Tube
    both: bool = True
    wall: float = 0.0
    wall_tissue: str = "bone"
