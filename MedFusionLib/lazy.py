"""Public names of a package that load their module when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def public(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """What a package's `__init__` needs to offer names without loading them.

    So `import MedFusionLib` stays quick: torch and SimpleITK load when something needs them.
    (scikit-image's lazy_loader does the same, but must be installed before anything is.)

    Args:
        package: its `__name__`.
        homes: module below the package -> the names that it offers, with spaces between.

    Returns:
        `__getattr__`, `__dir__` and `__all__` of the package.

    Example:
        >>> load, names, offered = public("MedFusionLib", {"errors": "MedFusionError Cancelled"})
        >>> load("Cancelled").__name__, offered
        ('Cancelled', ['MedFusionError', 'Cancelled'])
    """
    home = {name: module for module, names in homes.items() for name in names.split()}

    def load(name: str) -> Any:
        if name in home:
            return getattr(importlib.import_module(f"{package}.{home[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load, lambda: sorted(home), list(home)
