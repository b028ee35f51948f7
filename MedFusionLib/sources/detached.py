"""Which files a volume is made of: its path, and what that path leads to."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from ..errors import MedFusionError

HEADER = 2**20  # bytes: no header is longer
#: ending of a header -> how it names the one file with its voxels
_NAMED = {
    ".nhdr": re.compile(rb"^data ?file:(?!=)[ \t]*(.+?)[ \t\r]*$", re.M | re.I),
    ".nrrd": re.compile(rb"^data ?file:(?!=)[ \t]*(.+?)[ \t\r]*$", re.M | re.I),
    ".mhd": re.compile(rb"^ElementDataFile[ \t]*=[ \t]*(.+?)[ \t\r]*$", re.M),
    ".mha": re.compile(rb"^ElementDataFile[ \t]*=[ \t]*(.+?)[ \t\r]*$", re.M),
}
#: the two files of ANALYZE and of NIfTI pairs
_PAIRS = {".hdr": (".img", ".img.gz"), ".img": (".hdr",)}


def files_of(path: str | Path) -> list[Path]:
    """The files that hold a volume: its header first, then the file with its voxels where apart.

    Args:
        path: a file, or a folder of DICOM slices: all files in it by name, at any depth.

    Returns:
        The files. A file that a header names is there also where it is missing.

    Raises:
        OSError: the header cannot be read.
        MedFusionError: the path is no plain file and no folder.

    Example:
        >>> [file.name for file in files_of("head.nhdr")]  # doctest: +SKIP
        ['head.nhdr', 'head.raw']
    """
    path = Path(path)
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    check_plain(path)
    if named := _NAMED.get(path.suffix.lower()):
        with path.open("rb") as stream:
            header = stream.read(HEADER).partition(b"\n\n")[0]
        found = named.search(header)
        name = found[1].decode("utf-8", "surrogateescape") if found else "LOCAL"
        alone = name.upper() == "LOCAL" or name.split()[0] == "LIST" or "%" in name
        return [path] if alone else [path, path.parent / name]
    beside = [path.with_suffix(ending) for ending in _PAIRS.get(path.suffix.lower(), ())]
    return [path, *(part for part in beside if part.is_file())]


def check_plain(path: Path) -> None:
    """Raise a MedFusionError where a path leads to no file that has an end: a pipe, a device.

    Raises:
        OSError: there is no such file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise MedFusionError(f"{path} is not a plain file; give a file with a volume, or a folder.")
