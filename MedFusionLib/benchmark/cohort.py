"""What a cohort costs beside the fusions themselves, and where its limits are.

Three measurements: digital heads in a bare loop and through 1 and 2 workers; studies that only
sleep, where every second beyond their sleep is overhead; and thousands of such on a hundred
workers, where the scheduler and this process's memory may become the limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..cohort.clusters import (
    HOME,
    join_cluster,
    local_cluster,
    make_tls_files,
    need_dask,
    tls_files,
)
from ..cohort.fusing import fuse_study
from ..cohort.records import Attempt
from ..cohort.rows import Row
from ..cohort.run import Work, fuse_cohort
from ..cohort.studies import Study
from ..errors import MedFusionError
from ..methods.registry import DEFAULT_METHOD

PROCESSES = 2  # that the simulated workers share
START_TIMEOUT = 120.0  # seconds, of the simulated workers


def measure_heads(
    shape: tuple[int, int, int], studies: int = 6, method: str = DEFAULT_METHOD
) -> list[dict[str, Any]]:
    """Digital heads (MR and PET) in a bare loop, and as a cohort on 1 and on 2 workers.

    The bare loop reads, fuses, scores and writes one study after the other in this process, with
    as many threads as the one worker has; the two workers have half of the cores each. One study
    before the clock starts brings everything into memory.

    Args:
        shape: (slices, rows, columns) of each head.
        studies: how many, each of another seed.
        method: of the fusions.

    Returns:
        A row for "loop", "1 worker" and "2 workers": "seconds", "cpu_seconds" (of all processes;
        they say more than seconds where others use the machine, too), the ratio of both to the
        loop's, "studies_per_hour", and for the workers "start_seconds" until they were there.
    """
    from ..phantom.head import make_phantom
    from ..sources.files import write_volume

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        listed = []
        for number in range(studies + 2):  # two to warm up
            head = make_phantom(shape, seed=number)
            files = [folder / f"{name}-{number}.nrrd" for name in ("t1", "pet")]
            for file, volume in zip(files, (head.t1, head.pet), strict=True):
                write_volume(volume, file)
            first, second = map(str, files)
            options = {"method": method}
            listed.append(Study(f"p{number}", first, second, "pet-mr", options=options))
        warm, listed = listed[:2], listed[2:]
        _bare(warm[0], folder / "loop")
        rows = [_timed("loop", lambda: [_bare(study, folder / "loop") for study in listed])]
        for workers in (1, 2):
            out = folder / f"workers-{workers}"
            rows.append(_cohort(listed, out, workers, fuse_study, warm))
    for row in rows:
        row["studies_per_hour"] = 3600 * studies / row["seconds"]
        for kind in ("seconds", "cpu_seconds"):
            row[f"{kind}_ratio"] = row[kind] / rows[0][kind]
    return rows


def _bare(study: Study, out: Path) -> Row:
    """Read, fuse, score and write a study, and nothing else."""
    from ..cohort.fusing import fuse_words
    from ..fusion import fuse
    from ..results.folder import write_results
    from ..sources.files import read_volume
    from ..sources.folders import whole_folder

    files = [Path(file) for file in study.files]
    first, second = map(read_volume, files)
    fusion = fuse(first, second, study.pair, **fuse_words(study))
    with whole_folder(out / study.id) as folder:
        write_results(fusion, folder, files=files)
    return Row.of(study, "done")


def measure_sleep(seconds: float = 10.0, studies: int = 6, workers: int = 1) -> dict[str, Any]:
    """Studies that only sleep: "overhead" is the time beyond their sleep, as a part of it.

    Returns:
        "seconds", "start_seconds" of the cluster, "overhead" without and "overhead_with_start"
        with it.
    """
    listed = [Study(f"p{n}", options={"seconds": seconds}) for n in range(studies)]
    with tempfile.TemporaryDirectory() as temporary:
        row = _cohort(listed, Path(temporary), workers, sleep_study, [])
    slept = seconds * -(-studies // workers)
    row["overhead"] = row["seconds"] / slept - 1
    row["overhead_with_start"] = (row["seconds"] + row["start_seconds"]) / slept - 1
    return row


def _cohort(
    studies: Sequence[Study], out: Path, workers: int, work: Work, warm: Sequence[Study]
) -> dict[str, Any]:
    began = time.perf_counter()
    with local_cluster(workers) as client:
        client.wait_for_workers(workers)
        start = time.perf_counter() - began
        if warm:
            fuse_cohort(warm, out / "warm", client=client, work=work)
        name = f"{workers} worker" + "s" * (workers > 1)
        row = _timed(
            name,
            lambda: fuse_cohort(studies, out / "out", client=client, work=work),
            lambda: sum(client.run(time.process_time).values()),
        )
    return {**row, "start_seconds": start}


def _timed(
    name: str, run: Callable[[], Sequence[Row]], elsewhere: Callable[[], float] = float
) -> dict[str, Any]:
    began, busy = time.perf_counter(), time.process_time() + elsewhere()
    failed = [row.error for row in run() if row.status != "done"]
    if failed:
        raise MedFusionError(f"A study of the measurement failed: {failed[0]}")
    busy = time.process_time() + elsewhere() - busy
    return {"name": name, "seconds": time.perf_counter() - began, "cpu_seconds": busy}


def sleep_study(study: Study, out: Path, run: str, attempt: int, **_: Any) -> Row:
    """What `fuse_study` does, with a sleep for the fusion."""
    with Attempt(out, study.id, run, attempt):
        time.sleep(study.options["seconds"])
    return Row.of(study, "done", seconds=study.options["seconds"])


# Simulation -------------------------------------------------------------------------------------


def simulate(studies: int = 10_000, workers: int = 100, seconds: float = 1.0) -> dict[str, Any]:
    """Studies that sleep, on many workers: is the scheduler the limit, and what takes memory?

    Scheduler and workers run in processes of their own (the workers are threads of two
    processes), all on this computer.

    Returns:
        "seconds" of the run, "ideal_seconds" (the sleep alone), "studies_per_second",
        "scheduler_seconds" (its CPU time), "scheduler_bytes" and "client_bytes"
        (the growth of their resident memory; of the client, its peak).
    """
    import psutil

    need_dask()
    listed = [Study(f"p{n}", options={"seconds": seconds}) for n in range(studies)]
    with tempfile.TemporaryDirectory() as temporary, _simulated(Path(temporary), workers) as head:
        place = json.loads((Path(temporary) / "scheduler.json").read_text(encoding="utf-8"))
        tls = tls_files(*_tls(Path(temporary)))
        with join_cluster(place["address"], tls) as client:
            client.wait_for_workers(workers, timeout=START_TIMEOUT)
            out = Path(temporary) / "out"
            fuse_cohort(listed[:workers], out / "warm", client=client, work=sleep_study)
            process = psutil.Process(head.pid)
            bytes_before, busy_before = process.memory_info().rss, sum(process.cpu_times()[:2])
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            peak = 0

            def look(_: object) -> None:
                nonlocal peak
                peak = max(peak, process.memory_info().rss - bytes_before)

            began = time.perf_counter()
            fuse_cohort(listed, out / "all", client=client, work=sleep_study, progress=look)
            took = time.perf_counter() - began
            busy = sum(process.cpu_times()[:2]) - busy_before
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "studies": studies,
        "workers": workers,
        "seconds": took,
        "ideal_seconds": seconds * -(-studies // workers),
        "studies_per_second": studies / took,
        "scheduler_seconds": busy,
        "scheduler_bytes": peak,
        "client_bytes": (after - before) * (1 if sys.platform == "darwin" else 1024),
    }


@contextlib.contextmanager
def _simulated(folder: Path, workers: int) -> Iterator[subprocess.Popen[bytes]]:
    """A scheduler and processes with workers in them; yields the scheduler."""
    make_tls_files(folder / "tls")
    words = zip(("--tls-ca-file", "--tls-cert", "--tls-key"), map(str, _tls(folder)), strict=True)
    tls = ("--protocol", "tls", *itertools.chain.from_iterable(words))
    place = folder / "scheduler.json"
    python = (sys.executable, "-m")
    head = (*python, "dask", "scheduler", "--host", HOME, "--port", "0")
    page = ("--no-dashboard", "--dashboard-address", f"{HOME}:0")
    with contextlib.ExitStack() as stack:

        def start(*command: str) -> subprocess.Popen[bytes]:
            quiet = subprocess.DEVNULL
            process = stack.enter_context(subprocess.Popen(command, stdout=quiet, stderr=quiet))
            stack.callback(process.kill)
            return process

        scheduler = start(*head, *page, *tls, "--scheduler-file", str(place))
        for number in range(PROCESSES):
            share = (workers + number) // PROCESSES
            start(*python, __spec__.name, str(place), str(share))
        end = time.monotonic() + START_TIMEOUT
        while not place.is_file() or not place.stat().st_size:
            if time.monotonic() > end:
                raise MedFusionError("The Dask scheduler of the simulation did not start.")
            time.sleep(0.1)
        yield scheduler


def _tls(folder: Path) -> list[Path]:
    return [folder / "tls" / f"{name}.pem" for name in ("ca", "cert", "key")]


async def _workers(place: Path, count: int) -> None:
    """Run a number of workers of one thread each in this process, until it is killed."""
    from distributed import Security, Worker

    names = ("tls_ca_file", "tls_worker_cert", "tls_worker_key")
    files = map(str, _tls(place.parent))
    security = Security(require_encryption=True, **dict(zip(names, files, strict=True)))
    while not place.is_file() or not place.stat().st_size:
        await asyncio.sleep(0.1)
    address = json.loads(place.read_text(encoding="utf-8"))["address"]
    workers = [
        Worker(
            address,
            name=f"{os.getpid()}-{number}",
            nthreads=1,
            host=HOME,
            memory_limit=0,
            security=security,
            protocol="tls://",
        )
        for number in range(count)
    ]
    await asyncio.gather(*workers)
    await asyncio.gather(*(worker.finished() for worker in workers))


if __name__ == "__main__":
    asyncio.run(_workers(Path(sys.argv[1]), int(sys.argv[2])))
