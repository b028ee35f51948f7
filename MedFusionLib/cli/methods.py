"""medfusion methods"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.table import Table

from ..sources.modalities import PAIRS
from .app import app
from .terminal import out


@app.command()
def methods(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the methods: name, kind, pairs, parameters, weights and paper."""
    from ..methods.registry import all_methods
    from ..methods.weights import check_weights, parameter_count, weights_path

    rows: list[dict[str, Any]] = []
    for method in all_methods():
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
                "group": method.group,
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
    heads = ("name", "kind", "for", "parameters", "paper")
    table = Table(*heads, box=SIMPLE, padding=(0, 1), pad_edge=False, show_edge=False)
    for row in rows:
        paper = row["paper"] + (f"\nNote: {row['gradient_note']}" if row["gradient_note"] else "")
        parameters = f"{row['parameters']:,}" if row["parameters"] else "-"
        pairs = "all" if len(row["pairs"]) == len(PAIRS) else "\n".join(row["pairs"])
        table.add_row(row["name"], row["kind"], pairs or "not trained", parameters, paper)
    out.print(table)
    out.print(f"Pairs: {', '.join(PAIRS)}. --json has more: the weights' SHA-256, choices made.")
