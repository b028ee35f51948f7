"""Run the panel's tests inside a Slicer, if one is there:

    python Testing/in_slicer/launch.py [PYTEST'S ARGUMENTS]
    python Testing/in_slicer/launch.py tutorial [FOLDER FOR PICTURES]

``SLICER`` names the program to start. Without one the tests are left out, and it is said what to
type.

The folder is not called `slicer`: beside the tests, it would become part of slicer-core's package.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
#: seconds, after which Slicer is ended; alone on two cores the tests take about two minutes
LIMIT = 900


def main(arguments: list[str]) -> int:
    """Start Slicer with run.py; its exit code, or 0 where the tests are left out."""
    slicer = os.environ.get("SLICER", "")
    if not slicer:
        print(
            "SKIPPED  the panel's tests inside Slicer: no Slicer is known. Type:\n"
            "  make test SLICER=/path/to/Slicer"
        )
        return 0
    script, mode = "run.py", ["--testing"]
    if arguments[:1] == ["tutorial"]:
        script, mode, arguments = "tutorial.py", [], arguments[1:]
    command = [slicer, *mode, "--additional-module-paths", str(ROOT / "MedFusion")]
    command += ["--python-script", str(Path(__file__).with_name(script))]
    environment = {**os.environ, "MEDFUSION_PYTEST": shlex.join(arguments)}
    environment.setdefault("VENV", str(Path(sys.executable).parent.parent))
    environment.pop("QT_QPA_PLATFORM", None)  # the views need a real, if virtual, screen
    paths = [str(ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return run(command, environment)


def run(command: list[str], environment: dict[str, str]) -> int:
    """The command's exit code; what it started is ended with it, or at the limit."""
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        code = process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        print(f"Slicer was still running after {LIMIT} s and was ended.")
        code = 124
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    print(f"Slicer ended with {code} after {time.monotonic() - started:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
