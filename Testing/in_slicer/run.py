"""Run the panel's tests inside Slicer:

    Slicer --testing --additional-module-paths MedFusion --python-script Testing/in_slicer/run.py

``MEDFUSION_PYTEST`` holds further arguments for pytest. `launch.py` beside this file finds a
Slicer, gives it these arguments, and ends it when it hangs.
"""

import os
import shlex
import sys
import traceback

import slicer

TESTING = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = [os.path.join(TESTING, name) for name in ("panel", "in_slicer")]


def main():
    """Run pytest on the terminal that Slicer was started from; exit with its code."""
    sys.path[:0] = [*FOLDERS, TESTING]
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__  # not Slicer's Python console
    sys.stdout.reconfigure(write_through=True)
    slicer.util.mainWindow().resize(600, 400)  # small views are drawn quickly
    code = 3
    try:
        import pytest

        options = ["--rootdir", os.path.dirname(TESTING), "-p", "no:cacheprovider"]
        options += ["-o", "faulthandler_timeout=60"]
        more = shlex.split(os.environ.get("MEDFUSION_PYTEST", ""))
        code = int(pytest.main([*options, *FOLDERS, *more]))
    except ImportError:
        print("Slicer's Python has no pytest; in its console: pip_install('pytest')")
    except BaseException:
        traceback.print_exc(file=sys.stdout)
    sys.stdout.flush()
    os._exit(code)  # the result must not depend on how Slicer's window closes


main()
