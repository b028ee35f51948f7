"""What a colour mode is: the base class, what it starts from and what it gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import MedFusionError

if TYPE_CHECKING:
    from .coding import Coding

LEVELS = 256
#: what a reader of gradients has to know (measured: docs/evidence/evaluation.md)
GRADIENT_NOTE = (
    "Gradients, the published contributions, are smallest where the fused image is brightest: "
    "a lesion that only one source shows can carry the colour of the other."
)


@dataclass(frozen=True, eq=False)
class Voxels:
    """What is known of each voxel; a mode takes of it what it shows.

    Attributes:
        fused: the fused volume, any shape.
        contributions: a map of that shape for each source; negative parts count as 0.
        background: bool, stays black.
        scaled: gives the sources in [0, 1], of the same shape; None where they are not at hand.
    """

    fused: np.ndarray
    contributions: Sequence[np.ndarray]
    background: np.ndarray
    scaled: Callable[[], Sequence[np.ndarray]] | None = None

    def sources(self) -> Sequence[np.ndarray]:
        """The sources in [0, 1]; for modes with `needs_sources`, whose callers make sure of them.

        Raises:
            MedFusionError: they are not at hand.
        """
        if self.scaled is None:
            raise MedFusionError("The sources themselves are not at hand; fuse again.")
        return self.scaled()


@dataclass(frozen=True, eq=False)
class Places:
    """Where each voxel stands in the table of a mode.

    Attributes:
        row: uint8, 0 in the background.
        column: uint8 or uint16.
    """

    row: np.ndarray
    column: np.ndarray


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


class ColourMode(ABC):
    """One way to colour a fusion: a table of colours, and where in it each voxel stands.

    A file in `modes/` that defines `MODE`, an instance, is an entry of the registry; panel, command
    line, cohorts, legend and probe ask the registry.

    Attributes:
        name: on the command line and in reports, such as "fused".
        title: in lists to choose from.
        summary: one plain sentence for clinicians: what the colours say.
        contributions: its default contributions; "" where any will do.
        uses: which of "omega" and "colormap" change its colours.
        needs_sources: whether it shows the sources themselves (`Voxels.scaled`).
    """

    name: str
    title: str
    summary: str
    contributions: str = ""
    uses: tuple[str, ...] = ()
    needs_sources: bool = False

    @abstractmethod
    def table(self, coding: Coding, modalities: Sequence[str]) -> np.ndarray:
        """The colours, uint8 (256 rows, columns, 3); row 0 is black.

        Args:
            coding: its omega and colour map.
            modalities: "mr", "ct", ... of each source.
        """

    @abstractmethod
    def places(self, voxels: Voxels) -> Places:
        """Where each voxel stands in the table; made once, and kept when the coding changes."""

    @abstractmethod
    def legend(self, coding: Coding, names: Sequence[str], size: int) -> Legend:
        """The legend, from the very table.

        Args:
            coding: its omega and colour map.
            names: of the sources, such as ["MR", "PET"].
            size: of the picture in pixels.
        """

    def source_colours(
        self, coding: Coding, modalities: Sequence[str]
    ) -> list[tuple[int, int, int]]:
        """A colour for each source, for bars that name them; greys where hue says other things."""
        return [(110, 110, 110), (200, 200, 200), (150, 150, 150)][: len(modalities)]

    def in_words(
        self,
        names: Sequence[str],
        levels: Sequence[float | None],
        fractions: Sequence[float] | None,
    ) -> str:
        """What the colour of one voxel says, in a sentence; "" leaves it to the contributions.

        Args:
            names: of the sources, such as ["MR", "PET"].
            levels: of each source in its window, 0 to 1; None outside of it.
            fractions: what part of the contributions each source has; None where none has any.
        """
        return ""


def slabs(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of the first axis of some 4 million voxels: a large volume needs no large copies."""
    step = max(1, (1 << 22) // max(1, int(np.prod(shape[1:]))))
    for start in range(0, shape[0], step):
        yield slice(start, start + step)


def levels(array: np.ndarray) -> np.ndarray:
    """Values in [0, 1] as uint8.

    Example:
        >>> levels(np.float32([0, 0.5, 1])).tolist()
        [0, 128, 255]
    """
    found = np.empty(array.shape, np.uint8)
    for part in slabs(array.shape):
        scaled = array[part] * np.float32(LEVELS - 1)
        scaled += np.float32(0.5)
        found[part] = scaled.astype(np.uint8)
    return found


def picture_of(table: np.ndarray, size: int) -> np.ndarray:
    """A table as a square picture: its first row at the bottom, its first column on the left."""
    rows = np.linspace(len(table) - 1, 0, size).round().astype(int)
    columns = np.linspace(0, table.shape[1] - 1, size).round().astype(int)
    return table[rows[:, None], columns[None, :]]
