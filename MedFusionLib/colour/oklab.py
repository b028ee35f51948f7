"""OKLab, a uniform colour space (Ottosson 2020, https://bottosson.github.io/posts/oklab/).

L runs from 0 (black) to 1 (white); chroma is the distance from grey, hue an angle in degrees.
"""

from __future__ import annotations

import numpy as np

_TO_ROOTS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_TO_LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def to_srgb(lightness: np.ndarray, chroma: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """The sRGB colour, (..., 3): in [0, 1] where a screen can show it.

    Example:
        >>> to_srgb(np.array(1.0), np.array(0.0), np.array(0.0)).round(3).tolist()
        [1.0, 1.0, 1.0]
    """
    angle = np.deg2rad(hue)
    opponents = lightness, chroma * np.cos(angle), chroma * np.sin(angle)
    lab = np.stack(np.broadcast_arrays(*opponents), axis=-1)
    return _encoded((lab @ _TO_ROOTS.T) ** 3 @ _TO_LINEAR.T)


def grey_lightness(level: np.ndarray) -> np.ndarray:
    """The lightness of a grey of that sRGB level in [0, 1]."""
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear)


def largest_chroma(lightness: np.ndarray, hue: float) -> np.ndarray:
    """How much chroma sRGB holds at each lightness, found by bisection.

    Example:
        >>> largest_chroma(np.array([0.0, 0.6, 1.0]), 52.0).round(2).tolist()
        [0.0, 0.15, 0.0]
    """
    lower, upper = np.zeros(np.shape(lightness)), np.full(np.shape(lightness), 0.5)
    for _ in range(16):
        middle = (lower + upper) / 2
        colour = to_srgb(lightness, middle, np.asarray(hue))
        inside = ((colour >= -1e-6) & (colour <= 1 + 1e-6)).all(axis=-1)
        lower, upper = np.where(inside, middle, lower), np.where(inside, upper, middle)
    return np.where(np.asarray(lightness) > 0, lower, 0)


def _encoded(linear: np.ndarray) -> np.ndarray:
    above = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, above)
