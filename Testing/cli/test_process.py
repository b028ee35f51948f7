"""How the command that fuses once treats its process."""

import gc
import os
import subprocess
import sys

import pytest

from MedFusionLib.cli import fuse
from MedFusionLib.cli.process import for_one_fusion
from MedFusionLib.inference import memory


def test_nobody_collects_within_and_again_after_an_error():
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), for_one_fusion():
        assert not gc.isenabled()
        assert memory._WITHIN or sys.platform != "linux"
        _ = 1 / 0
    assert gc.isenabled()
    assert not memory._WITHIN


def test_who_had_turned_it_off_finds_it_off():
    gc.disable()
    try:
        with for_one_fusion():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_command_reads_and_fuses_within(monkeypatch, tmp_path):
    seen = []

    def read(path, **_):
        seen.append(gc.isenabled())
        raise InterruptedError

    monkeypatch.setattr("MedFusionLib.sources.files.read_with_checksum", read)
    words = ["fuse", "a.nrrd", "b.nrrd", "--pair", "pet-mr", "--out", str(tmp_path / "out")]
    with pytest.raises(InterruptedError):
        fuse.app(args=words, standalone_mode=False)
    assert seen == [False]
    assert gc.isenabled()


def test_at_the_end_nothing_is_searched_for_cycles():
    program = (
        "import MedFusionLib.cli.process, atexit, gc\n"
        "atexit._run_exitfuncs()\n"
        "print(gc.get_freeze_count() > 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_ctrl_c_while_the_command_loads_costs_one_line():
    program = (
        "import builtins\n"
        "load = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'typer':\n"
        "        raise KeyboardInterrupt\n"
        "    return load(name, *rest)\n"
        "builtins.__import__ = interrupted\n"
        "import MedFusionLib.cli\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Cancelled.\n")


@pytest.mark.skipif(os.name != "posix", reason="Windows ends a process without asking it")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_that_falls_into_a_destructor_ends_the_command_all_the_same(name, code):
    program = (
        "import signal, sys, time\n"
        "from MedFusionLib.cli import app\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Closing:\n"
        "    def __del__(self):\n"
        f"        signal.raise_signal(signal.{name})\n"
        "def command(**_):\n"
        "    Closing()\n"
        "    print('goes on', flush=True)\n"
        "    time.sleep(60)\n"
        "app.app = command\n"
        "app.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50
    )
    assert done.stdout == "goes on\n"
    assert done.returncode == code
    assert "ignored" not in done.stderr and "Traceback" not in done.stderr
