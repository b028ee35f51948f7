"""Methods ready to fuse two sources, or three one after the other."""

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
    """The method for two sources, or the chain of two for three.

    Returns:
        A module that takes as many slice batches as there are sources, and the SHA-256 of the
        weights in it (none for classical methods).

    Raises:
        MedFusionError: no such method, or no, damaged or unfitting weights.
    """
    method, digest = load_method(network, pair, weights)
    digests = [digest]
    if third_modality is not None:
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
    radius = get_method(network).radius
    return None if radius is None else radius * (sources - 1)
