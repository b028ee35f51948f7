"""The panel in a Slicer whose Python has none of what is installed later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

TESTING = Path(__file__).resolve().parents[1]
SCRIPT = """
import sys
for name in ("torch", "safetensors", "skimage"):
    sys.modules[name] = None  # importing it raises ImportError
from host.panel import Host
from host.scene import RealScene
real = RealScene()
with Host(real) as host:
    host.pytorch.installed = False
    panel = host.open(sys.argv[1])
    print(panel.ui.statusLabel.text, panel.ui.methodComboBox.count)
    host.fail_on_errors()
real.close()
"""


def test_it_loads_and_says_what_to_install():
    module = TESTING.parent / "MedFusion" / "MedFusion.py"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(module)],
        cwd=TESTING,
        env={**os.environ, "PYTHONPATH": str(TESTING.parent)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "PyTorch, which runs the networks, is not installed yet." in done.stdout
