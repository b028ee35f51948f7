"""A header that promises what its file does not hold, or that ITK's readers do not survive."""

import gzip
import os
import struct

import numpy as np
import pytest
import SimpleITK as sitk
from helpers import refused

from MedFusionLib.sources.files import read_volume

ENDINGS = ("nrrd", "nhdr", "nii", "nii.gz", "mha", "mhd")
IMAGE = sitk.GetImageFromArray(np.random.default_rng(0).integers(0, 999, (9, 8, 7), np.int16))


def written(folder, ending, packed=True):
    path = folder / f"head.{ending}"
    sitk.WriteImage(IMAGE, str(path), useCompression=packed)
    return path


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_cut_off_anywhere_is_refused(tmp_path, ending, packed):
    path = written(tmp_path, ending, packed)
    assert read_volume(path).shape == (9, 8, 7)
    voxels = max(tmp_path.iterdir(), key=lambda file: file.stat().st_size)
    whole = voxels.read_bytes()
    for part in (0, 0.1, 0.4, 0.9, 0.999):
        voxels.write_bytes(whole[: int(part * len(whole))])
        with refused("cannot be read"):
            read_volume(path)


def test_a_small_file_that_promises_much_is_refused_before_it_takes_memory(tmp_path):
    path = tmp_path / "large.nrrd"
    path.write_bytes(
        b"NRRD0004\ntype: float\ndimension: 3\nsizes: 600 1000 1000\nendian: little\n"
        b"encoding: gzip\n\n" + gzip.compress(bytes(10**6))
    )
    with refused("2400000000 bytes", "1000000 are there"):
        read_volume(path)


NRRD = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\nencoding: raw\n{}\n12345678"
META = (
    "ObjectType = Image\nNDims = 3\nBinaryData = True\n{}DimSize = 2 2 2\n"
    "ElementType = MET_UCHAR\nElementDataFile = LOCAL\n12345678"
)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("content: " + "a" * 2000 + "\n", "longer than"),
        ("#" + "a" * 70_000 + "\n", "longer than"),
        ("kinds: domain\ndimension: 100\n", "twice"),
        ("space directions: (inf,0,0) (0,1,0) (0,0,1)\n", "finite"),
        ("space directions: (1,0,0) (0,nan,0) (0,0,1)\n", "finite"),
        ("space origin: (1e308,0,0)\n", "too large"),
        ("spacings: 1 1 0\n", "above 0"),
        ("data file: nowhere.raw\n", "nowhere.raw"),
        ("data file: LIST\n", "several files"),
        ("no field\n", "no field"),
        ("a\0b: c\n", "no text"),
    ],
)
def test_a_nrrd_header_that_itk_would_not_survive_is_refused(tmp_path, line, words):
    path = tmp_path / "head.nrrd"
    path.write_text(NRRD.format(""))
    assert read_volume(path).array.size == 8
    path.write_text(NRRD.format(line))
    with refused("cannot be read", words):
        read_volume(path)


@pytest.mark.parametrize("number", ["100", "-1", "0", "x", ""])
def test_a_wild_number_of_dimensions_is_refused(tmp_path, number):
    for ending, text in (
        ("nrrd", NRRD.format("").replace("dimension: 3", f"dimension: {number}")),
        ("mha", META.format("").replace("NDims = 3", f"NDims = {number}")),
    ):
        (tmp_path / f"head.{ending}").write_text(text)
        with refused("cannot be read"):
            read_volume(tmp_path / f"head.{ending}")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("TransformMatrix = 1 0 0 0 inf 0 0 0 1\n", "finite"),
        ("TransformMatrix = 1 0 0 1e308 1 0 0 0 1\n", "too large"),
        ("TransformMatrix = 1 0 0\n", "9 numbers"),
        ("ElementSpacing = 1 1 -1\n", "above 0"),
        ("Comment = " + "a" * 3000 + "\n", "longer than"),
        ("CompressedData = True\n", "CompressedDataSize"),
    ],
)
def test_a_metaimage_header_that_itk_would_not_survive_is_refused(tmp_path, line, words):
    path = tmp_path / "head.mha"
    path.write_text(META.format(""))
    assert read_volume(path).array.size == 8
    path.write_text(META.format(line))
    with refused("cannot be read", words):
        read_volume(path)


@pytest.mark.parametrize(
    ("place", "form", "value", "words"),
    [
        (40, "h", 0, "dimensions"),
        (42, "h", -5, "dimensions"),
        (42, "h", 30000, "cut off"),
        (72, "h", 7, "voxel type"),
        (80, "f", float("nan"), "voxel size"),
        (84, "f", 0.0, "voxel size"),
        (108, "f", 1e20, "no place"),
        (268, "f", float("inf"), "place in space"),
    ],
)
def test_a_nifti_header_out_of_bounds_is_refused(tmp_path, place, form, value, words):
    path = written(tmp_path, "nii")
    header = bytearray(path.read_bytes())
    struct.pack_into("<" + form, header, place, value)
    path.write_bytes(header)
    with refused("cannot be read", words):
        read_volume(path)


def test_what_is_no_plain_file_is_refused_without_waiting_for_it(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no FIFOs")
    os.mkfifo(tmp_path / "head.nrrd")
    with refused("not a plain file"):
        read_volume(tmp_path / "head.nrrd")


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with refused("cannot be read", "too long"):
        read_volume(tmp_path / f"{'a' * 300}.nrrd")


def test_whole_numbers_far_from_0_are_told_apart_or_refused(tmp_path):
    image = sitk.Cast(IMAGE, sitk.sitkInt64) + 10**15
    sitk.WriteImage(image, str(tmp_path / "far.nrrd"))
    with refused("far ", "subtract a constant"):
        read_volume(tmp_path / "far.nrrd")
    sitk.WriteImage(sitk.Cast(IMAGE, sitk.sitkInt64) + 1000, str(tmp_path / "near.nrrd"))
    assert read_volume(tmp_path / "near.nrrd").array.max() > 1500
