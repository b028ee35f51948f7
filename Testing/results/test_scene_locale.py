"""A scene written on a German desktop."""

import subprocess
import sys

import pytest
from german import german_environment

WRITE = """
import locale, re, sys, zipfile
from PySide6.QtCore import QCoreApplication
app = QCoreApplication([])
assert locale.localeconv()["decimal_point"] == ","
from MedFusionLib.fusion import fuse
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.results.scene_file import write_scene
head = make_phantom((16, 24, 24))
fusion = fuse(head.t1, head.pet, "pet-mr", method="maximum")
write_scene(fusion, [head.t1, head.pet], sys.argv[1])
scene = zipfile.ZipFile(sys.argv[1])
for name in scene.namelist():
    if name.endswith(".nrrd"):
        header = scene.read(name).partition(b"\\n\\n")[0].decode()
        for vector in re.findall(r"[(]([^)]*)[)]", header):
            assert len([float(number) for number in vector.split(",")]) == 3, (name, vector)
"""


def test_a_scene_is_written_with_decimal_points(tmp_path):
    pytest.importorskip("slicer", reason="slicer-core is not installed: no scenes")
    pytest.importorskip("PySide6", reason="PySide6 is not installed: no Qt application")
    command = [sys.executable, "-c", WRITE, str(tmp_path / "scene.mrb")]
    environment = german_environment(tmp_path)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
