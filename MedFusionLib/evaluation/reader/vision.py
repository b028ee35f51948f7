"""How an 8-bit sRGB picture looks: a uniform colour space, and deficiencies of colour vision."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, reduce
from typing import Any

import numpy as np

from ...errors import MedFusionError

SPACES = ("CIELAB", "CAM02-UCS", "CAM16-UCS")
#: name -> what Machado et al. call it; all of full severity
DEFICIENCIES = {
    "normal": "",
    "deutan": "Deuteranomaly",
    "protan": "Protanomaly",
    "tritan": "Tritanomaly",
}


class Appearance:
    """Lightness and the two opponent colours of 8-bit sRGB, by table look-up.

    The colour science is that of the package colour-science: sRGB (IEC 61966-2-1) to CIELAB
    (D65) or to the uniform spaces of CIECAM02 and CAM16 under the viewing conditions of sRGB;
    deficiencies after Machado, Oliveira, Fernandes, IEEE TVCG 15, 2009, 10.1109/TVCG.2009.113, of
    full severity, in linear light. A colour is converted when first met and then remembered.

    Args:
        space: one of `SPACES`.
        vision: one of `DEFICIENCIES`.

    Raises:
        MedFusionError: no such space or vision, or colour-science is missing.

    Example:
        >>> grey = np.full((1, 1, 3), 128, np.uint8)
        >>> [round(float(value), 1) for value in Appearance("CIELAB")(grey)[0, 0]]
        [53.6, 0.0, 0.0]
    """

    def __init__(self, space: str = "CIELAB", vision: str = "normal") -> None:
        for name, word, choices in (
            ("colour space", space, SPACES),
            ("colour vision", vision, DEFICIENCIES),
        ):
            if word not in choices:
                raise MedFusionError(
                    f"There is no {name} '{word}'; choose one of: {', '.join(choices)}."
                )
        self.space, self.vision = space, vision

    @cached_property
    def _known(self) -> np.ndarray:
        return np.zeros(1 << 24, bool)

    @cached_property
    def _table(self) -> np.ndarray:
        return np.empty((1 << 24, 3), np.float32)  # takes memory only where it is written

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """uint8 (..., 3) to float32 (..., 3): lightness, red against green, yellow against blue."""
        codes = _SPREAD[2].take(pictures[..., 2])
        for channel in (0, 1):
            codes |= _SPREAD[channel].take(pictures[..., channel])
        met = np.zeros(1 << 24, bool)
        met[codes.ravel()] = True
        new = np.flatnonzero(met & ~self._known)
        if len(new):
            self._table[new] = self._convert(_colours(new) / 255)
            self._known[new] = True
        return self._table.take(codes, axis=0)

    def _convert(self, srgb: np.ndarray) -> np.ndarray:
        colour = _colour_science()
        linear = colour.models.eotf_sRGB(srgb)
        if name := DEFICIENCIES[self.vision]:
            matrix = np.asarray(colour.CVD_MATRICES_MACHADO2010[name][1.0])
            linear = np.clip(linear @ matrix.T, 0, 1)
        space = colour.RGB_COLOURSPACES["sRGB"]
        xyz = linear @ space.matrix_RGB_to_XYZ.T
        if self.space == "CIELAB":
            return colour.XYZ_to_Lab(xyz, space.whitepoint)
        convert: dict[str, Callable[..., np.ndarray]] = {
            "CAM02-UCS": colour.XYZ_to_CAM02UCS,
            "CAM16-UCS": colour.XYZ_to_CAM16UCS,
        }
        return convert[self.space](xyz)


def _spread(level: np.ndarray) -> np.ndarray:
    """The 8 bits of a level, two places between each."""
    return reduce(np.bitwise_or, [(level >> bit & 1) << 3 * bit for bit in range(8)])


#: Places of the levels of each channel in the table, to be combined by "or". The bits of the three
#: channels alternate, so colours that look alike lie close together: few pages of memory.
_SPREAD = [(_spread(np.arange(256)) << 2 - channel).astype(np.int32) for channel in range(3)]


def _colours(codes: np.ndarray) -> np.ndarray:
    """The levels (n, 3) at places in the table."""
    channels = [sum((codes >> 3 * bit + 2 - c & 1) << bit for bit in range(8)) for c in range(3)]
    return np.stack(channels, axis=-1)


def _colour_science() -> Any:
    try:
        with np.printoptions():  # the package changes them for the whole process
            import colour
    except ImportError:
        raise MedFusionError(
            "The model observer needs the package colour-science; install it with: "
            "pip install medfusion[evaluate]"
        ) from None
    return colour
