"""Score fusion methods on registered pairs: means, intervals over cases, ranks and wins.

What is scored is what `fuse` gives: the same scaling, the same background rule, the same bounds;
with headroom where a contender has it. The plain average and the pixel-wise maximum are always
among the methods, for any table without them misleads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch

from ..errors import Cancelled, MedFusionError
from ..metrics.common import Measure, Metric
from ..metrics.registry import all_metrics, choose_metrics, measure
from ..sources.prepare import as_8_bit, evenly_spaced
from ..sources.volumes import to_slices
from ..training.datasets import Case
from .contenders import headroom_notes
from .elsewhere import read_foreign
from .scores import Contender, Example, Scores
from .stacks import Stack, evenly_spaced_stack, stack_of

#: metrics that take long; measured on a subset of the slices
SLOW = ("fmi", "fmi_pixel", "fmi_dct", "semantic_loss")
SLOW_SLICES = 6
#: the metric that picks the worst and the best slice for the picture
PICKED_BY = "q_abf"


def evaluate(  # its keywords are public, so there are nine
    cases: Sequence[Case],
    contenders: Sequence[Contender],
    metrics: Sequence[str],
    *,
    slices: int | None = None,
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
        metrics: names in `metrics.all_metrics`, see `choose_names`.
        slices: the most slices of a case, evenly spaced; default: all.
        slow_slices: the most slices of a case, evenly spaced, for the metrics in `SLOW`.
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
    from ..inference.devices import choose_device

    if slow_slices < 1:
        raise MedFusionError(f"slow slices is {slow_slices}; it must be at least 1.")
    if slices is not None and slices < 1:
        raise MedFusionError(f"slices is {slices}; it must be at least 1.")
    chosen = choose_device(device)
    found = choose_metrics(metrics)
    stacks = [evenly_spaced_stack(stack_of(case.sources), slices) for case in cases]
    total = len(contenders) * sum(len(stack.kept) for stack in stacks)
    picked = picked_metric(found)
    values: list[list[np.ndarray]] = [[] for _ in contenders]
    examples: dict[str, tuple[Example, Example]] = {}
    done = 0
    for case, stack in zip(cases, stacks, strict=True):
        for contender, measured in zip(contenders, values, strict=True):
            fused = fuse_stack(contender, case, stack, chosen, cancelled)
            part = np.full((len(found), len(fused)), np.nan)
            for count in _measure_into(part, fused, stack, found, slow_slices, chosen):
                done += count
                if progress:
                    progress(done, total)
                if cancelled and cancelled():
                    raise Cancelled
            measured.append(part)
            _keep_examples(
                examples, contender.name, found[picked], part[picked], case, stack, fused
            )
    more = _notes_on(cases, slices)
    late = [metric.symbol for metric in found if metric.name in SLOW]
    if late and any(len(stack.kept) > slow_slices for stack in stacks):
        more.append(
            f"{' and '.join(late)}: on {slow_slices} evenly spaced slices of each case only."
        )
    return Scores(
        tuple(contender.name for contender in contenders),
        tuple(found),
        tuple(case.name for case, s in zip(cases, stacks, strict=True) for _ in s.kept),
        np.stack([np.concatenate(measured, axis=1) for measured in values]),
        (*notes, *headroom_notes(contenders, cases[0].sources.modalities), *more),
        tuple(int(n) for stack in stacks for n in stack.numbers),
        modalities=cases[0].sources.modalities,
        weights={c.name: c.weights for c in contenders if c.weights},
        examples=examples,
    )


def _measure_into(
    values: np.ndarray,
    fused: np.ndarray,
    stack: Stack,
    metrics: Sequence[Metric],
    slow_slices: int,
    device: torch.device,
) -> Iterator[int]:
    """Fill (metrics, slices), some slices at a time; yields how many each time."""
    slow = np.array([metric.name in SLOW for metric in metrics], bool)
    subset = np.isin(np.arange(len(fused)), evenly_spaced(len(fused), slow_slices))
    for start in range(0, len(fused), 4):
        batch = np.arange(start, min(start + 4, len(fused)))
        for which, where in ((~slow, batch), (slow, batch[subset[batch]])):
            images = (fused[where], stack.first[where], stack.second[where])
            now = [metric for metric, use in zip(metrics, which, strict=True) if use]
            values[np.ix_(which, where)] = measure(*images, now, device)
        yield len(batch)


def _notes_on(cases: Sequence[Case], slices: int | None) -> list[str]:
    """What a reader of the table has to know of the cases, in sentences."""
    notes = []
    if slices is not None:
        notes.append(f"At most {slices} evenly spaced slice(s) of each case.")
    if any(case.stored for case in cases):
        notes.append(
            "Scored as stored: grey levels as they are in the files, background only where both "
            "are 0, fused images rounded to 8 bit."
        )
    if len(cases) > 1 and all(case.is_picture for case in cases):
        notes.append(
            "Each picture counts as a case; where several are of one person, the intervals are too "
            "narrow."
        )
    return notes


def fuse_stack(
    contender: Contender,
    case: Case,
    stack: Stack,
    device: torch.device,
    cancelled: Callable[[], bool] | None = None,
) -> np.ndarray:
    """The fused slices that are scored, (slices, rows, columns) in [0, 1].

    What is scored as stored is rounded to 8 bit, as stored fused images are.
    """
    from ..inference.headroom import sources_factor, with_headroom
    from ..inference.slices import run_slices

    if contender.folder is not None:
        whole = read_foreign(contender.folder, case, stack.numbers) / contender.scale
        fused = to_slices(whole, *stack.layout)[stack.kept]
    else:
        pair = [stack.first, stack.second]
        factor = sources_factor(case.sources, (1,)) if contender.headroom else 1.0
        method = with_headroom(contender.method, factor)
        fused = run_slices(method, pair, device=device, bounded=True, cancelled=cancelled).fused
        fused[stack.background] = 0
    fused = np.clip(fused, 0, 1)
    return as_8_bit(fused) if case.stored else fused


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
