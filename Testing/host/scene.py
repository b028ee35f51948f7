"""A real MRML scene with the logics of Slicer's modules; needs slicer-core, no Qt."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import slicer
import vtk

from host.views import LayoutManager

# The name of a module in ``slicer.modules`` and the logic behind it. Node classes such as sequences
# and markups exist in a scene only once their logic has been given the scene.
LOGICS = {
    "Volumes": slicer.vtkSlicerVolumesLogic,
    "VolumeRendering": slicer.vtkSlicerVolumeRenderingLogic,
    "Transforms": slicer.vtkSlicerTransformLogic,
    "SubjectHierarchy": slicer.vtkSlicerSubjectHierarchyModuleLogic,
    "Segmentations": slicer.vtkSlicerSegmentationsModuleLogic,
    "Markups": slicer.vtkSlicerMarkupsLogic,
    "CropVolume": slicer.vtkSlicerCropVolumeLogic,
    "Sequences": slicer.vtkSlicerSequencesLogic,
    "Tables": slicer.vtkSlicerTablesLogic,
}

# Volume rendering copies a preset by name and crashes when there is none of that name, so the
# scene gets plain ones: a grey ramp under each name that the logic may ask for.
PRESET_NAMES = ("MR-Default", "CT-AAA", "CT-Chest-Contrast-Enhanced", "CT-Bone", "US-Fetal")
PRESET = (
    '<VolumeProperty id="vtkMRMLVolumePropertyNode{index}" name="{name}" interpolation="1" '
    'shade="1" diffuse="0.9" ambient="0.1" specular="0.2" specularPower="10" '
    'scalarOpacity="6 0 0 50 0 255 0.4" gradientOpacity="4 0 1 255 1" '
    'colorTransfer="8 0 0 0 0 255 1 1 1" />'
)


class Module:
    """What ``slicer.modules.<name>`` offers."""

    def __init__(self, name: str, logic=None, path: str = "", widget=None) -> None:
        self.name = name
        self.path = path
        self._logic = logic
        self._widget = widget

    def logic(self):
        return self._logic

    def widgetRepresentation(self):
        return self._widget


class Modules:
    """``slicer.modules``: a module is an attribute, in lower case, when it is installed."""

    def add(self, module: Module) -> Module:
        setattr(self, module.name.lower(), module)
        return module

    def remove(self, name: str) -> None:
        delattr(self, name.lower())

    def names(self) -> list[str]:
        return [module.name for module in vars(self).values() if isinstance(module, Module)]


class CoreIOManager:
    """Reads volumes and scenes and writes nodes through the real storage nodes."""

    def __init__(self, logics: dict) -> None:
        self._logics = logics

    def fileType(self, path) -> str:
        return "SceneFile" if str(path).endswith((".mrml", ".mrb")) else "VolumeFile"

    def fileWriterFileType(self, node) -> str:
        return node.GetClassName()

    def loadNodes(self, kind: str, properties: dict, nodes, messages=None) -> bool:
        path = str(properties["fileName"])
        if kind == "SceneFile":
            return self._load_scene(path, messages)
        if kind != "VolumeFile":
            raise NotImplementedError(f"the test host reads volumes and scenes, not {kind}")
        name = properties.get("name") or Path(path).name.split(".")[0]
        options = 1 if properties.get("labelmap") else 0
        node = self._logics["Volumes"].AddArchetypeVolume(path, name, options)
        if node is None:
            return False
        nodes.AddItem(node)
        return True

    def saveNodes(self, kind: str, properties: dict, messages=None) -> bool:
        path = str(properties["fileName"])
        scene = slicer.mrmlScene
        if kind == "SceneFile":
            if not path.endswith(".mrb"):
                raise NotImplementedError("the test host saves scenes as .mrb")
            return bool(scene.WriteToMRB(path, None, messages))
        node = scene.GetNodeByID(properties["nodeID"])
        if node.GetStorageNode() is None:
            node.AddDefaultStorageNode()
        storage = node.GetStorageNode()
        storage.SetFileName(path)
        return bool(storage.WriteData(node))

    @staticmethod
    def _load_scene(path: str, messages) -> bool:
        scene = slicer.mrmlScene
        if path.endswith(".mrb"):
            return bool(scene.ReadFromMRB(path, True, messages))
        scene.SetURL(path)
        return bool(scene.Connect())


class CoreApplication:
    """The part of ``slicer.app`` that needs no Qt; ``host.application`` adds the rest."""

    applicationName = "Slicer"
    applicationVersion = "5.13.0"
    majorVersion = 5
    minorVersion = 13

    def __init__(self, real: RealScene) -> None:
        self._real = real
        self._io = CoreIOManager(real.logics)
        self.testing = False
        self.temporaryPath = real.folder

    def applicationLogic(self):
        return self._real.logic

    def mrmlScene(self):
        return self._real.scene

    def coreIOManager(self) -> CoreIOManager:
        return self._io

    ioManager = coreIOManager

    def layoutManager(self) -> LayoutManager:
        return self._real.layout

    def testingEnabled(self) -> bool:
        return self.testing

    def processEvents(self, *flags) -> None:
        pass

    def pauseRender(self) -> None:
        pass

    resumeRender = pauseRender


class RealScene:
    """A fresh scene in ``slicer.mrmlScene``, with ``slicer.modules`` and ``slicer.app`` around it.

    ``close()`` puts back what these attributes were before.
    """

    ATTRIBUTES = ("mrmlScene", "modules", "app")

    def __init__(self) -> None:
        self._before = {name: getattr(slicer, name, None) for name in self.ATTRIBUTES}
        self._folder = tempfile.TemporaryDirectory(prefix="medfusion-host-")
        self.folder = self._folder.name
        self.scene = slicer.vtkMRMLScene()
        slicer.mrmlScene = self.scene
        self.logic = self._application_logic()
        self.modules = slicer.modules = Modules()
        self.logics = self._module_logics()
        self.layout = LayoutManager(self.scene, self.logic)
        slicer.app = CoreApplication(self)

    def close(self) -> None:
        self.scene.Clear(False)  # removing the singletons, too, crashes the slice logics
        for name, value in self._before.items():
            if value is None:
                delattr(slicer, name)
            else:
                setattr(slicer, name, value)
        self._folder.cleanup()

    def _application_logic(self):
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        crosshair.SetName("Crosshair")
        self.scene.AddNode(crosshair)
        logic = slicer.vtkSlicerApplicationLogic()
        logic.SetMRMLScene(self.scene)
        logic.SetTemporaryPath(self.folder)
        logic.SetSliceLogics(vtk.vtkCollection())
        logic.SetViewLogics(vtk.vtkCollection())
        for factory in (
            slicer.vtkMRMLThreeDViewDisplayableManagerFactory,
            slicer.vtkMRMLSliceViewDisplayableManagerFactory,
        ):
            factory.GetInstance().SetMRMLApplicationLogic(logic)
        self._remote_io = slicer.vtkMRMLRemoteIOLogic()  # without it no .mrb can be read
        self._remote_io.SetMRMLScene(self.scene)
        self._remote_io.SetMRMLApplicationLogic(logic)
        self._remote_io.GetCacheManager().SetRemoteCacheDirectory(self.folder)
        self._remote_io.AddDataIOToScene()
        return logic

    def _module_logics(self) -> dict:
        colors = self.logic.GetColorLogic()
        colors.SetMRMLScene(self.scene)
        colors.AddDefaultColorNodes()
        logics = {"Colors": colors}
        for name, kind in LOGICS.items():
            logic = logics[name] = kind()
            if name == "VolumeRendering":
                logic.SetModuleShareDirectory(self._preset_folder())  # before the scene
            logic.SetMRMLScene(self.scene)
            logic.SetMRMLApplicationLogic(self.logic)
        for name, logic in logics.items():
            self.logic.SetModuleLogic(name, logic)
            self.modules.add(Module(name, logic))
        # With a scene this one would look for Slicer's colour files; its legends need none.
        self.scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
        self.modules.add(Module("Colors", slicer.vtkSlicerColorLogic()))
        return logics

    def _preset_folder(self) -> str:
        presets = "".join(
            PRESET.format(index=index, name=name) for index, name in enumerate(PRESET_NAMES, 1)
        )
        Path(self.folder, "presets.xml").write_text(f"<MRML>{presets}</MRML>", encoding="utf-8")
        return os.fspath(self.folder)
