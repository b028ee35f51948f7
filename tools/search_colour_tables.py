"""Search the colour tables of the mode "sources": two coordinates, judged by model observers.

    python tools/search_colour_tables.py pet --data ../shared/data/aanlib

For one kind of second source, on digital heads of the choosing seeds (100 to 199) and on training
cases only. An evolution strategy changes the parameters of `colour.two_coordinates`; each table is
judged by quick forms of both observers of `evaluation.reader`, for normal vision and for readers
with a colour-vision deficiency. It sets out from `START` and from places around it, goes on from
the best of them, draws from a seed, and writes the best table into
`MedFusionLib/colour/modes/sources.json`: the command that stands there makes it again.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import combinations, product
from pathlib import Path

import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab

from MedFusionLib.colour.mode import LEVELS
from MedFusionLib.colour.two_coordinates import FEW, colour_table, curve, table_of_three
from MedFusionLib.evaluation.reader.display import blending
from MedFusionLib.evaluation.reader.observer import (
    INTERNAL_NOISE,
    NOTICED,
    PIXELS_PER_DEGREE,
    channel_templates,
    eye_filters,
)
from MedFusionLib.evaluation.reader.sites import CHOOSING, Sites, case_sites, head_sites
from MedFusionLib.evaluation.reader.tasks import lesion_tasks, plant
from MedFusionLib.training.datasets import find_cases

TABLES = Path(__file__).resolve().parents[1] / "MedFusionLib" / "colour" / "modes" / "sources.json"
SIZE = 128  # levels of each source in the search
CENTRE, STEP = slice(20, 60), 4  # pixels looked at: all in the middle, every fourth beyond

#: what linear RGB looks like to a dichromat: Machado, Oliveira, Fernandes 2009, severity 1
VISION = {
    "normal": np.eye(3),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}
#: the least that the worst task has to keep: digital heads, real cases
GOALS = {"pet": (0.85, 0.75), "ct": (1.1, 0.85), "spect": (0.85, 0.75)}
#: the least mean of the tasks; CIEDE2000 between lesion and grey matter, and of a step of a quarter
MEAN_GOAL, APART_GOAL, STEP_GOAL = 0.93, 38.0, 6.0
#: whose least step has to reach STEP_GOAL, with a deficiency 1 / DEFICIENT_STEPS of it: of a SPECT
#: a search that asked only the normal reader left a step that tritan readers do not see
STEP_READERS = {"spect": ("normal", "deutan", "protan", "tritan")}
DEFICIENT_STEPS = 2.2
#: what a reader with a deficiency keeps of the worst task at least, as a part of what others keep
DEFICIENT_GOALS = {"deutan": 0.85, "protan": 0.85, "tritan": 0.65}


def lab_of(srgb: np.ndarray, vision: str) -> np.ndarray:
    """CIELAB of sRGB in [0, 1] as such a reader sees it, float32."""
    if vision != "normal":
        linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
        linear = np.clip(linear @ VISION[vision].T, 0, 1)
        srgb = np.where(
            linear <= 0.0031308,
            12.92 * linear,
            1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055,
        )
    return rgb2lab(srgb).astype(np.float32)


class QuickReader:
    """Both observers before the six lesions of some sites; a display is a table."""

    def __init__(self, sites: Sites) -> None:
        self.tasks = [task for task in lesion_tasks(sites.pair) if task.core]
        trials = plant(sites, self.tasks)
        self.sets = [(q.without, q.with_) for q in trials.questions if q.kind == "lesion"]
        crops = max(part.stop for pair in self.sets for part in pair)
        rows, columns = (
            np.round(part[:crops] * (SIZE - 1)).astype(np.int32)
            for part in (trials.first, trials.second)
        )
        index = rows * SIZE + columns
        index[(trials.first[:crops] == 0) & (trials.second[:crops] == 0)] = 0
        half = CENTRE.stop - CENTRE.start
        self.near = index[:, CENTRE, CENTRE].reshape(crops, -1)
        self.far = index[:, ::STEP, ::STEP].reshape(crops, -1)
        channels = channel_templates(False).reshape(-1, 80, 80)
        fine = channels[:3, CENTRE, CENTRE].reshape(3, -1)
        coarse = channels[3:, ::STEP, ::STEP].reshape(1, -1)
        self.fine = fine - fine.mean(axis=1, keepdims=True)  # cut off: they answer 0 to a grey
        self.coarse = coarse / coarse.clip(0).sum() * channels[3].clip(0).sum()
        self.coarse -= self.coarse.mean()
        lightness, chroma = map(np.array, NOTICED)
        self.noticed = np.stack([lightness, chroma, chroma], axis=1).astype(np.float32)
        self.half = half
        sources = [blending("gray", 0.0), blending("hot", 1.0)]
        views = [lab_of(table_of(one), "normal") for one in sources]
        self.reference = self._both([self._features(view) for view in views])
        self.overlay = self.kept(lab_of(table_of(blending("hot", 0.5)), "normal"))

    def kept(self, lab: np.ndarray, matched: bool = True) -> np.ndarray:
        """What a table keeps of each task: (observers, tasks); the first observer's alone."""
        found = self._both([self._features(lab)], matched)
        return found / self.reference[: len(found)]

    def _features(self, lab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        flat = lab.reshape(-1, 3)
        near, far = flat.take(self.near, axis=0), flat.take(self.far, axis=0)
        outputs = np.concatenate([self.fine @ near, self.coarse @ far], axis=1) / self.noticed
        return outputs.reshape(len(near), -1), near

    def _both(self, views: list[tuple[np.ndarray, np.ndarray]], matched: bool = True) -> np.ndarray:
        outputs = np.concatenate([view[0] for view in views], axis=1).astype(float)
        found = np.empty((1 + matched, len(self.sets)))
        for number, (without, with_) in enumerate(self.sets):
            one, other = outputs[without], outputs[with_]
            mean = other.mean(axis=0) - one.mean(axis=0)
            spread = (np.cov(one.T) + np.cov(other.T)) / 2 + INTERNAL_NOISE * np.eye(len(mean))
            found[0, number] = np.sqrt(mean @ np.linalg.solve(spread, mean))
            if matched:
                found[1, number] = self._matched(views, without, with_)
        return found

    def _matched(self, views, without: slice, with_: slice) -> float:
        """The observer that looks for the mean difference, filtered by the eye."""
        answers, energy, peak = 0.0, 0.0, 0.0
        filters = cropped_eye_filters(self.half)
        for _, near in views:
            mean = (near[with_].mean(axis=0) - near[without].mean(axis=0)).T
            spectrum = np.fft.rfft2(mean.reshape(3, self.half, self.half))
            seen = np.fft.irfft2(spectrum * filters, s=(self.half, self.half))
            template = np.fft.irfft2(spectrum * filters**2, s=(self.half, self.half))
            energy += float((seen**2).sum())
            peak = max(peak, float(np.abs(seen).max()))
            template = template.reshape(3, -1).T.ravel().astype(np.float32)
            parts = [near[part].reshape(-1, template.size) @ template for part in (without, with_)]
            answers = answers + np.stack(parts)
        if energy <= 0:
            return 0.0
        answers = answers / energy * peak
        spread = answers.var(axis=1, ddof=1).mean() + INTERNAL_NOISE
        return float(np.diff(answers.mean(axis=1))[0] / np.sqrt(spread))


_FILTERS: dict[int, np.ndarray] = {}


def cropped_eye_filters(side: int) -> np.ndarray:
    """The eye's filters for a smaller crop: every second frequency of those of 80 pixels."""
    if side not in _FILTERS:
        whole = eye_filters(PIXELS_PER_DEGREE)
        step = 80 // side
        _FILTERS[side] = whole[:, ::step, : 40 + 1 : step].astype(float)
    return _FILTERS[side]


def table_of(display) -> np.ndarray:
    """A display of single pixels as a table, sRGB in [0, 1]."""
    level = np.linspace(0, 1, SIZE)
    first, second = np.meshgrid(level, level, indexing="ij")
    return display(first, second) / 255


#: generations from each start, and how far the starts lie apart
FIRST_GENERATIONS, SPREAD = 30, 0.8

# Parameters -------------------------------------------------------------------------------------

#: pieces of the curves, and the slope that every piece has at least, as a part of the mean slope
FIRST, SECOND, COLOUR = 5, 6, 10
LEAST_SLOPE = (0.5, 0.4, 0.3)
#: the grey of the brightest colour, at most: nearer to white no hue is left
BRIGHTEST = 0.9
#: lower and upper limits of the three weights, the chroma, the grey and the two hues
LIMITS = (
    (0.3, 0.9), (0.0, 0.45), (0.0, 0.25), (0.1, 0.6), (0.05, 0.95), (225, 270), (45, 80)
)  # fmt: skip
#: value of a CT in its window that brain has; it has to be grey
CT_BRAIN = 0.36


def unpack(vector: np.ndarray) -> dict:
    """The parameters of a table from a vector of unbounded numbers."""
    pieces = np.split(vector, np.cumsum([FIRST, SECOND, COLOUR]))
    curves = []
    for part, least in zip(pieces[:3], LEAST_SLOPE, strict=True):
        steps = np.exp(part - part.max())
        curves.append((least / len(part) + (1 - least) * steps / steps.sum()).round(4).tolist())
    numbers = [
        float(lower + (upper - lower) / (1 + np.exp(-value)))
        for value, (lower, upper) in zip(pieces[3], LIMITS, strict=True)
    ]
    *weights, chroma, grey, low, high = numbers
    shrink = min(1.0, BRIGHTEST / sum(weights))
    return {
        "first": curves[0],
        "second": curves[1],
        "weights": [round(weight * shrink, 4) for weight in weights],
        "chroma": round(chroma, 4),
        "colour": curves[2],
        "grey": round(grey, 4),
        "hues": [round(low, 1), round(high, 1)],
    }


def pack(parameters: dict) -> np.ndarray:
    """The vector that `unpack` turns into such parameters, or into similar ones."""
    parts = []
    for name, pieces, least in zip(
        ("first", "second", "colour"), (FIRST, SECOND, COLOUR), LEAST_SLOPE, strict=True
    ):
        steps = np.diff(curve(parameters[name], np.linspace(0, 1, pieces + 1)))
        free = np.log(np.maximum((steps - least / pieces) / (1 - least), 0.005))
        parts.append(free - free.mean())
    numbers = [
        *parameters["weights"],
        parameters["chroma"],
        parameters["grey"],
        *parameters["hues"],
    ]
    lower, upper = np.array(LIMITS).T
    place = np.clip((np.array(numbers) - lower) / (upper - lower), 0.02, 0.98)
    return np.concatenate([*parts, np.log(place / (1 - place))])


#: where the search begins
START = {
    "first": [1.0],
    "second": [0.8, 0.8, 0.5, 0.3],
    "weights": [0.5, 0.25, 0.1],
    "chroma": 0.45,
    "colour": [0.3, 1.0, 2.0, 2.0, 1.5, 1.0, 0.4, 0.3, 0.3, 0.3],
    "grey": 0.5,
    "hues": [255, 60],
}


def score_of(
    kept: np.ndarray, overlay: np.ndarray, deficient: dict[str, float], goal: float
) -> float:
    """One number for what a table keeps at some sites; the goals count up to where they are met.

    Args:
        kept: (observers, tasks).
        overlay: the same of Slicer's 50 % hot overlay.
        deficient: vision -> the first observer's worst task.
        goal: of the worst task.
    """
    short = np.minimum(kept - overlay, 0)  # behind the overlay: the worst task, and all of them
    seen = (min(worst / (DEFICIENT_GOALS[v] * kept[0].min()), 1) for v, worst in deficient.items())
    return float(
        1.5 * min(kept[0].min() / goal, 1.05)
        + 0.7 * min(kept[0].mean() / MEAN_GOAL, 1.1)
        + 0.4 * min(kept[1].min() / goal, 1)
        + 0.2 * min(kept[1].mean() / MEAN_GOAL, 1.1)
        + np.array([1.0, 0.4]) @ short.min(axis=1)
        + np.array([0.4, 0.3]) @ short.sum(axis=1)
        + 0.6 * min(seen)
    )


def judge(parameters: dict, kind: str, readers: dict[str, QuickReader], places) -> dict:
    """What a table keeps, and its score."""
    table = np.clip(colour_table(parameters, SIZE), 0, 1)
    found, scores = {}, []
    labs = {vision: lab_of(table, vision) for vision in VISION}
    for name, reader in readers.items():
        goal = GOALS[kind][0 if "digital" in name else 1]
        kept = reader.kept(labs["normal"])
        deficient = {v: reader.kept(labs[v], matched=False).min() for v in DEFICIENT_GOALS}
        scores.append(score_of(kept, reader.overlay, deficient, goal))
        found[name] = {
            "kept": kept.round(2).tolist(),
            "mean": kept.mean(axis=1).round(3).tolist(),
            "margin": (kept - reader.overlay).min(axis=1).round(3).tolist(),
            "deficient": {vision: round(float(worst), 2) for vision, worst in deficient.items()},
        }
    apart = lesion_apart(labs["normal"], places) if places else APART_GOAL
    found["apart"] = round(float(apart), 1)
    steps = (
        smallest_step(labs[vision]) * (1 if vision == "normal" else DEFICIENT_STEPS)
        for vision in STEP_READERS.get(kind, ("normal",))
    )
    found["steps"] = round(min(steps), 2)
    coloured = 0.0
    if kind == "ct":
        brain = round(CT_BRAIN * (SIZE - 1))
        coloured = float(np.abs(labs["normal"][SIZE // 3 :, brain, 1:]).mean())
        found["coloured"] = round(coloured, 1)
    found["score"] = float(
        np.mean(scores)
        + 0.4 * min(apart / APART_GOAL, 1.0)
        + 0.6 * min(found["steps"] / STEP_GOAL, 1.0)
        - 0.05 * max(coloured - 8, 0)
    )
    return found


def smallest_step(lab: np.ndarray) -> float:
    """Least CIEDE2000 of a step of a quarter of either source, from a quarter on."""
    places = np.round(np.array([0.25, 0.5, 0.75, 1]) * (SIZE - 1)).astype(int)
    grid = lab[np.ix_(places, places)]
    rows = deltaE_ciede2000(grid[1:], grid[:-1])
    return float(min(rows.min(), deltaE_ciede2000(grid[:, 1:], grid[:, :-1]).min()))


def lesion_apart(lab: np.ndarray, places) -> float:
    """CIEDE2000 between the mean colours of a lesion and of grey matter: (mr, second) of each."""
    lesion, grey = (
        lab[(part[0] * (SIZE - 1)).round().astype(int), (part[1] * (SIZE - 1)).round().astype(int)]
        for part in places
    )
    return float(deltaE_ciede2000(lesion.mean(axis=0), grey.mean(axis=0)))


def lesion_and_grey(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Values in the windows of the PET-only lesion and of grey matter of a digital head: (2, n)."""
    from MedFusionLib.phantom.head import make_phantom
    from MedFusionLib.phantom.tissues import LABELS
    from MedFusionLib.sources.prepare import prepare

    head = make_phantom((64, 192, 192), seed)
    sources = prepare([head.t1, head.pet], ["mr", "pet"])
    scaled = np.stack(sources.scaled)
    grey = (head.labels == LABELS["grey"]) & ~np.any(list(head.truth.values()), axis=0)
    return scaled[:, head.truth["lesion"]], scaled[:, grey][:, ::50]


def evolve(evaluate, start: np.ndarray, generations: int, seed: int, size: float = 0.5):
    """A (mu/mu, lambda) evolution strategy with a covariance matrix (Hansen 2016, CMA-ES)."""
    random = np.random.default_rng(seed)
    count = len(start)
    number = 4 + int(3 * np.log(count))
    parents = number // 2
    weights = np.log(parents + 0.5) - np.log(np.arange(1, parents + 1))
    weights /= weights.sum()
    effective = 1 / (weights**2).sum()
    c_path = (4 + effective / count) / (count + 4 + 2 * effective / count)
    c_size = (effective + 2) / (count + effective + 5)
    c_one = 2 / ((count + 1.3) ** 2 + effective)
    c_mu = min(1 - c_one, 2 * (effective - 2 + 1 / effective) / ((count + 2) ** 2 + effective))
    damping = 1 + c_size + 2 * max(0, np.sqrt((effective - 1) / (count + 1)) - 1)
    expected = np.sqrt(count) * (1 - 1 / (4 * count) + 1 / (21 * count**2))
    mean, covariance = start.copy(), np.eye(count)
    path, size_path = np.zeros(count), np.zeros(count)
    best = (-np.inf, start)
    for _ in range(generations):
        values, vectors = np.linalg.eigh(covariance)
        root = np.sqrt(np.maximum(values, 1e-12))
        steps = random.normal(size=(number, count)) * root @ vectors.T
        scores = np.array([evaluate(mean + size * step) for step in steps])
        order = np.argsort(scores)[::-1][:parents]
        if scores[order[0]] > best[0]:
            best = float(scores[order[0]]), mean + size * steps[order[0]]
        step = weights @ steps[order]
        mean = mean + size * step
        whitened = vectors @ ((vectors.T @ step) / root)
        size_path = (1 - c_size) * size_path + np.sqrt(c_size * (2 - c_size) * effective) * whitened
        path = (1 - c_path) * path + np.sqrt(c_path * (2 - c_path) * effective) * step
        outer = np.einsum("n,ni,nj->ij", weights, steps[order], steps[order])
        covariance = (1 - c_one - c_mu) * covariance + c_one * np.outer(path, path) + c_mu * outer
        size *= np.exp(c_size / damping * (np.linalg.norm(size_path) / expected - 1))
        yield best


def readers_of(kind: str, data: Path, sites: Path | None, count: int) -> dict[str, QuickReader]:
    """The sites to choose on: digital heads where there are any, and training cases."""
    pair = f"{kind}-mr"
    found = {}
    if kind != "spect":  # the digital head has none
        stored = sites / f"choose-{pair}-digital.npz" if sites else None
        whole = Sites.load(stored) if stored else head_sites(pair, CHOOSING[:12], count)
        found[f"{pair}, digital heads"] = QuickReader(evenly_spaced_stack(whole, count))
    stored = sites / f"choose-{pair}-real.npz" if sites else None
    if stored is None:
        cases = [case for case in find_cases(data, pair) if case.split == "train"]
        whole = case_sites(cases, count)
    else:
        whole = Sites.load(stored)
    found[f"{pair}, training cases"] = QuickReader(evenly_spaced_stack(whole, count))
    return found


def evenly_spaced_stack(sites: Sites, count: int) -> Sites:
    """Some of the sites, evenly spaced."""
    which = np.linspace(0, len(sites) - 1, min(count, len(sites))).round().astype(int)
    return Sites(
        sites.first[which],
        sites.second[which],
        tuple(sites.groups[n] for n in which),
        sites.pair,
        sites.pixel,
    )


def three() -> dict:
    """The table of three sources: hues and weights that keep the other two apart best.

    By the least CIEDE2000 between neither, one, the other and both, at three levels of the first
    source and for every reader, and the least step of the first.
    """
    best = (-np.inf, {})
    weights = ((0.6, 0.2, 0.15), (0.55, 0.3, 0.05), (0.55, 0.1, 0.3), (0.6, 0.3, 0.1))
    for low, high, weight in product((40, 55, 70, 85), (230, 255, 285, 310), weights):
        parameters = {"first": [1.0], "second": [1.0], "third": [1.0], "weights": list(weight),
                      "chroma": 0.25, "hues": [low, high]}  # fmt: skip
        table = np.clip(table_of_three(parameters).reshape(LEVELS, FEW, FEW, 3), 0, 1)
        apart, steps = np.inf, np.inf
        for vision, level in product(VISION, (90, 150, 215)):
            lab = lab_of(table[level][np.ix_((0, -1), (0, -1))], vision).reshape(4, 3)
            pairs = combinations(lab, 2)
            apart = min(apart, min(deltaE_ciede2000(one, other) for one, other in pairs))
            ends = lab_of(table[[level - 40, level + 40], 0, 0], vision)
            steps = min(steps, deltaE_ciede2000(ends[0], ends[1]))
        if apart + 0.6 * steps > best[0]:
            best = (apart + 0.6 * steps, parameters)
            print(round(float(apart), 1), round(float(steps), 1), low, high, weight, flush=True)
    return best[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("pet", "ct", "spect", "three"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/aanlib"))
    parser.add_argument("--sites", type=Path, help="folder of stored choosing sites")
    parser.add_argument("--generations", type=int, default=200, help="from the best start")
    parser.add_argument("--starts", type=int, default=4, help="places to set out from")
    parser.add_argument("--count", type=int, default=80, help="sites of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=TABLES)
    asked = parser.parse_args()
    if asked.kind == "three":
        _write(asked, three(), {})
        return
    readers = readers_of(asked.kind, asked.data, asked.sites, asked.count)
    places = lesion_and_grey(CHOOSING[0]) if asked.kind == "pet" else None

    def evaluate(vector: np.ndarray) -> float:
        found = judge(unpack(vector), asked.kind, readers, places)
        return found["score"] - 0.002 * float((vector**2).mean())

    for name, reader in readers.items():
        print(name, "overlay", reader.overlay.round(2).tolist(), flush=True)
    best = (-np.inf, pack(START))
    for start in range(asked.starts):
        random = np.random.default_rng((asked.seed, start))
        vector = pack(START) + min(start, 1) * random.normal(0, SPREAD, len(best[1]))
        *_, found = evolve(evaluate, vector, FIRST_GENERATIONS, start)
        best = max(best, found, key=lambda one: one[0])
        print("start", start, round(found[0], 4), flush=True)
    evolution = evolve(evaluate, best[1], asked.generations, asked.seed, size=0.2)
    for generation, found in enumerate(evolution):
        best = max(best, found, key=lambda one: one[0])
        if generation % 20 == 0:
            told = judge(unpack(best[1]), asked.kind, readers, places)
            print(generation, round(best[0], 4), json.dumps(told), flush=True)
    vector = best[1]
    _write(asked, unpack(vector), judge(unpack(vector), asked.kind, readers, places))


def _write(asked: argparse.Namespace, parameters: dict, found: dict) -> None:
    tables = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out.is_file() else {}
    command = f"python tools/search_colour_tables.py {asked.kind}"
    if asked.kind != "three":
        command += (
            f" --starts {asked.starts} --generations {asked.generations} --count {asked.count}"
        )
    if asked.seed:
        command += f" --seed {asked.seed}"
    tables[asked.kind] = {"command": command, **parameters}
    print(json.dumps(found), file=sys.stderr)
    parts = [
        f"  {json.dumps(kind)}: {{\n"
        + ",\n".join(f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in table.items())
        + "\n  }"
        for kind, table in sorted(tables.items())
    ]
    asked.out.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
