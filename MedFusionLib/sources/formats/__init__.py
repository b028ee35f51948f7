"""The registry of file formats: one file for each, beside what they share.

Every module of this package that defines `FORMAT`, a `base.FileFormat`, is an entry: reading,
checks of a cohort and the search for training pairs know it by its endings. Adding a format means
adding one file.

- `base`: what a format is, and the header that it gives
- `itk`: formats whose voxels SimpleITK reads
- `with_nibabel`: formats that nibabel reads, an extra of the command line
- `streams`: the lines, numbers and bytes of a file, read with care
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from ...errors import MedFusionError
from .base import FileFormat


@cache
def all_formats() -> tuple[FileFormat, ...]:
    """All registered file formats, by name.

    Example:
        >>> [kind.name for kind in all_formats()]
        ['MGH', 'MHA', 'MINC', 'NIfTI', 'NRRD']
    """
    modules = (
        importlib.import_module(f"{__name__}.{entry.name}")
        for entry in pkgutil.iter_modules(__path__)
    )
    found = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return tuple(sorted(found, key=lambda kind: kind.name.lower()))


def endings() -> tuple[str, ...]:
    """The endings of all formats, each with its dot; the longer before the shorter.

    Example:
        >>> ".nii.gz" in endings()
        True
    """
    found = {ending for kind in all_formats() for ending in kind.endings}
    return tuple(sorted(found, key=lambda ending: (-len(ending), ending)))


def in_words() -> str:
    """What can be given, as part of a sentence.

    Example:
        >>> in_words()
        'MGH, MHA, MINC, NIfTI, NRRD or a folder of DICOM slices'
    """
    return f"{', '.join(kind.name for kind in all_formats())} or a folder of DICOM slices"


def stem(path: Path) -> str:
    """The name of a file without its ending; other dots in it stay.

    Example:
        >>> stem(Path("sub-01.mr.nii.gz")), stem(Path("notes.txt"))
        ('sub-01.mr', 'notes')
    """
    for ending in endings():
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)] or path.name
    return path.stem or path.name


def format_of(path: Path) -> FileFormat:
    """The format of a file, by the ending of its name.

    Raises:
        MedFusionError: no plain file, or one of no format that can be read.

    Example:
        >>> format_of(Path("head.nrrd")).name  # doctest: +SKIP
        'NRRD'
    """
    if path.exists() and not path.is_file():
        raise MedFusionError(f"{path} is not a plain file; give {in_words()}.")
    for kind in all_formats():
        if path.name.lower().endswith(kind.endings):
            return kind
    raise MedFusionError(f"{path} cannot be read; give {in_words()}.")
