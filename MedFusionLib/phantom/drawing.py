"""Draws the anatomy, slices at a time, as labels of tissues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from ..sources.volumes import Volume
from .anatomy import (
    CANAL,
    CISTERN,
    DEEP,
    EARS,
    FACE,
    FRONTAL_SINUS,
    NARROWING,
    OUTLINE,
    PETROUS,
    POSTERIOR,
    TEMPORAL,
    VAULT,
)
from .shapes import Ellipsoid, Structure, Tube
from .tissues import LABELS
from .truth import TRUTH


@dataclass(frozen=True, eq=False)
class _Field:
    """A smooth function of space, periodic, by linear interpolation in a lattice.

    Attributes:
        lattice: float32, shape (n, n, n), along x, y, z.
        step: mm between its nodes.
    """

    lattice: np.ndarray
    step: float

    def __call__(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Values at points in mm, all of one shape."""
        from scipy.ndimage import map_coordinates

        points = np.stack([x, y, z]) / np.float32(self.step)
        return map_coordinates(self.lattice, points, order=1, mode="grid-wrap", prefilter=False)

    def as_distance(self) -> _Field:
        """A field that tells, near the zeros of this one, how many mm away they are."""
        slope = sum(g**2 for g in np.gradient(self.lattice, self.step))
        return _Field(self.lattice / np.sqrt(slope + 0.02 * slope.mean()), self.step)


def _ripples(rng: np.random.Generator, wavelength: float) -> _Field:
    """A random field of zero mean, unit deviation and ripples of about `wavelength` mm."""
    nodes, per_wave = 64, 8
    k = np.fft.fftfreq(nodes) * per_wave  # in waves per wavelength
    radius = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2)
    white = np.fft.fftn(rng.standard_normal((nodes,) * 3))
    field = np.fft.ifftn(white * np.exp(-(((radius - 1) / 0.25) ** 2))).real
    return _Field((field / field.std()).astype(np.float32), wavelength / per_wave)


class Folds:
    """The random fields of one head, made once; they do not depend on the voxel size."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.sulci = _ripples(rng, 24).as_distance()
        self.depth = _ripples(rng, 45)
        self.wobble = _ripples(rng, 30)
        self.bends = [_ripples(rng, 28) for _ in range(3)]
        self.cells = _ripples(rng, 7)


class _Slab:
    """Some slices of the head: coordinates in mm and labels to draw on.

    Args:
        x: shape (1, j, i): the head narrows to the front, so x depends on y.
        y: shape (1, j, 1).
        z: shape (k, 1, 1).
        folds: the random fields.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, z: np.ndarray, folds: Folds) -> None:
        self.x, self.y, self.z, self.folds = x, y, z, folds
        self.side = np.abs(x)
        self.labels = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.uint8)

    def points(self, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, y and z of the voxels in a mask, flat."""
        k, j, i = np.nonzero(mask)
        return self.x[0, j, i], self.y[0, j, 0], self.z[k, 0, 0]

    def box(self, shape: Ellipsoid | Tube, margin: float) -> tuple[slice, ...] | None:
        """The part of the slab around a shape on the left; None if it misses the slab."""
        low, high = shape.bounds()
        near = (
            (self.z.ravel() >= low[2] - margin) & (self.z.ravel() <= high[2] + margin),
            (self.y.ravel() >= low[1] - margin) & (self.y.ravel() <= high[1] + margin),
            ((self.side >= low[0] - margin) & (self.side <= high[0] + margin))[0].any(0),
        )
        found = [np.flatnonzero(n) for n in near]
        if not all(map(len, found)):
            return None
        return tuple(slice(f[0], f[-1] + 1) for f in found)

    def draw(self, structures: tuple[Structure, ...], inside: np.ndarray) -> None:
        """Draw structures one after the other, each with its wall, where `inside` allows it."""
        for tissue, shape, both, wall, wall_tissue in structures:
            box = self.box(shape, wall)
            if box is None:
                continue
            k, j, i = box
            x = (self.side if both else self.x)[:, j, i]
            distance = shape.distance(x, self.y[:, j], self.z[k])
            labels, allowed = self.labels[box], inside[box]
            if wall:
                labels[allowed & (distance < wall)] = LABELS[wall_tissue]
            labels[allowed & (distance < 0)] = LABELS[tissue]

    def anatomy(self) -> np.ndarray:
        """Draw the head from outside to inside."""
        head = self.skin()
        cavity = self.cavity()
        self.draw(FACE, head < -1.5)
        self.skull(head, cavity)
        self.draw(FRONTAL_SINUS, (head < -2) & (cavity > 1.5))
        self.brain(cavity)
        self.draw(DEEP, cavity < -1)
        return self.labels

    def skin(self) -> np.ndarray:
        """Skin, the fat below it, then muscle with strands of fat. Returns mm outside the head."""
        x, y, z = self.x, self.y, self.z
        head = reduce(lambda a, b: _join(a, b, 10), (s.distance(x, y, z) for s in OUTLINE))
        head = np.minimum(head, EARS.distance(self.side, y, z))
        inside = head < 0
        px, py, pz = self.points(inside)
        wobble = self.folds.wobble(px, py, pz)
        depth = -head[inside]
        fat = 4.5 + wobble + np.clip(-20 - pz, 0, 30) * 0.12
        strands = (pz < 5) & (np.abs(wobble) < 0.09)
        labels = np.full(depth.shape, LABELS["muscle"], np.uint8)
        labels[(depth < fat) | strands] = LABELS["fat"]
        labels[depth < 1.8] = LABELS["skin"]
        self.labels[inside] = labels
        return head

    def cavity(self) -> np.ndarray:
        """Signed distance in mm to the inner face of the skull, negative inside."""
        side, y, z = self.side, self.y, self.z
        parts = (s.distance(side, y, z) for s in (VAULT, TEMPORAL, POSTERIOR, CANAL))
        space = reduce(lambda a, b: _join(a, b, 14), parts)
        return -_join(-space, PETROUS.distance(side, y, z), 3)

    def skull(self, head: np.ndarray, cavity: np.ndarray) -> None:
        """Two tables of bone with marrow between them; the base is thinner and irregular."""
        near = (cavity >= 0) & (cavity < 13) & (head < -3)
        x, y, z = self.points(near)
        wobble = self.folds.wobble(x, y, z)
        base = np.clip(-z / 12, 0, 1)
        front = np.clip((-20 - y) / 20, 0, 1)
        thickness = 6.5 + 0.8 * wobble - base * (2 - wobble + 2 * front)
        # below the base only the canal of the spine goes on, in its own bones
        thickness[z < -70] = 0
        height = cavity[near]
        labels = self.labels[near]
        labels[height < thickness] = LABELS["bone"]
        middle = (height > 1.7) & (height < thickness - 1.9)
        labels[middle] = LABELS["marrow"]
        cells = (np.abs(x) > 40) & (y > 8) & (z < -26) & (self.folds.cells(x, y, z) > 0)
        labels[cells & (height > 2.5) & (labels == LABELS["marrow"])] = LABELS["air"]
        self.labels[near] = labels

    def brain(self, cavity: np.ndarray) -> None:
        """Fluid, the cerebrum and the cerebellum with their folds, falx and tentorium."""
        inside = cavity < 0
        x, y, z = self.points(inside)
        side, hull = np.abs(x), -cavity[inside] - 1.8
        tent = np.maximum(
            z - (6 - 0.26 * side - 0.22 * np.maximum(y - 30, 0)), 0.9 * (0.5 * side - 3 - y)
        )
        labels = np.full(x.shape, LABELS["csf"], np.uint8)
        callosum = Ellipsoid((0, -2, 6), (1e3, 41, 25)).distance(x, y, z)
        middle = (side < 0.5) & (callosum > 6) & (y - z < 60)
        labels[(middle | (np.abs(tent) < 0.6)) & (z > -25)] = LABELS["dura"]

        upper = reduce(np.minimum, (hull, tent - 1, CISTERN.distance(x, y, z)))
        here = upper > 0
        labels[here] = self._cerebrum(
            x[here], y[here], z[here], upper[here], callosum[here], labels[here]
        )

        lobes = Ellipsoid((24, 44, -28), (36, 43, 36)).distance(side, y, z)
        vermis = Ellipsoid((0, 44, -24), (16, 38, 33)).distance(side, y, z)
        lower = np.minimum(hull, np.minimum(-tent - 1.5, -_join(lobes, vermis, 4)))
        here = lower > 0
        labels[here] = self._cerebellum(x[here], y[here], z[here], lower[here])
        self.labels[inside] = labels

    def _cerebrum(
        self,
        x: np.ndarray,
        y: np.ndarray,
        z: np.ndarray,
        depth: np.ndarray,
        callosum: np.ndarray,
        below: np.ndarray,
    ) -> np.ndarray:
        """Labels at flat points `depth` mm below the surface of the cerebrum.

        `callosum` is the signed distance to the outline of the corpus callosum, `below` the labels
        that show where sulci part the brain.

        Sulci are sheets that stand upright on the surface: the zeros of a random field that does
        not change along rays from the core of each hemisphere. Grey matter follows every surface,
        that of the brain and those of the sheets.
        """
        folds, side = self.folds, np.abs(x)
        planted = (shape.distance(x, y, z) - 7 for shape in TRUTH.values())
        core = reduce(np.minimum, planted, Ellipsoid((0, -2, 5), (36, 40, 26)).distance(x, y, z))
        to_middle = _to_sheet(side, -callosum)

        # rays from the core line of the hemisphere, all brought to one length
        bent = [p + 2.5 * bend(x, y, z) for p, bend in zip((x, y, z), folds.bends, strict=True)]
        along = np.clip(bent[1], -45, 45)
        line = (np.where(x < 0, -27, 27), along, 13 + 0.3 * np.maximum(along, 0))
        ray = [p - c for p, c in zip(bent, line, strict=True)]
        length = np.sqrt(ray[0] ** 2 + ray[1] ** 2 + ray[2] ** 2)
        scale = 42 / np.maximum(length, 1)
        at = (scale * ray[0] + 3 * line[0], scale * ray[1] + along, scale * ray[2])
        sheet = np.abs(folds.sulci(*at)) / scale

        # the lateral fissure and the insula at its bottom
        across, level = np.abs(bent[0]), bent[2] + 6 - 0.32 * (bent[1] + 45)
        lateral = _to_sheet(level, 37 - across, -50 - bent[1], bent[1] - 28)
        insula = _to_sheet(across - 37, np.abs(level) - 12, -42 - bent[1], bent[1] - 16)

        between = reduce(np.minimum, (to_middle, lateral, insula)) - 0.9
        outer = np.minimum(depth, between)
        deepest = np.minimum(15 + 4 * folds.depth(*at), 20)
        sulci = _to_sheet(sheet, outer - deepest, 20 - length, -core)
        gap = 0.35 + 0.9 * np.exp(-np.maximum(outer, 0) / 5)
        surface = np.minimum(outer, sulci - gap)
        labels = np.where(surface < 2.9, LABELS["grey"], LABELS["white"]).astype(np.uint8)
        labels[surface < 0] = below[surface < 0]
        # the band that joins the hemispheres
        reach = np.clip(9 + 0.4 * z, 6, 20)
        band = ((callosum + 3.7) / 3.3) ** 2 + (side / reach) ** 2 < 1
        labels[band & (z > -5)] = LABELS["white"]
        return labels

    def _cerebellum(
        self,
        x: np.ndarray,
        y: np.ndarray,
        z: np.ndarray,
        depth: np.ndarray,
    ) -> np.ndarray:
        """Labels at flat points `depth` mm below the surface of the cerebellum: leaves and tree."""
        leaves = 26
        y, z = y - 18, z + 22
        radius = np.hypot(y, z)
        angle = np.arctan2(z, y) * leaves + 1.2 * self.folds.wobble(x, y, z)
        sheet = np.abs(np.arcsin(np.sin(angle))) / leaves * radius
        sheet = _to_sheet(sheet, depth - 13 - 4 * self.folds.depth(x, y, z))
        labels = np.where(np.minimum(depth, sheet) < 1.9, LABELS["cerebellum"], LABELS["white"])
        labels[sheet < 0.45 * np.exp(-depth / 6)] = LABELS["csf"]
        return labels


def _join(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    """The union of two signed distances, its seam rounded over some mm."""
    wide = np.float32(width)
    seam = np.maximum(wide - np.abs(a - b), 0)
    return np.minimum(a, b) - seam * seam / (4 * wide)


def _to_sheet(sheet: np.ndarray, *beyond: np.ndarray) -> np.ndarray:
    """Distance to a sheet that ends: `sheet` mm from its plane and `beyond` mm past its edges."""
    return np.sqrt(sheet**2 + sum(np.maximum(b, 0) ** 2 for b in beyond))


def _slabs(grid: Volume, folds: Folds) -> Iterator[tuple[slice, _Slab]]:
    """The head a few slices at a time, which fits the processor's cache."""
    axes = [
        (origin + spacing * np.arange(n)).astype(np.float32)
        for origin, spacing, n in zip(grid.origin, grid.spacing, grid.shape[::-1], strict=True)
    ]
    y = axes[1][None, :, None]
    x = axes[0][None, None, :] / (1 + np.float32(NARROWING) * y)
    for start in range(0, grid.shape[0], 4):
        part = slice(start, start + 4)
        yield part, _Slab(x, y, axes[2][part, None, None], folds)


def draw(grid: Volume, folds: Folds) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Labels and the planted masks, each of shape (k, j, i)."""
    labels = np.zeros(grid.shape, np.uint8)
    truth = {name: np.zeros(grid.shape, bool) for name in TRUTH}
    for part, slab in _slabs(grid, folds):
        labels[part] = slab.anatomy()
        for name, shape in TRUTH.items():
            truth[name][part] = shape.distance(slab.x, slab.y, slab.z) < 0
    for name, shape in TRUTH.items():  # a large voxel may have its centre outside
        x, y, z = shape.centre
        index = (np.array((x * (1 + NARROWING * y), y, z)) - grid.origin) / grid.spacing
        truth[name][tuple(np.rint(index[::-1]).astype(int))] = True
    return labels, truth
