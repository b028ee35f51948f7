"""All that waits for a GPU, in one go: tests, benchmark, training queue.

    make gpu [DATA=folder with registered pairs]
    python tools/on_gpu.py --data DATA [--only benchmark] [--rehearse]

Each step is a command of its own: one that fails does not stop the others, and what could not be
done is said at the end. The numbers go into gpu-benchmark.json and gpu-pairs.json in docs/evidence,
trained weights into runs/gpu, where the next call goes on from the last checkpoint. --rehearse does
every step on the processor in miniature, in a folder of its own: so the script itself is tried.

It has not been run on a GPU yet.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SIZES = ("256x256x192", "512x512x300")
STEPS = ("tests", "benchmark", "pairs", "training")


@dataclass(frozen=True)
class Job:
    """A command, what it is called, and a file with numbers that it leaves."""

    name: str
    words: list[str]
    numbers: Path | None = None


@dataclass(frozen=True)
class Plan:
    """What is done where."""

    data: Path
    docs: Path
    runs: Path
    rehearse: bool

    @property
    def device(self) -> str:
        return "cpu" if self.rehearse else "cuda"


def main() -> int:
    """Run what was asked for; the exit code is 0 where all of it could be done."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) if asked.rehearse else ROOT
        plan = Plan(asked.data, home / "docs" / "evidence", home / "runs" / "gpu", asked.rehearse)
        missing = [] if asked.rehearse else _without_gpu()
        if not missing:
            for step in asked.only or STEPS:
                missing += _STEPS[step](plan)
    for sentence in missing:
        print(f"Could not do: {sentence}")
    print("Everything was done." if not missing else f"{len(missing)} could not be done.")
    return 1 if missing else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "aanlib")
    parser.add_argument("--only", action="append", choices=STEPS)
    parser.add_argument("--rehearse", action="store_true")
    return parser.parse_args()


def _without_gpu() -> list[str]:
    import torch

    if torch.cuda.is_available():
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
        return []
    return ["anything: torch sees no CUDA device here (torch.cuda.is_available() is False)."]


# Steps ------------------------------------------------------------------------------------------


def tests(plan: Plan) -> list[str]:
    """Those that need a GPU, and those of what runs on it."""
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "Testing/test_gpu.py"]
    if not plan.rehearse:
        words += ["Testing/inference", "Testing/methods"]
    return _run(Job("tests", words))


def benchmark(plan: Plan) -> list[str]:
    """Both sizes, all contributions, all methods; a method at a time."""
    sizes = ("32x32x16",) if plan.rehearse else SIZES

    def jobs(folder: Path) -> Iterator[Job]:
        for name in _methods(plan):
            for size in sizes:
                numbers = folder / f"{name}-{size}.json"
                words = ["-m", "MedFusionLib.cli", "benchmark", "--network", name, "--size", size]
                words += ["--device", plan.device, "--json", str(numbers)]
                yield Job(f"benchmark of {name} at {size}", words, numbers)

    def join(reports: list[dict[str, Any]]) -> dict[str, Any]:
        rows = [row for report in reports for row in report["rows"]]
        streams = {
            (row["network"], row["size"]): row for report in reports for row in report["streams"]
        }
        machine = reports[0]["machine"]
        return {"machine": machine, "rows": rows, "streams": list(streams.values())}

    return _collect(jobs, join, plan.docs / "gpu-benchmark.json")


def pairs(plan: Plan) -> list[str]:
    """Every method on a pair of 256 x 256 pixels."""

    def jobs(folder: Path) -> Iterator[Job]:
        for name in _methods(plan):
            numbers = folder / f"{name}.json"
            words = ["-m", "MedFusionLib.cli", "benchmark", "--pair-times", "--network", name]
            words += ["--device", plan.device, "--json", str(numbers)]
            yield Job(f"pair times of {name}", words, numbers)

    def join(reports: list[dict[str, Any]]) -> dict[str, Any]:
        return {**reports[0], "pairs": [row for report in reports for row in report["pairs"]]}

    return _collect(jobs, join, plan.docs / "gpu-pairs.json")


def training(plan: Plan) -> list[str]:
    """Every network that has weights here, for the pairs that it has them for."""
    if not plan.data.is_dir():
        return [f"training: there is no folder {plan.data} with registered pairs; give --data."]
    missing = []
    queue = _queue()
    for network, pair in queue[:1] if plan.rehearse else queue:
        out = plan.runs / f"{network}-{pair}.safetensors"
        out.parent.mkdir(parents=True, exist_ok=True)
        words = ["-m", "MedFusionLib.cli", "train", network, "--pair", pair, "--resume"]
        words += ["--data", str(plan.data), "--out", str(out), "--device", plan.device]
        if plan.rehearse:
            words += ["--steps", "2"]
        missing += _run(Job(f"training of {network} for {pair}", words))
    return missing


_STEPS: dict[str, Callable[[Plan], list[str]]] = {
    "tests": tests,
    "benchmark": benchmark,
    "pairs": pairs,
    "training": training,
}


def _methods(plan: Plan) -> list[str]:
    from MedFusionLib.methods.registry import all_methods

    names = [method.name for method in all_methods()]
    return ["maximum"] if plan.rehearse else names


def _queue() -> list[tuple[str, str]]:
    """(network, pair) of all weights here that a recipe made."""
    from MedFusionLib.sources.modalities import PAIRS

    recipes = {path.stem for path in (ROOT / "MedFusionLib/training/recipes").glob("*.toml")}
    found = set()
    for card in (ROOT / "Resources" / "Weights").glob("*.json"):
        pair = next((pair for pair in PAIRS if card.stem.endswith(f"-{pair}")), "all")
        network = card.stem.removesuffix(f"-{pair}")
        if network in recipes:
            found.add((network, pair))
    return sorted(found)


# Running ----------------------------------------------------------------------------------------


def _collect(
    jobs: Callable[[Path], Iterator[Job]],
    join: Callable[[list[dict[str, Any]]], dict[str, Any]],
    target: Path,
) -> list[str]:
    """Run jobs, and join the numbers of those that gave some into one file."""
    missing, reports = [], []
    with tempfile.TemporaryDirectory() as folder:
        for job in jobs(Path(folder)):
            missing += _run(job)
            if job.numbers and job.numbers.is_file():
                reports.append(json.loads(job.numbers.read_text(encoding="utf-8")))
    if reports:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(join(reports), indent=1) + "\n", encoding="utf-8")
        print(f"Numbers: {target}", flush=True)
    return missing


def _run(job: Job) -> list[str]:
    """Run a job; a sentence where it failed."""
    print(f"{job.name}: python {' '.join(job.words)}", flush=True)
    began = time.monotonic()
    done = subprocess.run([sys.executable, *job.words], cwd=ROOT, check=False)
    print(f"{job.name}: {time.monotonic() - began:.0f} s, code {done.returncode}", flush=True)
    return [] if done.returncode == 0 else [f"{job.name} (it ended with code {done.returncode})."]


if __name__ == "__main__":
    sys.exit(main())
