"""The truth term: slices of the digital head, on which it is known what has to stay visible.

Measures of whole pictures do not see a small lesion go, nor two tissues become equally bright.
Here heads are painted with random contrasts, a blob is planted in one of both sources, and a
network is penalised for what it lost. The seeds are not those of the evaluation (0, 1, ...).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..inference.headroom import headroom_factor, lowered
from ..phantom.head import make_phantom
from ..phantom.tissues import LABELS, TISSUES
from ..sources.modalities import modalities_of
from .detectability import detectability
from .losses import blurred

FIRST_SEED = 1000
SHAPE = (64, 192, 192)
SLICES = slice(24, 60, 2)  # from the base of the skull to the vertex
#: tissues in which blobs are planted
BRAIN = ("csf", "grey", "white", "deep grey", "cerebellum", "brainstem")
FEWEST = 60  # pixels of a tissue
FAINTEST = 0.08  # change of brightness that counts as planted
#: difference of means over sum of deviations from which on two tissues count as apart in a source,
#: and that is wanted in the fused image: 0.67 is an overlap of one half
APART, WANTED_APART = 1.3, 1.0
CLEAR, WANTED_CNR = 1.0, 0.8  # contrast-to-noise ratio in a source; part of it that is wanted
SEEN, WANTED_SEEN = 1.0, 0.9  # likewise of d', see `detectability`
JUST_NOTICED = 0.04  # difference of brightness that a reader can just tell
FLUID_BELOW_BONE = 0.17
CONTRASTS = ("t1", "t1", "t2", "t2", "pd", "flair")
FLUIDS = ("csf", "eye")
#: other tracers than FDG: higher in white matter than in the cortex, hardly there in healthy brain
AMYLOID = {"grey": 0.45, "deep grey": 0.6, "cerebellum": 0.5, "white": 2.0, "brainstem": 1.6}
AMINO_ACID = dict.fromkeys(("grey", "deep grey", "cerebellum", "white", "brainstem"), 0.35)

#: strengths of what is planted: mostly brighter than what is there, or darker, too
EITHER = ((0.15, 0.6), (-0.6, -0.15))
#: what is planted: name -> (source, ranges of its strength, tissues, whether it is put where the
#: other source is bright, radii in pixels)
KINDS = {
    "mr": (0, EITHER, BRAIN, False, (2.5, 9)),
    "any": (1, EITHER, BRAIN, False, (2.5, 9)),
    "hot": (1, ((0.2, 0.6),), BRAIN, True, (2.5, 9)),
    "faint": (1, ((0.1, 0.2),), BRAIN, True, (3, 9)),
    "cold": (1, ((-0.5, -0.15),), BRAIN, True, (3, 9)),
    "calcification": (1, ((0.4, 0.9),), ("csf",), False, (2, 5)),
}
ALL_KINDS = {"mr": 1.0, "any": 1.0}

_TABLES = {
    column: np.array([getattr(tissue, column) for tissue in TISSUES.values()], np.float32)
    for column in ("hu", "t1", "t2", "suv")
}


class Planted(NamedTuple):
    """A slice of a head without and with a blob.

    Attributes:
        sources: (2, 2, H, W): without and with it; first and second source.
        labels: (H, W): positions in `phantom.TISSUES`.
        core: bool (H, W): the blob; empty where none could be planted.
        shell: bool (H, W): where the tissue in its middle goes on around it.
        which: the source that holds it, 0 or 1.
        change: what it added there.
        kind: a key of `KINDS`.
    """

    sources: Tensor
    labels: Tensor
    core: Tensor
    shell: Tensor
    which: int
    change: float
    kind: str = ""


@lru_cache(1)
def head_slices(heads: int) -> Tensor:
    """Labels of axial slices of some heads, (slices, rows, columns)."""
    found = [make_phantom(SHAPE, FIRST_SEED + n).labels[SLICES, ::-1] for n in range(heads)]
    return torch.from_numpy(np.concatenate(found).astype(np.int64))


def draw(
    labels: Tensor,
    pair: str,
    random: np.random.Generator,
    crop: int,
    varied: bool = True,
    kinds: dict[str, float] | None = None,
) -> Planted:
    """Paint a random slice with random contrasts, and plant a blob in it.

    Args:
        labels: from `head_slices`.
        pair: whose second modality is painted.
        random: generator of all that is drawn.
        crop: side of the part that is taken.
        varied: whether PD, FLAIR and other tracers than FDG are painted, too, beside T1 and T2.
        kinds: of what is planted, a key of `KINDS` -> how often; calcifications with a CT alone.
    """
    size = min(crop, *labels.shape[1:])
    number, *corner = (int(random.integers(n)) for n in (len(labels), *_room(labels, size)))
    top, left = corner
    tissue = labels[number, top : top + size, left : left + size]
    air = blurred((tissue > 0).float(), 0.6) < 0.3
    other = modalities_of(pair)[1]
    sources = torch.stack([_mr(tissue, random, varied), _other(tissue, other, random, varied)])
    sources = torch.where(air, 0, sources.clamp(0, 1))
    chances = {
        name: often
        for name, often in (kinds or ALL_KINDS).items()
        if (name == "calcification") <= (other == "ct")
    }
    odds = np.array(list(chances.values()))
    kind = str(random.choice(list(chances), p=odds / odds.sum()))
    return _plant(sources, tissue, random, kind)


@dataclass(frozen=True)
class TruthOptions:
    """What a recipe says of the truth term.

    Attributes:
        heads: how many there are to draw slices from.
        keep: the part of a blob's contrast, with its sign, that has to be kept; a number, or one
            for each kind.
        varied: see `draw`.
        kinds: see `draw`.
        headroom: part of the scenes in which the MR is lowered where it leaves no room above it,
            see `inference.headroom`.
        room: what it is brought down to there; not the default of `fuse`, so that a change of that
            leaves a recipe as it is.
    """

    heads: int
    keep: float | dict[str, float]
    varied: bool = True
    kinds: dict[str, float] | None = None
    headroom: float = 0.0
    room: float = 0.75


def truth_losses(
    network: Callable[..., Tensor],
    pair: str,
    random: np.random.Generator,
    crop: int,
    options: TruthOptions,
) -> dict[str, Tensor]:
    """What a network lost of the truth in a random slice of the digital head.

    Args:
        network: (first, second) to fused.
        pair: see `draw`.
        random: see `draw`.
        crop: see `draw`.
        options: of the recipe.

    Returns:
        Those that the slice shows: "keep": the part of the blob's contrast that is missing; "cnr":
        what the blob's contrast-to-noise ratio lacks of 0.8 of that in its source, as a part of it;
        "seen": likewise of its d' to a reader, 0.9;
        "apart": how much tissues that are apart in a source lack of that in the fused image, over
        their pairs; "fluid": how much fluid lacks of lying 0.17 below bone, with a CT.
    """
    labels, keep = head_slices(options.heads), options.keep
    scene = draw(labels, pair, random, crop, options.varied, options.kinds)
    first, second = scene.sources[:, :1], scene.sources[:, 1:]
    if random.random() < options.headroom:
        factor = headroom_factor(first[0].numpy(), second[0].numpy(), options.room)
        first = lowered(first, second, factor)
    fused = network(first, second).clamp(0, 1)[:, 0]
    lost = {}
    if scene.core.any():
        kept = (fused[1] - fused[0])[scene.core].mean() / scene.change
        lost["keep"] = F.relu((keep[scene.kind] if isinstance(keep, dict) else keep) - kept)
        in_source = _contrast_to_noise(scene.sources[1, scene.which], scene)
        if scene.shell.sum() >= FEWEST and in_source.abs() >= CLEAR:
            part = _contrast_to_noise(fused[1], scene) / in_source
            lost["cnr"] = F.relu(WANTED_CNR - part).clamp(max=2)
        if (seen := _part_seen(fused, scene)) is not None:
            lost["seen"] = F.relu(WANTED_SEEN - seen)
    masks = {name: scene.labels == label for name, label in LABELS.items() if name != "air"}
    masks = {name: mask for name, mask in masks.items() if mask.sum() >= FEWEST}
    in_first, in_second, in_fused = (
        _apartness(image, masks) for image in (*scene.sources[0], fused[0])
    )
    apart = torch.triu(torch.maximum(in_first, in_second) > APART, 1)
    if apart.any():
        lost["apart"] = F.relu(WANTED_APART - in_fused[apart]).mean()
    if modalities_of(pair)[1] == "ct" and {"bone", "csf"} <= set(masks):
        above = fused[0][masks["bone"]].mean() - fused[0][masks["csf"]].mean()
        lost["fluid"] = F.relu(FLUID_BELOW_BONE - above)
    return lost


def _contrast_to_noise(image: Tensor, scene: Planted) -> Tensor:
    """(mean of the blob - mean of the shell) / standard deviation of the shell."""
    shell = image[scene.shell]
    return (image[scene.core].mean() - shell.mean()) / (shell.var() + 1e-4).sqrt()


def _part_seen(fused: Tensor, scene: Planted) -> Tensor | None:
    """The part of the blob's d' in its source; None where even that hardly shows it."""
    brain = torch.isin(scene.labels, torch.tensor([LABELS[name] for name in BRAIN]))
    source = scene.sources[:, scene.which]
    in_source = detectability(source[0], source[1], scene.core, brain)
    if in_source < SEEN:
        return None
    return detectability(fused[0], fused[1], scene.core, brain) / in_source


def _apartness(image: Tensor, masks: dict[str, Tensor]) -> Tensor:
    """Difference of the means over the sum of the deviations, for each two tissues."""
    values = [image[mask] for mask in masks.values()]
    means = torch.stack([part.mean() for part in values])
    spreads = torch.stack([torch.sqrt(part.var() + JUST_NOTICED**2) for part in values])
    return (means[:, None] - means).abs() / (spreads[:, None] + spreads)


def _room(labels: Tensor, size: int) -> tuple[int, int]:
    return labels.shape[1] - size + 1, labels.shape[2] - size + 1


def _mr(tissue: Tensor, random: np.random.Generator, varied: bool) -> Tensor:
    """A contrast of MR, each tissue a little off; bias, blur and noise."""
    values = contrast(random.choice(CONTRASTS if varied else ("t1", "t2")))
    if random.random() < 0.1:  # unlike any of them
        values = np.where(values > 0, 1 - values, 0)
        values[LABELS["bone"]] = 0.04
    values = np.clip(values * random.uniform(0.8, 1.2, len(values)), 0, 1.1)
    height, width = tissue.shape
    slopes = random.uniform(-0.08, 0.08, 2)
    bias = np.add.outer(
        slopes[0] * np.linspace(-1, 1, height), slopes[1] * np.linspace(-1, 1, width)
    )
    painted = blurred(_painted(values, tissue), random.uniform(0.4, 1.0))
    painted = painted * torch.from_numpy(1 + bias).float()
    return painted + random.uniform(0.005, 0.025) * _noise(tissue, random)


def contrast(name: str) -> np.ndarray:
    """Brightness of the tissues in "t1", "t2", "pd" or "flair".

    The digital head has the first two. In the proton density tissues with mobile water or fat
    differ little, in FLAIR free fluid is dark: made from T2 here.
    """
    if name == "t1":
        return _TABLES["t1"] / 900
    values = _TABLES["t2"] / 1000
    if name == "pd":
        values = np.where(values > 0.1, 0.5 + values / 2, values)
    if name == "flair":
        values = 1.2 * values
        values[[LABELS[fluid] for fluid in FLUIDS]] = 0.08
    return values


def _other(tissue: Tensor, modality: str, random: np.random.Generator, varied: bool) -> Tensor:
    """CT in a random window, or a tracer's uptake with a random point spread."""
    if modality == "ct":
        lower, upper = -20 + random.uniform(-15, 15), 130 + random.uniform(-20, 60)
        hu = _TABLES["hu"] + random.uniform(-5, 5, len(TISSUES))
        values = np.clip((hu - lower) / (upper - lower), -0.5, 3)
        return blurred(_painted(values, tissue), 0.6) + 0.02 * _noise(tissue, random)
    values = _TABLES["suv"] * random.uniform(0.7, 1.3, len(TISSUES)) / random.uniform(7, 13)
    drawn = random.random() if varied else 1
    tracer = AMYLOID if drawn < 0.15 else AMINO_ACID if drawn < 0.3 else {}
    for name, factor in tracer.items():
        values[LABELS[name]] *= factor
    spread = random.uniform(1.5, 3.5) if modality == "pet" else random.uniform(3, 6)
    grain = random.uniform(0.05, 0.15)
    uptake = blurred(_painted(values, tissue), spread) + grain * blurred(
        _noise(tissue, random), 1.5
    )
    if varied and random.random() < 0.1:  # its field of view ends within the head
        uptake[: int(random.uniform(0.1, 0.4) * len(uptake))] = 0
    return uptake


def _plant(sources: Tensor, tissue: Tensor, random: np.random.Generator, kind: str) -> Planted:
    """Plant an ellipse of a kind, brighter or darker than what is there."""
    which, ranges, tissues, on_bright, sizes = KINDS[kind]
    nowhere = torch.zeros_like(tissue).bool()
    nothing = Planted(sources[None], tissue, nowhere, nowhere, 0, 0.0, kind)
    brain = torch.isin(tissue, torch.tensor([LABELS[name] for name in tissues]))
    if on_bright and brain.any():
        brain &= sources[1 - which] >= sources[1 - which][brain].quantile(0.6)
    places = torch.nonzero(brain)
    if not len(places):
        return nothing
    row, column = places[int(random.integers(len(places)))].tolist()
    radii, turn = random.uniform(*sizes, 2), random.uniform(0, np.pi)
    y = torch.arange(tissue.shape[0])[:, None] - row
    x = torch.arange(tissue.shape[1]) - column
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    distance = torch.sqrt((along / radii[0]) ** 2 + (across / radii[1]) ** 2).float()
    strength = random.uniform(*ranges[0 if random.random() < 0.6 else -1])
    lit = sources.amax(0) > 0
    changed = sources.clone()
    blob = strength * torch.sigmoid(4 * (1 - distance))
    changed[which] = torch.where(lit, (sources[which] + blob).clamp(0, 1), 0)
    core = (distance < 0.8) & lit
    if not core.any():
        return nothing
    change = float((changed - sources)[which][core].mean())
    if abs(change) < FAINTEST:  # it was black or white there already
        return nothing
    # blurred edges end at 1.5 radii; 8 pixels farther other structures begin
    shell = (tissue == tissue[row, column]) & (distance > 1.5)
    shell &= (distance - 1.5) * float(radii.min()) < 8
    return Planted(torch.stack([sources, changed]), tissue, core, shell, which, change, kind)


def _painted(values: np.ndarray, tissue: Tensor) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))[tissue]


def _noise(tissue: Tensor, random: np.random.Generator) -> Tensor:
    return torch.from_numpy(random.standard_normal(tissue.shape).astype(np.float32))
