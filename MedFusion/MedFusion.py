"""MedFusion's panel: fuses a registered MR with a CT, PET or SPECT, and says what each gave."""

import importlib.util
import logging
import os
import sys
import traceback

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

# Installed, the library lies beside this file. In a source checkout that is added as a module path
# it lies one folder up, which is not on Python's path.
if importlib.util.find_spec("MedFusionLib") is None:
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

TOO_OLD = sys.version_info < (3, 10)  # Slicer 5.8 and before: this file loads, the rest would not

if not TOO_OLD:
    from MedFusionPanel import (
        choices,
        guess,
        keyboard,
        pictures,
        pytorch,
        readiness,
        speed,
        translation,
        views,
    )
    from MedFusionPanel.alignmentrow import AlignmentRow
    from MedFusionPanel.binding import Binding
    from MedFusionPanel.logic import MODALITIES, MedFusionLogic
    from MedFusionPanel.preview import Preview
    from MedFusionPanel.result import Result
    from MedFusionPanel.resultgroup import ResultGroup
    from MedFusionPanel.running import Run
    from MedFusionPanel.sampledata import registerSampleData
    from MedFusionPanel.state import PanelState
    from MedFusionPanel.translation import sentence

    from MedFusionLib.errors import Cancelled, MedFusionError
    from MedFusionLib.report import NOTICE

DEVICE_SETTING = "MedFusion/Device"
DOCUMENTATION = "https://github.com/SlicerMedFusion/SlicerMedFusion#in-3d-slicer"


class MedFusion(ScriptedLoadableModule):
    """What Slicer shows of the module in its lists and its help."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "MedFusion"
        parent.categories = [translate("qSlicerAbstractCoreModule", "Image Synthesis")]
        parent.dependencies = []
        parent.contributors = ["The MedFusion developers"]
        parent.helpText = _(
            "Fuses a registered MR with a CT, PET or SPECT into one volume, and shows in colour "
            "what each of them contributed at every place. Needs Slicer 5.10 or later. Research "
            "software, not a medical device: not for diagnosis or treatment."
        ) + '<p><a href="{}">{}</a></p>'.format(DOCUMENTATION, _("Documentation and tutorial"))
        parent.acknowledgementText = _(
            "Networks after Kumar et al. 2019, Badal Regàs 2018, Li et al. 2020 and Fan et al. "
            "2019."
        )
        if not TOO_OLD:
            slicer.app.connect("startupCompleted()", registerSampleData)


class MedFusionWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: connects widgets, state and logic."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.state = None
        self.result = None
        self.run = None
        self._message = ""  # how the last run ended
        self._updating = False
        self._methods = None  # that the combo box lists
        self._observed = []  # the volumes whose changes are followed
        self._entered = False

    # Life

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        translation.install()
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/MedFusion.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = MedFusionLogic()
        self.preview = Preview(self.ui, self.logic, self._device)
        self.resultGroup = ResultGroup(self.ui)
        self.alignmentRow = AlignmentRow(self.ui, self.logic)
        choices.fill(self.ui)
        choices.limitNumbers(self.ui)
        choices.offerOutputs(self.ui)
        keyboard.chain(self.ui)
        device = slicer.util.settingsValue(DEVICE_SETTING, "auto")
        self.ui.deviceComboBox.setCurrentIndex(max(0, self.ui.deviceComboBox.findData(device)))
        self.binding = Binding(self.ui)
        self._newcomers = qt.QTimer()  # a volume gets its name and voxels after it is added
        self._newcomers.setSingleShot(True)
        self._newcomers.connect("timeout()", self.onVolumesAdded)
        self._connect()
        self.ui.noticeLabel.text = sentence(NOTICE)
        self.initializeParameterNode()
        if getattr(self.parent, "isEntered", False):  # after Reload, Slicer does not enter again
            self.enter()

    def _connect(self):
        ui = self.ui
        ui.applyButton.connect("clicked(bool)", self.onApply)
        ui.cancelButton.connect("clicked(bool)", self.onCancel)
        ui.undoButton.connect("clicked(bool)", self.onUndo)
        ui.alignButton.connect("clicked(bool)", self.onAlign)
        ui.installButton.connect("clicked(bool)", self.onInstall)
        ui.modalityComboBox.connect("activated(int)", self.onModalityCorrected)
        ui.deviceComboBox.connect("activated(int)", self.onDevice)
        ui.advancedCollapsibleButton.connect("contentsCollapsed(bool)", self.update)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneChanged)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneChanged)
        self.addObserver(scene, scene.EndBatchProcessEvent, self.onSceneChanged)
        self.addObserver(scene, scene.NodeAddedEvent, self.onNodeAdded)
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self.onNodeAboutToBeRemoved)
        self.addObserver(scene, scene.NodeRemovedEvent, self.onSceneChanged)
        slicer.app.connect("lastWindowClosed()", self.onCancel)

    def cleanup(self):
        slicer.app.disconnect("lastWindowClosed()", self.onCancel)
        self.onCancel()
        self._newcomers.stop()
        self._newcomers.disconnect("timeout()", self.onVolumesAdded)
        self.preview.close()
        self.setParameterNode(None)
        self.resultGroup.stop()
        self.removeObservers()

    def enter(self):
        self._entered = True
        self.initializeParameterNode()
        with slicer.util.WaitCursor():
            self.logic.loadMethods()
        self.chooseInputs()
        self.update()

    def exit(self):
        self._entered = False
        self.preview.stop()

    def onReload(self):
        """For developers: Slicer reloads this file alone, so unload the others first."""
        for name in list(sys.modules):
            if name.split(".")[0] in ("MedFusionPanel", "MedFusionLib"):
                del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    # State

    def initializeParameterNode(self):
        self.setParameterNode(self.logic.getParameterNode())

    def setParameterNode(self, node):
        current = self.state.node if self.state else None
        if node is not current:
            if current is not None:
                self.removeObserver(current, vtk.vtkCommand.ModifiedEvent, self.onStateModified)
            self.state = self.binding.state = PanelState(node) if node else None
            if node is not None:
                self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self.onStateModified)
        self.onStateModified()

    def onSceneStartClose(self, caller=None, event=None):
        self.onCancel()
        self.preview.stop()
        self.result = None
        self.logic.forgetUndo()
        self.logic.forgetSources()
        self.setParameterNode(None)

    def onSceneChanged(self, caller=None, event=None):
        scene = slicer.mrmlScene
        if not scene.IsBatchProcessing() and not scene.IsClosing():
            self.initializeParameterNode()
            if event == "EndImportEvent":
                self._newcomers.start(0)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAdded(self, caller, event, node):
        if node.GetClassName() == "vtkMRMLScalarVolumeNode":
            self._newcomers.start(0)

    def onVolumesAdded(self):
        """Choose volumes that appear while the panel is open, as on entering it."""
        scene = slicer.mrmlScene
        if self._entered and not self.run and not scene.IsBatchProcessing():
            self.chooseInputs()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAboutToBeRemoved(self, caller, event, node):
        """Leave a volume that goes away, before its combo box takes its neighbour."""
        if slicer.mrmlScene.IsBatchProcessing() or self.state is None:
            return
        if self.run and node in self.state.sources:
            self.onCancel()
        for selector in (self.ui.firstSelector, self.ui.secondSelector, self.ui.thirdSelector):
            if selector.currentNode() is node:
                selector.setCurrentNode(None)
        if node is self.state.node:
            self.setParameterNode(None)

    def onStateModified(self, caller=None, event=None):
        if slicer.mrmlScene.IsBatchProcessing() or self.run:
            return
        self._message = ""
        self.binding.toWidgets()
        self.update()

    def chooseInputs(self):
        """Where nothing is chosen, choose volumes whose names or tags say what they are."""
        state = self.state
        if state is None or (state.first and state.second):
            return
        volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        plain = [
            node
            for node in volumes
            if node.GetClassName() == "vtkMRMLScalarVolumeNode"
            and not node.GetAttribute("MedFusion.Role")
        ]
        first, second = guess.guessSources([node for node in plain if node not in state.sources])
        state.first, state.second = state.first or first, state.second or second

    # What is shown

    def update(self, *unused):
        """Bring everything that depends on the state up to date."""
        if self._updating or self.run or self.state is None:
            return
        self._updating = True
        try:
            self._guessModalities()
            choices.hideResults(self.ui)
            self._forgetValues()
            self._observeSources()
            self._showMethod()
            self._showAdvanced()
            self._showSections()
            self._showReadiness()
            self.alignmentRow.show(self.state)
            self._showResult()
            self._showWarnings()
            self.preview.follow(self.state)
        finally:
            self._updating = False

    def _guessModalities(self):
        """What a newly chosen volume is; where nothing tells, the user is asked."""
        state = self.state
        if state.second is not state.guessedFor:
            modality, reason = guess.guessModality(state.second) if state.second else ("", "")
            state.modality = modality if modality in MODALITIES else ""
            state.modalityReason = reason
            state.guessedFor = state.second
            state.secondAuto = True
            self.binding.toWidgets()
        if state.third is not state.guessedForThird:
            modality, _reason = guess.guessModality(state.third) if state.third else ("", "")
            state.thirdModality = modality if modality in MODALITIES else ""
            state.guessedForThird = state.third
            self.binding.toWidgets()
        label = self.ui.guessLabel
        asked = bool(state.second) and not state.modality
        label.text = (state.modalityReason or _("please say")) if state.second else ""
        label.styleSheet = pictures.warningStyle(label) if asked else ""
        self.ui.modalityComboBox.enabled = state.second is not None

    def _forgetValues(self):
        """A window, or a kind of CT values, chosen for one volume says nothing about another."""
        state = self.state
        if state.first is not state.windowedFirst:
            state.firstAuto = True
            state.windowedFirst = state.first
            self.binding.toWidgets()
        if state.ct is not state.ctValuesFor:
            state.ctValues = "auto"
            state.ctValuesFor = state.ct
            self.binding.toWidgets()

    def _observeSources(self):
        """Follow changes of the voxels and the place of the chosen volumes."""
        sources = list(dict.fromkeys(node for node in self.state.sources if node))
        if sources == self._observed:
            return
        for nodes, change in ((self._observed, self.removeObserver), (sources, self.addObserver)):
            for node in nodes:
                events = node.ImageDataModifiedEvent, node.TransformModifiedEvent
                for event in (*events, vtk.vtkCommand.ModifiedEvent):
                    change(node, event, self.onSourceModified)
        self._observed = sources

    def onSourceModified(self, caller=None, event=None):
        self.logic.forgetSources()
        self.update()

    def _showMethod(self):
        state = self.state
        methods = self.logic.methods(state)
        if methods != self._methods:
            self._methods = methods
            choices.fillOne(self.ui.methodComboBox, methods, state.method)
            self.ui.methodComboBox.enabled = bool(methods)
        self.ui.methodLabel.text = self.logic.describeMethod(state)
        self.ui.thirdModalityComboBox.enabled = state.third is not None
        self.ui.publishedColourCheckBox.enabled = state.canPublish

    def _showSections(self):
        """What is chosen in the sections that are collapsed, in their titles."""
        ui, state = self.ui, self.state
        ui.methodCollapsibleButton.text = _("Method: {chosen}").format(
            chosen=self.logic.methodInWords(state)
        )
        ui.outputsCollapsibleButton.text = _("Outputs: {chosen}").format(
            chosen=choices.outputsInWords(state)
        )
        ui.advancedCollapsibleButton.text = _("Advanced: {chosen}").format(
            chosen=choices.advancedInWords(state)
        )

    def _showAdvanced(self):
        """What depends on other choices there; worked out only while it is looked at."""
        if not self.ui.advancedCollapsibleButton.collapsed:
            choices.showWhereItMatters(self.ui, self.state)
            self._showWindows()

    def _showWindows(self):
        """The windows that will be used."""
        state = self.state
        nodes = (state.first, state.second)
        autos, names = (state.firstAuto, state.secondAuto), ("first", "second")
        modalities = state.modalities
        for node, modality, auto, name in zip(nodes, modalities, autos, names, strict=False):
            widget = getattr(self.ui, f"{name}WindowRange")
            widget.enabled = bool(node) and not auto
            if node is None or not modality or readiness.volumeProblem(node):
                continue
            if auto:
                setattr(state, f"{name}Window", self.logic.window(node, modality, state.ctValues))
            window = getattr(state, f"{name}Window")
            lowest, highest = node.GetImageData().GetScalarRange()
            wasBlocked = widget.blockSignals(True)
            widget.decimals = 0 if highest - lowest > 50 else 2
            widget.minimum, widget.maximum = min(lowest, window[0]), max(highest, window[1])
            widget.setValues(*window)
            widget.blockSignals(wasBlocked)

    def _showReadiness(self):
        ready = readiness.readiness(self.state)
        self.ui.applyButton.enabled = not ready.reason
        self.ui.applyButton.toolTip = ready.reason or _("Fuse the whole volume")
        self.ui.statusLabel.text = ready.reason or self._message or ready.note
        label = self.ui.statusLabel
        label.styleSheet = pictures.warningStyle(label) if ready.reason else ""
        self.ui.installButton.visible = ready.needsTorch

    def _showWarnings(self):
        """What is wrong with the result, and with how the volumes lie now, on a line of its own."""
        said = self.alignmentRow.warnings(self.state)
        if self.result and not self.result.differences(self.state):
            known = self.logic.knownAlignment(self.state) is not None
            said += self.result.warnings(withAlignment=not known)
        label = self.ui.warningLabel
        # a long name may wrap after each of its words
        label.text = " ".join(map(sentence, said)).replace("_", "_\N{ZERO WIDTH SPACE}")
        label.styleSheet = pictures.warningStyle(label)
        label.visible = bool(said)
        self.ui.undoButton.enabled = self.logic.canUndo

    def _showResult(self):
        nodes = self.state.results
        if not nodes:
            self.result = None
        elif self.result is None or self.result.nodes != nodes:
            try:
                self.result = Result(nodes)
            except MedFusionError as error:
                self.result = None
                self.state.results = {}  # so that it is reported once
                self._message = sentence(str(error))
                self.ui.statusLabel.text = self._message
        self.resultGroup.show(self.state, self.result)

    # Apply and Cancel

    def onApply(self):
        if self.run:
            return
        self.run = Run(self._showProgress)
        self.binding.paused = True
        self.preview.stop()  # until the update at the end
        self._setBusy(True)
        fused = None
        message = ""
        try:
            fused = self.logic.fuseState(self.state, self._device(), self.run)
        except Cancelled:
            message = _("Cancelled. The scene is as it was.")
        except MedFusionError as error:
            message = sentence(str(error))
            slicer.util.errorDisplay(message, windowTitle="MedFusion")
        except Exception as error:
            logging.exception("The fusion failed")
            message = _("The fusion failed: {error}").format(error=error)
            details = traceback.format_exc()
            slicer.util.errorDisplay(message, windowTitle="MedFusion", detailedText=details)
        finally:
            self.run = None
            self.binding.paused = False
            if self.state:  # the panel may have been closed meanwhile
                self._setBusy(False)
                self._finish(fused, message)

    def _finish(self, fused, message):
        before = views.layers()
        if fused:
            nodes, fusion = fused
            self.result = Result(nodes, fusion)
            self.logic.afterUndo(views.restoreLayers, before)
            self.logic.afterUndo(self._restoreResults, self.state.results)
            self.state.results = nodes
            speed.remember(self.state, fusion.report.seconds)
            message = _("Done in {seconds:.1f} s.").format(seconds=fusion.report.seconds)
        self.onStateModified()
        if fused:
            self.resultGroup.showInSlices()
            self.resultGroup.follow3D()
            views.scrollTo(self.ui.probeLabel)
        self._message = message
        self.update()

    def _restoreResults(self, nodes):
        if self.state:
            self.state.results = {role: node for role, node in nodes.items() if node.GetScene()}

    def onUndo(self):
        """Take the last fusion back."""
        self._updating = True  # what changes meanwhile is looked at once, at the end
        try:
            with slicer.util.tryWithErrorDisplay(_("The fusion was not taken back.")):
                self.logic.undo()
        finally:
            self._updating = False
        self.result = None
        self._message = _("The last fusion was taken back.")
        self.update()

    def onAlign(self):
        """Check how far the volumes are off; then move them, or undo it."""
        if self.run:
            return
        step = self.alignmentRow.step(self.state)
        with slicer.util.tryWithErrorDisplay(_("The alignment was not measured.")):
            if step == "align":
                self.logic.align(self.state)
            elif step == "undo":
                self.logic.undoAlignment(self.state)
            else:
                self._measureAlignment()
        self.update()

    def _measureAlignment(self):
        self.run = Run(lambda *unused: self._showProgress(0, _("Measuring the alignment...")))
        self.binding.paused = True
        self.preview.stop()
        self._setBusy(True)
        try:
            self.logic.measureAlignment(self.state, self.run)
        except Cancelled:
            pass
        finally:
            self.run = None
            self.binding.paused = False
            if self.state:
                self._setBusy(False)

    def onCancel(self):
        if self.run:
            self.run.cancel()

    def _showProgress(self, fraction, text):
        self.ui.progressBar.value = int(100 * fraction)
        self.ui.statusLabel.text = text

    def _setBusy(self, busy):
        ui = self.ui
        for group in ("inputs", "method", "advanced", "outputs", "result"):
            getattr(ui, f"{group}CollapsibleButton").enabled = not busy
        ui.previewCheckBox.enabled = not busy
        ui.applyButton.enabled = not busy
        ui.undoButton.enabled = not busy and self.logic.canUndo
        ui.cancelButton.enabled = busy
        ui.progressBar.value = 0

    def onInstall(self):
        with slicer.util.tryWithErrorDisplay(_("PyTorch was not installed.")):
            problem = pytorch.install()
            if problem:
                slicer.util.errorDisplay(problem, windowTitle="MedFusion")
        self.logic.loadMethods()
        self.update()

    # Settings

    def _device(self):
        return self.ui.deviceComboBox.currentData

    def onDevice(self, index):
        qt.QSettings().setValue(DEVICE_SETTING, self._device())

    def onModalityCorrected(self, index):
        self.state.modalityReason = _("chosen by you")


if TOO_OLD:

    class MedFusionWidget(ScriptedLoadableModuleWidget):
        """The panel in a Slicer that is too old: a sentence."""

        def setup(self):
            ScriptedLoadableModuleWidget.setup(self)
            label = qt.QLabel(_("MedFusion needs Slicer 5.10 or later; this one is too old."))
            label.setWordWrap(True)
            self.layout.addWidget(label)


class MedFusionTest(ScriptedLoadableModuleTest):
    """Runs in Slicer under --testing: makes the digital head, fuses it, looks at the results."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def runTest(self):
        self.setUp()
        self.test_fuse()

    def test_fuse(self):
        reason = pytorch.missing()
        if reason:
            self.delayDisplay(_("Skipped: {reason}").format(reason=reason))
            return
        mr, pet, _t2, _ct = MedFusionLogic.makeSampleData((24, 48, 48))
        nodes = MedFusionLogic().fuse(mr, pet, method="maximum")
        self.assertEqual(
            list(nodes), ["fused", "colour", "contribution-first", "contribution-second"]
        )
        self.assertEqual(nodes["colour"].GetClassName(), "vtkMRMLVectorVolumeNode")
        self.assertEqual(nodes["fused"].GetNodeReference("MedFusion.First"), mr)
        fused = slicer.util.arrayFromVolume(nodes["fused"])
        self.assertEqual(fused.shape, slicer.util.arrayFromVolume(mr).shape)
        self.assertGreater(fused.max(), 0.5)
        self.delayDisplay(_("Test passed"))
