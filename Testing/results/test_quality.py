"""The quality report of a fusion: its rows, the report's JSON and the table in the scene."""

import json

import numpy as np
import pytest
import torch
from helpers import refused

from MedFusionLib.fusion import fuse
from MedFusionLib.metrics.registry import METRICS, all_metrics, measure, name_sources
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.results.folder import write_results
from MedFusionLib.results.quality import SHOWN, QualityRow, quality_of
from MedFusionLib.sources.folders import whole_folder
from MedFusionLib.sources.prepare import evenly_spaced, filled_slices


@pytest.fixture(scope="module")
def head():
    return make_phantom((32, 48, 48))


@pytest.fixture(scope="module")
def fusion(head):
    return fuse(head.t1, head.pet, "pet-mr", method="maximum", device="cpu")


def test_the_maximum_scores_as_the_maximum(fusion):
    found = quality_of(fusion)
    assert len(found.rows) == len(SHOWN)
    for row in found.rows:
        assert row.value == pytest.approx(row.maximum, rel=1e-6), row.metric
        assert np.isfinite(row.average)


def test_sources_are_named_by_their_modality(fusion):
    assert [row.metric for row in quality_of(fusion).rows][:2] == ["SSIM MR", "SSIM PET"]
    assert name_sources("SSIM second", ("mr", "ct")) == "SSIM CT"


def test_rows_say_which_way_is_better(fusion):
    rows = quality_of(fusion, ["q_abf", "n_abf"]).rows
    assert [row.better for row in rows] == ["higher", "lower"]


def test_slices_are_counted_and_named(fusion):
    few, all_ = quality_of(fusion, ["q_abf"], slices=5), quality_of(fusion, ["q_abf"], slices=99)
    assert few.slices == 5 and few.of == all_.slices
    assert few.note == f"Means over 5 evenly spaced slices of the {few.of} slices with content."
    assert all_.note == f"Means over all {few.of} slices with content."


def test_value_is_the_mean_over_the_slices_with_content(fusion):
    filled = filled_slices(fusion.sources.background)
    stacks = (np.clip(fusion.fused.array, 0, 1), *fusion.sources.scaled)
    images = [torch.from_numpy(stack[filled][:, None].astype(np.float32)) for stack in stacks]
    expected = METRICS["q_abf"].function(*images).mean().item()
    assert quality_of(fusion, ["q_abf"], slices=99).rows[0].value == pytest.approx(
        expected, rel=1e-6
    )


def test_the_axis_of_the_fusion_is_the_axis_of_the_report(head):
    coronal = fuse(head.t1, head.pet, "pet-mr", method="maximum", axis="coronal", device="cpu")
    inside = ~coronal.sources.background
    assert quality_of(coronal, ["std"]).of == (inside.mean(axis=(0, 2)) > 0.02).sum()


def test_a_mean_of_three_axes_is_scored_in_its_axial_slices(head):
    settings = {"method": "maximum", "device": "cpu"}  # which fuses alike along every axis
    found = [
        quality_of(fuse(head.t1, head.pet, "pet-mr", axis=axis, **settings), ["std", "q_abf"])
        for axis in ("axial", "all")
    ]
    assert found[0].of == found[1].of
    for one, other in zip(*(quality.rows for quality in found), strict=True):
        assert one.value == pytest.approx(other.value, abs=1e-4)


def test_three_sources_are_scored_pair_by_pair(head):
    three = fuse(
        head.t1,
        head.pet,
        "pet-mr",
        third=head.ct,
        third_modality="ct",
        method="maximum",
        device="cpu",
    )
    (row,) = quality_of(three, ["cc"]).rows
    assert row.value == pytest.approx(row.maximum, rel=1e-6)
    assert row.value > row.average - 1


def test_unknown_metric_is_refused(fusion):
    with refused("beauty", "q_abf"):
        quality_of(fusion, ["beauty"])


def test_ssim_of_each_source_stands_before_the_sum():
    names = list(all_metrics())
    at = names.index("ssim_first")
    assert names[at : at + 3] == ["ssim_first", "ssim_second", "ssim"]
    assert {"uptake_first", "uptake_second", "uptake_order_second"} < set(names)
    image = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    assert all_metrics()["ssim_first"].function(image, image, 1 - image).item() == pytest.approx(1)


def test_too_small_slices_have_no_value_and_batches_do_not_matter():
    random = np.random.default_rng(0)
    stacks = random.random((3, 5, 8, 8), np.float32)
    metrics = [all_metrics()[name] for name in ("ssim", "std")]
    values = measure(*stacks, metrics)
    assert np.isnan(values[0]).all() and np.isfinite(values[1]).all()
    np.testing.assert_allclose(measure(*stacks, metrics, batch=1), values)


def test_evenly_spaced_numbers():
    assert evenly_spaced(94, 24).tolist() == sorted(set(evenly_spaced(94, 24).tolist()))
    assert evenly_spaced(3, 24).tolist() == [0, 1, 2]
    assert evenly_spaced(0, 24).tolist() == []


def test_the_report_holds_the_quality(fusion, tmp_path):
    with whole_folder(tmp_path / "out") as folder:
        write_results(fusion, folder)
    text = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    report = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert report["quality"]["rows"][0]["metric"] == "SSIM MR"
    assert "slices with content" in report["quality"]["note"]


def test_the_table_in_the_scene(scene):
    from MedFusionLib.results.scene import QUALITY_COLUMNS, add_quality_table

    rows = [QualityRow("SSIM MR", 0.5, "higher", 0.4, 0.3), QualityRow("SL", 0.2, "lower", 0.1, 0)]
    reference = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "head")
    node = add_quality_table(scene, rows, reference, "head fused")
    assert node.GetClassName() == "vtkMRMLTableNode" and node.GetName() == "head fused quality"
    table = node.GetTable()
    columns = [table.GetColumn(n) for n in range(table.GetNumberOfColumns())]
    assert tuple(column.GetName() for column in columns) == QUALITY_COLUMNS
    assert [column.GetValue(1) for column in columns] == ["SL", 0.2, "lower", 0.1, 0, ""]
    assert columns[-1].GetValue(0) == "same structures as this source"
    again = add_quality_table(scene, rows[:1], reference, "head fused", node=node)
    assert again is node and node.GetTable().GetNumberOfRows() == 1


def test_every_metric_of_the_report_has_plain_words(fusion):
    assert all(row.plain for row in quality_of(fusion).rows)


def test_the_written_scene_holds_the_table(fusion, head, tmp_path, scene):
    import slicer

    from MedFusionLib.results.scene_file import write_scene

    write_scene(fusion, [head.t1, head.pet], tmp_path / "scene.mrb")
    assert slicer.app.coreIOManager().loadNodes(
        "SceneFile", {"fileName": str(tmp_path / "scene.mrb")}, None
    )
    tables = scene.GetNodesByClass("vtkMRMLTableNode")
    names = [tables.GetItemAsObject(n).GetName() for n in range(tables.GetNumberOfItems())]
    (name,) = [name for name in names if name.endswith("quality")]
    table = scene.GetFirstNodeByName(name).GetTable()
    assert table.GetNumberOfRows() == len(SHOWN)
    assert table.GetValueByName(0, "metric").ToString() == "SSIM MR"
