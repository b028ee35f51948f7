"""Measure `bands` for docs/evidence/bands.md, and draw the picture of docs/understand/bands.md.

    python tools/refresh_bands.py DATA SEEDS VOLUMES --every 1 [--block NAME ...]
    python tools/refresh_bands.py write

DATA is the folder of training pairs (its test cases are used), SEEDS the folder of the
publications' own images, VOLUMES that of whole volumes. With --every N, each N-th slice of CT and
each 4 N-th of SPECT is scored. --block: these tables alone, of four, untrained, changed, brighter,
constancy, three, heads and picture. The numbers go to bands.json; `write` draws the page from it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import evidence
import numpy as np
import torch
from evidence import BANDS, Table, keep
from torch import Tensor
from torch.nn import functional as F

from MedFusionLib import metrics
from MedFusionLib.evaluation import planted
from MedFusionLib.evaluation.contenders import choose_contenders
from MedFusionLib.evaluation.summary import mean_of
from MedFusionLib.methods.registry import get_method
from MedFusionLib.methods.weights import load_method
from MedFusionLib.metrics.registry import all_metrics
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import read_volume
from MedFusionLib.sources.prepare import prepare
from MedFusionLib.sources.volumes import slice_order, to_slices

PICTURE = Path(__file__).parents[1] / "docs" / "understand" / "bands.png"
METHODS = ("maximum", "max-min", "gff", "bands")
#: slices of a case that CDDFuse's public test set holds, by their place in our volumes
CT_SLICES = {"16": slice(4, 14), "21": slice(2, 13)}
UNSEEN = (0, 1, 2, 3, 6, 9)  # of the FunFuseAn pairs: their MR is in no training case
FOUR = ("VIF", "Q^AB/F", "SCD", "SSIM")
FOUR_BETTER = dict.fromkeys(FOUR, "higher")
DIGITS = dict.fromkeys(FOUR, 3) | {"uptake of MR": 2, "uptake of the other": 2}
#: not trained on: column -> name in the registry
UNTRAINED = {
    "FMI": "fmi",
    "Q_CB": "q_cb",
    "Q_NCIE": "q_ncie",
    "MEF-SSIM": "mef_ssim",
    "N^AB/F": "n_abf",
    "SL": "semantic_loss",
}
#: whose semantic loss stands beside that of bands
NETWORKS = ("funfusean", "fw-net", "cspa-dn", "badal-regas")
HEADS, FIRST_HEAD = 3, 5
GAINS = (1.0, 1.2, 1.5, 2.0, 3.0)
Images = dict[str, Tensor]
Methods = dict[str, torch.nn.Module]


def read_images(data: Path, seeds: Path, every: int) -> Images:
    """(N, 2, H, W) of persons that no network was trained on, stored greys / 255."""
    from skimage import io

    def case(pair: str, name: str, part: slice = slice(None)) -> Tensor:
        files = (f"{name}-mr.nrrd", f"{name}-{pair.split('-')[0]}.nrrd")
        stacks = [read_volume(data / pair / "test" / file).array[part] for file in files]
        return torch.from_numpy(np.stack(stacks, 1)).float() / 255

    pet = [
        np.stack([io.imread(seeds / "funfusean" / f"{n:02d}-{m}.png") for m in ("mr", "pet")])
        for n in range(1, 11)
    ]
    ct = torch.cat([case("ct-mr", name, part) for name, part in CT_SLICES.items()])[::every]
    spect = torch.cat([case("spect-mr", name) for name in ("09", "21", "36")])
    spect = spect if every == 1 else spect[:: 4 * every]
    return {"CT": ct, "PET": torch.from_numpy(np.stack(pet)).float() / 255, "SPECT": spect}


def read_volumes(volumes: Path) -> Images:
    """Axial slices of volumes that nothing was trained or chosen on, scaled as `fuse` does."""
    found = {}
    for name, title, second, file in (
        ("brainweb", "BrainWeb, PET", "pet", "mr-t1.nrrd pet-fdg.nrrd"),
        ("porcine", "pork shoulder, CT", "ct", "mr-t2.nrrd ct-on-mr-grid.nrrd"),
    ):
        sources = prepare(
            [read_volume(volumes / name / part) for part in file.split()], ("mr", second)
        )
        layout = slice_order(sources.reference, "axial")
        filled = np.flatnonzero(~to_slices(sources.background, *layout).all(axis=(1, 2)))
        which = filled[len(filled) // 8 :: max(1, len(filled) // 8)]
        stack = np.stack(sources.slices(*layout, which), 1)
        found[title] = torch.from_numpy(stack)
    return found


def fuse(method: torch.nn.Module, images: Tensor) -> Tensor:
    """Fused slices, rounded to 8 bit, background 0."""
    with torch.inference_mode():
        parts = [method(part[:, :1], part[:, 1:]) for part in images.split(4)]
    return (torch.cat(parts).clamp(0, 1) * (images.amax(1, keepdim=True) > 0) * 255).round() / 255


def four(fused: Tensor, images: Tensor) -> dict[str, float]:
    """VIF, Q^AB/F, SCD and SSIM as CDDFuse's evaluator has them, means over the slices."""
    first, second = images.split(1, 1)
    values = (
        metrics.vif(fused, first, second),
        metrics.q_abf(fused, first, second),
        metrics.scd(fused, first, second),
        metrics.ssim(fused, first, second, variant="cddfuse"),
    )
    return {name: mean(value) for name, value in zip(FOUR, values, strict=True)}


def mean(values: Tensor) -> float:
    """The mean of what is not NaN."""
    return float(values.double().nanmean())


def few(stack: Tensor) -> Tensor:
    """Two or three slices, evenly spaced."""
    return stack[:: max(1, len(stack) // 2)]


def titled(name: str, stack: Tensor) -> str:
    """A set's name and how many slices it has."""
    return f"{name}, {len(stack)} slices"


def measures_tables(images: Images, methods: Methods) -> dict[str, Table]:
    """The four measures and the uptake kept of each source, a table for each set."""
    tables = {}
    for name, stack in images.items():
        first, second = stack.split(1, 1)
        rows = {}
        for title, method in methods.items():
            fused = fuse(method, stack)
            rows[title] = four(fused, stack) | {
                f"uptake of {whose}": mean(metrics.uptake(fused, first, second, source=source))
                for whose, source in (("MR", "first"), ("the other", "second"))
            }
        tables[name] = Table(rows, titled(name, stack), digits=DIGITS, better=FOUR_BETTER)
    return tables


def four_tables(images: Images, volumes: Images, methods: Methods) -> dict[str, Table]:
    """On every set; on the PET pairs whose MR is in no training case once more."""
    some = {name: methods[name] for name in ("maximum", "gff", "bands")}
    unseen = {"PET whose MR is in no training case": images["PET"][list(UNSEEN)]}
    return (
        measures_tables(images, methods)
        | measures_tables(unseen, some)
        | measures_tables(volumes, methods)
    )


def untrained_tables(images: Images, methods: Methods) -> dict[str, Table]:
    """Measures that it was not trained on, a table for each set; SL of the networks, too."""
    known = all_metrics()
    better = {title: "lower" if title in ("N^AB/F", "SL") else "higher" for title in UNTRAINED}
    tables = {}
    for name, stack in images.items():
        stack = few(stack)
        first, second = stack.split(1, 1)
        rows = {}
        for title, method in methods.items():
            fused = fuse(method, stack)
            rows[title] = {
                title: mean(known[measure].function(fused, first, second))
                for title, measure in UNTRAINED.items()
            }
        tables[name] = Table(rows, titled(name, stack), digits=3, better=better)
    return tables | {"SL": semantic_table(images)}


def semantic_table(images: Images) -> Table:
    """Semantic loss, lower is better, of every network beside three others."""
    measure = all_metrics()["semantic_loss"].function
    rows = {}
    for name in ("average", "maximum", "gff", *NETWORKS, "bands"):
        rows[name] = {}
        for title, stack in images.items():
            stack = few(stack)
            fused = fuse(load_method(name, f"{title.lower()}-mr"), stack)
            rows[name][title] = mean(measure(fused, *stack.split(1, 1)))
    better = dict.fromkeys(images, "lower")
    return Table(rows, "SL of the networks, on the same slices", digits=3, better=better)


def changes() -> dict[str, Callable[[Tensor], Tensor]]:
    """What a scanner or a viewer may do to the sources."""
    generator = torch.Generator().manual_seed(0)

    def gain(m: int, factor: float) -> Callable[[Tensor], Tensor]:
        scale = torch.ones(1, 2, 1, 1)
        scale[0, m] = factor
        return lambda x: (x * scale).clamp(0, 1)

    def gamma(m: int, power: float) -> Callable[[Tensor], Tensor]:
        return lambda x: torch.stack([x[:, n] ** (power if n == m else 1) for n in (0, 1)], 1)

    def noise(x: Tensor) -> Tensor:
        noisy = x + 0.02 * torch.randn(x.shape, generator=generator)
        return torch.where(x.amax(1, keepdim=True) > 0, noisy.clamp(0, 1), 0)

    def scaled(size: int) -> Callable[[Tensor], Tensor]:
        return lambda x: F.interpolate(x, (size, size), mode="area" if size < 256 else "bilinear")

    found: dict[str, Callable[[Tensor], Tensor]] = {"as they are": lambda x: x}
    for m, source in enumerate(("MR", "other")):
        for factor in (0.8, 1.2):
            found[f"{source} times {factor}"] = gain(m, factor)
            found[f"{source} to the power {factor}"] = gamma(m, factor)
    found["turned by 90 degrees"] = lambda x: x.rot90(1, (2, 3))
    found |= {f"scaled to {size}": scaled(size) for size in (128, 384)}
    found["2 % noise"] = noise
    return found


def changed_tables(images: Images, bands: torch.nn.Module) -> dict[str, Table]:
    """Of the four measures, bands less the maximum on the same changed sources."""
    maximum = get_method("maximum")()
    tables = {}
    for name, stack in images.items():
        rows = {}
        for title, change in changes().items():
            changed = change(few(stack))
            own, other = (four(fuse(method, changed), changed) for method in (bands, maximum))
            rows[title] = {measure: own[measure] - other[measure] for measure in FOUR}
        tables[name] = Table(rows, titled(name, few(stack)), digits=3, signed=True)
    return tables


def brighter_table(pet: Tensor, bands: torch.nn.Module) -> Table:
    """Of the four measures, bands less the maximum as the PET outshines the MR more and more."""
    maximum = get_method("maximum")()
    rows, parts = {}, []
    for gain in GAINS:
        stack = pet.clone()
        stack[:, 1] = ((stack[:, 1] * gain).clamp(0, 1) * 255).round() / 255
        brighter = (stack[:, 1] > stack[:, 0])[stack.amax(1) > 0]
        parts.append(f"{100 * brighter.float().mean():.0f}")
        own, other = (four(fuse(method, stack), stack) for method in (bands, maximum))
        rows[f"PET times {gain}"] = {measure: own[measure] - other[measure] for measure in FOUR}
    note = f"The PET is brighter than the MR in {', '.join(parts)} % of what is not background."
    return Table(rows, titled("PET", pet), note, digits=3, signed=True)


def constancy_tables(images: Images, bands: torch.nn.Module) -> dict[str, Table]:
    """By how many per cent the four measures change with the sources, and the maximum's."""
    methods = {"": bands, " of maximum": get_method("maximum")()}
    tables = {}
    for name, stack in images.items():
        stack = few(stack)
        before = {whose: four(fuse(method, stack), stack) for whose, method in methods.items()}
        rows: dict[str, dict] = {}
        for title, change in list(changes().items())[1:]:
            changed = change(stack)
            after = {w: four(fuse(method, changed), changed) for w, method in methods.items()}
            rows[title] = {
                f"{measure}{whose}": 100 * (after[whose][measure] / before[whose][measure] - 1)
                for whose in methods
                for measure in FOUR
            }
        tables[name] = Table(rows, titled(name, stack), digits=0, signed=True)
    return tables


def heads_tables() -> dict[str, Table]:
    """What is kept of planted truth, on heads that no choice was made on."""
    tables = {}
    for pair in planted.PLANTED_PAIRS:
        contenders, _ = choose_contenders("max-min,gff,bands", pair)
        scores = planted.evaluate_phantom(
            pair, contenders, seeds=range(FIRST_HEAD, FIRST_HEAD + HEADS), device="cpu"
        )
        measures = {m.symbol: m for m in scores.measures}
        means = mean_of(scores.values)
        rows = {
            method: dict(zip(measures, row, strict=True))
            for method, row in zip(scores.methods, means, strict=True)
        }
        seen = [symbol for symbol in measures if "credit" not in symbol]
        tables[pair] = Table(
            {method: {symbol: row[symbol] for symbol in seen} for method, row in rows.items()},
            f"{pair}: heads {FIRST_HEAD} to {FIRST_HEAD + HEADS - 1}",
            better={s: "higher" if measures[s].higher_is_better else "lower" for s in seen},
            unranked=list(scores.unranked),
        )
        tables[f"{pair}, credit"] = credit_table(pair, rows["bands"])
    return tables


def credit_table(pair: str, row: dict[str, float]) -> Table:
    """How well each kind of contribution of `bands` names the source of a planted thing."""
    kinds = {
        "share, difference": "credit difference {}",
        "part, difference": "credit difference by parts {}",
        "gradient": "credit by gradient {}",
    }
    things = [s.removeprefix("credit difference ") for s in row if s.startswith("credit diff")]
    things = [thing for thing in things if not thing.startswith("by parts")]
    rows = {
        kind: {thing: row[symbol.format(thing)] for thing in things}
        for kind, symbol in kinds.items()
    }
    return Table(rows, f"{pair}: credit of bands by kind of contribution", digits=3)


def three_table(bands: torch.nn.Module, seeds: tuple[int, ...] = (5, 6, 7)) -> Table:
    """Contrast kept of what one of three sources shows, where all three are fused."""
    names, modalities = ("t1", "pet", "ct"), ("mr", "pet", "ct")
    maximum = get_method("maximum")()
    ways = {
        "average of three": lambda a, b, c: (a + b + c) / 3,
        "maximum of three": lambda a, b, c: maximum(maximum(a, b), c),
        "bands, all at once": bands,
        "bands, MR with PET, then CT": lambda a, b, c: bands(bands(a, b), c),
    }
    kept: dict[str, dict[str, list[float]]] = {way: {} for way in ways}
    for seed in seeds:
        look = planted.planted_slices_of(make_phantom(planted.SHAPE, seed), names, modalities)
        inputs = [torch.from_numpy(part)[:, None] for part in look.inputs]
        for way, method in ways.items():
            with torch.inference_mode():
                fused = method(*inputs)[:, 0].clamp(0, 1).numpy()
            for thing, number in look.shows.items():
                places = look.truth[thing], planted.shell_of(look, thing, *planted.SHELL)
                there = planted.contrast(look.inputs[number], *places)
                title = f"{thing} ({modalities[number].upper()})"
                kept[way].setdefault(title, []).append(planted.contrast(fused, *places) / there)
    rows = {
        way: {thing: float(np.mean(values)) for thing, values in things.items()}
        for way, things in kept.items()
    }
    return Table(rows, digits=2)


def draw(bands: torch.nn.Module, path: Path) -> None:
    """Sources, fused image and weights of one slice of the digital head, for CT and for PET."""
    from matplotlib.figure import Figure
    from PIL import Image

    head = make_phantom((64, 192, 192), 7)
    figure = Figure(figsize=(13, 9.2), layout="constrained")
    axes = figure.subplots(4, 7)
    titles = ("finest band", "second", "third", "coarsest band", "base")
    for at, (pair, names) in enumerate((("ct-mr", ("t2", "ct")), ("pet-mr", ("t1", "pet")))):
        modalities = ("mr", pair.split("-")[0])
        sources = prepare([getattr(head, name) for name in names], modalities)
        layout = slice_order(sources.reference, "axial")
        number = int(to_slices(head.truth["oedema"], *layout).sum((1, 2)).argmax())
        which = slice(number, number + 1)
        batch = [torch.from_numpy(part)[:, None] for part in sources.slices(*layout, which)]
        with torch.inference_mode():
            fused, weighing = bands(*batch), bands.weigh(*batch)
        shown = torch.maximum(*batch)[0, 0] > 0
        for m in (0, 1):
            row = axes[2 * at + m]
            row[0].imshow(batch[m][0, 0], cmap="gray", vmin=0, vmax=1)
            row[0].set_title(modalities[m].upper(), fontsize=9)
            if m == 0:
                row[1].imshow(fused[0, 0], cmap="gray", vmin=0, vmax=1)
                row[1].set_title("fused", fontsize=9)
            for k, title in enumerate(titles):
                weights = torch.where(shown, weighing.weights[0, m, k], torch.nan)
                drawn = row[2 + k].imshow(weights, cmap="PuOr", vmin=-0.6, vmax=0.6)
                row[2 + k].set_title(f"{modalities[m].upper()}, {title}", fontsize=9)
    for ax in axes.flat:
        ax.set_axis_off()
    figure.colorbar(drawn, ax=axes, shrink=0.4, label="weight", extend="both")
    figure.savefig(path, dpi=75)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(256, kmeans=1, dither=0).save(path, optimize=True)


def main() -> None:
    """Measure the blocks asked for, or draw the page."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("bands")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("seeds", type=Path)
    parser.add_argument("volumes", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--block", action="append", default=[])
    asked = parser.parse_args()
    images = read_images(asked.data, asked.seeds, asked.every)
    methods = {name: load_method(name, "ct-mr") for name in METHODS}
    some = {name: methods[name] for name in ("maximum", "gff", "bands")}
    blocks: dict[str, Callable[[], dict[str, Table]]] = {
        "four": lambda: four_tables(images, read_volumes(asked.volumes), methods),
        "untrained": lambda: untrained_tables(images, some),
        "changed": lambda: changed_tables(images, methods["bands"]),
        "brighter": lambda: {"PET": brighter_table(images["PET"], methods["bands"])},
        "constancy": lambda: constancy_tables(images, methods["bands"]),
        "three": lambda: {"three": three_table(methods["bands"])},
        "heads": heads_tables,
    }
    for name, tables in blocks.items():
        if not asked.block or name in asked.block:
            print(name, flush=True)
            keep(BANDS, name, tables())
    if not asked.block or "picture" in asked.block:
        draw(methods["bands"], PICTURE)


if __name__ == "__main__":
    main()
