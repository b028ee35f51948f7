"""The Typer application: what every command shares at its start and its end."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .. import __version__
from ..errors import MedFusionError
from .terminal import err, out

app = typer.Typer(
    help="Fuse registered MR and CT, PET or SPECT volumes. Research software, not a medical "
    "device.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; bad input ends it with code 2 and one sentence on stderr."""
    try:
        sys.exit(app(args=sys.argv[1:] or ["--help"], standalone_mode=False))
    except MedFusionError as error:
        message = str(error)
    except typer.Abort:
        err.print("Cancelled.")
        sys.exit(130)
    except Exception as error:
        if not hasattr(error, "format_message"):  # not Typer's word on the arguments
            raise
        words = " ".join(error.format_message().split()).rstrip(".")
        message = f"{words}; 'medfusion --help' says more."
    err.print(f"Error: {message}", style="red", highlight=False, soft_wrap=True, markup=False)
    sys.exit(2)


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
