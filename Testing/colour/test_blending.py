"""Plain blending says what is seen, with its range."""

import pytest

from MedFusionLib.colour.blending import plain_blending
from MedFusionLib.report import InputReport


@pytest.mark.parametrize(
    ("modality", "window", "table", "words"),
    [
        ("pet", [0, 8.5], "PET-Heat", "PET in hot metal over the MR at 50 %, 0 to 8.5"),
        ("spect", [0, 244], "PET-Heat", "SPECT in hot metal over the MR at 50 %, 0 to 244"),
        ("ct", [-20, 130], "Grey", "CT in grey over the MR at 50 %, -20 to 130 HU"),
    ],
)
def test_the_second_source_is_shown_as_clinicians_do(modality, window, table, words):
    blending = plain_blending(InputReport("", modality, window, "", 1.0))
    assert blending.table == table and blending.words == words
    assert [blending.lower, blending.upper] == window
