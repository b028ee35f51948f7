"""A terminal that fails costs words, and no result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import write_small_head

FULL = Path("/dev/full")
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="needs the /dev/full of Linux")


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return write_small_head(tmp_path_factory.mktemp("sources"))


def fused(sources, out, redirections, **environment):
    """The exit code of `medfusion fuse`, with streams as a shell redirects them."""
    words = [sys.executable, "-m", "MedFusionLib.cli", "fuse", sources / "t1.nrrd"]
    words += [sources / "pet.nrrd", "--pair", "pet-mr", "--method", "maximum", "--align", "off"]
    command = " ".join(f"'{word}'" for word in [*words, "--out", out])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    run = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} {redirections}"],
        env=environment, stderr=subprocess.PIPE, timeout=300, check=False, text=True,
    )  # fmt: skip
    return run.returncode, run.stderr


def whole(out):
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return all((out / row["name"]).stat().st_size == row["bytes"] for row in report["files"])


@pytest.mark.parametrize(
    "redirections", ["2>/dev/full", "2>&-", ">&- 2>&-", "| true", "2>&1 | head -c 1 >/dev/null"]
)
def test_a_result_survives_its_terminal(sources, tmp_path, redirections):
    code, _ = fused(sources, tmp_path / "out", redirections)
    assert code == 0
    assert whole(tmp_path / "out")


def test_words_that_a_full_disk_does_not_take_are_missed(sources, tmp_path):
    code, said = fused(sources, tmp_path / "out", ">/dev/full")
    assert code == 1 and said.strip().endswith("is the disk full?")
    assert whole(tmp_path / "out")


def test_a_terminal_that_knows_ascii_alone(sources, tmp_path):
    out = tmp_path / "Ergebnis-\N{LATIN SMALL LETTER U WITH DIAERESIS}"
    code, said = fused(sources, out, ">/dev/null", PYTHONIOENCODING="ascii")
    assert (code, said.strip()) == (0, "")
    assert whole(out)


def test_too_little_memory_is_said(sources, tmp_path):
    """Whatever the library that got none makes of it."""
    words = ("-m", "MedFusionLib.cli", "fuse", sources / "t1.nrrd", sources / "pet.nrrd")
    command = " ".join(f"'{word}'" for word in (sys.executable, *words, "--out", tmp_path / "out"))
    run = subprocess.run(
        ["bash", "-c", f"ulimit -v 700000; {command} --pair pet-mr --method maximum"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, timeout=300, check=False, text=True,
    )  # fmt: skip
    if run.returncode == 0:
        pytest.skip("on this machine it is enough")
    assert run.returncode == 2, run.stderr
    assert "memory of this machine is too small" in run.stderr
    assert not (tmp_path / "out").exists()


def test_no_name_moves_the_cursor_or_turns_the_reading_direction(capsys):
    from MedFusionLib.cli.terminal import out

    out.print("There is no file a\x1b[2J\u202eb.nrrd;\ncheck the path.")
    assert capsys.readouterr().out == (
        "There is no file a\\x1b[2J\\u202eb.nrrd;\ncheck the path.\n"
    )
