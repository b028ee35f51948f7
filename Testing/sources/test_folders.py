"""Folders that are written whole or not at all, whatever happens."""

import os
import signal
import subprocess
import sys

import pytest
from helpers import killed_at, refused

from MedFusionLib.sources import folders
from MedFusionLib.sources.folders import PREFIX, whole_folder


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.txt")}


def test_a_whole_folder_replaces_its_files_and_keeps_others(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "old.txt").write_text("old")
    (out / "both.txt").write_text("old")
    with whole_folder(out) as folder:
        (folder / "both.txt").write_text("new")
        (folder / "new.txt").write_text("new")
        assert contents(out) == {"old.txt": "old", "both.txt": "old"}
    assert contents(out) == {"old.txt": "old", "both.txt": "new", "new.txt": "new"}
    assert list(tmp_path.iterdir()) == [out]


def test_a_whole_folder_is_made_with_its_parents(tmp_path):
    out = tmp_path / "a" / "b" / "out"
    with whole_folder(out) as folder:
        (folder / "new.txt").write_text("new")
        assert not (tmp_path / "a").exists()
    assert contents(tmp_path) == {"a/b/out/new.txt": "new"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("there", [True, False])
def test_a_failure_leaves_the_folder_as_it_was(tmp_path, error, there):
    out = tmp_path / "out"
    if there:
        out.mkdir()
        (out / "both.txt").write_text("old")
    with pytest.raises(error), whole_folder(out) as folder:
        (folder / "both.txt").write_text("new")
        raise error
    assert contents(tmp_path) == ({"out/both.txt": "old"} if there else {})
    assert list(tmp_path.iterdir()) == ([out] if there else [])


def test_a_whole_folder_is_as_readable_as_any_other(tmp_path):
    (tmp_path / "plain").mkdir()
    with whole_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with refused("is a file"), whole_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").read_text() == "mine"


# Earlier results, and what is not ours ----------------------------------------------------------

OLD = {"fused.nrrd": "old", "contribution-third.nrrd": "old", "scene.mrb": "old",
       "report.json": "old", "notes.doc": "mine", "sub/deep/scan.doc": "mine"}  # fmt: skip
NEW = {"fused.nrrd": "new", "report.json": "new"}
AFTER = {**NEW, "notes.doc": "mine", "sub/deep/scan.doc": "mine"}


def fill(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def everything(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()
    }


@pytest.fixture(params=["exchange", "no exchange", "stood in"])
def out(request, tmp_path, monkeypatch):
    """A folder with an earlier result and a user's own files."""
    folder = tmp_path / "out"
    fill(folder, OLD)
    if request.param == "no exchange":
        monkeypatch.setattr(folders, "_exchange", lambda *_: False)
    elif request.param == "stood in":
        monkeypatch.chdir(folder)
    return folder


def test_a_new_result_replaces_the_old_one_whole_and_leaves_other_files(out, monkeypatch):
    with whole_folder(out) as folder:
        fill(folder, NEW)
        assert everything(out).items() >= OLD.items()
    assert everything(out) == AFTER
    assert not list(out.parent.glob(f"{PREFIX}*"))
    assert os.path.samefile(out, os.getcwd()) == (os.getcwd() == str(out))


@pytest.mark.parametrize("call", range(14))
def test_killed_at_any_step_the_old_or_the_new_result_is_there_after_the_next_start(out, call):
    steps = ["os.replace", "os.link", "pathlib.Path.rename", "pathlib.Path.unlink",
             "pathlib.Path.chmod", "MedFusionLib.sources.folders._exchange"]  # fmt: skip
    with pytest.raises(KeyboardInterrupt), whole_folder(out) as folder:
        fill(folder, NEW)
        with killed_at(call, steps):
            folders._put(folder, out, folder.parent, folders.RESULTS)
        raise KeyboardInterrupt
    folders._move_in(out, folders.RESULTS)  # as the next start does
    assert everything(out) in (OLD, AFTER)


def test_what_a_user_adds_meanwhile_is_kept(tmp_path, monkeypatch):
    fill(tmp_path / "out", OLD)
    exchange = folders._exchange

    def late(one, other):
        (tmp_path / "out" / "late.doc").write_text("mine")
        return exchange(one, other)

    monkeypatch.setattr(folders, "_exchange", late)
    with whole_folder(tmp_path / "out") as folder:
        fill(folder, NEW)
    assert everything(tmp_path / "out") == {**AFTER, "late.doc": "mine"}


def test_a_folder_and_its_files_are_no_more_open_than_it_was(tmp_path):
    out = tmp_path / "out"
    fill(out, OLD)
    out.chmod(0o750)
    with whole_folder(out) as folder:
        fill(folder, NEW)
    assert out.stat().st_mode & 0o777 == 0o750
    assert (out / "fused.nrrd").stat().st_mode & 0o077 & ~0o050 == 0


# Killed processes -------------------------------------------------------------------------------

WORKER = """
import sys, time
from MedFusionLib.sources.folders import whole_folder
with whole_folder(sys.argv[1]) as folder:
    (folder / "fused.nrrd").write_text("new")
    print("ready", flush=True)
    time.sleep(60)
"""


def test_the_folder_of_a_process_that_is_gone_is_cleared_away_and_no_other(tmp_path):
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("this system has no SIGKILL")
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, tmp_path / "out"], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        for worker in workers:
            assert worker.stdout.readline() == "ready\n"
        assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 2
        workers[0].kill()
        workers[0].wait()
        with whole_folder(tmp_path / "other"):
            pass
        assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 1  # the other one still works
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            worker.stdout.close()
