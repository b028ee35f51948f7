"""How a command that fuses once, and ends, treats its process."""

from __future__ import annotations

import atexit
import contextlib
import gc
from collections.abc import Iterator

from ..inference.memory import kept_memory

# the system takes all memory back at once; searching it for cycles before took half a second
atexit.register(gc.freeze)


@contextlib.contextmanager
def for_one_fusion() -> Iterator[None]:
    """Within, nobody looks for cycles of garbage, and freed memory stays with the process.

    Loading torch and matplotlib makes a million objects that stay, through which Python would
    search a hundred times; and each of a fusion's arrays would fetch its memory page by page. A
    fusion leaves next to no cycles, so it takes no more memory.

    Example:
        >>> with for_one_fusion():
        ...     gc.isenabled()
        False
    """
    before = gc.isenabled()
    gc.disable()
    try:
        with kept_memory():
            yield
    finally:
        if before:
            gc.enable()
