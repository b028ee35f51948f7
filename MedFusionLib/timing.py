"""Where the processor's time goes, part by part.

>>> with timing() as seconds, part("resting"):
...     pass
>>> list(seconds)
['resting']
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_SECONDS: ContextVar[dict[str, float] | None] = ContextVar("seconds", default=None)


@contextmanager
def timing() -> Iterator[dict[str, float]]:
    """Within, parts are timed; yields name -> processor seconds of all threads of this process."""
    found: dict[str, float] = {}
    token = _SECONDS.set(found)
    try:
        yield found
    finally:
        _SECONDS.reset(token)


@contextmanager
def part(name: str) -> Iterator[None]:
    """Within, the work counts to a part, where `timing` is on. Parts must not be nested."""
    seconds = _SECONDS.get()
    if seconds is None:
        yield
        return
    began = time.process_time()
    try:
        yield
    finally:
        seconds[name] = seconds.get(name, 0.0) + time.process_time() - began
