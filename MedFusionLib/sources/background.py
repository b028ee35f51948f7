"""What in a volume is background: outside the field of view, outside a mask, or air.

Decided once for the whole volume, never per slice, so that nothing flickers from slice to slice.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from ..sharing import shared
from .hounsfield import in_hounsfield
from .modalities import check_modality
from .volumes import Volume

CT_AIR = -300.0  # HU: no tissue of the head lies below
ONE_GREY_LEVEL = 1 / 255
AIR_AT_MOST = 0.1  # of the range of values
FILLED_BORDER = 0.3  # of the outer voxels: a value that this many share was filled in
RARER = 0.1  # of that value's voxels: no other value is as frequent (air has noise)
MOST_GAPS = 0.99  # of a volume: no scan is padded more
NO_AIR = -np.inf  # a background level that no voxel lies below


# Voxels that say nothing -------------------------------------------------------------------------


@shared
def with_gaps(volume: Volume, modality: str) -> Volume:
    """The volume with NaN where nothing was measured: its NaN, and padding from its border.

    Padding (such as -32768) and a masked head (0 around z-scores, or around brain in HU) have one
    value in much of the border. Where that value lies among those of tissue, or far below all of
    them, it is no measurement: its voxels that hang together with the border become NaN. A value
    that `background_level` finds by itself (0 below all tissue, air of a CT in HU) stays.

    Args:
        volume: in its own units.
        modality: "mr", "ct", "pet" or "spect".

    Returns:
        The volume itself where nothing was filled in; else a copy, with a note that says how much.

    Example:
        >>> scores = np.full((6, 6, 6), -1.5)
        >>> scores[2:4, 2:4, 2:4] = [[[-2, -1], [0.5, 1]], [[2, 3], [-1, 1]]]
        >>> scores[scores == -1.5] = 0
        >>> int(np.isnan(with_gaps(Volume(scores), "mr").array).sum())
        208
    """
    from scipy import ndimage

    check_modality(modality)
    value = _filled_in(volume, modality)
    if value is None:
        return volume
    parts, _ = ndimage.label(volume.array == value)
    gaps = _touching_border(parts)[parts]
    if gaps.mean() > MOST_GAPS:
        return volume
    note = (
        f"{gaps.mean():.0%} of {volume.name}, from its border inwards, holds the one value "
        f"{value:g}: padding or a mask. It counts as outside the field of view."
    )
    array = np.where(gaps, np.float32(np.nan), volume.array)
    return replace(volume, array=array, notes=(*volume.notes, note))


def without_gaps(volume: Volume, modality: str) -> Volume:
    """The volume with the background's value in place of NaN and of padding."""
    gapped = with_gaps(volume, modality)
    gaps = np.isnan(gapped.array)
    if not gaps.any():
        return volume
    return replace(
        gapped, array=np.where(gaps, np.float32(outside_value(gapped, modality)), gapped.array)
    )


@shared
def outside_value(volume: Volume, modality: str) -> float:
    """What stands where a volume does not reach: air for a CT in HU, else 0 or an MR's lowest."""
    if modality == "ct" and in_hounsfield(volume):
        return -1000.0
    return min(0.0, float(np.nanmin(volume.array))) if modality == "mr" else 0.0


def gaps_warning(volume: Volume) -> str:
    """A sentence that says how much of a volume, as it was given, is NaN; "" where nothing is."""
    part = float(np.isnan(volume.array).mean())
    if not part:
        return ""
    return (
        f"{max(part, 1e-4):.2%} of {volume.name} is NaN, as some programs write it around what "
        "they computed; it counts as outside the field of view."
    )


def _filled_in(volume: Volume, modality: str) -> float | None:
    """The value that was filled in around a volume; None where there is none of that kind."""
    array = volume.array
    faces = np.concatenate([array.take(end, axis).ravel() for axis in range(3) for end in (0, -1)])
    faces = faces[np.isfinite(faces)]
    values, counts = np.unique(faces, return_counts=True)
    if len(values) == 0:
        return None
    most = int(counts.argmax())
    value, count = float(values[most]), int(counts[most])
    others = np.delete(counts, most).max(initial=0)
    if count < FILLED_BORDER * faces.size or others > RARER * count:
        value = float(values[0])  # padding of some sides alone
        if counts[0] < RARER * faces.size or not _far_below(array, value):
            return None
        return value
    lowest = float(np.nanmin(array))
    if modality == "ct" and in_hounsfield(volume):
        return value if value > CT_AIR else None
    if value > lowest:
        return None if modality in ("pet", "spect") and value == 0 else value
    return value if _far_below(array, value) else None


def _far_below(array: np.ndarray, value: float) -> bool:
    """Whether a negative value lies below all others by more than these differ."""
    if value >= 0 or value > np.nanmin(array):
        return False
    rest = array[array > value]
    return rest.size > 0 and float(rest.min()) - value > float(np.ptp(rest))


def _touching_border(parts: np.ndarray) -> np.ndarray:
    """For each label, whether a voxel of it lies on the border; False for label 0."""
    seeds = np.zeros(parts.max() + 1, bool)
    for face in (0, -1):
        for border in (parts[face], parts[:, face], parts[:, :, face]):
            seeds[border] = True
    seeds[0] = False
    return seeds


# Air ---------------------------------------------------------------------------------------------


@shared
def background_level(volume: Volume, modality: str) -> float:
    """The value up to which a voxel outside the patient counts as background.

    For a CT in HU it is -300 HU. Else it is the noise of the air, measured in the four darkest
    corners of what was scanned (a frame of one fill value around it is left out): its mean and
    5.7 standard deviations, which is 5 sigma of Rayleigh noise, without what lies beyond. Moments
    instead of medians, for they also hold for whole numbers, of which most may be the same. Where
    the air is clean it is one grey level of 255. It never exceeds a tenth of the range from 0 (or
    from a negative smallest value of an MR). Where the corners are gaps (a masked head) there is
    no air: minus infinity.

    Args:
        volume: of `with_gaps`.
        modality: "mr", "ct", "pet" or "spect".

    Returns:
        The level in the volume's own units.
    """
    check_modality(modality)
    if modality == "ct" and in_hounsfield(volume):
        return CT_AIR
    floor, span = _range(volume, modality)
    clean = floor + span * ONE_GREY_LEVEL * 0.99  # a voxel of one grey level is tissue
    corners = _corners(volume.array)
    known = np.isfinite(corners)
    if not known.all():
        if known.mean() < 0.5:
            return NO_AIR
        corners = corners[known]
    if modality == "ct":
        return clean
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
    if level == NO_AIR or (modality == "ct" and in_hounsfield(volume)):
        return ""
    corners = _corners(volume.array)
    corners = corners[np.isfinite(corners)]
    floor, span = _range(volume, modality)
    if np.median(corners) > floor + 2 * AIR_AT_MOST * span or np.mean(corners <= level) > 0.5:
        return ""
    return (
        f"Little background was found in {volume.name}, although its corners are dark: noise "
        "around the patient may be shown as tissue; set its air to 0, or choose a window that "
        "begins above the noise."
    )


@shared
def background_mask(volume: Volume, level: float) -> np.ndarray:
    """Where a volume holds nothing: bool (k, j, i).

    Gaps (NaN), voxels up to `level` that hang together with the outside of the volume, and, in a
    volume with a flat background, every voxel of exactly that value. Dim tissue inside the head
    (fluid in T1, cortical bone) so stays tissue even where it is as dark as the air.

    Args:
        volume: of `with_gaps`.
        level: from `background_level`.
    """
    from scipy import ndimage

    array = volume.array
    lowest = array.min()
    gaps = np.isnan(array) if np.isnan(lowest) else None
    if level == NO_AIR:
        return np.zeros(array.shape, bool) if gaps is None else gaps
    floor = array == (lowest if gaps is None else np.nanmin(array))
    flat = floor if floor.mean() >= 0.01 else np.zeros_like(floor)
    dark = array <= level
    if gaps is not None:
        dark |= gaps
        flat |= gaps
    parts, _ = ndimage.label(dark)
    return _touching_border(parts)[parts] | flat


@shared
def _range(volume: Volume, modality: str) -> tuple[float, float]:
    """Where the values begin, and how far they reach without the brightest."""
    array = volume.array
    lowest = float(array.min())
    if np.isnan(lowest):
        array = array[np.isfinite(array)]
        lowest = float(array.min())
    floor = min(lowest, 0.0) if modality == "mr" else 0.0
    span = float(np.percentile(array, 99.5)) - floor
    return floor, span if span > 0 else float(array.max()) - floor


@shared
def _corners(array: np.ndarray) -> np.ndarray:
    """The values in the four darkest corners of the box that holds all but the smallest value.

    Blocks of an eighth of each side: a head that fills the box does not reach them. NaN, too, is
    left out of the box, and counts as dark in a corner.
    """
    lowest = np.nanmin(array)
    held = array != lowest
    if np.isnan(array.min()):
        held &= np.isfinite(array)
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
    return np.concatenate(
        sorted(blocks, key=lambda block: np.mean(np.where(np.isnan(block), lowest, block)))[:4]
    )
