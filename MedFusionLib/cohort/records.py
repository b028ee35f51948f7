"""What a run leaves on disk so that the next one knows what is done: no database, plain files.

OUT/ID/study.json            in the folder of a study that is done: what it was made of, its row
OUT/.cohort/failed/ID.json   the same of a study that failed
OUT/.cohort/running/ID.json  there while a worker fuses it; what is left of a worker that died
OUT/.cohort/lock             held by the one run that may write here
"""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import MedFusionError
from ..methods.registry import get_method
from ..methods.weights import read_card, weights_path
from ..results.checksums import changed_file, list_files
from ..sources.files import sha256
from ..sources.folders import PREFIX
from .studies import COLUMN_OPTIONS, Study

HIDDEN = ".cohort"
RECORD = "study.json"
#: options that change what is in the folder of a study, and what they are where not given
DEFAULTS: dict[str, Any] = {
    name: one.command_default for name, one in COLUMN_OPTIONS.items() if one.changes_result
}


def made_of(study: Study) -> dict[str, Any]:
    """What a study's result depends on: checksums of its files and weights, and its settings.

    None stands for a file that cannot be read, and for weights that are not there.
    """
    return {"inputs": [_checksum(file) for file in study.files], **asked_for(study)}


def asked_for(study: Study) -> dict[str, Any]:
    """`made_of` without the checksums of the files, which take a while."""
    settings = {**DEFAULTS, **{k: v for k, v in study.options.items() if k in DEFAULTS}}
    parts = {"pair": study.pair, "third_is": study.third_modality, **settings}
    pairs = [study.pair, *([f"{study.third_modality}-mr"] if study.third_modality else [])]
    weights = [_weights(settings["method"], pair) for pair in pairs]
    return json.loads(json.dumps({"settings": parts, "weights": weights}, default=asdict))


def _checksum(file: str) -> str | None:
    try:
        return sha256(file)
    except (OSError, MedFusionError):
        return None


def _weights(network: str, pair: str) -> str | None:
    try:
        if get_method(network).kind == "classical":
            return None
        return str(read_card(weights_path(network, pair)).get("sha256"))
    except MedFusionError:
        return None


# Done and failed --------------------------------------------------------------------------------


def read_done(out: Path, study_id: str) -> dict[str, Any] | None:
    """The record of a study that is done: "made_of", "row" and "files"; None where none is."""
    return _read(out / study_id / RECORD)


def write_done(folder: Path, made: dict[str, Any], row: dict[str, Any], run: str) -> None:
    """Write the record into the folder of a study, when all its other files are there."""
    files = list_files(folder, times=True)
    _write(folder / RECORD, {"made_of": made, "row": row, "run": run, "files": files})


def what_changed(out: Path, study_id: str, done: dict[str, Any], check: str) -> str:
    """Which file of a study that is done is missing or not what was written; "" where none is.

    Args:
        out: folder of the cohort.
        study_id: of the study.
        done: its record.
        check: "quick" or "full", see `results.checksums.changed_file`.
    """
    files = done.get("files")
    if not isinstance(files, list):
        return RECORD  # of an earlier version
    return changed_file(out / study_id, files, check)


def read_failed(out: Path, study_id: str) -> dict[str, Any] | None:
    """The record of a study that failed; None where there is none."""
    return _read(out / HIDDEN / "failed" / f"{study_id}.json")


def write_failed(
    out: Path, made: dict[str, Any], row: dict[str, Any], run: str, traceback: str = ""
) -> None:
    """Remember that a study failed."""
    path = out / HIDDEN / "failed" / f"{row['id']}.json"
    _write(path, {"made_of": made, "row": row, "run": run, "traceback": traceback})


def forget_failed(out: Path, study_id: str) -> None:
    """Forget that a study failed: it is done now."""
    (out / HIDDEN / "failed" / f"{study_id}.json").unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"made_of", "row"} <= set(found) else None


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    text = json.dumps(content, indent=2, ensure_ascii=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)


# Running ----------------------------------------------------------------------------------------


class Attempt:
    """A worker's try at a study, told to whoever comes after it should the worker die.

    Dask starts a task again where its worker died, so the second start must know of the first:
    else a study that takes more memory than there is kills one worker after the other.

    Args:
        out: folder of the cohort.
        study_id: of the study.
        run: of this run, so that an earlier run's tries do not count.
        number: of the try, from 1.
    """

    def __init__(self, out: Path, study_id: str, run: str, number: int) -> None:
        self._path = out / HIDDEN / "running" / f"{study_id}.json"
        self._mark = {"made_of": run, "row": number}

    def was_made(self) -> bool:
        """Whether this very try was begun and not ended."""
        return _read(self._path) == self._mark

    def __enter__(self) -> Attempt:
        _write(self._path, self._mark)
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Within, no other run writes into the folder; what a killed one left half done is removed.

    Raises:
        MedFusionError: another run does, or the folder cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise MedFusionError(f"{out} is a file; give a folder for the results.")
    try:
        (out / HIDDEN).mkdir(parents=True, exist_ok=True)
        stream = (out / HIDDEN / "lock").open("w")
    except OSError as error:
        raise MedFusionError(f"{out} cannot be written: {error.strerror}.") from None
    with stream:
        try:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MedFusionError(
                f"Another run writes into {out}; wait for it, or give another folder."
            ) from None
        except (ImportError, OSError):  # Windows, and file systems that know no locks
            pass
        shutil.rmtree(out / HIDDEN / "running", ignore_errors=True)
        for left in out.glob(f"{PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
