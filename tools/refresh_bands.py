"""Write the tables of docs/evidence/bands.md and the picture of docs/understand/bands.md.

    python tools/refresh_bands.py DATA SEEDS VOLUMES --every 1

DATA is the folder of training pairs (its test cases are used), SEEDS the folder of the
publications' own images, VOLUMES that of whole volumes. With --every N, each N-th slice of CT and
each 4 N-th of SPECT is scored.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from MedFusionLib import metrics
from MedFusionLib.evaluation import planted
from MedFusionLib.methods.registry import get_method
from MedFusionLib.methods.weights import load_method
from MedFusionLib.metrics.registry import all_metrics
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import read_volume
from MedFusionLib.sources.prepare import prepare
from MedFusionLib.sources.volumes import slice_order, to_slices

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PICTURE = DOCS / "evidence" / "bands.md", DOCS / "understand" / "bands.png"
METHODS = ("maximum", "max-min", "gff", "bands")
#: slices of a case that CDDFuse's public test set holds, by their place in our volumes
CT_SLICES = {"16": slice(4, 14), "21": slice(2, 13)}
UNSEEN = (0, 1, 2, 3, 6, 9)  # of the FunFuseAn pairs: their MR is in no training case
Images = dict[str, Tensor]


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
    return {
        f"CT ({len(ct)})": ct,
        "PET (10)": torch.from_numpy(np.stack(pet)).float() / 255,
        f"SPECT ({len(spect)})": spect,
    }


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
        found[f"{title} ({len(stack)})"] = torch.from_numpy(stack)
    return found


def fuse(method: torch.nn.Module, images: Tensor) -> Tensor:
    """Fused slices, rounded to 8 bit, background 0."""
    with torch.inference_mode():
        parts = [method(part[:, :1], part[:, 1:]) for part in images.split(4)]
    return (torch.cat(parts).clamp(0, 1) * (images.amax(1, keepdim=True) > 0) * 255).round() / 255


def four(fused: Tensor, images: Tensor) -> Tensor:
    """VIF, Q^AB/F, SCD and SSIM as CDDFuse's evaluator has them, means over the slices."""
    first, second = images.split(1, 1)
    values = [
        metrics.vif(fused, first, second),
        metrics.q_abf(fused, first, second),
        metrics.scd(fused, first, second),
        metrics.ssim(fused, first, second, variant="cddfuse"),
    ]
    return torch.stack([value.double().nanmean() for value in values])


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def replace_block(name: str, text: str) -> None:
    """Put a text between the marks of that name in the page."""
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(begin)[0], page.split(end)[1]
    PAGE.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def few(stack: Tensor) -> Tensor:
    """Two or three slices, evenly spaced."""
    return stack[:: max(1, len(stack) // 2)]


def words(values: Tensor) -> str:
    return " ".join(f"{value:.3f}" for value in values.tolist())


def measures_table(images: Images, methods: dict[str, torch.nn.Module]) -> str:
    rows = []
    for name, method in methods.items():
        row = [name]
        for stack in images.values():
            fused = fuse(method, stack)
            first, second = stack.split(1, 1)
            kept = [
                metrics.uptake(fused, first, second, source=source).nanmean()
                for source in ("first", "second")
            ]
            row.append(f"{words(four(fused, stack))}; {kept[0]:.2f} {kept[1]:.2f}")
        rows.append(row)
    return table(["", *images], rows)


def untrained_table(images: Images, methods: dict[str, torch.nn.Module]) -> str:
    names = ("fmi", "q_cb", "q_ncie", "mef_ssim", "n_abf", "semantic_loss")
    known = all_metrics()
    rows = []
    for name, method in methods.items():
        row = [name]
        for stack in images.values():
            stack = few(stack)
            fused, (first, second) = fuse(method, stack), stack.split(1, 1)
            values = [known[n].function(fused, first, second).double().nanmean() for n in names]
            row.append(words(torch.stack(values)))
        rows.append(row)
    return table(["", *images], rows)


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


def robustness_table(images: Images, bands: torch.nn.Module) -> str:
    """Of the four measures, bands less the maximum on the same changed sources."""
    maximum = get_method("maximum")()
    rows = []
    for name, change in changes().items():
        row = [name]
        for stack in images.values():
            changed = change(few(stack))
            own, other = (four(fuse(method, changed), changed) for method in (bands, maximum))
            row.append(" ".join(f"{value:+.3f}" for value in (own - other).tolist()))
        rows.append(row)
    return table(["", *images], rows)


def constancy_table(images: Images, bands: torch.nn.Module) -> str:
    """By how many per cent the four measures change with the sources; the maximum's in brackets."""
    methods = (bands, get_method("maximum")())
    before = {
        name: [four(fuse(method, few(stack)), few(stack)) for method in methods]
        for name, stack in images.items()
    }
    rows = []
    for name, change in list(changes().items())[1:]:
        row = [name]
        for title, stack in images.items():
            changed = change(few(stack))
            after = [four(fuse(method, changed), changed) for method in methods]
            own, others = (
                " ".join(f"{v:+.0f}" for v in (100 * (a / b - 1)).tolist())
                for a, b in zip(after, before[title], strict=True)
            )
            row.append(f"{own} ({others})")
        rows.append(row)
    return table(["", *images], rows)


def semantic_table(images: Images, networks: tuple[str, ...]) -> str:
    """Semantic loss, lower is better, of every network beside the maximum and guided filtering."""
    measure = all_metrics()["semantic_loss"].function
    rows = []
    for name in ("average", "maximum", "gff", *networks):
        row = [name]
        for title, stack in images.items():
            pair = f"{title.split()[0].lower()}-mr"
            method, stack = load_method(name, pair), few(stack)
            fused = fuse(method, stack)
            row.append(f"{measure(fused, *stack.split(1, 1)).double().nanmean():.3f}")
        rows.append(row)
    return table(["", *images], rows)


def three_table(bands: torch.nn.Module, seeds: tuple[int, ...] = (5, 6, 7)) -> str:
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
    things = list(next(iter(kept.values())))
    return table(
        ["", *things],
        [[way, *(f"{np.mean(row[thing]):.2f}" for thing in things)] for way, row in kept.items()],
    )


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("seeds", type=Path)
    parser.add_argument("volumes", type=Path)
    parser.add_argument("--every", type=int, default=1)
    words_ = parser.parse_args()
    images = read_images(words_.data, words_.seeds, words_.every)
    methods = {name: load_method(name, "ct-mr") for name in METHODS}
    some = {name: methods[name] for name in ("maximum", "gff", "bands")}
    unseen = {"PET (6 of them)": images["PET (10)"][list(UNSEEN)]}
    text = "\n".join(
        (
            "### The four measures; uptake kept of MR and of the other\n",
            "VIF, Q^AB/F, SCD, SSIM; uptake kept of the MR and of the other source.\n",
            measures_table(images, methods),
            "The PET pairs whose MR is in no training case, either:\n",
            measures_table(unseen, some),
            "Volumes that no choice was made on, scaled as `fuse` scales them:\n",
            measures_table(read_volumes(words_.volumes), methods),
            "### Measures that it was not trained on\n",
            "FMI, Q_CB, Q_NCIE, MEF-SSIM, N^AB/F and SL (of the last two lower is better); two or "
            "three slices of each.\n",
            untrained_table(images, some),
            "SL of every network, on the same slices:\n",
            semantic_table(images, ("funfusean", "fw-net", "cspa-dn", "badal-regas", "bands")),
            "### With changed sources: bands less the maximum\n",
            "VIF, Q^AB/F, SCD, SSIM on the same changed sources; two or three slices of each.\n",
            robustness_table(images, methods["bands"]),
            "By how many per cent the same measures change with the sources; the maximum's in "
            "brackets.\n",
            constancy_table(images, methods["bands"]),
            "### Three sources of one head\n",
            "MR T1, PET and CT of digital heads (seeds 5 to 7): the part of a planted thing's "
            "contrast, in the source that shows it, that is kept.\n",
            three_table(methods["bands"]),
        )
    )
    replace_block("measured", text)
    draw(methods["bands"], PICTURE)


if __name__ == "__main__":
    main()
