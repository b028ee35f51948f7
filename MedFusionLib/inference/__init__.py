"""Slices through a method, fast and exact, with what each source contributed.

`run_slices` takes whole stacks, `Stream` one pair after the other; `gradient` and `share` are the
two kinds of contributions.
"""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "slices": "SliceOptions Slices Stream batch_size run_slices",
        "contributions": "gradient share",
        "devices": "DEVICES choose_device describe_device",
    },
)
