"""A short part of the campaign of faults; `make faults` runs all of it."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="the faults are put in as Linux lets one")
def test_no_fault_ends_wrong():
    campaign = Path(__file__).parents[1] / "faults" / "campaign.py"
    words = [sys.executable, str(campaign), "--short", "--seed", "7"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = done.stdout.splitlines()[2:]
    assert len(rows) == 6
    assert not any(row.split("|")[2].strip() == "0" for row in rows)
