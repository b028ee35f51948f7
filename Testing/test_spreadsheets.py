"""Tables as CSV that a spreadsheet shows and does not run."""

import csv
import re

import pytest

from MedFusionLib.spreadsheets import plain_cell, write_csv

STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("between", ["", "x,", "x;", "x|", "x\t", "x\n", "x\r", 'x"', "x; "])
@pytest.mark.parametrize("start", STARTS)
def test_what_looks_like_a_formula_becomes_text(between, start):
    """Wherever a spreadsheet may see the start of a cell, no formula starts."""
    said = plain_cell(f"{between}{start}cmd|' /C calc'!A0")
    for cell in re.split(r"""[,;|\t\r\n"]""", said):
        assert not cell.strip().startswith(tuple(STARTS)), said
    assert said.replace("'", "") == f"{between}{start}cmd| /C calc!A0"


@pytest.mark.parametrize("text", ["\t=1", "\r=1", " =1"])
def test_white_space_hides_no_formula(text):
    assert "'=1" in plain_cell(text)


@pytest.mark.parametrize("value", ["p-1", "", "-1.5", "+2e3", -3, 0.5, None, True])
def test_other_values_stay_as_they_are(value):
    assert plain_cell(value) == value


def test_no_control_character_ends_or_hides_a_cell():
    said = plain_cell("a\0b\x1b[2J\u202e\u200b=1\udcff")
    assert said == r"a\x00b\x1b[2J\u202e\u200b=1\udcff"


def test_a_table_comes_back(tmp_path):
    text = 'with "quotes", commas\nand lines'
    write_csv(tmp_path / "a.csv", [["id", "note"], ["a", text], [1, None]])
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows == [["id", "note"], ["a", text], ["1", ""]]
