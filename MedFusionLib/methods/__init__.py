"""Fusion methods, (first, second) -> fused on slice batches: networks and classical ones.

One file each in `networks` and `classical`; the registry finds them, `load_method` gives one with
its trained weights.
"""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "base": "BranchedMethod FusionMethod Weighing",
        "registry": "all_methods get_method",
        "weights": "check_weights load_method parameter_count read_card round_weights save_weights "
        "weights_folder weights_path",
    },
)
