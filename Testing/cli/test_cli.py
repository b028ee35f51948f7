"""The command line as a user types it."""

import errno
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from helpers import run_medfusion
from typer.testing import CliRunner

from MedFusionLib import __version__
from MedFusionLib.cli.app import app
from MedFusionLib.methods.weights import weights_path
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import read_volume, sha256, write_volume
from MedFusionLib.sources.modalities import PAIRS
from MedFusionLib.sources.volumes import Volume


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small digital head as files."""
    folder = tmp_path_factory.mktemp("head")
    head = make_phantom((20, 40, 40))
    for name in ("t1", "pet", "ct"):
        write_volume(getattr(head, name), folder / f"{name}.nrrd")
    return {name: folder / f"{name}.nrrd" for name in ("t1", "pet", "ct")}


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `medfusion WORDS`: its exit code, stdout and stderr."""

    return lambda *words: run_medfusion(words, monkeypatch, capsys)


def fuse_words(files, out, *more, method="maximum", align="off"):
    return [
        "fuse", files["t1"], files["pet"], "--pair", "pet-mr", "--out", out,
        "--method", method, "--align", align, *more,
    ]  # fmt: skip


def test_version(run):
    assert run("--version")[:2] == (0, f"medfusion {__version__}\n")


def test_without_words_it_says_what_it_can_do(run):
    code, said, _ = run()
    assert code == 0
    assert all(word in said for word in ("fuse", "train", "evaluate", "Research software"))


@pytest.mark.parametrize("words", [("nonsense",), ("fuse",), ("methods", "--nonsense")])
def test_words_it_does_not_know_end_with_code_2_and_one_sentence(run, words):
    code, said, error = run(*words)
    assert (code, said) == (2, "")
    assert error.startswith("Error: ")
    assert len(error.strip().splitlines()) == 1


def test_fuse_writes_every_file(run, files, tmp_path):
    code, said, _ = run(*fuse_words(files, tmp_path / "out", "--scene"))
    assert code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "fused.nrrd", "colour.nrrd", "contribution-first.nrrd", "contribution-second.nrrd",
        "preview.png", "report.json", "scene.mrb",
    }  # fmt: skip
    assert "not a medical device" in said
    reference = read_volume(files["t1"])
    fused = read_volume(tmp_path / "out" / "fused.nrrd")
    np.testing.assert_allclose(fused.matrix, reference.matrix, atol=1e-9)
    assert fused.array.dtype == np.float32


def test_the_colour_is_rgb(run, files, tmp_path):
    run(*fuse_words(files, tmp_path))
    image = sitk.ReadImage(str(tmp_path / "colour.nrrd"))
    assert image.GetPixelIDTypeAsString() == "vector of 8-bit unsigned integer"
    assert image.GetNumberOfComponentsPerPixel() == 3
    header = (tmp_path / "colour.nrrd").read_bytes()[:2000].decode("ascii", "ignore")
    assert "kinds: RGB-color domain domain domain" in header


def test_the_report_says_what_was_used(run, files, tmp_path):
    run(*fuse_words(files, tmp_path, "--omega", 0.3, "--second-window", "0,6"))
    report = json.loads((tmp_path / "report.json").read_text())
    assert [part["sha256"] for part in report["inputs"]] == [
        sha256(files["t1"]), sha256(files["pet"]),
    ]  # fmt: skip
    assert [part["modality"] for part in report["inputs"]] == ["mr", "pet"]
    assert report["inputs"][1]["window"] == [0, 6]
    assert report["parameters"]["omega"] == 0.3
    assert report["parameters"]["contributions"] == "share"
    assert report["version"] == __version__
    assert report["share_sum_error"] < 1e-5
    assert {"network", "weights_sha256", "device", "seconds"} <= set(report)


def test_the_paper_mode_takes_gradients(run, files, tmp_path):
    run(*fuse_words(files, tmp_path, "--colour", "paper"))
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["parameters"]["contributions"] == "gradient"


def test_three_modalities(run, files, tmp_path):
    third = ("--third", files["ct"], "--third-is", "ct", "--third-window", "0,100")
    words = fuse_words(files, tmp_path, *third)
    assert run(*words)[0] == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert [part["modality"] for part in report["inputs"]] == ["mr", "pet", "ct"]
    assert report["inputs"][2]["window"] == [0, 100]
    assert report["share_sum_error"] < 1e-5
    assert (tmp_path / "contribution-third.nrrd").is_file()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({1: "nowhere.nrrd"}, "no file nowhere.nrrd"),
        ({1: __file__}, "cannot be read"),
        ({8: "nonsense"}, "no method 'nonsense'"),
    ],
)
def test_bad_input_ends_with_code_2_and_one_sentence(run, files, tmp_path, change, words):
    words_said = fuse_words(files, tmp_path / "out")
    for place, word in change.items():
        words_said[place] = word
    code, said, error = run(*words_said)
    assert code == 2
    assert said == ""
    assert words in " ".join(error.split())
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_one_file_alone_is_refused(run, files, tmp_path):
    code, _, error = run("fuse", files["t1"], "--pair", "pet-mr", "--out", tmp_path / "out")
    assert code == 2 and error.startswith("Error: The second volume is missing: give it behind t1")


def test_bad_input_leaves_earlier_results_as_they_were(run, files, tmp_path):
    run(*fuse_words(files, tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    infinite = read_volume(files["pet"])
    infinite.array[0, 0, 0] = np.inf
    write_volume(infinite, tmp_path.parent / "infinite.nrrd")
    code, _, error = run(*fuse_words({**files, "pet": tmp_path.parent / "infinite.nrrd"}, tmp_path))
    assert (code, "infinite" in error) == (2, True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (
            "--pair=x",
            "'--pair': 'x' is not one of 'ct-mr', 'pet-mr', 'spect-mr'; see 'medfusion fuse",
        ),
        ("--first-window=9,1", "first_window is '9,1', which cannot be read; give LOWER,UPPER"),
        ("--more-colours=x", "give names of colour modes with commas between"),
    ],
)
def test_a_bad_setting_says_what_can_be_given(run, files, tmp_path, option, words):
    assert words in run(*fuse_words(files, tmp_path / "out", option))[2]


@pytest.mark.parametrize(
    "option",
    [
        ("--pair", "x"),
        ("--omega", "2"),
        ("--second-window", "5"),
        ("--memory", "-1"),
        ("--memory", "nan"),
        ("--memory", "inf"),
        ("--memory", "1e300"),
        ("--third-window", "0,5"),
        ("--second-window", "0,1e-320"),
        ("--precision", "x"),
    ],
)
def test_bad_settings_are_refused(run, files, tmp_path, option):
    code, _, error = run(*fuse_words(files, tmp_path / "out", *option))
    assert code == 2
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_no_name_of_a_folder_is_in_the_results_unless_asked_for(run, files, tmp_path):
    """Folders are often named after patients."""
    patient = tmp_path / "DOE JOHN"
    patient.mkdir()
    own = {name: Path(shutil.copy(path, patient)) for name, path in files.items()}
    out = tmp_path / "out"
    run(*fuse_words(own, out, "--scene"))
    with zipfile.ZipFile(out / "scene.mrb") as scene:
        parts = {name: scene.read(name) for name in scene.namelist()}
    parts |= {path.name: path.read_bytes() for path in out.iterdir()}
    for name, content in parts.items():
        assert b"DOE" not in content and "DOE" not in name
        assert str(tmp_path).encode() not in content
    run(*fuse_words(own, out, "--keep-paths"))
    report = json.loads((out / "report.json").read_text())
    assert [part["file"] for part in report["inputs"]] == [str(own["t1"]), str(own["pet"])]
    assert not (out / "scene.mrb").exists()  # of the fusion before


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 2, "No space left on device"),
        (MemoryError(), 2, "memory of this machine"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 2, "memory of this machine"),
        (ZeroDivisionError("one\ntwo"), 1, "ZeroDivisionError: one"),
        (KeyboardInterrupt(), 130, "Cancelled."),
    ],
)
def test_whatever_goes_wrong_is_said_in_one_line_and_leaves_nothing(
    run, files, tmp_path, monkeypatch, error, code, words
):
    def fail(*_):
        raise error

    monkeypatch.setattr("MedFusionLib.results.folder.save_preview", fail)
    found, said, line = run(*fuse_words(files, tmp_path / "out"))
    assert (found, said) == (code, "")
    assert words in line and "Traceback" not in line
    assert len(line.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_methods_lists_names_kinds_pairs_parameters_weights_and_papers(run):
    rows = json.loads(run("methods", "--json")[1])
    groups = {row["name"]: row["group"] for row in rows}
    assert groups["bands"] == "recommended" and groups["maximum"] == "comparison"
    assert all(groups[n] == "published" for n in ("funfusean", "fw-net", "cspa-dn", "badal-regas"))
    row = next(row for row in rows if row["name"] == "funfusean")
    assert row["parameters"] == 122_209
    assert "Kumar" in row["paper"]
    assert set(row["weights"]) == {p for p in PAIRS if weights_path("funfusean", p).is_file()}
    kinds = {row["name"]: row["kind"] for row in rows}
    assert kinds["funfusean"] == "network"
    assert all(kinds[name] == "classical" for name in ("average", "gff", "nsst-papcnn"))
    assert "funfusean" in run("methods")[1]


def test_demo_fuses_the_head_with_the_trained_networks(run, tmp_path, monkeypatch):
    if not all(weights_path("funfusean", pair).is_file() for pair in ("pet-mr", "ct-mr")):
        pytest.skip("the weights are not trained yet")
    monkeypatch.setattr("MedFusionLib.cli.demo.DEMO_SHAPE", (24, 48, 48))
    assert run("demo", "--out", tmp_path)[0] == 0
    for pair in ("pet-mr", "ct-mr"):
        assert (tmp_path / pair / "preview.png").stat().st_size > 20_000


def test_volumes_that_are_not_registered_are_warned_of(run, files, tmp_path):
    far = read_volume(files["ct"])
    origin = np.add(far.origin, (0, 18, 0))
    write_volume(Volume(far.array, far.spacing, origin, far.direction), tmp_path / "ct.nrrd")
    words = ["fuse", files["t1"], tmp_path / "ct.nrrd", "--pair", "ct-mr", "--network", "maximum"]
    code, said, error = run(*words, "--out", tmp_path / "out")
    assert code == 0
    assert "ct: about 1" in said
    assert "Warning: ct lies about 1" in error
    (row,) = json.loads((tmp_path / "out" / "report.json").read_text())["alignment"]
    assert (row["verdict"], row["applied"]) == ("off", False)
    assert row["displacement_mm"] == pytest.approx(18, abs=4)


def test_a_lowered_mr_is_said(run, files, tmp_path):
    code, said, _ = run(*fuse_words(files, tmp_path / "on", "--headroom", "on"))
    factor = json.loads((tmp_path / "on/report.json").read_text())["parameters"]["headroom_factor"]
    assert code == 0 and f"t1: lowered to {int(100 * factor)}% for headroom\n" in said
    code, said, _ = run(*fuse_words(files, tmp_path / "off", "--headroom", "off"))
    assert code == 0 and "headroom" not in said


def test_verbose_says_where_the_time_went(files, tmp_path):
    words = [files["t1"], files["pet"], "--pair", "pet-mr", "--method", "maximum", "--align", "off"]
    result = CliRunner().invoke(
        app, ["fuse", *map(str, words), "--out", str(tmp_path / "out"), "--verbose"]
    )
    assert result.exit_code == 0
    for part in ("reading", "fusion and contributions", "quality", "preview", "total"):
        assert part in result.output
