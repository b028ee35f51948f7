"""MGH and MINC, against nibabel, which reads them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import refused

from MedFusionLib.sources.files import corners_of, read_volume

nibabel = pytest.importorskip("nibabel", reason="nibabel is not installed: no MGH and no MINC")
FLIP = np.diag([-1, -1, 1, 1])
VOXELS = np.random.default_rng(0).integers(-99, 99, (7, 6, 5)).astype(np.int16)
AFFINE = np.array([[-1, 0, 0, 9], [0, 0, 2, -8], [0, -3, 0, 7], [0, 0, 0, 1.0]])


def sample(name):
    path = Path(nibabel.__file__).parent / "tests" / "data" / name
    if not path.is_file():
        pytest.skip(f"nibabel came without its sample {name}")
    return path


@pytest.mark.parametrize("ending", ["mgh", "mgz"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32])
def test_mgh_is_read_as_nibabel_reads_it(tmp_path, ending, dtype):
    path = tmp_path / f"brain.{ending}"
    nibabel.save(nibabel.MGHImage(np.abs(VOXELS).astype(dtype), AFFINE), path)
    volume = read_volume(path)
    assert np.array_equal(volume.array.T, np.abs(VOXELS))
    assert np.allclose(FLIP @ volume.matrix, AFFINE, atol=1e-5)
    assert (volume.name, volume.notes) == ("brain", ())


def test_mgh_with_frames_is_a_time_series(tmp_path):
    path = tmp_path / "pet.mgz"
    nibabel.save(nibabel.MGHImage(np.stack([VOXELS, VOXELS + 2], -1), AFFINE), path)
    with refused("pet is a time series of 2 volumes"):
        read_volume(path)
    assert np.array_equal(read_volume(path, frame="mean").array.T, VOXELS + 1)


def test_mgh_that_does_not_say_where_it_lies_is_said_to_be_unsure(tmp_path):
    path = tmp_path / "brain.mgh"
    nibabel.save(nibabel.MGHImage(VOXELS, AFFINE), path)
    whole = bytearray(path.read_bytes())
    whole[28:30] = bytes(2)  # goodRASFlag
    path.write_bytes(whole)
    (note,) = read_volume(path).notes
    assert "does not say how it lies" in note


@pytest.mark.parametrize("ending", ["mgh", "mgz"])
@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.99])
def test_mgh_that_was_cut_off_or_overwritten_is_refused(tmp_path, ending, part):
    path = tmp_path / f"brain.{ending}"
    nibabel.save(nibabel.MGHImage(VOXELS, AFFINE), path)
    whole = path.read_bytes()
    end = int(part * len(whole)) if ending == "mgz" else int(part * VOXELS.nbytes) + 284
    path.write_bytes(whole[:end])
    with refused("brain", "cannot be read"):
        read_volume(path)
    if ending == "mgz":
        path.write_bytes(whole[:end] + bytes(len(whole) - end))
        with refused("brain", "cannot be read"):
            corners_of(path)


@pytest.mark.parametrize("name", ["tiny.mnc", "small.mnc", "minc2_1_scale.mnc"])
def test_minc_is_read_as_nibabel_reads_it(name):
    if name.startswith("minc2"):
        pytest.importorskip("h5py", reason="h5py is not installed: no MINC 2")
    volume, theirs = read_volume(sample(name)), nibabel.load(sample(name))
    assert np.allclose(volume.array.T, theirs.get_fdata(), rtol=1e-6)
    assert np.allclose(FLIP @ volume.matrix, theirs.affine, atol=1e-5)


def test_time_is_the_first_axis_of_minc():
    volume, theirs = (
        read_volume(sample("minc1_4d.mnc"), frame=1),
        nibabel.load(sample("minc1_4d.mnc")),
    )
    assert np.allclose(volume.array.T, theirs.get_fdata()[1], rtol=1e-6)


def test_minc_that_was_cut_off_is_refused(tmp_path):
    for name in ("tiny.mnc", "minc2_1_scale.mnc"):
        whole = sample(name).read_bytes()
        for part in (0, 0.3, 0.9):
            (tmp_path / name).write_bytes(whole[: int(part * len(whole))])
            with refused(name, "cannot be read"):
                read_volume(tmp_path / name)


def test_without_nibabel_it_is_said_what_is_missing(tmp_path, monkeypatch):
    path = tmp_path / "brain.mgz"
    nibabel.save(nibabel.MGHImage(VOXELS, AFFINE), path)
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with refused("brain.mgz needs nibabel", "medfusion[formats]", "NIfTI"):
        read_volume(path)
