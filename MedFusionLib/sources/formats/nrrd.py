"""NRRD, with its voxels in the file or in one beside it."""

from __future__ import annotations

import gzip
import math
import re
from dataclasses import replace
from io import BufferedIOBase
from pathlib import Path

from ..volumes import triple
from .base import DamagedError, Header
from .itk import ItkFormat
from .streams import (
    LARGEST,
    LONGEST_LINE,
    MOST_DIMENSIONS,
    bytes_to_skip,
    check_bytes,
    check_raw,
    check_words,
    finite_numbers,
    lines,
    named_file,
    number_of,
    numbers,
    open_detached,
    readable_bytes,
    whole_numbers,
)

_TYPES = {
    1: "char,signed char,int8,int8_t,uchar,unsigned char,uint8,uint8_t",
    2: "short,short int,signed short,signed short int,int16,int16_t,ushort,unsigned short,"
    "unsigned short int,uint16,uint16_t",
    4: "int,signed int,int32,int32_t,uint,unsigned int,uint32,uint32_t,float",
    8: "longlong,long long,long long int,signed long long,signed long long int,int64,int64_t,"
    "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t,double",
}
BYTES = {name: size for size, names in _TYPES.items() for name in names.split(",")}


_DATA_FILE = re.compile(rb"^data ?file:(?!=)[ \t]*(.+?)[ \t\r]*$", re.M | re.I)
#: unit of length -> mm
MILLIMETRES = {
    **dict.fromkeys(("", "mm", "millimeter", "millimeters", "millimetre", "millimetres"), 1.0),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), 10.0),
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1000.0),
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns", "micrometer", "micrometers"), 0.001),
    **dict.fromkeys(("nm", "nanometer", "nanometers"), 1e-6),
}
#: letters of a key with its value, such as Slicer writes
LONGEST_KEY = 2**16


class Nrrd(ItkFormat):
    name = "NRRD"
    endings = (".nrrd", ".nhdr")
    io = "NrrdImageIO"

    def files(self, path: Path) -> list[Path]:
        """See `FileFormat.files`."""
        return [path, *named_file(path, _DATA_FILE)]

    def check(self, path: Path) -> None:
        """See `FileFormat.check`."""
        _check(path)

    def header(self, path: Path, name: str, orientation: str | None = None) -> Header:
        """See `FileFormat.header`; lengths are made mm, which ITK does not do."""
        found = super().header(path, name, orientation)
        unit = _unit(_header_fields(path))
        spacing = triple(step * unit for step in found.spacing)
        return replace(found, spacing=spacing, origin=triple(x * unit for x in found.origin))

    def is_list(self, path: Path) -> bool:
        """See `ItkFormat.is_list`: so Slicer stores sequences."""
        return _header_fields(path).get("kinds", "").lower().startswith("list")


FORMAT = Nrrd()


def _check(path: Path) -> None:
    with path.open("rb") as stream:
        fields = _fields(stream)
        _unit(fields)
        dimension = number_of(fields, "dimension", MOST_DIMENSIONS)
        sizes = whole_numbers(fields.get("sizes", ""))
        if len(sizes) != dimension or min(sizes, default=0) < 1:
            raise DamagedError(f"its sizes are not {dimension} numbers above 0")
        kind = fields.get("type", "").lower()
        if kind not in BYTES:
            raise DamagedError(f"its type '{kind[:20]}' is not a number")
        for field in ("space directions", "space origin", "measurement frame"):
            _check_vectors(fields.get(field, ""), field)
        spacings = numbers(fields.get("spacings", "").lower().replace("nan", "1"))
        if not all(0 < abs(step) < LARGEST for step in spacings):
            raise DamagedError("its spacings are not numbers above 0")
        if dimension == 3 and "nan" in fields.get("spacings", "").lower():
            raise DamagedError("a spacing is missing")

        encoding = fields.get("encoding", "").lower()
        lines = bytes_to_skip(fields.get("line skip", fields.get("lineskip", "0")))
        skipped = bytes_to_skip(fields.get("byte skip", fields.get("byteskip", "0")))
        detached = fields.get("data file", fields.get("datafile"))
        data: BufferedIOBase = stream
        if detached is not None:
            data = open_detached(path, detached)
        with data:
            _check_voxels(data, encoding, math.prod(sizes), BYTES[kind], lines, skipped)


def _header_fields(path: Path) -> dict[str, str]:
    with path.open("rb") as stream:
        return _fields(stream)


def _fields(stream: BufferedIOBase) -> dict[str, str]:
    """The fields of a header; the stream then stands behind it."""
    if not re.fullmatch(rb"NRRD000[1-6]\r?\n", stream.readline(16)):
        raise DamagedError("it is no NRRD file")
    fields: dict[str, str] = {}
    for line in lines(stream, LONGEST_KEY):
        if not line:
            break
        if line.startswith("#"):
            continue
        if len(line) > LONGEST_LINE and not re.match(r"[^:]*:=", line):
            raise DamagedError(f"a line of its header is longer than {LONGEST_LINE} letters")
        name, colon, value = line.partition(":")
        if not colon:
            raise DamagedError(f"its header has a line '{line[:20]}' that is no field")
        if value.startswith("="):  # a key and its value
            continue
        name = name.strip().lower()
        if name in fields:
            raise DamagedError(f"its header says '{name[:20]}' twice")
        fields[name] = value.strip()
    return fields


def _unit(fields: dict[str, str]) -> float:
    """The unit of lengths in mm."""
    words = re.findall(r'"([^"]*)"', fields.get("space units", ""))
    found = {MILLIMETRES.get(word.strip().lower()) for word in words} or {1.0}
    unit = found.pop()
    if found or unit is None:
        raise DamagedError(f"its space units {fields['space units'][:40]} are not one known length")
    return unit


def _check_vectors(text: str, field: str) -> None:
    for vector in re.findall(r"\(([^)]*)\)", text):
        finite_numbers(vector.replace(",", " "), field)
    if re.sub(r"\([^)]*\)|none|\s", "", text):
        raise DamagedError(f"its {field} are not vectors")


def _check_voxels(
    data: BufferedIOBase, encoding: str, voxels: int, size: int, lines: int, skipped: int
) -> None:
    for _ in range(lines):
        if not data.readline():
            raise DamagedError(f"it skips {lines} lines before its voxels, more than there are")
    if encoding == "raw":
        check_raw(data, skipped, voxels * size)
    elif encoding in ("gzip", "gz"):
        if skipped:
            raise DamagedError("bytes are skipped in its compressed part")
        with gzip.GzipFile(fileobj=data) as inflated:
            check_bytes(readable_bytes(inflated, voxels * size), voxels * size, packed=True)
    elif encoding in ("ascii", "text", "txt"):
        check_words(data, voxels)
    else:
        raise DamagedError(f"its encoding '{encoding[:20]}' is not raw, gzip or ascii")
