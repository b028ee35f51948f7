"""How long a method takes on this computer: what its last run took, by the voxel."""

import qt
import slicer
from slicer.i18n import tr as _

from MedFusionLib.sources.volumes import ALL_AXES, AXES

SETTING = "MedFusion/SecondsPerMillionVoxels/"


def remember(state, seconds):
    """Note how long the chosen method took."""
    if _millions(state):
        each = seconds / _millions(state) / passes(state)
        qt.QSettings().setValue(SETTING + state.method, str(each))


def expected(state):
    """Seconds that the chosen method will take; None where it has not run here yet."""
    each = slicer.util.settingsValue(SETTING + state.method, 0.0, float)
    return each * _millions(state) * passes(state) if each and _millions(state) else None


def passes(state):
    """How often the whole volume is fused: once along each axis."""
    return len(AXES) if state.axis == ALL_AXES else 1


def inWords(seconds):
    """Seconds or minutes."""
    if seconds < 90:
        return _("{count} s").format(count=max(1, round(seconds)))
    return _("{count} min").format(count=round(seconds / 60))


def _millions(state):
    image = state.first.GetImageData() if state.first else None
    return image.GetNumberOfPoints() / 1e6 if image else 0
