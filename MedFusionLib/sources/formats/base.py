"""What a file format is: how its files are recognised, checked and read."""

from __future__ import annotations

import contextlib
import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import MedFusionError
from ..volumes import Volume, to_float32, triple

#: RAS <-> LPS
FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


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
        frames: volumes in the file; more than 1 in a time series.
        notes: sentences for the user on how the file was understood.
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: np.ndarray = field(default_factory=lambda: np.eye(3))
    frames: int = 1
    notes: tuple[str, ...] = ()

    @classmethod
    def of_affine(cls, size: tuple[int, int, int], affine: np.ndarray, **more: Any) -> Header:
        """From a 4 x 4 matrix from (i, j, k, 1) to RAS mm, as NIfTI and nibabel have it.

        Example:
            >>> Header.of_affine((2, 2, 2), np.diag([-3.0, -3.0, 3.0, 1.0])).spacing
            (3.0, 3.0, 3.0)
        """
        matrix = FLIP @ affine
        spacing = np.linalg.norm(matrix[:3, :3], axis=0)
        direction = matrix[:3, :3] / np.where(spacing > 0, spacing, 1) + 0.0  # no -0
        return cls(size, triple(spacing.tolist()), triple(matrix[:3, 3]), direction, **more)

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

    def files(self, path: Path) -> list[Path]:
        """The files that hold a volume: `path`, and what it leads to; no header need be right.

        Raises:
            OSError: the header cannot be read.
        """
        return [path]

    @abstractmethod
    def check(self, path: Path) -> None:
        """Check that the header makes sense, and that exactly the voxels are there it promises.

        It is called before the others, which may trust what it has checked.

        Raises:
            DamagedError: with what is wrong. OSError, EOFError, zlib.error and struct.error may
                pass, too.
        """

    @abstractmethod
    def header(self, path: Path, name: str, orientation: str | None = None) -> Header:
        """Where the volume lies.

        Args:
            path: a file that `check` accepted.
            name: what to call it in messages.
            orientation: "sform" or "qform", where a NIfTI file holds both and they disagree.

        Raises:
            MedFusionError: it has not one number in a voxel, or does not lie in space as a box.
        """

    @abstractmethod
    def frames(self, path: Path, name: str) -> Iterator[np.ndarray]:
        """The volumes in the file, (k, j, i), one after the other, of any type of real numbers."""

    def read(
        self,
        path: Path,
        name: str,
        frame: int | str | None = None,
        orientation: str | None = None,
    ) -> Volume:
        """The volume in a file, or one of a time series; arguments and errors as of `header`.

        Args:
            frame: the number of one of several volumes, from 0, or "mean".
        """
        header = self.header(path, name, orientation)
        check_frame(header.frames, name, frame)
        array = np.zeros(header.size[::-1], np.float32)
        notes = header.notes
        notes += frame_note(header.frames, name, frame)
        if header.frames > 1 and frame == "mean":
            whole = np.zeros(header.size[::-1])
            with np.errstate(over="ignore", invalid="ignore"):  # infinite values are refused later
                for one in self.frames(path, name):
                    whole += one
            array = to_float32(whole / header.frames, name)
        else:
            wanted = frame if header.frames > 1 else 0
            for number, one in enumerate(self.frames(path, name)):
                if number == wanted:
                    array = to_float32(one, name)
                    break
        return Volume(array, header.spacing, header.origin, header.direction, name, notes=notes)


#: which of a NIfTI file's two forms to take where they disagree
ORIENTATIONS = ("sform", "qform")


def check_choices(frame: int | str | None, orientation: str | None) -> None:
    """Check what of a file is to be read.

    Raises:
        MedFusionError: a choice that there is not.

    Example:
        >>> check_choices(0, "sform")
    """
    if not (frame in (None, "mean") or (isinstance(frame, int) and frame >= 0)):
        raise MedFusionError(
            f"There is no frame '{frame}'; give the number of a volume, from 0, or 'mean'."
        )
    if orientation not in (None, *ORIENTATIONS):
        raise MedFusionError(
            f"There is no orientation '{orientation}'; choose one of: {', '.join(ORIENTATIONS)}."
        )


def frame_of(text: str) -> int | str:
    """What a word of the command line or of a list says of the frame.

    Raises:
        MedFusionError: neither a number from 0 nor "mean".

    Example:
        >>> frame_of("3"), frame_of("mean")
        (3, 'mean')
    """
    frame = int(text) if text.isascii() and text.isdecimal() else text
    check_choices(frame, None)
    return frame


def frame_note(count: int, name: str, frame: int | str | None) -> tuple[str, ...]:
    """What to say of a volume that was chosen of several."""
    if count == 1:
        return ()
    if frame == "mean":
        return (
            f"{name} is the mean of {count} volumes of a time series, each counted alike, however "
            "long it took.",
        )
    return (f"{name} is volume {frame} of 0 to {count - 1} of a time series.",)


def check_frame(count: int, name: str, frame: int | str | None) -> None:
    """Check that there is one volume, or the chosen one.

    Raises:
        MedFusionError: it is a time series and no volume, or none that is there, is chosen.

    Example:
        >>> check_frame(9, "pet", None)
        Traceback (most recent call last):
            ...
        MedFusionLib.errors.MedFusionError: pet is a time series of 9 volumes; choose one with \
--frame N, from 0 to 8, or their mean with --frame mean.
    """
    if count == 1 or frame == "mean" or (frame in range(count)):
        return
    if frame is None:
        raise MedFusionError(
            f"{name} is a time series of {count} volumes; choose one with --frame N, from "
            f"0 to {count - 1}, or their mean with --frame mean."
        )
    raise MedFusionError(
        f"{name} has no volume {frame}; choose one with --frame N, from 0 to {count - 1}, "
        "or their mean with --frame mean."
    )


@contextlib.contextmanager
def in_a_sentence(path: Path) -> Iterator[None]:
    """Within, what is wrong with a file becomes a MedFusionError."""
    try:
        yield
    except DamagedError as problem:
        raise _unreadable(path, str(problem)) from None
    except OSError as error:
        raise _unreadable(path, error.strerror or "its compressed part is damaged") from None
    except EOFError:
        raise _unreadable(path, "it is cut off, or its compressed part is damaged") from None
    except (zlib.error, struct.error):
        raise _unreadable(path, "its compressed part is damaged") from None


def _unreadable(path: Path, why: str) -> MedFusionError:
    from . import in_words

    return MedFusionError(f"{path} cannot be read: {why}; export it again, or give {in_words()}.")
