"""The registry of colour modes: one file each in `modes/`, an entry where it defines `MODE`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from ..errors import MedFusionError
from .mode import ColourMode

#: the default colours
DEFAULT_MODE = "sources"
#: the contributions where neither the user nor a mode wants any in particular
DEFAULT_CONTRIBUTIONS = "share"


@cache
def _registry() -> dict[str, ColourMode]:
    package = importlib.import_module(f"{__package__}.modes")
    found = {}
    for entry in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{entry.name}")
        if hasattr(module, "MODE"):
            found[module.MODE.name] = module.MODE
    return found


def all_modes() -> list[ColourMode]:
    """All colour modes, the default first.

    Example:
        >>> all_modes()[0].name == DEFAULT_MODE
        True
    """
    return sorted(_registry().values(), key=lambda mode: (mode.name != DEFAULT_MODE, mode.name))


def mode_names() -> tuple[str, ...]:
    """The names of all colour modes, the default first."""
    return tuple(mode.name for mode in all_modes())


def get_mode(name: str) -> ColourMode:
    """The colour mode of that name.

    Raises:
        MedFusionError: there is none; the message lists those there are.
    """
    try:
        return _registry()[name]
    except KeyError:
        raise MedFusionError(
            f"There is no colour mode '{name}'; choose one of: {', '.join(mode_names())}."
        ) from None


class ModeNames:
    """Names of colour modes as one word: with commas between."""

    looks = "names of colour modes with commas between, such as fused,paper"

    @staticmethod
    def parse(text: str) -> tuple[str, ...]:
        """The names in a word.

        Example:
            >>> ModeNames.parse("paper, fused")
            ('paper', 'fused')
        """
        return tuple(get_mode(name.strip()).name for name in text.split(",") if name.strip())


def contributions_for(*modes: str) -> str:
    """The contributions that suit colour modes: those of the first mode that has a default.

    Example:
        >>> contributions_for("paper"), contributions_for("fused", "paper")
        ('gradient', 'share')
    """
    wanted = (get_mode(name).contributions for name in modes)
    return next(filter(None, wanted), DEFAULT_CONTRIBUTIONS)
