"""The command line: it reads words, calls the library, and shows progress. No science here.

One file a command, named like it; adding a command means adding its file and its name below.
"""

import sys

try:
    from . import (  # noqa: F401
        benchmark,
        cohort,
        demo,
        dictionary,
        evaluate,
        fuse,
        gallery,
        leaks,
        methods,
        series,
        train,
        why,
    )
    from .app import main
except KeyboardInterrupt:  # loading takes seconds on a busy machine
    print("Cancelled.", file=sys.stderr)
    sys.exit(130)

__all__ = ["main"]
