"""What a file format is: how its files are recognised, checked and read."""

from __future__ import annotations

import contextlib
import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...errors import MedFusionError
from ..volumes import Volume


class DamagedError(Exception):
    """What is wrong with a file, as the end of the sentence "... cannot be read: "."""


@dataclass(frozen=True)
class Header:
    """Where a volume lies, as its file says before any voxel is read.

    Attributes:
        size: voxels along i, j, k.
        spacing: mm between voxels along i, j, k.
        origin: LPS position in mm of voxel (0, 0, 0).
        direction: 3 x 3, its columns are the unit LPS vectors of i, j and k.
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: np.ndarray = field(default_factory=lambda: np.eye(3))

    @property
    def corners(self) -> np.ndarray:
        """LPS positions in mm of the eight outermost voxels, (8, 3)."""
        index = np.array(list(np.ndindex(2, 2, 2))) * (np.array(self.size) - 1)
        return index @ (self.direction * self.spacing).T + self.origin


class FileFormat(ABC):
    """One file format. A module of this package with such an object as `FORMAT` is an entry.

    Attributes:
        name: what sentences call it.
        endings: of its files, in small letters, each with its dot.

    Example:
        >>> from MedFusionLib.sources.formats import format_of
        >>> format_of(Path("head.mhd")).endings
        ('.mha', '.mhd')
    """

    name: str
    endings: tuple[str, ...]

    @abstractmethod
    def check(self, path: Path) -> None:
        """Check that the header makes sense, and that exactly the voxels are there it promises.

        It is called before `header` and `read`, which may trust what it has checked.

        Raises:
            DamagedError: with what is wrong. OSError, EOFError, zlib.error and struct.error may
                pass, too.
        """

    @abstractmethod
    def header(self, path: Path, name: str) -> Header:
        """Where the volume lies.

        Args:
            path: a file that `check` accepted.
            name: what to call it in messages.

        Raises:
            MedFusionError: it is no single scalar 3D volume, or its geometry is refused.
        """

    @abstractmethod
    def read(self, path: Path, name: str) -> Volume:
        """The volume; arguments and errors as of `header`."""


@contextlib.contextmanager
def in_a_sentence(path: Path) -> Iterator[None]:
    """Within, what is wrong with a file becomes a MedFusionError."""
    try:
        yield
    except DamagedError as problem:
        raise _unreadable(path, str(problem)) from None
    except OSError as error:
        raise _unreadable(path, error.strerror or "its compressed part is damaged") from None
    except (EOFError, zlib.error, struct.error):
        raise _unreadable(path, "its compressed part is damaged") from None


def _unreadable(path: Path, why: str) -> MedFusionError:
    from . import in_words

    return MedFusionError(f"{path} cannot be read: {why}; export it again, or give {in_words()}.")
