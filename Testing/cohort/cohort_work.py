"""What workers do in the tests of cohorts instead of fusing, so that they can be hurt."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from MedFusionLib.cohort.records import Attempt, read_done, write_done
from MedFusionLib.cohort.rows import Row
from MedFusionLib.cohort.studies import Study


def work(study: Study, out: Path, run: str, attempt: int, **_: Any) -> Row:
    """Notes each start; a study "killer-..." kills its worker, "unlucky-..." at its first try."""
    trying = Attempt(out, study.id, run, attempt)
    if trying.was_made():
        return Row.of(study, "lost")
    with trying:
        with (out / "starts.txt").open("a") as stream:
            stream.write(f"{study.id} {attempt} {os.getpid()}\n")
        time.sleep(0.2)
        if study.id.startswith("killer") or (study.id.startswith("unlucky") and attempt == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        with (out / "ends.txt").open("a") as stream:
            stream.write(f"{study.id}\n")
        return Row.of(study, "done")


def recorded(study: Study, out: Path, run: str, attempt: int, **_: Any) -> Row:
    """Records what it does as `fuse_study` does; slow in the processes that `slow.txt` names.

    A study "bad-..." fails.
    """
    done = read_done(out, study.id)
    if done:
        return done.row
    trying = Attempt(out, study.id, run, attempt)
    if trying.was_made():
        return Row.of(study, "lost")
    with trying:
        with (out / "starts.txt").open("a") as stream:
            stream.write(f"{study.id} {attempt} {os.getpid()}\n")
        slow = str(os.getpid()) in (out / "slow.txt").read_text().split()
        time.sleep(2.0 if slow else 0.2)
        if study.id.startswith("bad"):
            return Row.of(study, error="It cannot be fused.")
        row = Row.of(study, "done")
        (out / study.id).mkdir(exist_ok=True)  # it is there where a worker was killed just now
        write_done(out / study.id, {}, row, run)
        with (out / "ends.txt").open("a") as stream:
            stream.write(f"{study.id}\n")
        return row
