"""Fused images that are sums of what was taken from each source: helpers for `parts`.

A method has `parts` where its fused image is a sum of terms, each linear in one source once the
method has chosen its weights: `parts(*sources)` gives these terms, and their sum is what
`forward(*sources)` gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import torch
from torch import Tensor


def total(parts: Iterable[Tensor]) -> Tensor:
    """Their sum, added up in their order.

    Example:
        >>> total([torch.tensor(0.25), torch.tensor(0.5)])
        tensor(0.7500)
    """
    return reduce(torch.add, parts)


def maximum_parts(*sources: Tensor) -> tuple[Tensor, ...]:
    """The brightest source in each pixel; where some are equally bright, each gives its part.

    Example:
        >>> a, b = torch.tensor([0.2, 0.5]), torch.tensor([0.8, 0.5])
        >>> maximum_parts(a, b)
        (tensor([0.0000, 0.2500]), tensor([0.8000, 0.2500]))
    """
    brightest = torch.stack(sources).amax(0)
    wins = [(source == brightest).to(source.dtype) for source in sources]
    winners = total(wins)
    return tuple(win * brightest / winners for win in wins)


def cut_together(*parts: Tensor) -> tuple[Tensor, ...]:
    """Scale parts by one factor in each pixel, so that their sum is cut to [0, 1].

    Example:
        >>> cut_together(torch.tensor([0.5, 0.9]), torch.tensor([0.25, 0.3]))
        (tensor([0.5000, 0.7500]), tensor([0.2500, 0.2500]))
    """
    whole = total(parts)
    factor = torch.where(whole > 0, whole.clamp(max=1) / whole.clamp(min=1e-12), 0)
    return tuple(part * factor for part in parts)
