"""The command line: it reads words, calls the library, and shows progress. No science here.

One file a command, named like it; adding a command means adding its file and its name below.
"""

from . import benchmark, cohort, demo, evaluate, fuse, gallery, methods, train  # noqa: F401
from .app import main

__all__ = ["main"]
