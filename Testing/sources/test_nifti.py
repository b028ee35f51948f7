"""NIfTI-1 and -2 and Analyze: where they lie, what their values are, against nibabel."""

import gzip
import struct

import numpy as np
import pytest
from helpers import few, refused
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from MedFusionLib.sources.files import read_volume

nibabel = pytest.importorskip("nibabel", reason="nibabel is not installed: nothing to compare with")

VOXELS = np.random.default_rng(0).integers(-999, 999, (7, 6, 5)).astype(np.int16)  # i, j, k
FLIP = np.diag([-1, -1, 1, 1])


def placed(turns=(0, 0, 0), steps=(2, 3, 4), origin=(5, -6, 7)):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", turns, degrees=True).as_matrix() * steps
    affine[:3, 3] = origin
    return affine


def saved(path, sform=None, qform=None, voxels=VOXELS, kind=nibabel.Nifti1Image):
    image = kind(voxels, None)
    image.header.set_zooms((2, 3, 4, 1, 1)[: voxels.ndim])
    image.set_qform(qform, 0 if qform is None else 1)
    image.set_sform(sform, 0 if sform is None else 2)
    nibabel.save(image, path)
    return path


def changed(path, place, form, *values):
    """The file with other values at a place of its header."""
    whole = bytearray(path.read_bytes())
    struct.pack_into("<" + form, whole, place, *values)
    path.write_bytes(whole)
    return path


def agrees(path, **choices):
    """Whether voxels and affine are those that nibabel reads."""
    ours, theirs = read_volume(path, **choices), nibabel.load(path)
    assert np.array_equal(ours.array.T, theirs.get_fdata(dtype=np.float64).astype(np.float32))
    return np.allclose(FLIP @ ours.matrix, theirs.affine, atol=1e-4)


# Where it lies ----------------------------------------------------------------------------------


@few
@given(
    turns=st.tuples(*[st.floats(-180, 180)] * 3),
    sense=st.sampled_from([1, -1]),
    forms=st.sampled_from([("sform",), ("qform",), ("sform", "qform")]),
    kind=st.sampled_from([nibabel.Nifti1Image, nibabel.Nifti2Image]),
    ending=st.sampled_from(["nii", "nii.gz"]),
)
def test_a_volume_lies_where_nibabel_puts_it(tmp_path_factory, turns, sense, forms, kind, ending):
    path = tmp_path_factory.mktemp("nifti") / f"head.{ending}"
    affine = placed(turns, (2, 3, 4 * sense))
    assert agrees(saved(path, **dict.fromkeys(forms, affine), kind=kind))
    assert read_volume(path).notes == ()


def test_the_sform_is_taken_where_the_qform_lies_elsewhere(tmp_path):
    path = saved(tmp_path / "pet.nii", placed(origin=(35, -6, 7)), placed())
    assert agrees(path)
    (note,) = read_volume(path).notes
    assert "30.0 mm apart" in note and "sform was taken" in note and "--orientation qform" in note


def test_the_qform_is_taken_where_it_is_chosen(tmp_path):
    path = saved(tmp_path / "pet.nii", placed(origin=(35, -6, 7)), placed())
    volume = read_volume(path, orientation="qform")
    assert np.allclose(FLIP @ volume.matrix, placed())
    assert "the qform was taken, as chosen" in volume.notes[0]
    assert agrees(path, orientation="sform")


def test_forms_less_than_half_a_voxel_apart_agree(tmp_path):
    path = saved(tmp_path / "pet.nii", placed(origin=(5.9, -6, 7)), placed())
    assert agrees(path) and read_volume(path).notes == ()
    path = saved(tmp_path / "pet.nii", placed(origin=(6.1, -6, 7)), placed())
    assert "1.1 mm apart" in read_volume(path).notes[0]


def test_forms_of_other_handedness_are_refused_unless_one_is_chosen(tmp_path):
    path = saved(tmp_path / "pet.nii", placed(steps=(-2, 3, 4)), placed())
    with refused("pet ", "mirror images", "--orientation sform or --orientation qform"):
        read_volume(path)
    assert agrees(path, orientation="sform")
    assert np.allclose(FLIP @ read_volume(path, orientation="qform").matrix, placed())


def test_a_sheared_sform_is_refused_where_the_qform_lies_elsewhere(tmp_path):
    sheared = placed()
    sheared[0, 1] = 1
    path = saved(tmp_path / "pet.nii", sheared, placed())
    with refused("pet ", "sheared", "--orientation qform"):
        read_volume(path)
    assert np.allclose(FLIP @ read_volume(path, orientation="qform").matrix, placed())
    with refused("pet ", "sheared axes"):
        read_volume(path, orientation="sform")
    with refused("pet ", "sheared axes"):
        read_volume(saved(tmp_path / "pet.nii", sheared))


def test_an_sform_of_zeros_is_none(tmp_path):
    path = saved(tmp_path / "pet.nii", placed(), placed())
    changed(path, 280, "12f", *[0.0] * 12)
    assert np.allclose(FLIP @ read_volume(path).matrix, placed())


def test_an_sform_sheared_by_rounding_is_read(tmp_path):
    sheared = placed()
    sheared[0, 1] = 3e-4  # 0.006 degrees
    assert agrees(saved(tmp_path / "pet.nii", sheared))


def test_a_file_that_does_not_say_where_it_lies_is_put_where_nibabel_puts_it(tmp_path):
    path = saved(tmp_path / "mr.nii")
    assert agrees(path)
    (note,) = read_volume(path).notes
    assert "does not say how it lies" in note and "Check left and right" in note


@pytest.mark.parametrize(("unit", "factor"), [(0, 1), (1, 1000), (2, 1), (3, 0.001)])
@pytest.mark.parametrize("forms", [("sform",), ("qform",), ()])
def test_units_of_length_are_made_mm(tmp_path, unit, factor, forms):
    path = saved(tmp_path / "mr.nii", **dict.fromkeys(forms, placed()))
    assert np.allclose(
        read_volume(changed(path, 123, "B", unit)).spacing, np.array([2, 3, 4]) * factor
    )


# Values -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "f4", "f8", ">i2", ">f4", ">f8"]
)
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_values_of_all_types_are_read(tmp_path, dtype, kind):
    voxels = np.abs(VOXELS // 9).astype(dtype)
    header = nibabel.Nifti1Header(endianness=">" if dtype[0] == ">" else "<")
    header.set_data_dtype(dtype)
    image = kind(voxels, placed(), kind.header_class.from_header(header))
    nibabel.save(image, tmp_path / "head.nii.gz")
    assert agrees(tmp_path / "head.nii.gz")


@pytest.mark.parametrize(
    ("slope", "intercept"), [(2.5, -7), (1, 0), (1, 3), (0, 0), (0, 5), (np.nan, 5)]
)
def test_values_are_scaled_as_nibabel_does(tmp_path, slope, intercept):
    path = saved(tmp_path / "head.nii", placed())
    changed(path, 112, "2f", slope, intercept)
    assert agrees(path)
    said = any("intercept" in note for note in read_volume(path).notes)
    assert said == (intercept == 5)


def test_nan_stays_nan(tmp_path):
    voxels = VOXELS.astype(np.float32)
    voxels[1, 2, 3] = np.nan
    path = saved(tmp_path / "head.nii.gz", placed(), voxels=voxels)
    bad = np.argwhere(np.isnan(read_volume(path).array)).tolist()
    assert bad == [[3, 2, 1]]


def test_a_vector_volume_of_integers_with_a_slope_is_refused(tmp_path):
    voxels = np.ones((4, 4, 4, 1, 3), np.int16)
    path = changed(saved(tmp_path / "field.nii", placed(), voxels=voxels), 112, "2f", 0.5, 0)
    with refused("field ", "3 values per voxel"):
        read_volume(path)


# Time series ------------------------------------------------------------------------------------


def test_a_time_series_is_refused_with_what_to_say(tmp_path):
    path = saved(tmp_path / "pet.nii.gz", placed(), voxels=np.stack([VOXELS, VOXELS + 9], -1))
    with refused("pet is a time series of 2 volumes", "--frame N, from 0 to 1", "--frame mean"):
        read_volume(path)
    with refused("no volume 2", "from 0 to 1"):
        read_volume(path, frame=2)
    for frame, wanted in ((0, VOXELS), (1, VOXELS + 9), ("mean", VOXELS + 4.5)):
        volume = read_volume(path, frame=frame)
        assert np.array_equal(volume.array.T, wanted)
        assert "time series" in volume.notes[0] or "volume" in volume.notes[0]


def test_a_fourth_dimension_of_one_volume_is_none(tmp_path):
    path = saved(tmp_path / "pet.nii", placed(), voxels=VOXELS[..., None])
    assert np.array_equal(read_volume(path).array.T, VOXELS)
    assert read_volume(path, frame="mean").notes == ()


# Two files, and Analyze -------------------------------------------------------------------------


@pytest.mark.parametrize("given_by", [".img", ".hdr"])
def test_two_files_are_read_by_either_name(tmp_path, given_by):
    saved(tmp_path / "head.img", placed(), kind=nibabel.Nifti1Pair)
    assert agrees(tmp_path / f"head{given_by}")
    (tmp_path / "head.img").unlink()
    with refused("head.hdr", "head.img that belongs to it is not beside it"):
        read_volume(tmp_path / "head.hdr")


@pytest.mark.parametrize("origin", [(0, 0, 0), (3, 2, 4), (900, 0, 0)])
def test_analyze_is_read_as_nibabel_reads_it_and_said_to_be_unsure(tmp_path, origin):
    image = nibabel.AnalyzeImage(VOXELS, None)
    image.header.set_zooms((2, 3, 4))
    nibabel.save(image, tmp_path / "head.img")
    changed(tmp_path / "head.hdr", 253, "3h", *origin)
    assert agrees(tmp_path / "head.img")
    (note,) = read_volume(tmp_path / "head.img").notes
    assert "Analyze 7.5 cannot" in note and "Check left and right" in note


# Bytes ------------------------------------------------------------------------------------------


def test_gzip_is_told_by_its_bytes_and_not_by_the_name(tmp_path):
    path = saved(tmp_path / "head.nii", placed())
    plain = path.read_bytes()
    (tmp_path / "plain.nii.gz").write_bytes(plain)
    (tmp_path / "packed.nii").write_bytes(gzip.compress(plain))
    for name in ("plain.nii.gz", "packed.nii"):
        assert np.array_equal(read_volume(tmp_path / name).array.T, VOXELS)
