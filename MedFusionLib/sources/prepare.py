"""Source volumes made ready to fuse: on one grid, in [0, 1], with their common background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..errors import MedFusionError
from .background import (
    background_level,
    background_mask,
    background_warning,
    gaps_warning,
    outside_value,
    with_gaps,
)
from .hounsfield import in_hounsfield, units_warning
from .intensities import Window, choose_window
from .volumes import (
    Volume,
    check_values,
    resample,
    same_grid,
    samples_within,
    size_warning,
    to_slices,
)

ALL = slice(None)
LESS_SHARP = 0.95  # than a PET or SPECT: no MR is
MUCH_FINER = 3  # voxels within one of the reference
FILLED = 0.02  # a slice with less than this that is not background shows nothing


@dataclass(frozen=True, eq=False)
class Sources:
    """What a fusion starts from.

    Attributes:
        volumes: the sources in their own units on the reference grid, the reference first.
        modalities: "mr", "ct", ... of each.
        windows: the intensity window of each.
        background: bool (k, j, i), True where no source holds anything.
        coverage: the fraction of the reference grid that lies inside each source.
        warnings: sentences for the user.
    """

    volumes: tuple[Volume, ...]
    modalities: tuple[str, ...]
    windows: tuple[Window, ...]
    background: np.ndarray
    coverage: tuple[float, ...]
    warnings: tuple[str, ...]

    @property
    def reference(self) -> Volume:
        """The first source; every result lies on its grid."""
        return self.volumes[0]

    @property
    def scaled(self) -> tuple[np.ndarray, ...]:
        """The sources in [0, 1], made when asked for: they are as large as the volumes."""
        return self.slices((0, 1, 2), ())

    def slices(
        self, order: tuple[int, ...], flips: tuple[int, ...], which: slice | np.ndarray = ALL
    ) -> tuple[np.ndarray, ...]:
        """The sources' slices in [0, 1], (slices, rows, columns) each.

        Args:
            order, flips: how the slices lie, see `volumes.slice_order`.
            which: of the slices; default: all.
        """
        parts = (to_slices(volume.array, order, flips)[which] for volume in self.volumes)
        return tuple(map(Window.scale, self.windows, parts))


def prepare(
    volumes: Sequence[Volume],
    modalities: Sequence[str],
    windows: Sequence[Window | None] | None = None,
) -> Sources:
    """Check the sources, bring them onto the first one's grid and choose their windows.

    Args:
        volumes: the sources, in their own units and on their own grids, the reference first.
        modalities: of each.
        windows: an intensity window for each, or None where the modality's default is to be used.

    Returns:
        The prepared sources.

    Raises:
        MedFusionError: a volume holds infinite voxels, is constant, does not overlap the
            reference, is given twice, or is of another modality by its own file.
    """
    windows = windows or [None] * len(volumes)
    reference = volumes[0]
    _check_sources(volumes, modalities)
    placed, chosen, coverage, warnings = [], [], [], []
    background = np.ones(reference.shape, bool)
    for volume, modality, window in zip(volumes, modalities, windows, strict=True):
        source = with_gaps(volume, modality)
        level = background_level(source, modality)
        own = background_mask(source, level) if modality != "ct" or source is volumes[0] else None
        window = window or choose_window(source, modality, own)
        samples = samples_within(source, reference)
        outside = outside_value(source, modality)
        on_grid, inside = resample(source, reference, outside, samples)
        covered = float(inside.mean())
        gaps = np.isnan(on_grid.array)
        if gaps.any():
            inside &= ~gaps
            on_grid = on_grid.like(np.where(gaps, np.float32(outside), on_grid.array), volume.name)
        warnings += [
            *source.notes,
            size_warning(volume),
            gaps_warning(volume),
            background_warning(source, modality, level),
            _averaging_warning(source, reference, samples),
            _coverage_warning(source, reference, covered),
            units_warning(volume) if modality == "ct" else "",
            *_value_warnings(source, modality, window),
        ]
        same = own is not None and on_grid.array is source.array
        background &= (own if same else background_mask(on_grid, level)) | ~inside
        placed.append(on_grid)
        chosen.append(window)
        coverage.append(covered)
    warnings += _exchange_warnings(placed, chosen, modalities, background)
    return Sources(
        tuple(placed),
        tuple(modalities),
        tuple(chosen),
        background,
        tuple(coverage),
        tuple(filter(None, warnings)),
    )


def as_8_bit(images: np.ndarray) -> np.ndarray:
    """Images in [0, 1], rounded to 256 grey levels, halves upwards as the publications' programs.

    Example:
        >>> as_8_bit(np.array([0.5, 1.0])) * 255
        array([128., 255.])
    """
    return np.floor(images * np.float32(255) + np.float32(0.5)) / np.float32(255)


#: what grey levels may run up to, and still be told from those of the next kind
FULL_RANGES = (1, 255, 65535)


def as_stored(volumes: Sequence[Volume], modalities: Sequence[str]) -> Sources:
    """The sources as they are stored, as public test sets are scored: no window, no stretching.

    Values up to 1, up to 255 or up to 65535 become 0..1, the same for all sources. Background is
    where all are exactly 0.

    Args:
        volumes: the sources on one grid, the reference first.
        modalities: of each.

    Raises:
        MedFusionError: values below 0 or too large, or the grids differ.

    Example:
        >>> grey = Volume(np.array([[[0, 51, 255]]]))
        >>> as_stored([grey, grey], ["mr", "ct"]).scaled[0]
        array([[[0. , 0.2, 1. ]]], dtype=float32)
    """
    for volume in volumes:
        check_values(volume)
        low, high = float(volume.array.min()), float(volume.array.max())
        if low < 0 or high > FULL_RANGES[-1]:
            raise MedFusionError(
                f"{volume.name} runs from {low:g} to {high:g}; expected grey levels from 0 to "
                "1, 255 or 65535. Score it without --stored."
            )
        if not same_grid(volume, volumes[0]):
            raise MedFusionError(
                f"{volume.name} does not lie on the grid of {volumes[0].name}, {volume.shape} "
                f"against {volumes[0].shape}; what is scored as stored has to."
            )
    highest = max(float(volume.array.max()) for volume in volumes)
    window = Window(0, next(end for end in FULL_RANGES if highest <= end), "as stored")
    return Sources(
        tuple(volumes),
        tuple(modalities),
        (window,) * len(volumes),
        np.all([volume.array == 0 for volume in volumes], axis=0),
        (1.0,) * len(volumes),
        (),
    )


def _exchange_warnings(
    volumes: Sequence[Volume],
    windows: Sequence[Window],
    modalities: Sequence[str],
    background: np.ndarray,
) -> list[str]:
    """A PET or SPECT that is sharper than the MR is probably the MR.

    On the pairs that this was tried on an MR was 2 to 9 times as sharp.
    """
    thin = slice(None, None, max(1, len(background) // 16))
    seen = ~background[thin]
    inner = seen[..., 1:] & seen[..., :-1]
    sharpness = []
    for volume, window in zip(volumes, windows, strict=True):
        scaled = window.scale(volume.array[thin])
        step = np.abs(np.diff(scaled, axis=2))[inner]
        deviation = scaled[seen].std() if seen.any() else 0
        sharpness.append(float(step.mean() / deviation) if deviation and step.size else np.nan)
    return [
        f"{volumes[0].name}, given as the MR, is smoother than {volume.name}, given as the "
        f"{modality.upper()}; were the two exchanged?"
        for volume, modality, sharp in zip(volumes, modalities, sharpness, strict=True)
        if modality in ("pet", "spect") and sharpness[0] < LESS_SHARP * sharp
    ]


def _check_sources(volumes: Sequence[Volume], modalities: Sequence[str]) -> None:
    """Raise a MedFusionError where one of them cannot be fused, or two are the same."""
    for volume, modality in zip(volumes, modalities, strict=True):
        check_values(volume, gaps=True)
        _check_role(volume, modality)
    for one, other in combinations(volumes, 2):
        if same_grid(one, other) and np.array_equal(one.array, other.array, True):
            raise MedFusionError(
                f"{one.name} and {other.name} are the same volume, given twice; choose another one."
            )


def _check_role(volume: Volume, modality: str) -> None:
    if volume.modality and volume.modality != modality:
        raise MedFusionError(
            f"{volume.name} is {volume.modality.upper()} by its DICOM header, and was given as "
            f"{modality.upper()}; exchange the volumes, or correct the pair."
        )


def _averaging_warning(volume: Volume, reference: Volume, samples: Sequence[int]) -> str:
    """A sentence where a volume has much finer voxels than the grid that it comes onto."""
    if max(samples) < MUCH_FINER:
        return ""
    fine, coarse = (" x ".join(f"{x:.2g}" for x in one.spacing) for one in (volume, reference))
    return (
        f"{volume.name} ({fine} mm) is much finer than {reference.name} ({coarse} mm): it was "
        "averaged over each voxel of the result, which dims what is smaller than that."
    )


def _coverage_warning(volume: Volume, reference: Volume, covered: float) -> str:
    if covered >= 0.5:
        return ""
    part = "Less than 1%" if covered < 0.01 else f"Only {covered:.0%}"
    return (
        f"{part} of {reference.name} lies inside {volume.name}; elsewhere "
        f"the result shows {reference.name} alone."
    )


def _value_warnings(volume: Volume, modality: str, window: Window) -> list[str]:
    low, high = float(np.nanmin(volume.array)), float(np.nanmax(volume.array))
    found = []
    if modality != "ct" and low < -500:
        found.append(
            f"{volume.name} goes down to {low:g}, as a CT does; is it really {modality.upper()}?"
        )
    if modality == "ct" and not in_hounsfield(volume) and high > 1:
        part = volume.array[len(volume.array) // 2]
        part = part[np.isfinite(part)]
        if not np.array_equal(part, np.round(part)):
            found.append(
                f"{volume.name} is taken as a CT that was windowed to grey levels 0..255, but "
                "holds fractions; is it a CT?"
            )
    if high <= window.lower or low >= window.upper:
        found.append(
            f"Every voxel of {volume.name} lies outside its intensity window "
            f"({window.lower:g} to {window.upper:g}); its scaled values are all the same."
        )
    return found


def filled_slices(background: np.ndarray) -> np.ndarray:
    """Numbers of the slices that show something: at least 2 % of them is not background.

    Example:
        >>> filled_slices(np.array([[[True, True]], [[True, False]]]))
        array([1])
    """
    return np.flatnonzero(1 - background.mean(axis=(1, 2)) > FILLED)


def evenly_spaced(count: int, wanted: int) -> np.ndarray:
    """At most `wanted` numbers below `count`, evenly spaced, each in the middle of its part.

    Example:
        >>> evenly_spaced(10, 3)
        array([1, 5, 8])
        >>> evenly_spaced(2, 3)
        array([0, 1])
    """
    number = min(count, wanted)
    return ((np.arange(number) + 0.5) * count / max(number, 1)).astype(int)
