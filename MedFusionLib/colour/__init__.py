"""Colour coding: what the sources show, or contributed, as hue, saturation and brightness.

The modes are files in `modes/`, listed by `registry`. A `Coding` is a mode with its parameters;
`Coordinates` places every voxel in the mode's colour table, which is the legend, too.
"""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "coding": "Coding Coordinates legend",
        "colormaps": "COLORMAPS colormap_table",
        "mode": "ColourMode Voxels",
        "registry": "DEFAULT_MODE all_modes contributions_for get_mode mode_names",
    },
)
