"""The words that arguments accept."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..results.checksums import CHECKS
from ..sources.modalities import PAIRS


def words(name: str, choices: Iterable[str]) -> Any:
    """An enumeration of words, as Typer takes the choices of an option.

    Example:
        >>> str(words("Colour", ["red", "blue"])("red"))
        'red'
    """
    make: Any = StrEnum  # whose members a type checker cannot know here
    return make(name, {word: word for word in choices})


if TYPE_CHECKING:  # the members are strings
    Pair = str
    PairOrAll = str
    Split = str
    Check = str
else:
    Pair = words("Pair", PAIRS)
    PairOrAll = words("PairOrAll", [*PAIRS, "all"])
    Split = words("Split", ["train", "test", "all"])
    Check = words("Check", CHECKS)
