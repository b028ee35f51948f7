"""A digital head in CT, MR and PET, with planted truth, so that no real data need be shipped.

The anatomy is written in millimetres, so it is the same head at every size. Coordinates are LPS:
x grows to the left, y to the back, z to the top of the head; the origin lies between the
hemispheres, near the third ventricle. It is made from two kinds of shape (`shapes.py`)
and from smooth random fields that fold the cortex.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import MedFusionError
from ..sources.volumes import Volume
from .drawing import Folds, draw
from .modalities import CENTRE, FIELD_OF_VIEW, NOISE, as_ct, as_mr, as_pet, empty_grid, paint
from .truth import SHOWS


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
        left, posterior, superior = (self.ct.matrix @ [*index[::-1], 1])[:3].tolist()
        return left, posterior, superior


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
    grid = empty_grid(shape, FIELD_OF_VIEW, CENTRE)
    folds = Folds(np.random.default_rng(anatomy))
    labels, truth = draw(grid, folds)
    ct, t1, t2, pet = map(np.random.default_rng, noise)
    return Phantom(
        ct=grid.like(as_ct(paint(labels, truth, "hu"), ct), "CT"),
        t1=grid.like(as_mr(paint(labels, truth, "t1"), NOISE["t1"], t1), "MR T1"),
        t2=grid.like(as_mr(paint(labels, truth, "t2"), NOISE["t2"], t2), "MR T2"),
        pet=as_pet(grid.like(paint(labels, truth, "suv"), "PET"), pet),
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
