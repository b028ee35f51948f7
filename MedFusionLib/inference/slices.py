"""Slices through a method, in batches, with what each source contributed.

The result does not depend on the batch: slices do not know of each other.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from ..errors import Cancelled
from ..methods.base import FusionMethod, as_method
from ..methods.boxes import boxes, cut, dependence_radius, inside, union
from ..threads import side_by_side
from .bounds import DARK
from .engine import PreparedMethod, prepare_method
from .memory import kept_memory

#: approximate number of float32 feature maps that a network keeps alive for a slice
FEATURE_MAPS = 600
QUEUES = 2  # batches at once on a GPU
CPU_PIXELS = 256 * 256  # more at once is slower on a CPU: it touches fresh memory
CPU_MEMORY = 4e9  # bytes that slices side by side may take on a CPU, by the estimate above


@dataclass(eq=False)
class Slices:
    """What came out, as arrays (slices, rows, columns), float32.

    Attributes:
        fused: the fused slices.
        contributions: a map for each source; empty if none were asked for.
        baseline: F(0, 0) of a slice, (rows, columns); None unless shares were asked for.
        boxes: what was run of each slice, see `boxes.boxes`; outside the results are 0.
        wanted: what was wanted of each slice, likewise.
        device: where it was computed.
        batch: slices at once, in the end.
        precision: "float32" or "mixed".
        setup_seconds: what making the method ready took, once for any number of slices.
        dark: brightness of the brightest source below which the fused slices fade, see
            `bounds.bound`; 0: they do not.
        warnings: sentences for the user.
    """

    fused: np.ndarray
    contributions: tuple[np.ndarray, ...]
    baseline: np.ndarray | None
    boxes: np.ndarray
    wanted: np.ndarray
    device: torch.device
    batch: int
    precision: str = "float32"
    setup_seconds: float = 0.0
    dark: float = 0.0
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SliceOptions:
    """How slices are run.

    Attributes:
        contributions: "gradient", "share", "parts" or None for the fused slices alone.
        steps: of the shares, see `contributions.share`.
        samples: of the gradients, see `contributions.gradient`.
        device: where to compute; default: the CPU.
        batch: slices at once; default: by the memory there is.
        memory: bytes that batches may take, at least one slice; default: by the memory there is.
        precision: "float32", or "auto": half precision where the device gains by it and a check
            finds it safe, see `engine.prepare_method`.
        bounded: keep the fused slices, and what the shares sum to, within [0, 1], and let a
            trained network's fade to black where all sources do, see `bounds.bound`.
        fade: False: within [0, 1], but without the fade.
    """

    contributions: str | None = None
    steps: int = 1
    samples: int = 1
    device: torch.device | None = None
    batch: int | None = None
    memory: float | None = None
    precision: str = "float32"
    bounded: bool = False
    fade: bool = True


def run_slices(
    method: nn.Module,
    sources: Sequence[np.ndarray],
    options: SliceOptions | None = None,
    *,
    occupied: np.ndarray | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    **by_name: Any,
) -> Slices:
    """Fuse a stack of slices.

    On a CPU every slice runs alone, so the batch changes no bit of the result. Those of a method
    with `many_small_steps` run side by side, each on one thread, so the number of threads does not
    either. Out of memory on a GPU, the batch is halved; when a single slice does not fit, the rest
    runs on the CPU, with a warning.

    Args:
        method: in evaluation mode; any other module that fuses (N, 1, H, W) batches in [0, 1]
            will do, too.
        sources: an array (slices, rows, columns) in [0, 1] for each source.
        options: how they are run.
        occupied: bool (slices, rows, columns): where the results are wanted. Elsewhere they are
            not exact, or 0: what no wanted result depends on is left out.
        progress: called with (slices done, all slices) after each batch.
        cancelled: asked before each batch.
        by_name: fields of `SliceOptions`, such as `contributions="share"`, in place of those of
            `options`.

    Returns:
        The fused slices and their contributions.

    Raises:
        Cancelled: the cancel flag was set.

    Example:
        >>> from MedFusionLib.methods.registry import get_method
        >>> one = np.ones((3, 8, 8), np.float32)
        >>> run_slices(get_method("average")(), [one, 0 * one]).fused.mean()
        np.float32(0.5)
    """
    options = replace(options or SliceOptions(), **by_name)
    method = as_method(method)
    device = options.device or torch.device("cpu")
    count, rows, columns = sources[0].shape
    if occupied is None:
        occupied = np.broadcast_to(np.True_, sources[0].shape)
    beside = device.type == "cpu" and method.many_small_steps
    size = slices_at_once if beside else batch_size
    result = Slices(
        _nothing(sources[0]),
        tuple(_nothing(source) for source in sources if options.contributions),
        None,
        boxes(occupied, _margin(method, options)),
        boxes(occupied, 0),
        device,
        options.batch or size(device, rows, columns, options.memory),
    )
    with full_precision(), kept_memory():
        began = time.perf_counter()
        result.dark = _dark(method, options)
        run = _Run(method, sources, options, result)
        result.setup_seconds = time.perf_counter() - began
        done = 0
        with contextlib.closing(run.side_by_side() if beside else run.in_turn()) as steps:
            while done < count:
                if cancelled and cancelled():
                    raise Cancelled
                done = next(steps)
                if progress:
                    progress(done, count)
    result.precision = run.fast.precision
    return result


def _nothing(source: np.ndarray) -> np.ndarray:
    """Zeros of a source's shape; written at once, for `np.zeros` gets its memory page by page."""
    return np.full(source.shape, 0, np.float32)


def _margin(method: FusionMethod, options: SliceOptions) -> int | None:
    """How many pixels around a place its results depend on; None: on the whole slice."""
    return dependence_radius(method.receptive_radius, options.contributions, options.samples)


def _dark(method: FusionMethod, options: SliceOptions) -> float:
    """The brightness below which fused slices fade; 0: they do not."""
    trained = next(method.parameters(), None) is not None
    # nothing fades where a source alone comes through as it is: there is no veil
    veiled = trained and not method.keeps_lone_source
    return DARK if veiled and options.bounded and options.fade else 0.0


class _Run:
    """Slices on their way through a method, into a result."""

    def __init__(
        self,
        method: FusionMethod,
        sources: Sequence[np.ndarray],
        options: SliceOptions,
        result: Slices,
    ) -> None:
        self.method, self.sources, self.options, self.result = method, sources, options, result
        self.count, self.rows, self.columns = sources[0].shape
        self._prepare()

    def _prepare(self) -> None:
        self.method.to(self.result.device)
        self.fast = prepare_method(self.method, self.options.contributions, self.options.precision)

    def in_turn(self) -> Generator[int]:
        """Batch after batch; yields how many slices are done."""
        result = self.result
        queues = _DeviceQueues(result.device)
        start = 0
        while start < self.count:
            where = slice(start, min(start + result.batch, self.count))
            try:
                for part in _parts(where, result.device):
                    with queues.next():
                        queues.send_back(self._run(part))
            except RuntimeError as error:  # MPS has no class of its own for it
                if "out of memory" not in str(error).lower() or result.device.type == "cpu":
                    raise
                queues.wait()
                torch.cuda.empty_cache()
                if result.batch > 1:
                    result.batch = max(1, result.batch // 2)
                else:
                    result.warnings.append(
                        f"The memory of the {result.device.type} device is too small for one "
                        "slice; the CPU went on instead."
                    )
                    result.device = torch.device("cpu")
                    result.batch = batch_size(
                        result.device, self.rows, self.columns, self.options.memory
                    )
                    self._prepare()
                    queues = _DeviceQueues(result.device)
                continue
            start = where.stop
            if start == self.count:
                queues.wait()
            yield start

    def side_by_side(self) -> Generator[int]:
        """On a CPU, each slice on one thread; yields how many are done."""

        def run(number: int) -> None:
            for target, part in self._run(slice(number, number + 1)):
                target[...] = part.numpy()

        threads = min(self.result.batch, torch.get_num_threads())
        if self.options.contributions == "share":  # what all slices need
            list(side_by_side(lambda _: self._make_baseline(), [None], threads))
        yield from (
            number + 1 for number, _ in enumerate(side_by_side(run, range(self.count), threads))
        )

    def _run(self, where: slice) -> list[tuple[np.ndarray, torch.Tensor]]:
        """Runs some slices; returns where their results belong, and the results on the device."""
        result, options = self.result, self.options
        box, wanted = union(result.boxes[where]), union(result.wanted[where])
        if box is None or wanted is None:
            return []
        made = box
        batch = [_send(cut(source[where], box), result.device) for source in self.sources]
        given: dict[str, Any] = {"dark": self._dark}
        if self.fast.makes_parts(options.contributions):
            made = wanted
            given |= {"part": inside(made, box)}
        if options.contributions == "gradient":
            given |= {"samples": options.samples}
        elif options.contributions == "share":
            black = torch.from_numpy(cut(self._make_baseline(), made)).to(result.device)
            given |= {"steps": options.steps, "baseline": black}
        fused, maps = self.fast.run(options.contributions, *batch, **given)
        targets = (result.fused, *result.contributions)
        return [
            (cut(target[where], made), part[:, 0])
            for target, part in zip(targets, (fused, *maps), strict=True)
        ]

    @property
    def _dark(self) -> float | None:
        return self.result.dark if self.options.bounded else None

    def _make_baseline(self) -> np.ndarray:
        """F(0, 0), made once; of a whole slice: it differs near its borders."""
        if self.result.baseline is None:
            black = torch.zeros(1, 1, self.rows, self.columns, device=self.result.device)
            fused, _ = self.fast.run(None, *(black for _ in self.sources), dark=self._dark)
            self.result.baseline = fused[0, 0].cpu().numpy()
        return self.result.baseline


def _parts(where: slice, device: torch.device) -> Iterator[slice]:
    """What runs at once: a batch, but on a CPU each slice alone.

    The order in which a CPU adds up depends on the size of the batch, which half precision would
    show.
    """
    if device.type != "cpu":
        yield where
    else:
        for number in range(where.start, where.stop):
            yield slice(number, number + 1)


def _send(part: np.ndarray, device: torch.device) -> torch.Tensor:
    """Slices (N, H, W) as a batch (N, 1, H, W) on the device."""
    pinned = device.type == "cuda"
    batch = torch.empty(len(part), 1, *part.shape[1:], pin_memory=pinned)
    batch.numpy()[:, 0] = part
    return batch.to(device, non_blocking=pinned)


class _DeviceQueues:
    """Two queues of a GPU in turn: one computes while the results of the other travel.

    Any other device has one, and its results are there at once.
    """

    def __init__(self, device: torch.device) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.streams: list[torch.cuda.Stream] = []
        if device.type == "cuda":
            self.streams = [torch.cuda.Stream(device) for _ in range(QUEUES)]
            for stream in self.streams:  # the method has to be there
                stream.wait_stream(torch.cuda.current_stream(device))

    def next(self) -> contextlib.AbstractContextManager:
        """Within, work goes to the next queue."""
        if not self.streams:
            return contextlib.nullcontext()
        self.streams.append(self.streams.pop(0))
        return torch.cuda.stream(self.streams[0])

    def send_back(self, results: list[tuple[np.ndarray, torch.Tensor]]) -> None:
        """Let results travel to their arrays; wait for those of the batch before."""
        if not self.streams:
            for target, part in results:
                target[...] = part.cpu().numpy()
            return
        travelling = [
            (target, torch.empty(part.shape, pin_memory=True).copy_(part, non_blocking=True))
            for target, part in results
        ]
        arrived = torch.cuda.Event()
        arrived.record()

        def copy_back() -> None:
            arrived.synchronize()
            for target, part in travelling:
                torch.from_numpy(target).copy_(part)  # on all threads

        self.wait()
        self.waiting.append(copy_back)

    def wait(self) -> None:
        """Until all results are in their arrays."""
        while self.waiting:
            self.waiting.pop(0)()


class Stream:
    """Fuses one pair of slices after the other, such as those of a running scanner.

    The method is made ready once; each pair then costs no more than its own work. On a GPU the
    first pair of a size is recorded as a CUDA graph, which starts with a single launch.

    Args:
        method: in evaluation mode.
        device: where to compute; default: the CPU.
        precision: "float32" or "auto", see `engine.prepare_method`.

    Example:
        >>> from MedFusionLib.methods.registry import get_method
        >>> with contextlib.closing(Stream(get_method("average")())) as stream:
        ...     stream.fuse_slice(np.ones((8, 8)), np.zeros((8, 8))).mean()
        np.float32(0.5)
    """

    def __init__(
        self, method: nn.Module, device: torch.device | None = None, precision: str = "float32"
    ) -> None:
        self.device = device or torch.device("cpu")
        with full_precision():
            self.prepared = prepare_method(as_method(method).to(self.device), None, precision)
        self.precision = self.prepared.precision
        self._kept = contextlib.ExitStack()
        self._kept.enter_context(kept_memory())
        self._graphs: dict[tuple[int, ...], _Graph | None] = {}

    def fuse_slice(self, *sources: np.ndarray) -> np.ndarray:
        """The fused slice, float32.

        Args:
            sources: (rows, columns) in [0, 1], one for each source.
        """
        batch = [np.asarray(source)[None] for source in sources]
        with full_precision():
            graph = self._graph(batch[0].shape[1:], len(batch))
            if graph is not None:
                return graph.replay(batch)
            fused, _ = self.prepared.run(None, *(_send(part, self.device) for part in batch))
            return fused[0, 0].cpu().numpy()

    def close(self) -> None:
        """Give back the memory that was kept from slice to slice; the stream can go on."""
        self._kept.close()

    def _graph(self, size: tuple[int, ...], sources: int) -> _Graph | None:
        if self.device.type != "cuda":
            return None
        if size not in self._graphs:
            try:
                self._graphs[size] = _Graph(self.prepared, self.device, size, sources)
            except RuntimeError:  # a method that waits for its own results
                self._graphs[size] = None
        return self._graphs[size]


class _Graph:
    """A method's work on slices of one size, recorded once and started with a single launch."""

    def __init__(
        self, method: PreparedMethod, device: torch.device, size: tuple[int, ...], sources: int
    ) -> None:
        self.inputs = [torch.zeros(1, 1, *size, device=device) for _ in range(sources)]
        before, beside = torch.cuda.current_stream(device), torch.cuda.Stream(device)
        beside.wait_stream(before)
        with torch.cuda.stream(beside):
            for _ in range(3):  # the libraries choose their kernels
                method.run(None, *self.inputs)
        before.wait_stream(beside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.fused, _ = method.run(None, *self.inputs)

    def replay(self, sources: Sequence[np.ndarray]) -> np.ndarray:
        for target, source in zip(self.inputs, sources, strict=True):
            target.copy_(_send(source, self.inputs[0].device))
        self.graph.replay()
        return self.fused[0, 0].cpu().numpy()


def batch_size(device: torch.device, rows: int, columns: int, memory: float | None = None) -> int:
    """How many slices of a size to take at once.

    By the memory budget in bytes, where there is one, else by the free memory of a GPU, which has
    two batches at once. A CPU takes few: more at once is slower there.

    Example:
        >>> batch_size(torch.device("cpu"), 256, 256)
        1
    """
    if memory is None and device.type == "cuda":
        memory = 0.6 * torch.cuda.mem_get_info(device)[0]
    most = {"cuda": 64, "mps": 4}.get(device.type, max(1, CPU_PIXELS // (rows * columns)))
    if memory is None:
        return most
    queues = QUEUES if device.type == "cuda" else 1
    return int(np.clip(memory // (_slice_bytes(rows, columns) * queues), 1, most))


def slices_at_once(
    device: torch.device, rows: int, columns: int, memory: float | None = None
) -> int:
    """How many slices of a size run side by side on a CPU: a thread each, and by the memory.

    Example:
        >>> slices_at_once(torch.device("cpu"), 1024, 1024, memory=1)
        1
    """
    most = torch.get_num_threads() if device.type == "cpu" else 1
    return int(np.clip((memory or CPU_MEMORY) // _slice_bytes(rows, columns), 1, most))


def _slice_bytes(rows: int, columns: int) -> int:
    return 4 * FEATURE_MAPS * rows * columns


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Within, float32 is float32: no TF32 in convolutions and products."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
