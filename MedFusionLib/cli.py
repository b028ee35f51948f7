"""The command line: it reads words, calls the library, and shows progress. No science here."""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from . import __version__
from .colormaps import COLORMAPS
from .colour import MODES
from .errors import MedFusionError
from .fusion import KINDS
from .methods import PAIRS
from .volumes import AXES

if TYPE_CHECKING:
    from .evaluation import Scores
    from .fusion import Fusion
    from .intensities import Window
    from .volumes import Volume

app = typer.Typer(
    help="Fuse registered MR and CT, PET or SPECT volumes. Research software, not a medical "
    "device.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console()
err = Console(stderr=True)
DEMO_SHAPE = (96, 192, 192)

Pair = StrEnum("Pair", {name: name for name in PAIRS})
Split = StrEnum("Split", {name: name for name in ("train", "test", "all")})
Axis = StrEnum("Axis", {name: name for name in (*AXES, "native")})
Kind = StrEnum("Kind", {name: name for name in KINDS})
Mode = StrEnum("Mode", {name: name for name in MODES})
Colormap = StrEnum("Colormap", {name: name for name in COLORMAPS})


def main() -> None:
    """Run the command line; bad input ends it with code 2 and one sentence on stderr."""
    try:
        sys.exit(app(args=sys.argv[1:] or ["--help"], standalone_mode=False))
    except MedFusionError as error:
        message = str(error)
    except typer.Abort:
        err.print("Cancelled.")
        sys.exit(130)
    except Exception as error:
        if not hasattr(error, "format_message"):  # not Typer's word on the arguments
            raise
        words = " ".join(error.format_message().split()).rstrip(".")
        message = f"{words}; 'medfusion --help' says more."
    err.print(f"Error: {message}", style="red", highlight=False, soft_wrap=True, markup=False)
    sys.exit(2)


class _Rate(ProgressColumn):
    """Slices or steps in a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


@contextlib.contextmanager
def _bar(text: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar; yields a function to call with (done, all)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        _Rate(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"medfusion {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    pass


@app.command()
def fuse(
    first: Annotated[Path, typer.Argument(help="The MR; its grid is the result's.")],
    second: Annotated[Path, typer.Argument(help="The CT, PET or SPECT, on any grid.")],
    pair: Annotated[Pair, typer.Option(help="What is fused.")],
    out_: Annotated[Path, typer.Option("--out", help="Folder for the results.")],
    third: Annotated[Path | None, typer.Option(help="A further volume to fuse in.")] = None,
    third_is: Annotated[
        str | None, typer.Option(help="Modality of the third volume: ct, pet or spect.")
    ] = None,
    network: Annotated[str, typer.Option(help="See 'medfusion networks --all'.")] = "funfusean",
    axis: Annotated[Axis, typer.Option(help="Of the slices.")] = Axis.axial,
    contributions: Annotated[
        Kind | None,
        typer.Option(help="Default: share for the colour mode fused, gradient for paper."),
    ] = None,
    colour: Annotated[Mode, typer.Option(help="Colour mode.")] = Mode.fused,
    omega: Annotated[float, typer.Option(help="Saturation of the colours, 0 to 1.")] = 0.6,
    colormap: Annotated[Colormap, typer.Option(help="Of the mode paper.")] = Colormap.jet,
    steps: Annotated[int, typer.Option(help="Refine the shares by so many steps.")] = 1,
    samples: Annotated[int, typer.Option(help="Average gradients over noisy copies.")] = 1,
    first_window: Annotated[
        str | None, typer.Option(help="LOWER,UPPER of the MR, in its own units.")
    ] = None,
    second_window: Annotated[
        str | None, typer.Option(help="LOWER,UPPER of the second volume (HU for CT).")
    ] = None,
    third_window: Annotated[
        str | None, typer.Option(help="LOWER,UPPER of the third volume.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    batch: Annotated[int | None, typer.Option(help="Slices at once.")] = None,
    memory: Annotated[float | None, typer.Option(help="GB that a batch may take.")] = None,
    precision: Annotated[
        str, typer.Option(help="float32, or auto: faster where a check finds it safe.")
    ] = "auto",
    scene: Annotated[bool, typer.Option("--scene", help="Write a Slicer scene, too.")] = False,
) -> None:
    """Fuse two registered volumes, and say what each contributed."""
    from .colour import Coding
    from .files import read_volume

    if scene:
        from .scene import check_slicer

        check_slicer()
    coding = Coding(str(colour), omega, str(colormap))
    windows = [_window(text) for text in (first_window, second_window, third_window)]
    files = [first, second, *([third] if third else [])]
    volumes = [read_volume(path) for path in files]
    fusion = _fuse_into(
        out_,
        files,
        volumes,
        scene,
        pair=str(pair),
        third_modality=third_is,
        network=network,
        axis=str(axis),
        contributions=str(contributions) if contributions else None,
        coding=coding,
        steps=steps,
        samples=samples,
        windows=windows[: len(files)],
        device=device,
        batch=batch,
        memory=int(memory * 1e9) if memory is not None else None,
        precision=precision,
    )
    _show_result(out_, fusion)


def _window(text: str | None) -> Window | None:
    from .intensities import Window

    if text is None:
        return None
    try:
        lower, upper = map(float, text.split(","))
    except ValueError:
        raise MedFusionError(
            f"The window '{text}' is not LOWER,UPPER; give two numbers such as -20,130."
        ) from None
    return Window(lower, upper)


def _fuse_into(
    folder: Path,
    files: list[Path] | None,
    volumes: list[Volume],
    scene: bool,
    focus: tuple[float, float, float] | None = None,
    **settings: Any,
) -> Fusion:
    """Fuse, and write everything into a folder at once."""
    from .files import whole_folder
    from .fusion import fuse as run
    from .results import write_results

    third = volumes[2] if len(volumes) > 2 else None
    with whole_folder(folder) as temporary:
        with _bar("Fusing", "slices") as progress:
            fusion = run(volumes[0], volumes[1], third=third, progress=progress, **settings)
        write_results(fusion, temporary, files=files, focus=focus)
        if scene:
            from .scene import write_scene

            write_scene(fusion, volumes, temporary / "scene.mrb")
    return fusion


def _show_result(folder: Path, fusion: Fusion) -> None:
    for warning in fusion.warnings:
        err.print(f"Warning: {warning}", style="yellow", highlight=False, markup=False)
    report = fusion.report
    out.print(f"{report['network']} on {report['device']}, {report['seconds']} s")
    if report["share_sum_error"] is not None:
        error = report["share_sum_error"]
        out.print(f"Largest error of the shares' sum in a voxel: {error:.1e}")
    out.print(f"Results: {folder}", soft_wrap=True)
    out.print(report["notice"], style="dim")


@app.command()
def demo(
    out_: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("demo"),
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
) -> None:
    """Fuse a digital head: MR with PET, and MR with CT. No data needed."""
    from .files import write_volume
    from .phantom import make_phantom

    head = make_phantom(DEMO_SHAPE)
    folder = out_ / "phantom"
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name in ("t1", "t2", "ct", "pet"):
        files[name] = folder / f"{name}.nrrd"
        write_volume(getattr(head, name), files[name])
    for pair, names, planted in (
        ("pet-mr", ("t1", "pet"), "lesion"),
        ("ct-mr", ("t2", "ct"), "calcification"),
    ):
        volumes = [getattr(head, name) for name in names]
        target = out_ / pair
        fusion = _fuse_into(
            target,
            [files[name] for name in names],
            volumes,
            False,
            focus=head.centre(planted),
            pair=pair,
            device=device,
        )
        _show_result(target, fusion)
        out.print(f"Picture: {target / 'preview.png'}", soft_wrap=True)


@app.command()
def train(
    network: Annotated[str, typer.Argument(help="Name of the network, such as funfusean.")],
    pair: Annotated[Pair, typer.Option(help="What is fused.")],
    data: Annotated[Path, typer.Option(help="Folder with the registered pairs.")],
    out_: Annotated[Path, typer.Option("--out", help="Weights file to write, .safetensors.")],
    steps: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    recipe: Annotated[Path | None, typer.Option(help="A recipe of your own (TOML).")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint.")] = False,
) -> None:
    """Train a network on registered pairs, and write its weights with their card."""
    from .training import train as run

    with _bar(f"Training {network}, {pair}", "steps") as progress:
        card = run(
            network,
            pair,
            data,
            out_,
            steps=steps,
            device=device,
            recipe=recipe,
            resume=resume,
            progress=progress,
        )
    table = Table("held out", "SSIM first", "SSIM second", "Q^AB/F", title=str(out_))
    scores = card["held_out"] if isinstance(card["held_out"], dict) else card["validation"]
    for name in ("network", "average"):
        row = scores[name]
        table.add_row(name, *(f"{row[key]:.3f}" for key in ("ssim_first", "ssim_second", "q_abf")))
    out.print(table)
    out.print(f"Loss curves and checkpoints: {out_.with_suffix('.training')}")


@app.command()
def networks(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Classical methods too.")] = False,
) -> None:
    """List the networks: name, pairs, parameters, weights and paper."""
    from .methods import all_methods
    from .weights import check_weights, parameter_count, weights_path

    rows = []
    for method in all_methods(None if everything else "network"):
        weights = {}
        for pair in PAIRS:
            path = weights_path(method.name, pair)
            if method.kind == "network" and path.is_file():
                weights[pair] = check_weights(path)["sha256"]
        rows.append(
            {
                "name": method.name,
                "title": method.title,
                "kind": method.kind,
                "summary": method.summary,
                "pairs": list(weights) if method.kind == "network" else list(PAIRS),
                "parameters": parameter_count(method),
                "weights": weights,
                "paper": method.citation,
                "choices": method.choices,
                "gradient_note": method.gradient_note,
            }
        )
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    table = Table("name", "pairs", "parameters", "weights (SHA-256)", "paper")
    for row in rows:
        paper = row["paper"] + (f"\nNote: {row['gradient_note']}" if row["gradient_note"] else "")
        digests = "\n".join(f"{pair} {digest[:12]}" for pair, digest in row["weights"].items())
        pairs = ", ".join(row["pairs"]) or "none trained"
        table.add_row(row["name"], pairs, f"{row['parameters']:,}", digests or "none", paper)
    out.print(table)


@app.command()
def gallery(
    out_: Annotated[Path, typer.Option("--out", help="Folder for the page.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of pairs; default: the digital head.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Classical methods too.")] = False,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
) -> None:
    """Make a page with every network and pair on a fixed slice."""
    from .files import whole_folder
    from .gallery import write_gallery

    with whole_folder(out_) as temporary, _bar("Drawing", "rows") as progress:
        write_gallery(temporary, data, everything, device, progress)
    out.print(f"Page: {out_ / 'index.html'}", soft_wrap=True)


@app.command()
def evaluate(
    out_: Annotated[Path, typer.Option("--out", help="Folder for tables and pictures.")],
    data: Annotated[Path | None, typer.Option(help="Folder with the registered pairs.")] = None,
    pair: Annotated[
        Pair | None, typer.Option(help="What is fused; with --phantom default: both it shows.")
    ] = None,
    split: Annotated[Split, typer.Option(help="Of the pairs.")] = Split.test,
    methods: Annotated[
        str, typer.Option(help="all, or names with commas between; average and maximum are added.")
    ] = "all",
    metrics: Annotated[
        str, typer.Option(help="all, fast (without FMI and SL), or names with commas between.")
    ] = "all",
    slow_slices: Annotated[
        int, typer.Option(help="Slices of a case, evenly spaced, for FMI and SL.")
    ] = 6,
    fused: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder of fused images made elsewhere, to score beside ours: CASE.nrrd (.nii, "
            ".nii.gz, .mha) on the MR's grid, or grey slices CASE-000.png or CASE/000.png, "
            "numbered from 0 as the MR is stored. May be given again."
        ),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="Of each --fused folder, in the tables.")
    ] = None,
    phantom: Annotated[
        bool, typer.Option("--phantom", help="Digital heads, whose truth is known; needs no data.")
    ] = False,
    heads: Annotated[int, typer.Option(help="Number of digital heads.")] = 3,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
) -> None:
    """Score the methods, and fused images made elsewhere, on pairs or on digital heads."""
    from .evaluation import choose_contenders, choose_names, find_foreign
    from .evaluation import evaluate as run
    from .files import whole_folder

    if phantom:
        if data or fused:
            raise MedFusionError("Give --phantom alone, without --data and --fused.")
        _evaluate_phantom(out_, pair, methods, heads, device)
        return
    if data is None or pair is None:
        raise MedFusionError("Give --data and --pair, or --phantom.")
    from .datasets import find_cases

    names = choose_names(metrics)
    cases = find_cases(data, str(pair), None if split == "all" else str(split))
    contenders, notes = choose_contenders(methods, str(pair))
    contenders += find_foreign(fused or [], name or [], cases, contenders)
    with whole_folder(out_) as temporary:
        with _bar("Scoring", "slices") as progress:
            scores = run(
                cases,
                contenders,
                names,
                slow_slices=slow_slices,
                device=device,
                notes=notes,
                progress=progress,
            )
        _write_scores(scores, temporary, f"{pair}, {split} split", out_)


def _evaluate_phantom(
    folder: Path, pair: Pair | None, methods: str, heads: int, device: str
) -> None:
    from .evaluation import choose_contenders
    from .evaluation_phantom import PAIRS as SHOWN
    from .evaluation_phantom import evaluate_phantom
    from .files import whole_folder

    found = {}
    for one in [str(pair)] if pair else SHOWN:
        contenders, notes = choose_contenders(methods, one)
        with _bar(f"Scoring {one}", "fusions") as progress:
            found[one] = evaluate_phantom(
                one, contenders, heads=heads, device=device, notes=notes, progress=progress
            )
    for one, scores in found.items():
        with whole_folder(folder / one) as temporary:
            _write_scores(scores, temporary, f"digital head, {one}", folder / one)


def _write_scores(scores: Scores, temporary: Path, title: str, folder: Path) -> None:
    """Write the tables, and show the means."""
    from .evaluation_report import cells_of, write_evaluation

    rows = write_evaluation(scores, temporary, title)
    cells = cells_of(scores, rows)
    for start in range(1, len(scores.methods) + 1, 5):  # as many as fit a terminal
        here = slice(start, start + 5)
        names = scores.methods[start - 1 : start + 4]
        table = Table("", *names, title=f"{title}: mean (rank)")
        for line in cells:
            table.add_row(line[0], *(cell.replace("**", "") for cell in line[here]))
        out.print(table)
    for note in scores.notes:
        out.print(note, style="dim", highlight=False, markup=False)
    out.print(f"Tables and pictures: {folder}", soft_wrap=True)


@app.command()
def benchmark(
    network: Annotated[
        list[str] | None, typer.Option(help="May be given again; default: every network.")
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
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    slices: Annotated[
        int | None,
        typer.Option(min=1, help="Measured, and scaled to all; default: few on a CPU, else all."),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Of each measurement.")] = 3,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the CPU.")] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="File for the numbers.")] = None,
) -> None:
    """Time the networks on the digital head, beside the publications' slice-by-slice loop."""
    import torch

    from .benchmark import KINDS as kinds
    from .benchmark import SHAPES as shapes
    from .benchmark import benchmark as run
    from .benchmark import parse_size

    if threads:
        torch.set_num_threads(threads)
    shapes = [parse_size(text) for text in size] if size else shapes
    with _bar("Measuring", "rows") as progress:
        report = run(
            network,
            shapes,
            kind or kinds,
            device=device,
            slices=slices,
            repeats=repeats,
            progress=progress,
        )
    if json_:
        json_.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    machine, rows = report["machine"], report["rows"]
    heads = ("network", "kind", "in", "s", "1/s", "loop s", "ratio", "from-to", "floor s", "MB")
    for size, group in itertools.groupby(rows, lambda row: row["size"]):
        group = list(group)
        measured = f"{group[0]['measured_slices']} of {size.split('x')[2]} slices measured"
        title = f"{size} on {machine['device']}, {measured}"
        table = Table(*heads, title=title, box=SIMPLE, padding=0, pad_edge=False, show_edge=False)
        for row in group:
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
        out.print(table)
    stream = Table(
        "network", "pair", "median, ms", "99th percentile, ms", "pairs/s", title="Stream"
    )
    for row in report["streams"]:
        times = (f"{row[key]:.1f}" for key in ("median_ms", "p99_ms", "pairs_per_s"))
        stream.add_row(row["network"], row["size"], *times)
    out.print(stream)
    out.print(
        "Seconds for the head, slices per second. *: untrained. Measured slices are scaled to all; "
        "loop: whole slices in float32, one by one, as the publications do, in the same run. "
        "Ceilings of the device: "
        f"{machine['flop_per_s'] / 1e9:.0f} GFLOP/s, {machine['bytes_per_s'] / 1e9:.0f} GB/s.",
        highlight=False,
    )
