"""Voxels that are not those that the header promises; names that no reader takes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from german import german_environment
from helpers import refused

from MedFusionLib.errors import MedFusionError
from MedFusionLib.sources.files import corners_of, read_volume

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"


def written(folder, ending, packed=True, shape=(40, 40, 40)):
    """A volume that compresses well, so that a damaged stream goes on for long."""
    rng = np.random.default_rng(0)
    array = rng.normal(100, 9, shape).astype(np.int16) * (rng.random(shape) < 0.4)
    path = folder / f"head.{ending}"
    sitk.WriteImage(sitk.GetImageFromArray(array.astype(np.int16)), str(path), packed)
    return path


@pytest.mark.parametrize("ending", ["nii.gz", "nrrd", "nhdr", "mha", "mhd"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_compressed_file_whose_tail_was_overwritten_is_refused(tmp_path, ending, part):
    path = written(tmp_path, ending)
    assert read_volume(path).array.any()
    voxels = max(tmp_path.iterdir(), key=lambda file: file.stat().st_size)
    data = bytearray(voxels.read_bytes())
    start = int(len(data) * part)
    data[start:] = bytes(len(data) - start)
    voxels.write_bytes(data)
    for read in (read_volume, corners_of):
        with refused("cannot be read", "its compressed part is damaged"):
            read(path)
    voxels.write_bytes(data[:start])
    for read in (read_volume, corners_of):
        with refused("cannot be read", "it is cut off"):
            read(path)


@pytest.mark.parametrize("ending", ["nii.gz", "nrrd", "mha"])
def test_no_change_of_a_compressed_byte_changes_a_voxel(tmp_path, ending):
    path = written(tmp_path, ending, shape=(6, 6, 6))
    whole, wanted = path.read_bytes(), read_volume(path).array
    start = {"nii.gz": 0, "nrrd": whole.find(b"\n\n") + 2, "mha": whole.find(b"LOCAL\n") + 6}
    refusals = 0
    for place in range(start[ending], len(whole)):
        made = bytearray(whole)
        made[place] ^= 0x10
        path.write_bytes(made)
        try:
            assert np.array_equal(read_volume(path).array, wanted), place
        except MedFusionError:
            refusals += 1
    assert refusals > 0.8 * (len(whole) - start[ending])


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("ending", ["nii", "nii.gz", "nrrd", "nhdr", "mha", "mhd"])
def test_more_voxels_than_the_header_promises_are_refused(tmp_path, ending, packed):
    path = written(tmp_path, ending, packed, (6, 6, 6))
    voxels = max(tmp_path.iterdir(), key=lambda file: file != path)
    voxels.write_bytes(voxels.read_bytes() + b"\1\2\3\4")
    with refused("cannot be read"):
        read_volume(path)


def test_a_damaged_size_is_noticed_by_the_voxels_that_are_left(tmp_path):
    path = written(tmp_path, "nrrd", False, (6, 6, 6))
    path.write_bytes(path.read_bytes().replace(b"sizes: 6 6 6", b"sizes: 6 6 5"))
    with refused("more voxels than its header promises"):
        read_volume(path)


def test_more_words_than_voxels_are_refused(tmp_path):
    path = tmp_path / "head.nrrd"
    text = "NRRD0004\ntype: short\ndimension: 3\nsizes: 2 2 1\nencoding: ascii\n\n1 2 3 4"
    path.write_text(text + "\n")
    assert read_volume(path).array.sum() == 10
    path.write_text(text + " 5\n")
    with refused("more voxels than its header promises"):
        read_volume(path)


def test_voxels_at_the_end_of_a_file_are_read(tmp_path):
    text = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 1\nencoding: raw\nbyte skip: -1\n\n"
    (tmp_path / "head.nrrd").write_bytes(text.encode() + b"what no reader needs\1\2\3\4")
    assert read_volume(tmp_path / "head.nrrd").array.ravel().tolist() == [1, 2, 3, 4]


def test_more_lines_to_skip_than_there_are_end_at_once(tmp_path):
    text = (
        "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 1\nencoding: raw\nline skip: 99999999\n\n"
    )
    (tmp_path / "head.nrrd").write_bytes(text.encode() + b"a\nb\nc\n1234")
    with refused("skips 99999999 lines", "more than there are"):
        read_volume(tmp_path / "head.nrrd")


@pytest.mark.parametrize("line", ["patient:=M\xfcller", "content: M\xfcller", "# M\xfcller"])
def test_letters_that_are_no_utf8_in_a_header_are_read_over(tmp_path, line):
    text = f"NRRD0005\n{line}\ntype: uchar\ndimension: 3\nsizes: 2 2 1\nencoding: raw\n\n1234"
    (tmp_path / "head.nrrd").write_bytes(text.encode("latin-1"))
    assert read_volume(tmp_path / "head.nrrd").array.size == 4


def test_a_long_key_is_read_over(tmp_path):
    text = (
        f"NRRD0005\nkey:={'a' * 9000}\ntype: uchar\ndimension: 3\nsizes: 2 2 1\nencoding: raw\n\n"
    )
    (tmp_path / "head.nrrd").write_text(text + "1234")
    assert read_volume(tmp_path / "head.nrrd").array.size == 4


@pytest.mark.parametrize(
    ("unit", "factor"), [("mm", 1), ("", 1), ("cm", 10), ("m", 1000), ("um", 0.001)]
)
def test_space_units_of_nrrd_are_made_mm(tmp_path, unit, factor):
    text = (
        "NRRD0004\ntype: uchar\ndimension: 3\nspace: left-posterior-superior\nsizes: 2 2 1\n"
        "space directions: (3,0,0) (0,4,0) (0,0,5)\nspace origin: (1,2,3)\n"
        f'space units: "{unit}" "{unit}" "{unit}"\nencoding: raw\n\n1234'
    )
    (tmp_path / "head.nrrd").write_text(text)
    volume = read_volume(tmp_path / "head.nrrd")
    assert np.allclose(volume.spacing, np.array([3, 4, 5]) * factor)
    assert np.allclose(volume.origin, np.array([1, 2, 3]) * factor)
    (tmp_path / "head.nrrd").write_text(text.replace(f'"{unit}" "{unit}"', '"furlong" "mm"'))
    with refused("space units", "furlong"):
        read_volume(tmp_path / "head.nrrd")


# Time series ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["nrrd", "mha"])
@pytest.mark.parametrize("frames", [1, 3])
def test_a_fourth_axis_is_time(tmp_path, ending, frames):
    array = np.random.default_rng(0).integers(0, 99, (frames, 4, 5, 6)).astype(np.int16)
    image = sitk.GetImageFromArray(array, isVector=False)
    image.SetSpacing((1, 2, 3, 9))
    image.SetOrigin((7, 8, 9, 0))
    path = tmp_path / f"pet.{ending}"
    sitk.WriteImage(image, str(path))
    if frames == 1:
        volume = read_volume(path)
    else:
        with refused("pet is a time series of 3 volumes", "--frame N", "--frame mean"):
            read_volume(path)
        with refused("time series of 3 volumes"):
            corners_of(path)
        mean = read_volume(path, frame="mean").array
        assert np.allclose(mean, array.mean(0))
        volume = read_volume(path, frame=2)
    assert np.array_equal(volume.array, array[-1])
    assert (volume.spacing, volume.origin) == ((1, 2, 3), (7, 8, 9))


def test_a_sequence_of_slicer_is_a_time_series(tmp_path):
    text = (
        "NRRD0004\ntype: uchar\ndimension: 4\nspace: left-posterior-superior\nsizes: 3 2 2 1\n"
        "space directions: none (3,0,0) (0,4,0) (0,0,5)\nspace origin: (1,2,3)\n"
        "kinds: list domain domain domain\nencoding: raw\n\n"
    )
    path = tmp_path / "pet.seq.nrrd"
    path.write_bytes(text.encode() + bytes(range(12)))
    with refused("time series of 3 volumes"):
        read_volume(path)
    volume = read_volume(path, frame=1)
    assert volume.array.ravel().tolist() == [1, 4, 7, 10]
    assert volume.spacing == (3, 4, 5)
    path.write_bytes(text.replace("list", "vector").encode() + bytes(range(12)))
    with refused("3 values per voxel"):
        read_volume(path)


@pytest.mark.parametrize("frame", [-1, "first", 1.5])
def test_a_frame_that_cannot_be_is_refused(tmp_path, frame):
    with refused("no frame", "'mean'"):
        read_volume(written(tmp_path, "nrrd"), frame=frame)


def test_an_orientation_that_cannot_be_is_refused(tmp_path):
    with refused("no orientation", "sform, qform"):
        read_volume(written(tmp_path, "nrrd"), orientation="left")


# Names ------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_a_name_that_is_no_utf8_is_refused(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/m\xfcller.nrrd"))
    shutil.copy(written(tmp_path, "nrrd"), path)
    for read in (read_volume, corners_of):
        with refused("is not UTF-8", "rename it"):
            read(path)


# Locale -----------------------------------------------------------------------------------------

UNDER_GERMAN = """
import locale, sys
from PySide6.QtCore import QCoreApplication
app = QCoreApplication([])
assert locale.localeconv()["decimal_point"] == ",", locale.setlocale(locale.LC_NUMERIC)
import numpy as np
import MedFusionLib as mf
from MedFusionLib.sources import read_volume, write_volume
volume = mf.Volume(np.arange(24.0).reshape(2, 3, 4), (3.7, 3.7, 4.1), (-1.5, 2.25, 3.5))
for ending in ("nrrd", "mha", "nii.gz", "nhdr", "mhd"):
    path = f"{sys.argv[1]}/head.{ending}"
    write_volume(volume, path)
    back = read_volume(path)
    assert np.allclose(back.matrix, volume.matrix, atol=1e-5), (ending, back.matrix)
    assert np.array_equal(back.array, volume.array), ending
    plain = read_volume(f"{sys.argv[1]}/plain.{ending}")
    assert np.allclose(plain.matrix, volume.matrix, atol=1e-5), (ending, plain.matrix)
assert locale.localeconv()["decimal_point"] == ","
"""


def test_files_are_read_and_written_under_a_decimal_comma(tmp_path):
    """As a Qt application sets it on a German desktop."""
    pytest.importorskip("PySide6", reason="PySide6 is not installed: no Qt application")
    image = sitk.GetImageFromArray(np.arange(24.0).reshape(2, 3, 4))
    image.SetSpacing((3.7, 3.7, 4.1))
    image.SetOrigin((-1.5, 2.25, 3.5))
    for ending in ("nrrd", "mha", "nii.gz", "nhdr", "mhd"):
        sitk.WriteImage(image, str(tmp_path / f"plain.{ending}"))
    environment = german_environment(tmp_path)
    command = [sys.executable, "-c", UNDER_GERMAN, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
