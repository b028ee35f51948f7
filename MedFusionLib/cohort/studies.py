"""The studies of a cohort, from a CSV or a BIDS folder.

A list is never refused for one bad row: that study carries its `trouble`, and the others are fused.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import MedFusionError
from ..printable import printable
from ..settings import OPTIONS
from ..sources.modalities import modalities_of

#: options that may be columns of a list
COLUMN_OPTIONS = {name: one for name, one in OPTIONS.items() if "cohort" in one.places}
#: what columns were called before
FORMER = {"network": "method", "third_is": "third_modality"}
COLUMNS = ("id", "mr", "second", "pair", "third", "third_modality")
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TAKEN = ("cohort.csv", "cohort.html")


@dataclass(frozen=True)
class Study:
    """One fusion of a cohort.

    Attributes:
        id: names its folder, and stands for it in tables.
        mr: file or folder of the MR.
        second: of the CT, PET or SPECT.
        pair: "ct-mr", "pet-mr" or "spect-mr".
        third: of a further volume, or None.
        third_modality: modality of the third volume, or None.
        options: see `settings.OPTIONS`; what is not there has its default.
        trouble: a sentence that says why it cannot be fused; "" where it may be.
    """

    id: str
    mr: str = ""
    second: str = ""
    pair: str = ""
    third: str | None = None
    third_modality: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    trouble: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """Of the two or three sources."""
        return (self.mr, self.second, *([self.third] if self.third else []))

    @property
    def kind(self) -> str:
        """The pair and the third modality in words; studies of one kind are compared."""
        return f"{self.pair}, then {self.third_modality}-mr" if self.third_modality else self.pair

    @property
    def method(self) -> str:
        """Name of its fusion method."""
        return str(self.options.get("method", COLUMN_OPTIONS["method"].command_default))

    def wants(self, output: str) -> bool:
        """Whether an option that is yes or no, such as "scene", is yes."""
        return bool(self.options.get(output, COLUMN_OPTIONS[output].command_default))


def make_study(row: Mapping[str, Any], folder: str | Path = "", **defaults: Any) -> Study:
    """A study from a row of a list.

    Args:
        row: column -> value; empty ones count as absent.
        folder: what relative paths start from.
        defaults: options for what the row leaves open.

    Returns:
        The study, with its trouble where the row cannot be used.

    Raises:
        MedFusionError: no such column.

    Example:
        >>> make_study({"id": "p1", "mr": "a.nrrd", "second": "b.nrrd", "pair": "x"}).trouble
        "There is no pair 'x'; choose one of: ct-mr, pet-mr, spect-mr."
    """
    found = {
        name: _shown(name, value.strip()) if isinstance(value, str) else value
        for name, value in ((_column(name), value) for name, value in row.items() if name)
        if not name.startswith("#")
    }
    for name in found:
        if name not in (*COLUMNS, *COLUMN_OPTIONS):
            columns = ", ".join((*COLUMNS, *COLUMN_OPTIONS))
            raise MedFusionError(
                f"There is no column '{name}'; the columns are {columns}, "
                "and those whose name begins with # are left out."
            )
    found = {name: value for name, value in found.items() if value not in ("", None)}
    trouble = ""
    options: dict[str, Any] = {}
    for name, value in {**defaults, **found}.items():
        if name in COLUMN_OPTIONS and value is not None:
            one = COLUMN_OPTIONS[name]
            try:
                options[name] = one.read(value) if isinstance(value, str) else value
                one.check(options[name])
            except MedFusionError as error:
                trouble = trouble or str(error)
    paths = {
        name: str(Path(folder, str(found[name]))) if name in found else ""
        for name in ("mr", "second", "third")
    }
    study = Study(
        str(found.get("id", "")),
        paths["mr"],
        paths["second"],
        str(found.get("pair", "")),
        paths["third"] or None,
        found.get("third_modality"),
        options,
    )
    return replace(study, trouble=_trouble(study) or trouble)


def _shown(column: str, text: str) -> str:
    """A cell as tables, page and terminal may show it; paths are shown by none."""
    return text if column in ("mr", "second", "third") else printable(text)


def _column(name: str) -> str:
    name = name.strip().lower().replace("-", "_").replace(" ", "_")
    return FORMER.get(name, name)


def _trouble(study: Study) -> str:
    """Why a row cannot be used; "" where it can."""
    if not study.id:
        return "The row has no id; give each study one of its own."
    if not _SAFE_ID.fullmatch(study.id) or study.id.lower() in _TAKEN:
        return (
            f"The id '{study.id}' cannot name a folder; "
            "use up to 100 letters (a to z), digits, '-', '_' and '.', a letter or digit first."
        )
    missing = [name for name in ("mr", "second", "pair") if not getattr(study, name)]
    if missing:
        return f"The row has no {' and no '.join(missing)}; fill it in."
    if bool(study.third) != bool(study.third_modality):
        return "Give the third volume and its modality (third_modality) together, or neither."
    try:
        modalities_of(study.pair, study.third_modality)
    except MedFusionError as error:
        return str(error)
    return ""


def read_studies(path: str | Path, **defaults: Any) -> list[Study]:
    """The studies in a CSV or a BIDS folder.

    Args:
        path: a CSV with the columns id, mr, second, pair, third, third_modality, and any option of
            `medfusion fuse`; its relative paths start from its own folder. Or a BIDS folder, see
            `bids.read_bids`.
        defaults: options for what a row leaves open, such as `method="fw-net"`.

    Returns:
        The studies, in the order of the list.

    Raises:
        MedFusionError: there is no list, it cannot be read, or it has unknown columns.

    Example:
        >>> read_studies("list.csv", method="maximum")[0].id  # doctest: +SKIP
        'p001'
    """
    path = Path(path)
    if path.is_dir():
        from .bids import read_bids

        return named_once([make_study(row, **defaults) for row in read_bids(path)])
    rows = _rows(path)
    return named_once([make_study(row, path.parent, **defaults) for row in rows])


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise MedFusionError(
            f"The list {path} is not UTF-8 text; save it as CSV (UTF-8)."
        ) from None
    except OSError as error:
        raise MedFusionError(f"The list {path} cannot be read: {error.strerror}.") from None
    between = max(",;\t", key=text.partition("\n")[0].count)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=between, strict=True))
    except csv.Error as error:
        raise MedFusionError(f"The list {path} is no CSV: {error}.") from None
    columns = {_column(name) for name in rows[0] if name} if rows else set()
    missing = [name for name in ("id", "mr", "second", "pair") if name not in columns]
    if missing:
        raise MedFusionError(
            f"The list {path} needs the columns id, mr, second and pair, and at least one row; "
            f"it has no {missing[0] if rows else 'row'}."
        )
    if any(None in row for row in rows):
        number = next(n for n, row in enumerate(rows, 2) if None in row)
        raise MedFusionError(
            f"Line {number} of the list {path} has more cells than the first line has columns; "
            "put quotes around cells that hold the separator."
        )
    return [row for row in rows if any((value or "").strip() for value in row.values())]


def named_once(studies: Sequence[Study]) -> list[Study]:
    """The studies, those that share an id with another in trouble.

    Upper and lower case count as the same: some file systems do not tell them apart.

    Example:
        >>> [study.trouble[:16] for study in named_once([Study("a"), Study("A"), Study("b")])]
        ['Several rows hav', 'Several rows hav', '']
    """
    counts = Counter(study.id.lower() for study in studies)
    return [
        replace(study, trouble=f"Several rows have the id '{study.id}'; give each its own.")
        if study.id and counts[study.id.lower()] > 1
        else study
        for study in studies
    ]
