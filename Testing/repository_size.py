"""Refuse a repository that Slicer's extension index would refuse: above 100 MB, history included.

Run by `make lint`, with a margin. Outside a git checkout there is nothing to weigh.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_MB = 90


def git(*words: str) -> list[str]:
    """Lines that git prints; none where it fails."""
    done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)
    return done.stdout.splitlines()


def megabytes() -> float:
    """History, packed and loose, and the files of the tree."""
    counts = dict(line.split(": ") for line in git("count-objects", "-v"))
    history = 1024 * sum(int(counts.get(key, 0)) for key in ("size", "size-pack"))
    files = (ROOT / name for name in git("ls-files"))
    return (history + sum(path.stat().st_size for path in files if path.is_file())) / 1e6


if __name__ == "__main__":
    size = megabytes()
    print(f"The repository with its history takes {size:.0f} MB (at most {LIMIT_MB}).")
    if size > LIMIT_MB:
        sys.exit(
            "Slicer's index refuses 100 MB. What was committed more than once, or in a larger form "
            "than needed? 'git rev-list --objects --all' lists everything."
        )
