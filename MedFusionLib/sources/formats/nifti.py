"""NIfTI-1, as one file."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np

from .base import DamagedError
from .itk import ItkFormat
from .streams import (
    LARGEST,
    MOST_DIMENSIONS,
    bytes_left,
    check_bytes,
    check_finite,
    is_sensible,
    readable_bytes,
)

#: NIfTI data type -> bits of a voxel
BITS = {
    2: 8, 4: 16, 8: 32, 16: 32, 32: 64, 64: 64, 128: 24, 256: 8, 512: 16, 768: 32, 1024: 64,
    1280: 64, 1792: 128, 2304: 32,
}  # fmt: skip


FLOATS = {16: "f4", 64: "f8"}


class Nifti(ItkFormat):
    name = "NIfTI"
    endings = (".nii", ".nii.gz")
    io = "NiftiImageIO"

    def check(self, path: Path) -> None:
        _check(path)


FORMAT = Nifti()


def _check(path: Path) -> None:
    packed = path.name.lower().endswith(".gz")
    with gzip.open(path) if packed else path.open("rb") as stream:
        header = stream.read(348)
        if len(header) < 348:
            raise DamagedError("it is no NIfTI file, or cut off within its header")
        order = next((o for o in "<>" if struct.unpack_from(o + "i", header)[0] == 348), None)
        if order is None or header[344:347] != b"n+1":
            raise DamagedError("it is no NIfTI-1 file (one file with the ending .nii or .nii.gz)")

        def at(place: int, letters: str) -> tuple[float, ...]:
            return struct.unpack_from(order + letters, header, place)

        dimension, *sizes = at(40, "8h")
        kind, bits = at(70, "2h")
        if not 1 <= dimension <= MOST_DIMENSIONS or min(sizes[:dimension]) < 1:
            raise DamagedError("its dimensions are not 1 to 7 numbers above 0")
        if BITS.get(kind) != bits:
            raise DamagedError("its voxel type is not known")
        steps = at(80, "7f")[: min(dimension, 3)]
        if not all(0 < abs(step) < LARGEST for step in steps):
            raise DamagedError("its voxel size is not a number above 0")
        (start,) = at(108, "f")
        if not (352 <= start < 2**31 and start == int(start)):
            raise DamagedError("its voxels have no place in the file")
        quaternion, affine = at(252, "2h")
        used = (at(256, "6f") if quaternion > 0 else ()) + (at(280, "12f") if affine > 0 else ())
        if not all(map(is_sensible, (*used, at(76, "f")[0]))):
            raise DamagedError("its place in space is not finite, or too large")
        if quaternion > 0 and sum(part**2 for part in at(256, "3f")) > 1.01:
            raise DamagedError("its quaternion turns by no angle")
        wanted = int(start) - 348 + math.prod(sizes[:dimension]) * (bits // 8)
        check_bytes(readable_bytes(stream, wanted) if packed else bytes_left(stream), wanted)
        if kind in FLOATS:  # ITK's reader makes NaN and infinity 0 without a word
            stream.seek(int(start))
            check_finite(stream, np.dtype(order + FLOATS[kind]))
