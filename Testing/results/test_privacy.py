"""Nothing that names a person leaves in a result but what the documentation says.

A dozen strings are planted in DICOM headers, in the names of files and folders and in the list of a
cohort; then every output is searched for them.
"""

from __future__ import annotations

import csv
import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest
from dicom_series import write_series
from matplotlib.figure import Figure
from matplotlib.text import Text

from MedFusionLib.cohort import fuse_cohort, read_studies
from MedFusionLib.cohort.fusing import fuse_study
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import write_volume

pytest.importorskip("pydicom")

#: in the headers of the sources, for all that a header has for a person or a place
IN_HEADERS = {
    "InstitutionName": "StPlantedHospital", "OperatorsName": "Operator^Planted",
    "PhysiciansOfRecord": "Physician^Planted", "ProtocolName": "ProtocolPlanted",
    "SeriesDescription": "SeriesOfPlanted", "PatientAddress": "PlantedStreet1",
    "PatientComments": "CommentPlanted", "StationName": "StationPlanted",
    "DeviceSerialNumber": "SerialPlanted", "RequestingPhysician": "Requester^Planted",
}  # fmt: skip
#: in those of the MR, whose patient and study a DICOM result joins
CARRIED = {"PatientName": "Carried^Jane", "PatientID": "carried-4711"}
#: in names
FOLDER, FILE, RAW, NOTE = "Doe_Folder", "Doe_Jane_19500101", "Voxels_of_Doe", "NoteDoe"
PLANTED = [*IN_HEADERS.values(), FOLDER, FILE, RAW, NOTE, "Doe_Second"]


def planted(header, k):
    for keyword, value in {**IN_HEADERS, **CARRIED}.items():
        setattr(header, keyword, value)
    header.add_new(0x00091001, "LO", "PrivatePlanted")


def write(folder: Path, volume, modality: str, name: str) -> Path:
    def change(header, k):
        planted(header, k)
        header.Modality = modality

    write_series(folder, volume, change)
    for number, file in enumerate(sorted(folder.iterdir())):
        file.rename(folder / f"{name}_{number:03}.dcm")
    return folder


@pytest.fixture(scope="module")
def said():
    """All words that matplotlib drew into pictures."""
    return []


@pytest.fixture(scope="module")
def out(tmp_path_factory, in_process, said):
    """A cohort of DICOM series, of a detached header, and of sources that are damaged."""
    root = tmp_path_factory.mktemp("data") / FOLDER
    root.mkdir()
    head = make_phantom((16, 24, 24))
    mr = head.t1.like(np.round(head.t1.array), "mr")
    mr_folder = write(root / "Doe_Second_mr", mr, "MR", FILE)
    pet_folder = write(
        root / "Doe_Second_pet", head.pet.like(np.round(head.pet.array), "pet"), "PT", FILE
    )
    write_volume(head.pet, root / "pet.mhd")
    (root / "pet.zraw").rename(root / f"{RAW}.raw")
    text = (root / "pet.mhd").read_text().replace("pet.zraw", f"{RAW}.raw")
    (root / "pet.mhd").write_text(text)
    (root / "gone.mhd").write_text(text.replace(RAW, f"{RAW}_gone"))
    broken = write(root / "broken", mr, "MR", FILE)
    slices = sorted(broken.iterdir())
    slices[3].write_bytes(slices[3].read_bytes()[:600])
    rows = [
        ["id", "mr", "second", "pair", "method", "align", "dicom", "#note"],
        *(
            [name, mr_folder, second, "pet-mr", "maximum", "check", "yes", NOTE]
            for name, second in (
                ("series", pet_folder), ("detached", root / "pet.mhd"),
                ("gone", root / "gone.mhd"), ("none", root / f"{FILE}.nrrd"),
            )
        ),
        ["broken", broken, pet_folder, "pet-mr", "maximum", "check", "yes", NOTE],
    ]  # fmt: skip
    with (root / "list.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    out = tmp_path_factory.mktemp("out")
    real = Figure.savefig

    def look(figure, *args, **words):
        said.extend(text.get_text() for text in figure.findobj(Text))
        return real(figure, *args, **words)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", look)
        found = fuse_cohort(read_studies(root / "list.csv"), out, client=in_process)
    states = {row.id: row.status for row in found}
    failed = dict.fromkeys(("gone", "none", "broken"), "failed")
    assert states == {"series": "done", "detached": "done", **failed}
    return out


def contents(path: Path) -> bytes:
    """All that a file holds, also packed."""
    data = path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            data += b"".join(packed.read(name) + name.encode() for name in packed.namelist())
    if path.suffix == ".nrrd":
        header, _, voxels = data.partition(b"\n\n")
        data = header + gzip.decompress(voxels)
    return data


def search(out: Path, words: list[str]) -> list[tuple[str, str]]:
    found = []
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        data = contents(path) + str(path.relative_to(out)).encode()
        found += [(path.name, word) for word in words if word.encode() in data]
    return found


def test_no_planted_string_is_in_any_output(out):
    names = {path.suffix for path in out.rglob("*") if path.is_file()}
    assert names >= {".nrrd", ".json", ".png", ".jpg", ".csv", ".html", ".dcm"}
    assert len(PLANTED) >= 12
    assert search(out, [*PLANTED, "PrivatePlanted"]) == []


def test_no_planted_string_is_drawn_into_the_preview(out, said):
    assert said, "the preview has words"
    assert [word for word in PLANTED for text in said if word in text] == []


def test_the_patient_is_in_the_dicom_result_of_a_dicom_mr_alone(out):
    """Stations find a series by its patient; the documentation says so."""
    found = search(out, list(CARRIED.values()))
    assert found and all(name.endswith(".dcm") for name, _ in found)


def test_a_scene_holds_no_planted_string(tmp_path):
    pytest.importorskip("slicer", reason="slicer-core is not installed: no tests on MRML scenes")
    head = make_phantom((16, 24, 24))
    folder = tmp_path / FOLDER
    folder.mkdir()
    mr = write(folder / "mr", head.t1.like(np.round(head.t1.array), "mr"), "MR", FILE)
    pet = write(folder / "pet", head.pet.like(np.round(head.pet.array), "pet"), "PT", FILE)
    (folder / "list.csv").write_text(
        f"id,mr,second,pair,method,align,scene\np1,{mr},{pet},pet-mr,maximum,off,yes\n"
    )
    (study,) = read_studies(folder / "list.csv")
    assert fuse_study(study, tmp_path / "out").status == "done"
    assert (tmp_path / "out" / "p1" / "scene.mrb").is_file()
    assert search(tmp_path / "out", [*PLANTED, *CARRIED.values()]) == []
