"""What each source contributed to a fused slice: three answers to three questions.

`gradient`: how much does an input pixel matter to the whole picture? `share`: how much of the
brightness at a pixel is due to which source? `parts`: what did the method take from which source,
with the weights that it chose? All work on slice batches and know nothing of volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from itertools import combinations
from math import factorial
from typing import Any

import torch
from torch import Tensor

from ..methods.base import BranchedMethod, FusionMethod

#: (first, second, ...) -> fused, on slice batches
Fuse = Callable[..., Tensor]


def gradient(
    method: Fuse, *sources: Tensor, samples: int = 1, noise: float = 0.05, seed: int = 0
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """How much each input pixel matters to the whole fused slice.

    g_m[p] = sum over q of dF[q] / dI_m[p] (Kumar et al. 2019, eq. 5). One reverse pass gives the
    maps of all sources.

    Args:
        method: differentiable.
        sources: slice batches (N, 1, H, W) in [0, 1].
        samples: number of noisy copies of the sources to average the maps over (SmoothGrad, Smilkov
            et al. 2017); 1: the plain gradient.
        noise: standard deviation of that noise.
        seed: of that noise.

    Returns:
        The fused batch, and a map (N, 1, H, W) for each source.

    Example:
        >>> ones = torch.ones(1, 1, 2, 2)
        >>> fused, (first, second) = gradient(lambda a, b: 0.75 * a + 0.25 * b, ones, ones)
        >>> first.unique().item(), second.unique().item()
        (0.75, 0.25)
    """
    if samples > 1:
        fused, _ = gradient(method, *sources)
        generator = torch.Generator().manual_seed(seed)
        sums = [torch.zeros_like(source) for source in sources]
        for _ in range(samples):
            noisy = []
            for source in sources:
                # one noise image for all slices: no slice depends on its batch
                sample = torch.randn(source.shape[-2:], generator=generator) * noise
                noisy.append(source + sample.to(source))
            _, maps = gradient(method, *noisy)
            sums = [total + part for total, part in zip(sums, maps, strict=True)]
        return fused, tuple(total / samples for total in sums)

    with torch.enable_grad():
        leaves = [source.detach().clone().requires_grad_() for source in sources]
        fused = method(*leaves)
        found = torch.autograd.grad(fused.sum(), leaves, allow_unused=True)
    pairs = zip(leaves, found, strict=True)
    return fused.detach(), tuple(torch.zeros_like(x) if g is None else g for x, g in pairs)


def share(
    method: Fuse,
    *sources: Tensor,
    steps: int = 1,
    baseline: Tensor | None = None,
    approximate: Fuse | None = None,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The Shapley value of each source in every fused pixel.

    With two sources, s_1 = 1/2 [F(I1, 0) - F(0, 0)] + 1/2 [F(I1, I2) - F(0, I2)], and s_2
    likewise (Shapley 1953; 0 is a black slice). The shares sum to F(I1, I2) - F(0, 0) exactly, a
    source that the method ignores gets 0, and equal sources of a symmetric method get equal
    shares. Forward passes alone, so any method will do: three with two sources, seven with
    three, and F(0, 0) once.

    Args:
        method: any.
        sources: slice batches (N, 1, H, W) in [0, 1].
        steps: number of equal parts that the path from black to the sources is cut into, to add up
            the shares of each (the Aumann-Shapley value as it grows).
        baseline: F(0, 0) where it is known already, (1, 1, H, W).
        approximate: a faster method for where a source is black; the shares sum up as before.

    Returns:
        The fused batch, and a map (N, 1, H, W) for each source.

    Example:
        >>> a, b = torch.tensor([[[[0.2]]]]), torch.tensor([[[[0.8]]]])
        >>> _, (first, second) = share(torch.maximum, a, b)
        >>> round(first.item(), 3), round(second.item(), 3)
        (0.1, 0.7)
    """
    players = range(len(sources))
    everyone = frozenset(players)
    start = black(method, *sources) if baseline is None else baseline
    maps = [start.new_zeros(())] * len(sources)
    fuse = _at_levels(method, sources)
    fuse_some = _at_levels(approximate, sources) if approximate else fuse
    for step in range(steps):
        worth: dict[frozenset[int], Tensor] = {frozenset(): start}
        for size in range(1, len(sources) + 1):
            for coalition in map(frozenset, combinations(players, size)):
                levels = [(step + (m in coalition)) / steps for m in players]
                worth[coalition] = (fuse if coalition == everyone else fuse_some)(levels)
        for m in players:
            for coalition in worth:
                if m not in coalition:
                    rest = len(sources) - len(coalition) - 1
                    weight = factorial(len(coalition)) * factorial(rest) / factorial(len(sources))
                    maps[m] = maps[m] + weight * (worth[coalition | {m}] - worth[coalition])
        start = worth[everyone]
    return start, tuple(maps)


def parts(method: FusionMethod, *sources: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """What was taken from each source, with the weights that the method chose.

    Args:
        method: one that supports "parts", see `methods.base.FusionMethod.parts`.
        sources: slice batches (N, 1, H, W) in [0, 1].

    Returns:
        The fused batch, which is the sum of the maps, and a map (N, 1, H, W) for each source.

    Example:
        >>> from MedFusionLib.methods.registry import get_method
        >>> a, b = torch.tensor([[[[0.2]]]]), torch.tensor([[[[0.8]]]])
        >>> _, (first, second) = parts(get_method("maximum")(), a, b)
        >>> round(first.item(), 3), round(second.item(), 3)
        (0.0, 0.8)
    """
    maps = tuple(method.parts(*sources))
    return reduce(torch.add, maps), maps


def _at_levels(method: Fuse, sources: Sequence[Tensor]) -> Callable[[Sequence[float]], Tensor]:
    """Fuses the sources, each times its level.

    A `BranchedMethod` runs each branch once for each level. A method that keeps a lone source need
    not run where there is but one.
    """

    def source(m: int, level: float) -> Tensor:
        return sources[m] if level == 1 else sources[m] * level

    if isinstance(method, FusionMethod) and method.keeps_lone_source:

        def fuse(levels: Sequence[float]) -> Tensor:
            there = [m for m, level in enumerate(levels) if level]
            if len(there) == 1:
                return source(there[0], levels[there[0]])
            return method(*(source(m, level) for m, level in enumerate(levels)))

        return fuse
    if not isinstance(method, BranchedMethod):
        return lambda levels: method(*(source(m, level) for m, level in enumerate(levels)))

    @lru_cache(2 * len(sources))
    def branch(m: int, level: float) -> Any:
        return method.branch(m, source(m, level))

    return lambda levels: method.join(*(branch(m, level) for m, level in enumerate(levels)))


def black(method: Fuse, *sources: Tensor) -> Tensor:
    """F(0, 0): the fusion of black slices of the sources' size, (1, 1, H, W)."""
    nothing = torch.zeros_like(sources[0][:1])
    return method(*(nothing for _ in sources))


def sum_error(fused: Tensor, maps: tuple[Tensor, ...], baseline: Tensor) -> float:
    """Largest difference in a pixel between the shares' sum and F(I1, I2) - F(0, 0)."""
    return float((reduce(torch.add, maps) - (fused - baseline)).abs().max())
