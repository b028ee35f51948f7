"""Whether the files of a result are still what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import MedFusionError
from ..sources.files import sha256

#: how files are checked: by size and time of change, or all bytes of them
CHECKS = ("quick", "full")


def list_files(folder: Path, times: bool = False) -> list[dict[str, Any]]:
    """Each file of a folder, at any depth: "name", "bytes", "sha256".

    Args:
        folder: whose files.
        times: also "changed", when each was changed last, in nanoseconds.
    """
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        state = path.stat()
        name = path.relative_to(folder).as_posix()
        row = {"name": name, "bytes": state.st_size, "sha256": sha256(path)}
        found.append({**row, "changed": state.st_mtime_ns} if times else row)
    return found


def changed_file(folder: Path, listed: Sequence[Mapping[str, Any]], check: str = "full") -> str:
    """The name of the first file that is missing or not what was written; "" where all are whole.

    Args:
        folder: whose files.
        listed: from `list_files`.
        check: "quick": a file of its listed size and time of change is taken for whole, and only
            another time makes its bytes be read; without a listed time the size alone decides.
            "full": all bytes are read.

    Raises:
        MedFusionError: there is no such check.

    Example:
        >>> changed_file(Path("/nowhere"), [{"name": "fused.nrrd", "bytes": 9, "sha256": ""}])
        'fused.nrrd'
    """
    if check not in CHECKS:
        raise MedFusionError(f"There is no check '{check}'; choose one of: {', '.join(CHECKS)}.")
    for row in listed:
        path = folder / str(row.get("name"))
        try:
            state = path.stat()
            same_time = state.st_mtime_ns == row.get("changed", state.st_mtime_ns)
            whole = state.st_size == row["bytes"] and (
                (check == "quick" and same_time) or sha256(path) == row["sha256"]
            )
        except (OSError, MedFusionError, KeyError):  # the list itself may have been edited
            whole = False
        if not whole:
            return str(row.get("name"))
    return ""
