"""Fixtures of the panel's tests.

The same tests run in two hosts: in the test host (``pytest``), and in Slicer itself
(``in_slicer/launch.py``). Every one ends with no error in a slot.
"""

from __future__ import annotations

import time

import pytest

from MedFusionLib.errors import Cancelled
from MedFusionLib.phantom.head import make_phantom

# panel_helpers needs slicer, without which the test modules skip themselves: imported in fixtures

SHAPE = (24, 48, 48)


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(SHAPE)


@pytest.fixture
def panel(host):
    """The panel in an empty scene."""
    from panel_helpers import MODULE

    return host.open(MODULE / "MedFusion.py")


@pytest.fixture
def head(panel, phantom):
    """The panel with MR and PET of the digital head chosen, and a method that needs no weights."""
    import slicer
    from panel_helpers import choose

    from MedFusionLib.results.nodes import add_volume

    panel.mr = add_volume(slicer.mrmlScene, phantom.t1)
    panel.pet = add_volume(slicer.mrmlScene, phantom.pet)
    panel.ui.firstSelector.setCurrentNode(panel.mr)
    panel.ui.secondSelector.setCurrentNode(panel.pet)
    choose(panel, "methodComboBox", "maximum")
    panel.ui.checkAlignmentCheckBox.checked = False  # it has tests of its own, and takes a second
    return panel


@pytest.fixture
def result(head):
    """The panel after a fusion."""
    head.click("applyButton")
    assert head.ui.statusLabel.text.startswith("Done in")
    return head


@pytest.fixture
def small_head(panel, phantom, monkeypatch):
    """Makes the sample data quick."""
    monkeypatch.setattr("MedFusionLib.phantom.head.make_phantom", lambda *shape: phantom)
    monkeypatch.setattr("MedFusionPanel.sampledata.make_phantom", lambda: phantom)


@pytest.fixture
def no_torch(host, head, monkeypatch):
    """PyTorch is not installed."""
    monkeypatch.setattr("MedFusionPanel.pytorch._complete", False)
    host.pytorch.installed = False
    head.widget.update()


@pytest.fixture
def slow(monkeypatch):
    """Make every fusion take 20 s, a slice each 0.1 s."""
    from panel_helpers import running

    running.clear()

    def slow_fuse(*volumes, progress=None, cancelled=None, **settings):
        running.set()
        for done in range(200):
            if cancelled():
                raise Cancelled
            progress(done, 200)
            time.sleep(0.1)

    monkeypatch.setattr("MedFusionLib.fusion.fuse", slow_fuse)
