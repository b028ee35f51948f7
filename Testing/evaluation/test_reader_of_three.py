"""Three sources before the observer."""

import numpy as np
import pytest

from MedFusionLib.evaluation.reader.three import (
    displays_of_three,
    plant_in_three,
    read_three,
    table_of_kept,
)


@pytest.fixture(scope="module")
def of_three():
    return plant_in_three([100, 101], 16)


def test_each_lesion_is_in_one_source_alone(of_three):
    trials, own = of_three.trials, slice(0, 16)
    sources = {"MR": trials.first, "PET": trials.second, "CT": of_three.third}
    for question in trials.questions:
        if question.kind != "lesion":
            continue
        changed = [
            name
            for name, crops in sources.items()
            if not np.array_equal(crops[question.with_], crops[own])
        ]
        assert changed == [question.name.split()[0]], question.name


def test_no_source_has_detail_where_none_is_asked_for(of_three):
    middle = slice(35, 46)
    for crops in (of_three.trials.first, of_three.trials.second, of_three.third):
        assert np.ptp(crops[of_three.trials.plain, middle, middle], axis=(1, 2)).max() < 0.2


def test_a_picture_that_leaves_a_source_out_keeps_none_of_its_lesions(of_three):
    displays = displays_of_three()
    chosen = {name: displays[name] for name in displays if "without" in name or "colours" in name}
    found = read_three(chosen, of_three, draws=0)
    without, colours = found.values()
    names = [question.name for question in without.questions]
    in_ct = [n for n, name in enumerate(names) if name.startswith("CT ")]
    assert without.values[in_ct] == pytest.approx(0, abs=1e-6)
    assert colours.worst() > 0.1 and colours.worst("source") > 0.2
    assert len(table_of_kept(found)) == 4
