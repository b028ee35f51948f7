"""A small module with every habit of a real one, to calibrate the test host with."""

import ctk
import numpy as np
import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class Toy(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Toy")
        parent.categories = ["Testing"]
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="Toy",
        sampleName="ToyVolume",
        uris="https://example.org/toy.nrrd",
        fileNames="toy.nrrd",
        nodeNames="Toy",
        checksums="SHA256:0",
    )


class ToyWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/Toy.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = ToyLogic()
        self.ui.modeComboBox.addItem(_("mean"), "mean")
        self.ui.modeComboBox.addItem(_("maximum"), "maximum")
        for selector in (self.ui.firstSelector, self.ui.secondSelector):
            selector.connect("currentNodeChanged(vtkMRMLNode*)", self.updateApply)
        self.ui.applyButton.connect("clicked(bool)", self.onApply)
        self.ui.weightSlider.connect("valueChanged(double)", self.onWeight)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneClosed)
        moreButton = ctk.ctkCollapsibleButton()
        moreButton.text = _("More")
        moreButton.collapsed = True
        self.layout.addWidget(moreButton)
        self.layout.addStretch(1)
        self.updateApply()

    def cleanup(self):
        self.removeObservers()

    def enter(self):
        self.ui.statusLabel.text = _("Ready")

    def onSceneClosed(self, caller, event):
        self.ui.statusLabel.text = _("Closed")

    def onWeight(self, value):
        self.logic.getParameterNode().SetParameter("weight", str(value))

    def updateApply(self, node=None):
        nodes = [self.ui.firstSelector.currentNode(), self.ui.secondSelector.currentNode()]
        self.ui.applyButton.enabled = None not in nodes
        self.ui.applyButton.toolTip = _("Fuse") if None not in nodes else _("Choose two volumes")

    def onApply(self):
        first, second = self.ui.firstSelector.currentNode(), self.ui.secondSelector.currentNode()
        with slicer.util.tryWithErrorDisplay(_("Fusion failed."), waitCursor=True):
            fused = self.logic.fuse(
                first, second, self.ui.modeComboBox.currentData, self.ui.weightSlider.value
            )
            self.ui.progressBar.value = 100
            slicer.app.processEvents()
            slicer.util.setSliceViewerLayers(background=fused, fit=True)
            self.showThumbnail(slicer.util.arrayFromVolume(fused))
            self.ui.statusLabel.text = _("Created {name}").format(name=fused.GetName())

    def showThumbnail(self, voxels):
        """Show the middle slice. PythonQt has no QImage from bytes: set the pixels one by one."""
        voxels = voxels[len(voxels) // 2]
        rows, columns = voxels.shape
        image = qt.QImage(columns, rows, qt.QImage.Format_RGB32)
        for y in range(rows):
            for x in range(columns):
                grey = int(voxels[y, x])
                image.setPixel(x, y, qt.QColor(grey, grey, grey).rgb())
        self.ui.pictureLabel.pixmap = qt.QPixmap.fromImage(image)


class ToyLogic(ScriptedLoadableModuleLogic):
    def fuse(self, first, second, mode, weight):
        a, b = (slicer.util.arrayFromVolume(node).astype(np.float32) for node in (first, second))
        if a.shape != b.shape:
            raise ValueError(f"the shapes {a.shape} and {b.shape} differ")
        fused = (1 - weight) * a + weight * b if mode == "mean" else np.maximum(a, b)
        matrix = vtk.vtkMatrix4x4()
        first.GetIJKToRASMatrix(matrix)
        node = slicer.util.addVolumeFromArray(fused.astype(np.uint8), matrix, "Fused")
        node.CreateDefaultDisplayNodes()
        return node
