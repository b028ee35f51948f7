"""What is judged: displays, functions of two sources that give the picture that is shown.

A display takes both sources, float (crops, rows, columns) in [0, 1] and 0 in the background, and
gives the 8-bit sRGB picture, uint8 (crops, rows, columns, 3). Any function that does is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ...colour.coding import Coding, Coordinates
from ...colour.mode import Voxels
from ...colour.registry import contributions_for
from ...errors import MedFusionError
from ...methods.base import FusionMethod
from ...sources.modalities import modalities_of
from .tables import colour_table
from .tasks import Trials

Display = Callable[[np.ndarray, np.ndarray], np.ndarray]


def show(display: Display, trials: Trials) -> np.ndarray:
    """The pictures of all trials.

    Raises:
        MedFusionError: what the display gives is no 8-bit sRGB picture of the sources' size.
    """
    pictures = np.asarray(display(trials.first, trials.second))
    expected = (*trials.first.shape, 3)
    if pictures.dtype != np.uint8 or pictures.shape != expected:
        raise MedFusionError(
            f"A display gave {pictures.dtype} {pictures.shape}; expected uint8 {expected}: "
            "8-bit sRGB."
        )
    return pictures


def as_grey(fused: np.ndarray) -> np.ndarray:
    """Values in [0, 1] as a grey 8-bit sRGB picture."""
    levels = (np.clip(fused, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=-1)


def first_source(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The first source alone, in grey."""
    return as_grey(first)


def second_source(table: str = "hot") -> Display:
    """The second source alone, in a colour table."""
    colours = colour_table(table)
    return lambda first, second: colours[(np.clip(second, 0, 1) * 255 + 0.5).astype(np.uint8)]


def blending(table: str = "hot", opacity: float = 0.5) -> Display:
    """What Slicer's slice views show: the second source in a colour table over the grey first.

    Args:
        table: of the foreground.
        opacity: of the foreground, 0 to 1.

    Example:
        >>> white = np.ones((1, 2, 2))
        >>> blending("gray", 0.5)(white, 0 * white)[0, 0, 0].tolist()
        [128, 128, 128]
    """
    colours = colour_table(table)

    def display(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        pictures = np.empty((*first.shape, 3), np.uint8)
        for part in _parts(len(first)):
            over = colours[(np.clip(second[part], 0, 1) * 255 + 0.5).astype(np.uint8)]
            under = (255 * (1 - opacity) * np.clip(first[part], 0, 1))[..., None]
            pictures[part] = under + np.float32(opacity) * over + np.float32(0.5)
        return pictures

    return display


def method_in_grey(name: str, pair: str, headroom: bool = False) -> Display:
    """The fused image of a method, in grey.

    Args:
        name: of the method.
        pair: whose weights it takes.
        headroom: whether a bright MR is lowered before, see `inference.headroom`, by one factor for
            all crops. `fuse` does so by default before methods that say so, with PET and SPECT.

    Raises:
        MedFusionError: no such method, or it has no weights for the pair.
    """
    from ...inference.headroom import headroom_factor, with_headroom
    from ...methods.weights import load_method

    module = load_method(name, pair)

    def display(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        factor = headroom_factor(first, second) if headroom else 1.0
        return fused_in_grey(with_headroom(module, factor), first, second)

    return display


def fused_in_grey(module: FusionMethod, *sources: np.ndarray) -> np.ndarray:
    """The fused image of a loaded method, in grey, 0 where all sources are."""
    from ...inference.slices import run_slices

    fused = run_slices(module, list(sources), bounded=True).fused
    return as_grey(np.where(np.max(sources, axis=0) == 0, 0, fused))


def method_in_colour(name: str, pair: str, coding: Coding, kind: str | None = None) -> Display:
    """The colour volume of a method, as `fuse` gives it.

    Args:
        name: of the method.
        pair: whose weights it takes.
        coding: of the colours.
        kind: "gradient", "share" or "parts"; default: what suits the colour mode.
    """
    from ...inference.slices import run_slices
    from ...methods.weights import load_method

    module = load_method(name, pair)
    kind = kind or contributions_for(coding.mode)

    def display(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        result = run_slices(module, [first, second], contributions=kind, bounded=True)
        sources, modalities = (first, second), modalities_of(pair)
        return coloured(result.fused, result.contributions, sources, coding, modalities)

    return display


def sources_in_colour(pair: str, coding: Coding) -> Display:
    """A colour mode that shows the sources themselves, without any method: quick.

    Args:
        pair: such as "pet-mr".
        coding: of a mode that uses neither the fused image nor the contributions.
    """
    modalities = modalities_of(pair)
    return lambda *sources: coloured(sources[0], sources, sources, coding, modalities)


def coloured(
    fused: np.ndarray,
    contributions: Sequence[np.ndarray],
    sources: Sequence[np.ndarray],
    coding: Coding,
    modalities: Sequence[str],
) -> np.ndarray:
    """The colours of a coding, black where all sources are 0."""
    background = np.max(sources, axis=0) == 0
    voxels = Voxels(fused, contributions, background, lambda: sources)
    return Coordinates(voxels, modalities).colours(coding)


def _parts(count: int, size: int = 64) -> Iterator[slice]:
    """Slices of some crops: what fits a cache is quicker."""
    for start in range(0, count, size):
        yield slice(start, start + size)
