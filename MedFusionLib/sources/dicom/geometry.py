"""Slices put in order, and straight where a gantry was tilted.

All slices must have one orientation, one pixel size, and places on a straight line in even steps.
Where that line is not at right angles to the slices (the tilted gantry of a head CT) every slice is
shifted within its plane onto a straight grid, and a note says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import MedFusionError
from .files import broken
from .frames import SAME, Slice

UNEVEN = 0.1  # of the distance between slices: how far one may lie from its place
STRAIGHT = 0.1  # of a pixel, over the whole stack: less is no tilt
STEEPEST = 45.0  # degrees


def volumes_in(slices: Sequence[Slice]) -> list[list[Slice]]:
    """The volumes of a time series, in the order of their times; one where it is none.

    It is one where every place holds the same number of slices, each of another time.
    """
    places: dict[tuple[float, ...], list[Slice]] = {}
    for one in slices:
        places.setdefault(tuple(np.round(one.place, 2)), []).append(one)
    counts = {len(part) for part in places.values()}
    times = [{one.time for one in part} for part in places.values()]
    if len(counts) > 1 or any(None in part or {len(part)} != counts for part in times):
        return [list(slices)]
    parts = [sorted(part, key=lambda one: one.time or 0.0) for part in places.values()]
    return [list(volume) for volume in zip(*parts, strict=True)]


def in_order(
    slices: Sequence[Slice], path: Path
) -> tuple[list[Slice], tuple[float, float, float], np.ndarray]:
    """The slices along their normal, the spacing in mm, and the step from one to the next."""
    _check_alike(slices)
    normal = np.cross(*slices[0].axes)
    slices = sorted(slices, key=lambda one: float(one.place @ normal))
    places = np.array([one.place for one in slices])
    gaps = np.diff(places @ normal)
    if gaps.min() < 1e-3:
        second = slices[int(gaps.argmin()) + 1]
        raise broken(
            second.file, "lies where another slice lies; give one time, echo or phase alone"
        )
    if gaps.max() - gaps.min() > UNEVEN * np.median(gaps):
        raise MedFusionError(
            f"The DICOM slices in {path} lie {gaps.min():.3g} to {gaps.max():.3g} mm apart: some "
            "are missing, or the series is not evenly spaced; complete it, or resample it first."
        )
    step = (places[-1] - places[0]) / (len(slices) - 1)
    off = np.linalg.norm(places - places[0] - np.outer(np.arange(len(slices)), step), axis=1)
    if off.max() > UNEVEN * gaps.mean():
        worst = slices[int(off.argmax())]
        raise broken(
            worst.file, f"lies {off.max():.2g} mm beside the line of the others; correct the series"
        )
    return slices, (*slices[0].pixel, float(step @ normal)), step


def _check_alike(slices: Sequence[Slice]) -> None:
    """Raise a MedFusionError that names a slice that is not as most of the others."""
    for what, key, far in (
        ("another size", lambda one: one.size, 0),
        ("another pixel spacing", lambda one: one.pixel, 1e-4),
        ("another orientation (is it a localiser?)", lambda one: one.axes.ravel(), SAME),
    ):
        values = np.array([key(one) for one in slices], float)
        off = np.abs(values - np.median(values, axis=0)).max(axis=1)
        if off.max() > far:
            raise broken(
                slices[int(off.argmax())].file, f"has {what} than the others; put it elsewhere"
            )


def straightened(
    array: np.ndarray,
    slices: Sequence[Slice],
    spacing: tuple[float, float, float],
    step: np.ndarray,
    name: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """The slices on a grid with right angles, shifted in their planes where tilted.

    Args:
        array: their values, (slices, rows, columns).
        slices: in order.
        spacing: mm between voxels along i, j, k.
        step: LPS mm from one slice to the next.
        name: of the volume, for sentences.

    Returns:
        The values, origin and direction of the grid, and a note where they were shifted.

    Raises:
        MedFusionError: no gantry is tilted so far.
    """
    row, column = slices[0].axes
    row = row / np.linalg.norm(row)
    column = column - row * (row @ column)
    column /= np.linalg.norm(column)
    normal = np.cross(row, column)
    direction = np.stack([row, column, normal], axis=1)
    origin = slices[0].place
    numbers = np.arange(len(slices))
    # pixels by which each slice lies beside the normal through the first, along columns and rows
    shifts = np.outer(numbers, [column @ step / spacing[1], row @ step / spacing[0]])
    if np.abs(shifts[-1]).max() < STRAIGHT:
        return array, origin, direction, ""
    angle = float(np.degrees(np.arccos(normal @ step / np.linalg.norm(step))))
    if angle > STEEPEST:
        raise MedFusionError(
            f"The slices of {name} follow one another at {angle:.0f} degrees beside their normal; "
            "that is no tilted gantry, correct the series."
        )
    from scipy import ndimage

    first = np.floor(shifts.min(0)).astype(int)
    more = np.ceil(shifts.max(0)).astype(int) - first
    air = float(np.nanmin(array))
    wider = np.pad(array, ((0, 0), (0, more[0]), (0, more[1])), constant_values=air)
    for number, shift in zip(numbers, shifts - first, strict=True):
        wider[number] = ndimage.shift(wider[number], shift, order=1, cval=air)
    origin = origin + first[0] * spacing[1] * column + first[1] * spacing[0] * row
    note = (
        f"The slices of {name} are tilted by {angle:.1f} degrees against the way they follow one "
        "another (a tilted gantry); each was shifted in its plane onto a grid with right angles."
    )
    return wider, origin, direction, note
