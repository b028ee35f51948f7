"""The preview: the visible slice fused alone, in the panel; the scene is left as it is."""

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from MedFusionLib.errors import MedFusionError
from MedFusionLib.sources.volumes import ALL_AXES, shown_axis
from MedFusionPanel import pictures, planes, readiness, speed, views
from MedFusionPanel.translation import sentence

PAUSE = 80  # ms without a change, before a slice is fused
LONG = 20  # s: a whole volume that takes longer is announced


class Preview(VTKObservationMixin):
    """Fuses the slice that a slice view shows, and follows it."""

    def __init__(self, ui, logic, device):
        """`device()` is the name of the processor to use."""
        VTKObservationMixin.__init__(self)
        self._ui, self._logic, self._device = ui, logic, device
        self._state = None
        self._slice = None
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.connect("timeout()", self.draw)

    def follow(self, state):
        """Preview what the state says, where it wants a preview."""
        self._state = state
        node = views.viewedSlice() if state.preview else None
        if node is not self._slice:
            self.removeObservers()
            if node is not None:
                self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self.drawSoon)
            self._slice = node
        self._ui.previewFrame.visible = state.preview
        if state.preview:
            self.drawSoon()

    def close(self):
        """The panel goes away."""
        self.stop()
        self._timer.disconnect("timeout()", self.draw)

    def stop(self):
        """Until `follow` is called again."""
        self._timer.stop()
        self.removeObservers()
        self._slice = self._state = None

    def drawSoon(self, caller=None, event=None):
        """Draw after a short pause: a slice view that is scrolled tells of many changes."""
        self._timer.start()

    def draw(self):
        """Fuse and show the slice, or say why there is none."""
        picture, caption = self._ui.previewLabel, self._ui.previewCaptionLabel
        try:
            with slicer.util.WaitCursor():  # which lets Qt work: the scene may be closed in it
                if self._state is None:
                    return
                reason = readiness.readiness(self._state).reason
                if reason:
                    raise MedFusionError(reason)
                found = self._logic.fuseVisibleSlice(self._state, self._device(), self._slice)
        except MedFusionError as error:
            picture.clear()
            caption.text = sentence(str(error))
            return
        if found is None:
            return  # it is shown already
        piece, axis, seconds = found
        size = max(200, picture.width), picture.height
        picture.setPixmap(pictures.previewPixmap(piece, *size))
        caption.text = self._caption(piece, axis, seconds)

    def _caption(self, piece, axis, seconds):
        """Which slice it is, and how long the whole volume would take."""
        said = (
            _("Oblique slice")
            if axis == "oblique"
            else _("Slice {number} of {count}").format(number=piece.number + 1, count=piece.count)
        )
        said = _("Fused and colour. {slice}, in {seconds:.2f} s.").format(
            slice=said, seconds=seconds
        )
        if self._state.axis == ALL_AXES:
            said += " " + _(
                "One direction alone; Apply takes the mean of three, which may differ a little."
            )
        elif axis != self._state.axis:
            said += " " + _(
                "The view is not {axis}; Apply fuses {axis} slices, which may differ a little."
            ).format(axis=planes.axesInWords()[self._state.axis])
        whole = seconds * piece.count * speed.passes(self._state)
        if axis in (self._state.axis, shown_axis(self._state.axis)) and whole > LONG:
            said += " " + _("The whole volume would take about {time}.").format(
                time=speed.inWords(whole)
            )
        return said
