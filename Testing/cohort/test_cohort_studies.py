"""The list of a cohort: CSV, BIDS, and what is wrong with a row."""

import inspect

import pytest
import SimpleITK as sitk
from helpers import refused

from MedFusionLib.cli.fuse import fuse
from MedFusionLib.cohort import check_studies, make_study, read_studies
from MedFusionLib.cohort.clusters import plan_workers
from MedFusionLib.cohort.fusing import fuse_study, without_paths
from MedFusionLib.cohort.studies import COLUMN_OPTIONS, COLUMNS
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import write_volume
from MedFusionLib.sources.intensities import Window
from MedFusionLib.sources.volumes import Volume

GOOD = {"id": "p1", "mr": "t1.nrrd", "second": "pet.nrrd", "pair": "pet-mr"}


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_list_is_read(tmp_path, between):
    heads = ["ID", "mr", "second", "pair", "First-Window", "omega", "scene", "# age"]
    cells = ["p1", "a b/t1.nrrd", "/pet.nrrd", "pet-mr", '"0,900"', "0.3", "yes", "61"]
    text = between.join(heads) + "\r\n" + between.join(cells) + "\r\n\r\n"
    (study,) = read_studies(written(tmp_path, text, "utf-8-sig"), method="maximum", omega=0.5)
    assert study.trouble == ""
    assert (study.id, study.pair) == ("p1", "pet-mr")
    assert study.files == (str(tmp_path / "a b/t1.nrrd"), "/pet.nrrd")
    assert study.options == {
        "method": "maximum", "omega": 0.3, "first_window": Window(0, 900), "scene": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": ""}, "no id"),
        ({"id": "../p1"}, "cannot name a folder"),
        ({"id": ".cohort"}, "cannot name a folder"),
        ({"id": "cohort.html"}, "cannot name a folder"),
        ({"mr": ""}, "no mr"),
        ({"pair": "mr-mr"}, "no pair 'mr-mr'"),
        ({"third": "ct.nrrd"}, "together"),
        ({"third": "ct.nrrd", "third_is": "pet"}, "third volume cannot be"),
        ({"omega": "much"}, "omega is 'much'"),
        ({"first_window": "9,1"}, "first_window is '9,1'"),
        ({"scene": "maybe"}, "give yes or no"),
    ],
)
def test_a_bad_row_says_what_is_wrong(change, words):
    trouble = make_study({**GOOD, **change}).trouble
    assert words in trouble
    assert trouble.endswith(".")


def test_what_could_not_be_shown_is_spelled_out():
    """In table, page and terminal alike; a path stays what it is."""
    study = make_study({**GOOD, "id": "a\0\u202eb", "pair": "x\x1b[2J", "mr": "a\u202eb.nrrd"})
    assert (study.id, study.pair) == (r"a\x00\u202eb", r"x\x1b[2J")
    assert study.mr == "a\u202eb.nrrd"
    assert study.trouble.isprintable() and "cannot name a folder" in study.trouble


@pytest.mark.parametrize("name", ["Doe\0.nrrd", "Doe \udcff.nrrd"])
def test_a_path_that_no_file_can_have_is_trouble_of_its_study_alone(tmp_path, name):
    study = make_study({**GOOD, "mr": f"/data of Doe/{name}", "network": "maximum"})
    row = fuse_study(study, tmp_path)
    assert row.status == "failed"
    assert "MR" in row.error and "name" in row.error and "Doe" not in row.error
    assert row.error.isprintable()
    (finding,) = check_studies([study], tmp_path)
    assert finding.action == "cannot" and "name" in finding.trouble


def test_every_option_of_fuse_is_a_column():
    sources = {"first", "second", "out_", "verbose"}
    assert set(inspect.signature(fuse).parameters) - sources == {
        *COLUMNS, *COLUMN_OPTIONS
    } - {"id", "mr", "second"}  # fmt: skip


def test_an_id_stands_for_one_study(tmp_path):
    rows = "p1,a,b,ct-mr\nP1,c,d,ct-mr\np2,e,f,ct-mr\n"
    studies = read_studies(written(tmp_path, "id,mr,second,pair\n" + rows))
    assert ["Several rows" in study.trouble for study in studies] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "at least one row"),
        ("id,mr,second,pair\n", "at least one row"),
        ("id,mr,second\np1,a,b\n", "has no pair"),
        ("id,mr,second,pair,netwrok\np1,a,b,ct-mr,x\n", "no column 'netwrok'"),
        ("id,mr,second,pair\np1,a,b,ct-mr,0,900\n", "Line 2"),
        ('id,mr,second,pair\np1,"a,b,ct-mr\n', "no CSV"),
    ],
)
def test_a_bad_list_is_refused(tmp_path, text, words):
    with refused(words):
        read_studies(written(tmp_path, text))


def test_a_list_in_another_code_is_refused(tmp_path):
    with refused("UTF-8"):
        read_studies(written(tmp_path, "id,mr\nMüller,a\n", "latin-1"))
    with refused("cannot be read"):
        read_studies(tmp_path / "nowhere.csv")


def test_a_bids_folder_is_read(tmp_path):
    for name in (
        "sub-01/anat/sub-01_T1w.nii.gz", "sub-01/anat/sub-01_T2w.nii.gz",
        "sub-01/pet/sub-01_trc-FDG_pet.nii.gz", "sub-01/pet/sub-01_trc-FDG_pet.json",
        "sub-02/ses-a/anat/sub-02_ses-a_T2w.nii", "sub-02/ses-a/ct/sub-02_ses-a_ct.nii",
        "sub-02/ses-b/pet/sub-02_ses-b_pet.nii.gz", "sub-03/anat/sub-03_T1w.nii.gz",
        "derivatives/x/sub-01/pet/sub-01_pet.nii.gz",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    one, two, three = read_studies(tmp_path, method="maximum")
    assert (one.id, one.pair) == ("sub-01_trc-FDG_pet", "pet-mr")
    assert one.mr.endswith("sub-01_T1w.nii.gz")
    assert (two.id, two.pair) == ("sub-02_ses-a_ct", "ct-mr")
    assert two.mr.endswith("sub-02_ses-a_T2w.nii")
    assert "no mr" in three.trouble
    assert one.options == {"method": "maximum"}
    with refused("no folders sub-*"):
        read_studies(tmp_path / "derivatives")


def test_the_headers_say_what_cannot_be_fused(tmp_path):
    head = make_phantom((16, 24, 24))
    far = Volume(head.pet.array, head.pet.spacing, (5000, 0, 0), name="pet")
    for name, volume in (("t1", head.t1), ("pet", head.pet), ("far", far)):
        write_volume(volume, tmp_path / f"{name}.nrrd")
    flat = sitk.GetImageFromArray(head.pet.array[0])
    sitk.WriteImage(flat, tmp_path / "flat.nrrd")
    (tmp_path / "text.nrrd").write_text("no image")
    (tmp_path / "empty").mkdir()
    changes = {
        "good": {},
        "far": {"second": "far.nrrd"},
        "flat": {"second": "flat.nrrd"},
        "text": {"second": "text.nrrd"},
        "none": {"mr": "none.nrrd"},
        "dicom": {"mr": "empty"},
        "method": {"network": "x"},
        "omega": {"omega": 7},
        "twice": {"second": "t1.nrrd"},
        "align": {"align": "x"},
        "bounds": {"bounds": "x"},
        "steps": {"steps": 0},
    }
    studies = [
        make_study({**GOOD, "network": "maximum", "id": name, **change}, tmp_path)
        for name, change in changes.items()
    ]
    found = {finding.id: finding for finding in check_studies(studies, tmp_path / "out")}
    assert (found["good"].action, found["good"].trouble) == ("fuse", "")
    for name, words in (
        ("far", "do not overlap"),
        ("flat", "2 dimensions"),
        ("text", "cannot be read"),
        ("none", "no file"),
        ("dicom", "DICOM"),
        ("method", "no method"),
        ("omega", "omega"),
        ("twice", "t1.nrrd is given twice; choose another one."),
        ("align", "no kind of alignment 'x'"),
        ("bounds", "no kind of bounds 'x'"),
        ("steps", "steps is 0"),
    ):
        assert found[name].action == "cannot"
        assert words in found[name].trouble
    assert not (tmp_path / "out").exists()


def test_a_sentence_names_no_file():
    study = make_study({**GOOD, "mr": "/data/Jane Doe/MR.nrrd", "second": "x/Doe_PET.nii.gz"})
    for text in (
        "There is no file /data/Jane Doe/MR.nrrd; check the path.",
        "Doe_PET is constant.",
        "Only 40% of MR lies inside Doe_PET.",
        "x/Doe_PET.nii.gz and /data/Jane Doe/MR.nrrd do not overlap in space.",
        "FileNotFoundError: [Errno 2] No such file: '/data/other/Doe.txt'.",
    ):
        said = without_paths(text, study, "/data/out")
        assert "Doe" not in said and "/" not in said, said
        assert "the the" not in said


@pytest.mark.parametrize("named", ["fold", "/data/fold"])
def test_a_name_inside_another_word_is_left_there(named):
    study = make_study({**GOOD, "second": named})
    said = without_paths(f"The folder {named} holds no slices; give a folder of slices.", study)
    assert said == "The folder of the PET holds no slices; give a folder of slices."


def test_a_name_that_is_a_plain_word_is_replaced_where_a_file_is_named():
    study = make_study({**GOOD, "second": "/data/slices"})
    said = without_paths("Give slices: the folder slices holds none.", study)
    assert said == "Give slices: the folder of the PET holds none."


def test_a_path_without_folders_is_replaced_everywhere():
    study = make_study({**GOOD, "second": "miller"})
    said = without_paths("The folder miller differs from miller.", study)
    assert said == "The folder of the PET differs from the PET."


@pytest.mark.parametrize(
    ("cores", "gpus", "wanted", "workers", "threads"),
    [(2, 0, None, 1, 2), (16, 0, None, 4, 4), (16, 2, None, 2, 8), (2, 0, 4, 4, 1)],
)
def test_workers_share_the_computer(cores, gpus, wanted, workers, threads):
    count, each, memory = plan_workers(cores, gpus, 10e9, wanted)
    assert (count, each) == (workers, threads)
    assert memory * count == pytest.approx(9e9)
