"""Formats that SimpleITK reads, once their files are checked."""

from __future__ import annotations

import contextlib
import locale
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...errors import MedFusionError
from ..volumes import check_geometry, check_scalar
from .base import FileFormat, Header

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

    def header(self, path: Path, name: str, orientation: str | None = None) -> Header:
        """See `FileFormat.header`."""
        import SimpleITK as sitk

        reader = sitk.ImageFileReader()
        reader.SetImageIO(self.io)
        reader.SetFileName(str(path))
        with _reading(path, name):
            reader.ReadImageInformation()
        if "complex" in sitk.GetPixelIDValueAsString(reader.GetPixelID()):
            raise MedFusionError(f"{name} holds complex numbers; give their magnitude.")
        components, size = reader.GetNumberOfComponents(), reader.GetSize()
        if self.is_list(path):
            components, size = 1, (*size, components)
        check_scalar(components, 3 if len(size) == 4 else len(size), name)
        direction = np.array(reader.GetDirection())
        direction = direction.reshape(2 * (round(direction.size**0.5),))[:3, :3]
        spacing, origin = reader.GetSpacing()[:3], reader.GetOrigin()[:3]
        check_geometry(direction * spacing, name)
        return Header(size[:3], spacing, origin, direction, size[3] if len(size) > 3 else 1)

    def is_list(self, path: Path) -> bool:
        """Whether the values of a voxel are those of the volumes of a time series."""
        return False

    def frames(self, path: Path, name: str) -> Iterator[np.ndarray]:
        """See `FileFormat.frames`."""
        import SimpleITK as sitk

        with _reading(path, name):
            image = sitk.ReadImage(str(path), imageIO=self.io)
        stored = sitk.GetArrayViewFromImage(image)
        if self.is_list(path):
            stored = np.moveaxis(stored, -1, 0)
        yield from stored if stored.ndim == 4 else [stored]


@contextlib.contextmanager
def _reading(path: Path, name: str) -> Iterator[None]:
    """Within, the errors of ITK's readers become sentences."""
    from . import in_words

    try:
        with alone():
            yield
    except RuntimeError as error:
        if any(word in str(error) for word in _BAD_GEOMETRY):
            raise MedFusionError(
                f"{name} has a singular or sheared geometry; correct its spacing and direction."
            ) from None
        raise MedFusionError(f"{path} cannot be read; give {in_words()}.") from None


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Within, ITK reads and writes files as if it had the process for itself.

    Its C code then takes a point for the decimal separator, whatever the locale that a Qt
    application sets, and writes no line on the terminal.
    """
    with decimal_point(), _no_warnings(), _no_lines():
        yield


@contextlib.contextmanager
def decimal_point() -> Iterator[None]:
    """Within, C code reads and writes 3.7 with a point, whatever the locale."""
    with _ALONE:
        before = locale.setlocale(locale.LC_NUMERIC)
        locale.setlocale(locale.LC_NUMERIC, "C")
        try:
            yield
        finally:
            locale.setlocale(locale.LC_NUMERIC, before)


@contextlib.contextmanager
def _no_warnings() -> Iterator[None]:
    import SimpleITK as sitk

    before = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(before)


@contextlib.contextmanager
def _no_lines() -> Iterator[None]:
    """Within, what C code writes to the error stream reaches no terminal."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no such stream
        yield
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
