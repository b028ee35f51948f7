"""MRML nodes from and to volumes and fusions, on the real MRML libraries."""

import contextlib
import itertools
import json

import numpy as np
import pytest
import slicer
import vtk
from helpers import refused
from vtk.util.numpy_support import vtk_to_numpy

from MedFusionLib.colour.coding import Coding
from MedFusionLib.errors import MedFusionError
from MedFusionLib.fusion import fuse
from MedFusionLib.results import scene as scene_module
from MedFusionLib.results.nodes import (
    add_volume,
    align_node,
    alignment_of,
    fingerprint,
    set_colour,
    undo_alignment,
    volume_from_node,
)
from MedFusionLib.results.scene import ROLES, SOURCE_REFERENCES, add_fusion
from MedFusionLib.results.scene_file import write_scene
from MedFusionLib.sources.alignment import moved
from MedFusionLib.sources.volumes import Volume, resample


@pytest.fixture(scope="module")
def head():
    """Two small blobs; the second on a coarser, shifted grid."""
    k, j, i = np.mgrid[0:10, 0:24, 0:20]
    ball = ((k - 5) * 2) ** 2 + (j - 12) ** 2 + (i - 10) ** 2
    turn = np.deg2rad(20)
    oblique = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, -1]]
    )
    mr = Volume(
        np.where(ball < 64, 100 + 5 * j, 0), (1.1, 1.2, 2.5), (5, -7, 30), oblique, name="MR"
    )
    pet = Volume(np.where(ball < 30, 8.0, 0), (1.1, 1.2, 2.5), (5, -7, 30), oblique, name="PET")
    return mr, pet


@pytest.fixture(scope="module")
def fusion(head):
    return fuse(*head, "pet-mr", method="average", contributions="share")


def matrix(node):
    found = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(found)
    return np.array([[found.GetElement(r, c) for c in range(4)] for r in range(4)])


def voxels(node):
    image = node.GetImageData()
    array = vtk_to_numpy(image.GetPointData().GetScalars())
    return array.reshape(*image.GetDimensions()[::-1], -1).squeeze()


def test_a_volume_comes_back_from_its_node(scene, head):
    node = add_volume(scene, head[0])
    again = volume_from_node(node)
    np.testing.assert_array_equal(again.array, head[0].array)
    np.testing.assert_allclose(again.matrix, head[0].matrix, atol=1e-12)
    assert again.name == "MR"


def test_ras_is_lps_with_the_first_two_axes_turned(scene, head):
    node = add_volume(scene, head[0])
    np.testing.assert_allclose(matrix(node), np.diag([-1, -1, 1, 1]) @ head[0].matrix, atol=1e-12)


def test_an_image_that_does_not_begin_at_voxel_0_lies_where_slicer_puts_it(real_scene):
    scene = real_scene.scene
    array = np.zeros((20, 20, 20), np.float32)
    array[10, 10, 10] = 100
    node = add_volume(scene, Volume(array, name="PET"))
    node.GetImageData().SetExtent(5, 24, 0, 19, 0, 19)  # as a VTK filter leaves it
    grid = Volume(np.zeros((20, 40, 40)), origin=(-10, -10, 0), name="MR")
    reference = add_volume(scene, grid)
    logic = slicer.modules.volumes.logic()
    resampled = logic.ResampleVolumeToReferenceVolume(node, reference)
    (there,) = np.argwhere(voxels(resampled) > 50)
    again = volume_from_node(node)
    (here,) = np.argwhere(again.array > 50)
    np.testing.assert_allclose(
        (again.matrix @ [*here[::-1], 1])[:3], (grid.matrix @ [*there[::-1], 1])[:3]
    )


def test_results_of_such_an_image_lie_on_it(scene, head):
    sources = [add_volume(scene, volume) for volume in head]
    sources[0].GetImageData().SetExtent(4, 23, 0, 23, 0, 9)
    made = fuse(*map(volume_from_node, sources), "pet-mr", method="average")
    (fused,) = add_fusion(scene, made, sources, outputs=["fused"]).values()
    np.testing.assert_allclose(volume_from_node(fused).matrix, made.fused.matrix, atol=1e-9)


def test_parent_transforms_are_honoured(scene, head):
    node = add_volume(scene, head[0])
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shift = vtk.vtkMatrix4x4()
    shift.SetElement(0, 3, 10)  # to the right in RAS
    transform.SetMatrixTransformToParent(shift)
    node.SetAndObserveTransformNodeID(transform.GetID())
    moved = volume_from_node(node)
    np.testing.assert_allclose(moved.origin, np.add(head[0].origin, (-10, 0, 0)), atol=1e-12)


def test_different_parent_transforms_register_the_pair(scene, head):
    mr, pet = head
    away = Volume(pet.array, pet.spacing, np.add(pet.origin, (0, 0, 500)), pet.direction, "PET")
    nodes = [add_volume(scene, mr), add_volume(scene, away)]
    with pytest.raises(MedFusionError, match="do not overlap"):
        fuse(*map(volume_from_node, nodes), "pet-mr", method="average")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    back = vtk.vtkMatrix4x4()
    back.SetElement(2, 3, -500)
    transform.SetMatrixTransformToParent(back)
    nodes[1].SetAndObserveTransformNodeID(transform.GetID())
    fused = fuse(*map(volume_from_node, nodes), "pet-mr", method="average").fused
    expected = fuse(mr, pet, "pet-mr", method="average").fused
    np.testing.assert_allclose(fused.array, expected.array, atol=1e-5)


def test_results_lie_where_the_reference_lies(scene, head, fusion):
    sources = [add_volume(scene, volume) for volume in head]
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    sources[0].SetAndObserveTransformNodeID(transform.GetID())
    for node in add_fusion(scene, fusion, sources).values():
        np.testing.assert_allclose(matrix(node), matrix(sources[0]), atol=1e-12)
        assert node.GetTransformNodeID() == transform.GetID()


def test_results_hold_the_values_and_kinds(scene, head, fusion):
    nodes = add_fusion(scene, fusion, [add_volume(scene, volume) for volume in head])
    assert list(nodes) == list(ROLES[:4])
    np.testing.assert_array_equal(voxels(nodes["fused"]), fusion.fused.array)
    np.testing.assert_array_equal(
        voxels(nodes["contribution-second"]), fusion.contributions[1].array
    )
    colour = nodes["colour"]
    assert colour.GetClassName() == "vtkMRMLVectorVolumeNode"
    assert colour.GetVoxelVectorType() == colour.VoxelVectorTypeColorRGB
    np.testing.assert_array_equal(voxels(colour), fusion.colour)
    display = colour.GetDisplayNode()
    assert not display.GetAutoWindowLevel()
    assert (display.GetWindow(), display.GetLevel()) == (255, 127.5)


def test_what_a_result_is_made_of_travels_with_it(scene, head, fusion):
    sources = [add_volume(scene, volume) for volume in head]
    node = add_fusion(scene, fusion, sources)["fused"]
    assert node.GetNodeReference("MedFusion.First") is sources[0]
    assert node.GetNodeReference("MedFusion.Second") is sources[1]
    assert json.loads(node.GetAttribute("MedFusion.Report")) == json.loads(
        json.dumps(fusion.report.to_dict())
    )
    assert node.GetAttribute("MedFusion.Role") == "fused"


def test_results_stand_beside_the_reference_in_the_subject_hierarchy(scene, head, fusion):
    sources = [add_volume(scene, volume) for volume in head]
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = tree.CreateStudyItem(tree.GetSceneItemID(), "Study")
    tree.SetItemParent(tree.GetItemByDataNode(sources[0]), study)
    nodes = add_fusion(scene, fusion, sources)
    (folder,) = {tree.GetItemParent(tree.GetItemByDataNode(node)) for node in nodes.values()}
    assert tree.GetItemParent(folder) == study
    assert tree.GetItemName(folder) == "MR + PET (average)"
    others = add_fusion(scene, fusion, sources, overwrite={"fused": nodes["fused"]})
    assert {tree.GetItemParent(tree.GetItemByDataNode(one)) for one in others.values()} == {folder}


@pytest.mark.parametrize("over", [False, True])
def test_a_result_can_be_taken_away_again(scene, head, fusion, over):
    sources = [add_volume(scene, volume) for volume in head]
    old = {}
    if over:
        other = fuse(*head, "pet-mr", method="maximum", contributions="share")
        old = add_fusion(scene, other, sources)
    before = world(scene)
    undo = contextlib.ExitStack()
    add_fusion(scene, fusion, sources, overwrite=old, undo=undo)
    assert world(scene) != before
    undo.close()
    assert world(scene) == before


def test_a_fingerprint_tells_what_was_changed_and_what_moved(scene, head):
    node = add_volume(scene, head[0])
    first = fingerprint(node)
    assert fingerprint(node) == first
    node.SetOrigin(1, 2, 3)
    moved = fingerprint(node)
    assert moved["voxels"] == first["voxels"] and moved["place"] != first["place"]
    voxels(node)[:] += 1
    assert fingerprint(node)["voxels"] != first["voxels"]


def test_slicers_own_dicom_export_finds_what_the_results_are(scene, head, fusion):
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    nodes = add_fusion(scene, fusion, [add_volume(scene, volume) for volume in head])
    items = [tree.GetItemByDataNode(node) for node in nodes.values()]
    assert {tree.GetItemAttribute(item, "DICOM.Modality") for item in items} == {"OT"}
    assert len({tree.GetItemAttribute(item, "DICOM.SeriesNumber") for item in items}) == len(items)
    assert all("RESEARCH" in tree.GetItemAttribute(i, "DICOM.SeriesDescription") for i in items)


@pytest.mark.parametrize("under", [False, True])
def test_an_alignment_moves_the_volume_in_the_world_and_can_be_undone(scene, head, under):
    node = add_volume(scene, head[1])
    if under:
        above = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        turned = vtk.vtkTransform()
        turned.RotateZ(30)
        turned.Translate(3, 4, 5)
        above.SetMatrixTransformToParent(turned.GetMatrix())
        node.SetAndObserveTransformNodeID(above.GetID())
    before = volume_from_node(node)
    step = np.eye(4)
    step[:3, :3] = [[0.8, 0.6, 0], [-0.6, 0.8, 0], [0, 0, 1]]
    step[:3, 3] = 5, -6, 7
    transform = align_node(scene, node, step)
    assert alignment_of(node) is transform
    after = volume_from_node(node)
    np.testing.assert_allclose(after.matrix, moved(before, step).matrix, atol=1e-9)
    np.testing.assert_array_equal(after.array, before.array)
    undo_alignment(scene, node)
    assert alignment_of(node) is None
    np.testing.assert_array_equal(volume_from_node(node).matrix, before.matrix)
    assert transform.GetScene() is None


def test_an_existing_node_can_be_overwritten(scene, head, fusion):
    sources = [add_volume(scene, volume) for volume in head]
    before = add_fusion(scene, fusion, sources, outputs=["fused"])["fused"]
    count = scene.GetNumberOfNodes()
    after = add_fusion(scene, fusion, sources, outputs=["fused"], overwrite={"fused": before})[
        "fused"
    ]
    assert after is before
    assert scene.GetNumberOfNodes() == count


def test_a_wrong_node_to_overwrite_leaves_the_scene_as_it_was(scene, head, fusion):
    sources = [add_volume(scene, volume) for volume in head]
    count = scene.GetNumberOfNodes()
    with pytest.raises(MedFusionError, match="another kind"):
        add_fusion(scene, fusion, sources, overwrite={"colour": sources[0]})
    assert scene.GetNumberOfNodes() == count


def world(scene):
    """All that can be seen of a scene's nodes."""
    found = {}
    for index in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(index)
        seen = {name: node.GetAttribute(name) for name in node.GetAttributeNames() or ()}
        if node.IsA("vtkMRMLVolumeNode"):
            seen["values"] = voxels(node).tobytes()
            seen["place"] = matrix(node).tobytes(), node.GetTransformNodeID()
            seen["from"] = [node.GetNodeReferenceID(role) for role in SOURCE_REFERENCES]
        elif node.IsA("vtkMRMLScalarVolumeDisplayNode"):
            seen["window"] = node.GetWindow(), node.GetLevel()
        found[node.GetID()] = seen
    return found


@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("step", ["set_voxels", "_show", "_describe_for_export"])
@pytest.mark.parametrize("call", [0, 1, 3])
def test_a_failure_at_any_step_leaves_the_scene_as_it_was(
    scene, head, fusion, monkeypatch, over, step, call
):
    sources = [add_volume(scene, volume) for volume in head]
    old = {}
    if over:
        other = fuse(*head, "pet-mr", method="maximum", contributions="share")
        old = add_fusion(scene, other, sources)
    before = world(scene)
    monkeypatch.setattr(scene_module, step, failing_at(call, getattr(scene_module, step)))
    with pytest.raises(RuntimeError):
        add_fusion(scene, fusion, sources, overwrite=old)
    assert world(scene) == before


def failing_at(number, function):
    calls = itertools.count()

    def call(*args):
        if next(calls) == number:
            raise RuntimeError("injected")
        return function(*args)

    return call


def test_results_lie_where_the_reference_was_when_it_was_fused(scene, head, fusion):
    sources = [add_volume(scene, volume) for volume in head]
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shift = vtk.vtkMatrix4x4()
    shift.SetElement(0, 3, 10)
    transform.SetMatrixTransformToParent(shift)
    sources[0].SetAndObserveTransformNodeID(transform.GetID())  # moved meanwhile
    nodes = add_fusion(scene, fusion, sources)
    for node in nodes.values():
        assert node.GetTransformNodeID() is None
        np.testing.assert_allclose(
            matrix(node), np.diag([-1, -1, 1, 1]) @ head[0].matrix, atol=1e-9
        )


def test_an_input_is_not_overwritten(scene, head, fusion):
    sources = [add_volume(scene, volume) for volume in head]
    with refused("PET is one of the inputs"):
        add_fusion(scene, fusion, sources, overwrite={"fused": sources[1]})
    np.testing.assert_array_equal(voxels(sources[1]), head[1].array)


def test_nodes_without_a_name_are_fused(scene, head, fusion):
    sources = [add_volume(scene, volume) for volume in head]
    for node in sources:
        node.SetName(None)
        assert volume_from_node(node).name == node.GetID()
    assert len(add_fusion(scene, fusion, sources)) == 4


def test_recolouring_changes_the_voxels_in_place(scene, head, fusion):
    node = add_fusion(scene, fusion, [add_volume(scene, volume) for volume in head])["colour"]
    grey = fusion.recolour(Coding("fused", omega=0))
    set_colour(node, grey)
    np.testing.assert_array_equal(voxels(node), grey)


def test_no_node_no_voxels_label_maps_and_colours_are_refused(scene, head, fusion):
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    for node, words in ((None, "no volume"), (empty, "no voxels"), (labels, "not a scalar")):
        with pytest.raises(MedFusionError, match=words):
            volume_from_node(node)


def test_a_transform_that_is_not_linear_is_refused(scene, head):
    node = add_volume(scene, head[0])
    bent = scene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    bent.SetAndObserveTransformFromParent(vtk.vtkThinPlateSplineTransform())
    node.SetAndObserveTransformNodeID(bent.GetID())
    with pytest.raises(MedFusionError, match="not linear"):
        volume_from_node(node)


def test_a_scene_file_opens_with_the_colour_over_the_mr(scene, head, fusion, tmp_path):
    path = tmp_path / "scene.mrb"
    write_scene(fusion, head, path)
    reader = slicer.vtkMRMLRemoteIOLogic()
    reader.SetMRMLScene(scene)
    reader.GetCacheManager().SetRemoteCacheDirectory(str(tmp_path))
    reader.AddDataIOToScene()
    assert scene.ReadFromMRB(str(path), True, slicer.vtkMRMLMessageCollection())
    view = scene.GetNodeByID("vtkMRMLSliceCompositeNodeRed")
    back = scene.GetNodeByID(view.GetBackgroundVolumeID())
    front = scene.GetNodeByID(view.GetForegroundVolumeID())
    assert back.GetName() == "MR"
    assert front.GetAttribute("MedFusion.Role") == "colour"
    assert view.GetForegroundOpacity() == 0.5
    assert front.GetVoxelVectorType() == front.VoxelVectorTypeColorRGB
    # Slicer's reader turns a left-handed grid round; the voxels stay where they were in space
    np.testing.assert_array_equal(voxels(front)[::-1], fusion.colour)
    again = volume_from_node(back)
    assert np.linalg.det(again.direction) > 0 > np.linalg.det(head[0].direction)
    same, inside = resample(again, head[0], 0)
    assert inside.all()
    np.testing.assert_allclose(same.array, head[0].array, atol=1e-3)
