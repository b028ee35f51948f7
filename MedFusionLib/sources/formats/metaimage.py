"""MetaImage, with its voxels in the file or in one beside it."""

from __future__ import annotations

import math
import re
from io import BufferedIOBase
from pathlib import Path

from .base import DamagedError
from .itk import ItkFormat
from .streams import (
    MOST_DIMENSIONS,
    bytes_left,
    bytes_to_skip,
    check_bytes,
    check_raw,
    check_words,
    finite_numbers,
    inflated_bytes,
    lines,
    named_file,
    number_of,
    numbers,
    open_detached,
    whole_numbers,
)

BYTES = {
    **dict.fromkeys(("MET_CHAR", "MET_UCHAR"), 1),
    **dict.fromkeys(("MET_SHORT", "MET_USHORT"), 2),
    **dict.fromkeys(("MET_INT", "MET_UINT", "MET_FLOAT"), 4),
    **dict.fromkeys(("MET_LONG_LONG", "MET_ULONG_LONG", "MET_DOUBLE"), 8),
}

_DATA_FILE = re.compile(rb"^ElementDataFile[ \t]*=[ \t]*(.+?)[ \t\r]*$", re.M)


class MetaImage(ItkFormat):
    name = "MHA"
    endings = (".mha", ".mhd")
    io = "MetaImageIO"

    def files(self, path: Path) -> list[Path]:
        """See `FileFormat.files`."""
        return [path, *named_file(path, _DATA_FILE)]

    def check(self, path: Path) -> None:
        _check(path)


FORMAT = MetaImage()


def _check(path: Path) -> None:
    with path.open("rb") as stream:
        fields: dict[str, str] = {}
        for line in lines(stream):
            name, equals, value = line.partition("=")
            if not equals:
                raise DamagedError("it is no MetaImage file")
            name = name.strip()
            if name in fields:
                raise DamagedError(f"its header says '{name[:20]}' twice")
            if name == "DimSize" and "NDims" not in fields:
                raise DamagedError("its header is not in order")
            fields[name] = value.strip()
            if name == "ElementDataFile":
                break
        else:
            raise DamagedError("its header does not say where its voxels are")
        if fields.get("ObjectType", "Image").lower() != "image":
            raise DamagedError("it is a MetaImage file of another kind than an image")
        dimension = number_of(fields, "NDims", MOST_DIMENSIONS)
        sizes = whole_numbers(fields.get("DimSize", ""))
        if len(sizes) != dimension or min(sizes, default=0) < 1:
            raise DamagedError(f"its DimSize is not {dimension} numbers above 0")
        kind = fields.get("ElementType", "")
        if kind not in BYTES:
            raise DamagedError(f"its ElementType '{kind[:20]}' is not known")
        channels = number_of(fields, "ElementNumberOfChannels", 1000, default="1")
        for field, count in (
            *((name, dimension) for name in ("ElementSpacing", "ElementSize")),
            *((name, dimension) for name in ("Offset", "Position", "Origin", "CenterOfRotation")),
            *((name, dimension**2) for name in ("TransformMatrix", "Rotation", "Orientation")),
        ):
            if field in fields and len(finite_numbers(fields[field], field)) != count:
                raise DamagedError(f"its {field} is not {count} numbers")
        for field in ("ElementSpacing", "ElementSize"):
            if any(step <= 0 for step in numbers(fields.get(field, ""))):
                raise DamagedError(f"its {field} is not above 0")
        voxels = math.prod(sizes) * channels
        skipped = bytes_to_skip(fields.get("HeaderSize", "0"))
        data: BufferedIOBase = stream
        if fields["ElementDataFile"].upper() != "LOCAL":
            data = open_detached(path, fields["ElementDataFile"])
        with data:
            if not _true(fields.get("BinaryData", "")):
                check_words(data, voxels)
            elif _true(fields.get("CompressedData", "")):
                if skipped:
                    raise DamagedError("bytes are skipped in its compressed part")
                here = data.tell()
                check_bytes(bytes_left(data), number_of(fields, "CompressedDataSize", 2**60))
                data.seek(here)
                wanted = voxels * BYTES[kind]
                check_bytes(inflated_bytes(data, wanted), wanted, packed=True)
            else:
                check_raw(data, skipped, voxels * BYTES[kind])


def _true(text: str) -> bool:
    """As MetaIO takes it."""
    return text[:1] in ("T", "t", "1")
