"""A colour mode is one file: everything that lists or uses modes asks the registry."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import refused

from MedFusionLib.cohort.studies import make_study
from MedFusionLib.colour import registry
from MedFusionLib.colour.coding import Coding, legend
from MedFusionLib.colour.mode import levels
from MedFusionLib.fusion import fuse
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TOY = """
import numpy as np

from MedFusionLib.colour.mode import ColourMode, Legend, Places, levels, picture_of


class Green(ColourMode):
    name = "green"
    title = "Green image"
    summary = "The fused image in green."

    def table(self, coding, modalities):
        table = np.zeros((256, 1, 3), np.uint8)
        table[:, 0, 1] = np.arange(256)
        return table

    def places(self, voxels):
        row = levels(np.clip(voxels.fused, 0, 1)) * ~voxels.background
        return Places(row, np.zeros_like(row))

    def legend(self, coding, names, size):
        return Legend(picture_of(self.table(coding, names), size), self.title, ())


MODE = Green()
"""


@pytest.fixture
def toy(monkeypatch):
    """A mode in the registry, as its file would bring it."""
    file: dict = {}
    exec(TOY, file)
    modes = {**registry._registry(), "green": file["MODE"]}
    monkeypatch.setattr(registry, "_registry", lambda: modes)
    return file["MODE"]


def test_a_new_mode_colours_a_fusion_and_its_legend(toy):
    head = make_phantom((16, 32, 32))
    coding = Coding("green")
    fusion = fuse(head.t1, head.pet, "pet-mr", method="maximum", coding=coding, device="cpu")
    assert fusion.contribution_kind == registry.DEFAULT_CONTRIBUTIONS
    green = fusion.colour[..., 1].astype(int)
    assert np.abs(green - 255 * fusion.fused.array).max() <= 0.51
    assert not fusion.colour[..., [0, 2]].any()
    assert legend(coding, ["MR", "PET"]).picture[0, 0].tolist() == [0, 255, 0]
    assert fusion.report.parameters.colour == "green"


def test_a_cohort_takes_a_new_mode(toy):
    row = {"id": "p1", "mr": "a.nrrd", "second": "b.nrrd", "pair": "pet-mr"}
    assert make_study({**row, "colour": "green"}).options["colour"] == "green"
    assert "pink" in make_study({**row, "colour": "pink"}).trouble


def test_a_file_is_enough_for_a_new_mode(tmp_path):
    """In a copy of the library: command line and panel list it."""
    shutil.copytree(ROOT / "MedFusionLib", tmp_path / "MedFusionLib")
    (tmp_path / "MedFusionLib" / "colour" / "modes" / "green.py").write_text(TOY)
    lists = (
        "from MedFusionLib.settings import OPTIONS;"
        "from MedFusionLib.colour.registry import all_modes;"
        "colour = OPTIONS['colour'];"
        "print(*colour.choices(), colour.help, *(mode.title for mode in all_modes()))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", lists], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    for words in ("green", "The fused image in green.", "Green image"):
        assert words in run.stdout


@pytest.mark.parametrize("mode", registry.all_modes(), ids=lambda mode: mode.name)
def test_every_mode_says_what_it_is(mode):
    assert mode.title and mode.summary.endswith(".") and mode.summary.count(".") == 1
    assert set(mode.uses) <= {"omega", "colormap"}


def test_one_fusion_gives_several_colour_volumes():
    head = make_phantom((16, 32, 32))
    fusion = fuse(head.t1, head.pet, "pet-mr", method="maximum", coding=Coding("fused"),
                  more_colours=("paper", "fused", "sources"), device="cpu")  # fmt: skip
    colours = fusion.colours
    assert list(colours) == ["colour", "colour-paper", "colour-sources"]
    assert np.array_equal(colours["colour-paper"], fusion.recolour(Coding("paper")))
    assert fusion.report.parameters.more_colours == ("paper", "sources")


def test_the_published_colours_beside_the_default_are_those_of_gradients():
    settings = Settings(coding=Coding("sources"), more_colours=("paper",))
    assert settings.contributions == "gradient"
    assert Settings(coding=Coding("sources")).contributions == "share"


def test_more_colours_that_do_not_exist_are_refused():
    with refused("rainbow"):
        Settings(more_colours=("rainbow",))
    row = {"id": "p1", "mr": "a.nrrd", "second": "b.nrrd", "pair": "pet-mr"}
    assert make_study({**row, "more_colours": "paper,fused"}).options["more_colours"]
    assert "rainbow" in make_study({**row, "more_colours": "rainbow"}).trouble


def test_levels_of_a_large_volume_are_those_of_its_parts():
    values = np.linspace(0, 1, 5 * 1100 * 1000, dtype=np.float32).reshape(5, 1100, 1000)
    found = levels(values)
    assert found.dtype == np.uint8
    assert np.array_equal(found, np.stack([levels(part) for part in values]))
    assert np.array_equal(found[-1, -1, -3:], [255, 255, 255])
