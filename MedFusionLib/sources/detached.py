"""Paths: whether they can be read at all, and which files a volume is made of."""

from __future__ import annotations

import stat
from pathlib import Path

from ..errors import MedFusionError
from .formats import all_formats


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
    check_name(path)
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    check_plain(path)
    kind = next((k for k in all_formats() if path.name.lower().endswith(k.endings)), None)
    return kind.files(path) if kind else [path]


def check_plain(path: Path) -> None:
    """Raise a MedFusionError where a path leads to no file that has an end: a pipe, a device.

    Raises:
        OSError: there is no such file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise MedFusionError(f"{path} is not a plain file; give a file with a volume, or a folder.")


def check_name(path: Path) -> None:
    """Raise a MedFusionError where ITK, a report or a terminal could not take a path's name.

    Python keeps bytes that are no UTF-8 as lone surrogates; ITK ends the process over them. No
    file system takes a NUL, and Python does not say so in a sentence.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        raise MedFusionError(
            f"The name {shown_name(path)} is not UTF-8 (it may come from an old archive or share); "
            "rename it."
        ) from None
    if "\0" in str(path):
        raise MedFusionError(f"There is no file {path}: its name holds a NUL; correct it.")


def shown_name(path: str | Path) -> str:
    r"""A path as a sentence may hold it: a question mark for what is no UTF-8.

    Example:
        >>> shown_name(Path("head\udcff.nrrd"))
        'head\ufffd.nrrd'
    """
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
