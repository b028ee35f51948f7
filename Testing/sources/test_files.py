"""Volumes from and to files, and folders that are written whole or not at all."""

import numpy as np
import pytest
import SimpleITK as sitk
from helpers import few, grids, positions, refused
from hypothesis import given
from hypothesis import strategies as st

from MedFusionLib.sources.files import (
    read_volume,
    sha256,
    write_colour,
    write_volume,
)
from MedFusionLib.sources.volumes import Volume, from_sitk, to_sitk

LEFT_HANDED = np.array([[0.8, 0.6, 0], [-0.6, 0.8, 0], [0, 0, -1]])
FORMATS = ("nrrd", "nii", "nii.gz", "mha")


def noise(grid):
    return grid.filled(lambda points: np.random.default_rng(0).normal(size=points.shape[:-1]))


@few
@given(grid=grids(), ending=st.sampled_from(FORMATS))
def test_a_volume_comes_back_from_a_file_as_it_was(tmp_path_factory, grid, ending):
    volume = noise(grid)
    path = tmp_path_factory.mktemp("files") / f"head.{ending}"
    write_volume(volume, path)
    back = read_volume(path)
    assert back.name == "head"
    assert np.array_equal(back.array, volume.array)
    assert np.allclose(positions(back), positions(volume), atol=1e-4)


def test_a_volume_comes_back_from_simpleitk_as_it_was():
    volume = Volume(np.arange(24).reshape(2, 3, 4), (1, 2, 3), (4, 5, 6), LEFT_HANDED)
    back = from_sitk(to_sitk(volume), "back")
    assert np.array_equal(back.array, volume.array)
    assert np.array_equal(back.matrix, volume.matrix)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.float64])
def test_stored_types_are_read_by_value(tmp_path, kind):
    values = np.array([[[0, 1], [100, 255]]], kind)
    sitk.WriteImage(sitk.GetImageFromArray(values), tmp_path / "a.nrrd")
    assert np.array_equal(read_volume(tmp_path / "a.nrrd").array, values)


def test_colours_are_written_on_the_grid(tmp_path):
    grid = Volume(np.zeros((2, 3, 4)), (1, 2, 3), (4, 5, 6), LEFT_HANDED)
    colour = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3), np.uint8)
    write_colour(colour, grid, tmp_path / "colour.nrrd")
    assert b"kinds: RGB-color domain domain domain" in (tmp_path / "colour.nrrd").read_bytes()
    image = sitk.ReadImage(tmp_path / "colour.nrrd")
    assert np.array_equal(sitk.GetArrayFromImage(image), colour)
    assert np.allclose(image.GetDirection(), grid.direction.ravel())
    assert (image.GetSpacing(), image.GetOrigin()) == (grid.spacing, grid.origin)


# Refusals ---------------------------------------------------------------------------------------


def test_a_missing_file_is_refused(tmp_path):
    with refused("no file", "missing.nrrd"):
        read_volume(tmp_path / "missing.nrrd")


@pytest.mark.parametrize("ending", [*FORMATS, "txt"])
def test_an_unreadable_file_is_refused_without_noise(tmp_path, capfd, ending):
    path = tmp_path / f"broken.{ending}"
    path.write_bytes(b"no picture")
    with refused("cannot be read", "NIfTI, NRRD"):
        read_volume(path)
    assert capfd.readouterr() == ("", "")


def test_a_file_that_ends_too_early_is_refused(tmp_path):
    path = tmp_path / "short.mha"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((9, 9, 9))), path)
    path.write_bytes(path.read_bytes()[:-200])
    with refused("cannot be read", "cut off"):
        read_volume(path)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (sitk.Image(4, 4, sitk.sitkUInt8), "2 dimensions"),
        (sitk.Image([4, 4, 4, 2], sitk.sitkUInt8), "time series of 2 volumes"),
        (sitk.Image([4, 4, 4], sitk.sitkVectorUInt8, 3), "3 values per voxel"),
        (sitk.Image([4, 4, 4], sitk.sitkComplexFloat32), "complex"),
    ],
    ids=["2D", "4D", "RGB", "complex"],
)
def test_what_is_not_a_scalar_3d_picture_is_refused(tmp_path, image, words):
    sitk.WriteImage(image, tmp_path / "a.nrrd")
    with refused("a ", words):
        read_volume(tmp_path / "a.nrrd")


@pytest.mark.parametrize(
    ("directions", "word"),
    [
        ("(1,0,0) (0.5,1,0) (0,0,1)", "sheared"),
        ("(1,0,0) (1,0,0) (0,0,1)", "singular"),
        ("(1,0,0) (0,0,0) (0,0,1)", "singular"),
    ],
)
def test_a_file_with_a_bad_geometry_is_refused(tmp_path, directions, word):
    path = tmp_path / "bad.nrrd"
    path.write_text(
        "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 2 2 2\n"
        f"space directions: {directions}\nspace origin: (0,0,0)\nencoding: ascii\n\n"
        "1 2 3 4 5 6 7 8\n"
    )
    with refused("bad ", word, "direction" if word == "singular" else "right angle"):
        read_volume(path)


def test_a_nifti_with_a_sheared_sform_is_refused(tmp_path):
    path = tmp_path / "bad.nii"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((2, 2, 2), np.int16)), path)
    header = bytearray(path.read_bytes())
    header[252:256] = np.array([0, 1], np.int16).tobytes()  # qform code, sform code
    sheared = np.array([[1, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], np.float32)
    header[280:328] = sheared.tobytes()
    path.write_bytes(header)
    with refused("bad ", "sheared"):
        read_volume(path)


# Checksums --------------------------------------------------------------------------------------


def test_the_checksum_of_a_folder_follows_the_names_of_its_files(tmp_path):
    (tmp_path / "b").write_bytes(b"c")
    (tmp_path / "a").write_bytes(b"ab")
    whole = tmp_path.parent / f"{tmp_path.name}-whole"
    whole.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(whole) == sha256(tmp_path) == expected
