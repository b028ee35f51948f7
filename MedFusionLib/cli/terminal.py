"""The terminal: its two streams and the progress bar.

What cannot be shown is dropped: a full disk behind `2>` or a closed pipe must not cost a result.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.text import Text

from ..printable import printable


class _Forgiving:
    """One of the two streams; failures to write are remembered and not raised.

    Letters that its encoding lacks become question marks.

    Attributes:
        failure: why something could not be written, or None.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.failure: OSError | None = None

    @property
    def _stream(self) -> Any:
        stream = getattr(sys, self._name)  # looked up anew: tests and progress bars replace it
        return getattr(stream, "rich_proxied_file", stream)

    def write(self, text: str) -> int:
        stream = self._stream
        encoding = getattr(stream, "encoding", None) or "utf-8"
        with self._forgiving():
            stream.write(text.encode(encoding, "replace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        with self._forgiving():
            self._stream.flush()

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = error
        except ValueError:  # it was closed
            pass

    def __getattr__(self, name: str) -> Any:
        if name == "rich_proxied_file":  # rich would write past this class
            raise AttributeError(name)
        return getattr(self._stream, name)


class _PlainConsole(Console):
    """A console on which no text from outside moves the cursor or turns the reading direction."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text, keep="\n"), style, control)


_OUT, _ERR = _Forgiving("stdout"), _Forgiving("stderr")
#: what is printed may hold brackets, as paths do: nothing stands for something else
out = _PlainConsole(file=cast(IO[str], _OUT), markup=False, emoji=False)
err = _PlainConsole(file=cast(IO[str], _ERR), markup=False, emoji=False)


def open_streams() -> None:
    """Open streams that the caller closed, so that no other file gets their numbers."""
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115


def close_streams() -> bool:
    """At the end: flush both streams; what cannot be written is dropped.

    Returns:
        Whether all of stdout was written, or its reader wanted no more.
    """
    for name, forgiving in (("stdout", _OUT), ("stderr", _ERR)):
        forgiving.flush()
        if forgiving.failure:
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, getattr(sys, name).fileno())
                os.close(nowhere)
    return _OUT.failure is None or isinstance(_OUT.failure, BrokenPipeError)


class _Rate(ProgressColumn):
    """Slices or steps in a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


@contextlib.contextmanager
def bar(text: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar; yields a function to call with (done, all)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        _Rate(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
