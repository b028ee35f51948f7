"""A DICOM series of several times: refused with what to say, or one of them, or their mean."""

import numpy as np
import pytest
from dicom_series import write_series
from helpers import refused

from MedFusionLib.sources.files import corners_of, read_volume
from MedFusionLib.sources.volumes import Volume

ARRAY = np.random.default_rng(0).integers(0, 99, (4, 6, 5)).astype(np.float32)


def times(folder, keyword, values=(100005, 100002, 100009)):
    """A series of one volume for each time, the number of a time times a thousand its values."""
    for number, time in enumerate(values):
        volume = Volume(ARRAY + 1000 * number, (2, 2, 3), (-5, 6, 7), name="pet")

        def change(one, k, number=number, time=time):
            one.Modality = "PT"
            one.SOPInstanceUID = f"1.2.3.{number}.{k}"
            one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
            if keyword:
                setattr(one, keyword, str(time))

        write_series(folder / "part", volume, change)
        for file in (folder / "part").iterdir():
            file.rename(folder / f"{number}-{file.name}")
        (folder / "part").rmdir()
    return folder


@pytest.mark.parametrize(
    "keyword", ["TemporalPositionIdentifier", "FrameReferenceTime", "AcquisitionTime"]
)
def test_a_time_series_is_refused_or_one_time_is_read(tmp_path, keyword):
    folder = times(tmp_path, keyword)
    for read in (read_volume, corners_of):
        with refused("pet-series-4 is a time series of 3 volumes", "--frame N", "--frame mean"):
            read(folder)
    for frame, wanted in ((0, 1000), (1, 0), (2, 2000), ("mean", 1000)):
        volume = read_volume(folder, frame=frame)
        assert np.allclose(volume.array, ARRAY + wanted)
        assert volume.spacing == (2, 2, 3)
        assert len(volume.notes) == 1
    with refused("no volume 3", "from 0 to 2"):
        read_volume(folder, frame=3)


def test_slices_of_one_place_and_no_time_are_refused(tmp_path):
    with refused("lies where another slice lies"):
        read_volume(times(tmp_path, ""))
