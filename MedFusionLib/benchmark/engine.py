"""How fast methods are, beside the slice-by-slice loop of the publications, in the same run.

The sources are the digital head with its background. Times are of whole runs over some slices,
spread evenly over the head, and scaled to all of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from ..errors import MedFusionError
from ..inference import contributions as maps_of
from ..inference.devices import choose_device, describe_device
from ..inference.slices import Stream, full_precision, run_slices
from ..methods.base import FusionMethod
from ..methods.registry import all_methods, get_method

KINDS = ("fused", "gradient", "share")
SHAPES = ((192, 256, 256), (300, 512, 512))
STREAM_SIZES = (256, 512)
CPU_PIXELS = 12 * 256 * 256
ENGINE_ROUNDS = 4


def parse_size(text: str) -> tuple[int, int, int]:
    """Columns, rows and slices, as in "256x256x192", to the shape (slices, rows, columns).

    Raises:
        MedFusionError: not three whole numbers of at least 16.

    Example:
        >>> parse_size("256x240x192")
        (192, 240, 256)
    """
    try:
        columns, rows, slices = map(int, text.lower().split("x"))
    except ValueError:
        columns = 0
    if not columns or min(columns, rows, slices) < 16:
        raise MedFusionError(
            f"The size '{text}' is not COLUMNSxROWSxSLICES, each at least 16, such as 256x256x192."
        )
    return slices, rows, columns


def run_benchmark(
    methods: Sequence[str] | None = None,
    shapes: Sequence[tuple[int, int, int]] = SHAPES,
    kinds: Sequence[str] = KINDS,
    *,
    device: str = "auto",
    slices: int | None = None,
    repeats: int = 3,
    stream_pairs: int = 30,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Time methods on the digital head.

    Each repeat runs the published loop and the engine one after the other, so that both meet the
    same state of the machine; `ratio` is the median of the repeats' ratios. What the engine does
    once per volume (`setup_seconds`) counts once. Where few slices are measured, the engine takes
    them several times over, for its first slice is slower: it fetches the memory for all.

    Args:
        methods: their names; default: every network.
        shapes: (slices, rows, columns) of each head.
        kinds: "fused", "gradient", "share": what is made beside the fused slices.
        device: "auto", "cuda", "mps" or "cpu".
        slices: measured of each head, evenly spaced; default: all on a GPU; on a CPU as many as
            hold the pixels of 12 slices of 256 x 256.
        repeats: of each measurement.
        stream_pairs: for the latency of single pairs; 0: no such rows.
        progress: called with (rows done, all rows).

    Returns:
        "machine" (device, ceilings, versions), "rows" and "streams", ready for JSON. Each row has
        network, kind, size, device, precision, trained, measured_slices, seconds, slices_per_s,
        loop_seconds, ratio, ratio_low, ratio_high, setup_seconds, peak_memory_bytes,
        loop_peak_memory_bytes, gflop_per_slice and floor_seconds (None where nothing is
        multiplied).
    """
    chosen = choose_device(device)
    wanted = [get_method(name) for name in methods] if methods else all_methods("network")
    for kind in kinds:
        if kind not in KINDS:
            raise MedFusionError(f"There is no kind '{kind}'; choose one of: {', '.join(KINDS)}.")
    kinds_of = [(m, k) for m in wanted for k in kinds if k != "gradient" or m.differentiable]
    ceilings = measure_ceilings(chosen)
    rows: list[dict[str, Any]] = []
    streams: list[dict[str, Any]] = []
    total = len(kinds_of) * len(shapes) + (len(wanted) if stream_pairs else 0)
    for shape in shapes:
        count, height, width = shape
        if chosen.type == "cpu":
            count = min(count, max(2, CPU_PIXELS // (height * width)))
        head = head_slices(shape, min(slices or count, shape[0]))
        for method, kind in kinds_of:
            rows.append(_row(method, kind, head, chosen, repeats, ceilings))
            if progress:
                progress(len(rows), total)
    for method in wanted if stream_pairs else ():
        for size in STREAM_SIZES:
            streams.append(_stream(method, size, chosen, stream_pairs))
        if progress:
            progress(len(rows) + len(streams) // len(STREAM_SIZES), total)
    machine = {"device": describe_device(chosen), "torch": torch.__version__, **ceilings}
    return {"machine": machine, "rows": rows, "streams": streams}


@dataclass(frozen=True)
class Head:
    """Some evenly spaced slices of the digital head.

    Attributes:
        shape: of the head: slices, rows, columns.
        sources: MR and PET in [0, 1], (measured slices, rows, columns) each.
        occupied: where there is any of them, of the same shape.
    """

    shape: tuple[int, int, int]
    sources: Sequence[np.ndarray]
    occupied: np.ndarray

    @property
    def scale(self) -> float:
        """Slices of the head for each that is measured."""
        return self.shape[0] / len(self.occupied)


def head_slices(shape: tuple[int, int, int], count: int) -> Head:
    """Evenly spaced slices of a digital head.

    Args:
        shape: of the head: slices, rows, columns.
        count: of the slices that are taken.
    """
    from ..phantom.head import make_phantom
    from ..sources.prepare import prepare

    head = make_phantom(shape)
    sources = prepare([head.t1, head.pet], ["mr", "pet"])
    chosen = ((np.arange(count) + 0.5) * shape[0] / count).astype(int)
    return Head(shape, [a[chosen] for a in sources.scaled], ~sources.background[chosen])


def _row(
    method: type[FusionMethod],
    kind: str,
    head: Head,
    device: torch.device,
    repeats: int,
    ceilings: Mapping[str, float],
) -> dict[str, Any]:
    """What the benchmark says of a method and a kind of contributions."""
    module, trained = load_any(method)
    module = module.to(device)
    plain = module.as_published()
    maps = None if kind == "fused" else kind
    loop, engine = _take_turns(plain, module, maps, head, device, repeats)
    ratios = [slow / fast for slow, fast in zip(loop.seconds, engine.seconds, strict=True)]
    seconds = statistics.median(engine.seconds)
    one = [source[:1] for source in head.sources]
    flops, traffic = count_work(plain, one, maps, device)
    floor = max(flops / ceilings["flop_per_s"], traffic / ceilings["bytes_per_s"]) * head.shape[0]
    return {
        "network": method.name,
        "kind": kind,
        "size": "x".join(map(str, head.shape[::-1])),
        "device": device.type,
        "precision": engine.precision,
        "trained": trained,
        "measured_slices": len(head.occupied),
        "seconds": seconds,
        "slices_per_s": head.shape[0] / seconds,
        "loop_seconds": statistics.median(loop.seconds),
        "ratio": statistics.median(ratios),
        "ratio_low": min(ratios),
        "ratio_high": max(ratios),
        "setup_seconds": engine.setup,
        "peak_memory_bytes": engine.peak,
        "loop_peak_memory_bytes": loop.peak,
        "gflop_per_slice": flops / 1e9,
        "floor_seconds": floor or None,
    }


@dataclass
class _Times:
    """Seconds for a whole head, one of each repeat; peak of the memory in bytes, of the last.

    Of the engine also what it did once for the volume, in seconds, and in which precision it ran.
    """

    seconds: list[float] = field(default_factory=list)
    peak: int = 0
    setup: float = 0.0
    precision: str = ""


def _take_turns(
    plain: FusionMethod,
    module: FusionMethod,
    maps: str | None,
    head: Head,
    device: torch.device,
    repeats: int,
) -> tuple[_Times, _Times]:
    """The times of the published loop and of the engine, in turns."""
    rounds = min(ENGINE_ROUNDS, int(head.scale))
    first, second, occupied = (
        np.tile(part, (rounds, 1, 1)) for part in (*head.sources, head.occupied)
    )
    slow, fast = _Times(), _Times()

    def engine() -> None:
        result = run_slices(
            module,
            [first, second],
            contributions=maps,
            device=device,
            precision="auto",
            occupied=occupied,
        )
        fast.setup, fast.precision = result.setup_seconds, result.precision

    def loop() -> None:
        published_loop(plain, head.sources, maps, device)

    published_loop(plain, [source[:1] for source in head.sources], maps, device)  # warm
    engine()
    for _ in range(repeats):
        seconds, slow.peak = _measure(loop, device)
        slow.seconds.append(seconds * head.scale)
        seconds, fast.peak = _measure(engine, device)
        fast.seconds.append(fast.setup + (seconds - fast.setup) * head.scale / rounds)
    return slow, fast


def published_loop(
    module: FusionMethod, sources: Sequence[np.ndarray], kind: str | None, device: torch.device
) -> list[np.ndarray]:
    """Slice by slice in float32, whole slices, the network as it was trained.

    So do the programs of the publications; `gradient` is their one forward and one reverse pass.
    `share` is no publication's: three forward passes of the whole network, and F(0, 0) once.

    Args:
        module: from `FusionMethod.as_published`, on the device.
        sources: arrays (slices, rows, columns).
        kind: "gradient", "share" or None.
        device: where to compute.
    """
    found, black = [], None
    with full_precision():
        for number in range(len(sources[0])):
            pair = [torch.from_numpy(s[number].copy())[None, None].to(device) for s in sources]
            if kind == "gradient":
                parts = maps_of.gradient(module, *pair)
            else:
                with torch.inference_mode():
                    if kind and black is None:
                        black = maps_of.black(module, *pair)
                    # module.forward has no branches to share: three whole passes
                    parts = (
                        maps_of.share(module.forward, *pair, baseline=black)
                        if kind
                        else (module(*pair), ())
                    )
            found = [part.cpu().numpy() for part in (parts[0], *parts[1])]
    return found


def load_any(method: type[FusionMethod]) -> tuple[FusionMethod, bool]:
    """The method with the first weights there are; untrained where there are none."""
    from ..methods.weights import load_method, weights_path
    from ..sources.modalities import PAIRS

    for pair in ("pet-mr", *PAIRS):
        if method.kind == "classical" or weights_path(method.name, pair).is_file():
            return load_method(method.name, pair), True
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return method().eval(), False


# Measuring --------------------------------------------------------------------------------------


def _measure(run: Callable[[], Any], device: torch.device) -> tuple[float, int]:
    """Seconds, and the peak of the memory beyond what was there before, in bytes."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.synchronize(device)
        start = time.perf_counter()
        run()
        torch.cuda.synchronize(device)
        seconds = time.perf_counter() - start
        return seconds, torch.cuda.max_memory_allocated(device) - before
    with _ResidentPeak() as peak:
        start = time.perf_counter()
        run()
        seconds = time.perf_counter() - start
    return seconds, peak.bytes


class _ResidentPeak:
    """Watches how far the process's memory grows; 0 where the system does not tell (no Linux)."""

    STATUS = Path("/proc/self/statm")

    def __enter__(self) -> _ResidentPeak:
        with contextlib.suppress(OSError, AttributeError):  # else freed memory hides growth
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        self.bytes, self._before, self._stop = 0, self._resident(), threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._stop.wait(0.005):
            self.bytes = max(self.bytes, self._resident() - self._before)

    def _resident(self) -> int:
        try:
            import resource

            return int(self.STATUS.read_text().split()[1]) * resource.getpagesize()
        except (OSError, ImportError):
            return 0


def measure_ceilings(device: torch.device, side: int = 2048) -> dict[str, float]:
    """What the device can do at most, in float32.

    FLOP/s: the better of a matrix product and a 3x3 convolution between 64 channels, for
    libraries are not equally good at both. Bytes/s: a copy.
    """
    with full_precision(), torch.inference_mode():
        square = torch.rand(side, side, device=device)
        product = 2 * side**3 / _best(lambda: square @ square, device)
        image = torch.rand(1, 64, side // 16, side // 16, device=device)
        image = image.contiguous(memory_format=torch.channels_last)
        weight = torch.rand(64, 64, 3, 3, device=device)
        work = 2 * weight.numel() * (side // 16) ** 2
        flops = max(product, work / _best(lambda: F.conv2d(image, weight, padding=1), device))
        block = torch.rand(8 * side * side, device=device)
        target = torch.empty_like(block)
        traffic = 2 * block.nbytes / _best(lambda: target.copy_(block), device)
    return {"flop_per_s": flops, "bytes_per_s": traffic}


def _best(run: Callable[[], Any], device: torch.device, repeats: int = 5) -> float:
    return min(_measure(run, device)[0] for _ in range(repeats + 1))


def count_work(
    module: FusionMethod, sources: Sequence[np.ndarray], kind: str | None, device: torch.device
) -> tuple[float, float]:
    """FLOP of products and convolutions, and bytes at least moved, for whole slices.

    One forward pass is counted; shares take three (F(0, 0) is there already), and the reverse
    pass for the sources alone multiplies as much as the forward pass. Bytes: each layer reads its
    inputs and writes its output once, in float32, and the reverse pass does so twice.
    """
    moved = 0

    def count(_: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        nonlocal moved
        tensors = [x for x in (*inputs, output) if isinstance(x, torch.Tensor)]
        moved += sum(x.nbytes for x in tensors)

    hooks = [m.register_forward_hook(count) for m in module.modules() if not list(m.children())]
    try:
        with FlopCounterMode(display=False) as counter:
            published_loop(module, sources, None, device)
    finally:
        for hook in hooks:
            hook.remove()
    passes = {None: (1, 1), "gradient": (2, 3), "share": (3, 3)}[kind]
    return counter.get_total_flops() * passes[0], moved * passes[1]


def _stream(
    method: type[FusionMethod], size: int, device: torch.device, pairs: int
) -> dict[str, Any]:
    """Latency of single pairs of slices, from arrays to an array."""
    module, trained = load_any(method)
    rng = np.random.default_rng(0)
    sources = rng.random((2, size, size), np.float32)
    found = []
    with contextlib.closing(Stream(module, device, precision="auto")) as stream:
        for _ in range(3):
            stream.fuse_slice(*sources)
        for _ in range(pairs):
            start = time.perf_counter()
            stream.fuse_slice(*sources)
            found.append(time.perf_counter() - start)
    return {
        "network": method.name,
        "size": f"{size}x{size}",
        "device": device.type,
        "precision": stream.precision,
        "trained": trained,
        "pairs": pairs,
        "median_ms": 1e3 * float(np.median(found)),
        "p99_ms": 1e3 * float(np.percentile(found, 99)),
        "pairs_per_s": pairs / sum(found),
    }
