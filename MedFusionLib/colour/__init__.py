"""Colour coding: what each source contributed, as hue, saturation and value.

A `Coding` says how; `coordinates` places every voxel in its colour table, which is the legend.
"""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "coding": "Coding Coordinates MODES coordinates legend",
        "colormaps": "COLORMAPS colormap_table",
    },
)
