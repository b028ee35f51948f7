"""Formats that nibabel reads: an extra of the command line, which Slicer does not bring."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import MedFusionError
from ..volumes import check_geometry, check_scalar
from .base import DamagedError, FileFormat, Header
from .streams import BLOCK, open_inflated

#: bytes of voxels for each byte of a file: no compression of real volumes is better
MOST_COMPRESSED = 2000


class NibabelFormat(FileFormat):
    """A format of nibabel.

    Attributes:
        time_first: whether the first of four axes is time, and not the last.
    """

    time_first = False

    def check(self, path: Path) -> None:
        """See `FileFormat.check`."""
        size = 0
        with open_inflated(path) as stream:  # to its end: then the checksum is right
            while block := stream.read(BLOCK):
                size += len(block)
        image = _load(path)
        if np.prod(image.shape, dtype=float) > MOST_COMPRESSED * size:
            raise DamagedError("its header promises more voxels than it can hold")
        for number in range(self._frame_count(image)):
            self._frame(image, number)

    def header(self, path: Path, name: str, orientation: str | None = None) -> Header:
        """See `FileFormat.header`."""
        image = _load(path)
        check_scalar(1, 3 if len(image.shape) == 4 else len(image.shape), name)
        if image.get_data_dtype().kind not in "iuf":
            raise MedFusionError(f"{name} has not one number in a voxel; give a scalar volume.")
        check_geometry(image.affine[:3, :3], name)
        size = image.shape[-3:] if self.time_first else image.shape[:3]
        return Header.of_affine(size, image.affine, frames=self._frame_count(image))

    def frames(self, path: Path, name: str) -> Iterator[np.ndarray]:
        """See `FileFormat.frames`."""
        image = _load(path)
        for number in range(self._frame_count(image)):
            yield self._frame(image, number).T

    def _frame_count(self, image: Any) -> int:
        if len(image.shape) != 4:
            return 1
        return int(image.shape[0 if self.time_first else 3])

    def _frame(self, image: Any, number: int) -> np.ndarray:
        where: Any = ...
        if len(image.shape) == 4:
            where = number if self.time_first else (..., number)
        try:
            return np.asanyarray(image.dataobj[where])
        except Exception:
            raise DamagedError("its voxels are damaged, or not all there") from None


def _load(path: Path) -> Any:
    """The image as nibabel has it, its voxels not yet read.

    Raises:
        DamagedError: nibabel cannot read its header.
        MedFusionError: nibabel is not installed.
    """
    try:
        import nibabel
    except ImportError:
        raise MedFusionError(
            f"{path} needs nibabel; install it with \"pip install 'medfusion[formats]'\", or "
            "convert the file to NIfTI."
        ) from None
    log = logging.getLogger("nibabel.global")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image: Any = nibabel.load(path)  # its formats differ, and its base class has no shape
            if min(image.shape, default=0) < 1 or not np.isfinite(image.affine).all():
                raise ValueError
            return image
    except Exception:  # whatever a damaged header makes of its reader
        raise DamagedError("its header is damaged") from None
    finally:
        log.setLevel(before)
