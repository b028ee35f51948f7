"""Tables as CSV that a spreadsheet shows and does not run."""

import csv

import pytest

from MedFusionLib.spreadsheets import plain_cell, write_csv


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-a", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_looks_like_a_formula_becomes_text(text):
    assert plain_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["p-1", "", "-1.5", "+2e3", -3, 0.5, None, True])
def test_other_values_stay_as_they_are(value):
    assert plain_cell(value) == value


def test_a_table_comes_back(tmp_path):
    text = 'with "quotes", commas\nand lines'
    write_csv(tmp_path / "a.csv", [["id", "note"], ["a", text], [1, None]])
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows == [["id", "note"], ["a", text], ["1", ""]]
