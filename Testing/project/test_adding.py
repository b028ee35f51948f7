"""Adding a method, metric, colour mode, pair or command takes the files that CONTRIBUTING says.

Each is added to one temporary copy of the project, whose own checks are run on it there.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
(METHOD,) = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.S)

METRIC = '''"""A toy."""

from torch import Tensor

from . import common


@common.metric("TOY", True, "0..1", common.OURS)
def toy_energy(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Mean square of the fused image; higher is better. Range 0..1.

    Defined for this project; no published table has it.

    Example:
        >>> import torch
        >>> image = torch.ones(1, 1, 8, 8)
        >>> toy_energy(image, image, image)
        tensor([1.])
    """
    common.check(fused, first, second)
    return common.average(fused * fused)
'''

MODE = '''"""A toy."""

import numpy as np

from ..mode import ColourMode, Legend, Places, levels


class Grey(ColourMode):
    name = "grey"
    title = "Grey"
    summary = "The fused image in grey."

    def table(self, coding, modalities):
        ramp = np.arange(256, dtype=np.uint8)
        return np.repeat(ramp[:, None, None], 3, axis=2)

    def places(self, voxels):
        row = levels(np.clip(voxels.fused, 0, 1)) * ~voxels.background
        return Places(row, np.zeros_like(row))

    def legend(self, coding, names, size):
        ramp = np.linspace(255, 0, size).astype(np.uint8)
        return Legend(np.tile(ramp[:, None, None], (1, size, 3)), "Grey", ())


MODE = Grey()
'''

COMMAND = '''"""medfusion hello"""

from .app import app
from .terminal import out


@app.command()
def hello() -> None:
    """Say hello."""
    out.print("hello")
'''

FUSE = """
from MedFusionLib.fusion import fuse
from MedFusionLib.colour.coding import Coding
from MedFusionLib.phantom.head import make_phantom

head = make_phantom((16, 32, 32))
fusion = fuse(head.t1, head.pet, "us-mr", method="contraharmonic", coding=Coding("grey"))
print(fusion.report.inputs[1].modality, fusion.report.method, fusion.colour.max())
"""

#: what of the project's tests concerns the new entries
CHECKS = [
    ("Testing/methods/test_methods.py", "contraharmonic or serves"),
    ("Testing/methods/test_classical.py", "contraharmonic or registered or derivative"),
    ("Testing/metrics/test_metrics.py", "toy_energy or lists"),
    ("Testing/colour/test_modes.py", "says_what_it_is"),
    ("Testing/project/test_packaging.py", "collects"),
    ("Testing/test_options.py", "colour or method"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project with one new entry of each kind."""
    home = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "*.png", ".*")
    for name in ("MedFusionLib", "MedFusion", "Testing", "tools"):
        shutil.copytree(ROOT / name, home / name, ignore=ignored)
    for name in ("pyproject.toml", "CONTRIBUTING.md", "CMakeLists.txt"):
        shutil.copy(ROOT / name, home / name)
    (home / "Resources").symlink_to(ROOT / "Resources")
    library = home / "MedFusionLib"
    for name, text in (
        ("methods/classical/contraharmonic.py", METHOD),
        ("metrics/toy.py", METRIC),
        ("colour/modes/grey.py", MODE),
        ("cli/hello.py", COMMAND),
    ):
        (library / name).write_text(text, encoding="utf-8")
    for name, old, new in (  # the one line elsewhere
        ("cli/__init__.py", "    gallery,\n", "    gallery,\n    hello,\n"),
        ("sources/modalities.py", "PAIRS = {", 'PAIRS = {"us-mr": ("mr", "us"), '),
    ):
        text = (library / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (library / name).write_text(text.replace(old, new), encoding="utf-8")
    return home


def python(copy, *words):
    """Run Python in the copy; returns what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [sys.executable, *words], cwd=copy, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize(("file", "names"), CHECKS, ids=lambda part: Path(part).stem)
def test_the_projects_own_checks_pass(copy, file, names):
    said = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", file, "-k", names)
    assert re.search(r"\d+ passed", said) and "failed" not in said


def test_a_new_pair_is_fused_by_the_new_method_in_the_new_colours(copy):
    assert python(copy, "-c", FUSE).split()[:2] == ["us", "contraharmonic"]


def test_the_new_entries_are_listed(copy):
    words = ("-m", "MedFusionLib.cli")
    assert "hello" in python(copy, *words, "--help")
    assert python(copy, *words, "hello").strip() == "hello"
    assert "contraharmonic" in python(copy, *words, "methods")
    assert "us-mr" in python(copy, *words, "fuse", "--help")
