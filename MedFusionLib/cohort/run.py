"""A cohort on a Dask cluster, from the list to the page."""

from __future__ import annotations

import contextlib
import math
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MedFusionError
from ..results.checksums import CHECKS
from .clusters import local_cluster, need_dask
from .fusing import fuse_study
from .headers import LIMIT
from .page import write_page
from .records import only_run, provenance_of, write_failed
from .rows import Row
from .studies import Study, make_study, named_once
from .table import compare, write_table

if TYPE_CHECKING:
    from distributed import Client, Future

TWICE = "It crashed its worker twice; it may need more memory than a worker has."
SCHEDULER_LOST = (
    "The Dask scheduler was lost; start it and give the same command again: what is done is kept."
)
PAUSE = 0.05  # seconds between two checks of what has ended
Work = Callable[..., Row]


@dataclass(frozen=True)
class Progress:
    """How far a cohort is.

    Attributes:
        done: studies that are fused.
        failed: studies that are not, and will not be.
        kept: how many of these were so before this run.
        all: studies of the cohort.
        workers: that there are now.
    """

    done: int
    failed: int
    kept: int
    all: int
    workers: int


def fuse_cohort(
    studies: Sequence[Study | Mapping[str, Any]],
    out: str | Path = "cohort",
    *,
    client: Client | None = None,
    retry_failed: bool = False,
    check: str = "quick",
    header_limit: float = LIMIT,
    progress: Callable[[Progress], None] | None = None,
    work: Work = fuse_study,
) -> list[Row]:
    """Fuse many studies on a Dask cluster, and write their table and page.

    What is done in `out` with the same files (by checksum), settings and weights is kept, so a
    run that was stopped continues where it was. A study that kills its worker, say for want of
    memory, is tried once more with nothing else running, and has failed then; the others go on.

    Args:
        studies: from `read_studies`, or mappings that `make_study` takes.
        out: folder that client and workers see under this name: gets a folder for each study,
            `cohort.csv` and `cohort.html`. When the run is interrupted, these say how far it came.
        client: of a Dask cluster; default: `local_cluster` for this run.
        retry_failed: fuse again what failed before, though nothing changed.
        check: of the files of studies that are done: "quick" (by size and time of change, and by
            checksum where the time differs) or "full" (by checksum). What is not whole is fused
            again.
        header_limit: seconds that reading the headers of one study may take; a study that takes
            longer has failed.
        progress: called about every second, and at the end.
        work: done for each study; for tests and measurements.

    Returns:
        What became of each study, worst first, see `table.compare`; `cohort.csv` has the same.

    Raises:
        MedFusionError: Dask is not installed, the folder cannot be used, another run writes into
            it, or the cluster is lost.

    Example:
        >>> rows = fuse_cohort(read_studies("list.csv"), "results")  # doctest: +SKIP
        >>> [row.id for row in rows if row.outlier]  # doctest: +SKIP
        ['p017']
    """
    need_dask()
    if check not in CHECKS:
        raise MedFusionError(f"There is no check '{check}'; choose one of: {', '.join(CHECKS)}.")
    out = Path(out).absolute()
    chosen = named_once([s if isinstance(s, Study) else make_study(s) for s in studies])
    if not chosen:
        raise MedFusionError("There are no studies to fuse.")
    with contextlib.ExitStack() as stack:
        stack.enter_context(only_run(out))
        client = client or stack.enter_context(local_cluster())
        rows = [Row.of(study, "waiting", "The run was stopped before it.") for study in chosen]
        try:
            words = {"out": out, "retry_failed": retry_failed, "check": check}
            words["header_limit"] = header_limit
            for number, row in _rows(chosen, client, work, words, progress):
                rows[number] = row
        finally:
            rows = compare(rows)
            write_table(rows, out)
            write_page(rows, out)
    return rows


def _rows(
    studies: Sequence[Study],
    client: Client,
    work: Work,
    words: Mapping[str, Any],
    progress: Callable[[Progress], None] | None,
) -> Iterator[tuple[int, Row]]:
    """Number and row of each study as it ends."""
    run = uuid.uuid4().hex[:12]
    counts = {"done": 0, "failed": 0, "kept": 0}

    def tell() -> None:
        if progress:
            found = client.scheduler_info(n_workers=0)
            workers = found.get("n_workers", len(found["workers"]))
            progress(Progress(**counts, all=len(studies), workers=workers))

    def submit(numbers: Sequence[int], attempt: int) -> list[Future]:
        keys = [f"fuse-{run}-{attempt}-{number}" for number in numbers]
        given = {**words, "run": run, "attempt": attempt}
        return client.map(work, [studies[n] for n in numbers], key=keys, pure=False, **given)

    lost = []
    for number, row in _ended(client, submit(range(len(studies)), 1), tell):
        if row is None or row.status == "lost":
            lost.append(number)
            continue
        counts["kept"] += row.kept
        counts[row.status] += 1
        yield number, row
    for number in lost:
        ((_, row),) = _ended(client, submit([number], 2), tell)
        if row is None or row.status == "lost":
            row = Row.of(studies[number], error=TWICE)
            write_failed(words["out"], provenance_of(studies[number]), row, run)
        counts[row.status] += 1
        yield number, row
    tell()


def _ended(
    client: Client, futures: list[Future], tell: Callable[[], None]
) -> Iterator[tuple[int, Row | None]]:
    """Number and row of each future as it ends; no row where Dask gave it up."""
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    endings = as_completed(futures)
    futures.clear()  # Dask then frees what has ended
    told = -math.inf
    while not endings.is_empty():
        if time.monotonic() - told > 1:
            tell()
            told = time.monotonic()
        batch = {int(f.key.rpartition("-")[2]): f for f in endings.next_batch(block=False)}
        if not batch:
            time.sleep(PAUSE)
            continue
        # A worker may be lost with rows that were not fetched yet: Dask works these out again,
        # and `gather` waits for them. A future's status may change meanwhile; a row does not.
        try:
            rows = client.gather(batch, errors="skip")
        except OSError as lost:
            raise MedFusionError(SCHEDULER_LOST) from lost
        for number, future in batch.items():
            if rows[number] is not None:
                yield number, rows[number]
                continue
            error = future.exception()
            if error is None:
                raise MedFusionError(SCHEDULER_LOST)
            if not isinstance(error, KilledWorker):
                raise MedFusionError(
                    f"The workers cannot fuse: {type(error).__name__}: {error}. Do they have "
                    "the same MedFusion as this computer?"
                )
            yield number, None
