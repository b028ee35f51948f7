"""The losses and scores of a training, as tables and as a picture."""

from __future__ import annotations

from pathlib import Path

from ..spreadsheets import write_csv
from .scoring import HeldOut


def last_losses(curve: list[dict[str, float]]) -> dict[str, float]:
    """Each loss, its mean over the last tenth of the steps."""
    last = curve[-max(2, len(curve) // 10) :]
    values: dict[str, list[float]] = {}
    for row in last:
        for name in row.keys() - {"step", "loss"}:
            values.setdefault(name, []).append(row[name])
    return {name: round(sum(found) / len(found), 5) for name, found in sorted(values.items())}


def write_curves(folder: Path, curve: list[dict[str, float]], held_out: HeldOut) -> None:
    from matplotlib.figure import Figure

    for table, rows in (("losses", curve), ("scores", held_out.scores)):
        if not rows:
            continue
        names = list(dict.fromkeys(name for row in rows for name in row))
        write_csv(
            folder / f"{table}.csv",
            [names, *([row.get(name, "") for name in names] for row in rows)],
        )

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in dict.fromkeys(key for row in curve for key in row if key != "step"):
        points = [(row["step"], row[name]) for row in curve if name in row]
        left.plot(*zip(*points, strict=True), lw=0.8, label=name)
    signed = any(row["loss"] < 0 for row in curve)
    left.set(xlabel="step", ylabel="loss", yscale="symlog" if signed else "log", title="Training")
    for colour, name in (("C0", "ssim"), ("C1", "q_abf")):
        values = [row[name] for row in held_out.scores]
        label = {"ssim": "SSIM, mean of both sources", "q_abf": "Q^AB/F"}[name]
        right.plot([row["step"] for row in held_out.scores], values, f"{colour}.-", label=label)
        right.axhline(held_out.average[name], color=colour, ls=":", label="plain average")
    right.set(xlabel="step", title="Validation slices")
    for axes in (left, right):
        axes.legend(fontsize=7)
    figure.savefig(folder / "curves.png", dpi=120)
