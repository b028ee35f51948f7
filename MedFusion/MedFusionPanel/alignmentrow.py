"""The row "Alignment": how far the volumes are off, and the button that moves them."""

from slicer.i18n import tr as _

from MedFusionPanel import pictures, readiness
from MedFusionPanel.translation import sentence

LINES = 32  # pixels: two lines, so that the panel keeps still


class AlignmentRow:
    """Says what is known of the chosen volumes' alignment, and what its button would do."""

    def __init__(self, ui, logic):
        self._ui, self._logic = ui, logic

    def step(self, state):
        """What the button does: "check", "align" or "undo"."""
        rows = self._logic.knownAlignment(state)
        if rows and any(row.verdict == "off" and not row.applied for row in rows):
            return "align"
        return "undo" if self._logic.isAligned(state) else "check"

    def show(self, state):
        """Bring the row up to date."""
        ui, label = self._ui, self._ui.alignmentLabel
        rows = self._logic.knownAlignment(state)
        ready = all(node and not readiness.volumeProblem(node) for node in state.sources)
        ready = ready and all(state.modalities)
        titles = {"check": _("Check"), "align": _("Align"), "undo": _("Undo")}
        ui.alignButton.text = titles[self.step(state)] if ready else titles["check"]
        ui.alignButton.enabled = ready
        warned = bool(rows) and any(row.warning for row in rows)
        label.styleSheet = pictures.warningStyle(label) if warned else ""
        if rows:
            label.text = "; ".join(map(self._words, rows))
        elif ready and self._logic.isAligned(state):
            label.text = _("moved by Align")
        else:
            label.text = _("not checked yet") if ready else ""
        label.minimumHeight = max(LINES, label.heightForWidth(label.width))
        label.toolTip = " ".join(sentence(row.warning) for row in rows or [])

    def warnings(self, state):
        """What is wrong with how the chosen volumes lie now: sentences."""
        rows = self._logic.knownAlignment(state) or []
        return [row.warning for row in rows if row.warning]

    @staticmethod
    def _words(row):
        if row.applied:
            return _("moved by {mm:.0f} mm").format(mm=row.displacement_mm)
        return sentence(row.words)
