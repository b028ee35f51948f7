"""Scores of methods on registered pairs and on digital heads, their tables, pictures and times.

`evaluate` measures, `summarise` makes rows with intervals and ranks, `write_evaluation` the files.
"""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "measuring": "evaluate",
        "planted": "evaluate_phantom",
        "contenders": "choose_contenders",
        "elsewhere": "find_foreign",
        "scores": "Scores",
        "summary": "summarise",
        "report": "write_evaluation",
        "benchmark": "run_benchmark",
        "pair_times": "time_pairs",
        "gallery": "write_gallery",
    },
)
