"""medfusion benchmark"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.table import Table

from .app import app
from .options import with_groups
from .terminal import bar, err, out


@dataclass(frozen=True)
class Measuring:
    """How the time is taken."""

    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto"
    slices: Annotated[
        int | None,
        typer.Option(
            min=1, help="Slices measured, scaled to all; default: few on a CPU, else all."
        ),
    ] = None
    repeats: Annotated[int, typer.Option(min=1, help="Repeats of each measurement.")] = 3
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of the CPU.")] = None


@app.command()
@with_groups
def benchmark(
    method: Annotated[
        list[str] | None,
        typer.Option("--method", "--network", help="May be given again; default: every network."),
    ] = None,
    size: Annotated[
        list[str] | None,
        typer.Option(
            help="COLUMNSxROWSxSLICES of the head; may be given again; default: 256x256x192 and "
            "512x512x300."
        ),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="fused, gradient or share; may be given again; default: all."),
    ] = None,
    pair_times: Annotated[
        bool,
        typer.Option("--pair-times", help="One pair of 256 x 256 with every method, no volumes."),
    ] = False,
    cohort: Annotated[
        bool,
        typer.Option("--cohort", help="Time cohorts instead: heads, overhead, 10,000 studies."),
    ] = False,
    json_: Annotated[Path | None, typer.Option("--json", help="File for the numbers.")] = None,
    *,
    measuring: Measuring,
) -> None:
    """Time the networks on the digital head, beside the publications' slice-by-slice loop."""
    import torch

    if measuring.threads:
        torch.set_num_threads(measuring.threads)
    if cohort:
        report = _time_cohorts(method, size)
    elif pair_times:
        report = _time_pairs(method, measuring)
    else:
        report = _time_volumes(method, size, kind, measuring)
    if json_:
        json_.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _time_volumes(
    methods: list[str] | None,
    sizes: list[str] | None,
    kinds: list[str] | None,
    measuring: Measuring,
) -> dict[str, Any]:
    from ..benchmark.engine import KINDS, SHAPES, parse_size, run_benchmark

    shapes = [parse_size(text) for text in sizes] if sizes else SHAPES
    with bar("Measuring", "rows") as progress:
        report = run_benchmark(
            methods,
            shapes,
            kinds or KINDS,
            device=measuring.device,
            slices=measuring.slices,
            repeats=measuring.repeats,
            progress=progress,
        )
    machine = report["machine"]
    for size, rows in itertools.groupby(report["rows"], lambda row: row["size"]):
        out.print(_volume_table(size, list(rows), machine["device"]))
    out.print(_stream_table(report["streams"]))
    out.print(
        "Seconds for the head, slices per second. *: untrained. Measured slices are scaled to all; "
        "loop: whole slices in float32, one by one, as the publications do, in the same run. "
        "Ceilings of the device: "
        f"{machine['flop_per_s'] / 1e9:.0f} GFLOP/s, {machine['bytes_per_s'] / 1e9:.0f} GB/s.",
        highlight=False,
    )
    return report


def _volume_table(size: str, rows: list[dict[str, Any]], device: str) -> Table:
    heads = ("method", "kind", "in", "s", "1/s", "loop s", "ratio", "from-to", "floor s", "MB")
    measured = f"{rows[0]['measured_slices']} of {size.split('x')[2]} slices measured"
    title = f"{size} on {device}, {measured}"
    table = Table(*heads, title=title, box=SIMPLE, padding=0, pad_edge=False, show_edge=False)
    for row in rows:
        table.add_row(
            row["network"] + ("" if row["trained"] else "*"),
            row["kind"],
            row["precision"],
            f"{row['seconds']:.1f}",
            f"{row['slices_per_s']:.1f}",
            f"{row['loop_seconds']:.1f}",
            f"{row['ratio']:.2f}",
            f"{row['ratio_low']:.1f}-{row['ratio_high']:.1f}",
            f"{row['floor_seconds']:.1f}" if row["floor_seconds"] else "-",
            f"{row['peak_memory_bytes'] / 1e6:.0f}",
        )
    return table


def _stream_table(streams: Iterable[Mapping[str, Any]]) -> Table:
    heads = ("method", "pair", "median, ms", "99th percentile, ms", "pairs/s")
    table = Table(*heads, title="Stream")
    for row in streams:
        times = (f"{row[key]:.1f}" for key in ("median_ms", "p99_ms", "pairs_per_s"))
        table.add_row(row["network"], row["size"], *times)
    return table


def _time_pairs(methods: list[str] | None, measuring: Measuring) -> dict[str, Any]:
    from ..benchmark.pairs import time_pairs

    device, repeats = measuring.device, measuring.repeats
    with bar("Measuring", "methods") as progress:
        report = time_pairs(methods, device=device, repeats=repeats, progress=progress)
    machine = report["machine"]
    title = f"A pair of 256 x 256 on {machine['device']}, {machine['threads']} threads"
    heads = ("method", "median s", "fastest s", "CPU s", "published s", "times faster")
    table = Table(*heads, title=title, box=SIMPLE, padding=(0, 1), pad_edge=False, show_edge=False)
    for row in report["pairs"]:
        published = row["published_seconds"]
        table.add_row(
            row["method"] + ("" if row["trained"] else "*"),
            f"{row['seconds']:.3f}",
            f"{row['fastest']:.3f}",
            f"{row['cpu_seconds']:.3f}",
            f"{published:.3g}" if published else "-",
            f"{row['times_faster']:.1f}" if published else "-",
        )
    out.print(table)
    out.print("*: untrained. Published: Kumar et al. 2019, table 1, MATLAB (FunFuseAn: a GPU).")
    return report


def _time_cohorts(methods: list[str] | None, sizes: list[str] | None) -> dict[str, Any]:
    from ..benchmark.cohort import measure_heads, measure_sleep, simulate
    from ..benchmark.engine import parse_size
    from ..methods.registry import DEFAULT_METHOD

    shape = parse_size(sizes[0] if sizes else "192x192x96")
    with err.status("Digital heads in a loop, and on 1 and 2 workers"):
        heads = measure_heads(shape, method=methods[0] if methods else DEFAULT_METHOD)
    with err.status("Studies that sleep for 10 s"):
        sleep = measure_sleep()
    with err.status("10,000 studies that sleep for 1 s, on 100 workers"):
        many = simulate()
    table = Table("", "s", "to loop", "CPU s", "to loop", "studies/h", "start s", box=SIMPLE)
    for row in heads:
        start = f"{row['start_seconds']:.1f}" if "start_seconds" in row else "-"
        numbers = [
            text
            for kind in ("seconds", "cpu_seconds")
            for text in (f"{row[kind]:.1f}", f"{row[f'{kind}_ratio']:.2f}")
        ]
        table.add_row(row["name"], *numbers, f"{row['studies_per_hour']:.0f}", start)
    out.print(table)
    out.print(
        f"Studies of 10 s, 1 worker: overhead {sleep['overhead']:.1%}, with the start of the "
        f"cluster {sleep['overhead_with_start']:.1%}.",
        highlight=False,
    )
    out.print(
        f"{many['studies']} studies of 1 s on {many['workers']} workers: {many['seconds']:.0f} s "
        f"(ideal {many['ideal_seconds']:.0f}), {many['studies_per_second']:.0f} a second; the "
        f"scheduler computes for {many['scheduler_seconds']:.0f} s and grows by "
        f"{many['scheduler_bytes'] / 1e6:.0f} MB, the client by "
        f"{many['client_bytes'] / 1e6:.0f} MB.",
        highlight=False,
    )
    return {"heads": heads, "sleep": sleep, "many": many}
