"""DICOM series written for tests: made-up pixels, no patient."""

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian

SERIES = "1.2.826.0.1.3680043.2.1125.1"


def header(kind=CTImageStorage, series=SERIES, number=1):
    """What every DICOM picture says."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = kind
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = f"{series}.{number}"
    made.StudyInstanceUID, made.SeriesInstanceUID = f"{SERIES}.9", series
    made.Modality, made.SeriesNumber, made.InstanceNumber = "CT", "4", str(number)
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
    made.PixelRepresentation = 1
    return made


def write_series(folder, volume, change=None, series=SERIES):
    """A series of single slices, its file names in another order than its slices.

    `change(header, k)` may spoil a slice before it is written.
    """
    folder.mkdir(exist_ok=True)
    count = volume.shape[0]
    for k, pixels in enumerate(volume.array):
        one = header(series=series, number=k + 1)
        one.Rows, one.Columns = pixels.shape
        place = volume.matrix @ (0, 0, k, 1)
        one.ImagePositionPatient = [f"{x:.6f}" for x in place[:3]]
        one.ImageOrientationPatient = [f"{x:.9f}" for x in volume.direction.T[:2].ravel()]
        one.PixelSpacing = [f"{volume.spacing[1]:g}", f"{volume.spacing[0]:g}"]
        one.RescaleSlope, one.RescaleIntercept = "1", "-1024"
        one.PixelData = (pixels + 1024).astype(np.int16).tobytes()
        if change:
            change(one, k)
        one.save_as(folder / f"{series[-1]}-{count - k}.dcm", enforce_file_format=True)
    return folder


def enhanced(volume, order, slopes=None):
    """An enhanced file with the slices `order` of a volume, scaled by their own slopes."""
    one = header(EnhancedCTImageStorage)
    one.NumberOfFrames, one.Rows, one.Columns = len(order), *volume.shape[1:]
    measures, turned = Dataset(), Dataset()
    measures.PixelSpacing = [volume.spacing[1], volume.spacing[0]]
    turned.ImageOrientationPatient = volume.direction.T[:2].ravel().tolist()
    shared = Dataset()
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [turned]
    one.SharedFunctionalGroupsSequence = [shared]
    one.PerFrameFunctionalGroupsSequence = []
    stored = []
    for k in order:
        place, frame, scale = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = (volume.matrix @ (0, 0, k, 1))[:3].tolist()
        scale.RescaleSlope, scale.RescaleIntercept = (slopes[k] if slopes else 1), -1024
        scale.RescaleType = "HU"
        frame.PlanePositionSequence = [place]
        frame.PixelValueTransformationSequence = [scale]
        one.PerFrameFunctionalGroupsSequence.append(frame)
        stored.append(np.round((volume.array[k] + 1024) / float(scale.RescaleSlope)))
    one.PixelData = np.array(stored).astype(np.int16).tobytes()
    return one


def spect(volume, step, **values):
    """A reconstructed SPECT, as nuclear medicine writes it, from the slices of a volume."""
    one = header("1.2.840.10008.5.1.4.1.1.20")
    one.Modality, one.ImageType = "NM", ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    one.NumberOfFrames, one.Rows, one.Columns = volume.shape
    one.PixelSpacing = [volume.spacing[1], volume.spacing[0]]
    one.SpacingBetweenSlices = step
    one.SliceVector = list(range(1, volume.shape[0] + 1))
    detector = Dataset()
    detector.ImagePositionPatient = list(volume.origin)
    detector.ImageOrientationPatient = volume.direction.T[:2].ravel().tolist()
    one.DetectorInformationSequence = [detector]
    one.PixelData = (volume.array + 1024).astype(np.int16).tobytes()
    for name, value in values.items():
        setattr(one, name, value)
    return one
