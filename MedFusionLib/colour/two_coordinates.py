"""Tables of two coordinates: lightness from both sources, chroma and hue from the second.

Each coordinate is a monotone curve, so more of a source is never less of its coordinate. Colours
are made in OKLab and kept within what sRGB can show, so nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .mode import LEVELS
from .oklab import grey_lightness, largest_chroma, to_srgb

#: up to this value of the sources colours fade to black
DARK = 0.12
#: how sharply chroma bends where sRGB ends
BEND = 4.0


def curve(steps: Sequence[float], at: np.ndarray) -> np.ndarray:
    """A rising curve from (0, 0) to (1, 1) in straight pieces of equal width.

    Args:
        steps: how much it rises in each piece, in proportion.
        at: values in [0, 1].

    Example:
        >>> curve([1, 3], np.array([0.0, 0.5, 1.0])).tolist()
        [0.0, 0.25, 1.0]
    """
    heights = np.concatenate([[0.0], np.cumsum(steps) / np.sum(steps)])
    return np.interp(at, np.linspace(0, 1, len(heights)), heights)


def coordinates(parameters: Mapping[str, Any], size: int = LEVELS) -> tuple[np.ndarray, np.ndarray]:
    """Lightness and signed chroma of `colour_table`, (size, size) each.

    Chroma is below 0 towards the hue of little of the second source, above 0 towards that of much.
    """
    level = np.linspace(0, 1, size)
    first, second, lift = parameters["weights"]
    grey = (
        first * curve(parameters["first"], level)[:, None]
        + second * curve(parameters["second"], level)
        + lift * (1 - np.exp(-(level[:, None] + level) / DARK))
    )
    lightness = grey_lightness(grey)
    colour = parameters["chroma"] * (curve(parameters["colour"], level) - parameters["grey"])
    known, chroma = np.linspace(0, 1, 257), np.zeros((size, size))
    for sign, hue in zip((-1, 1), parameters["hues"], strict=True):
        limit = np.interp(lightness, known, largest_chroma(known, hue))
        # with more of the second source the limit never gives less of its colour
        limit = np.minimum.accumulate(limit[:, ::-sign], axis=1)[:, ::-sign]
        chroma += sign * within(np.broadcast_to(np.maximum(sign * colour, 0), limit.shape), limit)
    return lightness, chroma


def colour_table(parameters: Mapping[str, Any], size: int = LEVELS) -> np.ndarray:
    """The table, float sRGB in [0, 1], (size of the first source, size of the second, 3).

    Args:
        parameters: "first" and "second": steps of the curves of lightness; "weights": how much of
            the grey scale either covers, and how much brighter all is that is not black;
            "colour": steps of the curve from the hue of little through grey to that of much;
            "grey": the value of that curve at which the colour is grey; "chroma": of the whole
            curve; "hues": of little and of much, in degrees.
        size: levels of each source.
    """
    lightness, chroma = coordinates(parameters, size)
    hue = np.where(chroma < 0, *parameters["hues"])
    return to_srgb(lightness, np.abs(chroma), hue)


def within(wanted: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Chroma that rises as wanted and comes near the limit without reaching it."""
    safe = np.where(limit > 0, limit, 1)
    ratio = np.where(limit > 0, wanted / safe, 0)
    return np.where(limit > 0, wanted / (1 + ratio**BEND) ** (1 / BEND), 0)


#: levels of the second and of the third source in a table of three
FEW = 32


def table_of_three(parameters: Mapping[str, Any]) -> np.ndarray:
    """The table of three sources, float sRGB (256 of the first, 32 x 32 of the others, 3).

    Lightness as in `colour_table`. No uptake is grey; each of the other two draws the colour
    towards its own hue, both together towards the hue between.

    Args:
        parameters: "first", "second" and "third": steps of the curves of lightness; "weights": of
            each; "chroma": its largest value; "hues": of the second and the third.
    """
    level, few = np.linspace(0, 1, LEVELS), np.linspace(0, 1, FEW)
    first, *others = parameters["weights"]
    curves = [curve(parameters[name], few) for name in ("second", "third")]
    added = others[0] * curves[0][:, None] + others[1] * curves[1]
    grey = first * curve(parameters["first"], level)[:, None] + added.ravel()
    lightness = grey_lightness(grey)
    angles = np.deg2rad(parameters["hues"])
    across, up = (
        curves[0][:, None] * np.array([np.cos(angles[0]), np.sin(angles[0])])[:, None, None]
        + curves[1] * np.array([np.cos(angles[1]), np.sin(angles[1])])[:, None, None]
    ).reshape(2, -1)
    wanted, hues = parameters["chroma"] * np.hypot(across, up), np.rad2deg(np.arctan2(up, across))
    known = np.linspace(0, 1, 65)
    table = np.empty((LEVELS, FEW * FEW, 3))
    for column, hue in enumerate(hues):
        limit = np.interp(lightness[:, column], known, largest_chroma(known, hue))
        chroma = within(np.full(LEVELS, wanted[column]), limit)
        table[:, column] = to_srgb(lightness[:, column], chroma, np.array(hue))
    return table
