"""Whether a CT is in Hounsfield units, or a picture of grey levels that was windowed before.

The header of a DICOM file or the user says it (`Volume.units`); else the values have to. Values far
below 0 (air) or above any grey level are HU. Between, as in a head without its skull or clipped to
0..80, the middle value tells: brain has 20 to 45 HU, while pictures show it at half brightness,
so that half of what they show lies above 89 to 158 (eight cases of the Whole Brain Atlas).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import MedFusionError
from .volumes import Volume

CT_UNITS = ("auto", "hu", "grey")
LOWEST_GREY, HIGHEST_GREY = -50.0, 300.0  # of 0..255, where interpolation may overshoot
BRAIN_HU = 12.0, 65.0  # between which the middle value of a head in HU lies
WITHOUT_INTERCEPT = 900.0, 1200.0  # tissue where air is stored as 0
SAMPLES = 1_000_000  # voxels that are enough to tell


def check_units(units: str) -> None:
    """Raise a MedFusionError unless the units are one of `CT_UNITS`."""
    if units not in CT_UNITS:
        raise MedFusionError(
            f"There are no CT values '{units}'; choose one of: {', '.join(CT_UNITS)}."
        )


def with_units(volumes: Sequence[Volume], modalities: Sequence[str], units: str) -> list[Volume]:
    """The volumes, the CT among them with the units that the user says, unless "auto"."""
    check_units(units)
    return [
        replace(volume, units=units) if modality == "ct" and units != "auto" else volume
        for volume, modality in zip(volumes, modalities, strict=True)
    ]


def in_hounsfield(volume: Volume) -> bool:
    """Whether a CT is in HU, and not in grey levels 0..255 or 0..1.

    Args:
        volume: not constant; NaN counts as outside.

    Example:
        >>> in_hounsfield(Volume(np.linspace(-1000, 1500, 8).reshape(2, 2, 2)))
        True
    """
    if volume.units:
        return volume.units == "hu"
    low, high = float(np.nanmin(volume.array)), float(np.nanmax(volume.array))
    if not could_be_grey(low, high):
        return True
    return BRAIN_HU[0] <= _middle(volume, low, high) <= BRAIN_HU[1]


def could_be_grey(low: float, high: float) -> bool:
    """Whether values from `low` to `high` may be grey levels, as far as their ends tell."""
    return low >= LOWEST_GREY and high <= HIGHEST_GREY


def units_warning(volume: Volume) -> str:
    """A sentence where a CT's values alone had to say what they are, or say nothing; else ""."""
    low, high = float(np.nanmin(volume.array)), float(np.nanmax(volume.array))
    if volume.units:
        return ""
    if could_be_grey(low, high):
        kinds = (("HU", "hu"), ("grey levels", "grey"))
        (taken, _), (other, word) = kinds if in_hounsfield(volume) else kinds[::-1]
        return (
            f"{volume.name} runs from {low:g} to {high:g}, as CT in HU without skull and air, or "
            f"grey levels do; by the middle value ({_middle(volume, low, high):.3g}) its values "
            f"are taken as {taken}. If that is wrong, choose {other} as the CT values: in the "
            f"panel under Advanced, on the command line with --ct {word}."
        )
    if low > -200:
        tissue = volume.array[volume.array > 100]
        raised = (tissue > WITHOUT_INTERCEPT[0]) & (tissue < WITHOUT_INTERCEPT[1])
        if raised.mean() > 0.5:
            return (
                f"{volume.name} runs from {low:g} to {high:g}, most tissue at 1000 and more; does "
                "it lack its rescale intercept (often -1024)? Add it, or give a window."
            )
        return f"{volume.name} holds no air (lowest value {low:g}); is it a CT in HU?"
    return ""


def _middle(volume: Volume, low: float, high: float) -> float:
    """The median of what is neither 0 nor at an end, which padding and saturation make."""
    every = max(1, volume.array.size // SAMPLES)
    sample = volume.array.reshape(-1)[::every]
    inner = sample[(sample > low) & (sample < high) & (sample != 0)]
    return float(np.median(inner)) if inner.size else high
