"""NRRD, with its voxels in the file or in one beside it."""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path
from typing import IO

from .base import DamagedError
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


#: letters of a key with its value, such as Slicer writes
LONGEST_KEY = 2**16


class Nrrd(ItkFormat):
    name = "NRRD"
    endings = (".nrrd", ".nhdr")
    io = "NrrdImageIO"

    def check(self, path: Path) -> None:
        _check(path)


FORMAT = Nrrd()


def _check(path: Path) -> None:
    with path.open("rb") as stream:
        if not re.fullmatch(rb"NRRD000[1-6]\r?\n", stream.readline(16)):
            raise DamagedError("it is no NRRD file")
        fields = _fields(stream)
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
        data: IO[bytes] = stream
        if detached is not None:
            data = open_detached(path, detached)
        with data:
            _check_voxels(data, encoding, math.prod(sizes), BYTES[kind], lines, skipped)


def _fields(stream: IO[bytes]) -> dict[str, str]:
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


def _check_vectors(text: str, field: str) -> None:
    for vector in re.findall(r"\(([^)]*)\)", text):
        finite_numbers(vector.replace(",", " "), field)
    if re.sub(r"\([^)]*\)|none|\s", "", text):
        raise DamagedError(f"its {field} are not vectors")


def _check_voxels(
    data: IO[bytes], encoding: str, voxels: int, size: int, lines: int, skipped: int
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
            check_bytes(readable_bytes(inflated, voxels * size), voxels * size)
    elif encoding in ("ascii", "text", "txt"):
        check_words(data, voxels)
    else:
        raise DamagedError(f"its encoding '{encoding[:20]}' is not raw, gzip or ascii")
