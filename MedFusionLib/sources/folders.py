"""Folders that get their files all together or not at all, whatever ends the process.

New files are made in a folder of their own beside the target, which then takes the target's place
in one step of the file system. Where there is no such step, the new files move into the target as
one folder first and out of it one by one; after a crash in between the next run finds that folder
and completes the move.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from ..errors import MedFusionError
from .detached import check_name

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: begins the name of a folder whose files are not yet all there
PREFIX = ".medfusion-"
#: folders within the target whose files are all there: before what is old was removed, and after,
#: when they move out of it one by one
ARRIVED, MOVING = PREFIX + "arrived", PREFIX + "moving"
#: files of an earlier fusion, which go with it
RESULTS = (
    "fused.nrrd",
    "colour.nrrd",
    "colour-*.nrrd",
    "contribution-*.nrrd",
    "preview.png",
    "report.json",
    "scene.mrb",
)
DAY = 86400.0
_HERE = -100  # AT_FDCWD
_SWAP = 2  # RENAME_EXCHANGE on Linux, RENAME_SWAP on macOS


@contextlib.contextmanager
def whole_folder(out: str | Path, replaces: Sequence[str] = RESULTS) -> Iterator[Path]:
    """A folder that gets its files all together or not at all.

    Yields a temporary folder. When the block ends without an error its files take the place of
    those in `out` at once; else it is removed and `out` is as it was. What a killed process left
    behind is cleared away at the next start.

    Args:
        out: need not exist.
        replaces: names (with * and ?) that go with an earlier result, whether the new one has
            them or not. All other files in `out` stay.

    Raises:
        MedFusionError: `out` is a file, or cannot be written.

    Example:
        >>> with tempfile.TemporaryDirectory() as home, whole_folder(f"{home}/out") as folder:
        ...     _ = (folder / "report.json").write_text("{}")
    """
    target = Path(out)
    check_name(target)
    try:
        if target.exists() and not target.is_dir():
            raise MedFusionError(f"{out} is a file; give a folder for the results.")
        target = target.resolve()
        home = _home_of(target)
        _clear(home)
        _move_in(target, replaces)  # what a crash left half done
        temporary, lock = _own_folder(home)
    except OSError as error:
        raise _unwritable(out, error) from None
    try:
        yield temporary
        try:
            _put(temporary, target, home, replaces)
        except OSError as error:
            raise _unwritable(out, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _unwritable(out: str | Path, error: OSError) -> MedFusionError:
    return MedFusionError(
        f"{out} cannot be written: {error.strerror or error}; choose another folder, or make room."
    )


def _home_of(target: Path) -> Path:
    """Where the temporary folder goes: beside the target, or within where nothing can be moved."""
    if target.is_dir():
        parent = target.parent
        mounted = target.stat().st_dev != parent.stat().st_dev
        # a shell that stands in the target would find itself in a folder that is gone
        here = target == Path.cwd()
        return target if mounted or here or not os.access(parent, os.W_OK) else parent
    return next(parent for parent in target.parents if parent.exists())


def _put(temporary: Path, target: Path, home: Path, replaces: Sequence[str]) -> None:
    """The temporary folder takes the place of the target."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.chmod(0o777 & ~_umask())
        temporary.rename(target)
        return
    mode = stat.S_IMODE(target.stat().st_mode)
    for part in temporary.rglob("*"):  # no more open than the folder they come into
        if part.is_file():
            part.chmod(stat.S_IMODE(part.stat().st_mode) & (mode | 0o600))
    if home != target:
        before = {part.name for part in target.iterdir()}
        made = {part.name for part in temporary.iterdir()}
        for name in before - made:
            if not _is_result(name, replaces):
                _carry(target / name, temporary / name)
        temporary.chmod(mode)
        if _exchange(temporary, target):
            for part in list(temporary.iterdir()):  # what came in between
                if part.name not in before and not (target / part.name).exists():
                    part.rename(target / part.name)
            return
        for name in before - made:
            if not _is_result(name, replaces):
                _remove(temporary / name)
    temporary.rename(target / ARRIVED)
    _move_in(target, replaces)


def _move_in(target: Path, replaces: Sequence[str]) -> None:
    """Remove an earlier result's files, and move those that arrived in the target to their places.

    Begun again after a crash at any step, it comes to the same end.
    """
    arrived, moving = target / ARRIVED, target / MOVING
    if arrived.is_dir():
        made = {part.name for part in arrived.iterdir()}
        for part in list(target.iterdir()):
            if part.name not in made and _is_result(part.name, replaces):
                _remove(part)
        arrived.rename(moving)
    if moving.is_dir():
        # the report last: a folder without one is not whole
        for part in sorted(moving.iterdir(), key=lambda part: (part.name == "report.json", part)):
            if (target / part.name).is_dir():
                _remove(target / part.name)
            os.replace(part, target / part.name)
        moving.rmdir()


def _is_result(name: str, replaces: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in replaces)


def _carry(old: Path, new: Path) -> None:
    """The same file under a second name, or all files of a folder."""
    if old.is_dir() and not old.is_symlink():
        shutil.copytree(old, new, symlinks=True, copy_function=_link)
    else:
        _link(str(old), str(new))


def _link(old: str, new: str) -> None:
    try:
        os.link(old, new, follow_symlinks=False)
    except (OSError, NotImplementedError):  # a file system without links
        shutil.copy2(old, new, follow_symlinks=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        names = os.fsencode(one), os.fsencode(other)
        if sys.platform == "darwin":
            failed = library.renamex_np(*names, _SWAP)
        else:
            failed = library.renameat2(_HERE, names[0], _HERE, names[1], _SWAP)
    except (AttributeError, OSError, TypeError):
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM, errno.EACCES):
        return False
    raise OSError(number, os.strerror(number))


def _own_folder(home: Path) -> tuple[Path, int | None]:
    """A new folder, and a lock on it that the system gives up when this process ends."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
        if fcntl is None:
            return path, None
        lock = None
        with contextlib.suppress(OSError):  # gone already, or a file system without locks
            lock = os.open(path, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists():
            return path, lock
        if lock is not None:
            os.close(lock)


def _clear(home: Path) -> None:
    """Remove the temporary folders of processes that are gone."""
    for path in home.glob(f"{PREFIX}*"):
        if path.name in (ARRIVED, MOVING) or path.is_symlink() or not path.is_dir():
            continue
        with contextlib.suppress(OSError):
            if fcntl is None:
                if time.time() - path.stat().st_mtime > DAY:
                    shutil.rmtree(path, ignore_errors=True)
                continue
            lock = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
