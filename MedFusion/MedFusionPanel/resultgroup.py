"""The group "Result": legend, what was used, recolouring, views and probe."""

import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from MedFusionLib.colour.coding import Coding
from MedFusionLib.colour.registry import get_mode
from MedFusionPanel import dicomexport, pictures, views
from MedFusionPanel.why import WhyRow


class ResultGroup(VTKObservationMixin):
    """Shows a result; recolours it when the state's colours change."""

    def __init__(self, ui):
        VTKObservationMixin.__init__(self)
        self._ui = ui
        self._state = None
        self._result = None
        self._legend = pictures.LegendPicture(ui)
        self._why = WhyRow(ui)
        ui.showSlicesButton.connect("clicked(bool)", self.showInSlices)
        ui.show3DButton.connect("clicked(bool)", self.showIn3D)
        ui.compareButton.connect("toggled(bool)", self.compare)
        ui.qualityButton.connect("clicked(bool)", self.showQuality)
        ui.dicomButton.connect("clicked(bool)", self.exportDicom)
        ui.opacitySlider.connect("valueChanged(double)", self.setOpacity)
        crosshair = views.crosshair()
        if crosshair is not None:
            event = slicer.vtkMRMLCrosshairNode.CursorPositionModifiedEvent
            self.addObserver(crosshair, event, self.probe)

    def show(self, state, result):
        """Bring the group up to date; `result` may be None."""
        ui, before = self._ui, self._result
        self._state, self._result = state, result
        ui.resultCollapsibleButton.enabled = result is not None
        if (before is None) != (result is None):
            ui.resultCollapsibleButton.collapsed = result is None
        self._why.show(result)
        if result is None:
            return
        coding = Coding(state.mode, state.omega, state.colormap)
        if result.canRecolour and result.coding != coding:
            result.recolour(coding)
        self._legend.draw(result.coding, result.modalities)
        ui.usedLabel.text = pictures.tableText(result.rows())
        differences = result.differences(state)
        ui.staleLabel.text = differences or _("Made from what is chosen above.")
        ui.staleLabel.styleSheet = pictures.warningStyle(ui.staleLabel) if differences else ""
        uses = get_mode(state.mode).uses
        ui.resultOmegaSlider.enabled = result.canRecolour and "omega" in uses
        ui.resultColormapComboBox.enabled = result.canRecolour and "colormap" in uses
        ui.show3DButton.enabled = "colour" in result.nodes
        ui.compareButton.enabled = len(result.sources) == 2 and None not in result.sources
        if ui.compareButton.checked and not ui.compareButton.enabled:
            ui.compareButton.checked = False
        ui.qualityButton.enabled = result.canScore
        ui.dicomButton.enabled = result.canRecolour
        self.probe()

    def stop(self):
        """The panel goes away."""
        self._why.stop()
        self.removeObservers()

    def showInSlices(self):
        """MR behind, colour in front."""
        if self._result is None:
            return
        self._ui.compareButton.checked = False
        views.showResult(self._result, self._state.opacity)

    def showIn3D(self):
        """Volume rendering of the colour volume."""
        views.showIn3D(self._result.nodes["colour"])

    def compare(self, pressed):
        """Slicer's own blending of the sources while pressed, else the colour volume."""
        titles = _("Compare with plain blending"), _("Back to the colours")
        self._ui.compareButton.text = titles[bool(pressed)]
        self._ui.opacitySlider.enabled = not pressed
        if pressed:
            views.showBlended(*self._result.sources)
        else:
            views.showResult(self._result, self._state.opacity)

    def showQuality(self):
        """A table of the fused image's metrics."""
        with slicer.util.tryWithErrorDisplay(_("The quality was not measured."), waitCursor=True):
            views.showTable(self._result.addQuality())

    def exportDicom(self):
        """Write the result as DICOM series into a new folder below one that the user chooses."""
        chosen = dicomexport.askFolder()
        if not chosen:
            return
        with slicer.util.tryWithErrorDisplay(
            _("The DICOM files were not written."), waitCursor=True
        ):
            folder = dicomexport.exportResult(self._result, chosen)
            self._ui.staleLabel.text = _("Written to {folder}.").format(folder=folder)

    def setOpacity(self, opacity):
        """Of the colour volume over the MR."""
        if self._result:
            views.setOpacity(opacity)

    def probe(self, caller=None, event=None):
        """Say what lies under the crosshair."""
        if self._result is None:
            return
        point = views.crosshairPoint()
        sample = self._result.sample(point) if point else None
        self._ui.probeLabel.text = pictures.probeText(sample, self._result)
        self._ui.probeBarLabel.text = pictures.probeBar(sample, self._result)
        self._why.follow(point if sample else None)
