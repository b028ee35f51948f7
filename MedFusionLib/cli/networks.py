"""medfusion networks"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ..sources.modalities import PAIRS
from .app import app
from .terminal import out

if TYPE_CHECKING:
    pass


@app.command()
def networks(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Classical methods too.")] = False,
) -> None:
    """List the networks: name, pairs, parameters, weights and paper."""
    from ..methods.registry import all_methods
    from ..methods.weights import check_weights, parameter_count, weights_path

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
