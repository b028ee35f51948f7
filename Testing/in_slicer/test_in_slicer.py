"""What only Slicer itself has: the module in its main window, Sample Data's button, reloading."""

from __future__ import annotations

import time

import pytest

slicer = pytest.importorskip("slicer")
if not hasattr(slicer, "app"):
    pytest.skip("runs inside Slicer (in_slicer/launch.py)", allow_module_level=True)

import qt  # noqa: E402


@pytest.fixture
def panel(host):
    """The module's panel in the main window."""
    slicer.util.selectModule("MedFusion")
    yield slicer.modules.MedFusionWidget
    slicer.util.selectModule("SampleData")


def test_the_factory_loaded_the_module(panel):
    module = slicer.modules.medfusion
    assert module.title == "MedFusion"
    assert "Slicer 5.10 or later" in module.helpText
    assert "https://" in module.helpText and "not a medical device" in module.helpText


def test_sample_data_has_the_head(host):
    slicer.util.selectModule("SampleData")
    widget = slicer.modules.sampledata.widgetRepresentation()
    assert slicer.util.findChild(widget, "MedFusionHeadPushButton").enabled


def test_the_last_window_cancels_a_run_when_it_closes(panel, monkeypatch):
    from MedFusionPanel.running import Run

    from MedFusionLib.errors import Cancelled

    def work():
        while not run.cancelled():
            time.sleep(0.01)
        return "done"

    panel.run = run = Run(lambda *progress: None)
    qt.QTimer.singleShot(100, lambda: slicer.app.lastWindowClosed())
    started = time.monotonic()
    with pytest.raises(Cancelled):
        run(work)
    panel.run = None
    assert time.monotonic() - started < 5


def test_after_reload_the_methods_are_listed(panel):
    """The last test: it replaces the modules that the others hold."""
    assert panel.ui.methodComboBox.count > 3
    panel.onReload()
    again = slicer.modules.MedFusionWidget
    assert again is not panel
    assert again.ui.methodComboBox.count > 3
