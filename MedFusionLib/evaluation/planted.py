"""Score fusion methods on the digital head, where the truth is known.

Three questions that metrics of whole pictures do not answer. Is what one modality alone shows
still seen in the fused image? Is that modality credited for it? Do tissues that differ in a source
still differ in the fused image?
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch

from ..colour.coding import Coding, Coordinates
from ..colour.mode import Voxels
from ..errors import Cancelled, MedFusionError
from ..methods.base import FusionMethod
from ..metrics.uptake import uptake
from ..phantom.head import Phantom, make_phantom
from ..phantom.tissues import LABELS
from ..phantom.truth import SHOWS, TRUTH
from ..sources.modalities import modalities_of
from ..sources.prepare import evenly_spaced, prepare
from ..sources.volumes import slice_order, to_slices
from .contenders import headroom_notes
from .scores import Contender, Crop, Scores

#: pair -> the phantom's volumes that are fused
PLANTED_PAIRS = {"pet-mr": ("t1", "pet"), "ct-mr": ("t2", "ct")}
SHAPE = (64, 192, 192)
HEADS = 3
#: slices beside those that hold planted things
OTHER_SLICES = 8
#: mm from a planted thing: its edge is blurred up to the first, the shell ends at the second
SHELL = (2.0, 8.0)
#: mm: the tissue around a planted thing that its credit is compared with
AROUND = 20.0
#: two tissues are apart where their histograms overlap by less, and one where by more
APART, ONE = 0.2, 0.5
BINS = 64
#: difference of brightness, 0 to 1, that a reader can just tell
JUST_NOTICED = 0.04
FEWEST = 200  # voxels of a tissue


#: pairs of tissues that have a line of their own: (tissues, the modality without which no source
#: parts them for certain)
OVERLAPS = {
    "overlap_bone_csf": (("bone", "CSF"), "ct"),
    "overlap_grey_csf": (("grey", "CSF"), None),
    "overlap_white_csf": (("white", "CSF"), None),
}


#: what the table says of its lines
DEFINITIONS = (
    "CNR: contrast-to-noise ratio of a planted thing in the fused image, (mean inside - mean of "
    "the shell) / standard deviation of the shell, the shell being the same tissue 2 to 8 mm away; "
    "negative where the contrast is turned over against the modality that shows the thing. "
    "Contrast kept: that difference of means as a part of the same in the modality that shows it.",
    "Credit: area under the ROC curve of the share of that modality, inside against the same "
    "tissue 2 to 20 mm away (the share that goes down where the thing is darker there); 0.5 is "
    "chance. Credit difference: the same of its share less the other's. Credit by gradient: the "
    "same of the published `gradient` of that modality: inside it should be larger. Below "
    "0.5 it is smaller there, and the published colours say the reverse of what is shown. By "
    "parts: the same with what was taken from each source, for methods that are such a sum.",
    "Uptake kept: coefficient of a source in the regression of the blurred fused image on both "
    "blurred sources (standard deviation 4 pixels): how much of one unit of it is seen.",
    "Tissue overlap: mean overlap in the fused image of the histograms of two tissues (64 bins, "
    "smoothed by a standard deviation of 0.04, what a reader can just tell apart), over all pairs "
    "of tissues that overlap by less than 0.2 in a source. Tissue conflicts: the part of these "
    "pairs that overlap by more than 0.5.",
    "The sources alone stand beside for comparison and have no rank.",
)


@dataclass(frozen=True)
class TruthMeasure:
    """One line of the truth table."""

    name: str
    symbol: str
    higher_is_better: bool


@dataclass(frozen=True, eq=False)
class PlantedSlices:
    """One head as the methods see it: its slices, laid out as (slices, rows, columns).

    Attributes:
        inputs: the sources in [0, 1].
        modalities: of the sources.
        background: bool.
        labels: of the tissues.
        truth: name -> bool, the planted things that one of the sources shows.
        shows: name -> number of the source that shows it.
        distance: name -> mm from it, 0 inside.
    """

    inputs: tuple[np.ndarray, ...]
    modalities: tuple[str, ...]
    background: np.ndarray
    labels: np.ndarray
    truth: dict[str, np.ndarray]
    shows: dict[str, int]
    distance: dict[str, np.ndarray]


def measures_of(pair: str) -> list[TruthMeasure]:
    """What is measured for a pair.

    Example:
        >>> [measure.name for measure in measures_of("ct-mr")][:2]
        ['cnr_calcification', 'cnr_oedema']
    """
    planted = {
        name: f"{name} ({SHOWS[name].upper()})"
        for name in TRUTH
        if SHOWS[name] in modalities_of(pair)
    }
    kinds = {
        "cnr": "CNR",
        "contrast": "contrast kept of",
        "credit": "credit",
        "credit_difference": "credit difference",
        "credit_gradient": "credit by gradient",
        "credit_parts": "credit by parts",
        "credit_parts_difference": "credit difference by parts",
    }
    measures = [
        *(
            TruthMeasure(f"{kind}_{name}", f"{title} {shown}", True)
            for kind, title in kinds.items()
            for name, shown in planted.items()
        ),
        *(
            TruthMeasure(f"uptake_{source}", f"uptake kept of {modality.upper()}", True)
            for source, modality in zip(("first", "second"), modalities_of(pair), strict=True)
        ),
        TruthMeasure("overlap", "tissue overlap", False),
        TruthMeasure("conflicts", "tissue conflicts", False),
    ]
    for name, (tissues, certain) in OVERLAPS.items():
        if certain is None or certain in modalities_of(pair):
            measures.append(TruthMeasure(name, f"{'-'.join(tissues)} overlap", False))
    return measures


def evaluate_phantom(
    pair: str,
    contenders: Sequence[Contender],
    *,
    seeds: Sequence[int] = range(HEADS),
    shape: tuple[int, int, int] = SHAPE,
    device: str = "auto",
    notes: Iterable[str] = (),
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Scores:
    """Fuse digital heads with every method and compare with the truth planted in them.

    Args:
        pair: "pet-mr" (T1 with PET) or "ct-mr" (T2 with CT).
        contenders: see `evaluation.choose_contenders`.
        seeds: of the heads.
        shape: (k, j, i) of the heads.
        device: "auto", "cuda", "mps" or "cpu".
        notes: sentences to keep with the scores.
        progress: called with (fusions done, all fusions).
        cancelled: asked between batches.

    Returns:
        The scores; sample and group are a head. With them come, as further methods, the two
        sources themselves, named by their modality: what is there to be kept.

    Raises:
        MedFusionError: the phantom does not show the pair, or there are no heads.
        Cancelled: the cancel flag was set.
    """
    from ..inference.devices import choose_device
    from ..inference.headroom import headroom_factor, with_headroom

    if pair not in PLANTED_PAIRS:
        raise MedFusionError(
            f"The digital head has no picture for {pair}; "
            f"choose one of: {', '.join(PLANTED_PAIRS)}."
        )
    if not seeds:
        raise MedFusionError("There are no heads to fuse; the number of heads must be at least 1.")
    chosen = choose_device(device)
    copies = _copies(pair)
    contenders = [*contenders, *copies]
    measures = measures_of(pair)
    values = np.full((len(contenders), len(measures), len(seeds)), np.nan)
    crops: dict[str, list[Crop]] = {}
    for number, seed in enumerate(seeds):
        if cancelled and cancelled():
            raise Cancelled
        slices = planted_slices(make_phantom(shape, seed), pair)
        for at, (row, contender) in enumerate(zip(values, contenders, strict=True), 1):
            first, second, *_ = slices.inputs
            factor = headroom_factor(first, second) if contender.headroom else 1.0
            method = with_headroom(contender.method, factor)
            fused, shares, found = _measured(method, slices, chosen, cancelled)
            row[:, number] = [found.get(measure.name, np.nan) for measure in measures]
            if number == 0:
                crops[contender.name] = _crops(slices, fused, shares)
            if progress:
                progress(number * len(contenders) + at, len(seeds) * len(contenders))
    return Scores(
        tuple(contender.name for contender in contenders),
        tuple(measures),
        tuple(f"head {seed}" for seed in seeds),
        values,
        (*notes, *headroom_notes(contenders, modalities_of(pair)), *DEFINITIONS),
        unit="head",
        group="head",
        modalities=modalities_of(pair),
        weights={c.name: c.weights for c in contenders if c.weights},
        crops=crops,
        unranked=tuple(copy.name for copy in copies),
    )


def _measured(
    method: FusionMethod,
    slices: PlantedSlices,
    device: torch.device,
    cancelled: Callable[[], bool] | None,
) -> tuple[np.ndarray, list[np.ndarray], dict[str, float]]:
    """The fused slices of a head and their shares, 0 in the background, and all measures."""
    from ..inference.slices import run_slices

    def maps(kind: str) -> tuple[np.ndarray, ...]:
        run = run_slices(
            method, slices.inputs, contributions=kind, device=device, cancelled=cancelled
        )
        return run.contributions

    result = run_slices(
        method,
        slices.inputs,
        contributions="share",
        device=device,
        bounded=True,
        cancelled=cancelled,
    )
    fused = np.where(slices.background, 0, result.fused)
    shares = [np.where(slices.background, 0, part) for part in result.contributions]
    gradients = maps("gradient") if method.differentiable else None
    parts = maps("parts") if method.offers("parts") else None
    return fused, shares, score(slices, fused, shares, gradients, parts)


class _Copy(FusionMethod):
    """The method that shows one source and ignores the other."""

    name, title = "copy", "One source alone"

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def forward(self, *sources: torch.Tensor) -> torch.Tensor:
        return sources[self.number].clone()


def _copies(pair: str) -> list[Contender]:
    return [
        Contender(f"{modality.upper()} alone", _Copy(number))
        for number, modality in enumerate(modalities_of(pair))
    ]


def _crops(slices: PlantedSlices, fused: np.ndarray, shares: Sequence[np.ndarray]) -> list[Crop]:
    """Fused image and colours around each planted thing, in the slice that cuts most of it."""
    voxels = Voxels(fused, shares, slices.background)
    colours = Coordinates(voxels, slices.modalities).colours(Coding("fused", omega=1))
    found = []
    for name, mask in slices.truth.items():
        at = int(mask.sum(axis=(1, 2)).argmax())
        row, column = np.argwhere(mask[at]).mean(axis=0).astype(int)
        half = mask.shape[1] // 7
        here = (
            at,
            slice(max(row - half, 0), row + half),
            slice(max(column - half, 0), column + half),
        )
        shown = slices.modalities[slices.shows[name]].upper()
        found.append(Crop(f"{name} ({shown})", fused[here], colours[here], mask[here]))
    return found


def planted_slices(head: Phantom, pair: str, other_slices: int = OTHER_SLICES) -> PlantedSlices:
    """The axial slices of a head that hold planted things, and some others, evenly spaced."""
    return planted_slices_of(head, PLANTED_PAIRS[pair], modalities_of(pair), other_slices)


def planted_slices_of(
    head: Phantom,
    names: Sequence[str],
    modalities: tuple[str, ...],
    other_slices: int = OTHER_SLICES,
) -> PlantedSlices:
    """As `planted_slices`, of any of the head's volumes, such as "t1", "pet" and "ct"."""
    from scipy.ndimage import distance_transform_edt

    sources = prepare([getattr(head, name) for name in names], modalities)
    layout = slice_order(sources.reference, "axial")
    spacing = sources.reference.spacing[::-1]
    shown = {name: modalities.index(m) for name, m in head.shows.items() if m in modalities}
    background = to_slices(sources.background, *layout)
    planted = np.any([to_slices(head.truth[name], *layout) for name in shown], axis=(0, 2, 3))
    filled = np.flatnonzero(~background.all(axis=(1, 2)))
    others = filled[evenly_spaced(len(filled), other_slices)]
    chosen = np.union1d(np.flatnonzero(planted), others)

    def cut(array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(to_slices(array, *layout)[chosen])

    return PlantedSlices(
        sources.slices(*layout, chosen),
        modalities,
        cut(sources.background),
        cut(head.labels),
        {name: cut(head.truth[name]) for name in shown},
        shown,
        {name: cut(distance_transform_edt(~head.truth[name], spacing)) for name in shown},
    )


# The three questions ----------------------------------------------------------------------------


def score(
    slices: PlantedSlices,
    fused: np.ndarray,
    shares: Sequence[np.ndarray],
    gradients: Sequence[np.ndarray] | None = None,
    parts: Sequence[np.ndarray] | None = None,
) -> dict[str, float]:
    """All measures of one fusion.

    Args:
        slices: the head.
        fused: (slices, rows, columns) in [0, 1].
        shares: a map for each source.
        gradients: likewise; None where the method has none.
        parts: likewise.

    Returns:
        name of the measure -> value.
    """
    found = {}
    for name, number in slices.shows.items():
        inside = slices.truth[name]
        shell = shell_of(slices, name, *SHELL)
        around = shell_of(slices, name, SHELL[0], AROUND)
        own = slices.inputs[number]
        sign = np.sign(own[inside].mean() - own[shell].mean())
        found[f"cnr_{name}"] = sign * contrast_to_noise(fused, inside, shell)
        found[f"contrast_{name}"] = contrast(fused, inside, shell) / contrast(own, inside, shell)
        for kind, maps in (("credit", shares), ("credit_parts", parts)):
            if maps is None:
                continue
            # darker in its source: the share that is credited is the one that goes down
            right, other = sign * maps[number], sign * maps[1 - number]
            difference = right - other
            found[f"{kind}_{name}"] = area_under_roc(right[inside], right[around])
            found[f"{kind}_difference_{name}"] = area_under_roc(
                difference[inside], difference[around]
            )
        if gradients is not None:
            found[f"credit_gradient_{name}"] = area_under_roc(
                gradients[number][inside], gradients[number][around]
            )
    fused_, first, second = (
        torch.from_numpy(part[:, None]).float() for part in (fused, *slices.inputs)
    )
    for source in ("first", "second"):
        kept = uptake(fused_, first, second, source=source)
        found[f"uptake_{source}"] = float(kept.nanmean())
    found.update(tissue_conflicts(slices, fused))
    return found


def shell_of(slices: PlantedSlices, name: str, near: float, far: float) -> np.ndarray:
    """Where the tissue of a planted thing goes on, `near` to `far` mm away from it."""
    distance = slices.distance[name]
    tissue = np.bincount(slices.labels[slices.truth[name]]).argmax()
    clear = np.all([d > near for d in slices.distance.values()], axis=0)
    return (slices.labels == tissue) & (distance > near) & (distance <= far) & clear


def contrast(image: np.ndarray, inside: np.ndarray, shell: np.ndarray) -> float:
    """Mean inside - mean of the shell."""
    return float(image[inside].mean() - image[shell].mean())


def contrast_to_noise(image: np.ndarray, inside: np.ndarray, shell: np.ndarray) -> float:
    """(mean inside - mean of the shell) / standard deviation in the shell; 0 where all is flat."""
    noise = float(image[shell].std())
    return contrast(image, inside, shell) / max(noise, 1e-3)


def area_under_roc(positive: np.ndarray, negative: np.ndarray) -> float:
    """How likely a positive value is the larger one of a random pair; a tie counts one half.

    Example:
        >>> area_under_roc(np.array([3, 4]), np.array([1, 3]))
        0.875
    """
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    up_to = np.searchsorted(ordered, positive, "right")
    return float((below + up_to).mean() / (2 * max(len(ordered), 1)))


def tissue_conflicts(slices: PlantedSlices, fused: np.ndarray) -> dict[str, float]:
    """How far tissues that are apart in a source overlap in the fused image.

    0 is apart, 1 the same, see `DEFINITIONS`; compare the semantic conflict of Fan et al.,
    arXiv:1906.00225, 2019.
    """
    tissues = [
        name
        for name, label in LABELS.items()
        if name != "air" and (slices.labels == label).sum() >= FEWEST
    ]
    planted = np.any(list(slices.truth.values()), axis=0)
    masks = {name: (slices.labels == LABELS[name]) & ~planted for name in tissues}
    histograms = {
        name: [histogram(image[mask]) for image in (*slices.inputs, fused)]
        for name, mask in masks.items()
    }
    overlaps: dict[frozenset[str], float] = {}
    for one, other in combinations(tissues, 2):
        first, second, both = (
            float(np.minimum(a, b).sum())
            for a, b in zip(histograms[one], histograms[other], strict=True)
        )
        if min(first, second) < APART:
            overlaps[frozenset((one, other))] = both
    found = np.array(list(overlaps.values()))
    if not len(found):
        return {}
    result = {"overlap": float(found.mean()), "conflicts": float((found > ONE).mean())}
    for name, (pair, _) in OVERLAPS.items():
        if (named := frozenset(map(str.lower, pair))) in overlaps:
            result[name] = overlaps[named]
    return result


def histogram(values: np.ndarray) -> np.ndarray:
    """Normalised histogram of values in [0, 1], smoothed by `JUST_NOTICED`."""
    counts = np.bincount((np.clip(values, 0, 1) * (BINS - 1) + 0.5).astype(int), minlength=BINS)
    sigma = JUST_NOTICED * (BINS - 1)
    reach = round(3 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    smooth = np.convolve(np.pad(counts, reach, "symmetric"), kernel, "valid")
    return smooth / max(smooth.sum(), 1e-12)
