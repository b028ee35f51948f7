"""Folders whose file system fails, or whose process ends, at the n-th call."""

from __future__ import annotations

import errno
import itertools
import os
import pkgutil
import random
import shutil
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from unittest import mock

CALLS = (
    "os.replace", "os.link", "os.open", "shutil.copytree", "pathlib.Path.rename",
    "pathlib.Path.unlink", "pathlib.Path.chmod", "pathlib.Path.mkdir", "pathlib.Path.iterdir",
    "pathlib.Path.rmdir", "pathlib.Path.write_text", "tempfile.mkdtemp",
    "MedFusionLib.sources.folders._exchange",
)  # fmt: skip
OLD = {"fused.nrrd": "old", "contribution-third.nrrd": "old", "scene.mrb": "old",
       "report.json": "old", "notes.doc": "mine", "sub/deep/scan.doc": "mine"}  # fmt: skip
NEW = {"fused.nrrd": "new", "colour.nrrd": "new", "report.json": "new"}
AFTER = {**NEW, "notes.doc": "mine", "sub/deep/scan.doc": "mine"}


class Killed(BaseException):
    """Stands for the end of the process: nothing after it runs but what the system does."""


def run(folder: Path, count: int, seed: int) -> tuple[Counter, list[tuple]]:
    """Counts of what was there after the next start, and what must not be."""
    from MedFusionLib.errors import MedFusionError
    from MedFusionLib.sources import folders

    draw = random.Random(seed)
    counts: Counter = Counter()
    bad = []
    for number in range(count):
        home = folder / str(number)
        out = home / "out"
        _fill(out, OLD)
        call = draw.randrange(40)
        error = draw.choice((Killed, errno.ENOSPC, errno.EACCES, errno.EIO, errno.ENOENT))
        way = draw.choice(("exchange", "no exchange"))
        ending = ""
        with ExitStack() as stack:
            if way == "no exchange":
                stack.enter_context(mock.patch.object(folders, "_exchange", lambda *_: False))
            if error is Killed:  # what clears up would not run
                stack.enter_context(mock.patch.object(shutil, "rmtree", _after_death(shutil)))
            counter = _failing_at(call, error, stack)
            try:
                with folders.whole_folder(out) as temporary:
                    for name, text in NEW.items():
                        (temporary / name).write_text(text)
            except (MedFusionError, OSError, Killed) as caught:
                ending = type(caught).__name__
            except BaseException as caught:
                ending = f"traceback {caught!r}"
        _Dead.now = False
        reached = next(counter) > call
        with suppress(MedFusionError), folders.whole_folder(out):  # the next start heals
            raise MedFusionError("and ends before it writes anything.")
        there = _everything(out)
        left = [path.name for path in home.rglob(f"{folders.PREFIX}*")]
        state = "old" if there == OLD else "new" if there == AFTER else "mixed"
        wrong = state == "mixed" or left or ending.startswith("traceback")
        if not ending and state != "new":
            wrong = True
        counts["wrong" if wrong else state if reached else "not reached"] += 1
        if wrong:
            bad.append((number, way, call, str(error), ending, state, left, sorted(there.items())))
        shutil.rmtree(home)
    return counts, bad


class _Dead:
    now = False


def _after_death(module):
    remove = module.rmtree
    return lambda *args, **options: None if _Dead.now else remove(*args, **options)


def _failing_at(number: int, error: type | int, stack: ExitStack) -> itertools.count:
    calls = itertools.count()

    def counted(function):
        def call(*args, **options):
            if _Dead.now:
                raise Killed
            if next(calls) == number:
                if error is Killed:
                    _Dead.now = True
                    raise Killed
                raise OSError(error, os.strerror(error))
            return function(*args, **options)

        return call

    for name in CALLS:
        stack.enter_context(mock.patch(name, counted(pkgutil.resolve_name(name))))
    return calls


def _fill(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _everything(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }
