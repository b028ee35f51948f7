"""A fusion and its sources as a Slicer scene in a file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import MedFusionError
from ..fusion import Fusion
from ..sources.formats.itk import decimal_point
from ..sources.volumes import Volume
from .nodes import add_volume, align_node
from .quality import Quality, quality_of
from .scene import add_fusion, add_quality_table


def write_scene(
    fusion: Fusion, volumes: Sequence[Volume], path: str | Path, quality: Quality | None = None
) -> None:
    """Write a fusion and its sources as a Slicer scene (.mrb).

    Opened in Slicer it shows the first source in the background and the colour in front of it at
    half opacity.

    Args:
        fusion: the fusion.
        volumes: its sources on their own grids.
        path: ends in .mrb.
        quality: of the fusion, where it is known already.

    Raises:
        MedFusionError: slicer-core is not installed, or the file cannot be written.
    """
    check_slicer()
    import slicer
    import vtk

    scene = slicer.vtkMRMLScene()
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    application.GetColorLogic().SetMRMLScene(scene)
    application.GetColorLogic().AddDefaultColorNodes()
    application.SetSliceLogics(vtk.vtkCollection())
    sources = [add_volume(scene, volume) for volume in volumes]
    for node, part in zip(sources[1:], fusion.report.alignment, strict=False):
        if part.applied:
            align_node(scene, node, np.array(part.matrix_lps))
    nodes = add_fusion(scene, fusion, sources)
    quality = quality or quality_of(fusion)
    add_quality_table(scene, quality.rows, sources[0], nodes["fused"].GetName())
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    views = []
    for name, orientation in (("Red", "Axial"), ("Yellow", "Sagittal"), ("Green", "Coronal")):
        view = slicer.vtkMRMLSliceLogic()
        view.SetMRMLApplicationLogic(application)
        application.GetSliceLogics().AddItem(view)
        view.SetMRMLScene(scene)
        view.AddSliceNode(name).SetOrientation(orientation)
        view.ResizeSliceNode(512, 512)
        shown = view.GetSliceCompositeNode()
        shown.SetBackgroundVolumeID(sources[0].GetID())
        shown.SetForegroundVolumeID(nodes["colour"].GetID())
        shown.SetForegroundOpacity(0.5)
        view.FitSliceToBackground()
        views.append(view)
    messages = slicer.vtkMRMLMessageCollection()
    with tempfile.TemporaryDirectory() as folder:
        scene.SetRootDirectory(folder)
        with decimal_point():
            written = scene.WriteToMRB(str(path), None, messages)
    if not written or not Path(path).is_file():
        raise MedFusionError(
            f"The scene {path} cannot be written: {messages.GetAllMessagesAsString()}"
        )


def check_slicer() -> None:
    """Raise a MedFusionError unless the MRML libraries are there."""
    try:
        import slicer  # noqa: F401
        import vtk  # noqa: F401
    except ImportError:
        raise MedFusionError(
            "A scene needs the MRML libraries; install them with 'pip install medfusion[scene]'."
        ) from None
