"""Make the screenshots of the README: the panel beside real slice and 3D views, in the test host.

    python Testing/make_screenshots.py [name ...]

The pictures are of the digital head, and of two volumes of `../shared` where those are there: the
pork shoulder of Ger et al. 2018 (The Cancer Imaging Archive, doi 10.1002/mp.13090, CC BY 4.0), and
the BrainWeb head with simulated PET of the pyapetnet demo data (MIT, Copyright 2019 gschramm).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
TARGET = ROOT / "Resources" / "Screenshots"
sys.path[:0] = [str(ROOT), str(ROOT / "Testing")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import slicer  # noqa: E402
from host.panel import Host, Panel  # noqa: E402
from host.scene import RealScene  # noqa: E402
from host.screenshot import screenshot  # noqa: E402

from MedFusionLib.phantom.head import make_phantom  # noqa: E402
from MedFusionLib.results.scene import add_volume  # noqa: E402

HEIGHT = 1230
SHAPE = (96, 192, 192)


def main(names: list[str]) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        if names and name not in names:
            continue
        with Host(RealScene()) as host:
            panel = host.open(ROOT / "MedFusion" / "MedFusion.py")
            if draw(panel):
                screenshot(panel, TARGET / f"{name}.png", height=HEIGHT)
                print(TARGET / f"{name}.png")
            host.fail_on_errors()
            panel.close()


def pet_mr(panel: Panel) -> bool:
    """The digital head's MR and PET, looked at where only the PET shows a lesion."""
    head = _phantom(panel, "t1", "pet")
    _apply(panel)
    _look_at(_ras(head.centre("lesion")))
    _show_3d(panel)
    return True


def ct_mr(panel: Panel) -> bool:
    """The digital head's MR and CT, looked at where only the CT shows a calcification."""
    head = _phantom(panel, "t2", "ct")
    _apply(panel)
    _look_at(_ras(head.centre("calcification")))
    _show_3d(panel)
    return True


def preview(panel: Panel) -> bool:
    """Before Apply: the preview of the visible slice, and the windows that will be used."""
    head = _phantom(panel, "t1", "pet")
    panel.ui.advancedCollapsibleButton.collapsed = False
    slicer.util.setSliceViewerLayers(background=panel.ui.firstSelector.currentNode(), fit=True)
    _look_at(_ras(head.centre("lesion")), crosshair=False)
    panel.click("previewCheckBox")
    _wait(lambda: "slice" in panel.ui.previewCaptionLabel.text)
    return True


def published(panel: Panel) -> bool:
    """The colours as published, by the gradient."""
    head = _phantom(panel, "t1", "pet")
    _choose(panel.ui.modeComboBox, "paper")
    _apply(panel)
    _look_at(_ras(head.centre("lesion")))
    _show_3d(panel)
    return True


def pork_shoulder(panel: Panel) -> bool:
    """A real MR and a CT in its own frame, brought together by a parent transform."""
    folder = SHARED / "data" / "volumes" / "porcine"
    if not folder.is_dir():
        return False
    mr = slicer.util.loadVolume(str(folder / "mr-t2.nrrd"), {"name": "Shoulder MR T2"})
    ct = slicer.util.loadVolume(str(folder / "ct-own-frame.nrrd"), {"name": "Shoulder CT"})
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "CT to MR")
    storage = slicer.vtkMRMLTransformStorageNode()
    storage.SetFileName(str(folder / "ct-to-mr.tfm"))
    storage.ReadData(transform)
    # the file maps CT points to MR points; Slicer takes an ITK transform as from parent
    transform.Inverse()
    ct.SetAndObserveTransformNodeID(transform.GetID())
    panel.ui.firstSelector.setCurrentNode(mr)
    panel.ui.secondSelector.setCurrentNode(ct)
    _apply(panel)
    box = [0.0] * 6
    mr.GetRASBounds(box)
    _look_at([(box[2 * axis] + box[2 * axis + 1]) / 2 for axis in range(3)])
    _show_3d(panel)
    return True


def brain(panel: Panel) -> bool:
    """A head of the size that a clinician loads, its PET on another grid."""
    folder = SHARED / "data" / "volumes" / "brainweb"
    if not folder.is_dir():
        return False
    mr = slicer.util.loadVolume(str(folder / "mr-t1.nrrd"), {"name": "BrainWeb MR T1"})
    pet = slicer.util.loadVolume(str(folder / "pet-fdg.nrrd"), {"name": "BrainWeb PET FDG"})
    panel.ui.firstSelector.setCurrentNode(mr)
    panel.ui.secondSelector.setCurrentNode(pet)
    _apply(panel)
    box = [0.0] * 6
    pet.GetRASBounds(box)
    _look_at([(box[2 * axis] + box[2 * axis + 1]) / 2 + 12 for axis in range(3)])
    _show_3d(panel)
    return True


PICTURES = {
    "pet-mr": pet_mr,
    "ct-mr": ct_mr,
    "preview": preview,
    "published": published,
    "pork-shoulder": pork_shoulder,
    "brain": brain,
}


def _phantom(panel: Panel, first: str, second: str):
    head = make_phantom(SHAPE)
    nodes = [add_volume(slicer.mrmlScene, getattr(head, name)) for name in (first, second)]
    panel.ui.firstSelector.setCurrentNode(nodes[0])
    panel.ui.secondSelector.setCurrentNode(nodes[1])
    return head


def _apply(panel: Panel) -> None:
    """Press Apply; without trained weights, with a classical method."""
    panel.show()
    if not panel.ui.applyButton.enabled:
        print(panel.ui.statusLabel.text, "A classical method is shown instead.")
        _choose(panel.ui.networkComboBox, "laplacian-pyramid")
    panel.click("applyButton")


def _choose(combo, data: str) -> None:
    combo.setCurrentIndex(combo.findData(data))


def _ras(lps) -> list[float]:
    return [-lps[0], -lps[1], lps[2]]


def _look_at(ras, crosshair: bool = True) -> None:
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *ras)
    node = slicer.util.getNode("Crosshair")
    if crosshair:
        node.SetCrosshairMode(node.ShowBasic)
        node.SetCrosshairRAS(*ras)
        node.SetCursorPositionRAS(ras)


def _show_3d(panel: Panel) -> None:
    """Show the result in 3D, and turn and near the camera, as a user does with the mouse."""
    panel.click("show3DButton")
    view = slicer.app.layoutManager().threeDWidget(0).threeDView()
    view.rotateToViewAxis(3)
    view.resetFocalPoint()
    camera = slicer.util.getNodesByClass("vtkMRMLCameraNode")[0].GetCamera()
    camera.Azimuth(35)
    camera.Elevation(15)
    camera.Zoom(1.5)


def _wait(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        slicer.app.processEvents()
        time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1:])
