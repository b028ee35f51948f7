"""Studies in a BIDS folder: an MR with the CT and PET of the same subject and session.

The names are read here and not by pybids: BIDS has no CT yet, so pybids leaves CT files out, and it
brings a database along for what is one pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import MedFusionError

#: suffix of a second source -> pair
SECOND = {"pet": "pet-mr", "ct": "ct-mr"}
#: suffixes of the MR, the one to be taken first
FIRST = ("T1w", "T2w")
_NAME = re.compile(r"(?P<entities>[A-Za-z0-9_-]+)_(?P<suffix>[A-Za-z0-9]+)\.nii(\.gz)?")


def read_bids(folder: Path) -> list[dict[str, str]]:
    """A row for each CT and PET, with the MR of the same subject and session.

    Of several MRs a T1w goes before a T2w, and then the first by name. A CT or PET without an MR
    has a row without one, so that it is reported; an MR alone has no row. 'derivatives'
    and other folders beside the subjects are left out.

    Args:
        folder: with folders `sub-*`, in them perhaps `ses-*`, in these `anat`, `ct` and `pet`.

    Returns:
        The rows, as `studies.make_study` takes them; ids such as "sub-01_ses-a_pet".

    Raises:
        MedFusionError: no such folder in there, or none with a CT or PET.

    Example:
        >>> read_bids(Path("dataset"))  # doctest: +SKIP
        [{'id': 'sub-01_pet', 'mr': '...', 'second': '...', 'pair': 'pet-mr'}]
    """
    subjects = sorted(path for path in folder.glob("sub-*") if path.is_dir())
    if not subjects:
        raise MedFusionError(
            f"The folder {folder} has no folders sub-*; give a CSV or a BIDS folder."
        )
    rows: list[dict[str, str]] = []
    for subject in subjects:
        sessions = sorted(path for path in subject.glob("ses-*") if path.is_dir())
        for place in sessions or [subject]:
            rows += _rows_of(place)
    if not rows:
        raise MedFusionError(
            f"The BIDS folder {folder} holds no CT or PET (such as sub-01/pet/sub-01_pet.nii.gz)."
        )
    return rows


def _rows_of(place: Path) -> Iterator[dict[str, str]]:
    first = [path for suffix in FIRST for _, path in _images(place / "anat", suffix)]
    for suffix, pair in SECOND.items():
        for entities, path in _images(place / suffix, suffix):
            yield {
                "id": f"{entities}_{suffix}",
                "mr": str(first[0]) if first else "",
                "second": str(path),
                "pair": pair,
            }


def _images(folder: Path, suffix: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.glob(f"*_{suffix}.nii*")):
        name = _NAME.fullmatch(path.name)
        if name:
            yield name["entities"], path
