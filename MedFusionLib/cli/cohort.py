"""medfusion cohort"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from ..cohort.headers import LIMIT
from ..errors import MedFusionError
from .app import app
from .choices import Check
from .options import with_groups, with_options
from .terminal import bar, err, out

if TYPE_CHECKING:
    from distributed import Client

    from ..cohort import Progress, Row, Study


SECONDS_WITHOUT_WORKER = 10  # before a warning


@dataclass(frozen=True)
class Cluster:
    """Where the studies are fused: on a cluster of this computer, or on one that is there."""

    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Default: one for each GPU, or for every four cores."),
    ] = None
    worker_memory: Annotated[
        float | None, typer.Option(help="GB for each worker; default: an equal share of 90 %.")
    ] = None
    scheduler: Annotated[
        str | None, typer.Option(help="Join the Dask cluster at this ADDRESS instead.")
    ] = None
    tls_ca: Annotated[
        Path | None, typer.Option(help="PEM file of that cluster's certificate authority.")
    ] = None
    tls_cert: Annotated[Path | None, typer.Option(help="PEM file of your certificate.")] = None
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of its key.")] = None
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure",
            help="Join a scheduler without TLS: whoever reaches it can run programs as you.",
        ),
    ] = False
    dashboard: Annotated[
        bool,
        typer.Option(
            "--dashboard",
            help="Serve Dask's dashboard on 127.0.0.1; every user of this computer can read it.",
        ),
    ] = False

    def open(self) -> contextlib.AbstractContextManager[Client]:
        """A client of the cluster, as a context; at its end a cluster of this computer ends.

        Raises:
            MedFusionError: options that belong together are not all given, or it is not reached.
        """
        from ..cohort.clusters import join_cluster, local_cluster, tls_files

        tls = [file for file in (self.tls_ca, self.tls_cert, self.tls_key) if file]
        if len(tls) not in (0, 3) or (tls and not self.scheduler):
            raise MedFusionError(
                "Give --tls-ca, --tls-cert and --tls-key together, with --scheduler."
            )
        if self.scheduler:
            return join_cluster(self.scheduler, tls_files(*tls) if tls else None, self.insecure)
        memory = self.worker_memory * 1e9 if self.worker_memory else None
        return local_cluster(self.workers, memory, self.dashboard)


@app.command()
@with_groups
@with_options("cohort")
def cohort(
    list_: Annotated[
        Path,
        typer.Argument(
            metavar="LIST",
            help="A CSV with the columns id, mr, second, pair (third, third_modality, and any "
            "option of a fusion), or a BIDS folder.",
        ),
    ],
    out_: Annotated[Path, typer.Option("--out", help="Folder for the results.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read every header, and say what would be done.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Fuse again what failed before.")
    ] = False,
    check: Annotated[
        Check,
        typer.Option(
            help="Check of existing results: quick (size and time of change) or full (checksums)."
        ),
    ] = "quick",
    header_limit: Annotated[
        float, typer.Option(min=0, help="Time limit in seconds for reading the headers of a study.")
    ] = LIMIT,
    *,
    cluster: Cluster,
    options: dict[str, Any],
) -> None:
    """Fuse many studies, with a table and a page at the end; what is done is kept."""
    from ..cohort.studies import read_studies

    studies = read_studies(list_, **options)
    if dry_run:
        _say_what_would_be_done(studies, out_, retry_failed, str(check), header_limit)
        return
    from ..cohort.run import fuse_cohort

    with _quiet_end(), cluster.open() as client:
        if cluster.dashboard and client.dashboard_link:
            err.print(f"Dask's dashboard: {client.dashboard_link}", soft_wrap=True)
        try:
            with _quiet_end(), _bar(len(studies)) as progress:
                rows = fuse_cohort(
                    studies,
                    out_,
                    client=client,
                    retry_failed=retry_failed,
                    check=str(check),
                    header_limit=header_limit,
                    progress=progress,
                )
        except KeyboardInterrupt:
            err.print("Stopped; the same command continues where it was.")
            raise typer.Exit(130) from None
    _show(rows, out_)


@contextlib.contextmanager
def _quiet_end() -> Iterator[None]:
    """Within, a signal that ends the command also ends what its workers say of their end."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        logging.disable(logging.CRITICAL)
        raise


@contextlib.contextmanager
def _bar(count: int) -> Iterator[Callable[[Progress], None]]:
    """A bar with done, failed and time left; where there is no terminal, a line now and then."""
    columns = (
        TextColumn("Fusing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("studies, {task.fields[failed]} failed, {task.fields[workers]} workers, left"),
        TimeRemainingColumn(compact=True),
    )
    said, waited = 0, 0
    with Bar(*columns, console=err, transient=True) as shown:
        task = shown.add_task("", total=count, failed=0, workers=0)

        def tell(at: Progress) -> None:
            nonlocal said, waited
            ended = at.done + at.failed
            shown.update(task, completed=ended, failed=at.failed, workers=at.workers)
            waited = 0 if at.workers else waited + 1
            if waited == SECONDS_WITHOUT_WORKER:
                err.print("There is no worker; waiting for one.", style="yellow")
            if not err.is_terminal and ended and (ended - said) * 20 >= at.all:
                said = ended
                err.print(f"{at.done} done, {at.failed} failed of {at.all}", highlight=False)

        yield tell


def _say_what_would_be_done(
    studies: list[Study], folder: Path, retry_failed: bool, check: str, header_limit: float
) -> None:
    from ..cohort.checks import check_studies

    with bar("Reading headers", "studies") as progress:
        findings = check_studies(studies, folder, retry_failed, check, header_limit, progress)
    table = Table("study", "what would be done", "what is wrong")
    for finding in findings:
        table.add_row(finding.id or "(no id)", finding.action, finding.trouble)
    out.print(table)
    _count(Counter(finding.action for finding in findings))
    if any(finding.trouble for finding in findings):
        raise typer.Exit(1)


def _show(rows: list[Row], folder: Path) -> None:
    for row in rows:
        if row.status == "failed":
            name = row.id or "(no id)"
            err.print(f"{name}: {row.error}", style="red", highlight=False, soft_wrap=True)
    counts = Counter(row.status for row in rows)
    counts["kept from before"] = sum(row.kept for row in rows)
    counts["far from the rest"] = sum(bool(row.outlier) for row in rows)
    _count(counts)
    out.print(f"Table: {folder / 'cohort.csv'}", soft_wrap=True)
    out.print(f"Page: {folder / 'cohort.html'}", soft_wrap=True)
    if counts["failed"]:
        raise typer.Exit(1)


def _count(counts: Counter[str]) -> None:
    words = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    out.print(words, highlight=False)
