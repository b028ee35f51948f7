"""How far the second volume is off, and what brings it back."""

import numpy as np
import pytest
from helpers import refused
from scipy.spatial.transform import Rotation

from MedFusionLib.errors import Cancelled
from MedFusionLib.fusion import fuse
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources import alignment
from MedFusionLib.sources.alignment import (
    Alignment,
    align_volumes,
    head_surface,
    measure_alignment,
    moved,
)
from MedFusionLib.sources.volumes import Volume


@pytest.fixture(scope="module")
def head():
    return make_phantom((32, 48, 48))


@pytest.fixture(scope="module")
def error():
    """A rigid error of some millimetres and degrees, 4 x 4, LPS."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec([4, -6, 5], degrees=True).as_matrix()
    matrix[:3, 3] = 6, -4, 5
    return matrix


@pytest.fixture(scope="module")
def found(head, error):
    return measure_alignment(head.t1, moved(head.ct, error), "ct")


def surface_error(reference, matrix):
    points = head_surface(reference)
    back = points @ matrix[:3, :3].T + matrix[:3, 3]
    return np.linalg.norm(back - points, axis=1).max()


def test_a_registered_pair_is_called_registered(head):
    part = measure_alignment(head.t1, head.ct, "ct")
    assert part.verdict == "registered"
    assert part.words.startswith("registered within ")


def test_an_error_is_measured_and_undone(head, error, found):
    assert found.verdict == "off"
    assert found.displacement == pytest.approx(surface_error(head.t1, error), abs=2)
    assert surface_error(head.t1, found.matrix @ error) < 2


def test_what_is_not_known_is_said_so_and_not_moved(head):
    noise = head.pet.like(np.random.default_rng(0).random(head.pet.shape), "noise")
    volumes, (part,) = align_volumes([head.t1, noise], ["mr", "pet"], "apply")
    assert part.verdict == "unknown"
    assert "MR T1" in part.warning("noise", "MR T1")
    assert volumes[1] is noise


def test_volumes_far_away_from_each_other_are_found_or_unknown(head):
    away = np.eye(4)
    away[0, 3] = 1000
    assert measure_alignment(head.t1, moved(head.ct, away), "ct").verdict in ("off", "unknown")


def test_few_slices_are_unknown(head):
    thin = Volume(head.ct.array[20:22], head.ct.spacing, head.ct.origin)
    assert measure_alignment(head.t1, thin, "ct").verdict == "unknown"


@pytest.mark.parametrize(
    ("displacement", "spread", "verdict"),
    [
        (1, 1, "registered"),
        (3.5, 1, "unknown"),
        (5, 2, "unknown"),
        (9, 2, "off"),
        (60, 6, "unknown"),
    ],
)
def test_the_verdict_keeps_clear_of_its_own_error(displacement, spread, verdict):
    assert Alignment(np.eye(4), displacement, spread).verdict == verdict


def test_it_can_be_cancelled(head):
    with pytest.raises(Cancelled):
        measure_alignment(head.t1, head.ct, "ct", cancelled=lambda: True)


def test_words_it_does_not_know_are_refused(head):
    with refused("perhaps", "check"):
        align_volumes([head.t1, head.ct], ["mr", "ct"], "perhaps")


def test_a_fusion_warns_and_changes_nothing_unless_asked(head, error, monkeypatch, found):
    off = moved(head.ct, error)
    monkeypatch.setattr(alignment, "measure_alignment", lambda *arguments: found)
    plain = fuse(head.t1, off, "ct-mr", method="maximum")
    checked = fuse(head.t1, off, "ct-mr", method="maximum", align="check")
    np.testing.assert_array_equal(checked.fused.array, plain.fused.array)
    assert plain.report.alignment == ()
    (row,) = checked.report.alignment
    assert (row.verdict, row.applied) == ("off", False)
    assert row.warning in checked.warnings and "align them" in row.warning


def test_a_fusion_with_apply_is_as_good_as_that_of_the_registered_pair(head, error, found):
    off = moved(head.ct, error)
    good, bad, mended = (
        fuse(head.t1, ct, "ct-mr", method="maximum", align=how)
        for ct, how in ((head.ct, "off"), (off, "off"), (off, "apply"))
    )
    (row,) = mended.report.alignment
    assert row.applied and not row.warning
    assert row.matrix_lps == np.round(found.matrix, 6).tolist()  # the same to the last bit
    left, before = (np.abs(f.fused.array - good.fused.array).mean() for f in (mended, bad))
    assert left < before / 2
