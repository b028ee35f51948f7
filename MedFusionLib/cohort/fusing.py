"""One study, from its files to its folder: what runs on a worker."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MedFusionError
from ..printable import printable
from ..sources.detached import files_of, shown_name
from ..sources.formats import stem
from ..sources.modalities import modalities_of
from .headers import LIMIT, reader_of_this_process
from .records import (
    RECORD,
    Attempt,
    forget_failed,
    provenance_of,
    read_done,
    read_failed,
    what_changed,
    write_done,
    write_failed,
)
from .rows import Row
from .studies import COLUMN_OPTIONS, Study

if TYPE_CHECKING:
    from ..fusion import Fusion
    from ..results.quality import Quality
    from ..sources.volumes import Volume

THUMBNAIL = "thumbnail.jpg"
SHORTEST = 4  # letters of a name that may be a person's; "1" is also a number in a sentence
VOXELS = 1_000_000  # the most that the agreement of the sources is measured on


def fuse_study(
    study: Study,
    out: str | Path,
    run: str = "",
    attempt: int = 1,
    retry_failed: bool = False,
    check: str = "quick",
    header_limit: float = LIMIT,
) -> Row:
    """Fuse a study into `out/ID`, unless it is done; never raises.

    Args:
        study: what to fuse.
        out: folder of the cohort, which worker and client both see.
        run: name of this run, the same for all its studies.
        attempt: 1, or 2 where the first ended with its worker.
        retry_failed: fuse it also where it failed before with the same files and settings.
        check: how the files of a study that is done are checked, "quick" or "full"; where one is
            missing or was changed, the study is fused again.
        header_limit: seconds that reading the headers of the study may take.

    Returns:
        What became of it.

    Example:
        >>> study = Study("p1", trouble="The row has no mr; fill it in.")
        >>> row = fuse_study(study, "results")
        >>> row.status, row.error
        ('failed', 'The row has no mr; fill it in.')
    """
    out = Path(out)
    if study.trouble:
        return Row.of(study, error=study.trouble)
    began = time.monotonic()
    try:
        provenance = provenance_of(study)
        done = read_done(out, study.id)
        if done and done.provenance == provenance and not what_changed(out, study.id, done, check):
            return replace(done.row, kept=done.run != run)
        failed = read_failed(out, study.id)
        if failed and failed.provenance == provenance and not retry_failed:
            return replace(failed.row, kept=failed.run != run)
        trying = Attempt(out, study.id, run, attempt)
        if trying.was_made():
            return Row.of(study, "lost")
        with trying:
            try:
                choices = reading_words(study)
                reader_of_this_process(header_limit).boxes(study.files, choices)
                row = _fuse_into(study, out, provenance, began, run)
                forget_failed(out, study.id)
            except Exception as error:
                row = _failed_row(study, out, error, began)
                where = without_names(traceback.format_exc(), study)
                write_failed(out, provenance, row, run, where)
        return row
    except Exception as error:  # the folder itself cannot be read or written
        return _failed_row(study, out, error, began)


def _failed_row(study: Study, out: Path, error: Exception, began: float) -> Row:
    seconds = round(time.monotonic() - began, 2)
    return Row.of(study, error=_sentence(error, study, out), seconds=seconds)


def _fuse_into(
    study: Study, out: Path, provenance: Mapping[str, Any], began: float, run: str
) -> Row:
    """Read, fuse and score a study, and write its folder."""
    from ..fusion import fuse
    from ..results.quality import quality_of
    from ..sources.folders import RESULTS, whole_folder

    _check_outputs(study, out)
    volumes = _read_sources(study, provenance)
    third = volumes[2] if study.third else None
    fusion = fuse(volumes[0], volumes[1], study.pair, third=third, **fuse_words(study))
    quality = quality_of(fusion)
    with whole_folder(out / study.id, (*RESULTS, RECORD, THUMBNAIL, "dicom")) as folder:
        _write_outputs(study, folder, fusion, quality, volumes, provenance["inputs"])
        row = Row.of(
            study,
            "done",
            seconds=round(time.monotonic() - began, 2),
            device=fusion.report.device,
            agreement=agreement_of(fusion),
            displacement=displacement_of(fusion),
            metrics=_by_name(quality, fusion),
            warnings=tuple(without_paths(text, study, out) for text in fusion.warnings),
        )
        write_done(folder, provenance, row, run)
    return row


def _check_outputs(study: Study, out: Path) -> None:
    """Raise a MedFusionError where what the study asks for cannot be written here."""
    if study.wants("scene"):
        from ..results.scene_file import check_slicer

        check_slicer()
    if study.wants("dicom"):
        from ..results.dicom import check_new_folder

        check_new_folder(out / study.id / "dicom" / "new")


def _read_sources(study: Study, provenance: Mapping[str, Any]) -> list[Volume]:
    """The volumes of a study.

    Raises:
        MedFusionError: a file cannot be read, or is not the one whose checksum was taken.
    """
    from ..sources.files import read_with_checksum

    read = [
        read_with_checksum(Path(file), **words)
        for file, words in zip(study.files, reading_words(study), strict=True)
    ]
    if [checksum for _, checksum in read] != provenance["inputs"]:
        raise MedFusionError("A source was changed while it was read; give the command again.")
    return [volume for volume, _ in read]


def _write_outputs(
    study: Study,
    folder: Path,
    fusion: Fusion,
    quality: Quality,
    volumes: Sequence[Volume],
    checksums: Sequence[str],
) -> None:
    """Write volumes, report, pictures and what else the study asks for into a folder."""
    from ..results.folder import write_results
    from ..results.preview import save_thumbnail

    write_results(
        fusion,
        folder,
        files=[Path(file) for file in study.files],
        quality=quality,
        keep_paths=study.wants("keep_paths"),
        scene=volumes if study.wants("scene") else None,
        checksums=checksums,
    )
    if study.wants("dicom"):
        from ..results.dicom import write_dicom
        from ..sources.dicom import read_headers

        headers = [
            read_headers(Path(file), words["series"], words["modality"])
            for file, words in zip(study.files, reading_words(study), strict=True)
        ]
        target = folder / "dicom"
        target.mkdir()
        write_dicom(target, fusion.fused, fusion.colours, fusion.codings, fusion.report, headers)
    save_thumbnail(fusion, folder / THUMBNAIL)


def reading_words(study: Study) -> list[dict[str, Any]]:
    """The options of a study as `files.read_volume` takes them, for each source.

    Raises:
        MedFusionError: more series than sources.
    """
    from ..sources.files import choices_of_each

    words = {name: study.options.get(name) for name in ("frame", "orientation", "series")}
    return choices_of_each(modalities_of(study.pair, study.third_modality), **words)


def fuse_words(study: Study) -> dict[str, Any]:
    """What `fusion.fuse` takes of a study's options.

    Raises:
        MedFusionError: a setting that cannot be.

    Example:
        >>> fuse_words(Study("p1", options={"memory": 2.0}))["settings"].memory
        2000000000.0
    """
    from ..options import fields_from
    from ..settings import Inputs, Settings

    given = {name: one.command_default for name, one in COLUMN_OPTIONS.items()} | dict(
        study.options
    )
    return {
        "third_modality": study.third_modality,
        "windows": Inputs(**fields_from(Inputs, given)).windows[: len(study.files)],
        "settings": Settings.from_options(given),
    }


def agreement_of(fusion: Fusion) -> float | None:
    """How much the first source says about the others: low where they are not registered.

    The normalised mutual information of Studholme et al., Pattern Recognition 32, 1999, less 1,
    outside the background: 0 where they are independent, 1 where each follows from the other. With
    three sources, the lower of the two. None where there is nothing to compare.
    """
    from skimage.metrics import normalized_mutual_information

    inside = np.flatnonzero(~fusion.sources.background)
    inside = inside[:: max(1, len(inside) // VOXELS)]
    first, *others = (scaled.ravel()[inside] for scaled in fusion.sources.scaled)
    found = [normalized_mutual_information(first, other) - 1 for other in others if len(inside)]
    found = [float(value) for value in found if np.isfinite(value)]
    return round(min(found), 6) if found else None


def displacement_of(fusion: Fusion) -> float | None:
    """How far off the first source another lies, in mm, see `sources.alignment`.

    With three sources, the larger of the two. None where it was not measured, or the measurement
    could not tell; 0 where the volume was moved into place.
    """
    found = [
        0.0 if part.applied else part.displacement_mm
        for part in fusion.report.alignment
        if part.verdict != "unknown"
    ]
    return max(found) if found else None


def _by_name(quality: Quality, fusion: Fusion) -> dict[str, float]:
    """Metric name -> value; the report itself names them by symbol."""
    from ..metrics.registry import choose_metrics, name_sources
    from ..results.quality import SHOWN

    modalities = fusion.sources.modalities
    names = {name_sources(m.symbol, modalities): m.name for m in choose_metrics(SHOWN)}
    return {names[row.metric]: round(row.value, 6) for row in quality.rows}


# Sentences --------------------------------------------------------------------------------------


def _sentence(error: Exception, study: Study, out: Path) -> str:
    if isinstance(error, MedFusionError):
        return without_paths(str(error), study, out)
    if isinstance(error, MemoryError):
        return "The worker has too little memory for this study; give each worker more."
    if isinstance(error, OSError) and error.strerror:
        return f"The disk or a file cannot be used: {error.strerror}."
    text = without_paths(" ".join(str(error).split()), study, out).rstrip(".")
    return f"An unexpected error, please report it: {type(error).__name__}: {text}."


def without_paths(text: str, study: Study, out: str | Path = "") -> str:
    """A sentence without any path, and without the names of a study's files and what is in them.

    Example:
        >>> study = Study("p1", "/data/Miller.nrrd", "/data/pet.nrrd", "pet-mr")
        >>> without_paths("Miller is constant; there is no file /data/pet.nrrd.", study)
        'The MR is constant; there is no file of the PET.'
    """
    text = without_names(text.replace(str(Path(out).absolute()), "the folder of results"), study)
    text = re.sub(r"(?<![\w<])/[\w.~-]+(/[\w.~-]+)+", "(a path)", text)
    return printable(text[:1].upper() + text[1:], keep="\n")


def without_names(text: str, study: Study) -> str:
    """A text with the names of a study's files replaced, for they may name a patient.

    Also those of the files in a folder of DICOM slices, and of a file with voxels that a header
    names.
    """
    text = shown_name(text)
    marks = [f"\0{number}\0" for number in range(len(study.files))]  # nothing is replaced twice
    for file, mark in zip(study.files, marks, strict=True):
        if file:
            path = Path(file)
            for word in map(shown_name, (path.absolute(), path)):
                if "/" in word:
                    text = re.sub(
                        rf"\b(file|folder) {re.escape(word)}", rf"\1 of {mark}", text
                    ).replace(word, mark)
            for word in _words_below(path):
                if word in text:
                    text = re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", f"of {mark}", text)
            for word in dict.fromkeys(map(shown_name, filter(None, (path.name, stem(path))))):
                plain = word != shown_name(path) and word.isalpha() and word.islower()
                text = _without_word(text, word, mark, int(plain))  # it may be a plain word, too
    for mark, name in zip(marks, _names(study), strict=True):
        text = text.replace(mark, name)
    return text


def _without_word(text: str, word: str, mark: str, most: int) -> str:
    """A text with a name replaced where it is a whole word: so many times, with 0 everywhere."""
    name = rf"{re.escape(word)}(?![\w-])"
    text, found = re.subn(rf"\b(file|folder) {name}", rf"\1 of {mark}", text, count=most)
    return text if most and found else re.sub(rf"(?<![\w-]){name}", mark, text, count=most)


def _words_below(path: Path) -> list[str]:
    """Names of files and folders below a path, with and without their endings, longest first."""
    found: set[str] = set()
    try:
        parts = list(path.rglob("*")) if path.is_dir() else files_of(path)[1:]
    except (OSError, MedFusionError):
        return []
    for part in parts:
        found |= {shown_name(part.name), shown_name(part.stem)}
    return sorted((word for word in found if len(word) >= SHORTEST), key=len, reverse=True)


def _names(study: Study) -> Sequence[str]:
    second = study.pair.split("-")[0].upper() or "second volume"
    return [f"the {name}" for name in ("MR", second, (study.third_modality or "").upper())][
        : len(study.files)
    ]
