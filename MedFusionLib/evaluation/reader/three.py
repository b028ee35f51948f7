"""Three sources before the observer: MR, PET and CT of digital heads, and displays of all three."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...colour.coding import Coding
from .display import as_grey, blending, coloured, fused_in_grey, second_source
from .kept import DRAWS, Kept, Reader
from .observer import Hotelling, Observer
from .sites import SITES, Sites, head_sites
from .tasks import Question, Trials, lesion_tasks, plant

MODALITIES = ("mr", "pet", "ct")
#: three sources, each (crops, rows, columns) in [0, 1] -> uint8 sRGB (crops, rows, columns, 3)
Display = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class TrialsOfThree:
    """Crops of three sources, and what is asked of them.

    Attributes:
        trials: those of MR and PET; its questions are of all three sources.
        third: float32, the CT of each crop.
    """

    trials: Trials
    third: np.ndarray


def plant_in_three(seeds: Iterable[int], count: int = SITES) -> TrialsOfThree:
    """Plant the six lesions of MR and PET, and the three of the CT, at sites in digital heads.

    Asked is, too, whether a bright blob is in the PET or in the CT.

    Args:
        seeds: of the heads, see `head_sites`.
        count: number of sites.

    Raises:
        MedFusionError: there are no seeds.
    """
    seeds = list(seeds)
    pet, ct = (head_sites(pair, seeds, count) for pair in ("pet-mr", "ct-mr"))
    both = plant(pet, [task for task in lesion_tasks("pet-mr") if task.core])
    in_ct = Sites(pet.first, ct.second, pet.groups, "ct-mr", pet.pixel)  # same places, by seed
    tasks = [task for task in lesion_tasks("ct-mr") if task.core and task.source == 1]
    more = plant(in_ct, tasks)
    number, start = len(pet), len(both.first)
    planted = slice(number, more.plain.start)  # neither the sites as they are, nor the plain ones
    repeats = len(tasks)
    third = np.concatenate(
        [
            np.tile(ct.second, (both.plain.start // number, 1, 1)),
            more.second[more.plain],
            more.second[planted],
        ]
    )
    shifted = [
        replace(q, with_=slice(start + q.with_.start - number, start + q.with_.stop - number))
        for q in more.questions
    ]
    lesions = [q for q in both.questions if q.kind == "lesion"]
    bright, dense = (next(q.with_ for q in part if "+" in q.name) for part in (lesions, shifted))
    which = Question("bright in PET or in CT", "source", bright, dense)
    trials = replace(
        both,
        first=np.concatenate([both.first, np.tile(pet.first, (repeats, 1, 1))]),
        second=np.concatenate([both.second, np.tile(pet.second, (repeats, 1, 1))]),
        groups=np.concatenate([both.groups, np.tile(both.groups[:number], repeats)]),
        questions=(*lesions, *shifted, which),
    )
    return TrialsOfThree(trials, third)


def read_three(
    displays: dict[str, Display],
    of: TrialsOfThree,
    observer: Observer | None = None,
    draws: int = DRAWS,
) -> dict[str, Kept]:
    """What each display keeps of d' in the three sources side by side (MR grey, PET hot, CT grey).

    Args:
        displays: name -> display.
        of: from `plant_in_three`.
        observer: default: `Hotelling`.
        draws: resamples of the bootstrap.
    """
    observer = observer or Hotelling()
    first, second, third = of.trials.first, of.trials.second, of.third
    alone = as_grey(first), second_source()(first, second), as_grey(third)
    sources = [observer.appearance(picture) for picture in alone]
    reader = Reader(of.trials, observer, draws, sources=sources)
    return {name: reader.read(show(first, second, third)) for name, show in displays.items()}


def displays_of_three(method: str = "bands") -> dict[str, Display]:
    """The colours of three sources, plain ones in grey, and a method's.

    Slicer's slice views blend two volumes: the PET in "hot" over the MR, without the CT.
    """
    return {
        "Slicer: hot 50 %, without the CT": lambda mr, pet, ct: blending("hot", 0.5)(mr, pet),
        "average, grey": lambda *sources: as_grey(np.mean(sources, axis=0)),
        "maximum, grey": lambda *sources: as_grey(np.max(sources, axis=0)),
        f"{method}, grey": _in_grey(method),
        "colours: sources": sources_in_colour,
    }


def sources_in_colour(*sources: np.ndarray) -> np.ndarray:
    """The mode "sources" of three sources."""
    return coloured(sources[0], sources, sources, Coding("sources"), MODALITIES)


def _in_grey(name: str) -> Display:
    from ...methods.sequential import load_for_sources

    module, _ = load_for_sources(name, "pet-mr", "ct")
    return lambda *sources: fused_in_grey(module, *sources)


def table_of_kept(found: dict[str, Kept]) -> list[str]:
    """A Markdown table: worst and mean of the nine lesions, each source's worst, and PET or CT."""
    lines = [
        "| display | worst | mean | worst of MR | worst of PET | worst of CT | PET or CT |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, kept in found.items():
        cells = [kept.worst(), kept.mean(), *(_worst_in(kept, m) for m in MODALITIES)]
        cells.append(kept.worst("source"))
        lines.append(f"| {name} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")
    return lines


def _worst_in(kept: Kept, modality: str) -> float:
    """The least that is kept of the lesions that one source shows."""
    names: Sequence[str] = [q.name for q in kept.questions]
    own = [n for n, name in enumerate(names) if name.startswith(f"{modality.upper()} ")]
    return float(kept.values[own].min())
