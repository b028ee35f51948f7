"""The lines, numbers and bytes of an image file, read with care.

ITK's readers trust a header: some end the process over a long line or a wild number of dimensions,
some wait for ever, some fill voxels that the file does not hold with whatever was in memory. So the
few things that they do not check are checked here: how long lines are, dimensions, sizes, finite
numbers, and that all the voxels are there. What is not understood is refused.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterable
from io import BufferedIOBase
from pathlib import Path

from .base import DamagedError

LONGEST_LINE, LONGEST_HEADER = 1000, 2**20  # bytes; teem ends the process over 2000 in a line
MOST_DIMENSIONS = 7
LARGEST = 1e9  # of any number that says where voxels lie; ITK never ends over 1e308
BLOCK = 2**20


def lines(stream: BufferedIOBase, longest: int = LONGEST_LINE) -> Iterable[str]:
    """The lines of a header, without their ends; refuses what no writer writes.

    Text is UTF-8, or else Latin-1, as older programs write the names of people.
    """
    total = 0
    while line := stream.readline(longest + 2):
        total += len(line)
        if len(line) > longest or total > LONGEST_HEADER:
            raise DamagedError(f"a line of its header is longer than {longest} letters")
        line = line.rstrip(b"\r\n")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            text = line.decode("latin-1")
        if any(ord(letter) < 32 and letter != "\t" for letter in text):
            raise DamagedError("its header is no text")
        yield text


def named_file(path: Path, pattern: re.Pattern[bytes]) -> list[Path]:
    """The file beside a header that a line of it names, perhaps missing; [] where none is named.

    Args:
        path: of the header.
        pattern: of the line, with the name as its group.
    """
    with path.open("rb") as stream:
        found = pattern.search(stream.read(LONGEST_HEADER).partition(b"\n\n")[0])
    name = found[1].decode("utf-8", "surrogateescape") if found else "LOCAL"
    alone = name.upper() == "LOCAL" or name.split()[0] == "LIST" or "%" in name
    return [] if alone else [path.parent / name]


def open_detached(path: Path, name: str) -> BufferedIOBase:
    """The one file beside a header that holds the voxels."""
    if not name or name.split()[0] == "LIST" or "%" in name:
        raise DamagedError("its voxels are spread over several files; save it as one")
    file = path.parent / name
    if not file.is_file():
        raise DamagedError(f"the file {Path(name).name} with its voxels is not beside it")
    return file.open("rb")


def open_inflated(path: Path) -> BufferedIOBase:
    """A file to read from, inflated where it is a gzip file, whatever its name says."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path) if packed else path.open("rb")


def numbers(text: str) -> list[float]:
    try:
        return [float(word) for word in text.split()]
    except ValueError:
        raise DamagedError(f"'{text[:20]}' in its header is not a number") from None


def finite_numbers(text: str, field: str) -> list[float]:
    found = numbers(text)
    if not all(map(is_sensible, found)):
        raise DamagedError(f"its {field} is not finite, or too large")
    return found


def is_sensible(number: float) -> bool:
    return abs(number) < LARGEST  # False for NaN


def whole_numbers(text: str) -> list[int]:
    words = text.split()
    if not all(re.fullmatch(r"[+-]?\d{1,18}", word) for word in words):
        raise DamagedError(f"'{text[:20]}' in its header is not a whole number")
    return [int(word) for word in words]


def number_of(fields: dict[str, str], name: str, most: int, default: str = "") -> int:
    found = whole_numbers(fields.get(name, default))
    if len(found) != 1 or not 1 <= found[0] <= most:
        raise DamagedError(f"its {name} is not a number from 1 to {most}")
    return found[0]


def bytes_left(stream: BufferedIOBase) -> int:
    """Bytes from here to the end of the file."""
    here = stream.tell()
    return stream.seek(0, os.SEEK_END) - here


def readable_bytes(stream: BufferedIOBase, wanted: int) -> int:
    """Bytes that can be read from here, counted up to a block more than are wanted."""
    there = 0
    while there <= wanted and (block := stream.read(BLOCK)):
        there += len(block)
    return there


def read_exactly(stream: BufferedIOBase, count: int) -> bytes:
    """Exactly `count` bytes; EOFError where there are fewer."""
    found = stream.read(count)
    if len(found) < count:
        raise EOFError
    return found


def skip(stream: BufferedIOBase, count: int) -> None:
    """Skip `count` bytes; EOFError where there are fewer."""
    while count > 0:
        count -= len(read_exactly(stream, min(count, BLOCK)))


def check_bytes(there: int, wanted: int, packed: bool = False) -> None:
    """Refuse fewer or more bytes than are wanted: where there are more, the header is wrong.

    Args:
        there: bytes that there are.
        wanted: bytes of voxels.
        packed: whether they were inflated: a damaged stream may give any number of them.
    """
    damaged = ", or its compressed part is damaged" if packed else ""
    if there > wanted:
        raise DamagedError(
            f"it holds more voxels than its header promises ({wanted} bytes){damaged}"
        )
    if there < wanted:
        raise DamagedError(
            f"it is cut off (its header promises {wanted} bytes of voxels, "
            f"{max(there, 0)} are there){damaged}"
        )


def check_raw(stream: BufferedIOBase, skipped: int, wanted: int) -> None:
    """Refuse a file unless its last bytes, behind those skipped, are those wanted.

    Args:
        stream: at the end of the header, or at the start of a file of voxels.
        skipped: bytes before the voxels; -1: all but the last `wanted` ones.
        wanted: bytes of voxels.
    """
    there = bytes_left(stream)
    check_bytes(min(there, wanted) if skipped < 0 else there - skipped, wanted)


def check_words(stream: BufferedIOBase, voxels: int) -> None:
    """Check voxels as text: one word for each, a number."""
    there, broken = 0, b""
    while there <= voxels and (block := stream.read(BLOCK)):
        words = (broken + block).split()
        broken = words.pop() if words and not block[-1:].isspace() else b""
        there += len(words)
        for word in words:
            try:
                float(word)
            except ValueError:
                raise DamagedError("a voxel of it is not a number") from None
    there += bool(broken)
    if there > voxels:
        raise DamagedError(f"it holds more voxels than its header promises ({voxels})")
    if there < voxels:
        raise DamagedError(
            f"it is cut off (its header promises {voxels} voxels, {there} are there)"
        )


def bytes_to_skip(text: str) -> int:
    found = whole_numbers(text)
    if len(found) != 1 or found[0] < -1:
        raise DamagedError("what is to be skipped before its voxels is not a number")
    return found[0]


def inflated_bytes(stream: BufferedIOBase, wanted: int) -> int:
    """Bytes that a zlib stream holds, counted up to one block more than are wanted.

    Where they are as many as wanted, the stream ended there, and its checksum was right.
    """
    engine, there = zlib.decompressobj(47), 0
    while not engine.eof and there <= wanted and (block := stream.read(BLOCK)):
        while block and not engine.eof and there <= wanted:
            there += len(engine.decompress(block, BLOCK))
            block = engine.unconsumed_tail
    if there == wanted and not engine.eof:
        raise DamagedError("its compressed part is cut off")
    if there == wanted and (engine.unused_data or stream.read(1)):
        raise DamagedError("bytes that belong to nothing follow its compressed part")
    return there
