"""MedFusion: fuse registered MR and CT, PET or SPECT volumes, and say what each contributed.

    >>> import MedFusionLib as mf
    >>> mr, pet = mf.read_volume("mr.nrrd"), mf.read_volume("pet.nrrd")  # doctest: +SKIP
    >>> fusion = mf.fuse(mr, pet, "pet-mr")  # doctest: +SKIP
    >>> fusion.fused.array.shape, fusion.colour.shape  # doctest: +SKIP

Research software, not a medical device. torch and SimpleITK load when they are first needed.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Volume": "volumes",
    "Window": "intensities",
    "read_volume": "files",
    "write_volume": "files",
    "fuse": "fusion",
    "Fusion": "fusion",
    "MedFusionError": "errors",
    "Cancelled": "errors",
    "PAIRS": "methods",
    "all_methods": "methods",
    "get_method": "methods",
}

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
