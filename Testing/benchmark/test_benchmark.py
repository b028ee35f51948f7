"""The benchmark: its rows, its counts and its refusals. No timing is tested here."""

import json

import numpy as np
import pytest
import torch
from helpers import random_method, random_slices, refused
from torch import nn
from typer.testing import CliRunner

from MedFusionLib.benchmark import engine as bench
from MedFusionLib.benchmark.engine import count_work, parse_size, published_loop
from MedFusionLib.benchmark.engine import run_benchmark as benchmark
from MedFusionLib.cli.app import app
from MedFusionLib.inference.slices import run_slices
from MedFusionLib.methods.networks import cspa_dn

CPU = torch.device("cpu")
FIELDS = {
    "network", "kind", "size", "device", "precision", "trained", "measured_slices", "seconds",
    "slices_per_s", "loop_seconds", "ratio", "ratio_low", "ratio_high", "peak_memory_bytes",
    "setup_seconds", "loop_peak_memory_bytes", "gflop_per_slice", "floor_seconds",
}  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Small products for the ceilings, small slices for the stream."""
    monkeypatch.setattr(bench.measure_ceilings, "__defaults__", (64,))
    monkeypatch.setattr(bench, "STREAM_SIZES", (32,))


def test_each_network_and_kind_has_a_row():
    calls = []
    report = benchmark(
        ["funfusean", "gff"],
        [(20, 32, 40), (16, 32, 32)],
        device="cpu",
        slices=2,
        repeats=2,
        stream_pairs=3,
        progress=lambda *n: calls.append(n),
    )
    rows = report["rows"]
    assert [(row["network"], row["kind"]) for row in rows] == [
        ("funfusean", "fused"),
        ("funfusean", "gradient"),
        ("funfusean", "share"),
        ("gff", "fused"),
        ("gff", "share"),
    ] * 2
    assert [row["size"] for row in rows] == ["40x32x20"] * 5 + ["32x32x16"] * 5
    for row in rows:
        assert set(row) == FIELDS
        assert row["measured_slices"] == 2
        assert 0 < row["ratio_low"] <= row["ratio"] <= row["ratio_high"]
        assert row["slices_per_s"] == pytest.approx(int(row["size"][-2:]) / row["seconds"])
    assert [stream["size"] for stream in report["streams"]] == ["32x32"] * 2
    assert all(0 < s["median_ms"] <= s["p99_ms"] for s in report["streams"])
    assert report["machine"]["flop_per_s"] > 0 and report["machine"]["bytes_per_s"] > 0
    assert calls[-1] == (12, 12)
    json.dumps(report)


def test_pair_times_stand_beside_the_published_ones(tmp_path):
    words = ["benchmark", "--pair-times", "--network", "gff", "--network", "maximum"]
    target = tmp_path / "times.json"
    result = CliRunner().invoke(
        app, [*words, "--device", "cpu", "--repeats", "1", "--json", str(target)]
    )
    assert result.exit_code == 0 and "published" in result.output
    report = json.loads(target.read_text(encoding="utf-8"))
    gff, maximum = report["pairs"]
    assert gff["seconds"] >= gff["fastest"] > 0 and gff["published_seconds"] == 0.1343
    assert gff["times_faster"] == pytest.approx(0.1343 / gff["seconds"])
    assert maximum["method"] == "maximum" and maximum["published_seconds"] is None


@pytest.mark.parametrize("kind", [None, "gradient", "share"])
def test_the_loop_gives_what_the_engine_gives(kind):
    method = random_method("funfusean", deviation=0.1)
    sources = [random_slices(1, 20, 21, seed=seed).numpy() for seed in (1, 2)]
    loop = published_loop(method, sources, kind, CPU)
    fast = run_slices(method, sources, contributions=kind)
    for found, expected in zip((fast.fused, *fast.contributions), loop, strict=True):
        assert np.abs(found - expected[0]).max() < 1e-3


def test_the_work_is_counted():
    method = random_method("funfusean")
    sources = [random_slices(1, 16, 16, seed=seed).numpy() for seed in (1, 2)]
    forward = 2 * 121_296 * 16 * 16
    for kind, passes in ((None, 1), ("gradient", 2), ("share", 3)):
        flops, moved = count_work(method, sources, kind, CPU)
        assert flops == pytest.approx(passes * forward)
        assert moved > 4 * 16 * 16 * 100


def test_sizes_are_columns_rows_slices():
    assert parse_size("256x240X192") == (192, 240, 256)
    for wrong in ("256", "256x256", "axbxc", "8x256x256", ""):
        with refused("size", wrong):
            parse_size(wrong)
    with refused("kind", "fused, gradient, share"):
        benchmark(["average"], [(20, 32, 32)], ["both"], device="cpu")


def test_the_command_writes_a_table_and_json(tmp_path):
    target = tmp_path / "speed.json"
    words = ["benchmark", "--network", "average", "--size", "32x32x20", "--kind", "share"]
    words += ["--device", "cpu", "--slices", "2", "--threads", str(torch.get_num_threads())]
    result = CliRunner().invoke(app, [*words, "--json", str(target)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "average" in result.output and "2 of 20 slices" in result.output
    report = json.loads(target.read_text())
    assert [row["kind"] for row in report["rows"]] == ["share"]
    assert report["rows"][0]["ratio"] > 0


def test_the_loop_attends_as_published(monkeypatch):
    method = random_method("cspa-dn", deviation=0.1)
    nn.init.constant_(method.spatial.alpha, 1.0)
    sources = [random_slices(1, 16, 17, seed=seed).numpy() for seed in (1, 2)]
    expected = published_loop(method, sources, None, CPU)
    plain = method.as_published()
    monkeypatch.setattr(cspa_dn, "criss_cross", None)
    assert np.allclose(published_loop(plain, sources, None, CPU), expected, atol=1e-5)
    assert not method.spatial.published
