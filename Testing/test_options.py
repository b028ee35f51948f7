"""Every place that offers options offers those of the one table, with its defaults."""

import importlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers import refused
from typer.testing import CliRunner

from MedFusionLib.cli.app import app
from MedFusionLib.cohort.studies import COLUMN_OPTIONS, make_study
from MedFusionLib.settings import OPTIONS, Settings, settings_from

#: a word that no option can have
NONSENSE = {str: "nosuch", int: "many", float: "wide", bool: "perhaps"}
STUDY = {"id": "p1", "mr": "a.nrrd", "second": "b.nrrd", "pair": "pet-mr"}

MODULE = Path(__file__).resolve().parents[1] / "MedFusion"


@pytest.fixture
def panel_state(monkeypatch):
    """The class of the panel's state, which needs no Slicer."""
    monkeypatch.syspath_prepend(MODULE)
    return importlib.import_module("MedFusionPanel.state").PanelState


every = pytest.mark.parametrize("name", OPTIONS)


def flags_of(command):
    """The options of a command: parameter name -> its flags."""
    from typer.main import get_command

    import MedFusionLib.cli  # noqa: F401 - the commands

    (found,) = (part for name, part in get_command(app).commands.items() if name == command)
    return {part.name: part.opts for part in found.params}


@pytest.mark.parametrize("command", ["fuse", "cohort"])
def test_commands_offer_what_the_table_says(command):
    flags = flags_of(command)
    for name, one in OPTIONS.items():
        if command in one.places:
            assert "--" + name.replace("_", "-") in flags[name]


#: options that the panel keeps otherwise: a window and whether it is automatic, a check box (for
#: one further colour mode), and a choice of the computer that is no part of a scene
KEPT_OTHERWISE = {
    "first_window": "firstWindow",
    "second_window": "secondWindow",
    "align": "checkAlignment",
    "more_colours": "wantPublishedColour",
    "device": None,
}


def test_the_panel_offers_what_the_table_says(panel_state):
    parameters = {one.option.name: one for one in panel_state.optionParameters()}
    in_panel = {name for name, one in OPTIONS.items() if "panel" in one.places}
    assert parameters.keys() | KEPT_OTHERWISE.keys() == in_panel
    for name, parameter in parameters.items():
        one = OPTIONS[name]
        assert parameter.default == ("auto" if one.default is None else one.default)
        if parameter.choices:
            assert {"auto", *parameter.choices} == {"auto", *one.choices()}
        if one.least is not None:
            assert parameter.limits[0] == one.least


def test_the_panel_has_a_widget_for_each_of_its_options(panel_state):
    tree = ElementTree.parse(MODULE / "Resources" / "UI" / "MedFusion.ui")
    bound = {
        part.findtext("string")
        for part in tree.iter("property")
        if part.get("name") == "SlicerParameterName"
    }
    wanted = {one.name for one in panel_state.optionParameters()}
    assert wanted | set(filter(None, KEPT_OTHERWISE.values())) <= bound


def test_untouched_the_panel_fuses_with_the_defaults_of_the_table(panel_state):
    class Untouched:
        def GetParameter(self, name):
            return ""

    assert Settings(**panel_state(Untouched()).settings) == Settings()


@every
def test_every_option_says_what_it_is(name):
    one = OPTIONS[name]
    assert one.help.endswith(".") and one.looks and set(one.places)


@every
def test_a_column_with_nonsense_is_trouble_that_says_what_to_do(name):
    if name not in COLUMN_OPTIONS:
        pytest.skip("not offered in a cohort")
    one = OPTIONS[name]
    word = "upside,down" if hasattr(one.kind, "parse") else NONSENSE[one.kind]
    study = make_study({**STUDY, name: word})
    assert f"'{word}'" in study.trouble and study.trouble.endswith(".")
    for choice in one.choices() if one.choices else ():
        assert make_study({**STUDY, name: choice}).trouble == ""


@every
def test_defaults_are_values_that_the_option_can_have(name):
    OPTIONS[name].check(OPTIONS[name].default)
    OPTIONS[name].check(OPTIONS[name].command_default)


def test_a_number_outside_its_limits_is_refused():
    with refused("omega is 7", "between 0 and 1"):
        OPTIONS["omega"].check(7.0)
    with refused("steps is 0", "at least 1"):
        OPTIONS["steps"].check(0)


def test_settings_by_name_or_as_a_whole():
    assert settings_from(None, {"method": "maximum", "batch": None}).method == "maximum"
    with refused("no option 'speed'", "method"):
        settings_from(None, {"speed": 3})
    with refused("not both"):
        settings_from(Settings(), {"method": "maximum"})


def test_a_command_says_which_words_there_are():
    import MedFusionLib.cli  # noqa: F401

    words = ["fuse", "a", "b", "--pair", "pet-mr", "--out", "c", "--axis", "up"]
    assert "axial" in CliRunner().invoke(app, words).output


def test_a_cohort_gets_every_option_that_was_given_even_0(monkeypatch):
    import MedFusionLib.cli  # noqa: F401

    taken = {}
    monkeypatch.setattr(
        "MedFusionLib.cohort.studies.read_studies", lambda _, **given: taken.update(given) or []
    )
    words = ["cohort", "list.csv", "--out", "results", "--dry-run", "--omega", "0", "--frame", "0"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert taken == {"omega": 0, "frame": 0}


def test_former_names_of_columns_still_serve():
    study = make_study({**STUDY, "network": "maximum", "third": "c.nrrd", "third_is": "ct"})
    assert study.options["method"] == "maximum" and study.third_modality == "ct"
