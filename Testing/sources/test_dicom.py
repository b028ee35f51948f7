"""DICOM slices become a volume only where their headers leave no doubt."""

import numpy as np
import pytest
from dicom_series import header, write_series
from helpers import positions, refused
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage

from MedFusionLib.sources.files import read_volume
from MedFusionLib.sources.volumes import Volume

TURNED = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])


def noise(shape=(5, 6, 7), spacing=(0.7, 0.9, 2.5)):
    values = np.random.default_rng(0).integers(-1000, 1500, shape)
    return Volume(values, spacing, (-10, 20, 30), TURNED)


def test_a_series_is_read_in_the_order_of_its_places(tmp_path):
    volume = noise()
    back = read_volume(write_series(tmp_path / "DOE JOHN", volume))
    assert (back.name, back.modality) == (
        "ct-series-4",
        "ct",
    )  # the folder's name may be a patient's
    assert np.array_equal(back.array, volume.array)
    assert np.allclose(positions(back), positions(volume), atol=1e-4)


def test_every_slice_is_scaled_by_its_own_slope(tmp_path):
    """As PET is stored; the first slice's slope must not decide how the others are rounded."""

    def own_slope(one, k):
        one.RescaleSlope, one.RescaleIntercept = str([1, 0.37, 0.001][k % 3]), "0"
        one.PixelData = np.full((6, 7), 101, np.int16).tobytes()

    back = read_volume(write_series(tmp_path / "a", noise(), own_slope))
    wanted = [101, 37.37, 0.101, 101, 37.37]
    np.testing.assert_allclose(back.array[:, 0, 0], wanted, rtol=1e-6)


@pytest.mark.parametrize("degrees", [20, -12])
def test_the_slices_of_a_tilted_gantry_are_put_straight(tmp_path, degrees):
    """A blob of soft edges keeps its place in the world, to a fraction of a pixel."""
    angle = np.radians(degrees)
    axes = np.array([[1, 0, 0], [0, np.cos(angle), np.sin(angle)]])
    shape, pixel, step = (20, 40, 44), 1.0, 2.0
    j, i = np.indices(shape[1:])

    def tilt(one, k):
        place = np.array([-20, -20, -20 + k * step])  # the table moves along the patient
        points = place + i[..., None] * pixel * axes[0] + j[..., None] * pixel * axes[1]
        one.ImagePositionPatient = [f"{x:.6f}" for x in place]
        one.ImageOrientationPatient = [f"{x:.9f}" for x in axes.ravel()]
        one.PixelData = (blob(points) + 1024).astype(np.int16).tobytes()

    def blob(points):
        return 1500 * np.exp(-((points - (1, 2, 0)) ** 2).sum(-1) / 100) - 1000

    empty = Volume(np.zeros(shape), (pixel, pixel, step))
    back = read_volume(write_series(tmp_path / "a", empty, tilt))
    assert f"tilted by {abs(degrees):.1f} degrees" in back.notes[0]
    assert np.allclose(back.direction.T @ back.direction, np.eye(3))
    error = np.abs(back.array - blob(positions(back)))
    seen = back.array > back.array.min() + 1
    assert seen.mean() > 0.5
    assert np.quantile(error[seen], 0.99) < 15  # of 1500; but for the outermost pixels


def test_an_enhanced_file_is_read_frame_by_frame(tmp_path):
    volume = noise()
    one = header(EnhancedCTImageStorage)
    one.NumberOfFrames, one.Rows, one.Columns = volume.shape
    order = [3, 1, 0, 4, 2]
    measures, turned = Dataset(), Dataset()
    measures.PixelSpacing = [volume.spacing[1], volume.spacing[0]]
    measures.SliceThickness = volume.spacing[2]
    turned.ImageOrientationPatient = volume.direction.T[:2].ravel().tolist()
    scale = Dataset()
    scale.RescaleSlope, scale.RescaleIntercept, scale.RescaleType = 1, -1024, "HU"
    shared = Dataset()
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [turned]
    shared.PixelValueTransformationSequence = [scale]
    one.SharedFunctionalGroupsSequence = [shared]
    one.PerFrameFunctionalGroupsSequence = []
    for k in order:
        place, frame = Dataset(), Dataset()
        place.ImagePositionPatient = (volume.matrix @ (0, 0, k, 1))[:3].tolist()
        frame.PlanePositionSequence = [place]
        one.PerFrameFunctionalGroupsSequence.append(frame)
    one.PixelData = (volume.array[order] + 1024).astype(np.int16).tobytes()
    one.save_as(tmp_path / "many.dcm", enforce_file_format=True)
    for path in (tmp_path, tmp_path / "many.dcm"):
        back = read_volume(path)
        assert np.array_equal(back.array, volume.array)
        assert np.allclose(positions(back), positions(volume), atol=1e-4)


# Refusals ---------------------------------------------------------------------------------------


def setting(**values):
    """Spoils the third slice, which lies in 1-3.dcm."""

    def change(one, k):
        if k == 2:
            for name, value in values.items():
                setattr(one, name, value)

    return change


def without(name):
    def change(one, k):
        if k == 2:
            delattr(one, name)

    return change


def swapped(name):
    """A number that pydicom itself would not write."""

    def change(one, k):
        if k == 2:
            one[name]._value = ["nan", "0", "0"]

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (setting(ImageOrientationPatient=[1, 0, 0, 0, 0, -1]), "another orientation"),
        (setting(ImageOrientationPatient=[0, 0, 0, 0, 0, 0]), "orientation"),
        (setting(ImageOrientationPatient=[1, 0, 0, 0.5, 1, 0]), "orientation"),
        (setting(PixelSpacing=[0, 0]), "no size"),
        (setting(PixelSpacing=[0.9, 0.8]), "another pixel spacing"),
        (setting(Rows=5, PixelData=bytes(70)), "another size"),
        (setting(ImagePositionPatient=[-8, 20, 35]), "beside the line"),
        (setting(ImagePositionPatient=[-10, 20, 30]), "where another slice lies"),
        (without("ImagePositionPatient"), "does not say where it lies"),
        (without("ImageOrientationPatient"), "does not say how it is turned"),
        (without("PixelSpacing"), "does not say how large its pixels are"),
        (without("PixelData"), "holds no pixels"),
        (swapped("ImagePositionPatient"), "does not say where it lies"),
        (setting(PixelData=bytes(40)), "cut off"),
        (setting(RescaleSlope="0"), "slope"),
        (setting(PhotometricInterpretation="RGB", SamplesPerPixel=3), "colour"),
    ],
)
def test_a_slice_that_breaks_the_series_is_refused_by_name(tmp_path, change, words):
    write_series(tmp_path, noise(), change)
    with refused("1-3.dcm" if "another slice" not in words else ".dcm", words):
        read_volume(tmp_path)


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    write_series(tmp_path, noise())
    file = tmp_path / "1-3.dcm"
    whole = file.read_bytes()
    for length in (*range(132, len(whole) - 1, 37), len(whole) - 1):
        file.write_bytes(whole[:length])
        with refused("1-3.dcm"):
            read_volume(tmp_path)


def test_a_folder_without_dicom_slices_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    with refused("holds no DICOM slices"):
        read_volume(tmp_path)


def test_a_folder_with_two_dicom_series_is_refused(tmp_path):
    for series in ("1.2.3", "1.2.4"):
        write_series(tmp_path, noise(), series=series)
    with refused("holds 2 DICOM series"):
        read_volume(tmp_path)


def test_a_dicom_series_that_lacks_a_slice_is_refused(tmp_path):
    write_series(tmp_path, noise((6, 4, 4), (1, 1, 2)))
    sorted(tmp_path.iterdir())[2].unlink()
    with refused("2 to 4 mm apart", "missing"):
        read_volume(tmp_path)


def test_a_single_slice_is_refused(tmp_path):
    write_series(tmp_path, noise((1, 4, 4)))
    for path in (tmp_path, tmp_path / "1-1.dcm"):
        with refused("single DICOM slice"):
            read_volume(path)


def test_other_files_beside_the_slices_are_left_out(tmp_path):
    write_series(tmp_path, noise())
    report = header(kind="1.2.840.10008.5.1.4.1.1.88.11", series="1.2.5")
    report.save_as(tmp_path / "report.dcm", enforce_file_format=True)
    (tmp_path / "notes.txt").write_text("none")
    assert read_volume(tmp_path).shape == (5, 6, 7)
