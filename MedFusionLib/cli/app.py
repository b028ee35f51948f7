"""The Typer application: what every command shares at its start and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import Annotated

import typer

from .. import __version__
from ..errors import MedFusionError
from .terminal import close_streams, err, open_streams, out

#: in the messages of libraries that get no memory, be it for their own code
NO_MEMORY = (
    "alloc",
    "out of memory",
    "failed to map segment",
    "can't start new thread",
    "error return without",
)

app = typer.Typer(
    help="Fuse registered MR and CT, PET or SPECT volumes. Research software, not a medical "
    "device.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; an error is told in one sentence on stderr.

    The exit code is 2 for bad input, 130 for an interrupt, 143 for a termination, and 1 for
    an unexpected error; MEDFUSION_DEBUG=1 in the environment shows where that happened.
    """
    open_streams()
    _clean_up_when_terminated()
    try:
        _run()
    except SystemExit as ending:
        if not close_streams() and not ending.code:
            err.print("Error: The output could not be written; is the disk full?")
            raise SystemExit(1) from None
        raise


def _run() -> None:
    try:
        sys.exit(app(args=sys.argv[1:] or ["--help"], standalone_mode=False))
    except (typer.Abort, KeyboardInterrupt):
        err.print("Cancelled.")
        sys.exit(130)
    except SystemExit as ending:  # Typer's answer to an interrupt
        if ending.code == 130:
            err.print("Cancelled.")
        raise
    except Exception as error:
        if os.environ.get("MEDFUSION_DEBUG"):
            raise
        code, message = _in_words(error)
    err.print(f"Error: {message}", style="red", highlight=False, soft_wrap=True)
    sys.exit(code)


def _in_words(error: Exception) -> tuple[int, str]:
    """The exit code and the sentence for an error."""
    if isinstance(error, MedFusionError):
        return 2, str(error)
    if hasattr(error, "format_message"):  # Typer's message about the arguments
        words = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
        context = getattr(error, "ctx", None)
        command = f" {context.info_name}" if context and context.parent else ""
        return 2, f"{words}; see 'medfusion{command} --help'."
    first = (str(error).splitlines() or [""])[0].rstrip(".")
    if isinstance(error, MemoryError) or any(word in first.lower() for word in NO_MEMORY):
        return 2, (
            "The memory of this machine is too small for these volumes; resample them to fewer "
            "voxels, or close other programs."
        )
    if isinstance(error, OSError):
        where = f"{error.filename} cannot be used: " if error.filename else ""
        return 2, f"{where}{error.strerror or first}; check the disk and the path."
    return 1, (
        f"An unexpected error ({type(error).__name__}: {first}); please report it "
        "with the command that you gave."
    )


def _clean_up_when_terminated() -> None:
    """Make a termination signal end the command as an error does: temporary folders are removed."""

    def end(number: int, _: object) -> None:
        sys.exit(128 + number)

    with contextlib.suppress(ValueError):  # not in the main thread
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), end)
        if os.name == "posix":
            sys.unraisablehook = _end_all_the_same


def _end_all_the_same(found: sys.UnraisableHookArgs) -> None:
    """Send a signal once more that fell into a destructor, where Python ignores what it raises."""
    ending = found.exc_value
    if isinstance(ending, KeyboardInterrupt):
        number = int(signal.SIGINT)
    elif isinstance(ending, SystemExit) and isinstance(ending.code, int) and ending.code > 128:
        number = ending.code - 128
    else:
        return sys.__unraisablehook__(found)
    again = threading.Timer(0.05, os.kill, [os.getpid(), number])  # when the destructor is over
    again.daemon = True  # no longer once the command has ended
    again.start()


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"medfusion {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    pass
