"""The head as a CT, an MR and a PET scanner would show it."""

from __future__ import annotations

import numpy as np

from ..sources.volumes import Volume, resample
from .tissues import TISSUES
from .truth import TRUTH_TISSUE

#: mm that the CT and MR cover along (k, j, i), and LPS position of the middle of that box
FIELD_OF_VIEW = (192.0, 240.0, 240.0)
CENTRE = (0.0, -10.0, 1.0)
#: the same for the PET
PET_FIELD_OF_VIEW = (172.0, 214.0, 182.0)
PET_CENTRE = (1.3, -2.1, 4.7)

#: full width at half maximum in mm of the PET's point spread
PET_BLUR = 5.5

#: Standard deviation of the noise: HU, MR units; for PET as a part of the signal of grey matter.
NOISE = {"ct": 5.0, "t1": 14.0, "t2": 16.0, "pet": 0.06}
#: Half the range of the MR bias field, as a part of the signal.
BIAS = 0.12


def empty_grid(
    shape: tuple[int, ...], field: tuple[float, ...], centre: tuple[float, ...]
) -> Volume:
    """An empty volume of a shape that covers a box: its size (k, j, i) in mm, its middle (LPS)."""
    spacing = np.array(field[::-1]) / np.array(shape[::-1])
    origin = np.array(centre) - spacing * (np.array(shape[::-1]) - 1) / 2
    return Volume(np.zeros(shape, np.float32), tuple(spacing), tuple(origin))


def paint(labels: np.ndarray, truth: dict[str, np.ndarray], column: str) -> np.ndarray:
    """The value of every voxel in one picture, with edges half a voxel soft (partial volume)."""
    from scipy.ndimage import gaussian_filter

    table = np.array([getattr(tissue, column) for tissue in TISSUES.values()], np.float32)
    picture = table[labels]
    for name, mask in truth.items():
        if getattr(TRUTH_TISSUE[name], column) != getattr(TISSUES["white"], column):
            picture[mask] = getattr(TRUTH_TISSUE[name], column)
    return gaussian_filter(picture, 0.45, truncate=3, output=picture)


def as_ct(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """HU with Gaussian noise, no lower than a scanner stores."""
    picture += NOISE["ct"] * rng.standard_normal(picture.shape, np.float32)
    return np.maximum(picture, -1024, out=picture)


def as_mr(picture: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
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


def as_pet(uptake: Volume, rng: np.random.Generator) -> Volume:
    """SUV as a PET scanner sees it: blurred, on its own grid, with correlated noise."""
    from scipy.ndimage import gaussian_filter

    spacing = np.maximum(2 * np.array(uptake.spacing), 2.0)
    shape = np.maximum(np.array(PET_FIELD_OF_VIEW) // spacing[::-1], 2).astype(int)
    grid = empty_grid(tuple(shape), tuple(shape * spacing[::-1]), PET_CENTRE)

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
