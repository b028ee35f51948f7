"""One page with every network and pair on a fixed slice: sources, fused, contributions, colour."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from ..colour.coding import Coding
from ..errors import MedFusionError
from ..fusion import Fusion, fuse
from ..methods.base import FusionMethod
from ..methods.registry import all_methods
from ..methods.weights import weights_path
from ..report import NOTICE
from ..results.preview import INK, PAPER
from ..settings import Settings
from ..sources.files import read_volume
from ..sources.intensities import Window, choose_window
from ..sources.modalities import PAIRS, modalities_of
from ..sources.volumes import Volume, triple
from ..training.datasets import find_cases

COLUMNS = (
    "first", "second", "colour, sources", "fused", "gradient, first", "gradient, second",
    "share, first", "share, second", "colour, fused", "colour, paper",
)  # fmt: skip


@dataclass(frozen=True)
class _Scene:
    """What a pair is shown on."""

    pair: str
    first: Volume
    second: Volume
    windows: list[Window]
    caption: str


def write_gallery(
    folder: Path,
    data: Path | None = None,
    everything: bool = False,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write `index.html` and a picture for each pair.

    Args:
        folder: exists; gets the files.
        data: a folder of pairs (`datasets.find_cases`); its first test case's middle slice is
            shown. Default: the digital head, in the plane of its planted truth.
        everything: show the classical methods, too.
        device: "auto", "cuda", "mps" or "cpu".
        progress: called with (pictures rows done, all rows).

    Returns:
        The page.

    Raises:
        MedFusionError: no pair has data and weights.
    """
    scenes = list(_scenes(data))
    rows = [
        (scene, method)
        for scene in scenes
        for method in all_methods(None if everything else "network")
        if method.kind == "classical" or weights_path(method.name, scene.pair).is_file()
    ]
    if not rows:
        raise MedFusionError("There are no trained weights to show; train some first.")
    pictures: dict[str, list[tuple[str, list[np.ndarray]]]] = {}
    for done, (scene, method) in enumerate(rows, 1):
        pictures.setdefault(scene.pair, []).append((method.title, _row(scene, method, device)))
        if progress:
            progress(done, len(rows))
    for pair, lines in pictures.items():
        _draw(pair, lines, folder / f"{pair}.png")
    return _page(folder, [scene for scene in scenes if scene.pair in pictures])


def _scenes(data: Path | None) -> Iterator[_Scene]:
    if data is None:
        from ..phantom.head import make_phantom

        head = make_phantom((96, 192, 192))
        for pair, first, second, planted in (
            ("ct-mr", head.t2, head.ct, "calcification"),
            ("pet-mr", head.t1, head.pet, "lesion"),
            ("spect-mr", head.t2, head.pet, "lesion"),
        ):
            number = int(np.argwhere(head.truth[planted]).mean(axis=0)[0].round())
            caption = f"{PAIRS[pair][0].upper()} and {PAIRS[pair][1].upper()} of the digital head"
            if pair == "spect-mr":
                caption += " (its PET stands in for the SPECT)"
            yield _scene(pair, first, second, number, caption)
        return
    for pair in PAIRS:
        try:
            case = find_cases(data, pair, "test")[0]
        except MedFusionError:
            continue
        first, second = read_volume(case.first), read_volume(case.second)
        number = first.shape[0] // 2
        caption = f"{pair}, test case {case.name}, slice {number}"
        yield _scene(pair, first, second, number, caption)


def _scene(pair: str, first: Volume, second: Volume, number: int, caption: str) -> _Scene:
    """A slice of a pair, in the windows of the whole volumes."""
    windows = [
        choose_window(volume, modality)
        for volume, modality in zip((first, second), modalities_of(pair), strict=True)
    ]
    return _Scene(pair, _slice(first, number), second, windows, caption)


def _slice(volume: Volume, number: int) -> Volume:
    """Three slices round one, so that it stays a volume."""
    origin = (volume.matrix @ [0, 0, number - 1, 1])[:3]
    array = volume.array[number - 1 : number + 2]
    return Volume(array, volume.spacing, triple(origin), volume.direction, volume.name)


def _row(scene: _Scene, method: type[FusionMethod], device: str) -> list[np.ndarray]:
    def fused(kind: str) -> Fusion:
        settings = Settings(method.name, axis="native", contributions=kind, device=device)
        return fuse(scene.first, scene.second, scene.pair, windows=scene.windows, settings=settings)

    share = fused("share")
    parts = [part[1] for part in share.sources.scaled]
    parts.append(share.recolour(Coding("sources"))[1])  # the same whatever the method
    parts.append(np.clip(share.fused.array[1], 0, 1))
    if method.differentiable:
        gradient = fused("gradient")
        maps = [part.array[1] for part in gradient.contributions]
        top = max(float(np.percentile(np.abs(np.stack(maps)), 99)), 1e-6)
        parts += [np.clip(part / top, 0, 1) for part in maps]
        paper = gradient.recolour(Coding("paper"))[1]
    else:
        parts += [np.zeros_like(parts[0])] * 2
        paper = share.recolour(Coding("paper"))[1]
    parts += [np.clip(part.array[1], 0, 1) for part in share.contributions]
    return [*parts, share.recolour(Coding("fused"))[1], paper]


def _draw(pair: str, lines: list[tuple[str, list[np.ndarray]]], path: Path) -> None:
    figure = Figure(figsize=(2.1 * len(COLUMNS), 2.1 * len(lines) + 0.5), facecolor=PAPER)
    grid = figure.subplots(len(lines), len(COLUMNS), squeeze=False)
    figure.subplots_adjust(
        left=0.03, right=0.998, top=1 - 0.42 / (2.1 * len(lines) + 0.5), bottom=0.005,
        wspace=0.02, hspace=0.02,
    )  # fmt: skip
    names = [part.upper() for part in modalities_of(pair)]
    for line, (title, parts) in zip(grid, lines, strict=True):
        for axes, part in zip(line, parts, strict=True):
            axes.imshow(part, cmap="gray" if part.ndim == 2 else None, vmin=0, vmax=1)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_frame_on(False)
        line[0].set_ylabel(title, color=INK, fontsize=11)
    for axes, title in zip(grid[0], COLUMNS, strict=True):
        words = title.replace("first", names[0]).replace("second", names[1])
        axes.set_title(words, color=INK, fontsize=11)
    figure.savefig(path, dpi=52, facecolor=PAPER)
    with Image.open(path) as picture:  # a palette takes a third of the space
        small = _with_palette(picture.convert("RGB"))
    small.save(path, optimize=True)


def _with_palette(picture: Image.Image, greys: int = 96) -> Image.Image:
    """A picture of 256 colours: a ramp of greys, which get no tint, and the rest for colours."""
    pixels = np.asarray(picture)
    coloured = pixels[np.ptp(pixels, axis=2) > 6].reshape(1, -1, 3)
    colours: list[int] = []
    if coloured.size:
        found = Image.fromarray(coloured).quantize(
            256 - greys, Image.Quantize.MAXCOVERAGE, kmeans=2
        )
        colours = (found.getpalette() or [])[: 3 * (256 - greys)]
    ramp = np.repeat(np.linspace(0, 255, greys).round().astype(int), 3).tolist()
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours + ramp)
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _page(folder: Path, scenes: list[_Scene]) -> Path:
    body = "\n".join(
        f"<h2>{html.escape(scene.caption)}</h2>\n"
        f'<img src="{scene.pair}.png" alt="{html.escape(scene.caption)}">'
        for scene in scenes
    )
    page = folder / "index.html"
    page.write_text(
        "<!doctype html>\n<html lang='en'><meta charset='utf-8'><title>MedFusion gallery</title>\n"
        f"<style>body{{background:{PAPER};color:{INK};font-family:sans-serif;margin:2em}}"
        "img{max-width:100%}</style>\n<h1>MedFusion gallery</h1>\n"
        "<p>gradient: how much an input pixel matters to the whole slice (Kumar et al. 2019). "
        "share: how much of the brightness seen at a pixel came from a source (Shapley value). "
        f"{NOTICE}</p>\n{body}\n</html>\n",
        encoding="utf-8",
    )
    return page
