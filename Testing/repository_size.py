"""Refuse a repository that Slicer's extension index would refuse: above 100 MB, history included.

Run by `make lint`, with a margin. Outside a git checkout there is nothing to weigh.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_MB = 90


def history_bytes(root: Path = ROOT) -> int:
    """Bytes of the pack that a clone of `root` receives; 0 outside a checkout.

    Not what lies under .git: there an object may lie in several packs.
    """
    words = ["git", "-C", root, "pack-objects", "--revs", "--stdout", "--quiet"]
    done = subprocess.run(words, input=b"HEAD\n", capture_output=True)
    return len(done.stdout)


def tree_bytes(root: Path = ROOT) -> int:
    """Bytes of the files that git keeps; 0 outside a checkout."""
    done = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True)
    files = (root / name for name in done.stdout.split("\0") if name)
    return sum(path.stat().st_size for path in files if path.is_file())


if __name__ == "__main__":
    size = (history_bytes() + tree_bytes()) / 1e6
    print(f"The repository with its history takes {size:.0f} MB (at most {LIMIT_MB}).")
    if size > LIMIT_MB:
        sys.exit(
            "Slicer's index refuses 100 MB. What was committed more than once, or in a larger form "
            "than needed? 'git rev-list --objects --all' lists everything."
        )
