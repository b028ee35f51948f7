"""Dask clusters: one of this computer's processors, or one that runs already."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import MedFusionError

if TYPE_CHECKING:
    from distributed import Client, WorkerPlugin

CORES = 4  # of a worker: a study has parts that use one core alone
MEMORY = 0.9  # of this computer's, for all workers together
HOME = "127.0.0.1"
DASHBOARD = 8787
PATIENCE = 15.0  # seconds until a scheduler has to answer


def need_dask() -> None:
    """Raise a MedFusionError where Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise MedFusionError(
            "Cohorts need Dask; install it with: pip install 'medfusion[cohort]'."
        ) from None


def plan_workers(
    cores: int, gpus: int, memory: float, workers: int | None = None
) -> tuple[int, int, float]:
    """How many workers, and the threads and bytes of each.

    Example:
        >>> plan_workers(16, 0, 64e9)
        (4, 4, 14400000000.0)
        >>> plan_workers(16, 2, 64e9)
        (2, 8, 28800000000.0)
    """
    count = workers or gpus or max(1, cores // CORES)
    return count, max(1, cores // count), MEMORY * memory / count


@contextlib.contextmanager
def local_cluster(workers: int | None = None, memory: float | None = None) -> Iterator[Client]:
    """A Dask client with workers on this computer: one for each GPU, or for every four cores.

    Each runs one study at a time, and is ended when it takes more memory than its share. Nothing
    listens beyond this computer. A script that calls it needs `if __name__ == "__main__":`, for
    the workers are processes of their own.

    Args:
        workers: how many; they share the cores and the GPUs.
        memory: bytes of each.

    Raises:
        MedFusionError: Dask is not installed.

    Example:
        >>> with local_cluster(workers=2) as client:  # doctest: +SKIP
        ...     rows = fuse_cohort(studies, "results", client=client)
    """
    need_dask()
    import torch
    from dask.system import CPU_COUNT
    from distributed import Client, Nanny, Scheduler, SpecCluster
    from distributed.system import MEMORY_LIMIT

    gpus = torch.cuda.device_count()
    count, threads, share = plan_workers(CPU_COUNT, gpus, MEMORY_LIMIT, workers)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
    specification = {}
    for number in range(count):
        environment = dict.fromkeys(names, str(threads))
        if gpus:
            environment["CUDA_VISIBLE_DEVICES"] = str(number % gpus)
        options = {
            "nthreads": 1,
            "memory_limit": int(memory or share),
            "host": HOME,
            "env": environment,
            "silence_logs": logging.ERROR,
        }
        specification[number] = {"cls": Nanny, "options": options}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Pp]ort.*in use")  # it takes another one
        head = {"host": HOME, "port": 0, "dashboard_address": f"{HOME}:{DASHBOARD}"}
        cluster = SpecCluster(
            workers=specification,
            scheduler={"cls": Scheduler, "options": head},
            silence_logs=logging.CRITICAL,
        )
    with cluster, Client(cluster) as client:
        client.register_plugin(_plugin())
        yield client


def _plugin() -> WorkerPlugin:
    from distributed import WorkerPlugin

    class LeaveCtrlC(WorkerPlugin):
        """The terminal's Ctrl-C reaches the workers, too; the run alone shall answer it."""

        name = "leave-ctrl-c"

        def setup(self, worker: object) -> None:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    return LeaveCtrlC()


@contextlib.contextmanager
def join_cluster(address: str) -> Iterator[Client]:
    """A Dask client of a scheduler that runs already, such as "tcp://10.0.0.5:8786".

    Raises:
        MedFusionError: Dask is not installed, or nothing answers there.
    """
    need_dask()
    from distributed import Client

    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError):
        raise MedFusionError(
            f"No Dask scheduler answers at {address}; start one with 'dask scheduler', or check "
            "the address."
        ) from None
    with client:
        yield client
