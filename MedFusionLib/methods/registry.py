"""The registry of fusion methods: every method in `networks/` and `classical/`, by its name.

A method is a subclass of `base.FusionMethod`; adding one means adding a file with its class.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from ..errors import MedFusionError

if TYPE_CHECKING:  # it needs torch, and the panel has to load without
    from .base import FusionMethod

#: the default method; docs/understand/bands.md says why
DEFAULT_METHOD = "bands"


@cache
def _registry() -> dict[str, type[FusionMethod]]:
    found = {}
    for folder in ("networks", "classical"):
        package = importlib.import_module(f"{__package__}.{folder}")
        for entry in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{entry.name}")
            for method in vars(module).values():
                if _is_method(method) and method.__module__ == module.__name__:
                    found[method.name] = method
    return found


def _is_method(value: object) -> bool:
    """Whether it is a method that can be made and has a name of its own."""
    from .base import FusionMethod

    is_class = inspect.isclass(value) and issubclass(value, FusionMethod)
    return is_class and not inspect.isabstract(value) and "name" in vars(value)


def all_methods(kind: str | None = None) -> list[type[FusionMethod]]:
    """All registered methods, or those of one kind ("network" or "classical"), networks first.

    Example:
        >>> [method.name for method in all_methods("network")]  # doctest: +SKIP
        ['badal-regas', 'cspa-dn', 'funfusean', 'fw-net']
    """
    return [method for method in _registry().values() if kind in (None, method.kind)]


def get_method(name: str) -> type[FusionMethod]:
    """The method of that name: a class; called, it gives a module (a network's is untrained).

    Raises:
        MedFusionError: there is none; the message lists those there are.

    Example:
        >>> get_method("maximum").title
        'Maximum'
    """
    try:
        return _registry()[name]
    except KeyError:
        names = ", ".join(_registry())
        raise MedFusionError(f"There is no method '{name}'; choose one of: {names}.") from None
