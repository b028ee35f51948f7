"""Two model observers: how well they tell two sets of pictures apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import numpy as np
from scipy import fft

from .sites import SIDE
from .vision import Appearance

#: standard deviations of the channels in pixels, fine to coarse, and of a channel's ring to its
#: middle (Abbey and Barrett 2001)
SIGMAS, RATIO = (1.0, 2.0, 4.0, 8.0), 1.66
#: just noticed differences of lightness and of the opponent colours in those channels
NOTICED = ((1.5, 1.0, 1.0, 1.2), (4.0, 2.0, 1.3, 1.2))
#: pixels a degree of the visual field that they hold for
PIXELS_PER_DEGREE = 45.0
#: variance of the internal noise, in just noticed differences squared
INTERNAL_NOISE = 2.0

#: the eye filter of Burgess 1994, f^1.3 exp(-c f^2) with its peak at 4 cycles a degree
EYE_POWER, EYE_PEAK = 1.3, 4.0
#: weights and spreads (degrees) of S-CIELAB's filters of the opponent colours (Zhang, Wandell 1996)
CHROMA_FILTERS = (
    ((0.531, 0.0392), (0.330, 0.494)),
    ((0.488, 0.0536), (0.371, 0.386)),
)
#: standard deviation in degrees of the surroundings that a colour is compared with: the ring of the
#: coarsest channel. Without it the observer takes the colour of the tissue for the lesion's.
SURROUNDINGS = RATIO * SIGMAS[-1] / PIXELS_PER_DEGREE


class Observer(Protocol):
    """What tells sets of pictures apart.

    `features` turns views as `appearance` shows them, each (crops, rows, columns, 3), into (crops,
    features); several views are several pictures side by side. `detectability` gives d' for each
    row of weights.
    """

    @property
    def appearance(self) -> Appearance: ...

    def features(self, views: Sequence[np.ndarray], kind: str) -> np.ndarray: ...

    def detectability(
        self, without: np.ndarray, with_: np.ndarray, weights: tuple[np.ndarray, np.ndarray]
    ) -> np.ndarray: ...


@dataclass(frozen=True)
class Hotelling:
    """Channelised Hotelling observer in colour, with internal noise.

    Four difference-of-Gaussian channels on lightness and both opponent colours, in units of what
    is just noticed. d'^2 = m' (K + noise)^-1 m with m the mean difference and K the mean of both
    covariances (Myers, Barrett, JOSA A 4, 1987; channels: Abbey, Barrett, JOSA A 18, 2001). For
    tissues the channels are the middles of these alone: it is the colour itself that tells.

    Attributes:
        appearance: colour space and colour vision.
        noise: variance of the internal noise in each channel.
        pixels_per_degree: how large a pixel looks.
    """

    appearance: Appearance = field(default_factory=Appearance)
    noise: float = INTERNAL_NOISE
    pixels_per_degree: float = PIXELS_PER_DEGREE

    def features(self, views: Sequence[np.ndarray], kind: str = "lesion") -> np.ndarray:
        """Channel outputs, (crops, 12 for each view)."""
        return _channel_outputs(views, kind, self.pixels_per_degree)

    def detectability(
        self, without: np.ndarray, with_: np.ndarray, weights: tuple[np.ndarray, np.ndarray]
    ) -> np.ndarray:
        """d' of two sets of features.

        Args:
            without: (crops, features).
            with_: likewise.
            weights: of the crops of each, (draws, crops).

        Returns:
            d', (draws,).
        """
        means, covariances = zip(*map(_moments, (without, with_), weights), strict=True)
        difference = means[1] - means[0]
        total = np.add(*covariances) / 2 + self.noise * np.eye(difference.shape[1])
        solved = np.linalg.solve(total, difference[..., None])[..., 0]
        return np.sqrt(np.maximum((difference * solved).sum(axis=1), 0))


@dataclass(frozen=True)
class NonPrewhitening:
    """Non-prewhitening observer with an eye filter, in colour.

    It looks for the mean difference itself, seen through the eye: Burgess' filter for lightness
    (JOSA A 11, 1994), S-CIELAB's for the opponent colours (Zhang, Wandell 1996), less their mean
    around the lesion. It cannot use what it knows of the background. d' = w'm / sqrt(w'Kw + noise)
    with w = m; the internal noise is that of one just noticed difference of the whole lesion. For
    tissues it takes the same channels as the other observer.

    Attributes:
        appearance: colour space and colour vision.
        noise: variance of the internal noise.
        pixels_per_degree: how large a pixel looks.
    """

    appearance: Appearance = field(default_factory=Appearance)
    noise: float = INTERNAL_NOISE
    pixels_per_degree: float = PIXELS_PER_DEGREE

    def features(self, views: Sequence[np.ndarray], kind: str = "lesion") -> np.ndarray:
        """What the eye sees, (crops, pixels times 3 for each view)."""
        if kind == "tissue":
            return _channel_outputs(views, kind, self.pixels_per_degree)
        filters = eye_filters(self.pixels_per_degree)
        seen = []
        for view in views:
            planes = view.transpose(0, 3, 1, 2)
            filtered = fft.irfft2(fft.rfft2(planes) * filters, s=planes.shape[2:])
            seen.append(filtered.reshape(len(view), -1))
        return np.concatenate(seen, axis=1)

    def detectability(
        self, without: np.ndarray, with_: np.ndarray, weights: tuple[np.ndarray, np.ndarray]
    ) -> np.ndarray:
        """d', see `Hotelling.detectability`; the template is that of all crops in every draw."""
        template = (with_.mean(axis=0) - without.mean(axis=0)).astype(float)
        energy = float(template @ template)
        peak = float(np.abs(template).max())
        if energy <= 0:
            return np.zeros(len(weights[0]))
        scaled = (template / energy * peak).astype(with_.dtype)
        answers = [(part @ scaled)[:, None] for part in (without, with_)]
        means, variances = zip(*map(_moments, answers, weights), strict=True)
        spread = np.add(*variances)[:, 0, 0] / 2 + self.noise
        return np.maximum(means[1] - means[0], 0)[:, 0] / np.sqrt(spread)


def _moments(outputs: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (draws, features) and covariance (draws, features, features) for each row of weights."""
    outputs = outputs.astype(float)
    centre = outputs.mean(axis=0)
    outputs = outputs - centre
    share = weights / weights.sum(axis=1, keepdims=True)
    mean = share @ outputs
    size = outputs.shape[1]
    products = (outputs[:, :, None] * outputs[:, None, :]).reshape(len(outputs), -1)
    second = (share @ products).reshape(-1, size, size)
    covariance = second - mean[:, :, None] * mean[:, None, :]
    # from a sample: n - 1 in the denominator
    count = weights.sum(axis=1)[:, None, None]
    return mean + centre, covariance * count / np.maximum(count - 1, 1)


def _channel_outputs(
    views: Sequence[np.ndarray], kind: str, pixels_per_degree: float
) -> np.ndarray:
    templates = channel_templates(kind == "tissue")
    noticed = _noticed(pixels_per_degree)
    outputs = []
    for view in views:
        flat = view.reshape(len(view), -1, 3)
        outputs.append((templates @ flat / noticed).reshape(len(view), -1))
    return np.concatenate(outputs, axis=1)


@lru_cache
def channel_templates(whole: bool) -> np.ndarray:
    """The channels, float32 (channels, pixels); each answers 1 to a matched blob of height 1.

    Args:
        whole: Gaussians instead of differences of Gaussians; they answer 1 to a picture of 1.

    Example:
        >>> channel_templates(False).shape, float(channel_templates(True)[0].sum().round(3))
        ((4, 6400), 1.0)
    """
    at = np.arange(SIDE) - SIDE // 2
    squared = at[:, None] ** 2 + at**2
    found = []
    for sigma in SIGMAS:
        middle = np.exp(-squared / (2 * sigma**2))
        if whole:
            found.append(middle / middle.sum())
            continue
        ring = np.exp(-squared / (2 * (RATIO * sigma) ** 2))
        channel = middle / middle.sum() - ring / ring.sum()
        found.append(channel / (channel * middle).sum())
    return np.stack(found).reshape(len(SIGMAS), -1).astype(np.float32)


def _noticed(pixels_per_degree: float) -> np.ndarray:
    """Just noticed differences (channels, 3): smaller pixels are seen as a finer channel."""
    seen_as = np.log(np.array(SIGMAS) * PIXELS_PER_DEGREE / pixels_per_degree)
    lightness, chroma = (
        np.exp(np.interp(seen_as, np.log(SIGMAS), np.log(values))) for values in NOTICED
    )
    return np.stack([lightness, chroma, chroma], axis=1).astype(np.float32)


@lru_cache
def eye_filters(pixels_per_degree: float) -> np.ndarray:
    """How the eye answers to spatial frequencies: lightness, red-green, yellow-blue.

    Args:
        pixels_per_degree: of visual angle.

    Returns:
        Frequency responses as of `rfft2`, in just noticed differences, float32 (3, 80, 41).

    Example:
        >>> eye_filters(PIXELS_PER_DEGREE).shape
        (3, 80, 41)
    """
    down, across = np.fft.fftfreq(SIDE), np.fft.rfftfreq(SIDE)
    frequency = pixels_per_degree * np.hypot(down[:, None], across)  # cycles a degree
    falloff = EYE_POWER / (2 * EYE_PEAK**2)
    top = EYE_PEAK**EYE_POWER * np.exp(-falloff * EYE_PEAK**2)
    filters = [frequency**EYE_POWER * np.exp(-falloff * frequency**2) / top]
    local = 1 - np.exp(-2 * (np.pi * SURROUNDINGS * frequency) ** 2)
    for parts in CHROMA_FILTERS:
        total = sum(weight for weight, _ in parts)
        seen = sum(w / total * np.exp(-((np.pi * spread * frequency) ** 2)) for w, spread in parts)
        filters.append(seen * local)
    coarse = np.array([min(values) for values in (NOTICED[0], NOTICED[1], NOTICED[1])])
    return (np.stack(filters) / coarse[:, None, None]).astype(np.float32)
