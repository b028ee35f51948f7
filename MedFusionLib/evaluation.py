"""Score fusion methods on registered pairs: means, intervals over cases, ranks and wins.

What is scored is what `fuse` gives: the same scaling, the same background rule, clipped to [0, 1].
The plain average and the pixel-wise maximum are always among the methods, for any table without
them misleads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from .datasets import Case
from .errors import Cancelled, MedFusionError
from .quality import all_metrics, choose_metrics, evenly, measure
from .sources import Sources, filled_slices
from .volumes import same_grid, slice_order, stored_axis, to_slices

YARDSTICKS = ("average", "maximum")
#: metrics that take long; measured on a subset of the slices
SLOW = ("fmi", "semantic_loss")
SLOW_SLICES = 6
#: resamples of the bootstrap
DRAWS = 2000
FEW_CASES = 5
#: the metric that picks the worst and the best slice for the picture
PICKED_BY = "q_abf"
FOREIGN_ENDINGS = (".nrrd", ".nii.gz", ".nii", ".mha")


class Measure(Protocol):
    """What is tabulated: a metric, or anything else with a name and a direction."""

    name: str
    symbol: str
    higher_is_better: bool | None


@dataclass(frozen=True)
class Contender:
    """What is scored: one of our methods, or a folder of fused images.

    Attributes:
        name: in the tables.
        module: of our own methods; None for a folder.
        weights: SHA-256 of its weights, if it has any.
        folder: of fused images made elsewhere; None for our own methods.
        scale: what the values of the folder's images are divided by.
    """

    name: str
    module: torch.nn.Module | None = None
    weights: str | None = None
    folder: Path | None = None
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Stack:
    """The slices of a case that are scored, in display orientation.

    Attributes:
        first: (slices, rows, columns) in [0, 1].
        second: likewise.
        background: bool, where neither shows anything.
        numbers: of the slices, counted from 0 as they are stored.
        layout: for `to_slices`.
        kept: the slices that show something, in display order.
    """

    first: np.ndarray
    second: np.ndarray
    background: np.ndarray
    numbers: np.ndarray
    layout: tuple[tuple[int, ...], tuple[int, ...]]
    kept: np.ndarray


@dataclass(frozen=True, eq=False)
class Example:
    """A slice for the picture: where it is, its value, and (rows, columns) in [0, 1]."""

    case: str
    number: int
    value: float
    first: np.ndarray
    second: np.ndarray
    fused: np.ndarray


@dataclass(frozen=True, eq=False)
class Crop:
    """The surroundings of a planted thing: (rows, columns), colours (rows, columns, 3)."""

    title: str
    fused: np.ndarray
    colour: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True, eq=False)
class Scores:
    """Every value that was measured.

    Attributes:
        methods: names.
        measures: what was measured.
        groups: of each sample, what is resampled as a whole: its case (or head).
        values: (methods, measures, samples); NaN where nothing was measured.
        notes: sentences that belong under the table.
        numbers: of each sample, its slice in the case; -1 where it is none.
        unit: what a sample is.
        group: what a group is.
        modalities: of the sources.
        weights: method -> SHA-256 of its weights.
        examples: method -> worst and best slice.
        crops: method -> the planted things, on the digital head.
        unranked: names of what stands in the table for comparison only.
    """

    methods: tuple[str, ...]
    measures: tuple[Measure, ...]
    groups: tuple[str, ...]
    values: np.ndarray
    notes: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    unit: str = "slice"
    group: str = "case"
    modalities: tuple[str, ...] = ("mr", "other")
    weights: dict[str, str] = field(default_factory=dict)
    examples: dict[str, tuple[Example, Example]] = field(default_factory=dict)
    crops: dict[str, list[Crop]] = field(default_factory=dict)
    unranked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One method on one measure.

    Attributes:
        method: its name.
        measure: its name.
        mean: over all samples.
        low: lower end of the 95 % bootstrap interval; NaN where there is none.
        high: its upper end.
        rank: 1 is the best; equal means share a rank.
        samples: number of samples measured.
        groups: number of groups in which at least one was.
        wins: yardstick -> (samples won, groups won); a tie is no win.
    """

    method: str
    measure: str
    mean: float
    low: float
    high: float
    rank: int
    samples: int
    groups: int
    wins: dict[str, tuple[int, int]]


# Measuring --------------------------------------------------------------------------------------


def evaluate(
    cases: Sequence[Case],
    contenders: Sequence[Contender],
    metrics: Sequence[str],
    *,
    slow_slices: int = SLOW_SLICES,
    device: str = "auto",
    notes: Iterable[str] = (),
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Scores:
    """Fuse every slice of every case with every method, and measure.

    Args:
        cases: of one pair, see `datasets.find_cases`.
        contenders: see `choose_contenders` and `foreign`.
        metrics: names in `quality.all_metrics`, see `choose_names`.
        slow_slices: at most so many slices of a case, evenly spaced, for the metrics in `SLOW`.
        device: "auto", "cuda", "mps" or "cpu".
        notes: sentences to keep with the scores.
        progress: called with (slices done, all slices), counted for every method.
        cancelled: asked between batches.

    Returns:
        The scores; a sample is a slice, a group a case.

    Raises:
        MedFusionError: no such metric, or a foreign image that is missing or does not fit.
        Cancelled: the cancel flag was set.

    Example:
        >>> cases = find_cases("pairs", "ct-mr", "test")  # doctest: +SKIP
        >>> methods, notes = choose_contenders("all", "ct-mr")  # doctest: +SKIP
        >>> scores = evaluate(cases, methods, ["q_abf"], notes=notes)  # doctest: +SKIP
        >>> [(row.method, row.mean) for row in summarise(scores)]  # doctest: +SKIP
        [('average', 0.380...), ('maximum', 0.621...), ...]
    """
    from .devices import choose_device

    if slow_slices < 1:
        raise MedFusionError(f"slow slices is {slow_slices}; it must be at least 1.")
    chosen = choose_device(device)
    found = choose_metrics(metrics)
    slow = np.array([metric.name in SLOW for metric in found], bool)
    stacks = [stack_of(case.sources) for case in cases]
    total = len(contenders) * sum(len(stack.kept) for stack in stacks)
    picked = picked_metric(found)
    values = [[] for _ in contenders]
    examples: dict[str, tuple[Example, Example]] = {}
    done = 0
    for case, stack in zip(cases, stacks, strict=True):
        subset = np.isin(np.arange(len(stack.kept)), evenly(len(stack.kept), slow_slices))
        for contender, measured in zip(contenders, values, strict=True):
            fused = fuse_stack(contender, case, stack, chosen, cancelled)
            part = np.full((len(found), len(fused)), np.nan)
            for start in range(0, len(fused), 4):
                if cancelled and cancelled():
                    raise Cancelled
                batch = np.arange(start, min(start + 4, len(fused)))
                for which, where in ((~slow, batch), (slow, batch[subset[batch]])):
                    images = (fused[where], stack.first[where], stack.second[where])
                    now = [metric for metric, use in zip(found, which, strict=True) if use]
                    part[np.ix_(which, where)] = measure(*images, now, chosen)
                done += len(batch)
                if progress:
                    progress(done, total)
            measured.append(part)
            _keep_examples(
                examples, contender.name, found[picked], part[picked], case, stack, fused
            )
    notes = list(notes)
    if slow.any() and any(len(stack.kept) > slow_slices for stack in stacks):
        names = " and ".join(m.symbol for m, late in zip(found, slow, strict=True) if late)
        notes.append(f"{names}: on {slow_slices} evenly spaced slices of each case only.")
    return Scores(
        tuple(contender.name for contender in contenders),
        tuple(found),
        tuple(case.name for case, s in zip(cases, stacks, strict=True) for _ in s.kept),
        np.stack([np.concatenate(measured, axis=1) for measured in values]),
        tuple(notes),
        tuple(int(n) for stack in stacks for n in stack.numbers),
        modalities=cases[0].sources.modalities,
        weights={c.name: c.weights for c in contenders if c.weights},
        examples=examples,
    )


def stack_of(sources: Sources, axis: str | None = None) -> Stack:
    """The slices of prepared sources in which at least 2 % is not background.

    Args:
        sources: from `prepare`.
        axis: of the slices; default: along which the volume was stored slice by slice.
    """
    layout = slice_order(sources.reference, axis or stored_axis(sources.reference))
    background = to_slices(sources.background, *layout)
    kept = filled_slices(background)
    first, second, *_ = sources.slices(*layout, kept)
    numbers = len(background) - 1 - kept if 0 in layout[1] else kept
    return Stack(first, second, background[kept], numbers, layout, kept)


def fuse_stack(
    contender: Contender,
    case: Case,
    stack: Stack,
    device: torch.device,
    cancelled: Callable[[], bool] | None = None,
) -> np.ndarray:
    """The fused slices that are scored, (slices, rows, columns) in [0, 1]."""
    from .inference import run_slices

    if contender.folder is not None:
        whole = read_foreign(contender.folder, case, stack.numbers) / contender.scale
        fused = to_slices(whole, *stack.layout)[stack.kept]
    else:
        pair = [stack.first, stack.second]
        fused = run_slices(contender.module, pair, device=device, cancelled=cancelled).fused
        fused[stack.background] = 0
    return np.clip(fused, 0, 1)


def picked_metric(measures: Sequence[Measure]) -> int:
    """Which measure picks the examples: Q^AB/F, or the first where it was not measured."""
    return next((n for n, measure in enumerate(measures) if measure.name == PICKED_BY), 0)


def _keep_examples(
    examples: dict[str, tuple[Example, Example]],
    method: str,
    metric: Measure,
    values: np.ndarray,
    case: Case,
    stack: Stack,
    fused: np.ndarray,
) -> None:
    """Keep the worst and the best slice of a method seen so far."""
    sign = 1 if metric.higher_is_better else -1
    if not np.isfinite(values).any():
        return
    found = []
    for n in (int(np.nanargmin(sign * values)), int(np.nanargmax(sign * values))):
        pictures = (stack.first[n], stack.second[n], fused[n])
        found.append(Example(case.name, int(stack.numbers[n]), float(values[n]), *pictures))
    both = [*examples.get(method, ()), *found]
    examples[method] = (
        min(both, key=lambda example: sign * example.value),
        max(both, key=lambda example: sign * example.value),
    )


# Choosing ---------------------------------------------------------------------------------------


def choose_names(metrics: str) -> list[str]:
    """Metrics by words: "all", "fast" (all but the slow ones) or names with commas between.

    Raises:
        MedFusionError: no such metric.
    """
    if metrics in ("all", "fast"):
        return [name for name in all_metrics() if metrics == "all" or name not in SLOW]
    names = list(dict.fromkeys(word.strip() for word in metrics.split(",")))
    choose_metrics(names)
    return names


def choose_contenders(methods: str, pair: str) -> tuple[list[Contender], list[str]]:
    """Our methods by words: "all" or names with commas between; the yardsticks always come first.

    Args:
        methods: with "all", networks that have no weights for the pair are left out.
        pair: whose weights the networks take.

    Returns:
        The methods, ready to fuse, and a note on what was left out.

    Raises:
        MedFusionError: no such method, or one asked for by name has no weights.
    """
    from .methods import all_methods
    from .weights import load_method, weights_path

    left_out = []
    if methods == "all":
        names = []
        for method in all_methods():
            ready = method.kind == "classical" or weights_path(method.name, pair).is_file()
            (names if ready else left_out).append(method.name)
    else:
        names = [word.strip() for word in methods.split(",")]
    chosen = []
    for name in dict.fromkeys([*YARDSTICKS, *names]):
        module, digest = load_method(name, pair)
        chosen.append(Contender(name, module, digest))
    notes = [f"Left out, for there are no weights for {pair}: {', '.join(left_out)}."]
    return chosen, notes if left_out else []


# Fused images made elsewhere --------------------------------------------------------------------


def foreign(folder: str | Path, cases: Sequence[Case], name: str | None = None) -> Contender:
    """A folder of fused images made elsewhere, to be scored beside our own.

    For each case the folder holds either a volume `CASE.nrrd` (or .nii, .nii.gz, .mha) on the grid
    of the case's MR, or the slices as grey PNG pictures, `CASE-000.png` or `CASE/000.png`. Slices
    are numbered from 0 as the MR is stored; rows and columns are those of the stored MR. Empty
    slices may be missing. Values are used as they are where none in the folder exceeds 2; else
    0..255 (or, for PNG pictures, the range of their type) becomes 0..1.

    Args:
        folder: as above.
        cases: that are going to be scored.
        name: in the tables; default: the folder's name.

    Raises:
        MedFusionError: no folder, a missing or unfitting image, or values above 255.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MedFusionError(f"There is no folder {folder}; give the one with the fused images.")
    highest = 0.0
    for case in cases:
        whole = read_foreign(folder, case, stack_of(case.sources).numbers)
        if not np.isfinite(whole).all():
            raise MedFusionError(
                f"The fused images of case {case.name} in {folder} hold NaN or infinity; "
                "replace those values first."
            )
        highest = max(highest, float(whole.max()))
    if highest > 255.5:
        raise MedFusionError(
            f"The fused images in {folder} go up to {highest:g}; scale them to 0..1 or 0..255."
        )
    return Contender(name or folder.resolve().name, None, None, folder, 255 if highest > 2 else 1)


def find_foreign(
    folders: Sequence[Path],
    names: Sequence[str],
    cases: Sequence[Case],
    ours: Sequence[Contender] = (),
) -> list[Contender]:
    """Several folders of fused images, see `foreign`.

    Args:
        folders: the folders.
        names: of each, or none.
        cases: that are going to be scored.
        ours: the methods beside them.

    Raises:
        MedFusionError: as `foreign`; another number of names than folders, or a name twice.
    """
    if names and len(names) != len(folders):
        raise MedFusionError(
            f"There are {len(folders)} folders of fused images and {len(names)} names; "
            "give a --name for each --fused, or none."
        )
    chosen = names or [Path(folder).resolve().name for folder in folders]
    taken = [contender.name for contender in ours]
    for name in chosen:
        if name in taken:
            raise MedFusionError(f"There is a method '{name}' already; give another --name.")
        taken.append(name)
    return [foreign(*given) for given in zip(folders, repeat(cases), chosen, strict=False)]


def read_foreign(folder: Path, case: Case, numbers: Iterable[int]) -> np.ndarray:
    """The fused images of a case, (k, j, i) as its MR is stored, in their own units.

    Args:
        folder: see `foreign`.
        case: whose images.
        numbers: of the slices that are needed.
    """
    from .files import read_volume

    reference = case.sources.reference
    for ending in FOREIGN_ENDINGS:
        path = folder / f"{case.name}{ending}"
        if path.is_file():
            volume = read_volume(path)
            if not same_grid(volume, reference):
                raise MedFusionError(
                    f"{path} does not lie on the grid of the MR of case {case.name}; save it with "
                    "the MR's size, spacing, origin and direction."
                )
            return volume.array
    whole = np.zeros(reference.shape, np.float32)
    for number in numbers:
        names = (f"{case.name}-{number:03d}.png", f"{case.name}/{number:03d}.png")
        path = next((folder / name for name in names if (folder / name).is_file()), None)
        if path is None:
            raise MedFusionError(
                f"{folder} holds no fused image of slice {number} of case {case.name}; name "
                f"volumes {case.name}.nrrd and pictures {names[0]} or {names[1]}."
            )
        whole[number] = _read_picture(path, whole.shape[1:])
    return whole


def _read_picture(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A grey picture, its type's range taken to [0, 1]."""
    from skimage.io import imread

    picture = imread(path)
    whole = np.iinfo(picture.dtype).max if picture.dtype.kind in "iu" else 1
    if picture.ndim == 3:
        if np.ptp(picture[..., :3], axis=-1).any():
            raise MedFusionError(f"{path} is a colour picture; give grey ones.")
        picture = picture[..., 0]
    if picture.shape != shape:
        raise MedFusionError(
            f"{path} has {picture.shape[0]} x {picture.shape[1]} pixels, but the MR's slices have "
            f"{shape[0]} x {shape[1]}."
        )
    return picture.astype(np.float32) / whole


# Tables -----------------------------------------------------------------------------------------


def summarise(scores: Scores, draws: int = DRAWS, seed: int = 0) -> list[Row]:
    """Mean, 95 % interval, rank and wins of every method on every measure.

    Args:
        scores: what was measured.
        draws: resamples of the bootstrap.
        seed: of the resamples, which are the same for all methods and measures.

    Returns:
        Rows, method by method.
    """
    rows = []
    table = mean_of(scores.values)
    ranked = np.array([method not in scores.unranked for method in scores.methods])
    contest = np.where(ranked[:, None], table, np.nan)
    for m, method in enumerate(scores.methods):
        for n, measure_ in enumerate(scores.measures):
            values, higher = scores.values[m, n], measure_.higher_is_better
            measured = np.isfinite(values)
            low, high = interval(values, scores.groups, draws, seed)
            against = {
                name: wins(values, scores.values[scores.methods.index(name), n], scores, higher)
                for name in YARDSTICKS
                if higher is not None and name in scores.methods and name != method
            }
            rows.append(
                Row(
                    method,
                    measure_.name,
                    float(table[m, n]),
                    low,
                    high,
                    ranks(contest[:, n], higher)[m],
                    int(measured.sum()),
                    len({g for g, here in zip(scores.groups, measured, strict=True) if here}),
                    against,
                )
            )
    return rows


def mean_of(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is not NaN; NaN where all is."""
    defined = np.isfinite(values)
    count = defined.sum(axis=-1)
    total = np.where(defined, values, 0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def interval(
    values: Sequence[float], groups: Sequence[str], draws: int = DRAWS, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean (Efron 1979).

    Whole groups are resampled, for the slices of a case are not independent; with a single group
    its samples are.

    Args:
        values: one for each sample; NaN is left out.
        groups: of each sample.
        draws: number of resamples.
        seed: of the resamples.

    Returns:
        The 2.5 and the 97.5 percentile; NaN with a single sample.

    Example:
        >>> interval([0.0, 0.0, 1.0, 1.0], ["a", "a", "b", "b"])
        (0.0, 1.0)
    """
    values = np.asarray(values, float)
    defined = np.isfinite(values)
    values, names = values[defined], np.asarray(groups)[defined]
    _, member = np.unique(names, return_inverse=True)
    if len(set(member.tolist())) < 2:
        member = np.arange(len(values))
    if len(values) < 2:
        return float("nan"), float("nan")
    sums, counts = np.bincount(member, values), np.bincount(member)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=draws)
    low, high = np.percentile(drawn @ sums / (drawn @ counts), [2.5, 97.5])
    return float(low), float(high)


def ranks(means: Sequence[float], higher_is_better: bool | None) -> list[int]:
    """Rank of each method, 1 the best; equal means share one; 0 where there is no rank.

    Example:
        >>> ranks([0.5, 0.9, 0.5, float("nan")], True)
        [2, 1, 2, 0]
    """
    if higher_is_better is None:
        return [0] * len(means)
    signed = np.asarray(means, float) * (-1 if higher_is_better else 1)
    return [
        0 if np.isnan(own) else 1 + int((signed < own - 1e-9 * abs(own)).sum()) for own in signed
    ]


def wins(
    values: np.ndarray, yardstick: np.ndarray, scores: Scores, higher_is_better: bool
) -> tuple[int, int]:
    """In how many samples, and in the means of how many groups, a method beats a yardstick."""
    ahead = (values - yardstick) * (1 if higher_is_better else -1)
    names = np.asarray(scores.groups)
    by_group = np.array([mean_of(ahead[names == name]) for name in dict.fromkeys(scores.groups)])
    return int((ahead > 1e-9).sum()), int((by_group > 1e-9).sum())


def interval_note(scores: Scores) -> str:
    """How the intervals were made, and what they are worth; one or two sentences."""
    count = len(set(scores.groups))
    if count == 1 and scores.unit != scores.group:
        return (
            f"There is one {scores.group} only: the intervals resample its {scores.unit}s and say "
            f"nothing of other {scores.group}s."
        )
    if count == 1:
        return f"There is one {scores.group} only: no intervals."
    text = f"The intervals resample whole {scores.group}s ({count}, {DRAWS} draws)."
    if count < FEW_CASES:
        text += f" With so few {scores.group}s they are rough and too narrow."
    return text
