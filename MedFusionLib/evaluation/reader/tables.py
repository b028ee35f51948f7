"""Colour tables that a reader may have chosen for the PET, SPECT or CT."""

from __future__ import annotations

import numpy as np

from ...errors import MedFusionError

#: Tables of 3D Slicer 5.13 (its colour logic), (level of 255, red, green, blue), linear in between.
SLICER = {
    "Grey": ((0, 0, 0, 0), (255, 1, 1, 1)),
    "Red": ((0, 0, 0, 0), (255, 1, 0, 0)),
    "Yellow": ((0, 0, 0, 0), (255, 1, 1, 0)),
    "Cyan": ((0, 0, 0, 0), (255, 0, 1, 1)),
    "PET-Heat": (
        (0, 0, 0, 0), (35, 0.36, 0, 0), (38, 0.5, 0, 0), (50, 0.7, 0.1, 0), (70, 0.7, 0.5, 0),
        (87, 1, 1, 0), (255, 1, 1, 1),
    ),
    "PET-Rainbow": (
        (0, 0, 0, 0), (35, 0, 0, 0.3), (38, 0.2, 0, 0.3), (50, 0.5, 0, 0), (70, 0.7, 0.5, 0),
        (87, 1, 1, 0), (255, 1, 1, 1),
    ),
    "PET-Rainbow2": (
        (0, 0, 0, 0), (32, 0.251, 0, 0.502), (64, 0, 0, 1), (96, 0, 1, 0), (160, 1, 1, 0),
        (192, 1, 0.7529, 0), (255, 1, 0.0118, 0),
    ),
    "PET-DICOM": (
        (0, 0, 0, 0), (63, 0, 0.502, 0.4902), (128, 0.502, 0, 1), (192, 1, 0.502, 0),
        (255, 1, 1, 1),
    ),
    "PET-HotMetalBlue": (
        (0, 0, 0, 0), (85, 0, 0, 0.6549), (102, 0.1961, 0, 0.7843), (119, 0.3529, 0, 0.5882),
        (136, 0.549, 0.1255, 0.1961), (153, 0.7451, 0.251, 0), (170, 1, 0.3765, 0),
        (255, 1, 1, 1),
    ),
}  # fmt: skip


def colour_table(name: str) -> np.ndarray:
    """A colour table of Slicer ("PET-Heat") or matplotlib ("hot"), uint8 (256, 3).

    Raises:
        MedFusionError: there is none of that name.

    Example:
        >>> colour_table("hot")[255].tolist(), colour_table("PET-Heat")[87].tolist()
        ([255, 255, 255], [255, 255, 0])
    """
    from matplotlib import colormaps

    if name in SLICER:
        level, *channels = np.array(SLICER[name]).T
        table = np.stack([np.interp(np.arange(256), level, one) for one in channels], axis=1)
        return np.round(255 * table).astype(np.uint8)
    if name not in colormaps:
        raise MedFusionError(
            f"There is no colour table '{name}'; choose one of Slicer's, {', '.join(SLICER)}, "
            "or one of matplotlib's, such as hot."
        )
    return colormaps[name](np.arange(256), bytes=True)[:, :3]
