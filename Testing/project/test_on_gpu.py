"""The one command for a machine with a GPU: it does what it can, and says what it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers import docs_command

ROOT = Path(__file__).resolve().parents[2]


def on_gpu(*words):
    command = [sys.executable, str(ROOT / "tools" / "on_gpu.py"), *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=500, check=False, cwd=ROOT
    )


def test_without_a_gpu_it_says_so():
    if torch.cuda.is_available():
        pytest.skip("there is one")
    run = on_gpu()
    assert run.returncode == 1
    assert "no CUDA device" in run.stdout and "Traceback" not in run.stderr


def test_a_rehearsal_goes_through_its_steps_and_says_what_failed(tmp_path):
    words = ["--rehearse", "--data", str(tmp_path / "nowhere")]
    run = on_gpu(*words, "--only", "pairs", "--only", "benchmark", "--only", "training")
    assert "Numbers:" in run.stdout and "gpu-benchmark.json" in run.stdout
    assert "Could not do: training" in run.stdout and "1 could not be done" in run.stdout
    assert run.returncode == 1
    assert not (ROOT / "docs" / "evidence" / "gpu-pairs.json").exists()


def test_the_queue_holds_every_network_with_weights():
    queue = docs_command("on_gpu")._queue()
    assert ("bands", "all") in queue
    assert ("funfusean", "pet-mr") in queue
