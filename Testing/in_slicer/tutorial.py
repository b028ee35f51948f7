"""Follow the tutorial of docs/use/slicer.md to the letter, inside Slicer, and take its pictures:

    python Testing/in_slicer/launch.py tutorial [FOLDER]

Without a folder the pictures go to `Resources/Screenshots`. The last two need `../shared`: the
BrainWeb head with simulated PET of the pyapetnet demo data (MIT, Copyright 2019 gschramm), and the
pork shoulder of Ger et al. 2018 (The Cancer Imaging Archive, doi 10.1002/mp.13090, CC BY 4.0).
"""

import os
import sys
import time
import traceback
from pathlib import Path

import qt
import slicer

ROOT = Path(__file__).resolve().parent.parent.parent
VOLUMES = ROOT.parent / "shared" / "data" / "volumes"
FOLDER = Path(os.environ.get("MEDFUSION_PYTEST") or ROOT / "Resources" / "Screenshots")
SIZE = 1240, 920
LIMIT = 300_000  # bytes of a picture


def tutorial():
    """The steps of the tutorial, in its order; each one says what has to be seen."""
    # 1
    slicer.util.selectModule("SampleData")
    page = slicer.modules.sampledata.widgetRepresentation()
    slicer.util.findChild(page, "MedFusionHeadPushButton").click()
    names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")]
    see(names == [f"MedFusion head {name}" for name in ("MR T1", "PET", "MR T2", "CT")])
    # 2
    slicer.util.selectModule("MedFusion")
    ui = slicer.modules.MedFusionWidget.ui
    see(ui.firstSelector.currentNode().GetName() == names[0])
    see(ui.secondSelector.currentNode().GetName() == names[1])
    see(ui.modalityComboBox.currentText == "PET" and "name" in ui.guessLabel.text)
    # 3
    ui.previewCheckBox.click()
    scroll("Red", 34)
    wait(lambda: "Slice" in ui.previewCaptionLabel.text)
    ui.methodCollapsibleButton.collapsed = False
    choose(ui.methodComboBox, "laplacian-pyramid")
    wait(lambda: "Slice" in ui.previewCaptionLabel.text)
    choose(ui.methodComboBox, "bands")
    picture("preview", ui.previewFrame)
    ui.methodCollapsibleButton.collapsed = True
    ui.previewCheckBox.click()
    see(len(slicer.util.getNodesByClass("vtkMRMLVolumeNode")) == 4)
    # 4
    ui.applyButton.click()
    see(ui.statusLabel.text.startswith("Done in"))
    # 5
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    colour = slicer.mrmlScene.GetNodeByID(red.GetForegroundVolumeID())
    see(colour.GetAttribute("MedFusion.Role") == "colour")
    see(ui.legendLeftLabel.text == "little PET" and ui.legendRightLabel.text == "much PET")
    # 6
    scroll("Red", 34)
    from MedFusionLib.phantom.head import make_phantom

    head = make_phantom((24, 48, 48))
    point(head.centre("lesion"))
    for word in ("MR ", "PET ", "fused ", "if a volume were missing"):
        see(word in ui.probeLabel.text)
    # 7
    choose(ui.modeComboBox, "fused")
    ui.omegaSlider.value = 0.9
    spin()
    ui.omegaSlider.value = 0.6
    choose(ui.modeComboBox, "paper")
    see("contribution" in ui.legendTitleLabel.text)
    choose(ui.modeComboBox, "sources")
    # 8
    ui.sourcesViewButton.click()
    see(red.GetForegroundOpacity() == 0.5)
    ui.colourViewButton.click()
    see(red.GetForegroundVolumeID() == colour.GetID())
    show3D(ui)
    point(head.centre("lesion"))
    picture("pet-mr", ui.probeBarLabel)
    # 9
    ui.firstSelector.setCurrentNode(slicer.util.getNode("MedFusion head MR T2"))
    ui.secondSelector.setCurrentNode(slicer.util.getNode("MedFusion head CT"))
    see("other inputs" in ui.staleLabel.text)
    ui.applyButton.click()
    show3D(ui)
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *ras(head.centre("calcification")))
    point(head.centre("calcification"))
    picture("ct-mr", ui.probeBarLabel)
    # 10
    see(ui.whyButton.enabled)
    ui.whyButton.click()
    wait(lambda: "Fused" in ui.whyLabel.text)
    for word in ("MR", "CT", "fine detail (", "everything coarser"):
        see(word in ui.whyLabel.text)
    spin()
    picture("why", ui.whyLabel, alone=True)
    ui.whyButton.click()


def brain():
    """A head of the size that a clinician loads; its PET lies on another grid."""
    slicer.mrmlScene.Clear(0)
    mr = slicer.util.loadVolume(str(VOLUMES / "brainweb/mr-t1.nrrd"), {"name": "BrainWeb MR T1"})
    pet = slicer.util.loadVolume(str(VOLUMES / "brainweb/pet-fdg.nrrd"), {"name": "BrainWeb PET"})
    fuse(mr, pet, "brain", near=pet, offset=12)


def porkShoulder():
    """A real MR, and a CT in its own frame, brought together by a parent transform."""
    slicer.mrmlScene.Clear(0)
    folder = VOLUMES / "porcine"
    mr = slicer.util.loadVolume(str(folder / "mr-t2.nrrd"), {"name": "Shoulder MR T2"})
    ct = slicer.util.loadVolume(str(folder / "ct-own-frame.nrrd"), {"name": "Shoulder CT"})
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "CT to MR")
    storage = slicer.vtkMRMLTransformStorageNode()
    storage.SetFileName(str(folder / "ct-to-mr.tfm"))
    storage.ReadData(transform)
    # the file maps CT points to MR points; Slicer takes an ITK transform as from parent
    transform.Inverse()
    ct.SetAndObserveTransformNodeID(transform.GetID())
    fuse(mr, ct, "pork-shoulder", near=mr)


def fuse(first, second, name, near, offset=0):
    ui = slicer.modules.MedFusionWidget.ui
    ui.firstSelector.setCurrentNode(first)
    ui.secondSelector.setCurrentNode(second)
    choose(ui.methodComboBox, "bands")
    ui.applyButton.click()
    see(ui.statusLabel.text.startswith("Done in"))
    box = [0.0] * 6
    near.GetRASBounds(box)
    middle = [(box[2 * axis] + box[2 * axis + 1]) / 2 + offset for axis in range(3)]
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *middle)
    show3D(ui)
    point((-middle[0], -middle[1], middle[2]))
    picture(name, ui.probeBarLabel)


# What a user does with the mouse


def choose(combo, data):
    combo.setCurrentIndex(combo.findData(data))
    combo.activated(combo.currentIndex)
    spin()


def scroll(view, offset):
    slicer.app.layoutManager().sliceWidget(view).sliceLogic().SetSliceOffset(offset)
    spin()


def ras(lps):
    return [-lps[0], -lps[1], lps[2]]


def point(lps):
    """Move the mouse there: the slice views put the crosshair's cursor at it."""
    node = slicer.util.getNode("Crosshair")
    node.SetCrosshairMode(node.ShowBasic)
    node.SetCrosshairRAS(*ras(lps))
    node.SetCursorPositionRAS(ras(lps))
    spin()


def show3D(ui):
    """Press the button, then turn and near the head."""
    ui.show3DButton.click()
    view = slicer.app.layoutManager().threeDWidget(0).threeDView()
    view.rotateToViewAxis(3)
    view.resetFocalPoint()
    camera = slicer.util.getNodesByClass("vtkMRMLCameraNode")[0].GetCamera()
    camera.Azimuth(35)
    camera.Elevation(15)
    camera.Zoom(1.5)
    spin()


# Watching


def see(seen):
    if not seen:
        raise AssertionError("the tutorial says something else than what is seen")


def spin(seconds=0.3):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        slicer.app.processEvents()
        time.sleep(0.01)


def wait(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        see(time.monotonic() < end)
        spin(0.05)


def picture(name, lowest, alone=False):
    """The main window, its panel scrolled so that this widget is seen, as a palette PNG.

    `alone`: the panel alone.
    """
    from PIL import Image

    area = slicer.modules.medfusion.widgetRepresentation()
    while area is not None and area.className() != "QScrollArea":
        area = area.parentWidget()
    if area is not None:
        area.ensureWidgetVisible(lowest)
    spin(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.png"
    (area if alone else slicer.util.mainWindow()).grab().save(str(path))
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    # of Pillow's ways the one that keeps small coloured places and even greys
    image = image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    image.save(path, optimize=True)
    print(path, path.stat().st_size, "bytes")
    see(path.stat().st_size <= LIMIT)


def prepare():
    """A window as wide as a screen; the panel as wide as Slicer makes it."""
    window = slicer.util.mainWindow()
    window.resize(*SIZE)
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    for name in ("DataProbeCollapsibleWidget", "HelpCollapsibleButton"):
        for group in slicer.util.findChildren(window, name=name):
            group.collapsed = True
    spin()


def main():
    code = 1
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__  # not Slicer's Python console
    try:
        prepare()
        tutorial()
        if VOLUMES.is_dir():
            brain()
            porkShoulder()
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.stdout)
    sys.stdout.flush()
    os._exit(code)


qt.QTimer.singleShot(500, main)
