"""The size of the repository is that of a clone, however git stores it here."""

import subprocess
from pathlib import Path

import numpy
from repository_size import history_bytes, tree_bytes


def git(root: Path, *words: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", root, *identity, *words], check=True, capture_output=True)


def test_an_object_in_two_packs_counts_once(tmp_path):
    git(tmp_path, "init")
    noise = numpy.random.default_rng(0).bytes(100_000)
    (tmp_path / "noise").write_bytes(noise)
    git(tmp_path, "add", "noise")
    git(tmp_path, "commit", "-m", "noise")
    once = history_bytes(tmp_path)
    git(tmp_path, "repack", "-a")  # loose objects stay beside the pack
    git(tmp_path, "commit", "--allow-empty", "-m", "same files")
    assert len(noise) < once <= history_bytes(tmp_path) < 1.01 * once
    assert tree_bytes(tmp_path) == len(noise)


def test_what_was_committed_and_removed_counts(tmp_path):
    git(tmp_path, "init")
    (tmp_path / "noise").write_bytes(numpy.random.default_rng(0).bytes(100_000))
    git(tmp_path, "add", "noise")
    git(tmp_path, "commit", "-m", "noise")
    git(tmp_path, "rm", "noise")
    git(tmp_path, "commit", "-m", "gone")
    assert history_bytes(tmp_path) > 100_000
    assert tree_bytes(tmp_path) == 0


def test_outside_a_checkout_there_is_nothing_to_weigh(tmp_path):
    assert history_bytes(tmp_path) == tree_bytes(tmp_path) == 0
