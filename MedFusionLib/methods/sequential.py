"""Methods ready to fuse two sources, or three: at once, or one after the other."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from .base import FusionMethod
from .registry import get_method
from .weights import load_method


class SequentialFusion(FusionMethod):
    """Fuses two sources, and the result with the third.

    Args:
        pair: fuses the first two.
        then: fuses their fused slices with the third.
    """

    def __init__(self, pair: FusionMethod, then: FusionMethod) -> None:
        super().__init__()
        self.pair, self.then = pair, then
        self.title = f"{pair.title}, one pair after the other"
        one, other = pair.receptive_radius, then.receptive_radius
        self.receptive_radius = None if one is None or other is None else one + other

    def forward(self, first: Tensor, second: Tensor, third: Tensor) -> Tensor:
        return self.then(self.pair(first, second).clamp(0, 1), third)


def load_for_sources(
    name: str, pair: str, third_modality: str | None = None, weights: Path | None = None
) -> tuple[FusionMethod, list[str]]:
    """The method for two sources; for three one that takes any number, or two in sequence.

    Returns:
        A module that takes as many slice batches as there are sources, and the SHA-256 of the
        weights in it (none for classical methods).

    Raises:
        MedFusionError: no such method, or no, damaged or unfitting weights.
    """
    method = load_method(name, pair, weights)
    digests = [method.weights_sha256]
    if third_modality is not None and not method.any_number:
        then = load_method(name, f"{third_modality}-mr")
        digests.append(then.weights_sha256)
        method = SequentialFusion(method, then).eval()
    return method, [digest for digest in digests if digest]


def pairs_in_words(name: str, pair: str, third_modality: str | None = None) -> str:
    """What `load_for_sources` fuses, for the report.

    Example:
        >>> pairs_in_words("maximum", "pet-mr", "ct")
        'pet-mr, then ct-mr'
    """
    if third_modality is None:
        return pair
    at_once = get_method(name).any_number
    return f"{pair}, {'at once with' if at_once else 'then'} {third_modality}-mr"
