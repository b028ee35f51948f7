"""Measure the methods for docs/evidence/evaluation.md.

    python tools/refresh_evaluation.py DATA RESULTS [SECTION ...]
    python tools/refresh_evaluation.py write

DATA is the data folder, with the atlas in `aanlib` and the ten pairs of other persons in
`seeds/funfusean`. RESULTS keeps what was measured of each method with which weights: a second run
measures only what is new, such as one network that was trained again. SECTION: only these, of
ct-mr, persons, pet-mr, spect-mr, phantom/ct-mr, phantom/pet-mr; the others stay as they are. The
numbers go to evaluation.json; `write` draws the page from it.

The same as `medfusion evaluate` with these methods, metrics, slices and heads. The publications'
tables are refresh_publications.py's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import evidence
import numpy as np
import torch
from evidence import EVALUATION, Table, keep

from MedFusionLib.evaluation.contenders import choose_contenders
from MedFusionLib.evaluation.measuring import evaluate
from MedFusionLib.evaluation.planted import DEFINITIONS, evaluate_phantom, measures_of
from MedFusionLib.evaluation.scores import Contender, Scores
from MedFusionLib.evaluation.summary import interval_note, summarise
from MedFusionLib.metrics.registry import better, choose_metrics, name_sources
from MedFusionLib.training.datasets import find_cases

#: the metrics of the tables of pairs
SHOWN = (
    "ssim_first",
    "ssim_second",
    "q_abf",
    "mutual_information",
    "viff",
    "scd",
    "uptake",
)
#: 4 s for a slice: so many slices of each case; of pictures none
SEMANTIC, SEMANTIC_SLICES = "semantic_loss", 2
#: the kinds of measures that the tables of heads leave out
HIDDEN = ("credit_difference", "credit_parts")
#: of the pairs; the page says that these are not all
ON_PAIRS = (
    "max-min",
    "gff",
    "laplacian-pyramid",
    "lp-cnn",
    "bands",
    "badal-regas",
    "cspa-dn",
    "funfusean",
    "fw-net",
)
#: of the heads, where each method makes shares and gradients too
ON_HEADS = (
    "max-min",
    "gff",
    "laplacian-pyramid",
    "bands",
    "badal-regas",
    "cspa-dn",
    "funfusean",
    "fw-net",
)
HEADS = 3


@dataclass(frozen=True)
class Section:
    """A table of the page.

    Attributes:
        heading: of the section, for the terminal.
        pair: what is fused.
        data: folder within DATA; "": digital heads.
        stored: whether grey levels are taken as they are stored.
        slices: the most of a case, evenly spaced; None: all.
    """

    heading: str
    pair: str
    data: str = ""
    stored: bool = False
    slices: int | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods in the table; the yardsticks come with them."""
        return ON_PAIRS if self.data else ON_HEADS

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, of pairs."""
        return SHOWN if self.stored else (*SHOWN, SEMANTIC)


#: name of the section -> what it is
SECTIONS = {
    "ct-mr": Section("ct-mr, test split", "ct-mr", "aanlib", slices=12),
    "persons": Section(
        "pet-mr, ten pairs of other persons", "pet-mr", "seeds/funfusean", stored=True
    ),
    "pet-mr": Section(
        "pet-mr, series 41: another orientation of the subject that was trained on",
        "pet-mr",
        "aanlib",
        slices=16,
    ),
    "spect-mr": Section("spect-mr, test split", "spect-mr", "aanlib", slices=8),
    "phantom/ct-mr": Section("digital head, ct-mr", "ct-mr"),
    "phantom/pet-mr": Section("digital head, pet-mr", "pet-mr"),
}


def main() -> None:
    """Measure what is new, and draw the sections asked for."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("evaluation")
    data, results, *wanted = sys.argv[1:]
    torch.set_num_threads(1)
    for name in wanted or SECTIONS:
        section = SECTIONS[name]
        scores = collected(
            Path(results) / name.replace("/", "-"),
            choose_contenders(",".join(section.methods), section.pair)[0],
            [section.slices, SEMANTIC_SLICES, *section.metrics] if section.data else [HEADS],
            lambda contenders, section=section: measured(section, contenders, Path(data)),
        )
        keep(EVALUATION, name, tables(scores))


def measured(section: Section, contenders: Sequence[Contender], data: Path) -> Scores:
    """The scores of some methods."""
    print(f"{section.heading}: {', '.join(c.name for c in contenders)}", flush=True)
    if not section.data:
        return evaluate_phantom(section.pair, contenders, seeds=range(HEADS), device="cpu")
    cases = find_cases(data / section.data, section.pair, "test", section.stored)
    return evaluate(
        cases,
        contenders,
        section.metrics,
        slices=section.slices,
        slow_slices=SEMANTIC_SLICES,
        device="cpu",
    )


def collected(
    folder: Path,
    contenders: Sequence[Contender],
    key: list[Any],
    measure: Callable[[list[Contender]], Scores],
) -> Scores:
    """The scores of all methods, of which those are measured that are not in the folder.

    Args:
        folder: of results; a file for each method.
        contenders: the methods.
        key: what else has to be the same.
        measure: of the methods that are new.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def kept(name: str, weights: str | None) -> dict[str, Any] | None:
        path = folder / f"{name}.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return found if found.get("key") == [weights, *key] else None

    new = [c for c in contenders if not kept(c.name, c.weights)]
    if new:
        scores = measure(new)
        common = {name: getattr(scores, name) for name in COMMON}
        names = [measure.name for measure in scores.measures]
        for name, values in zip(scores.methods, scores.values, strict=True):
            numbers = [[None if np.isnan(x) else float(x) for x in row] for row in values]
            found = {"key": [scores.weights.get(name), *key], "measures": names, "values": numbers}
            text = json.dumps(found | common, ensure_ascii=False)
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
    files = {c.name: kept(c.name, c.weights) for c in contenders}
    one = next(iter(files.values()))
    files |= {name: kept(name, None) for name in one["unranked"]}
    common = {name: tuple(one[name]) for name in COMMON} | {n: one[n] for n in ("unit", "group")}
    on_heads = one["unit"] == "head"
    known = (
        measures_of("-".join(reversed(one["modalities"])))
        if on_heads
        else choose_metrics([*SHOWN, SEMANTIC])
    )
    measures = [next(m for m in known if m.name == name) for name in one["measures"]]
    values = np.array([found["values"] for found in files.values()], float)
    return Scores(tuple(files), tuple(measures), values=values, **common)


#: what the scores of all methods have in common
COMMON = ("groups", "notes", "numbers", "unit", "group", "modalities", "unranked")


def tables(scores: Scores) -> dict[str, Table]:
    """One result: methods by metrics, the means and their 95 % intervals."""
    found = {(row.method, row.measure): row for row in summarise(scores)}
    measures = [m for m in scores.measures if not m.name.startswith(HIDDEN)]
    heads = {m.name: name_sources(m.symbol, scores.modalities).replace("|", "") for m in measures}
    means: dict[str, dict[str, Any]] = {}
    intervals: dict[str, dict[str, Any]] = {}
    for method in scores.methods:
        rows = {heads[m.name]: found[method, m.name] for m in measures}
        means[method] = {head: row.mean for head, row in rows.items()}
        intervals[method] = {
            head: None if np.isnan(row.low) else [row.low, row.high] for head, row in rows.items()
        }
    counts = f"{len(scores.groups)} {scores.unit}s"
    if scores.unit != scores.group:
        counts += f" of {len(set(scores.groups))} {scores.group}(s)"
    notes = [note for note in scores.notes if note not in DEFINITIONS]  # they stand in the page
    return {
        "means": Table(
            means,
            note=" ".join([f"{counts}.", *notes]),
            better={heads[m.name]: better(m) for m in measures},
            unranked=list(scores.unranked),
        ),
        "intervals": Table(intervals, "95 % intervals", interval_note(scores), folded=True),
    }


if __name__ == "__main__":
    main()
