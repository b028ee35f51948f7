"""How long things take: the engine on whole heads, methods on single pairs, cohorts on workers.

    >>> from MedFusionLib.benchmark import time_pairs
    >>> time_pairs(["maximum"], device="cpu", side=32)["pairs"][0]["method"]
    'maximum'

No timing is a test; `docs/evidence/performance.md` holds what was measured.
"""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "engine": "run_benchmark",
        "pairs": "time_pairs",
        "cohort": "measure_heads measure_sleep simulate",
    },
)
