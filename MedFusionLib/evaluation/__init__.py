"""Scores of methods on registered pairs and on digital heads, their tables and pictures.

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
        "gallery": "write_gallery",
    },
)
