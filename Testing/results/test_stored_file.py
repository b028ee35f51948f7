"""A node is compared with the NIfTI file that it was loaded from."""

import struct

import numpy as np
import pytest
from helpers import refused

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed: no MRML nodes")
import vtk  # noqa: E402

from MedFusionLib.results.nodes import volume_from_node  # noqa: E402

BASE = np.diag([2.0, 3.0, 4.0, 1.0])


def nifti(path, sform=None, qform=None):
    """A file of 5 x 6 x 7 voxels, 2 x 3 x 4 mm; a qform is given by its offset along R and qfac."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, 5, 6, 7, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1 if qform is None else qform[1], 2, 3, 4, 1, 1, 1, 1)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<2h", header, 252, qform is not None, 0 if sform is None else 2)
    if qform is not None:
        struct.pack_into("<f", header, 268, qform[0])
    if sform is not None:
        struct.pack_into("<12f", header, 280, *sform[:3].ravel())
    header[344:348] = b"n+1\0"
    voxels = np.arange(5 * 6 * 7, dtype="<i2").tobytes()
    path.write_bytes(bytes(header) + voxels)
    return path


def loaded(scene, path):
    storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(str(path))
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "pet")
    assert storage.ReadData(node)
    node.SetAndObserveStorageNodeID(storage.GetID())
    return node


def shifted(right):
    affine = BASE.copy()
    affine[0, 3] = right
    return affine


def test_forms_that_agree_are_nothing_to_say(scene, tmp_path):
    node = loaded(scene, nifti(tmp_path / "pet.nii", BASE, (0, 1)))
    assert volume_from_node(node).notes == ()


def test_the_form_that_slicer_did_not_take_is_named(scene, tmp_path):
    node = loaded(scene, nifti(tmp_path / "pet.nii", shifted(30), (0, 1)))
    (note,) = volume_from_node(node).notes
    assert "the qform of its file" in note and "30.0 mm" in note and "sform" in note


def test_a_volume_that_was_moved_by_hand_is_left_alone(scene, tmp_path):
    node = loaded(scene, nifti(tmp_path / "pet.nii", shifted(30), (0, 1)))
    node.SetOrigin(50, 60, 70)
    assert volume_from_node(node).notes == ()


def test_mirrored_forms_are_refused(scene, tmp_path):
    mirrored = np.diag([-2.0, 3.0, 4.0, 1.0])
    node = loaded(scene, nifti(tmp_path / "pet.nii", mirrored, (0, 1)))
    with refused("pet ", "mirror images", "save the volume as NRRD"):
        volume_from_node(node)
    storage = node.GetStorageNode()
    storage.SetFileName(str(tmp_path / "pet.nrrd"))
    assert storage.WriteData(node)
    assert volume_from_node(node).notes == ()


def test_a_file_that_does_not_say_where_it_lies_is_named(scene, tmp_path):
    node = loaded(scene, nifti(tmp_path / "pet.nii"))
    (note,) = volume_from_node(node).notes
    assert "does not say how it lies" in note


def test_a_file_that_is_gone_or_damaged_is_nothing_to_say(scene, tmp_path):
    path = nifti(tmp_path / "pet.nii", shifted(30), (0, 1))
    node = loaded(scene, path)
    path.write_bytes(b"damaged")
    assert volume_from_node(node).notes == ()
    path.unlink()
    assert volume_from_node(node).notes == ()


def test_the_world_of_the_scene_does_not_matter(scene, tmp_path):
    node = loaded(scene, nifti(tmp_path / "pet.nii", shifted(30), (0, 1)))
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 99)
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())
    assert len(volume_from_node(node).notes) == 1
