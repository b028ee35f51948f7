"""What a run leaves on disk so that the next one knows what is done: no database, plain files.

OUT/ID/study.json            in the folder of a study that is done: what it was made of, its row
OUT/.cohort/failed/ID.json   the same of a study that failed
OUT/.cohort/running/ID.json  there while a worker fuses it; what is left of a worker that died
OUT/.cohort/lock             held by the one run that may write here
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from ..errors import MedFusionError
from ..methods.registry import get_method
from ..methods.weights import read_card, weights_path
from ..results.checksums import changed_file, list_files
from ..sources.files import sha256
from ..sources.folders import PREFIX
from .rows import Row
from .studies import COLUMN_OPTIONS, Study

HIDDEN = ".cohort"
RECORD = "study.json"
#: options that change what is in the folder of a study, and what they are where not given
DEFAULTS: dict[str, Any] = {
    name: one.command_default for name, one in COLUMN_OPTIONS.items() if one.changes_result
}


def provenance_of(study: Study) -> dict[str, Any]:
    """What a study's result depends on: checksums of its files and weights, and its settings.

    None stands for a file that cannot be read, and for weights that are not there.
    """
    return {"inputs": [_checksum(file) for file in study.files], **requested(study)}


def requested(study: Study) -> dict[str, Any]:
    """`provenance_of` without the checksums of the files, which take a while."""
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


def _weights(method: str, pair: str) -> str | None:
    try:
        if get_method(method).kind == "classical":
            return None
        return str(read_card(weights_path(method, pair)).get("sha256"))
    except MedFusionError:
        return None


# Done and failed --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    """What is kept of a study that is done or has failed.

    Attributes:
        provenance: what its result depends on, see `provenance_of`.
        row: what became of it.
        run: name of the run that fused it.
        files: of its folder, see `results.checksums.list_files`; None where an earlier version
            wrote the record, and for a study that failed.
        traceback: where an error that was not foreseen happened.
    """

    provenance: Mapping[str, Any]
    row: Row
    run: str = ""
    files: Sequence[Mapping[str, Any]] | None = None
    traceback: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        rest = {"files": self.files, "traceback": self.traceback}
        return {
            "made_of": dict(self.provenance),
            "row": self.row.to_dict(),
            "run": self.run,
            **{name: value for name, value in rest.items() if value is not None},
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """The record that `to_dict` gave, or JSON.

        Raises:
            MedFusionError: it is none.

        Example:
            >>> Record.from_dict({"made_of": {}, "row": {"id": "p1"}}).row.id
            'p1'
        """
        try:
            files = given.get("files")
            return cls(
                dict(given["made_of"]),
                Row.from_dict(given["row"]),
                str(given.get("run", "")),
                files if isinstance(files, list) else None,
                given.get("traceback"),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise MedFusionError(
                "The record of a study is damaged, or of another version; fuse it again."
            ) from None


def read_done(out: Path, study_id: str) -> Record | None:
    """The record of a study that is done; None where none is, or it is not what was written."""
    return _read_record(out / study_id / RECORD, study_id)


def write_done(folder: Path, provenance: Mapping[str, Any], row: Row, run: str) -> None:
    """Write the record into the folder of a study, when all its other files are there."""
    files = list_files(folder, times=True)
    _write(folder / RECORD, sealed(Record(provenance, row, run, files).to_dict()))


def what_changed(out: Path, study_id: str, done: Record, check: str) -> str:
    """Which file of a study that is done is missing or not what was written; "" where none is.

    Args:
        out: folder of the cohort.
        study_id: of the study.
        done: its record.
        check: "quick" or "full", see `results.checksums.changed_file`.
    """
    if done.files is None:
        return RECORD  # of an earlier version
    return changed_file(out / study_id, done.files, check)


def read_failed(out: Path, study_id: str) -> Record | None:
    """The record of a study that failed; None where there is none."""
    return _read_record(out / HIDDEN / "failed" / f"{study_id}.json", study_id)


def write_failed(
    out: Path, provenance: Mapping[str, Any], row: Row, run: str, traceback: str = ""
) -> None:
    """Remember that a study failed."""
    path = out / HIDDEN / "failed" / f"{row.id}.json"
    _write(path, sealed(Record(provenance, row, run, traceback=traceback).to_dict()))


def forget_failed(out: Path, study_id: str) -> None:
    """Forget that a study failed: it is done now."""
    (out / HIDDEN / "failed" / f"{study_id}.json").unlink(missing_ok=True)


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """A record with the SHA-256 of its other entries, so that one that was changed shows it.

    Example:
        >>> sealed({}) == sealed(sealed({}))
        True
    """
    rest = {name: value for name, value in content.items() if name != "sha256"}
    text = json.dumps(rest, sort_keys=True)
    return {**rest, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _read_record(path: Path, study_id: str) -> Record | None:
    content = _read(path)
    if content != sealed(content):
        return None
    try:
        record = Record.from_dict(content)
    except MedFusionError:
        return None
    return record if record.row.id == study_id else None  # else of a folder that was renamed


def _read(path: Path) -> dict[str, Any]:
    """A JSON object from a file; empty where there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    text = json.dumps(content, indent=2, ensure_ascii=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)


# Running ----------------------------------------------------------------------------------------


class Attempt:
    """A worker's attempt at a study, on record for the next one if the worker dies.

    Dask starts a task again where its worker died, so the second start must know of the first:
    else a study that takes more memory than there is kills one worker after the other.

    Args:
        out: folder of the cohort.
        study_id: of the study.
        run: of this run, so that the attempts of an earlier run do not count.
        number: of the attempt, from 1.
    """

    def __init__(self, out: Path, study_id: str, run: str, number: int) -> None:
        self._path = out / HIDDEN / "running" / f"{study_id}.json"
        self._mark = {"run": run, "attempt": number}

    def was_made(self) -> bool:
        """Whether this very attempt was begun and not ended."""
        return _read(self._path) == self._mark

    def __enter__(self) -> Attempt:
        _write(self._path, self._mark)
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def only_run(out: Path) -> Iterator[None]:
    """A context in which no other run writes into the folder; what a killed one left is removed.

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
