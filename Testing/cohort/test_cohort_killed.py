"""Cohorts on processes of their own, which are killed: workers, the run, the scheduler."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import cohort_work
import pytest
from helpers import refused

from MedFusionLib.cohort import Study, fuse_cohort, read_studies
from MedFusionLib.cohort.clusters import join_cluster, make_tls_files, tls_files
from MedFusionLib.cohort.fusing import fuse_study
from MedFusionLib.cohort.records import read_done
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import write_volume

pytest.importorskip("distributed", reason="Dask is not installed: no cohorts")

HERE = Path(__file__).resolve().parent
PATIENCE = 180  # seconds that a busy machine may take
STUDIES = 24


def wait_until(true, what):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


@contextmanager
def started(*words, **streams):
    """A process of this Python, in a group of its own, which is killed at the end."""
    paths = os.pathsep.join([str(HERE.parents[1]), str(HERE)])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *map(str, words)]
    process = subprocess.Popen(command, env=environment, start_new_session=True, **streams)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


#: how an interrupted command ends, a shell shows both as 130: by the signal itself where that fell
#: into code that was made at run time (CPython's `unhandled_keyboard_interrupt`)
INTERRUPTED = (130, -signal.SIGINT)
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers, each a process of its own, under TLS: client and processes."""
    place = tmp_path / "scheduler.json"
    ca, cert, key = tls = make_tls_files(tmp_path / "tls")
    shared = ("--host", "127.0.0.1", "--protocol", "tls",
              "--tls-ca-file", ca, "--tls-cert", cert, "--tls-key", key)  # fmt: skip
    dask = ("-m", "dask")
    scheduler = started(
        *dask, "scheduler", *shared, "--port", 0, "--no-dashboard",
        "--dashboard-address", "127.0.0.1:0", "--scheduler-file", place,
        **QUIET,
    )  # fmt: skip
    worker = (*dask, "worker", *shared, "--nthreads", 1, "--no-dashboard")
    folder = ("--local-directory", tmp_path, "--scheduler-file", place)
    with scheduler as head:
        wait_until(place.is_file, "the scheduler")
        with started(*worker, *folder, **QUIET) as one, started(*worker, *folder, **QUIET) as two:
            address = json.loads(place.read_text())["address"]
            yield partial(join_cluster, address, tls_files(*tls)), (head, one, two)


def starts(out):
    """How often each study was begun, and the processes that did."""
    path = out / "starts.txt"
    lines = [line.split() for line in path.read_text().splitlines()] if path.is_file() else []
    return Counter(name for name, _, _ in lines), [int(process) for _, _, process in lines]


def test_who_kills_its_worker_fails_and_the_others_go_on(cluster, tmp_path):
    out = tmp_path / "out"
    names = ["killer", *(f"p{number}" for number in range(8)), "unlucky"]
    with cluster[0]() as client:
        client.wait_for_workers(2, timeout=PATIENCE)
        rows = fuse_cohort([Study(n, "a", "b", "ct-mr") for n in names], out, client=client,
                           work=cohort_work.work)  # fmt: skip
    found = {row.id: row for row in rows}
    assert found.pop("killer").status == "failed"
    assert {row.status for row in found.values()} == {"done"}
    begun, processes = starts(out)
    assert begun["killer"] == begun["unlucky"] == 2, "tried once more"
    assert min(begun.values()) >= 1
    assert len(set(processes)) > 2, "new workers came"


def test_workers_that_are_lost_after_their_studies_were_done_cost_no_row(cluster, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "slow.txt").touch()
    names = [f"p{number}" for number in range(8)]
    killed = []

    def lose(_):
        if not killed:
            wait_until(lambda: all(read_done(out, name) for name in names), "the studies")
            killed.extend(set(starts(out)[1]))
            workers = client.scheduler_info()["workers"].keys()
            for process in killed:
                os.kill(process, signal.SIGKILL)
            wait_until(lambda: not client.scheduler_info()["workers"].keys() & workers, "loss")

    with cluster[0]() as client:
        client.wait_for_workers(2, timeout=PATIENCE)
        studies = [Study(name, "a", "b", "ct-mr") for name in names]
        rows = fuse_cohort(studies, out, client=client, work=cohort_work.recorded, progress=lose)
    assert killed
    assert {row.id: row.status for row in rows} == dict.fromkeys(names, "done")
    assert set(starts(out)[0].values()) == {1}, "nothing is repeated"


def test_a_lost_scheduler_ends_the_run_with_a_sentence(cluster, tmp_path, monkeypatch):
    import dask

    join, (head, *_) = cluster
    out = tmp_path / "out"
    studies = [Study(f"p{number}", "a", "b", "ct-mr") for number in range(1000)]

    def kill(progress):
        if progress.done:
            os.kill(head.pid, signal.SIGKILL)

    quick = dask.config.set({"distributed.comm.timeouts.connect": "1s"})
    with quick, refused("scheduler"), join() as client:
        fuse_cohort(studies, out, client=client, progress=kill, work=cohort_work.work)
    assert (out / "cohort.csv").is_file()


def test_nobody_answers(monkeypatch):
    monkeypatch.setattr("MedFusionLib.cohort.clusters.CONNECT_TIMEOUT", 0.5)
    with refused("No Dask scheduler"), join_cluster("tcp://127.0.0.1:9", insecure=True):
        pass


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    """A list of small studies as files; some still wait when the run is ended."""
    folder = tmp_path_factory.mktemp("heads")
    head = make_phantom((16, 32, 32))
    write_volume(head.t1, folder / "t1.nrrd")
    rows = ["id,mr,second,pair,network,align"]
    for number in range(STUDIES):
        write_volume(head.ct.like(head.ct.array + number, "ct"), folder / f"ct{number}.nrrd")
        rows.append(f"p{number},t1.nrrd,ct{number}.nrrd,ct-mr,maximum,off")
    (folder / "list.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "list.csv"


def none_is_alive(processes):
    """Whether all have ended; one that nobody asked how it ended counts as ended."""

    def state(process):
        try:
            return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return "Z"

    return all(state(process) == "Z" for process in processes)


def children(process):
    """The processes that any thread of a process started."""
    found = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, path.read_text().split())
    return found


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs the /proc of Linux")
def test_a_run_that_is_killed_or_interrupted_goes_on_where_it_was(heads, in_process, tmp_path):
    out = tmp_path / "out"
    words = ("-m", "MedFusionLib.cli", "cohort", heads, "--out", out)

    def done():
        return sorted(path.name for path in out.glob("p*"))

    def wait_for_more():
        count = len(done())
        wait_until(lambda: len(done()) > count, "another study")

    with started(*words, **QUIET) as run:
        wait_for_more()
        workers = children(run.pid)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        wait_for_more()  # on a new worker
        workers += children(run.pid)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        wait_until(partial(none_is_alive, workers), "the workers to end")
    with started(*words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        wait_for_more()
        os.killpg(run.pid, signal.SIGINT)  # as Ctrl-C does
        said, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode in INTERRUPTED, said
    assert "continues where it was" in said and "Traceback" not in said
    assert "http://" not in said, "no dashboard unless asked for"
    assert "waiting" in (out / "cohort.csv").read_text(encoding="utf-8")

    before = {name: (out / name / "fused.nrrd").stat().st_mtime_ns for name in done()}
    assert 3 <= len(before) < STUDIES
    for name in before:
        assert (out / name / "study.json").is_file(), "whole or not at all"
    rows = fuse_cohort(read_studies(heads), out, client=in_process)
    assert {row.id for row in rows if row.kept} == set(before)
    assert {row.status for row in rows} == {"done"}
    for name, stamp in before.items():
        assert (out / name / "fused.nrrd").stat().st_mtime_ns == stamp
    assert not list(out.glob(".medfusion-*"))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs the /proc of Linux")
@pytest.mark.parametrize("later", [0.0, 0.3])
def test_ctrl_c_while_the_workers_start_costs_one_line(heads, tmp_path, later):
    """They, and Dask's end of a cluster that is half made, answered it with tracebacks."""
    words = ("-m", "MedFusionLib.cli", "cohort", heads, "--out", tmp_path / "out", "--workers", 2)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with started(*words, **streams) as run:
        wait_until(lambda: len(children(run.pid)) >= 3, "the workers")
        time.sleep(later)
        begun = children(run.pid)
        os.killpg(run.pid, signal.SIGINT)
        said, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode in INTERRUPTED, said
    assert "Traceback" not in said and len(said.strip().splitlines()) <= 2, said
    wait_until(partial(none_is_alive, begun), "the workers to end")


def test_a_study_that_was_begun_before_is_lost(tmp_path):
    from MedFusionLib.cohort.records import Attempt

    study = Study("p1", "a", "b", "ct-mr")
    Attempt(tmp_path, "p1", "this", 1).__enter__()
    assert fuse_study(study, tmp_path, run="this", attempt=1).status == "lost"
    Attempt(tmp_path, "p1", "this", 1).__enter__()
    assert fuse_study(study, tmp_path, run="this", attempt=2).status == "failed"
    Attempt(tmp_path, "p1", "earlier", 1).__enter__()
    assert fuse_study(study, tmp_path, run="later", attempt=1).kept


def test_64_workers_with_slow_failing_and_lost_ones_lose_and_repeat_nothing(tmp_path):
    """Four processes with 16 workers each; one is slow, one is lost on the way, studies fail."""
    place, out = tmp_path / "scheduler.json", tmp_path / "out"
    ca, cert, key = tls = make_tls_files(tmp_path / "tls")
    out.mkdir()
    names = [f"{'bad' if n % 50 == 0 else 'p'}-{n}" for n in range(400)]
    words = ("-m", "dask", "scheduler", "--host", "127.0.0.1", "--protocol", "tls", "--port", 0,
             "--tls-ca-file", ca, "--tls-cert", cert, "--tls-key", key, "--no-dashboard",
             "--dashboard-address", "127.0.0.1:0", "--scheduler-file", place)  # fmt: skip
    with ExitStack() as stack:
        stack.enter_context(started(*words, **QUIET))
        wait_until(lambda: place.is_file() and place.stat().st_size, "the scheduler")
        sixteen = ("-m", "MedFusionLib.benchmark.cohort", place, 16)
        slow, lost, *_ = [stack.enter_context(started(*sixteen, **QUIET)) for _ in range(4)]
        (out / "slow.txt").write_text(str(slow.pid))
        address = json.loads(place.read_text())["address"]
        client = stack.enter_context(join_cluster(address, tls_files(*tls)))
        client.wait_for_workers(64, timeout=PATIENCE)
        at_work = []

        def lose(progress):
            if progress.done >= 60 and not at_work:
                os.kill(lost.pid, signal.SIGKILL)
                at_work.append(progress.workers)

        studies = [Study(name, "a", "b", "ct-mr") for name in names]
        rows = fuse_cohort(studies, out, client=client, work=cohort_work.recorded, progress=lose)
    assert at_work == [64]
    assert sorted(row.id for row in rows) == sorted(names), "nothing is lost"
    failed = {row.id for row in rows if row.status == "failed"}
    assert failed == {name for name in names if name.startswith("bad")}
    assert all(read_done(out, name) for name in names if name not in failed)
    ended = Counter((out / "ends.txt").read_text().split())
    assert set(ended.values()) == {1}, "nothing is repeated"
    begun, _ = starts(out)
    again = [name for name, count in begun.items() if count > 1]
    assert len(again) <= 16 + len(failed), "but what the lost workers were at"
