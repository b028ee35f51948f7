"""Why a fused voxel is what it is: what was taken there from which source, at which scale.

For methods that weigh their sources scale by scale (`methods.base.FusionMethod.weigh`). All is
computed anew from the sources, and refused where the fused volume holds something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import MedFusionError
from ..methods.registry import get_method
from ..report import Report
from ..sources.hounsfield import with_units
from ..sources.intensities import Window
from ..sources.prepare import Sources, prepare
from ..sources.volumes import ALL_AXES, Volume, slice_order

if TYPE_CHECKING:
    from torch import Tensor

    from ..methods.base import FusionMethod

#: between the fused volume and what is computed here; half precision changes up to 0.002
TOLERANCE = 5e-3
#: terms that the sentence names at most, and the size from which on two decimals show something
NAMED, VISIBLE = 3, 0.005
#: what the bands are called, fine to coarse
BANDS = ("fine detail", "small structures", "middle-sized structures", "large structures")
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Taken:
    """What was taken from one source.

    Attributes:
        modality: of the source, such as "PET".
        value: of the source, in [0, 1].
        brightest: what the maximum of the sources took: the value of the brightest one, a part of
            it where several are equally bright, 0 of the others.
        layers: of the source, fine to coarse; the last is what remains. Their sum is the value.
        weights: what each layer was multiplied with.
    """

    modality: str
    value: float
    brightest: float
    layers: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def products(self) -> tuple[float, ...]:
        """What each layer added, or took away (below 0)."""
        return tuple(a * b for a, b in zip(self.layers, self.weights, strict=True))

    @property
    def total(self) -> float:
        """All that was taken from this source."""
        return self.brightest + sum(self.products)


@dataclass(frozen=True)
class Why:
    """Why a fused voxel is what it is.

    Attributes:
        taken: from each source.
        scales: mm, from-to, that each layer but the last stands for, fine to coarse.
        background: whether no source shows anything there.
        before_headroom: the first source's value before it was lowered, see `inference.headroom`;
            None: not known.
    """

    taken: tuple[Taken, ...]
    scales: tuple[tuple[float, float], ...]
    background: bool = False
    before_headroom: float | None = None

    @property
    def total(self) -> float:
        """The brightest source with all that was added and taken away."""
        return sum(part.total for part in self.taken)

    @property
    def fused(self) -> float:
        """The fused value: the total cut to [0, 1], and 0 in the background."""
        return 0.0 if self.background else min(max(self.total, 0.0), 1.0)

    @property
    def names(self) -> tuple[str, ...]:
        """The layers in words, fine to coarse.

        Example:
            >>> Why((), ((2, 2), (4, 4), (8.2, 8.2), (16, 32))).names[2:4]
            ('middle-sized structures (8.2 mm)', 'large structures (16-32 mm)')
        """
        pairs = zip(BANDS, self.scales, strict=True)
        return (*(f"{name} ({_in_mm(*scale)})" for name, scale in pairs), "everything coarser")

    @property
    def sentence(self) -> str:
        """What the fused value is made of, the largest terms by name."""
        if self.background:
            return "Fused 0.00: no source shows anything here."
        first = [part for part in self.taken if part.brightest]
        values = " and ".join(f"{part.modality} {part.value:.2f}" for part in first)
        if len(first) == 1:
            values = f"the {self._most} source, {values}"
        else:
            values += ", equally bright"
        terms: list[tuple[float, str]] = []
        for part in self.taken:
            *names, _ = (f"the {part.modality}'s {name}" for name in self.names)
            names.append(f"what is coarser in the {part.modality}")
            terms += zip(part.products, names, strict=True)
        terms.sort(key=lambda term: -abs(term[0]))
        named = [term for term in terms[:NAMED] if abs(term[0]) >= VISIBLE]
        rest = sum(product for product, _ in terms[len(named) :])
        if abs(rest) >= VISIBLE:
            named.append((rest, "all the rest"))
        more = "".join(f", {_signed(product, ' ')} by {name}" for product, name in named)
        before, value = self.before_headroom, self.taken[0].value
        if before is not None and before - value >= VISIBLE:
            more += f" ({self.taken[0].modality} lowered from {before:.2f} for headroom)"
        cut = "" if 0 <= self.total <= 1 else f" (cut from {_plain(self.total)})"
        return f"Fused {self.fused:.2f}{cut} = {values}{more}."

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """A table: name and a cell for each source; the first row holds the headings."""
        layers = zip(*(part.products for part in self.taken), strict=True)
        return [
            ("", *(part.modality for part in self.taken)),
            ("value here", *(f"{part.value:.2f}" for part in self.taken)),
            (f"as the {self._most} source", *(_signed(part.brightest) for part in self.taken)),
            *((n, *map(_signed, row)) for n, row in zip(self.names, layers, strict=True)),
            ("together", *(_signed(part.total) for part in self.taken)),
        ]

    @property
    def _most(self) -> str:
        return "brighter" if len(self.taken) == 2 else "brightest"


def explain(
    sources: Sources,
    report: Report,
    voxel: tuple[int, int, int],
    fused: float | None = None,
) -> Why:
    """Why a fused voxel is what it is. Milliseconds: only what reaches the voxel is computed.

    Args:
        sources: what was fused, `Fusion.sources` or from `sources_of`.
        report: of the fusion, `Fusion.report`.
        voxel: (k, j, i) on the reference grid.
        fused: what the fused volume holds there, to be compared.

    Raises:
        MedFusionError: the method does not weigh its sources, the voxel lies outside, or sources
            or weights are not those of the fusion.

    Example:
        >>> from MedFusionLib.fusion import fuse
        >>> from MedFusionLib.phantom.head import make_phantom
        >>> head = make_phantom((16, 48, 48))
        >>> fusion = fuse(head.t1, head.pet, "pet-mr", method="bands")
        >>> why = explain(fusion.sources, fusion.report, (8, 24, 24))
        >>> abs(why.fused - fusion.fused.array[8, 24, 24]) < 1e-3
        np.True_
    """
    import torch

    from ..methods.boxes import around, cut

    _check_explained(sources, report, voxel)
    wrapped, method = _methods_of(report, sources.modalities)
    reference = sources.reference
    order, flips = slice_order(reference, report.parameters.axis)
    size = [reference.shape[axis] for axis in order]
    number, row, column = (
        size[n] - 1 - voxel[axis] if n in flips else voxel[axis] for n, axis in enumerate(order)
    )
    radius, (_, rows, columns) = wrapped.receptive_radius, size
    box = (0, rows, 0, columns)
    if radius is not None:
        box = around((row, row + 1, column, column + 1), radius, rows, columns)
    slices = sources.slices(order, flips, slice(number, number + 1))
    batches = [torch.from_numpy(cut(part, box).copy())[None] for part in slices]
    at = row - box[0], column - box[2]
    taken = _taken(wrapped, batches, at, report.parameters.headroom_factor, sources.modalities)

    pixel = sorted(reference.spacing[2 - axis] for axis in order[1:])
    scales = tuple((scale * pixel[0], scale * pixel[1]) for scale in method.scales)
    background = bool(sources.background[voxel]) or not any(part.value for part in taken)
    why = Why(taken, scales, background, float(batches[0][0, 0][at]))
    if fused is not None and not abs(why.fused - fused) <= TOLERANCE:
        raise MedFusionError(
            f"The sources make {why.fused:.2f} here, and the fused volume holds {fused:.2f}: one "
            "of them was changed since; fuse again."
        )
    return why


def _check_explained(sources: Sources, report: Report, voxel: tuple[int, int, int]) -> None:
    """Refuse a fusion, or a voxel, that cannot be explained."""
    if reason := why_not(report.method, report.parameters.axis):
        raise MedFusionError(reason)
    reference = sources.reference
    if not all(0 <= n < size for n, size in zip(voxel, reference.shape, strict=True)):
        raise MedFusionError(f"This point lies outside of {reference.name}; choose another one.")


def _methods_of(report: Report, modalities: Sequence[str]) -> tuple[FusionMethod, FusionMethod]:
    """The method of a fusion: with its headroom, and alone."""
    from ..inference.headroom import with_headroom
    from ..methods.sequential import load_for_sources

    _, second, *third = modalities
    third_modality = third[0] if third else None
    method, digests = load_for_sources(report.method, f"{second}-mr", third_modality)
    if tuple(digests) != report.weights_sha256:
        raise MedFusionError(
            f"The weights of {report.method} are not those that this result was made with; fuse "
            "again."
        )
    return with_headroom(method, report.parameters.headroom_factor), method


def _taken(
    method: FusionMethod,
    batches: Sequence[Tensor],
    at: tuple[int, int],
    factor: float,
    modalities: Sequence[str],
) -> tuple[Taken, ...]:
    """What the method took from each source in one pixel of its slice (1, 1, H, W)."""
    import torch

    from ..inference.headroom import lower_first
    from ..methods.sums import maximum_parts

    with torch.inference_mode():
        found = method.weigh(*batches)
        lowered = lower_first(batches, factor)
    rows = zip(
        modalities,
        lowered,
        maximum_parts(*lowered),
        found.layers[0, ..., *at].tolist(),
        found.weights[0, ..., *at].tolist(),
        strict=True,
    )
    return tuple(
        Taken(
            modality.upper(),
            float(source[0, 0][at]),
            float(part[0, 0][at]),
            tuple(layers),
            tuple(weights),
        )
        for modality, source, part, layers, weights in rows
    )


def why_not(network: str, axis: str = "axial") -> str:
    """Why `explain` has no answer for a method along an axis, in a sentence; "" where it has.

    Example:
        >>> why_not("bands"), why_not("maximum")[:24]
        ('', 'Maximum does not say at ')
    """
    method = get_method(network)
    if not method.supports("weigh"):
        return (
            f"{method.title} does not say at which scale it took what from which source; the "
            "method 'bands' does."
        )
    if axis == ALL_AXES:
        return (
            "This result is the mean of fusions along three axes, and one is explained; fuse along "
            "one axis."
        )
    return ""


def sources_of(report: Report, volumes: Sequence[Volume]) -> Sources:
    """What a fusion started from, made again with its report's modalities and windows.

    Args:
        report: of the fusion.
        volumes: in their order, in the places where they were fused.

    Raises:
        MedFusionError: they are not as many, or cannot be fused.
    """
    inputs = report.inputs
    if len(volumes) != len(inputs):
        raise MedFusionError(
            f"The result was made of {len(inputs)} volumes, and {len(volumes)} were given; give "
            "those that it was made of."
        )
    windows = [Window(*part.window, part.window_from, part.shoulder) for part in inputs]
    modalities = [part.modality for part in inputs]
    volumes = with_units(volumes, modalities, report.parameters.ct)
    return prepare(volumes, modalities, windows)


def _in_mm(shortest: float, longest: float) -> str:
    if longest < 1.1 * shortest:
        return f"{(shortest + longest) / 2:.2g} mm"
    return f"{shortest:.2g}-{longest:.2g} mm"


def _plain(value: float) -> str:
    return f"{MINUS if value < 0 else ''}{abs(value):.2f}"


def _signed(value: float, gap: str = "") -> str:
    """A number that is added or taken away; 0 has no sign.

    Example:
        >>> _signed(0.051), _signed(0.2, " "), _signed(-0.001)
        ('+0.05', '+ 0.20', '0.00')
    """
    if abs(value) < VISIBLE:
        return "0.00"
    return f"{MINUS if value < 0 else '+'}{gap}{abs(value):.2f}"
