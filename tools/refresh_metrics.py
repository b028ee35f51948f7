"""Write docs/evidence/metrics.md: every metric of the registry, from its entry and its docstring.

python tools/refresh_metrics.py
"""

from __future__ import annotations

import inspect
import re
from functools import partial
from pathlib import Path

from MedFusionLib.metrics.common import Metric
from MedFusionLib.metrics.registry import all_metrics

PAGE = Path(__file__).parents[1] / "docs" / "evidence" / "metrics.md"
HEAD = """# Metrics

Written by `python tools/refresh_metrics.py` from the registry (`MedFusionLib/metrics`). Each
compares the fused image with its sources, slices in [0, 1]. A direction says how tables read a
metric, not that more of it is better for a reader. What published tables hold under its
name stands below each metric, and by printed name in the
[glossary](../understand/glossary.md#one-name-several-metrics).

`medfusion evaluate --metrics NAME,NAME` measures them.
"""
DIRECTIONS = {True: "higher is read as better", False: "lower is read as better", None: "neither"}


def page() -> str:
    """The whole page."""
    metrics = list(all_metrics().values())
    lines = ["| name | printed as | range | direction |", "|---|---|---|---|"]
    lines += [
        f"| [`{one.name}`](#{one.name}) | {one.symbol} | {one.range} | "
        f"{DIRECTIONS[one.higher_is_better]} |"
        for one in metrics
    ]
    return "\n".join([HEAD, *lines, "", *(section(one) for one in metrics)])


def section(metric: Metric) -> str:
    """What a metric is: range, direction, paper, and its docstring up to the arguments."""
    facts = f"Range {metric.range}; {DIRECTIONS[metric.higher_is_better]}. {metric.citation}."
    return f"## {metric.name}\n\n**{metric.symbol}**. {facts}\n\n{about(metric)}\n"


def about(metric: Metric) -> str:
    """The docstring without what all metrics share; of a variant, what it is a variant of."""
    function, before = metric.function, ""
    if isinstance(function, partial):
        options = ", ".join(f"{name}={value!r}" for name, value in function.keywords.items())
        origin = function.func.__name__
        if origin in all_metrics():
            return f"[`{origin}`](#{origin}) with {options}."
        function, before = function.func, f"`{origin}` with {options}.\n\n"
    text = re.split(r"\n(?:Args|Returns|Raises|Example):", inspect.getdoc(function) or "")[0]
    text = re.sub(r"(?<![`\w])([|*<])", r"\\\1", text)
    return before + text.replace("*\\*", "**").replace("\\**", "**").strip()  # bold stays


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
