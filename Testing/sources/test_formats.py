"""The registry of file formats: each known by its endings, and added as one file."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from MedFusionLib.sources import formats

ROOT = Path(__file__).resolve().parents[2]

TOY = '''
"""A format of one line: size along i, j, k, then the voxels, one byte each."""

import math

import numpy as np

from .base import DamagedError, FileFormat, Header
from .streams import bytes_left, check_bytes, whole_numbers


class Toy(FileFormat):
    name = "toy"
    endings = (".toy",)

    def check(self, path):
        with path.open("rb") as stream:
            size = whole_numbers(stream.readline().decode("latin-1"))
            if len(size) != 3:
                raise DamagedError("its size is not three numbers")
            check_bytes(bytes_left(stream), math.prod(size))

    def header(self, path, name, orientation=None):
        return Header(tuple(map(int, path.read_bytes().split(b"\\n")[0].split())))

    def frames(self, path, name):
        voxels = path.read_bytes().partition(b"\\n")[2]
        yield np.frombuffer(voxels, np.uint8).reshape(self.header(path, name).size[::-1])


FORMAT = Toy()
'''
USE = """
import json, sys
from pathlib import Path
from MedFusionLib.errors import MedFusionError
from MedFusionLib.sources.files import corners_of
from MedFusionLib.sources import formats, read_volume
from MedFusionLib.training.datasets import find_cases
found = {"words": formats.in_words(), "cases": [c.name for c in find_cases("data", "ct-mr")]}
found["values"] = read_volume("data/a-mr.toy").array.ravel().tolist()
found["corner"] = corners_of("data/a-mr.toy")[-1].tolist()
try:
    read_volume("short.toy")
except MedFusionError as error:
    found["error"] = str(error)
print(json.dumps(found))
"""


def test_a_format_is_added_as_one_file(tmp_path):
    library = tmp_path / "MedFusionLib"
    shutil.copytree(ROOT / "MedFusionLib", library, ignore=shutil.ignore_patterns("__pycache__"))
    (library / "sources" / "formats" / "toy.py").write_text(TOY)
    data = tmp_path / "data"
    data.mkdir()
    for name in ("a-mr", "a-ct", "b-mr", "b-ct"):
        (data / f"{name}.toy").write_bytes(b"2 1 3\n\x01\x02\x03\x04\x05\x06")
    (tmp_path / "short.toy").write_bytes(b"2 1 3\n\x01")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "toy" in found["words"]
    assert found["cases"] == ["a", "b"]
    assert found["values"] == [1, 2, 3, 4, 5, 6]
    assert found["corner"] == [1, 0, 2]
    assert "short.toy cannot be read: it is cut off" in found["error"]


def test_no_ending_is_taken_twice():
    every = [ending for kind in formats.all_formats() for ending in kind.endings]
    assert len(set(every)) == len(every)
    assert all(ending == ending.lower() and ending[0] == "." for ending in every)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("head.nii.gz", "head"),
        ("HEAD.NII", "HEAD"),
        ("sub-01.mr.nrrd", "sub-01.mr"),
        (".nrrd", ".nrrd"),
        ("notes.old.txt", "notes.old"),
    ],
)
def test_a_name_loses_its_ending_alone(file, name):
    assert formats.stem(Path(file)) == name
