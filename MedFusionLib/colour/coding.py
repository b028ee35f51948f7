"""Colour that says which source contributed what, by hue, saturation and value.

Every mode is a table: one coordinate is the value (how bright), the other the hue (what
contributed). A volume's two coordinates are kept, so another omega, colour map or legend is one
table look-up, and the legend is the table itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import MedFusionError
from .colormaps import colormap_table

MODES = ("paper", "fused")
LEVELS = 256
DEFAULT_KIND = {"paper": "gradient", "fused": "share"}
#: what whoever looks at gradients has to know (measured: docs/evaluation.md)
GRADIENT_NOTE = (
    "Gradients, the published contributions, are smallest where the fused image is brightest: "
    "a lesion that only one source shows can carry the colour of the other."
)

#: fully saturated hues of the first, second and third source in the mode "fused": azure, orange
#: and violet keep apart for readers with any of the common colour-vision deficiencies.
HUES = np.array([[0.0, 0.55, 1.0], [1.0, 0.5, 0.0], [0.25, 0.0, 1.0]])
_PARTS = 31  # levels of each fraction, for three sources; a third is one of them


@dataclass(frozen=True)
class Coding:
    """How contributions become colours.

    Attributes:
        mode: "paper" (Kumar et al. 2019, section 2.2): hue and saturation are those of the
            colour-mapped contribution of the second source, value is the contribution of the
            first. "fused": value is the fused image, hue says which source contributed more,
            saturation how one-sided that was.
        omega: factor on the saturation, 0 to 1.
        colormap: of the mode "paper": "jet", "turbo", "viridis" or "inferno".

    Raises:
        MedFusionError: no such mode or colour map, or omega is not in [0, 1].
    """

    mode: str = "fused"
    omega: float = 0.6
    colormap: str = "jet"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise MedFusionError(
                f"There is no colour mode '{self.mode}'; choose one of: {', '.join(MODES)}."
            )
        if not 0 <= self.omega <= 1:
            raise MedFusionError(f"omega is {self.omega:g}; it must lie between 0 and 1.")
        colormap_table(self.colormap)

    def table(self, sources: int = 2) -> np.ndarray:
        """The colours, uint8 (256 values, hues, 3); value 0 is black whatever the hue.

        Args:
            sources: 2 or 3.

        Example:
            >>> Coding("fused", omega=1).table()[255, [0, 128, 255]].tolist()
            [[0, 140, 255], [255, 254, 254], [255, 128, 0]]
        """
        if self.mode == "paper":
            tint = _saturate(colormap_table(self.colormap, LEVELS), self.omega)
        else:
            tint = _dominance(_fractions(sources), self.omega)
        value = np.linspace(0, 1, LEVELS)[:, None, None]
        return np.round(255 * value * tint).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Where each voxel stands in the table, for every mode; made once per fusion.

    Attributes:
        value: uint8, by mode.
        hue: uint8 or uint16, by mode.
        sources: 2 or 3.
        scales: what the value and the hue of the mode "paper" run up to, for the legend.
    """

    value: dict[str, np.ndarray]
    hue: dict[str, np.ndarray]
    sources: int
    scales: tuple[float, float]

    def colours(self, coding: Coding) -> np.ndarray:
        """The colours, uint8 (..., 3)."""
        table = coding.table(self.sources)
        hues = table.shape[1]
        value, hue = self.value[coding.mode], self.hue[coding.mode]
        colours = np.empty((*value.shape, 3), np.uint8)
        for part in _slabs(value.shape):
            index = value[part].astype(np.int32) * hues + hue[part]
            colours[part] = table.reshape(-1, 3).take(index, axis=0)
        return colours


def coordinates(
    fused: np.ndarray, contributions: Sequence[np.ndarray], background: np.ndarray
) -> Coordinates:
    """Place every voxel in the colour tables of both modes.

    In the mode "paper" both contributions are scaled over the whole volume, from 0 to their 99th
    percentile outside the background. With three sources its hue is that of the two functional
    ones together.

    Args:
        fused: the fused volume, any shape.
        contributions: two or three maps of that shape; negative parts count as 0.
        background: bool, stays black.

    Returns:
        The coordinates.
    """
    count = len(contributions)
    shown = ~background
    scales = tuple(_top(group, shown) for group in (contributions[:1], contributions[1:]))
    value, lit, hue = (np.empty(fused.shape, np.uint8) for _ in range(3))
    balance = np.empty(fused.shape, np.uint8 if count == 2 else np.uint16)
    for part in _slabs(fused.shape):
        maps = [np.maximum(one[part], 0) for one in contributions]
        lit[part] = _levels(np.clip(fused[part], 0, 1)) * shown[part]
        value[part] = _levels(_scaled(maps[0], scales[0])) * shown[part]
        hue[part] = _levels(_scaled(sum(maps[1:]), scales[1]))
        balance[part] = _balance(maps)
    return Coordinates(
        {"paper": value, "fused": lit}, {"paper": hue, "fused": balance}, count, scales
    )


def _slabs(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of the first axis of some 4 million voxels: a large volume needs no large copies."""
    step = max(1, (1 << 22) // max(1, int(np.prod(shape[1:]))))
    for start in range(0, shape[0], step):
        yield slice(start, start + step)


def _top(maps: Sequence[np.ndarray], shown: np.ndarray) -> float:
    """The 99th percentile of the maps' sum, negative parts taken as 0."""

    def lit(one: np.ndarray) -> np.ndarray:
        part = one[shown]
        return np.maximum(part, 0, out=part)  # in place: a large volume needs no large copies

    total = lit(maps[0])
    for one in maps[1:]:
        total += lit(one)
    return float(np.percentile(total, 99, overwrite_input=True)) if total.size else 0.0


def _scaled(array: np.ndarray, top: float) -> np.ndarray:
    return np.minimum(array / np.float32(top), 1) if top > 0 else np.zeros_like(array)


def _balance(maps: Sequence[np.ndarray]) -> np.ndarray:
    """The hue coordinate of the mode "fused": what part of the sum each source gave.

    For two sources 0 is the first alone and 255 the second alone; where neither gave anything it
    is the middle.
    """
    total = sum(maps)
    lit = total > 1e-6
    safe = np.where(lit, total, 1)
    if len(maps) == 2:
        return _levels(np.where(lit, maps[1] / safe, 0.5))
    steps = [np.round(np.where(lit, one / safe, 1 / 3) * (_PARTS - 1)) for one in maps[:2]]
    return (steps[0] * _PARTS + steps[1]).astype(np.uint16)


def _levels(array: np.ndarray) -> np.ndarray:
    return (array * np.float32(LEVELS - 1) + np.float32(0.5)).astype(np.uint8)


def _saturate(colours: np.ndarray, omega: float) -> np.ndarray:
    """HSV to RGB at full value, with the saturation times omega: (hues, 3)."""
    top = colours.max(axis=1, keepdims=True)
    pure = colours / np.where(top > 0, top, 1)
    return 1 - omega * (1 - pure)


def _fractions(sources: int) -> np.ndarray:
    """What part of the brightness each source gave, for every hue coordinate: (hues, sources)."""
    if sources == 2:
        second = np.linspace(0, 1, LEVELS)
        return np.stack([1 - second, second], axis=1)
    first, second = np.divmod(np.arange(_PARTS**2), _PARTS) / np.float64(_PARTS - 1)
    third = np.maximum(1 - first - second, 0)
    return np.stack([first, second, third], axis=1)


def _dominance(fractions: np.ndarray, omega: float) -> np.ndarray:
    """Hue from the sources that gave more than the least, saturation from how much more.

    For two sources: the hue of the larger, the saturation |larger - smaller| times omega.
    """
    excess = fractions - fractions.min(axis=1, keepdims=True)
    saturation = np.clip(excess.sum(axis=1, keepdims=True), 0, 1)
    mixed = excess @ HUES[: fractions.shape[1]]
    top = mixed.max(axis=1, keepdims=True)
    pure = np.where(top > 0, mixed / np.where(top > 0, top, 1), 1)
    return 1 - omega * saturation * (1 - pure)


@dataclass(frozen=True, eq=False)
class Legend:
    """The colour coding as a picture.

    Attributes:
        picture: uint8 (rows, columns, 3).
        title: what it shows.
        labels: ((x, y), text): places as fractions of the picture, the top left is (0, 0).
        upwards: what grows from the bottom to the top; "" where nothing does.
        note: what else the reader has to know; "" where there is nothing.
    """

    picture: np.ndarray
    title: str
    labels: tuple[tuple[tuple[float, float], str], ...]
    upwards: str = ""
    note: str = ""


def legend(coding: Coding, names: Sequence[str], size: int = 256) -> Legend:
    """The legend of a coding: the very table that colours the volume.

    For two sources brightness grows upwards and the hue runs from the first to the second. For
    three in the mode "fused" it is a triangle at full brightness, each source at its corner.

    Args:
        coding: the coding.
        names: of the two or three sources, such as ["MR", "PET"].
        size: of the picture in pixels.

    Example:
        >>> legend(Coding("fused"), ["MR", "PET"]).picture.shape
        (256, 256, 3)
    """
    table = coding.table(len(names))
    first, others = names[0], " + ".join(names[1:])
    if coding.mode == "fused" and len(names) == 3:
        return Legend(
            _triangle(coding, size),
            "Which source the brightness came from",
            (((0.0, 1.0), names[0]), ((1.0, 1.0), names[1]), ((0.5, 0.0), names[2])),
        )
    rows = np.linspace(LEVELS - 1, 0, size).round().astype(int)
    columns = np.linspace(0, table.shape[1] - 1, size).round().astype(int)
    picture = table[rows[:, None], columns[None, :]]
    if coding.mode == "fused":
        labels = (
            ((0.0, 1.0), f"all {first}"),
            ((0.5, 1.0), "equal"),
            ((1.0, 1.0), f"all {others}"),
        )
        title = "Which source the brightness came from"
        return Legend(picture, title, labels, "brightness of the fused image")
    labels = (((0.0, 1.0), f"little {others}"), ((1.0, 1.0), f"much {others}"))
    title = f"Hue: contribution of {others}"
    return Legend(picture, title, labels, f"contribution of {first}", GRADIENT_NOTE)


def _triangle(coding: Coding, size: int) -> np.ndarray:
    y, x = np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j]
    third = 1 - y
    second = x - third / 2
    first = 1 - second - third
    parts = np.stack([first, second, third], axis=-1)
    inside = parts.min(axis=-1) >= 0
    tint = _dominance(np.clip(parts, 0, 1).reshape(-1, 3), coding.omega).reshape(size, size, 3)
    return np.round(255 * tint * inside[..., None]).astype(np.uint8)
