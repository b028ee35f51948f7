"""One DICOM file: whether it is one, and its header, read with care.

The header is read with pydicom. Pixels are not read with it, but found: where they begin, and that
all of them are there.
"""

from __future__ import annotations

import contextlib
import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import MedFusionError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: keyword of an element with pixels -> bytes of a value, 0 where BitsAllocated says it
PIXELS = {"PixelData": 0, "FloatPixelData": 4, "DoubleFloatPixelData": 8}
DIRECTORY = "1.2.840.10008.1.3.10"  # class of a DICOMDIR
DEFLATED = "1.2.840.10008.1.2.1.99"
LEFT_OUT = 2**17  # bytes: larger elements are read when they are asked for
#: what the first element of a file without preamble may be: group 2, or the first ones of group 8
_FIRST = {2: (0, 1, 2, 0x10), 8: (0, 1, 5, 8, 0x12, 0x16)}


@dataclass(frozen=True)
class Instance:
    """A DICOM file that was read but for its pixels.

    Attributes:
        file: its path.
        header: without the pixels.
        pixels: keyword of the element that holds them; "" where there are none.
        offset: of the first byte of pixels in the file; None where it is not known.
        length: bytes of pixels; None where they are compressed.
        kind: UID of what kind of object it is; "" where it was cut off before it says so.
        series: UID of its series.
        frames: how many pictures it holds.
    """

    file: Path
    header: Dataset
    pixels: str
    offset: int | None
    length: int | None
    kind: str
    series: str
    frames: int


def is_dicom(path: Path) -> bool:
    """Whether it is a plain file that begins as DICOM files do, with a preamble or without."""
    if not path.is_file():  # a pipe would be waited for
        return False
    with path.open("rb") as stream:
        start = stream.read(132)
    if start[128:] == b"DICM":
        return True
    if len(start) < 132:
        return False
    group, element, letters = struct.unpack_from("<HH2s", start)
    if element not in _FIRST.get(group, ()):
        return False
    explicit = letters in (b"UL", b"UI", b"CS", b"OB", b"SH", b"DA")
    (length,) = struct.unpack_from("<I", start, 4)
    return explicit or (length % 2 == 0 and length <= 64)


def read_instance(file: Path) -> Instance:
    """The header of a DICOM file, and where its pixels are.

    Raises:
        MedFusionError: pydicom is missing, or the file is damaged.
    """
    try:
        import pydicom
        from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
    except ImportError:
        raise MedFusionError(
            "DICOM slices need pydicom; install it with 'pip install pydicom'."
        ) from None
    with reading(file):
        with file.open("rb") as stream:
            bare = stream.read(132)[128:] != b"DICM"
        header = pydicom.dcmread(file, force=bare, defer_size=LEFT_OUT)
        if "TransferSyntaxUID" not in header.file_meta:
            implicit = header.original_encoding[0]
            syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
            header.file_meta.TransferSyntaxUID = syntax
        known = header.get("SOPClassUID") or header.get("SeriesInstanceUID")
        if not known and header.file_meta.get("MediaStorageSOPClassUID") != DIRECTORY:
            raise broken(file, "is damaged, and may be a slice; export it again")
        keyword = next((name for name in PIXELS if name in header), "")
        place = _place_of(file, header, keyword) if keyword else (None, None)
        if keyword:
            del header[keyword]
        kind = str(header.file_meta.get("MediaStorageSOPClassUID", ""))
        series, frames = str(header.get("SeriesInstanceUID")), header.get("NumberOfFrames") or 1
        return Instance(file, header, keyword, *place, kind, series, int(frames))


def _place_of(file: Path, header: Dataset, keyword: str) -> tuple[int | None, int | None]:
    """Offset and length of the pixels; None where they are compressed and it is not known."""
    from pydicom.dataelem import RawDataElement

    syntax = header.file_meta.TransferSyntaxUID
    if syntax == DEFLATED:
        return None, len(header[keyword].value)
    if syntax.is_compressed:  # pydicom looked for the end of the last part
        return None, None
    element = header.get_item(keyword, keep_deferred=True)
    assert isinstance(element, RawDataElement)  # nothing has asked for its value yet
    held = file.stat().st_size - element.value_tell
    if element.length > held:  # also where it is undefined
        raise broken(
            file, f"is cut off ({held} of {element.length} bytes of pixels); export it again"
        )
    return element.value_tell, element.length


def may_be_picture(instance: Instance) -> bool:
    """Whether a file without pixels may have had some: it does not clearly say that it has none.

    A report, a plan or a presentation state says twice what it is, and that is known.
    """
    from pydicom.uid import UID

    with reading(instance.file):
        kind = UID(instance.kind)
        same = instance.header.get("SOPClassUID") == kind and "SeriesInstanceUID" in instance.header
        return not same or kind.type != "SOP Class" or "Image" in kind.name


def check_pixels(instance: Instance) -> None:
    """Check that the pixels are grey, of a kind that can be read, and all there.

    Raises:
        MedFusionError: what is wrong with them.
    """
    file, header = instance.file, instance.header
    if not instance.pixels:
        raise broken(file, "holds no pixels; it was cut off, or belongs elsewhere")
    with reading(file):
        if int(header.get("SamplesPerPixel", 1)) != 1 or _is_inverted(header):
            raise broken(file, "is a colour or inverted picture; give a series of grey slices")
        bits = 8 * PIXELS[instance.pixels] or int(header.BitsAllocated)
        voxels = int(header.Rows) * int(header.Columns) * instance.frames
        if voxels < 1 or bits not in (8, 16, 32, 64):
            raise broken(file, "has no size, or bits that no reader knows")
        wanted = voxels * (bits // 8)
        if instance.length is not None and instance.length < wanted:
            raise broken(
                file, f"is cut off ({instance.length} of {wanted} bytes of pixels); export it again"
            )


def _is_inverted(header: Dataset) -> bool:
    return header.get("PhotometricInterpretation", "MONOCHROME2") != "MONOCHROME2"


@contextlib.contextmanager
def reading(file: Path) -> Iterator[None]:
    """Within, any error that a damaged header causes becomes a sentence for the user."""
    log = logging.getLogger("pydicom")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    except MedFusionError:
        raise
    except Exception:
        raise broken(file, "is damaged; export it again") from None
    finally:
        log.setLevel(before)


def broken(file: Path, why: str) -> MedFusionError:
    """An error that names a DICOM file."""
    return MedFusionError(f"The DICOM file {file.name} in {file.parent} {why}.")
