"""MRML nodes from and to volumes and fusions.

The only module that knows MRML, and the only place where RAS turns into LPS and back. It needs
`vtk` and what `slicer-core` has of `slicer`, so it runs in Slicer and without.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MedFusionError
from ..fusion import CONTRIBUTIONS, Fusion
from ..sources.volumes import Volume
from .quality import Quality, QualityRow, quality_of

#: RAS <-> LPS
FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])
ROLES = ("fused", "colour", *CONTRIBUTIONS)
SOURCE_REFERENCES = ("MedFusion.First", "MedFusion.Second", "MedFusion.Third")


def volume_from_node(node: Any) -> Volume:
    """A scalar volume node as a `Volume` in the world, under its parent transforms.

    Raises:
        MedFusionError: no node, not a plain scalar volume, no voxels, a parent transform that is
            not linear, or a geometry that `Volume` refuses.
    """
    from vtk.util.numpy_support import vtk_to_numpy

    if node is None:
        raise MedFusionError("There is no volume; choose one.")
    name = name_of(node)
    if node.GetClassName() != "vtkMRMLScalarVolumeNode":
        raise MedFusionError(
            f"{name} is not a scalar volume (but {node.GetClassName().removeprefix('vtkMRML')}); "
            "choose a scalar volume, not a label map, colour or multi-volume."
        )
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None:
        raise MedFusionError(f"{name} has no voxels; load its file first.")
    if image.GetNumberOfScalarComponents() != 1:
        raise MedFusionError(
            f"{name} has {image.GetNumberOfScalarComponents()} values per voxel; "
            "choose a scalar volume."
        )
    array = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    matrix = FLIP @ _world_matrix(node)
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    direction = matrix[:3, :3] / np.where(spacing > 0, spacing, 1)
    return Volume(array.astype(np.float32), tuple(spacing), tuple(matrix[:3, 3]), direction, name)


def name_of(node: Any) -> str:
    """What to call a node; a node need not have a name."""
    return node.GetName() or node.GetID() or "a volume without a name"


def _world_matrix(node: Any) -> np.ndarray:
    """IJK to world RAS, 4 x 4."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    transform = node.GetParentTransformNode()
    if transform is not None:
        if not transform.IsTransformToWorldLinear():
            raise MedFusionError(
                f"{name_of(node)} is under a transform that is not linear; harden it first."
            )
        to_world = vtk.vtkMatrix4x4()
        transform.GetMatrixTransformToWorld(to_world)
        vtk.vtkMatrix4x4.Multiply4x4(to_world, matrix, matrix)
    return _to_numpy(matrix)


def _to_numpy(matrix: Any) -> np.ndarray:
    return np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])


def _to_vtk(matrix: np.ndarray) -> Any:
    import vtk

    result = vtk.vtkMatrix4x4()
    for r in range(4):
        for c in range(4):
            result.SetElement(r, c, float(matrix[r, c]))
    return result


def add_volume(scene: Any, volume: Volume) -> Any:
    """Add a `Volume` to a scene as a scalar volume node with a display node."""
    import slicer

    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(scene.GenerateUniqueName(volume.name))
    node.SetIJKToRASMatrix(_to_vtk(FLIP @ volume.matrix))
    set_voxels(node, volume.array)
    node = scene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    _place_beside(scene, None, node)
    return node


def align_node(scene: Any, node: Any, matrix: np.ndarray) -> Any:
    """Put a linear transform above a volume that moves it onto the reference.

    The volume itself is left alone; `undo_alignment`, or taking the transform away, undoes it.

    Args:
        scene: vtkMRMLScene.
        node: the volume node, under no transform or under linear ones.
        matrix: 4 x 4, LPS, in the world, as `sources.alignment.Alignment` has it.

    Returns:
        The vtkMRMLLinearTransformNode, between the volume and the transform above it before.
    """
    import slicer
    import vtk

    above = node.GetParentTransformNode()
    to_world = vtk.vtkMatrix4x4()
    if above is not None:
        above.GetMatrixTransformToWorld(to_world)
    to_world = _to_numpy(to_world)
    transform = slicer.vtkMRMLLinearTransformNode()
    transform.SetName(scene.GenerateUniqueName(f"{name_of(node)} alignment"))
    transform.SetAttribute("MedFusion.Role", "alignment")
    step = np.linalg.inv(to_world) @ FLIP @ matrix @ FLIP @ to_world
    transform.SetMatrixTransformToParent(_to_vtk(step))
    transform = scene.AddNode(transform)
    transform.SetAndObserveTransformNodeID(above.GetID() if above else None)
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def alignment_of(node: Any) -> Any:
    """The transform that `align_node` put above a volume; None where there is none."""
    transform = node.GetParentTransformNode()
    if transform is None or transform.GetAttribute("MedFusion.Role") != "alignment":
        return None
    return transform


def undo_alignment(scene: Any, node: Any) -> None:
    """Take away what `align_node` put above a volume."""
    transform = alignment_of(node)
    if transform is not None:
        node.SetAndObserveTransformNodeID(transform.GetTransformNodeID())
        scene.RemoveNode(transform)


def set_voxels(node: Any, array: np.ndarray) -> None:
    """Give a volume node new voxels, (k, j, i) or (k, j, i, components)."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    components = array.shape[3] if array.ndim == 4 else 1
    image = vtk.vtkImageData()
    image.SetDimensions(array.shape[2::-1])
    flat = np.ascontiguousarray(array).reshape(-1, components)
    scalars = numpy_to_vtk(flat, deep=True)
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    node.SetAndObserveImageData(image)


def add_fusion(
    scene: Any,
    fusion: Fusion,
    source_nodes: Sequence[Any],
    *,
    outputs: Sequence[str] = ROLES,
    overwrite: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Add a fusion to a scene, on the grid and under the parent transform of the first source.

    Where that source was moved since, the results lie where it was, under no transform. All nodes
    are added and filled, or, after a failure, the scene is as it was.

    The fused volume and the contributions become scalar volumes, the colour an RGB vector volume
    with a fixed window. Each node carries what it was made of: attributes "MedFusion.Role" and
    "MedFusion.Report" (JSON), and references to the source nodes.

    Args:
        scene: vtkMRMLScene.
        fusion: from `fuse` with volumes that `volume_from_node` made.
        source_nodes: the nodes of the sources, the reference first.
        outputs: which of `ROLES` to add.
        overwrite: role -> an existing node of the right class to fill instead of a new one.

    Returns:
        role -> node.

    Raises:
        MedFusionError: an unknown role, or a node to overwrite that is of the wrong class or one
            of the sources.
    """
    overwrite = {role: node for role, node in (overwrite or {}).items() if node is not None}
    arrays = {"fused": fusion.fused.array}
    if "colour" in outputs:
        arrays["colour"] = fusion.colour
    for role, part in zip(CONTRIBUTIONS, fusion.contributions, strict=False):
        arrays[role] = part.array
    if unknown := set(outputs) - set(ROLES):
        raise MedFusionError(f"There is no output {', '.join(unknown)}; choose of {ROLES}.")
    for role, node in overwrite.items():
        if node.GetClassName() != _class_of(role):
            raise MedFusionError(f"{name_of(node)} cannot hold the {role}: it is another kind.")
        if any(node is source for source in source_nodes):
            raise MedFusionError(
                f"{name_of(node)} is one of the inputs, and would be written over; "
                "make new volumes instead."
            )

    reference = source_nodes[0]
    names = [name_of(node) for node in source_nodes]
    matrix, transform = _placement(reference, fusion)
    nodes = {}
    with contextlib.ExitStack() as undo:
        for role in (role for role in ROLES if role in outputs and role in arrays):
            node = overwrite.get(role)
            if node is None:
                node = _new_node(scene, role, names)
            else:
                undo.callback(_snapshot(scene, node))
            _fill(node, role, arrays[role], fusion, matrix, source_nodes)
            nodes[role] = node
        for role, node in nodes.items():  # into the scene only when all are whole
            if node.GetScene() is None:
                nodes[role] = node = scene.AddNode(node)
                undo.callback(_remove, scene, node)
            _show(node, role, fusion)
            node.SetAndObserveTransformNodeID(transform)
            for number, source in enumerate(source_nodes):
                node.SetNodeReferenceID(SOURCE_REFERENCES[number], source.GetID())
            _place_beside(scene, reference, node)
            _describe_for_export(scene, role, node, fusion)
        undo.pop_all()
    return nodes


def _placement(reference: Any, fusion: Fusion) -> tuple[Any, str | None]:
    """IJK to RAS for the results, and the transform above them."""
    import vtk

    wanted = FLIP @ fusion.fused.matrix
    with contextlib.suppress(MedFusionError):  # a transform that is not linear any more
        if np.allclose(_world_matrix(reference), wanted, rtol=0, atol=1e-6):
            matrix = vtk.vtkMatrix4x4()
            reference.GetIJKToRASMatrix(matrix)
            return matrix, reference.GetTransformNodeID()
    return _to_vtk(wanted), None


def _snapshot(scene: Any, node: Any) -> Callable[[], None]:
    """What brings a volume node back to what it is now."""
    import vtk

    image, transform = node.GetImageData(), node.GetTransformNodeID()
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    attributes = {name: node.GetAttribute(name) for name in node.GetAttributeNames()}
    references = {role: node.GetNodeReferenceID(role) for role in SOURCE_REFERENCES}
    description, display = node.GetDescription(), node.GetDisplayNode()
    shown = display and (display.GetAutoWindowLevel(), display.GetWindow(), display.GetLevel())

    def restore() -> None:
        node.SetAndObserveImageData(image)
        node.SetIJKToRASMatrix(matrix)
        for name in node.GetAttributeNames():
            node.SetAttribute(name, attributes.get(name))
        for role, source in references.items():
            node.SetNodeReferenceID(role, source)
        node.SetDescription(description)
        node.SetAndObserveTransformNodeID(transform)
        if display is None and node.GetDisplayNode() is not None:
            scene.RemoveNode(node.GetDisplayNode())
        elif display is not None:
            automatic, window, level = shown
            display.SetWindowLevel(window, level)
            display.SetAutoWindowLevel(automatic)

    return restore


def _remove(scene: Any, node: Any) -> None:
    """Take a node that was just added away again, with all that came with it."""
    for display in [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]:
        scene.RemoveNode(display)
    scene.RemoveNode(node)


def set_colour(node: Any, colour: np.ndarray) -> None:
    """Recolour a colour node at once: uint8 (k, j, i, 3) of the same size."""
    from vtk.util.numpy_support import vtk_to_numpy

    image = node.GetImageData()
    scalars = image.GetPointData().GetScalars()
    vtk_to_numpy(scalars)[:] = colour.reshape(-1, 3)
    scalars.Modified()
    image.Modified()
    node.InvokeEvent(node.ImageDataModifiedEvent)


def _class_of(role: str) -> str:
    return "vtkMRMLVectorVolumeNode" if role == "colour" else "vtkMRMLScalarVolumeNode"


def _new_node(scene: Any, role: str, names: Sequence[str]) -> Any:
    import slicer

    node = getattr(slicer, _class_of(role))()
    if role in CONTRIBUTIONS:
        name = f"{names[CONTRIBUTIONS.index(role)]} contribution"
    else:
        name = f"{' + '.join(names)} {role}"
    node.SetName(scene.GenerateUniqueName(name))
    return node


def _fill(
    node: Any, role: str, array: np.ndarray, fusion: Fusion, matrix: Any, sources: Sequence[Any]
) -> None:
    node.SetIJKToRASMatrix(matrix)
    if role == "colour":
        node.SetVoxelVectorType(node.VoxelVectorTypeColorRGB)
    set_voxels(node, array)
    node.SetAttribute("MedFusion.Role", role)
    node.SetAttribute("MedFusion.Sources", " + ".join(map(name_of, sources)))
    node.SetAttribute("MedFusion.Report", json.dumps(fusion.report, ensure_ascii=False))
    node.SetDescription(fusion.report["notice"])


def _show(node: Any, role: str, fusion: Fusion) -> None:
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.AutoWindowLevelOff()
    if role == "colour":
        display.SetWindowLevel(255, 127.5)  # an automatic window would recolour it
    elif role == "fused":
        display.SetWindowLevelMinMax(0, 1)
    else:
        values = np.concatenate([part.array.ravel()[::7] for part in fusion.contributions])
        top = float(np.percentile(np.abs(values), 99.5)) or 1.0
        display.SetWindowLevelMinMax(0, top)


def _place_beside(scene: Any, reference: Any, node: Any) -> None:
    """Put a node into the subject hierarchy next to the reference, if there is one."""
    import slicer

    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if tree is None:
        return
    beside = tree.GetItemByDataNode(reference) if reference is not None else 0
    parent = tree.GetItemParent(beside) if beside else tree.GetSceneItemID()
    item = tree.GetItemByDataNode(node)
    if item:
        tree.SetItemParent(item, parent)
    else:  # without Slicer's own plugins nobody makes items for new nodes
        tree.CreateItem(parent, node)


def _describe_for_export(scene: Any, role: str, node: Any, fusion: Fusion) -> None:
    """What Slicer's own DICOM export offers as the series' tags, which else says "CT"."""
    import slicer

    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = tree.GetItemByDataNode(node) if tree is not None else 0
    if not item:
        return
    tags = {
        "Modality": "OT",
        "SeriesDescription": f"MedFusion {fusion.report['network']} {role}, RESEARCH"[:64],
        "SeriesNumber": str(9001 + ROLES.index(role)),
        "Manufacturer": "MedFusion developers",
        "Model": "MedFusion",
    }
    for name, value in tags.items():
        tree.SetItemAttribute(item, f"DICOM.{name}", value)


QUALITY_COLUMNS = ("metric", "value", "better is", "plain average", "pixel-wise maximum")


def add_quality_table(
    scene: Any, rows: Sequence[QualityRow], reference: Any, name: str, node: Any = None
) -> Any:
    """Add a quality report to a scene as a table node, beside the reference.

    Args:
        scene: vtkMRMLScene.
        rows: of `quality.quality_of`.
        reference: the node of the first source, or None.
        name: of what was scored; the table is called "NAME quality".
        node: a table node to fill instead of a new one.

    Returns:
        The vtkMRMLTableNode, with a text column for what is text and a number column for the rest.
    """
    import slicer
    import vtk

    fields = ("metric", "value", "better", "average", "maximum")
    table = vtk.vtkTable()
    for title, field in zip(QUALITY_COLUMNS, fields, strict=True):
        values = [getattr(row, field) for row in rows]
        text = field in ("metric", "better")
        column = vtk.vtkStringArray() if text else vtk.vtkDoubleArray()
        column.SetName(title)
        for value in values:
            column.InsertNextValue(value)
        table.AddColumn(column)
    if node is None:
        node = slicer.vtkMRMLTableNode()
        node.SetName(scene.GenerateUniqueName(f"{name} quality"))
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetAndObserveTable(table)
    node.SetLocked(True)
    node.SetAttribute("MedFusion.Role", "quality")
    if node.GetScene() is None:
        node = scene.AddNode(node)
    _place_beside(scene, reference, node)
    return node


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
    for node, part in zip(sources[1:], fusion.report["alignment"], strict=False):
        if part["applied"]:
            align_node(scene, node, np.array(part["matrix_lps"]))
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
