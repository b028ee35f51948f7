"""Dask clusters: one of this computer's processors, or one that runs already.

Whoever can connect to a Dask scheduler or worker can run programs as its user. So every connection
here uses TLS, and only who holds the cluster's own key is let in (mutual authentication).
"""

from __future__ import annotations

import contextlib
import logging
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MedFusionError

if TYPE_CHECKING:
    from distributed import Client, Security, WorkerPlugin

CORES = 4  # of a worker: a study has parts that use one core alone
MEMORY = 0.9  # of this computer's, for all workers together
HOME = "127.0.0.1"
DASHBOARD = 8787
#: Dask's settings of the pages that are served even without a dashboard: logs, tasks, counts
PAGES = ("distributed.scheduler.http.routes", "distributed.worker.http.routes")
CONNECT_TIMEOUT = 15.0  # seconds


def need_dask() -> None:
    """Raise a MedFusionError where Dask is not installed."""
    try:
        import cryptography  # noqa: F401
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
def local_cluster(
    workers: int | None = None, memory: float | None = None, dashboard: bool = False
) -> Iterator[Client]:
    """A Dask client with workers on this computer: one for each GPU, or for every four cores.

    Each runs one study at a time, and is ended when it takes more memory than its share. Nothing
    listens beyond this computer, and other users of it are refused: the key is made for this
    cluster and never leaves its processes. A script that calls it needs
    `if __name__ == "__main__":`, for the workers are processes of their own.

    Args:
        workers: how many; they share the cores and the GPUs.
        memory: bytes of each.
        dashboard: serve Dask's dashboard on 127.0.0.1. It knows no password: every user of this
            computer can read there what runs.

    Raises:
        MedFusionError: Dask is not installed.

    Example:
        >>> with local_cluster(workers=2) as client:  # doctest: +SKIP
        ...     rows = fuse_cohort(studies, "results", client=client)
    """
    need_dask()
    import dask
    from distributed import Client, Scheduler, Security, SpecCluster

    security = Security.temporary()
    head = {"protocol": "tls://", "security": security, "host": HOME, "port": 0}
    head |= {"dashboard": dashboard, "dashboard_address": f"{HOME}:{DASHBOARD if dashboard else 0}"}
    pages: dict[str, Any] = {} if dashboard else {key: [] for key in PAGES}
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(pages))
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="medfusion-dask-"))
        with warnings.catch_warnings(), _interrupts_wait():
            warnings.filterwarnings("ignore", message=".*[Pp]ort.*in use")  # it takes another one
            cluster = SpecCluster(
                workers=_workers(workers, memory, scratch, security),
                scheduler={"cls": Scheduler, "options": head},
                security=security,
                silence_logs=logging.CRITICAL,
            )
            client = stack.enter_context(Client(stack.enter_context(cluster)))
        client.register_plugin(_plugin())
        yield client


@contextlib.contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Within, Ctrl-C waits: Dask cannot close a cluster that is half made.

    The processes that are started here never see it. In a terminal it reaches all of them, and
    each would answer with a traceback.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not (in_main and hasattr(signal, "pthread_sigmask")):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it unblocks what is blocked in the thread it starts in
    pressed: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # for what starts here
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if pressed:  # another thread got it
            signal.raise_signal(signal.SIGINT)


def _workers(
    workers: int | None, memory: float | None, scratch: str, security: Security
) -> dict[int, dict[str, object]]:
    """Number -> specification of each worker of this computer."""
    import torch
    from dask.system import CPU_COUNT
    from distributed import Nanny
    from distributed.system import MEMORY_LIMIT

    gpus = torch.cuda.device_count()
    count, threads, share = plan_workers(CPU_COUNT, gpus, MEMORY_LIMIT, workers)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
    specification: dict[int, dict[str, object]] = {}
    for number in range(count):
        environment = dict.fromkeys(names, str(threads))
        if gpus:
            environment["CUDA_VISIBLE_DEVICES"] = str(number % gpus)
        options = {
            "nthreads": 1,
            "memory_limit": int(memory or share),
            "protocol": "tls://",
            "security": security,
            "host": HOME,
            "local_directory": scratch,  # Dask's own is shared with other users
            "env": environment,
            "silence_logs": logging.ERROR,
        }
        specification[number] = {"cls": Nanny, "options": options}
    return specification


def _plugin() -> WorkerPlugin:
    from distributed import WorkerPlugin

    class LeaveCtrlC(WorkerPlugin):
        """Ctrl-C in the terminal reaches the workers, too; only the run may react to it."""

        name = "leave-ctrl-c"

        def setup(self, worker: object) -> None:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    return LeaveCtrlC()


def tls_files(ca: str | Path, cert: str | Path, key: str | Path) -> Security:
    """TLS credentials by which client and cluster know each other.

    Args:
        ca: PEM file of the authority that signed the certificates of scheduler and workers.
        cert: PEM file of the client's certificate.
        key: PEM file of its key.

    Raises:
        MedFusionError: a file is missing or holds no such key or certificate, or Dask is not
            installed.
    """
    need_dask()
    from distributed import Security

    security = Security(
        require_encryption=True,
        tls_ca_file=str(ca),
        tls_client_cert=str(cert),
        tls_client_key=str(key),
    )
    try:
        security.get_connection_args("client")
    except OSError as error:  # of the ssl module, too
        raise MedFusionError(
            f"The TLS files {ca}, {cert} and {key} cannot be used ({error.strerror or error}); "
            "give the PEM files of the cluster's authority, of your certificate and of its key."
        ) from None
    return security


def make_tls_files(folder: str | Path) -> tuple[Path, Path, Path]:
    """Make a key and a certificate for all parts of your own cluster, valid for a year.

    Args:
        folder: new; it and the files in it can be read by their owner alone. Scheduler, workers
            and client need it under the same name, or a copy of it.

    Returns:
        Authority, certificate and key, as `tls_files` and Dask's options `--tls-ca-file`,
        `--tls-cert` and `--tls-key` take them; the certificate is its own authority.

    Raises:
        MedFusionError: the folder is there already or cannot be made, or Dask is not installed.
    """
    need_dask()
    from distributed import Security

    made = Security.temporary()
    texts = {
        "ca.pem": made.tls_ca_file,
        "cert.pem": made.tls_client_cert,
        "key.pem": made.tls_client_key,
    }
    try:
        Path(folder).mkdir(mode=0o700, parents=True)
        for name, text in texts.items():
            Path(folder, name).touch(mode=0o600)
            Path(folder, name).write_text(text, encoding="ascii")
    except OSError as error:
        raise MedFusionError(
            f"The TLS files cannot be made in {folder}: {error.strerror}; give a new folder."
        ) from None
    ca, cert, key = (Path(folder, name) for name in texts)
    return ca, cert, key


@contextlib.contextmanager
def join_cluster(
    address: str, security: Security | None = None, insecure: bool = False
) -> Iterator[Client]:
    """A Dask client of a scheduler that runs already, such as "tls://10.0.0.5:8786".

    Args:
        address: of the scheduler.
        security: from `tls_files`; default: what Dask's configuration says of TLS.
        insecure: join a scheduler that does not use TLS. Whoever reaches it can run programs on its
            workers and on this computer.

    Raises:
        MedFusionError: Dask is not installed, nothing answers there, TLS fails, or the scheduler
            does not use it and that was not allowed.
    """
    need_dask()
    from distributed import Client, Security

    if not address.startswith("tls://") and not insecure:
        raise MedFusionError(
            f"The address {address} does not use TLS: whoever reaches such a scheduler can run "
            "programs as you; start it with TLS and give tls://HOST:PORT (docs/use/cohorts.md says "
            "how), or allow it with --insecure in a network that you trust."
        )
    security = security or Security(require_encryption=not insecure)  # files by the configuration
    try:
        client = Client(address, timeout=CONNECT_TIMEOUT, security=security)
    except (OSError, ValueError, TypeError, RuntimeError):
        raise MedFusionError(
            f"No Dask scheduler answers at {address}, or it refuses these TLS files; start "
            "one with 'dask scheduler', or check address and files."
        ) from None
    with client:
        yield client
