"""A digital head in CT, MR and PET with planted truth, so that no real data need be shipped.

`make_phantom` makes one. Tissues, anatomy and truth are tables: change a line to change the head.
"""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "head": "Phantom make_phantom",
        "tissues": "LABELS TISSUES",
        "truth": "SHOWS TRUTH",
    },
)
