"""Draw for docs/evidence/figures.md what the publications show as pictures.

    python tools/draw_publication_figures.py omega
    python tools/draw_publication_figures.py decoder
    python tools/draw_publication_figures.py exponent DATA FOLDER
    python tools/draw_publication_figures.py curves FOLDER.training ...

All but the curves are of a slice of a digital head. `exponent` trains what FOLDER does not hold:
200 steps on small crops of the CT cases in DATA (minutes on a CPU). `curves` draws what `medfusion
train` left in OUT.training.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from MedFusionLib.colour.coding import Coding
from MedFusionLib.fusion import Fusion, fuse
from MedFusionLib.methods.weights import load_method
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.intensities import choose_window
from MedFusionLib.sources.modalities import modalities_of
from MedFusionLib.sources.volumes import Volume
from MedFusionLib.training.train import RECIPES, train_network

FOLDER = Path(__file__).parents[1] / "docs" / "evidence" / "figures"
#: pair -> volumes of the digital head, and what the slice cuts
SHOWN = {"ct-mr": ("t2", "ct", "calcification"), "pet-mr": ("t1", "pet", "lesion")}
OMEGAS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
EXPONENTS = (1.0, 4.0)
#: of badal-regas.toml -> for a short training
SHORTENED = {"batch = 8": "batch = 4", "crop = 128": "crop = 96", "steps = 1000": "steps = 200"}
#: of the CT cases: holds a slice that is tested on (`medfusion leaks`)
WITHOUT = "ct-mr/28"
SMOOTH = 25  # steps of the mean that a curve of losses is drawn with


def head_slice(pair: str, method: str, **options: Any) -> Fusion:
    """The fusion of three slices of a digital head; the middle one cuts a planted thing."""
    head = make_phantom((96, 192, 192))
    first, second, thing = SHOWN[pair]
    volumes = [getattr(head, name) for name in (first, second)]
    windows = [choose_window(v, m) for v, m in zip(volumes, modalities_of(pair), strict=True)]
    middle = int(np.argwhere(head.truth[thing]).mean(axis=0)[0].round())
    mr = volumes[0]
    origin = (mr.matrix @ [0, 0, middle - 1, 1])[:3]
    three = Volume(
        mr.array[middle - 1 : middle + 2], mr.spacing, tuple(origin), mr.direction, mr.name
    )
    options = {"axis": "native", "headroom": "off", "windows": windows} | options
    return fuse(three, volumes[1], pair, method=method, **options)


def draw(name: str, lines: list[list[tuple[str, np.ndarray]]], colours: int = 128) -> None:
    """Rows of titled pictures, as a palette PNG."""
    width = max(map(len, lines))
    shown = np.any(lines[0][0][1].reshape(*lines[0][0][1].shape[:2], -1), axis=-1)  # the head
    rows, columns = (np.flatnonzero(shown.any(1 - axis)) for axis in (0, 1))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    figure = Figure(figsize=(2.2 * width, 2.4 * len(lines)), layout="constrained")
    for row, line in zip(figure.subplots(len(lines), width, squeeze=False), lines, strict=True):
        for axes in row:
            axes.set_axis_off()
        for axes, (title, picture) in zip(row, line, strict=False):
            axes.imshow(picture[box], cmap="gray" if picture.ndim == 2 else None, vmin=0, vmax=1)
            axes.set_title(title, fontsize=10)
    save(figure, name, colours)


def save(figure: Figure, name: str, colours: int = 128) -> None:
    """As a palette PNG, which takes a third of the space."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.png"
    figure.savefig(path, dpi=75)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    print(path, path.stat().st_size // 1000, "kB")


def omega() -> None:
    """FunFuseAn's figure 2 at the lambda that was trained: the colours over omega."""
    lines = []
    for mode, kind in (("paper", "gradient"), ("fused", "share")):
        fusion = head_slice("pet-mr", "funfusean", contributions=kind)
        lines.append(
            [
                (f"{mode}, omega {value:g}", fusion.recolour(Coding(mode, omega=value))[1])
                for value in OMEGAS
            ]
        )
    draw("omega", lines, 256)


def decoder() -> None:
    """FW-Net: what its decoder regains of both sources from the fused image alone."""
    lines = []
    for pair in SHOWN:
        fusion = head_slice(pair, "fw-net", bounds="off")
        first, second = (source[1] for source in fusion.sources.scaled)
        batch = [torch.from_numpy(image)[None, None] for image in (first, second)]
        network = load_method("fw-net", pair)
        with torch.inference_mode():
            fused = network(*batch)
            regained = network.reconstruct(fused)[0].numpy()
        mr, other = "MR", pair.split("-")[0].upper()
        pictures = (first, second, fused[0, 0].numpy(), *regained)
        titles = (mr, other, "fused", f"{mr} regained", f"{other} regained")
        lines.append(list(zip(titles, pictures, strict=True)))
        errors = [
            np.abs(found - source)[first + second > 0].mean()
            for found, source in zip(regained, (first, second), strict=True)
        ]
        print(pair, "mean absolute error of MR and the other:", *np.round(errors, 3))
    draw("decoder", lines)


def exponent(data: Path, folder: Path) -> None:
    """Badal Regàs' figure 3.6: the luminance exponent of the SSIM loss, 1 and 4."""
    folder.mkdir(parents=True, exist_ok=True)
    line: list[tuple[str, np.ndarray]] = []
    for alpha in EXPONENTS:
        weights = folder / f"exponent-{alpha:g}.safetensors"
        if not weights.is_file():
            recipe = weights.with_suffix(".toml")
            text = (RECIPES / "badal-regas.toml").read_text(encoding="utf-8")
            for there, instead in (SHORTENED | {"alpha = 4.0": f"alpha = {alpha}"}).items():
                if there not in text:
                    raise SystemExit(f"The recipe has changed: it holds no '{there}'.")
                text = text.replace(there, instead)
            recipe.write_text(text, encoding="utf-8")
            train_network(
                "badal-regas", "ct-mr", data, weights, recipe=recipe, device="cpu", without=WITHOUT
            )
        fusion = head_slice("ct-mr", "badal-regas", weights=weights, bounds="off")
        if not line:
            line = [(n, s[1]) for n, s in zip(("MR", "CT"), fusion.sources.scaled, strict=True)]
        line.append((f"exponent {alpha:g}", np.clip(fusion.fused.array[1], 0, 1)))
    draw("exponent", [line])


def curves(folders: list[Path]) -> None:
    """The losses of each step, and the scores on validation slices, of our own trainings."""
    figure = Figure(figsize=(3.4 * len(folders), 5.2), layout="constrained")
    grid = figure.subplots(2, len(folders), squeeze=False)
    for (top, bottom), folder in zip(grid.T, folders, strict=True):
        losses, scores = (rows_of(folder / f"{name}.csv") for name in ("losses", "scores"))
        plot_losses(top, losses)
        top.set_title(folder.stem, fontsize=10)
        for colour, (name, label) in zip(
            ("C0", "C1"), (("ssim", "SSIM"), ("q_abf", "Q^AB/F")), strict=True
        ):
            bottom.plot(scores["step"], scores[name], f"{colour}.-", lw=1, label=label)
        bottom.set(xlabel="step", ylim=(0.2, 0.95))
    grid[0, 0].set_ylabel("loss")
    grid[1, 0].set_ylabel("validation slices")
    grid[1, 0].legend(fontsize=8)
    save(figure, "curves", 64)


def plot_losses(axes: Axes, losses: dict[str, np.ndarray]) -> None:
    """The loss of each step, pale, and its running mean."""
    steps, loss = losses["step"], losses["loss"]
    wide = max(1, min(SMOOTH, len(loss) // 8))
    smooth = np.convolve(loss, np.ones(wide) / wide, "valid")
    axes.plot(steps, loss, color="C0", alpha=0.25, lw=0.6)
    axes.plot(steps[wide - 1 :], smooth, color="C0", lw=1.4)
    low, high = np.percentile(loss, [0, 98])
    axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))


def rows_of(path: Path) -> dict[str, np.ndarray]:
    """The columns of a table of numbers; an empty cell is NaN."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


def main() -> None:
    """Draw the picture that is asked for."""
    torch.set_num_threads(1)
    name, *words = sys.argv[1:] or [""]
    if name == "curves":
        curves([Path(word) for word in words])
    elif name == "exponent":
        exponent(*map(Path, words))
    elif name in ("omega", "decoder"):
        {"omega": omega, "decoder": decoder}[name]()
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
