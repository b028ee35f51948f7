"""How long a pair of slices takes with each method, beside the seconds that publications print."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..inference.devices import choose_device, describe_device
from ..inference.slices import full_precision
from ..methods.registry import all_methods, get_method
from .engine import head_slices, load_any

#: Seconds for a pair of 256 x 256 pixels: Kumar et al. 2019, table 1, a hundredth of what 100 pairs
#: took, in MATLAB but for the last one, which ran on a GTX 1080 Ti
PUBLISHED = {
    "gff": 0.1343,
    "nsct-pcdc": 2.2107,
    "lp-sr": 0.7569,
    "nsct-rpcnn-2012": 7.7531,
    "nsst-papcnn": 5.2136,
    "lp-cnn": 4.8173,
    "funfusean": 0.0037,
}


def time_pairs(
    methods: Sequence[str] | None = None,
    *,
    device: str = "auto",
    repeats: int = 5,
    side: int = 256,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Time each method on the middle slices of the digital head, MR and PET, in float32.

    Args:
        methods: names; default: all.
        device: "auto", "cuda", "mps" or "cpu".
        repeats: of each measurement, after one that does not count.
        side: of the slices, in pixels.
        progress: called with (methods done, all methods).

    Returns:
        "machine" (device, threads, torch) and "pairs", ready for JSON; each of these has method,
        kind, trained, seconds (the median), fastest, cpu_seconds (the least, of all threads of this
        process: steady where others use the machine, too), published_seconds and times_faster (both
        None where no publication says, or for another side than 256).
    """
    chosen = choose_device(device)
    wanted = [get_method(name) for name in methods] if methods else all_methods()
    head = head_slices((max(16, side // 4), side, side), 1)
    pair = [torch.from_numpy(source.copy())[:, None].to(chosen) for source in head.sources]
    rows = []
    for method in wanted:
        module, trained = load_any(method)
        module = module.to(chosen)
        times, work = [], []
        with full_precision(), torch.inference_mode():
            for _ in range(repeats + 1):
                started, worked = time.perf_counter(), time.process_time()
                module(*pair).cpu()  # waits for the device
                times.append(time.perf_counter() - started)
                work.append(time.process_time() - worked)
        seconds = statistics.median(times[1:])
        published = PUBLISHED.get(method.name) if side == 256 else None
        rows.append(
            {
                "method": method.name,
                "kind": method.kind,
                "trained": trained,
                "seconds": seconds,
                "fastest": min(times[1:]),
                "cpu_seconds": min(work[1:]),
                "published_seconds": published,
                "times_faster": published / seconds if published else None,
            }
        )
        if progress:
            progress(len(rows), len(wanted))
    machine = {
        "device": describe_device(chosen),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    return {"machine": machine, "side": side, "pairs": rows}
