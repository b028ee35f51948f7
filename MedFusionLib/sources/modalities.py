"""The modalities, and the pairs of them that are fused."""

from __future__ import annotations

from ..errors import MedFusionError

#: pair name -> modality of the first (reference) and of the second source; a new pair is a line
#: here, and its window where percentiles do not suit it (`intensities.choose_window`)
PAIRS = {"ct-mr": ("mr", "ct"), "pet-mr": ("mr", "pet"), "spect-mr": ("mr", "spect")}
MODALITIES = ("mr", *(second for _, second in PAIRS.values()))
#: those that show function, not anatomy
FUNCTIONAL = ("pet", "spect")


def check_modality(modality: str) -> None:
    """Raise a MedFusionError unless the modality is one of `MODALITIES`."""
    if modality not in MODALITIES:
        raise MedFusionError(
            f"There is no modality '{modality}'; choose one of: {', '.join(MODALITIES)}."
        )


def modalities_of(pair: str, third: str | None = None) -> tuple[str, ...]:
    """The modalities of a pair, the reference (MR) first, and of a third source.

    Raises:
        MedFusionError: no such pair, or the third is one of the two.

    Example:
        >>> modalities_of("ct-mr")
        ('mr', 'ct')
    """
    if pair not in PAIRS:
        raise MedFusionError(f"There is no pair '{pair}'; choose one of: {', '.join(PAIRS)}.")
    if third is None:
        return PAIRS[pair]
    if f"{third}-mr" not in PAIRS or third in PAIRS[pair]:
        rest = [name.split("-")[0] for name in PAIRS if name != pair]
        raise MedFusionError(
            f"The third volume cannot be '{third}' beside {pair}; choose one of: {', '.join(rest)}."
        )
    return (*PAIRS[pair], third)
