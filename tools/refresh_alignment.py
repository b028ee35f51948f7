"""Measure the alignment and write the tables into docs/understand/alignment.md.

    python tools/refresh_alignment.py DATA [TRIALS]

DATA is the data folder (for the real pairs; what is not there is left out), TRIALS the number of
random rigid errors over all pairs of the digital head, default 200. Each error is a shift of up to
20 mm in a random direction and a turn of up to 15 degrees about a random axis through the middle
of the head, both evenly distributed; one trial of each pair is left without an error. As many again
are done with what is hard: thick slices, and volumes that cover a part of the head.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.alignment import (
    TOLERANCE,
    Alignment,
    head_surface,
    measure_alignment,
    moved,
)
from MedFusionLib.sources.files import read_volume
from MedFusionLib.sources.volumes import Volume

PAGE = Path(__file__).parents[1] / "docs" / "understand" / "alignment.md"
HEAD = (
    "| pair | trials | error before, median (largest) | error after *Align*, median (largest) | "
    "as it lies | called off: right, wrong | called registered: right, wrong | not known |\n"
    "|---|---|---|---|---|---|---|---|"
)
SHIFT, TURN = 20.0, 15.0  # mm, degrees
REAL_TRIALS = 5
SPECT_BLUR = 4.0  # mm, standard deviation: PET of the digital head blurred to a SPECT's 10 mm


def main() -> None:
    """Replace the block between the marks."""
    data = Path(sys.argv[1])
    trials = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    rows = []
    pairs = {**phantom_pairs(), **hard_pairs()}
    for number, (name, pair) in enumerate(pairs.items()):
        count = 2 * trials // len(pairs)
        rows.append(row(name, *measured(*pair, count, seed=number)))
        print(rows[-1], flush=True)
    for name, pair in real_pairs(data).items():
        rows.append(row(name, *measured(*pair, REAL_TRIALS, seed=0)))
        print(rows[-1], flush=True)
    write_block(
        "measured",
        f"{trials} trials on the digital head as it is, and {trials} where it is hard.",
        "\n".join([HEAD, *rows]),
        stacks(data),
    )


def write_block(name: str, *parts: str) -> None:
    """Replace what stands between two marks of the page."""
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    before, rest = PAGE.read_text(encoding="utf-8").split(begin)
    after = rest.split(end)[1]
    block = "\n\n".join(part for part in parts if part)
    PAGE.write_text(f"{before}{begin}\n\n{block}\n\n{end}{after}", encoding="utf-8")


def phantom_pairs() -> dict[str, tuple[Volume, Volume, str]]:
    """The digital head's MR with each other modality."""
    head = make_phantom()
    sigma = SPECT_BLUR / np.array(head.pet.spacing[::-1])
    spect = head.pet.like(gaussian_filter(head.pet.array, sigma), "SPECT")
    return {
        "digital head, T1 and CT": (head.t1, head.ct, "ct"),
        "digital head, T2 and CT": (head.t2, head.ct, "ct"),
        "digital head, T1 and PET": (head.t1, head.pet, "pet"),
        "digital head, T2 and SPECT": (head.t2, spect, "spect"),
    }


def hard_pairs() -> dict[str, tuple[Volume, Volume, str]]:
    """The digital head in thick slices, and a part of it alone."""
    head = make_phantom()
    middle = head.ct.shape[0] // 2
    slab = slice(middle - 30, middle + 30)  # of 2 mm
    part = replace(
        head.ct,
        array=head.ct.array[slab],
        origin=tuple((head.ct.matrix @ [0, 0, slab.start, 1])[:3]),
    )
    return {
        "T1 and CT in slices of 6 mm": (thick(head.t1, 6), thick(head.ct, 6), "ct"),
        "T1 in slices of 6 mm, PET of 8 mm": (thick(head.t1, 6), thick(head.pet, 6), "pet"),
        "T2 in slices of 6 mm, whole CT": (thick(head.t2, 6), head.ct, "ct"),
        "T1, 120 mm of CT in slices of 4 mm": (head.t1, thick(part, 4), "ct"),
    }


def thick(volume: Volume, step: float) -> Volume:
    """The volume with slices averaged to about `step` mm along its k axis."""
    count = max(1, round(step / volume.spacing[2]))
    kept = volume.shape[0] // count * count
    array = volume.array[:kept].reshape(-1, count, *volume.shape[1:]).mean(axis=1)
    first = (volume.matrix @ [0, 0, (count - 1) / 2, 1])[:3]
    spacing = (*volume.spacing[:2], volume.spacing[2] * count)
    return replace(volume, array=array, spacing=spacing, origin=tuple(first))


def real_pairs(data: Path) -> dict[str, tuple[Volume, Volume, str]]:
    """Whole volumes whose transform is known."""
    found = {}
    brainweb, porcine = data / "volumes" / "brainweb", data / "volumes" / "porcine"
    if brainweb.is_dir():
        names = ("mr-t1.nrrd", "pet-fdg.nrrd")
        found["brainweb, T1 and PET"] = (*(read_volume(brainweb / n) for n in names), "pet")
    if porcine.is_dir():
        names = ("mr-t2.nrrd", "ct-on-mr-grid.nrrd")
        found["porcine, T2 and CT"] = (*(read_volume(porcine / n) for n in names), "ct")
    return found


def measured(
    reference: Volume,
    other: Volume,
    modality: str,
    count: int,
    seed: int,
    measure: Callable[[Volume, Volume, str], Alignment] = measure_alignment,
) -> tuple[list[Alignment], list[float], list[float]]:
    """For each trial what was measured, the true error before, and the error that is left."""
    surface = head_surface(reference)
    rng = np.random.default_rng(seed)
    found, before, after = [], [], []
    for number in range(count):
        error = random_error(rng, surface.mean(axis=0)) if number else np.eye(4)
        part = measure(reference, moved(other, error), modality)
        found.append(part)
        before.append(distance(surface, error))
        after.append(distance(surface, part.matrix @ error))
    return found, before, after


def random_error(rng: np.random.Generator, centre: np.ndarray) -> np.ndarray:
    """A rigid error, 4 x 4, LPS."""
    way, axis = (x / np.linalg.norm(x) for x in rng.standard_normal((2, 3)))
    turn = Rotation.from_rotvec(rng.uniform(0, TURN) * axis, degrees=True).as_matrix()
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = centre - turn @ centre + rng.uniform(0, SHIFT) * way
    return matrix


def distance(surface: np.ndarray, matrix: np.ndarray) -> float:
    """mm that a matrix moves the surface, where it moves it most."""
    back = surface @ matrix[:3, :3].T + matrix[:3, 3]
    return float(np.linalg.norm(back - surface, axis=1).max())


def row(name: str, found: list[Alignment], before: list[float], after: list[float]) -> str:
    """One line of the table; an error above the tolerance is one that should be called off."""
    off = np.array(before) > TOLERANCE
    verdicts = np.array([part.verdict for part in found])

    def count(verdict: str, truth: np.ndarray) -> int:
        return int(((verdicts == verdict) & truth).sum())

    cells = [
        name,
        str(len(found)),
        f"{np.median(before):.1f} ({max(before):.1f}) mm",
        f"{np.median(after):.2f} ({max(after):.2f}) mm",
        found[0].words,
        f"{count('off', off)}, {count('off', ~off)}",
        f"{count('registered', ~off)}, {count('registered', off)}",
        str(int((verdicts == "unknown").sum())),
    ]
    return f"| {' | '.join(cells)} |"


def stacks(data: Path) -> str:
    """What is said of the atlas' stacks of thick slices, as they lie."""
    lines = ["| stack | slices | verdict | measured | spread | shift of the middle (L, P, S) |"]
    lines.append("|---|---|---|---|---|---|")
    for path in sorted((data / "aanlib").glob("*/*/*-mr.nrrd")):
        modality = path.parts[-3].split("-")[0]
        reference = read_volume(path)
        other = read_volume(path.with_name(path.name.replace("-mr.", f"-{modality}.")))
        part = measure_alignment(reference, other, modality)
        middle = head_surface(reference).mean(axis=0)
        shift = (part.matrix @ [*middle, 1])[:3] - middle
        lines.append(
            f"| {'/'.join(path.parts[-3:-1])} {path.name[:2]} | {reference.shape[0]} | "
            f"{part.verdict} | {part.displacement:.1f} mm | {part.spread:.1f} mm | "
            f"{', '.join(f'{x:.1f}' for x in shift)} |"
        )
        print(lines[-1], flush=True)
    return "\n".join(lines) if len(lines) > 2 else ""


if __name__ == "__main__":
    main()
