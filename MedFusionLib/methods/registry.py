"""The registry of fusion methods: published networks and classical yardsticks, one file each.

A method is a `torch.nn.Module` whose `forward(first, second)` takes two slice batches of shape
(N, 1, H, W) in [0, 1] and returns the fused batch of the same shape. Every module in `networks/`
and `classical/` that defines `METHOD` is an entry: adding a method means adding one file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ..errors import MedFusionError

if TYPE_CHECKING:
    from torch import nn

#: what fuses where nobody chose: docs/bands.md says why
DEFAULT_NETWORK = "bands"


@dataclass(frozen=True)
class Method:
    """One fusion method.

    Attributes:
        name: name on the command line, such as "funfusean".
        title: name as published.
        kind: "network" (needs weights) or "classical" (needs none).
        summary: one line for a clinician: what it is.
        citation: the publication, one line.
        build: makes the module, untrained.
        choices: what the publication leaves open and what was chosen here.
        radius: how far (pixels) an input pixel can reach in the fused image; None: everywhere.
        differentiable: whether the `gradient` contributions exist.
        gradient_note: a warning about its `gradient` maps, "" where there is none.
        group: "first" for the short list to choose from, "more" for what one compares with.
        all_pairs: whether one set of weights serves all pairs; else there is one for each.
        any_number: whether it takes any number of sources at once, in any order.
        parts: whether the `parts` contributions exist: its module has `parts(*sources)`, a map for
            each source, and their sum is the fused batch (see `sums`).
        weighs: whether it says what it took at which scale (`results.why`): its module has
            `weigh(*sources)` and `scales`, as `networks.bands` explains them.
    """

    name: str
    title: str
    kind: str
    summary: str
    citation: str
    build: Callable[[], nn.Module]
    choices: str = ""
    radius: int | None = None
    differentiable: bool = True
    gradient_note: str = ""
    group: str = "more"
    all_pairs: bool = False
    any_number: bool = False
    parts: bool = False
    weighs: bool = False


@cache
def _registry() -> dict[str, Method]:
    found = {}
    for folder in ("networks", "classical"):
        package = importlib.import_module(f"{__package__}.{folder}")
        for entry in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{entry.name}")
            if hasattr(module, "METHOD"):
                found[module.METHOD.name] = module.METHOD
    return found


def all_methods(kind: str | None = None) -> list[Method]:
    """All registered methods, or those of one kind ("network" or "classical"), networks first.

    Example:
        >>> [method.name for method in all_methods("network")]  # doctest: +SKIP
        ['badal-regas', 'cspa-dn', 'funfusean', 'fw-net']
    """
    return [method for method in _registry().values() if kind in (None, method.kind)]


def get_method(name: str) -> Method:
    """The method of that name.

    Raises:
        MedFusionError: there is none; the message lists those there are.
    """
    try:
        return _registry()[name]
    except KeyError:
        names = ", ".join(_registry())
        raise MedFusionError(f"There is no method '{name}'; choose one of: {names}.") from None
