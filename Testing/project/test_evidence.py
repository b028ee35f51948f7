"""The tables of the evidence pages: kept as JSON, drawn between the marks of the page."""

import pytest
from helpers import docs_command


@pytest.fixture(scope="module")
def evidence():
    """The command, as a module."""
    return docs_command("evidence")


@pytest.fixture
def page(tmp_path):
    """A page with two blocks."""
    path = tmp_path / "toy.md"
    marks = "<!-- begin: {0} -->\n{0}\n<!-- end: {0} -->\n"
    path.write_text("Head\n\n" + marks.format("a b") + marks.format("c"))
    return path


def test_what_is_kept_is_drawn_and_can_be_drawn_again(evidence, page):
    table = evidence.Table({"one": {"VIF": 0.123456789, "gap": float("nan")}}, "T", digits=3)
    evidence.keep(page, "a b", {"first": table})
    text = page.read_text()
    assert "**T**\n\n| | VIF | gap |\n|---|---|---|\n| one | 0.123 | – |" in text
    assert "<!-- begin: c -->\nc\n<!-- end: c -->" in text
    found = evidence.read(page.with_suffix(".json"))
    assert found["a b"]["first"]["rows"] == {"one": {"VIF": 0.123457, "gap": None}}
    assert evidence.drawn(text, found) == text


def test_a_block_without_marks_is_refused(evidence, page):
    with pytest.raises(SystemExit, match="begin: d"):
        evidence.keep(page, "d", {"first": evidence.Table({"one": {"VIF": 1.0}})})


def test_the_best_of_a_column_is_bold_unless_it_is_not_ranked(evidence):
    rows = {name: {"up": up, "down": up, "none": up} for name, up in (("a", 1), ("b", 2), ("c", 3))}
    better = {"up": "higher", "down": "lower"}
    text = evidence.Table(rows, digits=0, better=better, unranked=["c"]).draw()
    assert "| | up ↑ | down ↓ | none |" in text
    assert text.endswith("| a | 1 | **1** | 1 |\n| b | **2** | 2 | 2 |\n| c | 3 | 3 | 3 |")


def test_digits_signs_and_intervals(evidence):
    rows = {"a": {"x": 0.5, "y": [1.25, 2]}}
    assert (
        "| a | +0.50 | +1 to +2 |"
        in evidence.Table(rows, digits={"x": 2, "y": 0}, signed=True).draw()
    )
    folded = evidence.Table(rows, "More", folded=True).draw()
    assert folded.startswith("<details><summary>More</summary>\n\n| |")
    assert "| a | 0.500 | 1.250 to 2.000 |" in folded and folded.endswith("</details>")
