"""What a file's header promises, checked before ITK reads the file.

ITK's readers trust a header: some end the process over a long line or a wild number of dimensions,
some wait for ever, some fill voxels that the file does not hold with whatever was in memory. So the
few things that they do not check are checked here: what kind of file it is, how long its lines are,
dimensions, sizes, finite numbers, and that all the voxels are there. What is not understood is
refused; ITK then reads with the one reader that the check was made for.
"""

from __future__ import annotations

import gzip
import math
import os
import re
import stat
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np

from ..errors import MedFusionError

FORMATS = "NRRD, NIfTI, MHA or a folder of DICOM slices"
LONGEST_LINE, LONGEST_HEADER = 1000, 2**20  # bytes; teem ends the process over 2000 in a line
MOST_DIMENSIONS = 7
LARGEST = 1e9  # of any number that says where voxels lie; ITK never ends over 1e308
BLOCK = 2**20

_INTEGERS = {
    1: "char,signed char,int8,int8_t,uchar,unsigned char,uint8,uint8_t",
    2: "short,short int,signed short,signed short int,int16,int16_t,ushort,unsigned short,"
    "unsigned short int,uint16,uint16_t",
    4: "int,signed int,int32,int32_t,uint,unsigned int,uint32,uint32_t,float",
    8: "longlong,long long,long long int,signed long long,signed long long int,int64,int64_t,"
    "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t,double",
}
NRRD_TYPES = {name: size for size, names in _INTEGERS.items() for name in names.split(",")}
META_TYPES = {
    **dict.fromkeys(("MET_CHAR", "MET_UCHAR"), 1),
    **dict.fromkeys(("MET_SHORT", "MET_USHORT"), 2),
    **dict.fromkeys(("MET_INT", "MET_UINT", "MET_FLOAT"), 4),
    **dict.fromkeys(("MET_LONG_LONG", "MET_ULONG_LONG", "MET_DOUBLE"), 8),
}
#: NIfTI data type -> bits of a voxel
NIFTI_TYPES = {
    2: 8, 4: 16, 8: 32, 16: 32, 32: 64, 64: 64, 128: 24, 256: 8, 512: 16, 768: 32, 1024: 64,
    1280: 64, 1792: 128, 2304: 32,
}  # fmt: skip


NIFTI_FLOATS = {16: "f4", 64: "f8"}


class _Bad(Exception):
    """What is wrong with a header, as the end of a sentence."""


def check_header(path: Path) -> str:
    """Check a file's header, and that the file holds the voxels that it promises.

    Args:
        path: an NRRD, NIfTI or MetaImage file; what its ending says is what it has to be.

    Returns:
        The name of ITK's reader for it.

    Raises:
        MedFusionError: not a plain file, another format, a header that is damaged, or voxels that
            are missing.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise MedFusionError(f"{path} is not a plain file; give {FORMATS}.")
    name = path.name.lower()
    for endings, check, reader in (
        ((".nrrd", ".nhdr"), _check_nrrd, "NrrdImageIO"),
        ((".nii", ".nii.gz"), _check_nifti, "NiftiImageIO"),
        ((".mha", ".mhd"), _check_meta, "MetaImageIO"),
    ):
        if name.endswith(endings):
            try:
                check(path)
            except _Bad as problem:
                raise MedFusionError(
                    f"{path} cannot be read: {problem}; export it again, or give {FORMATS}."
                ) from None
            except (OSError, EOFError, zlib.error, struct.error) as error:
                why = getattr(error, "strerror", None) or "its compressed part is damaged"
                raise MedFusionError(
                    f"{path} cannot be read: {why}; export it again, or give {FORMATS}."
                ) from None
            return reader
    raise MedFusionError(f"{path} cannot be read; give {FORMATS}.")


# NRRD -------------------------------------------------------------------------------------------


def _check_nrrd(path: Path) -> None:
    with path.open("rb") as stream:
        if not re.fullmatch(rb"NRRD000[1-6]\r?\n", stream.readline(16)):
            raise _Bad("it is no NRRD file")
        fields = _nrrd_fields(stream)
        dimension = _count(fields, "dimension", MOST_DIMENSIONS)
        sizes = _whole(fields.get("sizes", ""))
        if len(sizes) != dimension or min(sizes, default=0) < 1:
            raise _Bad(f"its sizes are not {dimension} numbers above 0")
        kind = fields.get("type", "").lower()
        if kind not in NRRD_TYPES:
            raise _Bad(f"its type '{kind[:20]}' is not a number")
        for field in ("space directions", "space origin", "measurement frame"):
            _nrrd_vectors(fields.get(field, ""), field)
        spacings = _numbers(fields.get("spacings", "").lower().replace("nan", "1"))
        if not all(0 < abs(step) < LARGEST for step in spacings):
            raise _Bad("its spacings are not numbers above 0")
        if dimension == 3 and "nan" in fields.get("spacings", "").lower():
            raise _Bad("a spacing is missing")

        encoding = fields.get("encoding", "").lower()
        lines = _skip(fields.get("line skip", fields.get("lineskip", "0")))
        skipped = _skip(fields.get("byte skip", fields.get("byteskip", "0")))
        detached = fields.get("data file", fields.get("datafile"))
        data: IO[bytes] = stream
        if detached is not None:
            data = _detached(path, detached)
        with data:
            _check_nrrd_data(data, encoding, math.prod(sizes), NRRD_TYPES[kind], lines, skipped)


def _nrrd_fields(stream: IO[bytes]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in _lines(stream):
        if not line:
            break
        if line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise _Bad(f"its header has a line '{line[:20]}' that is no field")
        if value.startswith("="):  # a key and its value
            continue
        name = name.strip().lower()
        if name in fields:
            raise _Bad(f"its header says '{name[:20]}' twice")
        fields[name] = value.strip()
    return fields


def _nrrd_vectors(text: str, field: str) -> None:
    for vector in re.findall(r"\(([^)]*)\)", text):
        _finite(vector.replace(",", " "), field)
    if re.sub(r"\([^)]*\)|none|\s", "", text):
        raise _Bad(f"its {field} are not vectors")


def _check_nrrd_data(
    data: IO[bytes], encoding: str, voxels: int, size: int, lines: int, skipped: int
) -> None:
    for _ in range(lines):
        data.readline(BLOCK)
    if encoding == "raw":
        there = _rest(data)
        _compare(there - max(skipped, 0), voxels * size)
    elif encoding in ("gzip", "gz"):
        if skipped:
            raise _Bad("bytes are skipped in its compressed part")
        with gzip.GzipFile(fileobj=data) as inflated:
            _compare(_read_on(inflated, voxels * size), voxels * size)
    elif encoding in ("ascii", "text", "txt"):
        _compare_words(data, voxels)
    else:
        raise _Bad(f"its encoding '{encoding[:20]}' is not raw, gzip or ascii")


def _skip(text: str) -> int:
    found = _whole(text)
    if len(found) != 1 or found[0] < -1:
        raise _Bad("what is to be skipped before its voxels is not a number")
    return found[0]


# NIfTI ------------------------------------------------------------------------------------------


def _check_nifti(path: Path) -> None:
    packed = path.name.lower().endswith(".gz")
    with gzip.open(path) if packed else path.open("rb") as stream:
        header = stream.read(348)
        if len(header) < 348:
            raise _Bad("it is no NIfTI file, or cut off within its header")
        order = next((o for o in "<>" if struct.unpack_from(o + "i", header)[0] == 348), None)
        if order is None or header[344:347] != b"n+1":
            raise _Bad("it is no NIfTI-1 file (one file with the ending .nii or .nii.gz)")

        def at(place: int, letters: str) -> tuple[float, ...]:
            return struct.unpack_from(order + letters, header, place)

        dimension, *sizes = at(40, "8h")
        kind, bits = at(70, "2h")
        if not 1 <= dimension <= MOST_DIMENSIONS or min(sizes[:dimension]) < 1:
            raise _Bad("its dimensions are not 1 to 7 numbers above 0")
        if NIFTI_TYPES.get(kind) != bits:
            raise _Bad("its voxel type is not known")
        steps = at(80, "7f")[: min(dimension, 3)]
        if not all(0 < abs(step) < LARGEST for step in steps):
            raise _Bad("its voxel size is not a number above 0")
        (start,) = at(108, "f")
        if not (352 <= start < 2**31 and start == int(start)):
            raise _Bad("its voxels have no place in the file")
        quaternion, affine = at(252, "2h")
        used = (at(256, "6f") if quaternion > 0 else ()) + (at(280, "12f") if affine > 0 else ())
        if not all(map(_sensible, (*used, at(76, "f")[0]))):
            raise _Bad("its place in space is not finite, or too large")
        if quaternion > 0 and sum(part**2 for part in at(256, "3f")) > 1.01:
            raise _Bad("its quaternion turns by no angle")
        wanted = int(start) - 348 + math.prod(sizes[:dimension]) * (bits // 8)
        _compare(_read_on(stream, wanted) if packed else _rest(stream), wanted)
        if kind in NIFTI_FLOATS:  # ITK's reader makes NaN and infinity 0 without a word
            stream.seek(int(start))
            _check_finite(stream, np.dtype(order + NIFTI_FLOATS[kind]))


# MetaImage --------------------------------------------------------------------------------------


def _check_meta(path: Path) -> None:
    with path.open("rb") as stream:
        fields: dict[str, str] = {}
        for line in _lines(stream):
            name, equals, value = line.partition("=")
            if not equals:
                raise _Bad("it is no MetaImage file")
            name = name.strip()
            if name in fields:
                raise _Bad(f"its header says '{name[:20]}' twice")
            if name == "DimSize" and "NDims" not in fields:
                raise _Bad("its header is not in order")
            fields[name] = value.strip()
            if name == "ElementDataFile":
                break
        else:
            raise _Bad("its header does not say where its voxels are")
        if fields.get("ObjectType", "Image").lower() != "image":
            raise _Bad("it is a MetaImage file of another kind than an image")
        dimension = _count(fields, "NDims", MOST_DIMENSIONS)
        sizes = _whole(fields.get("DimSize", ""))
        if len(sizes) != dimension or min(sizes, default=0) < 1:
            raise _Bad(f"its DimSize is not {dimension} numbers above 0")
        kind = fields.get("ElementType", "")
        if kind not in META_TYPES:
            raise _Bad(f"its ElementType '{kind[:20]}' is not known")
        channels = _count(fields, "ElementNumberOfChannels", 1000, default="1")
        for field, count in (
            *((name, dimension) for name in ("ElementSpacing", "ElementSize")),
            *((name, dimension) for name in ("Offset", "Position", "Origin", "CenterOfRotation")),
            *((name, dimension**2) for name in ("TransformMatrix", "Rotation", "Orientation")),
        ):
            if field in fields and len(_finite(fields[field], field)) != count:
                raise _Bad(f"its {field} is not {count} numbers")
        for field in ("ElementSpacing", "ElementSize"):
            if any(step <= 0 for step in _numbers(fields.get(field, ""))):
                raise _Bad(f"its {field} is not above 0")
        voxels = math.prod(sizes) * channels
        skipped = _skip(fields.get("HeaderSize", "0"))
        data: IO[bytes] = stream
        if fields["ElementDataFile"].upper() != "LOCAL":
            data = _detached(path, fields["ElementDataFile"])
        with data:
            if not _true(fields.get("BinaryData", "")):
                _compare_words(data, voxels)
            elif _true(fields.get("CompressedData", "")):
                if skipped:
                    raise _Bad("bytes are skipped in its compressed part")
                here = data.tell()
                _compare(_rest(data), _count(fields, "CompressedDataSize", 2**60))
                data.seek(here)
                _compare(_inflated(data, voxels * META_TYPES[kind]), voxels * META_TYPES[kind])
            else:
                _compare(_rest(data) - max(skipped, 0), voxels * META_TYPES[kind])


def _true(text: str) -> bool:
    """As MetaIO takes it."""
    return text[:1] in ("T", "t", "1")


def _inflated(stream: IO[bytes], wanted: int) -> int:
    """Bytes that a zlib stream holds, counted up to one block more than are wanted."""
    engine, there = zlib.decompressobj(47), 0
    while not engine.eof and there <= wanted and (block := stream.read(BLOCK)):
        while block and not engine.eof and there <= wanted:
            there += len(engine.decompress(block, BLOCK))
            block = engine.unconsumed_tail
    return there if engine.eof or there > wanted else min(there, wanted - 1)


# Shared -----------------------------------------------------------------------------------------


def _lines(stream: IO[bytes]) -> Iterable[str]:
    """The lines of a header, without their ends; refuses what no writer writes."""
    total = 0
    while line := stream.readline(LONGEST_LINE + 2):
        total += len(line)
        if len(line) > LONGEST_LINE or total > LONGEST_HEADER:
            raise _Bad("its header is too long")
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise _Bad("its header is no text") from None
        if any(ord(letter) < 32 and letter != "\t" for letter in text):
            raise _Bad("its header is no text")
        yield text


def _detached(path: Path, name: str) -> IO[bytes]:
    """The one file beside a header that holds the voxels."""
    if not name or name.split()[0] == "LIST" or "%" in name:
        raise _Bad("its voxels are spread over several files; save it as one")
    file = path.parent / name
    if not file.is_file():
        raise _Bad(f"the file {Path(name).name} with its voxels is not beside it")
    return file.open("rb")


def _numbers(text: str) -> list[float]:
    try:
        return [float(word) for word in text.split()]
    except ValueError:
        raise _Bad(f"'{text[:20]}' in its header is not a number") from None


def _finite(text: str, field: str) -> list[float]:
    found = _numbers(text)
    if not all(map(_sensible, found)):
        raise _Bad(f"its {field} is not finite, or too large")
    return found


def _sensible(number: float) -> bool:
    return abs(number) < LARGEST  # False for NaN


def _whole(text: str) -> list[int]:
    words = text.split()
    if not all(re.fullmatch(r"[+-]?\d{1,18}", word) for word in words):
        raise _Bad(f"'{text[:20]}' in its header is not a whole number")
    return [int(word) for word in words]


def _count(fields: dict[str, str], name: str, most: int, default: str = "") -> int:
    found = _whole(fields.get(name, default))
    if len(found) != 1 or not 1 <= found[0] <= most:
        raise _Bad(f"its {name} is not a number from 1 to {most}")
    return found[0]


def _rest(stream: IO[bytes]) -> int:
    """Bytes from here to the end of the file."""
    here = stream.tell()
    return stream.seek(0, os.SEEK_END) - here


def _read_on(stream: IO[bytes], wanted: int) -> int:
    """Bytes that can be read from here, counted up to a block more than are wanted."""
    there = 0
    while there <= wanted and (block := stream.read(BLOCK)):
        there += len(block)
    return there


def _check_finite(stream: IO[bytes], kind: np.dtype) -> None:
    """Refuse voxels, from here to the end of the file, that are NaN or infinite."""
    while block := stream.read(BLOCK):
        whole = len(block) // kind.itemsize * kind.itemsize
        if not np.isfinite(np.frombuffer(block[:whole], kind)).all():
            raise _Bad("it holds NaN or infinite voxels")


def _compare(there: int, wanted: int) -> None:
    if there < wanted:
        raise _Bad(
            f"it is cut off (its header promises {wanted} bytes of voxels, "
            f"{max(there, 0)} are there)"
        )


def _compare_words(stream: IO[bytes], voxels: int) -> None:
    """Voxels as text: so many words, each a number."""
    there, broken = 0, b""
    while there <= voxels and (block := stream.read(BLOCK)):
        words = (broken + block).split()
        broken = words.pop() if words and not block[-1:].isspace() else b""
        there += len(words)
        for word in words:
            try:
                float(word)
            except ValueError:
                raise _Bad("a voxel of it is not a number") from None
    there += bool(broken)
    if there < voxels:
        raise _Bad(f"it is cut off (its header promises {voxels} voxels, {there} are there)")
