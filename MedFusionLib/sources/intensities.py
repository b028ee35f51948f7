"""From a modality's own units to [0, 1], and what in a volume is background.

Both are decided once for the whole volume, never per slice, so that brightness does not flicker
from slice to slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..errors import MedFusionError
from .modalities import check_modality
from .volumes import BRIGHTEST, Volume

CT_LEVEL, CT_WIDTH = 55.0, 150.0  # HU: fluid about 0.16, brain about 0.35, bone saturated
CT_AIR = -300.0  # HU: no tissue of the head lies below
MR_PERCENTILES = (0.5, 99.5)
UPTAKE_PERCENTILE = 99.9
HOT, HOT_VOLUME = 1.2, 50.0  # times that percentile, and mm^3: a spot that is no noise
HOTTEST = 10.0  # times that percentile, at most
SHOULDER = 0.9  # what that percentile is shown as, where a spot is hotter
ONE_GREY_LEVEL = 1 / 255
AIR_AT_MOST = 0.1  # of the range of values
NARROWEST = 1e-30  # of a window: within, float32 has numbers


@dataclass(frozen=True)
class Window:
    """The range of values that is shown as 0 to 1, in the volume's own units.

    Attributes:
        lower: shown as 0, like all below it.
        upper: shown as 1, like all above it.
        how: how it was found, in words, for the report.
        shoulder: the value that is shown as `SHOULDER`; what lies above is compressed into the
            rest of the range, so that what is hot keeps its order. None: a plain window.
    """

    lower: float
    upper: float
    how: str = "given by the user"
    shoulder: float | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.lower) and np.isfinite(self.upper) and self.lower < self.upper):
            raise MedFusionError(
                f"The intensity window {self.lower:g} to {self.upper:g} is empty; "
                "its upper end must be above its lower end."
            )
        if self.upper - self.lower < NARROWEST or max(-self.lower, self.upper) > BRIGHTEST:
            raise MedFusionError(
                f"The intensity window {self.lower:g} to {self.upper:g} is too narrow or too far "
                "from 0 to tell values apart."
            )

    def scale(self, array: np.ndarray) -> np.ndarray:
        """The array in [0, 1], float32."""
        scaled = np.subtract(array, self.lower, dtype=np.float32)
        if self.shoulder is not None:
            knee = self.shoulder - self.lower
            steep, flat = SHOULDER / knee, (1 - SHOULDER) / (self.upper - self.shoulder)
            scaled = np.minimum(scaled * np.float32(steep), SHOULDER + (scaled - knee) * flat)
            return np.clip(scaled, 0, 1).astype(np.float32)
        scaled /= np.float32(self.upper - self.lower)
        return np.clip(scaled, 0, 1, out=scaled)


def is_windowed_ct(volume: Volume) -> bool:
    """Whether a CT is a picture of grey levels 0..255 (or 0..1) already, and not in HU.

    A CT in HU has air, near -1000, so its smallest value tells the two apart.
    """
    return bool(volume.array.min() >= 0 and volume.array.max() <= 255)


def outside_value(volume: Volume, modality: str) -> float:
    """What stands where a volume does not reach: air for a CT in HU, else 0."""
    return -1000.0 if modality == "ct" and not is_windowed_ct(volume) else 0.0


def choose_window(volume: Volume, modality: str) -> Window:
    """The default window of a modality.

    CT: level 55, width 150 HU; grey levels of an already windowed CT are used as they are. MR:
    the 0.5th to the 99.5th percentile of what is not background. PET and SPECT: 0 to the 99.9th
    percentile of what is not background; where a spot is hotter by far, that percentile is shown as
    0.9, and what is hotter above it, so that it keeps its order.

    Args:
        volume: finite, not constant.
        modality: "mr", "ct", "pet" or "spect".

    Returns:
        The window, with a note on how it was found.

    Example:
        >>> head = Volume(np.linspace(-1000, 1500, 1000).reshape(10, 10, 10))
        >>> choose_window(head, "ct").lower
        -20.0
    """
    check_modality(modality)
    if modality == "ct":
        if is_windowed_ct(volume):
            top = 255.0 if volume.array.max() > 1 else 1.0
            return Window(0.0, top, f"CT already windowed, grey levels 0..{top:g} used as they are")
        half = CT_WIDTH / 2
        how = f"CT window, level {CT_LEVEL:g} HU, width {CT_WIDTH:g} HU"
        return Window(CT_LEVEL - half, CT_LEVEL + half, how)

    tissue = volume.array[~background_mask(volume, background_level(volume, modality))]
    if modality == "mr":
        lower, upper = np.percentile(tissue, MR_PERCENTILES) if tissue.size else (0, 0)
        how = "MR, percentiles {} and {} of what is not background".format(*MR_PERCENTILES)
    else:
        lower, upper = 0.0, np.percentile(tissue, UPTAKE_PERCENTILE) if tissue.size else 0
        how = f"{modality.upper()}, 0 to percentile {UPTAKE_PERCENTILE} of what is not background"
        hottest = min(_hot_spot(volume, upper), HOTTEST * upper)
        if hottest > upper:
            how = (
                f"{modality.upper()}, 0 to the hottest spot; {SHOULDER:.0%} of the range up to "
                f"{upper:.4g}, percentile {UPTAKE_PERCENTILE} of what is not background"
            )
            return Window(0.0, float(hottest), how, float(upper))
    if lower >= upper:  # two-valued pictures
        lower, upper = float(volume.array.min()), float(volume.array.max())
        how = f"{modality.upper()}, smallest to largest value"
    return Window(float(lower), float(upper), how)


def _hot_spot(volume: Volume, usual: float) -> float:
    """The largest value of the spots that are hotter than usual by far; 0 where there is none."""
    from scipy import ndimage

    hot = volume.array > HOT * usual
    if usual <= 0 or not hot.any():
        return 0.0
    spots, count = ndimage.label(hot, np.ones((3, 3, 3)))
    sizes = np.bincount(spots.ravel(), minlength=count + 1) * np.prod(volume.spacing)
    sizes[0] = 0
    tops = ndimage.maximum(volume.array, spots, np.flatnonzero(sizes >= HOT_VOLUME))
    return float(np.max(tops, initial=0))


def background_level(volume: Volume, modality: str) -> float:
    """The value up to which a voxel outside the patient counts as background.

    For a CT in HU it is -300 HU. Else it is the noise of the air, measured in the four darkest
    corners of what was scanned (a frame of one fill value around it is left out): its mean and
    5.7 standard deviations, which is 5 sigma of Rayleigh noise, without what lies beyond. Moments
    instead of medians, for they also hold for whole numbers, of which most may be the same. Where
    the air is clean it is one grey level of 255. It never exceeds a tenth of the range from 0 (or
    from a negative smallest value of an MR).

    Args:
        volume: finite.
        modality: "mr", "ct", "pet" or "spect".

    Returns:
        The level in the volume's own units.
    """
    check_modality(modality)
    if modality == "ct" and not is_windowed_ct(volume):
        return CT_AIR
    floor, span = _range(volume, modality)
    clean = floor + span * ONE_GREY_LEVEL * 0.99  # a voxel of one grey level is tissue
    if modality == "ct":
        return clean
    corners = _corners(volume.array)
    highest = level = floor + span * AIR_AT_MOST
    if np.ptp(corners) == 0:  # no noise
        return clean
    air = corners[corners > floor]  # a flat fill value says nothing of the noise
    while True:
        inside = air[air <= level]
        if inside.size < corners.size / 20:
            return clean
        rounding = np.diff(np.unique(inside), prepend=floor).min() / np.sqrt(12)
        found = min(float(inside.mean() + 5.7 * np.hypot(inside.std(), rounding)), highest)
        if found >= level or inside.size == air.size:
            return max(found, clean)
        level, air = found, inside


def background_warning(volume: Volume, modality: str, level: float) -> str:
    """A sentence where a volume's corners are dark and yet above the background level; else ""."""
    corners = _corners(volume.array)
    if modality == "ct" and not is_windowed_ct(volume):
        return ""
    floor, span = _range(volume, modality)
    if np.median(corners) > floor + 2 * AIR_AT_MOST * span or np.mean(corners <= level) > 0.5:
        return ""
    return (
        f"Little background was found in {volume.name}, although its corners are dark: noise "
        "around the patient may be shown as tissue; set its air to 0, or choose a window that "
        "begins above the noise."
    )


def _range(volume: Volume, modality: str) -> tuple[float, float]:
    """Where the values begin, and how far they reach without the brightest."""
    array = volume.array
    floor = min(float(array.min()), 0.0) if modality == "mr" else 0.0
    span = float(np.percentile(array, 99.5)) - floor
    return floor, span if span > 0 else float(array.max()) - floor


def _corners(array: np.ndarray) -> np.ndarray:
    """The values in the four darkest corners of the box that holds all but the smallest value.

    Blocks of an eighth of each side: a head that fills the box does not reach them.
    """
    held = array != array.min()
    box = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        places = np.flatnonzero(held.any(axis=others))
        box.append(slice(places[0], places[-1] + 1) if places.size else slice(None))
    scanned = array[tuple(box)]
    sides = [
        (slice(0, max(2, size // 8)), slice(max(size - max(2, size // 8), 0), size))
        for size in scanned.shape
    ]
    blocks = [scanned[place].ravel() for place in product(*sides)]
    return np.concatenate(sorted(blocks, key=np.mean)[:4])


def background_mask(volume: Volume, level: float) -> np.ndarray:
    """Where a volume holds nothing: bool (k, j, i).

    Voxels up to `level` that hang together with the outside of the volume, and, in a volume with
    a flat background, every voxel of exactly that value. Dim tissue inside the head (fluid in
    T1, cortical bone) so stays tissue even where it is as dark as the air.

    Args:
        volume: the volume.
        level: from `background_level`.
    """
    from scipy import ndimage

    array = volume.array
    floor = array == array.min()
    flat = floor if floor.mean() >= 0.01 else np.zeros_like(floor)
    dark = array <= level
    parts, _ = ndimage.label(dark)
    seeds = np.zeros(parts.max() + 1, bool)
    for axis in range(3):
        for face in (0, -1):
            seeds[parts.take(face, axis)] = True
    seeds[0] = False
    return seeds[parts] | flat
