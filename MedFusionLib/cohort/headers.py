"""Headers read in a process of its own, which is ended where one takes too long.

A damaged or malicious file, or a lost disk, can keep its reader busy for ever, and no
thread can be ended from outside. The process reads one study after the other, so that it starts
once for many.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MedFusionError

LIMIT = 60.0  # seconds that the headers of one study may take; compressed files are read through


class HeaderReader:
    """Reads where volumes lie, each study within a time limit. Not thread-safe.

    Args:
        limit: seconds for the files of one study.

    Example:
        >>> with HeaderReader() as reader:  # doctest: +SKIP
        ...     (low, high), *_ = reader.boxes(["mr.nrrd", "pet.nrrd"])
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self.limit = limit
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> HeaderReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def boxes(
        self,
        files: Sequence[str | Path],
        choices: Sequence[Mapping[str, Any]] = (),
    ) -> list[np.ndarray]:
        """The box of each volume, (2, 3): lowest and highest LPS position in mm of its voxels.

        Args:
            files: of the volumes.
            choices: what `files.read_volume` takes for each beside its path, or nothing.

        Raises:
            MedFusionError: a file cannot be read as far as its header tells, or not in time.
        """
        process = self._started()
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.limit, end)
        timer.start()
        try:
            words = list(map(dict, choices)) or [{}] * len(files)
            answer = self._ask(process, [[str(file) for file in files], words])
        finally:
            timer.cancel()
        if answer is None:
            self.close()
            raise MedFusionError(
                f"Its headers were not read within {self.limit:g} s; check files and disk, or give "
                "more time with --header-limit."
                if late.is_set()
                else "Its headers crashed the process that read them; a file is damaged, or memory "
                "is short."
            )
        if "error" in answer:
            raise MedFusionError(answer["error"])
        return [np.array(box) for box in answer["boxes"]]

    def close(self) -> None:
        """End the process; the next study starts another one."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="ascii",
                env=environment,
            )
            assert self._process.stdout is not None
            self._process.stdout.readline()  # it is there
        return self._process

    @staticmethod
    def _ask(process: subprocess.Popen[str], question: list[Any]) -> dict[str, Any] | None:
        """The answer; None where the process ended without one."""
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())
        except (OSError, ValueError):
            return None


@cache
def reader_of_this_process(limit: float) -> HeaderReader:
    """One reader for all studies that this process fuses."""
    return HeaderReader(limit)


def box_of(path: str | Path, **choices: Any) -> np.ndarray:
    """Lowest and highest LPS position of a volume's outermost voxels, (2, 3), from its header.

    Raises:
        MedFusionError: as of `files.corners_of`.
    """
    from ..sources.files import corners_of

    corners = corners_of(path, **choices)
    return np.array([corners.min(axis=0), corners.max(axis=0)])


def _serve() -> None:
    """Answer each line of files and choices with a line of boxes, until no more come."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what a reader says on its own is no answer
    os.write(answers, b"ready\n")
    for line in sys.stdin:
        try:
            each = zip(*json.loads(line), strict=True)
            answer: dict[str, Any] = {
                "boxes": [box_of(file, **words).tolist() for file, words in each]
            }
        except MedFusionError as error:
            answer = {"error": str(error)}
        except OSError as error:
            answer = {"error": f"A file cannot be read: {error.strerror}."}
        except MemoryError:
            answer = {"error": "A header needs more memory than there is; a file is damaged."}
        os.write(answers, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    try:
        _serve()
    except (BrokenPipeError, KeyboardInterrupt):  # whoever asks is gone, or Ctrl-C was pressed
        sys.exit(1)
