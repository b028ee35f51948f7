"""A fusion as nodes of a scene: all of it, or, after a failure, the scene as it was."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import MedFusionError
from ..fusion import CONTRIBUTION_NAMES, Fusion
from .nodes import FLIP, array_matrix, fingerprint, name_of, parent_of, place_in, set_voxels, to_vtk
from .nodes import add_volume as add_volume  # scripts take both from here
from .nodes import volume_from_node as volume_from_node
from .quality import QualityRow

ROLES = ("fused", "colour", *CONTRIBUTION_NAMES)
#: attribute of a result's folder in the subject hierarchy
FOLDER = "MedFusion.Folder"
SOURCE_REFERENCES = ("MedFusion.First", "MedFusion.Second", "MedFusion.Third")


def add_fusion(
    scene: Any,
    fusion: Fusion,
    source_nodes: Sequence[Any],
    *,
    outputs: Sequence[str] = ROLES,
    overwrite: dict[str, Any] | None = None,
    fingerprints: Sequence[dict[str, Any]] | None = None,
    undo: contextlib.ExitStack | None = None,
) -> dict[str, Any]:
    """Add a fusion to a scene, on the grid and under the parent transform of the first source.

    Where that source was moved since, the results lie where it was, under no transform. All nodes
    are added and filled, or, after a failure, the scene is as it was.

    The fused volume and the contributions become scalar volumes, the colour an RGB vector volume
    with a fixed window; they stand in a folder of the subject hierarchy beside the first source.
    Each carries what it was made of: attributes "MedFusion.Role", "MedFusion.Report" and
    "MedFusion.Fingerprints" (JSON), and references to the source nodes.

    Args:
        scene: vtkMRMLScene.
        fusion: from `fuse` with volumes that `volume_from_node` made.
        source_nodes: the nodes of the sources, the reference first.
        outputs: which of `ROLES` to add; "colour" stands for every colour volume of the fusion.
        overwrite: role -> an existing node of the right class to fill instead of a new one.
        fingerprints: of the sources when they were fused; default: as they are now.
        undo: gets what brings the scene back to what it was: `undo.close()`.

    Returns:
        role -> node; further colour volumes have roles such as "colour-paper".

    Raises:
        MedFusionError: an unknown role, or a node to overwrite that is of the wrong class or one
            of the sources.
    """
    overwrite = {role: node for role, node in (overwrite or {}).items() if node is not None}
    _check(outputs, overwrite, source_nodes)
    arrays = _arrays(fusion, outputs)
    fingerprints = fingerprints or [fingerprint(node) for node in source_nodes]
    names = [name_of(node) for node in source_nodes]
    matrix, transform = _placement(source_nodes[0], fusion)
    nodes = {}
    with contextlib.ExitStack() as steps:
        for role, array in arrays.items():
            node = overwrite.get(role)
            if node is None:
                node = _new_node(scene, role, names)
            else:
                steps.callback(_snapshot(scene, node))
            _fill(node, role, array, fusion, matrix, source_nodes)
            node.SetAttribute("MedFusion.Fingerprints", json.dumps(fingerprints))
            nodes[role] = node
        title = f"{' + '.join(names)} ({fusion.report.method})"
        folder = _folder(scene, source_nodes[0], list(overwrite.values()), title, steps)
        for role, node in nodes.items():  # into the scene only when all are whole
            if node.GetScene() is None:
                nodes[role] = node = scene.AddNode(node)
                steps.callback(_remove, scene, node)
                place_in(scene, folder, node)
            _show(node, role, fusion)
            node.SetAndObserveTransformNodeID(transform)
            for number, source in enumerate(source_nodes):
                node.SetNodeReferenceID(SOURCE_REFERENCES[number], source.GetID())
            _describe_for_export(scene, role, node, fusion)
        done = steps.pop_all()
        if undo is not None:
            undo.push(done)
    return nodes


def _check(outputs: Sequence[str], overwrite: dict[str, Any], sources: Sequence[Any]) -> None:
    if unknown := set(outputs) - set(ROLES):
        raise MedFusionError(f"There is no output {', '.join(unknown)}; choose of {ROLES}.")
    for role, node in overwrite.items():
        if node.GetClassName() != _class_of(role):
            raise MedFusionError(f"{name_of(node)} cannot hold the {role}: it is another kind.")
        if any(node is source for source in sources):
            raise MedFusionError(
                f"{name_of(node)} is one of the inputs, and would be written over; "
                "make new volumes instead."
            )


def _arrays(fusion: Fusion, outputs: Sequence[str]) -> dict[str, np.ndarray]:
    """role -> voxels of each wanted output, in the order of `ROLES`."""
    maps = zip(CONTRIBUTION_NAMES, fusion.contributions, strict=False)
    arrays = {"fused": fusion.fused.array, **{role: part.array for role, part in maps}}
    found: dict[str, np.ndarray] = {}
    for role in (role for role in ROLES if role in outputs):
        found |= fusion.colours if role == "colour" else {}
        found |= {role: arrays[role]} if role in arrays else {}
    return found


def _folder(
    scene: Any, reference: Any, old: Sequence[Any], title: str, steps: contextlib.ExitStack
) -> int:
    """The folder for a result in the subject hierarchy: that of `old` nodes, or a new one.

    0 where there is no hierarchy.
    """
    import slicer

    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if tree is None:
        return 0
    for node in old:
        parent = tree.GetItemParent(tree.GetItemByDataNode(node))
        if tree.GetItemAttribute(parent, FOLDER):
            return parent
    folder = tree.CreateFolderItem(parent_of(scene, reference), tree.GenerateUniqueItemName(title))
    tree.SetItemAttribute(folder, FOLDER, "result")
    steps.callback(_remove_folder, tree, folder)
    return folder


def _remove_folder(tree: Any, folder: int) -> None:
    import vtk

    items = vtk.vtkIdList()
    tree.GetItemChildren(tree.GetSceneItemID(), items, True)
    if items.IsId(folder) >= 0:  # else the user did so already
        tree.RemoveItem(folder, False, False)


def _placement(reference: Any, fusion: Fusion) -> tuple[Any, str | None]:
    """IJK to RAS for the results, and the transform above them."""
    wanted = FLIP @ fusion.fused.matrix
    with contextlib.suppress(MedFusionError):  # a transform that is not linear any more
        if np.allclose(array_matrix(reference), wanted, rtol=0, atol=1e-6):
            return to_vtk(array_matrix(reference, world=False)), reference.GetTransformNodeID()
    return to_vtk(wanted), None


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
    if node.GetScene() is None:  # the user did so already
        return
    for display in [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]:
        scene.RemoveNode(display)
    scene.RemoveNode(node)


def _class_of(role: str) -> str:
    return "vtkMRMLVectorVolumeNode" if is_colour(role) else "vtkMRMLScalarVolumeNode"


def is_colour(role: str) -> bool:
    """Whether a role is that of a colour volume.

    Example:
        >>> is_colour("colour-paper"), is_colour("fused")
        (True, False)
    """
    return role.split("-")[0] == "colour"


def _new_node(scene: Any, role: str, names: Sequence[str]) -> Any:
    import slicer

    node = getattr(slicer, _class_of(role))()
    if role in CONTRIBUTION_NAMES:
        name = f"{names[CONTRIBUTION_NAMES.index(role)]} contribution"
    else:
        name = f"{' + '.join(names)} {role}"
    node.SetName(scene.GenerateUniqueName(name))
    return node


def _fill(
    node: Any, role: str, array: np.ndarray, fusion: Fusion, matrix: Any, sources: Sequence[Any]
) -> None:
    node.SetIJKToRASMatrix(matrix)
    report = fusion.report
    if is_colour(role):
        used = replace(report.parameters, colour=fusion.codings[role].mode)
        report = replace(report, parameters=used)
        node.SetVoxelVectorType(node.VoxelVectorTypeColorRGB)
    set_voxels(node, array)
    node.SetAttribute("MedFusion.Role", role)
    node.SetAttribute("MedFusion.Sources", " + ".join(map(name_of, sources)))
    node.SetAttribute("MedFusion.Report", json.dumps(report.to_dict(), ensure_ascii=False))
    node.SetDescription(report.notice)


def _show(node: Any, role: str, fusion: Fusion) -> None:
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.AutoWindowLevelOff()
    if is_colour(role):
        display.SetWindowLevel(255, 127.5)  # an automatic window would recolour it
    elif role == "fused":
        display.SetWindowLevelMinMax(0, 1)
    else:
        values = np.concatenate([part.array.ravel()[::7] for part in fusion.contributions])
        top = float(np.percentile(np.abs(values), 99.5)) or 1.0
        display.SetWindowLevelMinMax(0, top)


def _describe_for_export(scene: Any, role: str, node: Any, fusion: Fusion) -> None:
    """What Slicer's own DICOM export offers as the series' tags, which else says "CT"."""
    import slicer

    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = tree.GetItemByDataNode(node) if tree is not None else 0
    if not item:
        return
    tags = {
        "Modality": "OT",
        "SeriesDescription": f"MedFusion {fusion.report.method} {role}, RESEARCH"[:64],
        "SeriesNumber": str(9001 + [*ROLES, *fusion.codings].index(role)),
        "Manufacturer": "MedFusion developers",
        "Model": "MedFusion",
    }
    for name, value in tags.items():
        tree.SetItemAttribute(item, f"DICOM.{name}", value)


QUALITY_COLUMNS = (
    "metric",
    "value",
    "better is",
    "plain average",
    "pixel-wise maximum",
    "in plain words",
)


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

    fields = ("metric", "value", "better", "average", "maximum", "plain")
    table = vtk.vtkTable()
    for title, field in zip(QUALITY_COLUMNS, fields, strict=True):
        values = [getattr(row, field) for row in rows]
        text = field in ("metric", "better", "plain")
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
    place_in(scene, parent_of(scene, reference), node)
    return node
