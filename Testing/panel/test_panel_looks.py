"""How the panel looks, and what the keyboard reaches."""

from __future__ import annotations

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import KINDS, choose, during, named, qt, wait_until  # noqa: E402

from MedFusionLib.results.nodes import add_volume  # noqa: E402
from MedFusionLib.sources.alignment import Alignment  # noqa: E402

LONG = "Anonymised_Patient_0123456789_T1w_MPRAGE_sag_isotropic_post_contrast"


@pytest.mark.parametrize("width", [380, 393, 440, 600])
def test_nothing_is_cut_off(head, width):
    head.mr.SetName(LONG)
    head.pet.SetName("PET_" + LONG)
    head.click("applyButton")
    for name in ("method", "outputs", "advanced"):
        getattr(head.ui, f"{name}CollapsibleButton").collapsed = False
    choose(head, "axisComboBox", "coronal")  # the result is stale: its longest sentence
    head.show(width, 1700)
    assert head.parent.width == width
    for name, group in named(head.ui, "ctkCollapsibleButton"):
        assert group.fontMetrics().horizontalAdvance(group.text) < width - 60, name
    for name, widget in named(head.ui, "QLabel", *KINDS):
        if widget.visible and name != "legendLabel":  # that is a scaled picture
            place = widget.mapTo(head.parent, qt().QPoint(0, 0))
            assert place.x() >= 0 and place.x() + widget.width <= width, name
        if widget.visible and widget.className() in ("QPushButton", "QCheckBox"):
            hint = widget.minimumSizeHint
            hint = hint() if callable(hint) else hint  # an attribute in PythonQt
            assert widget.width >= hint.width(), name


def test_long_words_on_the_alignment_are_whole(head, phantom, monkeypatch):
    problem = "the volumes have too little in common"
    monkeypatch.setattr(
        "MedFusionLib.sources.alignment.measure_alignment",
        lambda *inputs, **settings: Alignment(np.eye(4), 0, 0, problem),
    )
    head.ui.thirdSelector.setCurrentNode(add_volume(slicer.mrmlScene, phantom.ct))
    head.show(393, 1300)
    head.click("alignButton")
    label = head.ui.alignmentLabel
    assert label.text == f"{problem}; {problem}"
    wait_until(lambda: label.height >= label.heightForWidth(label.width))


def test_the_keyboard_goes_down_the_panel(head):
    for name in ("method", "outputs", "advanced"):
        getattr(head.ui, f"{name}CollapsibleButton").collapsed = False
    head.show(440, 1500)
    names = {id(widget): name for name, widget in vars(head.ui).items()}
    places, widget, start = [], head.ui.inputsCollapsibleButton, head.ui.inputsCollapsibleButton
    while widget is not None:
        if id(widget) in names and widget.visible and widget.focusPolicy:
            place = widget.mapTo(head.parent, qt().QPoint(0, 0))
            places.append((place.y() // 12, place.x(), names[id(widget)]))
        widget = widget.nextInFocusChain()
        if widget is start:
            break
    assert len(places) > 10
    assert places == sorted(places)


def test_whatever_can_be_used_says_what_it_does(result):
    widgets = [widget for name, widget in named(result.ui, *KINDS)]
    assert len(widgets) > 25
    assert not [widget.objectName for widget in widgets if not widget.toolTip]


@pytest.mark.parametrize(("look", "background"), [("light", "#efefef"), ("dark", "#323232")])
def test_warnings_can_be_read(panel, look, background):
    from MedFusionPanel import pictures

    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    levels = sorted(luminance(colour) for colour in (pictures.WARNINGS[look], background))
    assert (levels[1] + 0.05) / (levels[0] + 0.05) >= 4.5  # WCAG 2.1, 1.4.3
    label = qt().QLabel()
    palette = label.palette
    palette.setColor(qt().QPalette.Window, qt().QColor(background))
    label.setPalette(palette)
    assert pictures.warningStyle(label) == f"color: {pictures.WARNINGS[look]}"


def test_nothing_jumps_when_a_run_ends(head, slow):
    head.show()
    before = head.ui.applyButton.y, head.ui.resultCollapsibleButton.y
    places = during(lambda: (head.ui.applyButton.y, head.ui.resultCollapsibleButton.y))
    during(lambda: head.ui.cancelButton.click(), 0.5)
    head.click("applyButton")
    assert places == [before]
