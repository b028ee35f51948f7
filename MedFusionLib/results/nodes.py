"""MRML volume nodes from and to volumes, and the transform that moves one onto another.

Here alone RAS turns into LPS and back. This file, `scene` and `scene_file` are the only ones
that know MRML; they need `vtk` and what `slicer-core` has of `slicer`, so they run in Slicer and
without.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MedFusionError
from ..sources.volumes import Volume

#: RAS <-> LPS
FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


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
        kind = node.GetClassName().removeprefix("vtkMRML").removesuffix("Node")
        raise MedFusionError(
            f"{name} is not a scalar volume but a {kind}; choose a plain 3D volume, not a label "
            "map, segmentation, colour or multi-volume."
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
    matrix = FLIP @ array_matrix(node)
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    direction = matrix[:3, :3] / np.where(spacing > 0, spacing, 1)
    place = tuple(spacing), tuple(matrix[:3, 3]), direction
    return Volume(array.astype(np.float32), *place, name, notes=_notes_of(node, name))


def _notes_of(node: Any, name: str) -> tuple[str, ...]:
    """What the file that a node was loaded from says of its place, where it is a NIfTI file."""
    from ..sources.formats import nifti

    storage = node.GetStorageNode()
    path = Path(storage.GetFullNameFromFileName() or "") if storage is not None else Path()
    if not path.name.lower().endswith(nifti.FORMAT.endings):
        return ()
    try:
        return nifti.check_placed(path, name, array_matrix(node, world=False))
    except (nifti.DamagedError, OSError, EOFError, zlib.error):  # gone, or written over since
        return ()


def name_of(node: Any) -> str:
    """What to call a node; a node need not have a name."""
    return node.GetName() or node.GetID() or "a volume without a name"


def array_matrix(node: Any, world: bool = True) -> np.ndarray:
    """4 x 4, from the place (i, j, k) in a volume node's array to RAS.

    That is not the node's own matrix where its image does not begin at voxel 0, as after a VTK
    filter.

    Args:
        node: the volume node.
        world: whether its parent transforms count.

    Raises:
        MedFusionError: a parent transform is not linear.
    """
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    transform = node.GetParentTransformNode() if world else None
    if transform is not None:
        if not transform.IsTransformToWorldLinear():
            raise MedFusionError(
                f"{name_of(node)} is under a transform that is not linear; harden it first."
            )
        to_world = vtk.vtkMatrix4x4()
        transform.GetMatrixTransformToWorld(to_world)
        vtk.vtkMatrix4x4.Multiply4x4(to_world, matrix, matrix)
    begin = np.eye(4)
    if node.GetImageData() is not None:
        begin[:3, 3] = node.GetImageData().GetExtent()[::2]
    return _to_numpy(matrix) @ begin


def fingerprint(node: Any) -> dict[str, Any]:
    """What tells whether a volume node was changed or moved, in this session or a later one.

    Returns:
        "voxels": CRC-32 of the values as float32, 8 hexadecimal digits. "place": `array_matrix`,
        its first three rows.

    Raises:
        MedFusionError: a parent transform is not linear.
    """
    from vtk.util.numpy_support import vtk_to_numpy

    crc = 0
    image = node.GetImageData()
    if image is not None and image.GetPointData().GetScalars() is not None:
        values = vtk_to_numpy(image.GetPointData().GetScalars()).ravel()
        for start in range(0, values.size, 1 << 20):  # a large volume needs no copy
            crc = zlib.crc32(values[start : start + (1 << 20)].astype(np.float32), crc)
    return {"voxels": f"{crc:08x}", "place": array_matrix(node)[:3].ravel().tolist()}


def _to_numpy(matrix: Any) -> np.ndarray:
    return np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])


def to_vtk(matrix: np.ndarray) -> Any:
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
    node.SetIJKToRASMatrix(to_vtk(FLIP @ volume.matrix))
    set_voxels(node, volume.array)
    node = scene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    place_in(scene, parent_of(scene, None), node)
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
    transform.SetMatrixTransformToParent(to_vtk(step))
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


def set_colour(node: Any, colour: np.ndarray) -> None:
    """Recolour a colour node at once: uint8 (k, j, i, 3) of the same size."""
    from vtk.util.numpy_support import vtk_to_numpy

    image = node.GetImageData()
    scalars = image.GetPointData().GetScalars()
    vtk_to_numpy(scalars)[:] = colour.reshape(-1, 3)
    scalars.Modified()
    image.Modified()
    node.InvokeEvent(node.ImageDataModifiedEvent)


def parent_of(scene: Any, node: Any) -> int:
    """The item of the subject hierarchy that a node stands in; the scene's for None.

    0 where there is no hierarchy.
    """
    import slicer

    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if tree is None:
        return 0
    item = tree.GetItemByDataNode(node) if node is not None else 0
    return tree.GetItemParent(item) if item else tree.GetSceneItemID()


def place_in(scene: Any, parent: int, node: Any) -> None:
    """Put a node into an item of the subject hierarchy; 0: nowhere."""
    import slicer

    if not parent:
        return
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = tree.GetItemByDataNode(node)
    if item:
        tree.SetItemParent(item, parent)
    else:  # without Slicer's own plugins new nodes get no items
        tree.CreateItem(parent, node)
