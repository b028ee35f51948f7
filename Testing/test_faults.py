"""A short part of the campaign of faults; `make faults` runs all of it."""

import sys

import pytest
from faults import campaign


@pytest.mark.skipif(sys.platform != "linux", reason="the faults are put in as Linux lets one")
@pytest.mark.parametrize("name", campaign.PARTS)
def test_no_fault_ends_wrong(name):
    counts, bad, _ = campaign.run(name, campaign.PARTS[name][2], seed=7)
    assert bad == []
    assert len(counts) > 1  # not all end the same way
