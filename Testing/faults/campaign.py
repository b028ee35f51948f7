"""All faults, or some of them, as a table: `python Testing/faults/campaign.py --seed 1`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from faults import commands, files, folders, weights

#: name -> what runs it, how often in the whole campaign and in the short one
PARTS: dict[str, tuple[Callable[..., tuple[Counter, list[tuple]]], int, int]] = {
    "damaged image files": (files.run, 10_000, 360),
    "damaged weights and cards": (weights.run, 300, 20),
    "file system fails or process ends at the n-th call": (folders.run, 300, 60),
    "commands killed at a random time": (commands.run_kills, 100, 2),
    "commands on a full disk": (commands.run_full_disks, 60, 2),
    "commands with nonsense options": (commands.run_words, 150, 4),
}


def run(name: str, count: int, seed: int) -> tuple[Counter, list[tuple], float]:
    """One part: counts, what must not be, seconds."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        counts, bad = PARTS[name][0](Path(folder) / "part", count, seed)
    return counts, bad, time.monotonic() - began


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--part", help="one part, by the beginning of its name or a piece of it")
    words.add_argument("--short", action="store_true", help="the part of every test run")
    words.add_argument("--scale", type=float, default=1.0, help="of all numbers")
    given = words.parse_args()
    print("| faults | tried | how they ended | wrong | seconds |\n|---|---:|---|---:|---:|")
    wrong = 0
    for name, (_, whole, few) in PARTS.items():
        count = few if given.short else max(1, int(whole * given.scale))
        if given.part and given.part not in name:
            continue
        counts, bad, seconds = run(name, count, given.seed)
        ends = ", ".join(f"{ending} {n}" for ending, n in sorted(counts.items()))
        tried = sum(counts.values())
        print(f"| {name} | {tried} | {ends} | {len(bad)} | {seconds:.0f} |", flush=True)
        for one in bad:
            print("   ", *one, file=sys.stderr, flush=True)
        wrong += len(bad)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
