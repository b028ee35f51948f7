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


def test_a_section_is_drawn_and_the_others_stay(page, measure, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "EVALUATION", tmp_path / "page.md")
    marks = "<!-- begin: {0} -->\nold\n<!-- end: {0} -->\n"
    text = f"Head\n\n{marks.format('ct-mr')}\n{marks.format('persons')}\nTail\n"
    page.EVALUATION.write_text(text)
    scores = measure([Contender("one", weights="x"), Contender("two", weights="xy")])
    page.keep(page.EVALUATION, "ct-mr", page.tables(scores))
    text = page.EVALUATION.read_text()
    assert text.startswith("Head\n") and text.endswith("\nTail\n") and text.count("old") == 1
    assert "| two | **2.000** | **2.000** |" in text and "| one | 1.000 | 1.000 |" in text
    assert "3 slices of 2 case(s). Note." in text
    kept = page.evidence.read(tmp_path / "page.json")
    assert kept["ct-mr"]["means"]["rows"]["two"]["SCD"] == 2
    assert kept["ct-mr"]["intervals"]["rows"]["one"]["Q^AB/F"] == [1, 1]
