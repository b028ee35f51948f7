"""The page of the evaluation: its command measures what is new, and leaves the rest as it is."""

import numpy as np
import pytest
from helpers import docs_command

from MedFusionLib.evaluation.scores import Contender, Scores
from MedFusionLib.metrics.registry import choose_metrics

MEASURES = tuple(choose_metrics(["q_abf", "scd"]))


@pytest.fixture(scope="module")
def page():
    """The command, as a module."""
    return docs_command("refresh_evaluation")


@pytest.fixture
def measure():
    """Gives each method the length of its weights' name as score, and notes who was measured."""

    def measure(contenders):
        measure.asked.append([c.name for c in contenders])
        values = [np.full((2, 3), float(len(c.weights or ""))) for c in contenders]
        values = np.array(values)
        values[:, 1, 0] = np.nan
        names = tuple(c.name for c in contenders)
        weights = {c.name: c.weights for c in contenders if c.weights}
        return Scores(names, MEASURES, ("a", "a", "b"), values, ("Note.",), weights=weights)

    measure.asked = []
    return measure


def test_a_method_is_measured_again_only_with_other_weights_or_settings(page, measure, tmp_path):
    methods = [Contender("average"), Contender("one", weights="x"), Contender("two", weights="xy")]
    first = page.collected(tmp_path, methods, [1], measure)
    assert first.methods == ("average", "one", "two")
    assert np.nanmean(first.values, axis=2).tolist() == [[0, 0], [1, 1], [2, 2]]
    methods[1] = Contender("one", weights="longer")
    second = page.collected(tmp_path, methods, [1], measure)
    assert np.nanmean(second.values, axis=2).tolist() == [[0, 0], [6, 6], [2, 2]]
    assert np.isnan(second.values[1, 1, 0])
    page.collected(tmp_path, methods, [1], measure)
    page.collected(tmp_path, methods, [2], measure)
    assert measure.asked == [["average", "one", "two"], ["one"], ["average", "one", "two"]]


def test_a_section_takes_the_place_of_its_like_and_leaves_the_others(
    page, measure, tmp_path, monkeypatch
):
    titles = {name: section.heading for name, section in page.SECTIONS.items()}
    monkeypatch.setattr(page, "PAGE", tmp_path / "page.md")
    old = f"### {titles['spect-mr']}\n\nold\n\n### {titles['phantom/ct-mr']}\n\nkept"
    page.PAGE.write_text(f"Head\n\n{page.BEGIN}\n\n{old}\n\n{page.END}\n\nTail\n")
    scores = measure([Contender("one", weights="x"), Contender("two", weights="xy")])
    for name in ("spect-mr", "ct-mr"):
        page.write(name, page.table(scores, titles[name]))
    text = page.PAGE.read_text()
    assert text.startswith("Head\n") and text.endswith("\nTail\n") and "old" not in text
    found = [line[4:] for line in text.splitlines() if line.startswith("### ")]
    assert found == [titles[name] for name in ("ct-mr", "spect-mr", "phantom/ct-mr")]
    assert "| two | **2.000** (1)" in text and "| one | 1.000 (2)" in text
    assert "3 slices of 2 case(s). Note." in text
