"""Fixtures for all tests. Set what Qt and VTK read from the environment before they load."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED = CHECKOUT.parent / "shared"
#: whether pytest runs inside the Slicer application (in_slicer/run.py); its tests need nothing else
IN_SLICER = hasattr(sys.modules.get("slicer"), "app")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if sys.platform == "linux" and not os.environ.get("VTK_DEFAULT_OPENGL_WINDOW"):
    os.environ["VTK_DEFAULT_OPENGL_WINDOW"] = "vtkEGLRenderWindow"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real image data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("no folder 'shared' beside the checkout: tests on real images are left out")
    return SHARED


@pytest.fixture
def real_scene(capfd):
    """A fresh scene with the logics of Slicer's modules, and what was there before afterwards.

    VTK and MRML never raise: they write lines with "ERR|". Such a line fails the test; a test
    that expects one takes it away with ``capfd.readouterr()``.
    """
    pytest.importorskip("slicer", reason="slicer-core is not installed: no tests on MRML scenes")
    if IN_SLICER:
        from slicer_host import SlicerScene as RealScene
    else:
        from host.scene import RealScene

    real = RealScene()
    yield real
    real.close()
    output = capfd.readouterr()
    sys.stdout.write(output.out)
    sys.stderr.write(output.err)
    lines = [line for line in output.err.splitlines() if "ERR|" in line]
    if lines:
        pytest.fail("MRML reported:\n" + "\n".join(lines), pytrace=False)


@pytest.fixture
def scene(real_scene):
    """The fresh scene itself, a ``vtkMRMLScene``, also in ``slicer.mrmlScene``."""
    return real_scene.scene


@pytest.fixture
def host(real_scene):
    """The host of the panel's tests: ``host.open(module file)`` gives a panel.

    Inside Slicer that is Slicer, elsewhere the test host on slicer-core and PySide6. An exception
    in a slot fails the test; a test that expects one clears ``host.errors``.
    """
    if IN_SLICER:
        from slicer_host import SlicerHost as Host
    else:
        pytest.importorskip("PySide6", reason="PySide6 is not installed: no tests of the panel")
        from host.panel import Host

    with Host(real_scene) as host:
        yield host
    host.fail_on_errors()


@pytest.fixture(scope="session")
def in_process():
    """A Dask client whose one worker runs in this process: quick to start, and nobody else's."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: no cohorts")
    words = {
        "processes": False,
        "protocol": "tls://",
        "security": True,
        "host": "127.0.0.1",
        "n_workers": 1,
    }
    words |= {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.Client(**words) as client:
        yield client
