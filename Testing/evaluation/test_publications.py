"""The page of the publications' tables: what its command measures, and how it ranks."""

from pathlib import Path

import numpy as np
import pytest
from helpers import docs_command

from MedFusionLib import metrics
from MedFusionLib.methods.registry import all_methods

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def page():
    """The command, as a module."""
    return docs_command("refresh_publications")


@pytest.fixture(scope="module")
def drawing():
    """What draws the page, as a module."""
    return docs_command("publications_page")


def pictures(count=4, size=40):
    rng = np.random.default_rng(0)
    return tuple(
        rng.integers(0, 256, (count, size, size)).astype(np.float32) / 255 for _ in range(2)
    )


def table_of(page, **more):
    columns = (
        page.Column("SD", metrics.std),
        page.Column("SSIM MR", lambda f, a, b: metrics.ssim(f, a, b, source="first")),
        page.Column("SL", metrics.semantic_loss, False, True),
    )
    printed = {"WA": ("average", (10.0, 0.5, 0.2), 1.0), "Other": ("", (20.0, 0.4, 0.1), None)}
    fields = {"before": "B.", "pair": "ct-mr", "images": pictures(), "after": "Why."} | more
    return page.Table("toy", "Toy", columns=columns, printed=printed, **fields)


@pytest.fixture
def two_methods(page, monkeypatch):
    """The registry, as if it held the yardsticks alone."""
    two = [method for method in all_methods("classical") if method.name in ("average", "maximum")]
    monkeypatch.setattr(page, "all_methods", lambda: two)


def lines_of(text):
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]


def test_printed_rows_stand_beside_ours_and_ranks_are_of_one_kind(
    page, drawing, two_methods, tmp_path
):
    mr = pictures()[0]
    table = table_of(page, stored={"WA": mr}, rules=(page.BLACK,))
    text = drawing.section(page.results(table, tmp_path, None))
    rows = {(row[0], row[1]): row[2:] for row in lines_of(text)[1:]}
    assert rows["WA", "printed"] == ["10.0 (2)", ".5000 (1)", ".2000 (2)", "1.000"]
    assert rows["Other", "printed"][:2] == ["20.0 (1)", ".4000 (2)"]
    assert rows["WA", "stored image"][1] == "1.000 (1)"
    ours = [rows["`average`", "here"], rows["`maximum`", "here"]]
    assert {row[0][-3:] for row in ours} == {"(1)", "(2)"}
    assert list(rows)[:3] == [("WA", "printed"), ("WA", "stored image"), ("`average`", "here")]
    assert text.startswith("## Toy") and text.endswith("Why.") and "SL: 1" in text


def test_what_was_measured_is_measured_once(page, two_methods, tmp_path, monkeypatch):
    first = page.results(table_of(page), tmp_path, 2)
    monkeypatch.setattr(page, "run_slices", None)
    assert page.results(table_of(page), tmp_path, 2) == first
    with pytest.raises(TypeError):
        page.results(table_of(page), tmp_path, 3)


@pytest.fixture
def grey_background(page):
    """A table of sources with a background, and a stored image that is grey there."""
    first, second = (np.where(np.arange(40) < 12, 0, image) for image in pictures())
    stored = np.maximum(first, np.float32(0.3))
    table = table_of(page, images=(first, second), stored={"WA": stored})
    return table, stored


def test_one_rule_of_the_background_is_for_stored_and_made_images(
    page, two_methods, tmp_path, monkeypatch, grey_background
):
    table, stored = grey_background

    def grey(*args, **kwargs):  # a method that makes the very image that is stored
        return type("Slices", (), {"fused": stored.copy()})

    monkeypatch.setattr(page, "run_slices", grey)
    rules = page.results(table, tmp_path, None)["rules"]
    assert list(rules) == [page.AS_IT_COMES, page.BLACK]
    for rule in rules.values():
        made, there = rule["here"]["average"], rule["stored image"]["WA"]
        assert made == pytest.approx(there, rel=0.01)  # the made one is rounded to 8 bit
    similar = [rules[rule]["here"]["average"][1] for rule in rules]
    assert similar[1] > similar[0] + 0.01  # the MR is 0 there, too


def test_a_table_whose_images_are_not_public_shows_what_was_printed(page, drawing, tmp_path):
    text = drawing.section(page.results(table_of(page, rules=()), tmp_path, None))
    assert {row[1] for row in lines_of(text)[1:]} == {"printed"} and text.endswith("Why.")


@pytest.mark.skipif(not (DATA / "seeds").is_dir(), reason="no ../shared/data/seeds")
def test_the_tables_read_the_publications_own_images(page):
    tables = [page.funfusean(DATA), *page.thesis(DATA), page.fw_net(DATA), page.cddfuse(DATA)]
    assert [len(table.images[0]) for table in tables] == [10, 1, 1, 12, 21]
    known = {method.name for method in all_methods()} | {"", "lp-sr", "ifcnn"}
    for table in tables:
        for ours, values, _ in table.printed.values():
            assert ours in known and len(values) == len(table.columns)
        for images in table.images:
            assert images.min() >= 0 and 0.5 < images.max() <= 1
