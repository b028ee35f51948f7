"""DICOM slices become a volume only where their headers leave no doubt."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_series import enhanced, header, spect, write_series
from helpers import positions, refused
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    JPEG2000Lossless,
    RLELossless,
)

from MedFusionLib.errors import MedFusionError
from MedFusionLib.sources.files import read_volume
from MedFusionLib.sources.patients import check_one_patient, frame_warnings
from MedFusionLib.sources.volumes import Volume, voxel_at

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


# Series -----------------------------------------------------------------------------------------


def said(**values):
    """A change that says the same in every header of a series."""

    def change(one, k):
        for name, value in values.items():
            setattr(one, name, value)

    return change


def cd(folder, *series):
    """Series in folders of their own, two levels down, as on a CD."""
    for number, (modality, values) in enumerate(series, 1):
        place = folder / "DICOM" / f"S{number}"
        place.mkdir(parents=True)
        words = {"Modality": modality, "SeriesNumber": str(number), **values}
        write_series(place, noise(), said(**words), series=f"1.2.{number}")
    return folder


def test_the_one_series_of_a_modality_is_found_on_a_cd(tmp_path):
    cd(tmp_path, ("MR", {}), ("CT", {"SeriesDescription": "head"}), ("PT", {}))
    for modality in ("mr", "ct", "pet"):
        assert read_volume(tmp_path, modality=modality).modality == modality


def test_a_series_is_chosen_by_number_or_uid(tmp_path):
    cd(tmp_path, ("MR", {}), ("MR", {"SeriesNumber": "7"}))
    assert read_volume(tmp_path, series="7").name == "mr-series-7"
    assert read_volume(tmp_path, series="1.2.1").name == "mr-series-1"
    with refused("There is no series 3", "1 (MR, 5 slices); 7 (MR, 5 slices)"):
        read_volume(tmp_path, series="3")


def test_several_series_of_a_modality_are_listed(tmp_path):
    cd(tmp_path, ("MR", {"SeriesDescription": "t1 mprage"}), ("MR", {}), ("CT", {}))
    with refused("3 DICOM series, 2 of them MR", "1 (MR, 5 slices)", "3 (CT, 5 slices)"):
        read_volume(tmp_path, modality="mr")
    with pytest.raises(MedFusionError) as caught:  # which a cohort's table keeps
        read_volume(tmp_path, modality="mr")
    assert "mprage" not in str(caught.value)


def test_two_series_of_one_number_are_told_apart_by_uid(tmp_path):
    cd(tmp_path, ("MR", {"SeriesNumber": "4"}), ("CT", {"SeriesNumber": "4"}))
    with refused("2 series", "have the number 4", "1.2.1, 1.2.2"):
        read_volume(tmp_path, series="4")


def test_a_dicomdir_leads_to_its_medium(tmp_path):
    cd(tmp_path, ("MR", {}), ("CT", {}))
    directory = header(kind="1.2.840.10008.1.3.10", series="1.2.9")
    for name in ("SeriesInstanceUID", "Modality", "SOPClassUID"):
        delattr(directory, name)
    directory.save_as(tmp_path / "DICOMDIR", enforce_file_format=True)
    for path in (tmp_path, tmp_path / "DICOMDIR"):
        assert read_volume(path, modality="ct").modality == "ct"


def test_a_colour_series_beside_the_slices_disturbs_nobody(tmp_path):
    write_series(tmp_path, noise(), said(Modality="MR"))
    picture = {"Modality": "OT", "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}
    write_series(tmp_path, noise((1, 2, 2)), said(**picture), series="1.2.8")
    assert read_volume(tmp_path, modality="mr").shape == (5, 6, 7)


def test_a_file_whose_beginning_is_damaged_is_no_slice_less(tmp_path):
    """Its meta information is broken, so that nothing says that it is a slice."""
    write_series(tmp_path, noise())
    first = tmp_path / "1-1.dcm"
    data = bytearray(first.read_bytes())
    data[148:156] = b"\xff" * 8
    first.write_bytes(data)
    with refused("1-1.dcm", "damaged"):
        read_volume(tmp_path)


def test_files_without_preamble_are_read(tmp_path):
    volume = noise()
    write_series(tmp_path / "whole", volume)
    (tmp_path / "bare").mkdir()
    for file in (tmp_path / "whole").iterdir():
        one = pydicom.dcmread(file)
        del one.file_meta, one.preamble
        bare = tmp_path / "bare" / file.name
        one.save_as(bare, implicit_vr=True, little_endian=True)
        assert bare.read_bytes()[128:132] != b"DICM"
    assert np.array_equal(read_volume(tmp_path / "bare").array, volume.array)


# Patients ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"PatientID": "P-4712"}, "another id"),
        ({"PatientName": "Doe^Jane"}, "another name"),
        ({"PatientBirthDate": "19500101"}, "another birth date"),
    ],
)
def test_scans_of_two_patients_are_refused_and_not_named(tmp_path, values, words):
    person = {"PatientID": "P-4711", "PatientName": "Doe^John", "PatientBirthDate": "19600101"}
    mr = read_volume(write_series(tmp_path / "a", noise(), said(Modality="MR", **person)))
    ct = read_volume(write_series(tmp_path / "b", noise(), said(**{**person, **values})))
    with refused("two patients", words):
        check_one_patient([mr, ct])
    check_one_patient([mr, ct], different=True)
    with pytest.raises(MedFusionError) as caught:
        check_one_patient([mr, ct])
    for secret in (*person.values(), *values.values()):
        assert secret not in f"{caught.value} {mr} {ct}"


def test_one_patient_written_in_two_ways_is_one(tmp_path):
    mr = read_volume(write_series(tmp_path / "a", noise(), said(PatientName="DOE^John ^^")))
    ct = read_volume(write_series(tmp_path / "b", noise(), said(PatientName="Doe^John")))
    nobody = read_volume(write_series(tmp_path / "c", noise()))
    check_one_patient([mr, ct, nobody])


def test_a_series_with_slices_of_two_patients_is_refused(tmp_path):
    write_series(tmp_path, noise(), lambda one, k: setattr(one, "PatientID", "12"[k // 4]))
    with refused("slices of two patients", "another id from instance"):
        read_volume(tmp_path)


def test_another_frame_of_reference_is_said(tmp_path):
    mr, ct, same = (
        read_volume(write_series(tmp_path / name, noise(), said(FrameOfReferenceUID=uid)))
        for name, uid in (("a", "1.2.3"), ("b", "1.2.4"), ("c", "1.2.3"))
    )
    assert "another frame of reference" in frame_warnings([mr, ct])[0]
    assert not frame_warnings([mr, same])


# Values -----------------------------------------------------------------------------------------


def test_a_ct_says_that_it_is_in_hu(tmp_path):
    assert read_volume(write_series(tmp_path / "a", noise())).units == "hu"
    screenshot = said(SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    assert read_volume(write_series(tmp_path / "b", noise(), screenshot)).units == ""


def test_every_frame_is_scaled_by_its_own_slope(tmp_path):
    volume = noise()
    slopes = [0.5, 1, 2, 0.25, 4]
    enhanced(volume, range(5), slopes).save_as(tmp_path / "a.dcm", enforce_file_format=True)
    back = read_volume(tmp_path / "a.dcm").array
    assert np.abs(back - volume.array).max(axis=(1, 2)) == pytest.approx([0, 0, 1, 0, 2], abs=1e-3)


@pytest.mark.parametrize("parts", [(range(2), range(2, 5)), ([4, 0, 1, 3], [2])])
def test_one_volume_in_two_enhanced_files(tmp_path, parts):
    volume = noise()
    for number, part in enumerate(parts):
        one = enhanced(volume, list(part))
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number}"
        one.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    back = read_volume(tmp_path)
    assert np.array_equal(back.array, volume.array)
    assert np.allclose(positions(back), positions(volume), atol=1e-4)


def test_float_pixels_are_read(tmp_path):
    volume = noise()

    def floats(one, k):
        del one.PixelData
        one.FloatPixelData = (volume.array[k] / 7).astype("<f4").tobytes()
        one.RescaleSlope, one.RescaleIntercept, one.BitsAllocated = "7", "0", 32

    back = read_volume(write_series(tmp_path / "a", volume, floats))
    np.testing.assert_allclose(back.array, volume.array, rtol=1e-6, atol=1e-4)


def test_bits_beside_the_stored_ones_are_no_values(tmp_path):
    """Overlays of old files stand in the bits above."""
    volume = Volume(np.random.default_rng(0).integers(-1024, 1500, (5, 6, 7)))

    def overlaid(one, k):
        one.BitsStored, one.HighBit, one.PixelRepresentation = 12, 11, 0
        stored = (volume.array[k] + 1024).astype(np.uint16) | np.uint16(0xA000)
        one.PixelData = stored.tobytes()

    back = read_volume(write_series(tmp_path / "a", volume, overlaid))
    assert np.array_equal(back.array, volume.array)


@pytest.mark.parametrize("syntax", [RLELossless, DeflatedExplicitVRLittleEndian])
def test_packed_slices_hold_the_same_values(tmp_path, syntax):
    volume = noise()
    write_series(tmp_path, volume)
    for file in tmp_path.iterdir():
        one = pydicom.dcmread(file)
        if syntax == RLELossless:
            one.compress(RLELossless)
        one.file_meta.TransferSyntaxUID = syntax
        one.save_as(file)
    assert np.array_equal(read_volume(tmp_path).array, volume.array)


def as_jpeg_2000(pixels, file):
    """A slice compressed without loss, by ITK."""
    writer = sitk.ImageFileWriter()
    writer.SetFileName(str(file))
    writer.SetImageIO("GDCMImageIO")
    writer.UseCompressionOn()
    writer.SetCompressor("JPEG2000")
    writer.Execute(sitk.GetImageFromArray(pixels))
    return next(generate_frames(pydicom.dcmread(file).PixelData, number_of_frames=1))


def test_compressed_frames_are_scaled_each_by_its_own_slope(tmp_path):
    volume = noise((3, 64, 48))
    one = enhanced(volume, range(3), [1, 2, 1])
    stored = np.frombuffer(one.PixelData, np.int16).reshape(volume.shape)
    one.PixelData = encapsulate([as_jpeg_2000(part, tmp_path / "one.dcm") for part in stored])
    one["PixelData"].is_undefined_length = True
    one.file_meta.TransferSyntaxUID = JPEG2000Lossless
    one.save_as(tmp_path / "many.dcm", enforce_file_format=True)
    back = read_volume(tmp_path / "many.dcm").array
    assert np.array_equal(back, stored * np.array([1, 2, 1])[:, None, None] - 1024)


# Nuclear medicine -------------------------------------------------------------------------------


@pytest.mark.parametrize("sense", [1, -1])
def test_spect_of_nuclear_medicine_lies_where_its_detector_says(tmp_path, sense):
    """The sign of the spacing says on which side of the first frame the others follow."""
    volume = noise()
    spect(volume, 2.5 * sense).save_as(tmp_path / "nm.dcm", enforce_file_format=True)
    back = read_volume(tmp_path / "nm.dcm")
    assert back.modality == "spect"
    for k in range(5):
        place = volume.origin + sense * 2.5 * k * volume.direction[:, 2]
        voxel = voxel_at(back, place)
        assert back.array[voxel] == volume.array[k, 0, 0] + 1024


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]}, "projections (TOMO)"),
        ({"TimeSlotVector": [1, 1, 2, 2, 2]}, "several times"),
        ({"EnergyWindowVector": [1, 2, 1, 2, 1]}, "several energy windows"),
        ({"DetectorInformationSequence": []}, "where its slices lie"),
        ({"SliceVector": [1, 2]}, "has 5 frames, and numbers 2"),
    ],
)
def test_other_files_of_nuclear_medicine_are_refused(tmp_path, values, words):
    spect(noise(), 2.5, **values).save_as(tmp_path / "nm.dcm", enforce_file_format=True)
    with refused("nm.dcm", words):
        read_volume(tmp_path / "nm.dcm")


def test_a_mosaic_is_sent_the_right_way(tmp_path):
    mosaic = said(Modality="MR", ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"])
    write_series(tmp_path, noise((1, 8, 8)), mosaic)
    for path in (tmp_path, tmp_path / "1-1.dcm"):
        with refused("Siemens mosaic", "dcm2niix"):
            read_volume(path)


def test_damaged_jpeg_2000_leaves_no_line_on_the_terminal(tmp_path, capfd):
    write_series(tmp_path, noise())
    for file in tmp_path.iterdir():
        one = pydicom.dcmread(file)
        one.PixelData = encapsulate([b"\xff\x4f\xff\x51" + bytes(200)])
        one["PixelData"].is_undefined_length = True
        one.file_meta.TransferSyntaxUID = JPEG2000Lossless
        one.save_as(file)
    with refused("pixels", "cannot be read"):
        read_volume(tmp_path)
    assert capfd.readouterr() == ("", "")
