"""Slices through a method, in batches, with what each source contributed.

The result does not depend on the batch: slices do not know of each other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from . import contributions as maps_of
from .errors import Cancelled

#: rough number of float32 feature maps that a network keeps alive for a slice
FEATURE_MAPS = 600
CPU_PIXELS = 256 * 256  # more at once is slower on a CPU: it touches fresh memory


@dataclass(eq=False)
class Slices:
    """What came out, as arrays (slices, rows, columns), float32.

    Attributes:
        fused: the fused slices.
        contributions: a map for each source; empty if none were asked for.
        baseline: F(0, 0) of a slice, (rows, columns); None unless shares were asked for.
        device: where it was computed.
        batch: slices at once, in the end.
        warnings: sentences for the user.
    """

    fused: np.ndarray
    contributions: tuple[np.ndarray, ...]
    baseline: np.ndarray | None
    device: torch.device
    batch: int
    warnings: list[str] = field(default_factory=list)


def run_slices(
    method: nn.Module,
    sources: Sequence[np.ndarray],
    *,
    kind: str | None = None,
    steps: int = 1,
    samples: int = 1,
    device: torch.device | None = None,
    batch: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Slices:
    """Fuse a stack of slices.

    Out of memory on a GPU, the batch is halved; when a single slice does not fit, the rest runs
    on the CPU, with a warning.

    Args:
        method: in evaluation mode; (N, 1, H, W) batches in [0, 1] to a fused batch.
        sources: an array (slices, rows, columns) in [0, 1] for each source.
        kind: "gradient", "share" or None for the fused slices alone.
        steps: of the shares, see `contributions.share`.
        samples: of the gradients, see `contributions.gradient`.
        device: where to compute; default: the CPU.
        batch: slices at once; default: by the memory there is.
        progress: called with (slices done, all slices) after each batch.
        cancelled: asked before each batch.

    Returns:
        The fused slices and their contributions.

    Raises:
        Cancelled: the cancel flag was set.

    Example:
        >>> from MedFusionLib.methods import get_method
        >>> one = np.ones((3, 8, 8), np.float32)
        >>> run_slices(get_method("average").build(), [one, 0 * one]).fused.mean()
        np.float32(0.5)
    """
    device = device or torch.device("cpu")
    count, *size = sources[0].shape
    batch = batch or batch_size(device, *size)
    result = Slices(
        np.empty(sources[0].shape, np.float32),
        tuple(np.empty(sources[0].shape, np.float32) for _ in sources if kind),
        None,
        device,
        batch,
    )
    method = method.to(device)
    start = 0
    with full_precision():
        while start < count:
            if cancelled and cancelled():
                raise Cancelled
            stop = min(start + result.batch, count)
            try:
                _run_batch(method, sources, slice(start, stop), kind, steps, samples, result)
            except torch.OutOfMemoryError:
                if result.device.type == "cpu":
                    raise
                torch.cuda.empty_cache()
                if result.batch > 1:
                    result.batch = max(1, result.batch // 2)
                else:
                    result.warnings.append(
                        f"The memory of the {result.device.type} device is too small for one "
                        "slice; the CPU went on instead."
                    )
                    result.device = torch.device("cpu")
                    result.batch = batch_size(result.device, *size)
                    method = method.to(result.device)
                continue
            start = stop
            if progress:
                progress(start, count)
    return result


def _run_batch(method, sources, where, kind, steps, samples, result: Slices) -> None:
    batch = [
        torch.from_numpy(np.ascontiguousarray(source[where], np.float32)[:, None]).to(result.device)
        for source in sources
    ]
    maps: tuple[torch.Tensor, ...] = ()
    if kind == "gradient":
        fused, maps = maps_of.gradient(method, *batch, samples=samples)
    else:
        with torch.inference_mode():
            if kind == "share":
                if result.baseline is None:
                    result.baseline = maps_of.black(method, *batch)[0, 0].cpu().numpy()
                black = torch.from_numpy(result.baseline).to(result.device)
                fused, maps = maps_of.share(method, *batch, steps=steps, baseline=black)
            else:
                fused = method(*batch)
    result.fused[where] = fused[:, 0].cpu().numpy()
    for target, part in zip(result.contributions, maps, strict=True):
        target[where] = part[:, 0].cpu().numpy()


def batch_size(device: torch.device, rows: int, columns: int) -> int:
    """How many slices of a size to take at once: by the free memory of a GPU; few on a CPU."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(np.clip(free * 0.6 // (4 * FEATURE_MAPS * rows * columns), 1, 64))
    if device.type == "mps":
        return 4
    return max(1, CPU_PIXELS // (rows * columns))


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Within, float32 is float32: no TF32 in convolutions and products."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
