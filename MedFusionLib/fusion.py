"""Fuse registered volumes: from the sources to the fused volume and its contributions."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import __version__, timing
from .colour.coding import Coding, Coordinates
from .colour.mode import GRADIENT_NOTE, Voxels
from .errors import MedFusionError
from .report import InputReport, Parameters, Report
from .settings import Settings, settings_from
from .sharing import sharing
from .sources.alignment import align_volumes, alignment_rows
from .sources.hounsfield import with_units
from .sources.intensities import Window
from .sources.modalities import FUNCTIONAL, modalities_of
from .sources.patients import check_one_patient, frame_warnings
from .sources.prepare import ALL, Sources, prepare
from .sources.volumes import (
    ALL_AXES,
    AXES,
    Volume,
    as_volume,
    from_slices,
    shown_axis,
    slice_at,
    slice_order,
    to_slices,
)

if TYPE_CHECKING:
    import SimpleITK as sitk

    from .inference.slices import Slices
    from .methods.base import FusionMethod

    #: what `fuse` takes for a volume
    AnyVolume = Volume | sitk.Image | tuple[np.ndarray, Sequence[float]]

#: what the contributions of the first, second and third source are called in files and scenes
CONTRIBUTION_NAMES = ("contribution-first", "contribution-second", "contribution-third")


@dataclass(eq=False)
class Fusion:
    """A fusion and what it was made of. Every volume lies on the first source's grid.

    Attributes:
        fused: the fused volume, in [0, 1]; exactly 0 where no source holds anything.
        contributions: a map for each source, 0 in the background.
        contribution_kind: "gradient", "share" or "parts".
        black: F(0, 0), the fusion of black slices, (rows, columns), for each axis that was sliced;
            None but with shares.
        axis: of the slices, or "all".
        sources: the sources on the common grid.
        coding: how the colour volume is coded.
        report: inputs, method, parameters, version, device, seconds and warnings.
        more_colours: names of further colour modes, each a colour volume of its own.
    """

    fused: Volume
    contributions: tuple[Volume, ...]
    contribution_kind: str
    black: dict[str, np.ndarray] | None
    axis: str
    sources: Sources
    coding: Coding
    report: Report
    more_colours: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the user."""
        return self.report.warnings

    def with_report(self, **changes: Any) -> Fusion:
        """The same fusion, with some parts of its report changed; what is cached stays."""
        other = copy.copy(self)
        other.report = replace(self.report, **changes)
        return other

    @property
    def baseline(self) -> np.ndarray | None:
        """F(0, 0) at each voxel, 0 in the background: shares sum to fused - baseline.

        None but with shares; parts sum to fused.
        """
        if self.black is None:
            return None
        parts = []
        for axis, black in self.black.items():
            layout = slice_order(self.fused, axis)
            background = to_slices(self.sources.background, *layout)
            parts.append(from_slices(np.where(background, 0, black), *layout))
        return np.divide(reduce(np.add, parts), len(parts))

    @cached_property
    def coordinates(self) -> Coordinates:
        """Where each voxel stands in the colour tables."""
        maps = [part.array for part in self.contributions]
        sources = self.sources
        voxels = Voxels(self.fused.array, maps, sources.background, lambda: sources.scaled)
        return Coordinates(voxels, sources.modalities)

    @property
    def colour(self) -> np.ndarray:
        """The colour volume, uint8 (k, j, i, 3)."""
        return self.colours["colour"]

    @property
    def codings(self) -> dict[str, Coding]:
        """How each colour volume is coded, by its name in files and scenes.

        "colour" comes first, then such as "colour-paper" for `more_colours`.
        """
        more = {f"colour-{name}": replace(self.coding, mode=name) for name in self.more_colours}
        return {"colour": self.coding, **more}

    @cached_property
    def colours(self) -> dict[str, np.ndarray]:
        """Every colour volume by its name, see `codings`."""
        return {name: self.recolour(coding) for name, coding in self.codings.items()}

    def recolour(self, coding: Coding) -> np.ndarray:
        """The colours in another coding, uint8 (k, j, i, 3), without running the network again."""
        return self.coordinates.colours(coding)


def fuse(
    first: AnyVolume,
    second: AnyVolume,
    pair: str,
    *,
    third: AnyVolume | None = None,
    third_modality: str | None = None,
    windows: Sequence[Window | None] | None = None,
    weights: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> Fusion:
    """Fuse two registered volumes, slice by slice, and say what each contributed.

    Args:
        first: the MR; its grid is the reference grid. A `Volume`, a SimpleITK image, or an array
            (k, j, i) with its spacing, see `volumes.as_volume`; so are the others.
        second: the CT, PET or SPECT, on any grid; it is resampled in world coordinates.
        pair: "ct-mr", "pet-mr" or "spect-mr".
        third: a further volume: the fused pair is fused with it in turn.
        third_modality: of the third volume, "ct", "pet" or "spect".
        windows: an intensity window for each source, None where the default is to be used.
        weights: a weights file to use instead of the installed one.
        progress: called with (slices done, all slices).
        cancelled: asked between batches.
        settings: all other choices, see `settings.Settings`.
        options: or, without them, fields of `Settings` by name, such as `method="maximum"`,
            `axis="coronal"` or `coding=Coding("paper")`.

    Returns:
        The fusion.

    Raises:
        MedFusionError: bad input or settings, with a sentence that says which.
        Cancelled: the cancel flag was set.

    Example:
        >>> from MedFusionLib.phantom.head import make_phantom
        >>> head = make_phantom((16, 48, 48))
        >>> fuse(head.t1, head.pet, "pet-mr", method="maximum").fused.shape
        (16, 48, 48)
    """
    from .inference.headroom import with_headroom
    from .methods.sequential import load_for_sources, pairs_in_words

    started = time.monotonic()
    settings = settings_from(settings, options)
    if (third is None) != (third_modality is None):
        raise MedFusionError("Give the third volume and its modality together, or neither.")
    modalities = modalities_of(pair, third_modality)
    given = [volume for volume in (first, second, third) if volume is not None]
    volumes = [
        as_volume(volume, name.upper()) for volume, name in zip(given, modalities, strict=True)
    ]
    volumes = with_units(volumes, modalities, settings.ct)
    check_one_patient(volumes, settings.different_patients)
    method, digests = load_for_sources(settings.method, pair, third_modality, weights)

    with sharing():
        with timing.part("alignment"):
            volumes, found = align_volumes(volumes, modalities, settings.align, cancelled)
        with timing.part("common grid, windows, background"):
            sources = prepare(volumes, modalities, windows)
    factor = _headroom(method, sources, settings)
    method = with_headroom(method, factor)
    with timing.part("fusion and contributions"):
        parts, results = _along_axes(method, sources, settings, progress, cancelled)
    result = list(results.values())[-1]
    black = {axis: run.baseline for axis, run in results.items() if run.baseline is not None}

    names = [volume.name for volume in volumes]
    reference = volumes[0]
    fused = reference.like(parts[0], f"{names[0]} + {' + '.join(names[1:])} fused")
    maps = tuple(
        reference.like(part, f"{name} {settings.contributions}")
        for part, name in zip(parts[1:], names, strict=True)
    )
    chained = pairs_in_words(settings.method, pair, third_modality)
    report = replace(
        _report(settings, chained, digests, names, sources, result, factor),
        alignment=alignment_rows(found, names, applied=settings.align == "apply"),
    )
    warnings = [part.warning for part in report.alignment if part.warning]
    warnings += frame_warnings(volumes)
    report = replace(report, warnings=(*warnings, *report.warnings))
    fusion = Fusion(
        fused,
        maps,
        report.parameters.contributions,
        black or None,
        settings.axis,
        sources,
        settings.coding,
        report,
        report.parameters.more_colours,
    )
    return fusion.with_report(
        share_sum_error=_sum_error(fusion), seconds=round(time.monotonic() - started, 2)
    )


def _along_axes(
    method: FusionMethod,
    sources: Sources,
    settings: Settings,
    progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> tuple[list[np.ndarray], dict[str, Slices]]:
    """The fused volume and the contributions, means over the axes; and what each axis left."""
    axes = AXES if settings.axis == ALL_AXES else (settings.axis,)
    layouts = {axis: slice_order(sources.reference, axis) for axis in axes}
    counts = [sources.reference.shape[order[0]] for order, _ in layouts.values()]
    total: list[np.ndarray] = []
    results: dict[str, Slices] = {}
    done = 0

    def count(number: int, _: int) -> None:
        if progress:
            progress(done + number, sum(counts))

    for (axis, layout), slices in zip(layouts.items(), counts, strict=True):
        found = _run(method, sources, layout, settings, progress=count, cancelled=cancelled)
        parts = [from_slices(part, *layout) for part in (found.fused, *found.contributions)]
        total = [a + b for a, b in zip(total, parts, strict=True)] if total else parts
        results[axis] = found
        done += slices
    if len(axes) > 1:
        total = [part / np.float32(len(axes)) for part in total]
    return [np.ascontiguousarray(part) for part in total], results


def _run(
    method: FusionMethod,
    sources: Sources,
    layout: tuple[tuple[int, ...], tuple[int, ...]],
    settings: Settings,
    which: slice = ALL,
    **calls: Any,
) -> Slices:
    """The sources' slices through a method; exactly 0 in the background."""
    from .inference.slices import run_slices

    if settings.contributions == "parts" and not method.offers("parts"):
        raise MedFusionError(
            f"{settings.method} fuses three sources one after the other, which leaves no parts "
            "of each; choose the contributions 'share', or the method 'bands'."
        )
    background = to_slices(sources.background, *layout)[which]
    result = run_slices(
        method,
        sources.slices(*layout, which),
        occupied=~background,  # empty slices cost nothing
        bounded=True,
        **settings.for_slices(),
        **calls,
    )
    for part in (result.fused, *result.contributions):
        np.putmask(part, background, 0)
        if not np.isfinite(part).all():
            raise MedFusionError(
                f"The result of {settings.method} holds NaN or infinite values: its weights do "
                "not suit these volumes; choose another method or other weights."
            )
    return result


def _headroom(method: FusionMethod, sources: Sources, settings: Settings) -> float:
    """What the MR is to be multiplied with, by the whole volumes; 1: it stays as it is."""
    from .inference.headroom import sources_factor

    functional = [n for n, modality in enumerate(sources.modalities) if modality in FUNCTIONAL]
    others = functional if settings.headroom == "auto" else [*range(1, len(sources.modalities))]
    wanted = settings.headroom == "on" or (settings.headroom == "auto" and method.headroom)
    if not wanted or not others:
        return 1.0
    return sources_factor(sources, tuple(others))


def _report(
    settings: Settings,
    pair: str,
    digests: list[str],
    names: list[str],
    sources: Sources,
    result: Slices,
    headroom_factor: float,
) -> Report:
    """What a fusion was made of."""
    from .inference.devices import describe_device

    inputs = tuple(
        InputReport(
            name,
            modality,
            (window.lower, window.upper),
            window.how,
            round(coverage, 4),
            window.shoulder,
        )
        for name, modality, window, coverage in zip(
            names, sources.modalities, sources.windows, sources.coverage, strict=True
        )
    )
    contributions, more_colours = settings.contributions, settings.more_colours
    assert contributions is not None and more_colours is not None  # `Settings` fills them in
    parameters = Parameters(
        axis=settings.axis,
        contributions=contributions,
        steps=settings.steps,
        samples=settings.samples,
        colour=settings.coding.mode,
        omega=settings.coding.omega,
        colormap=settings.coding.colormap,
        more_colours=more_colours,
        ct=settings.ct,
        batch=result.batch,
        precision=result.precision,
        headroom=settings.headroom,
        headroom_factor=headroom_factor,
        bounds=settings.bounds,
        faded_below=result.dark,
    )
    notes = [GRADIENT_NOTE] if contributions == "gradient" else []
    return Report(
        version=__version__,
        inputs=inputs,
        method=settings.method,
        pair=pair,
        weights_sha256=tuple(digests),
        parameters=parameters,
        background_fraction=round(float(sources.background.mean()), 4),
        device=describe_device(result.device),
        warnings=(*sources.warnings, *result.warnings, *notes),
    )


def _sum_error(fusion: Fusion) -> float | None:
    """Largest difference between the shares' sum and fused - F(0, 0), outside the background.

    None but with shares.
    """
    baseline = fusion.baseline
    if baseline is None:
        return None
    worst = 0.0
    for number, empty in enumerate(fusion.sources.background):
        total = sum(part.array[number] for part in fusion.contributions)
        difference = total - (fusion.fused.array[number] - baseline[number])
        worst = max(worst, float(np.abs(difference[~empty]).max(initial=0)))
    return worst


@dataclass(eq=False)
class FusedSlice:
    """One slice of a fusion, to look at before the whole volume runs.

    Attributes:
        fused: (rows, columns), as in the whole fusion.
        colour: uint8 (rows, columns, 3).
        number: of the slice along the axis, from 0.
        count: slices along the axis.
        pixel: mm from row to row and from column to column.
    """

    fused: np.ndarray
    colour: np.ndarray
    number: int
    count: int
    pixel: tuple[float, float]


def fuse_slice(
    sources: Sources,
    pair: str,
    position: Sequence[float],
    *,
    third_modality: str | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> FusedSlice:
    """Fuse the one slice through a point, as `fuse` would, for a quick look at the settings.

    With the axis "all" it is the axial slice, fused alone.

    In the mode "paper" the colours are scaled to the slice; in the whole fusion, to the volume.

    Args:
        sources: from `prepare`, so the intensities are those of the whole volumes.
        pair: "ct-mr", "pet-mr" or "spect-mr".
        position: LPS point in mm.
        third_modality: of the third volume, where there is one.
        settings, options: see `fuse`.

    Raises:
        MedFusionError: no slice of the first source passes the point, or bad settings.

    Example:
        >>> from MedFusionLib.phantom.head import make_phantom
        >>> head = make_phantom((16, 48, 48))
        >>> sources = prepare([head.t1, head.pet], ["mr", "pet"])
        >>> fuse_slice(sources, "pet-mr", (0, 0, 0), method="maximum").colour.shape
        (48, 48, 3)
    """
    from .inference.headroom import with_headroom
    from .methods.sequential import load_for_sources

    # trying what may be rounded takes longer than one slice
    settings = replace(settings_from(settings, options), precision="float32")
    reference = sources.reference
    layout = order, _ = slice_order(reference, shown_axis(settings.axis))
    count = reference.shape[order[0]]
    number = slice_at(reference, position, *layout)
    if not 0 <= number < count:
        raise MedFusionError(f"This slice does not meet {reference.name}; choose another slice.")
    method, _ = load_for_sources(settings.method, pair, third_modality)
    which = slice(number, number + 1)
    method = with_headroom(method, _headroom(method, sources, settings))
    result = _run(method, sources, layout, settings, which)
    background = to_slices(sources.background, *layout)[which]
    voxels = Voxels(
        result.fused,
        result.contributions,
        background,
        lambda: sources.slices(*layout, which),
    )
    colour = Coordinates(voxels, sources.modalities).colours(settings.coding)[0]
    pixel = reference.spacing[2 - order[1]], reference.spacing[2 - order[2]]
    return FusedSlice(result.fused[0], colour, number, count, pixel)
