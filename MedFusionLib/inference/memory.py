"""Memory that a computation on the CPU frees and needs again."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from threading import Lock

# of mallopt(3)
TRIM_THRESHOLD, MAP_THRESHOLD = -1, -3
#: bytes up to which the C library, left to itself, comes to keep freed blocks
OWN_LIMIT = 2**25
#: one for each that is open, in any thread
_WITHIN: list[None] = []
_LOCK = Lock()


@contextlib.contextmanager
def kept_memory() -> Iterator[None]:
    """Within, freed memory stays with the process; afterwards it goes back to the system.

    Else every layer of a network fetches its memory afresh, page by page, which took a fifth of
    a fusion's time. One within another changes nothing. For the C library of Linux; elsewhere
    nothing changes.

    Example:
        >>> with kept_memory():
        ...     pass
    """
    try:
        library = ctypes.CDLL(None)
        change, give_back = library.mallopt, library.malloc_trim
    except (AttributeError, OSError, TypeError):
        yield
        return
    with _LOCK:
        _WITHIN.append(None)
        if len(_WITHIN) == 1:
            change(TRIM_THRESHOLD, 2**31 - 1)
            change(MAP_THRESHOLD, 2**30) or change(MAP_THRESHOLD, OWN_LIMIT)  # older: no more
    try:
        yield
    finally:
        with _LOCK:
            _WITHIN.pop()
            if not _WITHIN:
                change(MAP_THRESHOLD, OWN_LIMIT)
                change(TRIM_THRESHOLD, 2 * OWN_LIMIT)
                give_back(0)
