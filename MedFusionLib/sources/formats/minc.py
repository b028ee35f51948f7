"""MINC 1 and 2, the volumes of the Montreal Neurological Institute."""

from __future__ import annotations

from .with_nibabel import NibabelFormat


class Minc(NibabelFormat):
    """MINC; its second version needs h5py, too."""

    name = "MINC"
    endings = (".mnc", ".mnc.gz")
    time_first = True


FORMAT = Minc()
