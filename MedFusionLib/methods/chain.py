"""Methods ready to fuse two sources, or three: one after the other, or at once."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from .registry import get_method
from .weights import load_method


class Chain(nn.Module):
    """Fuses two sources, and the result with the third."""

    def __init__(self, pair: nn.Module, then: nn.Module) -> None:
        super().__init__()
        self.pair, self.then = pair, then

    def forward(self, first: Tensor, second: Tensor, third: Tensor) -> Tensor:
        return self.then(self.pair(first, second).clamp(0, 1), third)


def load_chain(
    network: str, pair: str, third_modality: str | None = None, weights: Path | None = None
) -> tuple[nn.Module, list[str]]:
    """The method for two sources; for three the chain of two, or one that takes any number.

    Returns:
        A module that takes as many slice batches as there are sources, and the SHA-256 of the
        weights in it (none for classical methods).

    Raises:
        MedFusionError: no such method, or no, damaged or unfitting weights.
    """
    method, digest = load_method(network, pair, weights)
    digests = [digest]
    if third_modality is not None and not get_method(network).any_number:
        then, digest = load_method(network, f"{third_modality}-mr")
        digests.append(digest)
        method = Chain(method, then).eval()
    return method, [digest for digest in digests if digest]


def reach_of_chain(network: str, sources: int) -> int | None:
    """How far a pixel of a source can reach through the methods that `load_chain` chains.

    Example:
        >>> reach_of_chain("maximum", 3), reach_of_chain("cspa-dn", 2)
        (0, None)
    """
    method = get_method(network)
    if method.radius is None or method.any_number:
        return method.radius
    return method.radius * (sources - 1)


def pairs_in_words(network: str, pair: str, third_modality: str | None = None) -> str:
    """What `load_chain` fuses, for the report.

    Example:
        >>> pairs_in_words("maximum", "pet-mr", "ct")
        'pet-mr, then ct-mr'
    """
    if third_modality is None:
        return pair
    at_once = get_method(network).any_number
    return f"{pair}, {'at once with' if at_once else 'then'} {third_modality}-mr"
