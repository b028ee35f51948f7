"""Results that several functions ask for, worked out once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

Taken = ParamSpec("Taken")
Made = TypeVar("Made")

#: function, first argument and further ones -> the first argument, and what the function made
_FOUND: ContextVar[dict[Hashable, tuple[object, Any]] | None] = ContextVar("found", default=None)


@contextmanager
def sharing() -> Iterator[None]:
    """Within, what `shared` functions made is kept; what they were given must not change."""
    token = _FOUND.set({})
    try:
        yield
    finally:
        _FOUND.reset(token)


def shared(function: Callable[Taken, Made]) -> Callable[Taken, Made]:
    """Mark a function of an image or volume that several others ask for: see `sharing`.

    Its first argument is known by its identity, further ones by their value.

    Example:
        >>> @shared
        ... def brightest(image):
        ...     return [max(image)]
        >>> image = [1, 3, 2]
        >>> with sharing():
        ...     brightest(image) is brightest(image)
        True
        >>> brightest(image) is brightest(image)
        False
    """

    @functools.wraps(function)
    def ask(*taken: Taken.args, **named: Taken.kwargs) -> Made:
        found = _FOUND.get()
        if found is None:
            return function(*taken, **named)
        first, *further = taken
        key = function, id(first), *further, *named.items()
        if key not in found:  # with the argument, so that its id is not given to another one
            found[key] = first, function(*taken, **named)
        made: Made = found[key][1]
        return made

    return ask
