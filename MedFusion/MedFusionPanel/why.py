""" "Why?" beside the probe: what was taken at a place from which source, at which scale."""

import html

import qt
from slicer.i18n import tr as _

from MedFusionLib.errors import MedFusionError
from MedFusionPanel import pictures, views
from MedFusionPanel.translation import sentence

REST = 150  # ms that the mouse has to rest: on its way to the button it crosses other places


class WhyRow:
    """While its button is pressed, explains the place where the mouse last rested."""

    def __init__(self, ui):
        self._ui = ui
        self._result = None
        self._point = None  # RAS, in the result
        self._under = None  # what the mouse is over; it becomes the point when the mouse rests
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST)
        self._timer.connect("timeout()", self._onRest)
        ui.whyButton.connect("toggled(bool)", self._onToggled)

    def show(self, result):
        """Bring the row up to date with a result; None: there is none."""
        self._result = result
        button = self._ui.whyButton
        reason = result.whyNot() if result else _("There is no result yet.")
        if reason:
            button.checked = False
        if result is None:
            self._point = self._under = None
        button.enabled = not reason
        button.toolTip = reason or _(
            "While this is pressed: what was taken from which volume, and at which scale, where "
            "the mouse rests. The place stays when the mouse leaves the view."
        )
        self._timer.start()

    def follow(self, point):
        """The mouse is over a RAS point in the result; None: it is not."""
        self._under = point
        self._timer.start()

    def stop(self):
        """The panel goes away."""
        self._timer.stop()
        self._timer.disconnect("timeout()", self._onRest)
        self._result = None

    def _onToggled(self, pressed):
        self.explain()
        if pressed:
            views.scrollTo(self._ui.whyLabel)

    def _onRest(self):
        self._point = self._under or self._point
        self.explain()

    def explain(self):
        """Say why, or in a sentence why it is not known."""
        button, label, result = self._ui.whyButton, self._ui.whyLabel, self._result
        label.visible = button.checked
        if not button.checked or not button.enabled or result is None:
            return  # during a run it is not enabled
        text = self._text(result)
        if result is self._result:  # the scene may be closed meanwhile
            label.text = text

    def _text(self, result):
        if self._point is None:
            return _("Let the mouse rest on a place in a slice view.")
        try:
            why = result.explain(self._point)
        except MedFusionError as error:
            return html.escape(sentence(str(error)))
        return pictures.whyText(why, self._point)
