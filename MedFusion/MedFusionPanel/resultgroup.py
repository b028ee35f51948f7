"""The group "View": what the views show, legend, recolouring, probe, and what was used."""

import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from MedFusionLib.colour.coding import Coding
from MedFusionLib.colour.registry import get_mode
from MedFusionPanel import dicomexport, legends, pictures, views
from MedFusionPanel.why import WhyRow

FUNCTIONAL = ("PET", "SPECT")  # what a maximum intensity projection is read of


class ResultGroup(VTKObservationMixin):
    """Shows a result; recolours it when the state's colours change."""

    def __init__(self, ui):
        VTKObservationMixin.__init__(self)
        self._ui = ui
        self._state = None
        self._result = None
        self._legend = pictures.LegendPicture(ui)
        self._why = WhyRow(ui)
        self._buttons = {
            "colour": ui.colourViewButton,
            "fused": ui.fusedViewButton,
            "sources": ui.sourcesViewButton,
        }
        ui.colourViewButton.connect("clicked(bool)", self.showColour)
        ui.fusedViewButton.connect("clicked(bool)", self.showFused)
        ui.sourcesViewButton.connect("clicked(bool)", self.showSources)
        ui.fusionSlider.connect("valueChanged(double)", self.onSlider)
        ui.show3DButton.connect("clicked(bool)", self.showIn3D)
        ui.showMaximumButton.connect("clicked(bool)", self.showMaximum)
        ui.crosshairCheckBox.connect("toggled(bool)", views.linkCrosshair)
        ui.qualityButton.connect("clicked(bool)", self.showQuality)
        ui.dicomButton.connect("clicked(bool)", self.exportDicom)
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
            if self._view() == "colour":
                legends.show(result, "colour")
        self._legend.draw(result.coding, result.modalities)
        ui.usedLabel.text = pictures.tableText(result.rows())
        ui.usedLabel.toolTip = result.weights()
        self._showDifferences()
        self._showWhatIsPossible()
        self._showView()
        self.probe()

    def stop(self):
        """The panel goes away."""
        self._why.stop()
        self.removeObservers()

    def _showDifferences(self):
        ui, result = self._ui, self._result
        differences = result.differences(self._state)
        ui.staleLabel.text = differences or _("Made from what is chosen above.")
        ui.staleLabel.styleSheet = pictures.warningStyle(ui.staleLabel) if differences else ""

    def _showWhatIsPossible(self):
        """Enable what can be done; a tool tip says why something cannot."""
        ui, result = self._ui, self._result
        uses = get_mode(self._state.mode).uses
        ui.modeComboBox.enabled = result.canRecolour
        ui.omegaSlider.enabled = result.canRecolour and "omega" in uses
        ui.colormapComboBox.enabled = result.canRecolour and "colormap" in uses
        ui.colourViewButton.enabled = ui.show3DButton.enabled = "colour" in result.nodes
        ui.fusedViewButton.enabled = "fused" in result.nodes
        first, second = result.sources[:2]
        ui.sourcesViewButton.enabled = bool(first and second)
        ui.showMaximumButton.enabled = bool(second) and result.modalities[1] in FUNCTIONAL
        reason = result.scoreNot()
        ui.qualityButton.enabled = not reason
        ui.qualityButton.toolTip = reason or _(
            "Adds a table with measures of the fused image against its sources, beside the plain "
            "average and the pixel-wise maximum. Takes some seconds."
        )
        ui.dicomButton.enabled = result.canRecolour

    # The slice views

    def _view(self):
        """What is shown: what the user chose, or what there is of it."""
        wanted = (self._state.view, "colour", "fused", "sources")
        return next((view for view in wanted if self._buttons[view].enabled), "colour")

    def _showView(self):
        """The buttons and the slider of the view; the views themselves are left alone."""
        ui, view = self._ui, self._view()
        for name, button in self._buttons.items():
            button.checked = name == view
        ends = {"colour": _("colour"), "fused": _("fused"), "sources": self._result.modalities[1]}
        ui.fusionFirstLabel.text = self._result.modalities[0]
        ui.fusionSecondLabel.text = ends[view]
        ui.sourcesViewButton.text = " + ".join(self._result.modalities[:2])
        wasBlocked = ui.fusionSlider.blockSignals(True)
        ui.fusionSlider.value = self._opacity()
        ui.fusionSlider.blockSignals(wasBlocked)
        wasBlocked = ui.crosshairCheckBox.blockSignals(True)
        ui.crosshairCheckBox.checked = views.isCrosshairShown()
        ui.crosshairCheckBox.blockSignals(wasBlocked)

    def _opacity(self):
        return self._state.blend if self._view() == "sources" else self._state.opacity

    def showColour(self):
        """The colour volume over the MR."""
        self._choose("colour")

    def showFused(self):
        """The fused volume, grey, over the MR."""
        self._choose("fused")

    def showSources(self):
        """The second source over the MR, in Slicer's colours."""
        self._choose("sources")

    def _choose(self, view):
        self._state.view = view
        self.showInSlices(everywhere=True)

    def showInSlices(self, everywhere=False):
        """Bring the view that is chosen into the slice views that are this result's, or all."""
        result = self._result
        if result is None:
            return
        view = self._view()
        front = result.nodes.get(view)
        if view == "sources":
            front = result.sources[1]
            modality = result.modalities[1].lower()
            legends.colourSource(front, modality, result.report.inputs[1].window)
        views.showLayers(result, front or result.carrier, self._opacity() / 100, everywhere)
        legends.show(result, view)
        self._showView()

    def onSlider(self, percent):
        """From the MR to what stands in front of it."""
        if self._result is None:
            return
        if self._view() == "sources":
            self._state.blend = percent
        else:
            self._state.opacity = percent
        views.setOpacity(self._result, percent / 100)

    # The 3D view

    def showIn3D(self):
        """Volume rendering of the colour volume."""
        views.showIn3D(self._result.nodes["colour"])

    def showMaximum(self):
        """Maximum intensity projection of the PET or SPECT."""
        result = self._result
        views.showMaximum(result.sources[1], result.report.inputs[1].window)

    def follow3D(self):
        """After a fusion: no earlier result stays in the 3D view."""
        if self._result is not None:
            views.follow3D(self._result)

    # Quality, export, probe

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

    def probe(self, caller=None, event=None):
        """Say what lies under the crosshair."""
        if self._result is None:
            return
        point = views.crosshairPoint()
        sample = self._result.sample(point) if point else None
        self._ui.probeLabel.text = pictures.probeText(sample, self._result)
        self._ui.probeBarLabel.text = pictures.probeBar(sample, self._result)
        self._why.follow(point if sample else None)
