"""Source volumes: read from files, brought onto one grid, scaled to [0, 1].

`read_volume` gives a `Volume`; `prepare` turns two or three of them into `Sources`.
"""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "modalities": "MODALITIES PAIRS check_modality modalities_of",
        "volumes": "AXES Volume resample same_grid",
        "files": "read_volume write_volume write_colour",
        "alignment": "ALIGN Alignment align_volumes measure_alignment moved",
        "background": "background_level background_mask",
        "intensities": "Window choose_window",
        "pictures": "read_picture read_picture_volume",
        "prepare": "Sources prepare as_stored as_8_bit",
    },
)
