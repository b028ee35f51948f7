"""The logic from a script, and Slicer's own test."""

from __future__ import annotations

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import voxels  # noqa: E402

from MedFusionLib.errors import MedFusionError  # noqa: E402
from MedFusionLib.fusion import fuse  # noqa: E402
from MedFusionLib.results.nodes import volume_from_node  # noqa: E402


def test_the_logic_from_a_script(head):
    nodes = head.module.MedFusionLogic().fuse(head.mr, head.pet, method="maximum", axis="coronal")
    assert list(nodes)[:2] == ["fused", "colour"]
    volumes = [volume_from_node(node) for node in (head.mr, head.pet)]
    expected = fuse(*volumes, "pet-mr", method="maximum", axis="coronal")
    np.testing.assert_array_equal(voxels(nodes["fused"]), expected.fused.array)


def test_the_logic_asks_what_a_volume_is(head):
    head.pet.SetName("image 7")
    with pytest.raises(MedFusionError, match="image 7"):
        head.logic.fuse(head.mr, head.pet, method="maximum")
    with pytest.raises(MedFusionError, match="no volume"):
        head.logic.fuse(None, head.pet, "pet-mr")


@pytest.mark.parametrize(
    ("kind", "said"),
    [("vtkMRMLLabelMapVolumeNode", "is a label map"), ("vtkMRMLSegmentationNode", "is no volume")],
)
def test_the_logic_refuses_label_maps_and_segmentations(head, kind, said):
    node = slicer.mrmlScene.AddNewNodeByClass(kind, "Tumour")
    with pytest.raises(MedFusionError, match=f"Tumour {said}"):
        head.logic.fuse(head.mr, node, "pet-mr")
    with pytest.raises(MedFusionError, match=f"Tumour {said}"):
        head.logic.fuse(head.mr, node)


def test_slicers_own_test_passes(host, panel):
    panel.module.MedFusionTest().runTest()
    assert "passed" in host.dialogs.texts("delay")[-1]


def test_slicers_own_test_skips_itself_without_torch(host, head, no_torch):
    head.module.MedFusionTest().runTest()
    assert "Skipped" in host.dialogs.texts("delay")[-1]
