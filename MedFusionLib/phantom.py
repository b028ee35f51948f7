"""A digital head in CT, MR and PET, with planted truth, so that no real data need be shipped.

The anatomy is written in millimetres, so it is the same head at every size. Coordinates are LPS:
x grows to the left, y to the back, z to the top of the head; the origin lies between the
hemispheres, near the third ventricle. It is made from two kinds of shape, `Ellipsoid` and `Tube`,
and from smooth random fields that fold the cortex.

To change how a tissue looks, change its line in `TISSUES`; to change where a structure lies, its
line in `FACE` or `DEEP`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .errors import MedFusionError
from .volumes import Volume, resample

#: mm that the CT and MR cover along (k, j, i), and LPS position of the middle of that box
FIELD_OF_VIEW = (192.0, 240.0, 240.0)
CENTRE = (0.0, -10.0, 1.0)
#: the same for the PET
PET_FIELD_OF_VIEW = (172.0, 214.0, 182.0)
PET_CENTRE = (1.3, -2.1, 4.7)

#: the head's width, relative to that above the ears, grows by this with every mm to the back
NARROWING = 0.0011

#: full width at half maximum in mm of the PET's point spread
PET_BLUR = 5.5


class Tissue(NamedTuple):
    """What one tissue looks like: Hounsfield units, arbitrary MR units, SUV of FDG."""

    hu: float
    t1: float
    t2: float
    suv: float


#: The tissues in the order of their labels. HU and SUV are typical of adults; the MR contrasts are
#: those of a T1-weighted gradient echo and a T2-weighted spin echo.
TISSUES = {
    "air": Tissue(-1000, 0, 0, 0),
    "skin": Tissue(35, 380, 180, 0.7),
    "fat": Tissue(-90, 900, 520, 0.3),
    "muscle": Tissue(45, 340, 170, 0.8),
    "mucosa": Tissue(40, 400, 600, 1.4),
    "bone": Tissue(1250, 40, 30, 0.3),
    "marrow": Tissue(480, 420, 260, 0.7),
    "dura": Tissue(55, 330, 160, 1.2),
    "eye": Tissue(15, 160, 950, 0.3),
    "lens": Tissue(70, 420, 130, 0.3),
    "csf": Tissue(8, 150, 1000, 0.2),
    "grey": Tissue(38, 500, 540, 8.5),
    "white": Tissue(29, 740, 370, 2.4),
    "deep grey": Tissue(38, 560, 480, 8.8),
    "cerebellum": Tissue(38, 510, 520, 7.2),
    "brainstem": Tissue(31, 680, 400, 4.0),
}
LABELS = {name: label for label, name in enumerate(TISSUES)}

#: Standard deviation of the noise: HU, MR units; for PET as a part of the signal of grey matter.
NOISE = {"ct": 5.0, "t1": 14.0, "t2": 16.0, "pet": 0.06}
#: Half the range of the MR bias field, as a part of the signal.
BIAS = 0.12


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


#: The space inside the skull, joined smoothly: vault, the temporal fossae, the posterior fossa.
VAULT = Ellipsoid((0, 0, 12), (68.5, 88, 68), floor=31)
TEMPORAL = Ellipsoid((37, -11, -14), (28, 43, 28))
POSTERIOR = Ellipsoid((0, 40, -24), (55, 42, 36))
CANAL = Tube(((0, 10, -30, 14), (0, 19, -58, 12), (0, 26, -80, 9), (0, 30, -130, 9)))
#: The ridges of bone between the temporal and the posterior fossa.
PETROUS = Tube(((15, -2, -32, 7), (36, 9, -35, 11), (64, 24, -38, 15)))

#: The room around the brainstem and below the third ventricle, left to the fluid.
CISTERN = Tube(((0, -13, -18, 11), (0, 4, -28, 17), (0, 12, -50, 17)))

#: The outline of the head, joined smoothly.
OUTLINE = (
    Ellipsoid((0, 0, 8), (79.5, 102, 86)),
    Ellipsoid((0, -48, -50), (61, 55, 78)),
    Tube(((0, 12, -45, 54), (0, 22, -150, 58))),
    Tube(((0, -94, -14, 6), (0, -107, -42, 10), (0, -104, -50, 13))),
)
EARS = Ellipsoid((80, 12, -24), (6, 15, 29))

#: Below and in front of the brain, each drawn over the ones before it.
FACE = (
    # upper jaw, cheek bones, lower jaw, neck
    Structure("marrow", Tube(((0, -90, -74, 8), (22, -82, -74, 8), (31, -55, -74, 7))), wall=1.5),
    Structure(
        "bone", Tube(((0, -93, -87, 4), (17, -87, -87, 4), (27, -68, -87, 5), (30, -52, -87, 5)))
    ),
    Structure("marrow", Tube(((58, -4, -40, 3), (60, -35, -44, 2.5), (46, -73, -44, 5))), wall=1.5),
    Structure("marrow", Tube(((50, -8, -42, 3), (48, -14, -70, 3), (44, -22, -110, 4))), wall=1.8),
    Structure("marrow", Tube(((0, -14, -24, 8), (0, 2, -46, 6), (0, 8, -58, 4))), False, 1.5),
    Structure("marrow", Ellipsoid((57, 28, -40), (12, 16, 22)), wall=2),
    Structure("marrow", Ellipsoid((20, 22, -68), (9, 11, 7)), wall=1.5),
    Structure("marrow", Ellipsoid((22, 26, -84), (10, 9, 6)), wall=1.5),
    Structure("marrow", Ellipsoid((0, 8, -86), (8, 6, 22)), False, 1.5),
    Structure("marrow", Tube(((20, 32, -84, 2), (12, 46, -86, 2), (0, 50, -86, 3))), wall=1.5),
    Structure("marrow", PETROUS, wall=1.5),
    # air
    Structure(
        "air", Tube(((0, -36, -50, 8), (0, -24, -70, 9), (0, -20, -120, 9))), False, 2, "mucosa"
    ),
    Structure("air", Ellipsoid((27, -66, -52), (13, 17, 16)), wall=1.2),
    Structure("air", Ellipsoid((10, -29, -27), (9, 13, 9)), wall=1.2),
    Structure("air", Ellipsoid((6, -75, -50), (6, 34, 17)), wall=1.2),
    Structure("air", Tube(((6, -100, -56, 4), (6, -104, -64, 3.5))), wall=2, wall_tissue="skin"),
    Structure("mucosa", Ellipsoid((6, -70, -58), (3.5, 22, 5))),
    Structure("mucosa", Ellipsoid((5, -66, -46), (2.5, 18, 4))),
    # eyes
    Structure("fat", Ellipsoid((29, -70, -27), (18, 29, 17)), wall=1.6),
    Structure("skin", Ellipsoid((33, -95, -27), (14, 5, 8))),
    *(
        Structure("air", Ellipsoid((x, y, z), (r, 1.2 * r, 1.5 * r)), wall=0.8)
        for x, y, z, r in (
            (7, -81, -22, 4),
            (8, -71, -26, 5),
            (6, -66, -19, 4.5),
            (9, -58, -28, 5.5),
            (5, -53, -21, 5),
            (10, -47, -24, 5),
        )
    ),
    Structure("muscle", Tube(((17, -45, -25, 1.5), (18, -62, -27, 2.5), (20, -80, -27, 1.3)))),
    Structure("muscle", Tube(((19, -45, -25, 1.5), (38, -60, -27, 2.5), (44, -80, -27, 1.3)))),
    Structure("muscle", Tube(((18, -45, -23, 1.5), (26, -62, -16, 2.5), (31, -80, -15, 1.3)))),
    Structure("muscle", Tube(((18, -45, -27, 1.5), (26, -62, -38, 2.5), (31, -80, -39, 1.3)))),
    Structure("eye", Ellipsoid((31, -84, -27), (12, 12, 12)), wall=1, wall_tissue="dura"),
    Structure("lens", Ellipsoid((31, -92.5, -27), (4.5, 2.2, 4.5))),
    Structure("white", Tube(((31, -73, -27, 1.8), (25, -58, -25, 1.8), (15, -38, -20, 1.8)))),
)

#: The frontal sinuses, inside the skull.
FRONTAL_SINUS = (Structure("air", Ellipsoid((11, -90.5, 1), (12, 4.5, 11)), wall=1.2),)

#: Inside the brain, each drawn over the ones before it.
DEEP = (
    Structure("brainstem", Tube(((8, 8, 0, 8), (8, 4, -14, 9))), wall=2, wall_tissue="csf"),
    Structure("brainstem", Ellipsoid((0, 6, -29), (17, 13, 14)), False, 2, "csf"),
    Structure(
        "brainstem",
        Tube(
            ((0, 12, -22, 11), (0, 16, -46, 8), (0, 25, -66, 6), (0, 27, -80, 5), (0, 31, -130, 5))
        ),
        False,
    ),
    Structure("brainstem", Tube(((10, 8, -30, 6), (22, 30, -32, 5)))),
    Structure("white", Ellipsoid((0, -19, -13), (8, 4, 2)), False),
    Structure(
        "deep grey", Tube(((13, -33, 4, 7), (14, -27, 13, 5), (19, -8, 20, 3.5), (22, 8, 18, 2.5)))
    ),
    Structure("deep grey", Tube(((21, -30, 2, 5.5), (26, -17, 3, 8), (29, -2, 4, 5)))),
    Structure("deep grey", Ellipsoid((18, -13, 1), (3.5, 8, 6))),
    Structure("deep grey", Tube(((7, -8, 7, 6), (11, 4, 8, 9), (15, 12, 7, 8)))),
    Structure("deep grey", Ellipsoid((5, 8, -10), (3, 3, 3))),
    # ventricles: front horn, body, atrium and back horn; the lower horn; third, aqueduct, fourth
    Structure(
        "csf",
        Tube(
            (
                (6.5, -46, 6, 3),
                (7, -34, 13, 6),
                (8, -12, 19, 6),
                (15, 10, 19, 6),
                (24, 27, 13, 7.5),
                (27, 44, 9, 4),
                (25, 56, 8, 1.5),
            )
        ),
    ),
    Structure(
        "csf", Tube(((24, 27, 12, 7), (32, 18, -4, 4), (34, 0, -15, 2.5), (31, -14, -18, 2)))
    ),
    Structure("deep grey", Tube(((28, 14, -9, 2.5), (29, 0, -19, 3.5), (26, -16, -20, 6)))),
    Structure("csf", Ellipsoid((0, -3, 3), (2.2, 15, 9)), False),
    Structure("csf", Tube(((0, 10, -2, 1), (0, 16, -20, 1.2))), False),
    Structure("csf", Ellipsoid((0, 23, -32), (6, 5, 11)), False),
)

#: Planted truth: centre and half axes; all of it in deep white matter, three ways apart.
TRUTH = {
    "lesion": Ellipsoid((32, -8, 34), (7, 7, 7)),
    "calcification": Ellipsoid((-31, 22, 33), (4.5, 4.5, 4.5)),
    "oedema": Ellipsoid((-30, -24, 33), (8, 10, 8)),
}
#: Which modality shows it, and its value there.
SHOWS = {"lesion": "pet", "calcification": "ct", "oedema": "mr"}
TRUTH_TISSUE = {
    "lesion": TISSUES["white"]._replace(suv=14.0),
    "calcification": TISSUES["white"]._replace(hu=230),
    "oedema": TISSUES["white"]._replace(t1=430, t2=780),
}


@dataclass(frozen=True, eq=False)
class Phantom:
    """A head in four pictures, and the truth planted in it.

    Attributes:
        ct: HU.
        t1: T1-weighted MR, arbitrary units, on the grid of the CT.
        t2: T2-weighted MR, arbitrary units, on the grid of the CT.
        pet: FDG in SUV, on its own coarser and shifted grid with a smaller field of view.
        labels: uint8, shape (k, j, i) of the CT; positions in `TISSUES`.
        truth: bool, shape (k, j, i) of the CT: "lesion", "calcification" and "oedema".
        shows: the one modality that shows each: "pet", "ct" or "mr".
    """

    ct: Volume
    t1: Volume
    t2: Volume
    pet: Volume
    labels: np.ndarray
    truth: dict[str, np.ndarray]
    shows: dict[str, str]

    def centre(self, planted: str) -> tuple[float, float, float]:
        """LPS position in mm of the middle of a planted thing, such as "lesion"."""
        index = np.argwhere(self.truth[planted]).mean(axis=0)
        return tuple(map(float, (self.ct.matrix @ [*index[::-1], 1])[:3]))


def make_phantom(shape: tuple[int, int, int] = (96, 192, 192), seed: int = 0) -> Phantom:
    """Make a head. The same shape and seed give the same head bit for bit.

    Args:
        shape: (k, j, i) of the CT and the MR, each 16 to 1024. It sets the voxel size; the head
            stays as large as it is.
        seed: of the folds and the noise. The planted things stay where they are.

    Raises:
        MedFusionError: the shape cannot be used.

    Example:
        >>> head = make_phantom((24, 32, 32))
        >>> head.ct.spacing
        (7.5, 7.5, 8.0)
        >>> head.shows["oedema"]
        'mr'
    """
    shape = _checked(shape)
    anatomy, *noise = np.random.SeedSequence(seed).spawn(5)
    grid = _grid(shape, FIELD_OF_VIEW, CENTRE)
    folds = _Folds(np.random.default_rng(anatomy))
    labels, truth = _draw(grid, folds)
    ct, t1, t2, pet = map(np.random.default_rng, noise)
    return Phantom(
        ct=grid.like(_ct(_paint(labels, truth, "hu"), ct), "CT"),
        t1=grid.like(_mr(_paint(labels, truth, "t1"), NOISE["t1"], t1), "MR T1"),
        t2=grid.like(_mr(_paint(labels, truth, "t2"), NOISE["t2"], t2), "MR T2"),
        pet=_pet(grid.like(_paint(labels, truth, "suv"), "PET"), pet),
        labels=labels,
        truth=truth,
        shows=dict(SHOWS),
    )


def _checked(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """The shape as three whole numbers."""
    try:
        sizes = tuple(int(n) for n in shape)
        whole = all(a == b for a, b in zip(sizes, shape, strict=True))
    except (TypeError, ValueError):
        sizes, whole = (), False
    if not whole or len(sizes) != 3 or min(sizes) < 16 or max(sizes) > 1024:
        raise MedFusionError(
            f"A phantom of shape {shape} cannot be made; "
            "give three whole numbers (k, j, i) from 16 to 1024."
        )
    return sizes


def _grid(shape: tuple[int, ...], field: tuple[float, ...], centre: tuple[float, ...]) -> Volume:
    """An empty volume of a shape that covers a box: its size (k, j, i) in mm, its middle (LPS)."""
    spacing = np.array(field[::-1]) / np.array(shape[::-1])
    origin = np.array(centre) - spacing * (np.array(shape[::-1]) - 1) / 2
    return Volume(np.zeros(shape, np.float32), tuple(spacing), tuple(origin))


# Pictures ---------------------------------------------------------------------------------------


def _paint(labels: np.ndarray, truth: dict[str, np.ndarray], column: str) -> np.ndarray:
    """The value of every voxel in one picture, with edges half a voxel soft (partial volume)."""
    from scipy.ndimage import gaussian_filter

    table = np.array([getattr(tissue, column) for tissue in TISSUES.values()], np.float32)
    picture = table[labels]
    for name, mask in truth.items():
        if getattr(TRUTH_TISSUE[name], column) != getattr(TISSUES["white"], column):
            picture[mask] = getattr(TRUTH_TISSUE[name], column)
    return gaussian_filter(picture, 0.45, truncate=3, output=picture)


def _ct(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """HU with Gaussian noise, no lower than a scanner stores."""
    picture += NOISE["ct"] * rng.standard_normal(picture.shape, np.float32)
    return np.maximum(picture, -1024, out=picture)


def _mr(picture: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """The magnitude of a complex signal with a smooth bias field: Rician noise, in air, too.

    Gudbjartsson & Patz 1995, 10.1002/mrm.1910340618.
    """
    waves = [
        np.cos(np.linspace(0, np.pi * rng.uniform(0.7, 1.3), n) + rng.uniform(0, 2 * np.pi))
        for n in picture.shape
    ]
    for axis, wave in enumerate(waves):
        column = wave.astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        picture *= 1 + BIAS / 3 * column
    picture += sigma * rng.standard_normal(picture.shape, np.float32)
    imaginary = sigma * rng.standard_normal(picture.shape, np.float32)
    return np.hypot(picture, imaginary, out=picture)


def _pet(uptake: Volume, rng: np.random.Generator) -> Volume:
    """SUV as a PET scanner sees it: blurred, on its own grid, with correlated noise."""
    from scipy.ndimage import gaussian_filter

    spacing = np.maximum(2 * np.array(uptake.spacing), 2.0)
    shape = np.maximum(np.array(PET_FIELD_OF_VIEW) // spacing[::-1], 2).astype(int)
    grid = _grid(tuple(shape), tuple(shape * spacing[::-1]), PET_CENTRE)

    sigma = PET_BLUR / np.sqrt(8 * np.log(2))
    blurred = gaussian_filter(uptake.array, sigma / np.array(uptake.spacing[::-1]), truncate=3)
    seen = resample(uptake.like(blurred, "PET"), grid, outside=0)[0].array
    # counts: the variance grows with the signal; reconstruction correlates neighbours
    noise = gaussian_filter(
        rng.standard_normal(grid.shape, np.float32), 0.8 * sigma / np.array(grid.spacing[::-1])
    )
    noise *= NOISE["pet"] / noise.std()
    seen = seen + noise * np.sqrt(TISSUES["grey"].suv * (seen + 0.02))
    return grid.like(np.maximum(seen, 0), "PET")


# Anatomy ----------------------------------------------------------------------------------------


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


class _Folds:
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

    def __init__(self, x: np.ndarray, y: np.ndarray, z: np.ndarray, folds: _Folds) -> None:
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
    width = np.float32(width)
    seam = np.maximum(width - np.abs(a - b), 0)
    return np.minimum(a, b) - seam * seam / (4 * width)


def _to_sheet(sheet: np.ndarray, *beyond: np.ndarray) -> np.ndarray:
    """Distance to a sheet that ends: `sheet` mm from its plane and `beyond` mm past its edges."""
    return np.sqrt(sheet**2 + sum(np.maximum(b, 0) ** 2 for b in beyond))


def _slabs(grid: Volume, folds: _Folds) -> Iterator[tuple[slice, _Slab]]:
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


def _draw(grid: Volume, folds: _Folds) -> tuple[np.ndarray, dict[str, np.ndarray]]:
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
