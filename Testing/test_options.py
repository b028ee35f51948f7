"""Every place that offers options offers those of the one table, with its defaults."""

import pytest
from helpers import refused
from typer.testing import CliRunner

from MedFusionLib.cli.app import app
from MedFusionLib.cohort.studies import COLUMN_OPTIONS, make_study
from MedFusionLib.settings import OPTIONS, Settings, settings_from

#: a word that no option can have
NONSENSE = {str: "nosuch", int: "many", float: "wide", bool: "perhaps"}
STUDY = {"id": "p1", "mr": "a.nrrd", "second": "b.nrrd", "pair": "pet-mr"}

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
