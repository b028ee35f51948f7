"""MGH and MGZ, the volumes of FreeSurfer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .base import Header
from .streams import open_inflated
from .with_nibabel import NibabelFormat


class Mgh(NibabelFormat):
    """FreeSurfer's volumes."""

    name = "MGH"
    endings = (".mgh", ".mgz")

    def header(self, path: Path, name: str, orientation: str | None = None) -> Header:
        """See `FileFormat.header`."""
        found = super().header(path, name, orientation)
        with open_inflated(path) as stream:
            if any(stream.read(30)[28:]):  # goodRASFlag, which nibabel sets itself
                return found
        note = (
            f"{name} does not say how it lies in space (its goodRASFlag is 0): FreeSurfer's "
            "coronal slices are taken. Check left and right."
        )
        return replace(found, notes=(note,))


FORMAT = Mgh()
