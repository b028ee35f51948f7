"""`medfusion fuse` in processes that are killed, on a full disk, or with words of nonsense.

One process loads the library and forks a child for each command, so that hundreds take minutes.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PATIENCE = 60  # seconds for a command
STALE = ("contribution-third.nrrd", "scene.mrb")
NONSENSE = (
    "nan", "inf", "-1", "0", "1e300", "1e-320", "x", "", "0,1", "nan,1", "1,0", "0,1e-320",
    "-inf,inf", "a" * 300, "\u202e", "../..", "/dev/null", "average", "share", "paper", "native",
)  # fmt: skip
OPTIONS = (
    "--omega", "--steps", "--samples", "--first-window", "--second-window", "--third-window",
    "--third-is", "--third", "--network", "--axis", "--contributions", "--colour", "--colormap",
    "--device", "--batch", "--memory", "--precision", "--pair", "--out", "--frame", "--orientation",
)  # fmt: skip


class Bench:
    """A small head, an old result in a folder, and what the new one has to be.

    Args:
        folder: to work in; empty.
    """

    def __init__(self, folder: Path) -> None:
        os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = "1"

        import MedFusionLib.cli
        import MedFusionLib.inference.slices
        import MedFusionLib.results.folder  # noqa: F401
        from MedFusionLib.methods.registry import all_methods

        all_methods()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.files = [folder / "t1.nrrd", folder / "pet.nrrd"]
        self.out, self.before = folder / "work" / "out", folder / "before"
        self.forked(self._write_head)
        self.fuse(self.before, "maximum")
        (self.before / "notes.doc").write_text("mine")
        self.old = self.state(self.before)
        for name in STALE:
            (self.before / name).write_text("old")
        shutil.copytree(self.before, folder / "after")
        began = time.monotonic()
        self.fuse(folder / "after", "average")
        self.seconds = time.monotonic() - began
        self.new = self.state(folder / "after")

    def _write_head(self) -> None:
        from MedFusionLib.phantom.head import make_phantom
        from MedFusionLib.sources.files import write_volume

        head = make_phantom((20, 40, 40))
        for volume, path in zip((head.t1, head.pet), self.files, strict=True):
            write_volume(volume, path)

    def fuse(self, out: Path, network: str) -> None:
        code, said = self.command(self.words(out, network))
        assert code == 0, said

    def words(self, out: Path, network: str = "average") -> list[str]:
        inputs = map(str, self.files)
        return ["fuse", *inputs, "--pair", "pet-mr", "--out", str(out), "--network", network]

    def reset(self) -> None:
        shutil.rmtree(self.out.parent, ignore_errors=True)
        shutil.copytree(self.before, self.out)

    def state(self, folder: Path) -> dict[str, str]:
        """Names and checksums; of the report, which holds times, the method."""
        found = {}
        for path in folder.iterdir():
            if path.name == "report.json":
                found[path.name] = json.loads(path.read_text())["network"]
            elif path.name != "preview.png" and path.name not in STALE:
                found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def verdict(self) -> str:
        """ "old", "new" or "mixed"."""
        try:
            there = self.state(self.out)
        except (OSError, ValueError) as error:
            return f"mixed ({error!r})"
        stale = [(self.out / name).exists() for name in STALE]
        if there == self.old and all(stale):
            return "old"
        return "new" if there == self.new and not any(stale) else "mixed"

    def command(
        self, words: list[str], prepare: Callable[[], None] | None = None, **how
    ) -> tuple[int, str]:
        """Exit code (or minus the signal) and error stream of a command."""

        def body() -> None:
            from MedFusionLib.cli import main

            sys.argv = ["medfusion", *words]
            if prepare:
                prepare()
            main()

        return self.forked(body, **how)

    def forked(
        self, body: Callable[[], None], after: float | None = None, number: int = signal.SIGKILL
    ) -> tuple[int, str]:
        """Run in a child, which gets a signal after some seconds."""
        with tempfile.TemporaryFile() as said:
            child = os.fork()
            if not child:
                code = 99
                try:
                    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                    os.dup2(said.fileno(), 2)
                    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                    body()
                    code = 0
                except SystemExit as ending:
                    code = ending.code if isinstance(ending.code, int) else 0
                except BaseException:
                    import traceback

                    traceback.print_exc()
                finally:
                    sys.stderr.flush()
                    os._exit(code)
            began = time.monotonic()
            while True:
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    break
                passed = time.monotonic() - began
                if after is not None and passed > after:
                    os.kill(child, number)
                    after = None
                if passed > PATIENCE:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    return 98, "it hangs"
                time.sleep(0.002)
            said.seek(0)
            text = said.read().decode(errors="replace")
        return os.waitstatus_to_exitcode(status), text


def run_kills(folder: Path, count: int, seed: int) -> tuple[Counter, list[tuple]]:
    """SIGKILL and SIGTERM at random times; then the next start, which clears away."""
    from MedFusionLib.errors import MedFusionError
    from MedFusionLib.sources.folders import PREFIX, whole_folder

    bench, draw = Bench(folder), random.Random(seed)
    counts: Counter = Counter()
    bad = []
    for place in range(count):
        bench.reset()
        number = draw.choice((signal.SIGKILL, signal.SIGTERM))
        # half of them near the end, where files are written and moved
        after = bench.seconds * (draw.random() if draw.random() < 0.5 else 1 - 0.3 * draw.random())
        code, said = bench.command(bench.words(bench.out), after=after, number=number)
        left = [path.name for path in bench.out.parent.glob(f"{PREFIX}*")]
        wrong = number == signal.SIGTERM and (left or code not in (0, 143, -15))
        with suppress(MedFusionError), whole_folder(bench.out):  # as the next start does
            raise MedFusionError("and ends before it writes anything.")
        left = [path.name for path in bench.out.parent.rglob(f"{PREFIX}*")]
        state = bench.verdict()
        wrong = wrong or left or state.startswith("mixed") or "Traceback" in said
        counts["wrong" if wrong else state] += 1
        if wrong:
            bad.append((place, number.name, round(after, 3), code, state, left, said[-300:]))
    return counts, bad


def run_full_disks(folder: Path, count: int, seed: int) -> tuple[Counter, list[tuple]]:
    """A disk that takes no more than so many bytes of a file."""
    from MedFusionLib.sources.folders import PREFIX

    bench, draw = Bench(folder), random.Random(seed)
    sizes = sorted(path.stat().st_size for path in bench.before.iterdir())
    counts: Counter = Counter()
    bad = []
    for place in range(count):
        bench.reset()
        most = draw.randrange(sizes[-1])

        def prepare(most: int = most) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        code, said = bench.command(bench.words(bench.out), prepare)
        left = [path.name for path in bench.out.parent.glob(f"{PREFIX}*")]
        state = bench.verdict()
        wrong = (state, code) not in (("old", 2), ("new", 0)) or left or _is_noisy(said, code)
        counts["wrong" if wrong else state] += 1
        if wrong:
            bad.append((place, most, code, state, left, said[-300:]))
    return counts, bad


def run_words(folder: Path, count: int, seed: int) -> tuple[Counter, list[tuple]]:
    """Options with nonsense: a result, or one sentence and an exit code."""
    bench, draw = Bench(folder), random.Random(seed)
    counts: Counter = Counter()
    bad = []
    for place in range(count):
        bench.reset()
        words = bench.words(bench.out)
        for _ in range(draw.choice((1, 1, 2, 3))):
            words += [draw.choice(OPTIONS), draw.choice(NONSENSE)]
        if "../.." in words:  # it would be a folder of ours
            words[words.index("../..")] = str(bench.files[0])
        code, said = bench.command(words, lambda: os.chdir(bench.out.parent))
        wrong = code not in (0, 2) or _is_noisy(said, code)
        counts["wrong" if wrong else "refused" if code else "fused"] += 1
        if wrong:
            bad.append((place, words[8:], code, said[-300:]))
    return counts, bad


def _is_noisy(said: str, code: int) -> bool:
    lines = said.strip().splitlines()
    errors = [line for line in lines if not line.startswith("Warning: ")]
    return "Traceback" in said or (code == 2 and len(errors) != 1)
