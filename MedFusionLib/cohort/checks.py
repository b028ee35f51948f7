"""What would be done with each study, and what is wrong with it, before hours are spent."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import MedFusionError
from ..methods.registry import get_method
from ..methods.weights import read_card, weights_path
from ..sources.dicom.files import is_dicom
from .fusing import fuse_words, reading_words
from .headers import LIMIT, HeaderReader
from .records import read_done, read_failed, requested, what_changed
from .studies import Study

READERS = min(4, os.cpu_count() or 1)  # processes that read headers


@dataclass(frozen=True)
class Finding:
    """What would become of a study.

    Attributes:
        id: of the study.
        action: "fuse", "keep" (done with these settings; kept unless a source changed), "fuse
            again" (done with other settings, or a file of the result is missing or was changed),
            "leave failed" (failed with these settings; tried again with --retry-failed or when a
            source changed) or "cannot".
        trouble: a sentence that says what is wrong; "" where nothing is.
    """

    id: str
    action: str
    trouble: str = ""


def check_studies(
    studies: Sequence[Study],
    out: str | Path,
    retry_failed: bool = False,
    check: str = "quick",
    header_limit: float = LIMIT,
    progress: Callable[[int, int], None] | None = None,
) -> list[Finding]:
    """Read the header of every file, and the settings, weights and earlier results of each study.

    Files that were cut off are found, too; what is wrong with the voxels, such as NaN, is found
    when they are fused.

    Args:
        studies: from `read_studies`.
        out: folder of the cohort; need not exist.
        retry_failed, check, header_limit: as of `fuse_cohort`.
        progress: called with (studies checked, all studies).

    Example:
        >>> check_studies([Study("p1", "a.nrrd", "b.nrrd", "ct-mr")], "results")[0].action
        'cannot'
    """

    local = threading.local()

    def find(study: Study) -> Finding:
        if not hasattr(local, "reader"):
            local.reader = stack.enter_context(HeaderReader(header_limit))
        try:
            _check(study, local.reader)
        except MedFusionError as error:
            return Finding(study.id, "cannot", str(error))
        except OSError as error:
            return Finding(study.id, "cannot", f"A file cannot be read: {error.strerror}.")
        return Finding(study.id, _action(study, Path(out), retry_failed, check))

    found = []
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(READERS) as pool:
        for finding in pool.map(find, studies):
            found.append(finding)
            if progress:
                progress(len(found), len(studies))
    return found


def _action(study: Study, out: Path, retry_failed: bool, check: str) -> str:
    wanted = requested(study)
    done = read_done(out, study.id)
    if done and wanted.items() <= done.provenance.items():
        return "fuse again" if what_changed(out, study.id, done, check) else "keep"
    failed = read_failed(out, study.id)
    if failed and wanted.items() <= failed.provenance.items() and not retry_failed:
        return "leave failed"
    return "fuse again" if done else "fuse"


def _check(study: Study, reader: HeaderReader) -> None:
    """Raise a MedFusionError where a study cannot be fused, as far as headers tell."""
    if study.trouble:
        raise MedFusionError(study.trouble)
    words = fuse_words(study)
    method = get_method(words["settings"].method)
    if method.kind == "network":
        for pair in (study.pair, *([f"{study.third_modality}-mr"] if study.third_modality else [])):
            read_card(weights_path(method.name, pair))
    twice = [name for n, name in enumerate(study.files) if name in study.files[:n]]
    if twice and Path(twice[0]).is_file() and not is_dicom(Path(twice[0])):  # a CD may hold both
        raise MedFusionError(f"{twice[0]} is given twice; choose another one.")
    (low, high), *others = reader.boxes(study.files, reading_words(study))
    for name, (lowest, highest) in zip(study.files[1:], others, strict=True):
        if np.any(lowest > high) or np.any(highest < low):
            raise MedFusionError(
                f"{name} and {study.mr} do not overlap in space; check that they are registered "
                "to each other."
            )
