"""Formats that SimpleITK reads, once their files are checked."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import MedFusionError
from ..volumes import Volume, check_geometry, check_scalar, from_sitk
from .base import FileFormat, Header

if TYPE_CHECKING:
    import SimpleITK as sitk

#: words of ITK's readers that refuse a geometry before `Volume` sees it
_BAD_GEOMETRY = ("Bad direction", "orthonormal", "Zero-valued spacing")
#: what is set for the whole process while ITK reads belongs to one thread at a time
_ALONE = threading.RLock()


class ItkFormat(FileFormat):
    """A format of ITK; it adds its `check`.

    Attributes:
        io: name of ITK's reader, the one that the check was made for.
    """

    io: str

    def header(self, path: Path, name: str) -> Header:
        """See `FileFormat.header`."""
        import SimpleITK as sitk

        reader = sitk.ImageFileReader()
        reader.SetImageIO(self.io)
        reader.SetFileName(str(path))
        with reading(path, name):
            reader.ReadImageInformation()
        check_scalar(reader.GetNumberOfComponents(), reader.GetDimension(), name)
        direction = np.array(reader.GetDirection()).reshape(3, 3)
        check_geometry(direction * reader.GetSpacing(), name)
        return Header(reader.GetSize(), reader.GetSpacing(), reader.GetOrigin(), direction)

    def read(self, path: Path, name: str) -> Volume:
        """See `FileFormat.read`."""
        import SimpleITK as sitk

        with reading(path, name):
            image: sitk.Image = sitk.ReadImage(str(path), imageIO=self.io)
        return from_sitk(image, name)


@contextlib.contextmanager
def reading(path: Path, name: str) -> Iterator[None]:
    """Within, ITK reads without a line on the terminal, and its errors become sentences."""
    from . import in_words

    try:
        with _ALONE, _no_lines():
            yield
    except RuntimeError as error:
        if any(word in str(error) for word in _BAD_GEOMETRY):
            raise MedFusionError(
                f"{name} has a singular or sheared geometry; correct its spacing and direction."
            ) from None
        raise MedFusionError(f"{path} cannot be read; give {in_words()}.") from None


@contextlib.contextmanager
def _no_lines() -> Iterator[None]:
    """Within, no warning of ITK and no line of its readers' C code reaches a terminal."""
    import SimpleITK as sitk

    quiet = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no such stream
        try:
            yield
        finally:
            sitk.ProcessObject.SetGlobalWarningDisplay(quiet)
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(quiet)
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
