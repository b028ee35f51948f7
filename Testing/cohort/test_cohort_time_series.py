"""A BIDS cohort of dynamic PET: refused with what to say, fused once it is said."""

import numpy as np
import SimpleITK as sitk

from MedFusionLib.cohort import check_studies, read_studies
from MedFusionLib.cohort.fusing import fuse_study
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import read_volume, write_volume


def bids(folder):
    head = make_phantom((16, 32, 32))
    for name in ("anat/sub-01_T1w.nii.gz", "pet/sub-01_pet.nii.gz"):
        (folder / "sub-01" / name).parent.mkdir(parents=True)
    write_volume(head.t1, folder / "sub-01/anat/sub-01_T1w.nii.gz")
    series = np.stack([head.pet.array, head.pet.array * 3])
    image = sitk.GetImageFromArray(series, isVector=False)
    image.SetSpacing((*head.pet.spacing, 1))
    image.SetOrigin((*head.pet.origin, 0))
    sitk.WriteImage(image, str(folder / "sub-01/pet/sub-01_pet.nii.gz"))
    return folder


def test_dynamic_pet_is_refused_with_what_to_say_and_fused_once_it_is_said(tmp_path):
    folder = bids(tmp_path / "bids")
    (study,) = read_studies(folder, method="maximum", align="off")
    (finding,) = check_studies([study], tmp_path / "out")
    assert finding.action == "cannot"
    assert "time series of 2 volumes" in finding.trouble
    assert "--frame N" in finding.trouble and "--frame mean" in finding.trouble
    assert fuse_study(study, tmp_path / "out").error.count("--frame mean") == 1

    for frame in ("mean", 1):
        (study,) = read_studies(folder, method="maximum", align="off", frame=frame)
        (finding,) = check_studies([study], tmp_path / "out")
        assert finding.action in ("fuse", "fuse again"), finding.trouble
        row = fuse_study(study, tmp_path / "out", retry_failed=True)
        assert row.status == "done", row.error
        said = "mean of 2 volumes" if frame == "mean" else "volume 1 of 0 to 1"
        assert any(said in warning for warning in row.warnings)
    assert read_volume(tmp_path / "out" / study.id / "fused.nrrd").array.max() > 0
