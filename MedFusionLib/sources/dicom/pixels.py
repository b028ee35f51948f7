"""The values of slices: stored as they are here, decompressed by ITK, each scaled by its header."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import MedFusionError
from ..formats.itk import alone
from .files import DEFLATED, PIXELS, Instance
from .frames import Slice

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

RUN_LENGTHS = "1.2.840.10008.1.2.5"  # a transfer syntax
#: transfer syntaxes whose values are stored as they are, little-endian
PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", DEFLATED)


def read_values(slices: Sequence[Slice], instances: Sequence[Instance], where: Path) -> np.ndarray:
    """The values of slices, float32 (slices, rows, columns).

    Args:
        slices: in the order that is wanted.
        instances: the files that they are in.
        where: what sentences name.

    Raises:
        MedFusionError: the pixels cannot be read.
    """
    by_file = {instance.file: instance for instance in instances}
    array = np.empty((len(slices), *slices[0].size), np.float32)
    stored, last = np.empty(0), None
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold is refused as infinite
            for number, one in sorted(enumerate(slices), key=lambda item: str(item[1].file)):
                if one.file != last:
                    stored, last = _stored(by_file[one.file]), one.file
                slope, intercept = one.scale
                array[number] = stored[one.frame] * slope + intercept
    except MemoryError:
        raise
    except Exception:  # whatever damaged pixels make of their readers
        raise MedFusionError(
            f"The pixels of the DICOM slices in {where} cannot be read; export them again."
        ) from None
    return array


def _stored(instance: Instance) -> np.ndarray:
    """The stored values of a file, float64 (frames, rows, columns), or what scales to them."""
    header = instance.header
    shape = instance.frames, int(header.Rows), int(header.Columns)
    syntax = header.file_meta.TransferSyntaxUID
    if syntax == RUN_LENGTHS:  # of which ITK refuses the shortest
        import pydicom

        return (
            pydicom.dcmread(instance.file, force=True).pixel_array.reshape(shape).astype(np.float64)
        )
    if syntax not in PLAIN:
        return _decompressed(instance).reshape(shape).astype(np.float64)
    size = PIXELS[instance.pixels]
    kind = f"<f{size}" if size else _integers(header)
    if instance.offset is None:
        import pydicom

        data = pydicom.dcmread(instance.file, force=True)[instance.pixels].value
        values = np.frombuffer(data, kind, count=int(np.prod(shape)))
    else:
        values = np.fromfile(instance.file, kind, count=int(np.prod(shape)), offset=instance.offset)
    return (values if size else _without_unused(values, header)).reshape(shape).astype(np.float64)


def _integers(header: Dataset) -> str:
    sign = "i" if int(header.get("PixelRepresentation", 0)) else "u"
    return f"<{sign}{int(header.BitsAllocated) // 8}"


def _without_unused(values: np.ndarray, header: Dataset) -> np.ndarray:
    """Integers without the bits above and below the stored ones, where old files keep overlays."""
    allocated = int(header.BitsAllocated)
    stored = int(header.get("BitsStored") or allocated)
    high = int(header.get("HighBit", stored - 1))
    if not 0 < stored <= high + 1 <= allocated:
        raise ValueError("no such bits")
    if stored == allocated:
        return values
    # up to the top and down again: a signed type brings its sign along
    return (values << (allocated - 1 - high)) >> (allocated - stored)


def _decompressed(instance: Instance) -> np.ndarray:
    """The stored values of a file that is compressed or big-endian, by ITK."""
    import pydicom
    import SimpleITK as sitk

    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "stored.dcm")
        whole = pydicom.dcmread(instance.file, force=True)
        for keyword in (
            "RescaleSlope",
            "RescaleIntercept",
            "PerFrameFunctionalGroupsSequence",
            "SharedFunctionalGroupsSequence",
        ):
            if keyword in whole:
                del whole[keyword]  # ITK would scale all frames as the first
        whole.save_as(bare)
        with alone():
            return sitk.GetArrayFromImage(
                sitk.ReadImage(str(bare), sitk.sitkFloat64, "GDCMImageIO")
            )
