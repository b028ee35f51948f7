"""The intensity window of each modality: from its own units to [0, 1].

Decided once for the whole volume, never per slice, so that brightness does not flicker from slice
to slice. What is background is decided in `background`, whether a CT is in HU in `hounsfield`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ..errors import MedFusionError
from .background import background_level, background_mask, with_gaps
from .hounsfield import in_hounsfield
from .modalities import check_modality
from .volumes import BRIGHTEST, Volume

CT_LEVEL, CT_WIDTH = 55.0, 150.0  # HU: fluid about 0.16, brain about 0.35, bone saturated
MR_PERCENTILES = (0.5, 99.5)
UPTAKE_PERCENTILE = 99.9
HOT, HOT_VOLUME = 1.2, 50.0  # times that percentile, and mm^3: a spot that is no noise
HOTTEST = 10.0  # times that percentile, at most
SHOULDER = 0.9  # what that percentile is shown as, where a spot is hotter
NARROWEST = 1e-30  # of a window: within, float32 has numbers
RIM = 15.0  # mm: scalp and skull are thinner
BRIGHT_RIM = 1.5  # times as bright as the inside; no MR tried without a surface coil is
LEAST_INSIDE = 0.05  # of the head
COARSE = 4.0  # mm, on which the inside is looked for


@dataclass(frozen=True)
class Window:
    """The range of values that is shown as 0 to 1, in the volume's own units.

    Attributes:
        lower: shown as 0, like all below it.
        upper: shown as 1, like all above it.
        how: how it was found, in words, for the report.
        shoulder: the value that is shown as `SHOULDER`; what lies above is compressed into the
            rest of the range, so that what is hot keeps its order. None: a plain window.
    """

    lower: float
    upper: float
    how: str = "given by the user"
    shoulder: float | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.lower) and np.isfinite(self.upper) and self.lower < self.upper):
            raise MedFusionError(
                f"The intensity window {self.lower:g} to {self.upper:g} is empty; "
                "its upper end must be above its lower end."
            )
        if self.upper - self.lower < NARROWEST or max(-self.lower, self.upper) > BRIGHTEST:
            raise MedFusionError(
                f"The intensity window {self.lower:g} to {self.upper:g} is too narrow or too far "
                "from 0 to tell values apart."
            )

    #: what `parse` reads, in words
    looks: ClassVar[str] = "LOWER,UPPER such as -20,130"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The window that "LOWER,UPPER" says.

        Raises:
            MedFusionError: it says none.

        Example:
            >>> Window.parse("-20,130").upper
            130.0
        """
        try:
            lower, upper = map(float, text.split(","))
        except ValueError:
            raise MedFusionError(
                f"The window '{text}' is not {cls.looks}; give two numbers."
            ) from None
        return cls(lower, upper)

    def scale(self, array: np.ndarray) -> np.ndarray:
        """The array in [0, 1], float32."""
        scaled = np.subtract(array, self.lower, dtype=np.float32)
        if self.shoulder is not None:
            knee = self.shoulder - self.lower
            steep, flat = SHOULDER / knee, (1 - SHOULDER) / (self.upper - self.shoulder)
            hot = scaled > 0.999 * knee if steep > flat else np.ones(scaled.shape, bool)  # few
            above = SHOULDER + (scaled[hot] - knee) * flat
            scaled *= np.float32(steep)
            scaled[hot] = np.minimum(scaled[hot], above)
            return np.clip(scaled, 0, 1, out=scaled)
        scaled /= np.float32(self.upper - self.lower)
        return np.clip(scaled, 0, 1, out=scaled)


def choose_window(volume: Volume, modality: str, background: np.ndarray | None = None) -> Window:
    """The default window of a modality.

    CT: level 55, width 150 HU; grey levels of an already windowed CT are used as they are. MR:
    the 0.5th to the 99.5th percentile of what is not background; where a surface coil makes the
    scalp brighter than all within by far, the upper end is that of the head's inside. PET and
    SPECT: 0 to the 99.9th percentile of what is not background; where a spot is hotter by far,
    that percentile is shown as 0.9, and what is hotter above it, so that it keeps its order.

    Args:
        volume: not constant; NaN counts as outside of the field of view.
        modality: "mr", "ct", "pet" or "spect".
        background: of the volume, where `background_mask` was asked before.

    Returns:
        The window, with a note on how it was found.

    Example:
        >>> head = Volume(np.linspace(-1000, 1500, 1000).reshape(10, 10, 10))
        >>> choose_window(head, "ct").lower
        -20.0
    """
    check_modality(modality)
    if modality == "ct":
        return _ct_window(volume)
    volume = with_gaps(volume, modality)
    if background is None:
        background = background_mask(volume, background_level(volume, modality))
    tissue = ~background
    values = volume.array[tissue]
    if modality == "mr":
        lower, upper = np.percentile(values, MR_PERCENTILES) if values.size else (0, 0)
        how = "MR, percentiles {} and {} of what is not background".format(*MR_PERCENTILES)
        inside = _inside_percentile(volume, tissue)
        if inside is not None and 0 < BRIGHT_RIM * (inside - lower) < upper - lower:
            rim = (upper - lower) / (inside - lower)
            upper = inside
            how = (
                f"MR, percentile {MR_PERCENTILES[0]} of what is not background to percentile "
                f"{MR_PERCENTILES[1]} of what lies {RIM:g} mm or more below the skin: the rim is "
                f"{rim:.1f} times as bright, as a surface coil makes it"
            )
    else:
        lower, upper = 0.0, np.percentile(values, UPTAKE_PERCENTILE) if values.size else 0
        how = f"{modality.upper()}, 0 to percentile {UPTAKE_PERCENTILE} of what is not background"
        hottest = min(_hot_spot(volume, upper), HOTTEST * upper)
        if hottest > upper:
            how = (
                f"{modality.upper()}, 0 to the hottest spot; {SHOULDER:.0%} of the range up to "
                f"{upper:.4g}, percentile {UPTAKE_PERCENTILE} of what is not background"
            )
            return Window(0.0, float(hottest), how, float(upper))
    if lower >= upper:  # two-valued pictures
        lower, upper = float(np.nanmin(volume.array)), float(np.nanmax(volume.array))
        how = f"{modality.upper()}, smallest to largest value"
    return Window(float(lower), float(upper), how)


def _hot_spot(volume: Volume, usual: float) -> float:
    """The largest value of the spots that are hotter than usual by far; 0 where there is none."""
    from scipy import ndimage

    hot = volume.array > HOT * usual
    if usual <= 0 or not hot.any():
        return 0.0
    spots, count = ndimage.label(hot, np.ones((3, 3, 3)))
    spots = spots[hot]  # few voxels
    sizes = np.bincount(spots, minlength=count + 1) * np.prod(volume.spacing)
    large = sizes >= HOT_VOLUME
    return float(volume.array[hot].max(where=large[spots], initial=0))


def _ct_window(volume: Volume) -> Window:
    if not in_hounsfield(volume):
        top = 255.0 if np.nanmax(volume.array) > 1 else 1.0
        return Window(0.0, top, f"CT already windowed, grey levels 0..{top:g} used as they are")
    half = CT_WIDTH / 2
    how = f"CT window, level {CT_LEVEL:g} HU, width {CT_WIDTH:g} HU"
    return Window(CT_LEVEL - half, CT_LEVEL + half, how)


def _inside_percentile(volume: Volume, tissue: np.ndarray) -> float | None:
    """The upper percentile of what lies deeper than the rim; None where that is next to nothing."""
    from scipy import ndimage

    steps = [max(1, round(COARSE / spacing)) for spacing in volume.spacing[::-1]]
    thin = tuple(slice(None, None, step) for step in steps)
    coarse = tissue[thin]
    sampling = np.multiply(steps, volume.spacing[::-1])
    head = ndimage.binary_fill_holes(coarse)
    if head.all():  # it has no rim
        return None
    inside = coarse & (ndimage.distance_transform_edt(head, sampling=sampling) >= RIM)
    if inside.sum() < max(1, LEAST_INSIDE * coarse.sum()):
        return None
    return float(np.percentile(volume.array[thin][inside], MR_PERCENTILES[1]))
