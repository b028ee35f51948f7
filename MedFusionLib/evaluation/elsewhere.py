"""Fused images made elsewhere, to be scored beside our own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import repeat
from pathlib import Path

import numpy as np

from ..errors import MedFusionError
from ..sources.formats import endings
from ..sources.pictures import PICTURES, read_picture
from ..sources.volumes import same_grid
from ..training.datasets import Case
from .scores import Contender
from .stacks import stack_of


def foreign(folder: str | Path, cases: Sequence[Case], name: str | None = None) -> Contender:
    """A folder of fused images made elsewhere, to be scored beside our own.

    For each case the folder holds either a volume `CASE.nrrd` (or .nii, .nii.gz, .mha) on the grid
    of the case's MR, or the slices as grey pictures (PNG, TIFF, JPEG; 8 or 16 bit), `CASE-000.png`
    or `CASE/000.png`; leading zeros do not matter. Slices are numbered as the MR is stored, from 0,
    or from 1 where there is no 0 and the last number is that of slices; rows and columns are those
    of the stored MR. Empty slices may be missing. Where the cases are pictures themselves, the
    fused one is `CASE.png`. Values are used as they are where none in the folder exceeds 2; else
    0..255 becomes 0..1, as it does for pictures (see `read_picture` for 16 bit).

    Args:
        folder: as above.
        cases: that are going to be scored.
        name: in the tables; default: the folder's name.

    Raises:
        MedFusionError: no folder, a missing or unfitting image, or values above 255.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MedFusionError(f"There is no folder {folder}; give the one with the fused images.")
    highest = 0.0
    for case in cases:
        whole = read_foreign(folder, case, stack_of(case.sources).numbers)
        if not np.isfinite(whole).all():
            raise MedFusionError(
                f"The fused images of case {case.name} in {folder} hold NaN or infinity; "
                "replace those values first."
            )
        highest = max(highest, float(whole.max()))
    if highest > 255.5:
        raise MedFusionError(
            f"The fused images in {folder} go up to {highest:g}; scale them to 0..1 or 0..255."
        )
    return Contender(name or folder.resolve().name, None, None, folder, 255 if highest > 2 else 1)


def find_foreign(
    folders: Sequence[Path],
    names: Sequence[str],
    cases: Sequence[Case],
    ours: Sequence[Contender] = (),
) -> list[Contender]:
    """Several folders of fused images, see `foreign`.

    Args:
        folders: the folders.
        names: of each, or none.
        cases: that are going to be scored.
        ours: the methods beside them.

    Raises:
        MedFusionError: as `foreign`; another number of names than folders, or a name twice.
    """
    if names and len(names) != len(folders):
        raise MedFusionError(
            f"There are {len(folders)} folders of fused images and {len(names)} names; "
            "give a --name for each --fused, or none."
        )
    chosen = names or [Path(folder).resolve().name for folder in folders]
    taken = [contender.name for contender in ours]
    for name in chosen:
        if name in taken:
            raise MedFusionError(f"There is a method '{name}' already; give another --name.")
        taken.append(name)
    return [foreign(*given) for given in zip(folders, repeat(cases), chosen, strict=False)]


def read_foreign(folder: Path, case: Case, numbers: Iterable[int]) -> np.ndarray:
    """The fused images of a case, (k, j, i) as its MR is stored, in their own units.

    Args:
        folder: see `foreign`.
        case: whose images.
        numbers: of the slices that are needed.
    """
    from ..sources.files import read_volume

    reference = case.sources.reference
    for ending in endings():
        path = folder / f"{case.name}{ending}"
        if path.is_file():
            volume = read_volume(path)
            if not same_grid(volume, reference):
                raise MedFusionError(
                    f"{path} does not lie on the grid of the MR of case {case.name}; save it with "
                    "the MR's size, spacing, origin and direction."
                )
            return volume.array
    whole = np.zeros(reference.shape, np.float32)
    there = _pictures_of(folder, case, len(whole))
    for number in numbers:
        if number not in there:
            found = sorted(path.name for path in there.values())
            raise MedFusionError(
                f"{folder} holds no fused image of slice {number} of case {case.name}; expected "
                f"the volume {case.name}.nrrd or a picture {case.name}-{number:03d}.png or "
                f"{case.name}/{number:03d}.png; found of this case: "
                f"{', '.join(found[:5]) or 'nothing'}{' ...' if len(found) > 5 else ''}."
            )
        picture = read_picture(there[number]) / 255
        if picture.shape != whole.shape[1:]:
            raise MedFusionError(
                f"{there[number]} has {picture.shape[0]} x {picture.shape[1]} pixels, but the "
                f"MR's slices have {whole.shape[1]} x {whole.shape[2]}."
            )
        whole[number] = picture
    return whole


def _pictures_of(folder: Path, case: Case, slices: int) -> dict[int, Path]:
    """The fused pictures of a case by the number of the slice, counted from 0."""
    if case.is_picture:
        for ending in PICTURES:
            if (folder / f"{case.name}{ending}").is_file():
                return {0: folder / f"{case.name}{ending}"}
    found: dict[int, Path] = {}
    for place, pattern in (
        (folder, rf"{re.escape(case.name)}-(\d+)"),
        (folder / case.name, r"(\d+)"),
    ):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            match = re.fullmatch(pattern, path.stem)
            if match and path.suffix.lower() in PICTURES:
                found.setdefault(int(match[1]), path)
    if found and 0 not in found and max(found) == slices:
        found = {number - 1: path for number, path in found.items()}
    return found
