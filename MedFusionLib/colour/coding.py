"""A colour coding: a mode with its parameters, and the colours of a volume in it.

Every mode is a table, and a volume's places in the table are kept, so another omega, colour map or
legend is one table look-up, and the legend is the table itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import MedFusionError
from ..options import check_fields, option
from .colormaps import COLORMAPS
from .mode import Legend, Places, Voxels, slabs
from .registry import DEFAULT_MODE, all_modes, get_mode, mode_names


def _modes_in_words() -> str:
    return " ".join(f"{mode.name}: {mode.summary}" for mode in all_modes())


def _colormap_in_words() -> str:
    modes = ", ".join(mode.name for mode in all_modes() if "colormap" in mode.uses)
    return f"Colour map of the colours {modes}."


@dataclass(frozen=True)
class Coding:
    """How a fusion becomes colours.

    Attributes:
        mode: a name of `registry.all_modes`.
        omega: factor on the saturation, 0 to 1.
        colormap: "jet", "turbo", "viridis" or "inferno".

    Which of omega and colour map a mode uses, it says in `ColourMode.uses`.

    Raises:
        MedFusionError: no such mode or colour map, or omega is not in [0, 1].
    """

    mode: str = option(
        DEFAULT_MODE,
        _modes_in_words,
        name="colour",
        choices=mode_names,
        label="colour mode",
    )
    omega: float = option(0.6, "Saturation of the colours, 0 to 1.", least=0, most=1)
    colormap: str = option("jet", _colormap_in_words, choices=COLORMAPS)

    def __post_init__(self) -> None:
        check_fields(self)

    def table(self, modalities: Sequence[str] = ("mr", "pet")) -> np.ndarray:
        """The colours, uint8 (256 rows, columns, 3); row 0 is black.

        Args:
            modalities: "mr", "ct", ... of each of the two or three sources.

        Example:
            >>> Coding("fused", omega=1).table()[255, [0, 128, 255]].tolist()
            [[0, 140, 255], [255, 254, 254], [255, 128, 0]]
        """
        return get_mode(self.mode).table(self, modalities)


class Coordinates:
    """Where each voxel stands in the tables; worked out once for each mode, when first asked for.

    Args:
        voxels: what the modes start from.
        modalities: "mr", "ct", ... of each source.
    """

    def __init__(self, voxels: Voxels, modalities: Sequence[str]) -> None:
        self._voxels = voxels
        self._modalities = tuple(modalities)
        self._places: dict[str, Places] = {}

    def places(self, mode: str) -> Places:
        """Where each voxel stands in the table of that mode.

        Raises:
            MedFusionError: the mode shows the sources themselves, and they are not at hand.
        """
        if mode not in self._places:
            chosen = get_mode(mode)
            if chosen.needs_sources and self._voxels.scaled is None:
                raise MedFusionError(
                    f"The colours '{mode}' show the sources themselves, which are not at hand; "
                    "fuse again."
                )
            self._places[mode] = chosen.places(self._voxels)
        return self._places[mode]

    def colours(self, coding: Coding) -> np.ndarray:
        """The colours, uint8 (..., 3)."""
        places, table = self.places(coding.mode), coding.table(self._modalities)
        columns = table.shape[1]
        colours = np.empty((*places.row.shape, 3), np.uint8)
        for part in slabs(places.row.shape):
            index = places.row[part].astype(np.int32) * columns + places.column[part]
            colours[part] = table.reshape(-1, 3).take(index, axis=0)
        return colours


def legend(coding: Coding, names: Sequence[str], size: int = 256) -> Legend:
    """The legend of a coding: the very table that colours the volume.

    Args:
        coding: the coding.
        names: of the two or three sources, such as ["MR", "PET"].
        size: of the picture in pixels.

    Example:
        >>> legend(Coding("fused"), ["MR", "PET"]).picture.shape
        (256, 256, 3)
    """
    return get_mode(coding.mode).legend(coding, names, size)
