"""What workers do in the tests of cohorts instead of fusing, so that they can be hurt."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from MedFusionLib.cohort.fusing import failed_row
from MedFusionLib.cohort.records import Attempt
from MedFusionLib.cohort.studies import Study


def work(study: Study, out: Path, run: str, attempt: int, **_: Any) -> dict[str, Any]:
    """Notes each start; a study "killer-..." kills its worker, "unlucky-..." at its first try."""
    trying = Attempt(out, study.id, run, attempt)
    if trying.was_made():
        return {**failed_row(study, ""), "status": "lost"}
    with trying:
        with (out / "starts.txt").open("a") as stream:
            stream.write(f"{study.id} {attempt} {os.getpid()}\n")
        time.sleep(0.2)
        if study.id.startswith("killer") or (study.id.startswith("unlucky") and attempt == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        with (out / "ends.txt").open("a") as stream:
            stream.write(f"{study.id}\n")
        return {**failed_row(study, ""), "status": "done"}
