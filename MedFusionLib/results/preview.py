"""A picture of a fusion: sources, fused and colour in three planes, with the legend."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from ..colour.coding import Coding, legend
from ..colour.mode import GRADIENT_NOTE
from ..colour.registry import get_mode
from ..fusion import Fusion
from ..report import NOTICE, InputReport
from ..sources.volumes import AXES, Volume, slice_at, slice_order, to_slices

#: inches: width of a picture, of the legend's column, heights above and below the pictures
PANEL, SIDE, HEAD, FOOT = 2.9, 3.0, 0.6, 0.4
INK, PAPER, DIM, ALARM = "#f2f2f2", "#101114", "#9aa0a6", "#ffb454"
#: letters at the left, right, top and bottom edge of each plane
EDGES = {"axial": "RLAP", "coronal": "RLSI", "sagittal": "APSI"}


def save_preview(
    fusion: Fusion, path: str | Path, focus: tuple[float, float, float] | None = None
) -> None:
    """Write the picture as PNG.

    Args:
        fusion: what to show.
        path: of the PNG.
        focus: LPS point in mm that the planes go through; default: the middle of the head.
    """
    grid = fusion.fused
    focus = focus or _middle(fusion)
    titles = [_source_title(part) for part in fusion.report.inputs]
    sources = fusion.sources
    grey = [(volume.array, window.scale) for volume, window in
            zip(sources.volumes, sources.windows, strict=True)]  # fmt: skip
    pictures = [
        *((title, *part) for title, part in zip(titles, grey, strict=True)),
        (f"fused ({fusion.report.method})", fusion.fused.array, lambda plane: np.clip(plane, 0, 1)),
        (f"colour ({fusion.coding.mode})", fusion.colour, None),
    ]
    planes = [_plane(grid, axis, focus) for axis in AXES]
    columns = len(pictures)
    width = PANEL * columns + SIDE
    heights = [PANEL * plane.ratio for plane in planes]
    height = max(sum(heights) + HEAD + FOOT, HEAD + SIDE + 2 + FOOT)
    figure = Figure(figsize=(width, height), facecolor=PAPER)
    layout = figure.add_gridspec(
        3, columns, height_ratios=heights, left=0.02 / width, right=PANEL * columns / width,
        top=1 - HEAD / height, bottom=1 - (HEAD + sum(heights)) / height, wspace=0.02, hspace=0.02,
    )  # fmt: skip
    for row, (axis, plane) in enumerate(zip(AXES, planes, strict=True)):
        for column, (title, array, scale) in enumerate(pictures):
            axes = figure.add_subplot(layout[row, column])
            picture = plane.of(array)
            axes.imshow(
                scale(picture) if scale else picture, cmap="gray" if scale else None,
                vmin=0, vmax=1,
                aspect=plane.aspect, interpolation="bilinear" if scale else "nearest",
            )  # fmt: skip
            axes.set_axis_off()
            if row == 0:
                axes.set_title(title, color=INK, fontsize=11)
            if column == 0:
                _letters(axes, EDGES[axis])
    names = [part.modality.upper() for part in fusion.report.inputs]
    left, side = (PANEL * columns + 0.45) / width, SIDE - 0.65
    top = 1 - (HEAD + 0.15 + side) / height
    legend_axes = figure.add_axes((left, top, side / width, side / height))
    draw_legend(legend_axes, fusion.coding, names)
    _words(figure, fusion, left, top - 0.45 / height)
    if alarm := [part.warning for part in fusion.report.alignment if part.warning]:
        words = textwrap.shorten(alarm[0], 110, placeholder="…")
        place = PANEL * columns / width / 2, 1 - 0.25 / height
        figure.text(*place, words, color=ALARM, ha="center", fontsize=11)
    figure.text(0.5, 0.13 / height, NOTICE, color=DIM, ha="center", fontsize=9)
    figure.savefig(path, dpi=100, facecolor=PAPER)


def save_thumbnail(fusion: Fusion, path: str | Path, height: int = 128) -> None:
    """Write the colour volume in three planes side by side, as a small JPEG without any words.

    Args:
        fusion: what to show, through the middle of the head.
        path: of the JPEG; about 8 kB.
        height: in pixels; the width follows from the size of the head.
    """
    from PIL import Image

    focus, parts = _middle(fusion), []
    for axis in AXES:
        plane = _plane(fusion.fused, axis, focus)
        picture = np.ascontiguousarray(plane.of(fusion.colour))
        width = max(1, round(height / plane.ratio))
        parts.append(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))
    strip = Image.new("RGB", (sum(part.width for part in parts), height))
    at = 0
    for part in parts:
        strip.paste(part, (at, 0))
        at += part.width
    strip.save(path, "JPEG", quality=80)


def draw_legend(axes, coding: Coding, names: list[str]) -> None:
    """Draw the legend of a coding into matplotlib axes, with what its directions mean."""
    drawn = legend(coding, names)
    axes.imshow(drawn.picture, interpolation="bilinear")
    height, width = drawn.picture.shape[:2]
    axes.set_box_aspect(1)
    axes.set_aspect("auto")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_title(textwrap.fill(drawn.title, 26), color=INK, fontsize=10, pad=22)
    if drawn.upwards:
        axes.set_ylabel(f"{drawn.upwards}  →", color=INK, fontsize=9)
    style = {"color": INK, "fontsize": 9, "annotation_clip": False}
    for (x, y), text in drawn.labels:
        axes.annotate(
            text, (x * (width - 1), y * (height - 1)), xytext=(0, -6 if y > 0.5 else 6),
            textcoords="offset points", va="top" if y > 0.5 else "bottom",
            ha=("left", "center", "right")[round(2 * x)], **style,
        )  # fmt: skip


def _words(figure: Figure, fusion: Fusion, left: float, top: float) -> None:
    report = fusion.report
    kind = fusion.contribution_kind
    if get_mode(fusion.coding.mode).needs_sources:  # then the colours show no contributions
        kind = ""
    names = [part.modality.upper() for part in report.inputs]
    left_of_mr = report.parameters.lowered_to
    about_gradients = GRADIENT_NOTE if kind == "gradient" else ""
    notes = dict.fromkeys((legend(fusion.coding, names).note, about_gradients))
    lines = [
        f"{report.method}, {report.pair}",
        *([f"contributions: {kind}"] if kind else []),
        *_parameters(fusion.coding),
        *(
            f"{part.modality.upper()} {part.window[0]:.4g} to {part.window[1]:.4g}"
            for part in report.inputs
        ),
        *([f"MR lowered to {left_of_mr} for headroom"] if left_of_mr else []),
        *(line for note in notes for line in textwrap.wrap(note, 36)),
        *(
            textwrap.fill(f"{name}: {part.words}{', moved' if part.applied else ''}", 32)
            for name, part in zip(names[1:], report.alignment, strict=False)
        ),
    ]
    figure.text(left, top, "\n".join(lines), color=DIM, fontsize=9, va="top", linespacing=1.6)


def _parameters(coding: Coding) -> list[str]:
    """The parameters that the mode uses, in one line."""
    words = {"omega": f"omega {coding.omega:g}", "colormap": coding.colormap}
    used = [words[name] for name in get_mode(coding.mode).uses]
    return [", ".join(used)] if used else []


def _source_title(part: InputReport) -> str:
    name = part.name if len(part.name) <= 22 else part.name[:21] + "…"
    return f"{part.modality.upper()}: {name}"


def _letters(axes, edges: str) -> None:
    places = ((0.03, 0.5), (0.97, 0.5), (0.5, 0.96), (0.5, 0.04))
    for letter, (x, y) in zip(edges, places, strict=True):
        axes.text(
            x, y, letter, color=DIM, fontsize=9, transform=axes.transAxes, ha="center",
            va="center", path_effects=[withStroke(linewidth=3, foreground=PAPER)],
        )  # fmt: skip


def _middle(fusion: Fusion) -> tuple[float, float, float]:
    filled = ~fusion.sources.background
    index = np.array(filled.shape) / 2
    if count := np.count_nonzero(filled):
        for axis, size in enumerate(filled.shape):
            others = tuple(other for other in range(3) if other != axis)
            index[axis] = np.dot(filled.sum(axis=others), np.arange(size)) / count
    return tuple((fusion.fused.matrix @ [*index[::-1], 1])[:3])


@dataclass(frozen=True)
class _Plane:
    """A slice of every array on the grid: its number, its orientation and its pixels' shape."""

    number: int
    order: tuple[int, ...]
    flips: tuple[int, ...]
    aspect: float
    ratio: float

    def of(self, array: np.ndarray) -> np.ndarray:
        return to_slices(array, (*self.order, 3)[: array.ndim], self.flips)[self.number]


def _plane(grid: Volume, axis: str, focus: tuple[float, float, float]) -> _Plane:
    order, flips = slice_order(grid, axis)
    count, rows, columns = (grid.shape[n] for n in order)
    number = int(np.clip(slice_at(grid, focus, order, flips), 0, count - 1))
    aspect = grid.spacing[2 - order[1]] / grid.spacing[2 - order[2]]
    ratio = float(np.clip(rows / columns * aspect, 0.2, 1.5))
    return _Plane(number, order, flips, aspect, ratio)
