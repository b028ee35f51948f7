"""Pulse-coupled neural networks: how often the neuron of each coefficient fires.

Johnson, Padgett: PCNN Models and Applications. IEEE Transactions on Neural Networks 1999. One
neuron for each coefficient; it fires when what drives it passes a threshold that decays and jumps
with each pulse, and a pulse helps its eight neighbours to fire in the next iteration:

    L = l L + w K(Y)             links: neighbours' last pulses, weighted 1 2 1 / 2 0 2 / 1 2 1
    U = p U + S (1 + beta L)     potential, S the stimulus
    Y = 1 where U > E, else 0    pulses
    E = t E + jump Y             threshold

Strong coefficients, and those among strong ones, fire more often; the fusion rules take the
coefficient with more pulses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...threads import side_by_side

CPU_NEURONS = 256 * 256  # at once: their state fits the cache


@dataclass(frozen=True)
class Neurons:
    """The parameters of the neurons; a tensor (planes, 1, 1) has a value for each plane.

    Attributes:
        strength: beta of the links; may be (planes, H, W), a value for each neuron.
        weight: w of the links.
        threshold_memory: t, between 0 and 1.
        jump: of the threshold with each pulse, above 0.
        threshold: E before the first iteration.
        potential_memory: p.
        link_memory: l.

    Example:
        >>> Neurons(0.1, weight=0.5, threshold_memory=0.8, jump=20.0).threshold
        0.0
    """

    strength: Tensor | float
    weight: float
    threshold_memory: Tensor | float
    jump: Tensor | float
    threshold: float = 0.0
    potential_memory: Tensor | float = 0.0
    link_memory: float = 0.0

    def of_planes(self, planes: slice) -> Neurons:
        """The parameters of some planes alone."""

        def part(value: Tensor | float) -> Tensor | float:
            return value[planes] if isinstance(value, Tensor) else value

        return replace(
            self,
            strength=part(self.strength),
            threshold_memory=part(self.threshold_memory),
            jump=part(self.jump),
            potential_memory=part(self.potential_memory),
        )


@torch.no_grad()
def count_pulses(stimulus: Tensor, neurons: Neurons, iterations: int) -> Tensor:
    """Pulses of each neuron after some iterations.

    Planes do not know of each other; beyond their borders nothing fires.

    Args:
        stimulus: S, at least 0, (planes, H, W).
        neurons: what they are like.
        iterations: at most 255.

    Returns:
        (planes, H, W), uint8.

    Example:
        >>> bright = torch.tensor([[[0.2, 0.9]]])
        >>> neurons = Neurons(0.1, weight=0.5, threshold_memory=0.8, jump=20.0)
        >>> count_pulses(bright, neurons, 50).tolist()
        [[[3, 4]]]
    """
    planes = len(stimulus)
    together = planes
    if stimulus.device.type == "cpu":
        together = max(1, CPU_NEURONS // stimulus[0].numel())

    def count(start: int) -> Tensor:
        part = slice(start, start + together)
        return _count(stimulus[part], neurons.of_planes(part), iterations)

    if together == planes:
        return count(0)
    starts = range(0, planes, together)
    return torch.cat(list(side_by_side(count, starts, torch.get_num_threads())))


@torch.no_grad()
def _count(stimulus: Tensor, neurons: Neurons, iterations: int) -> Tensor:
    """Rows stand one behind the other with a silent neuron between them: neighbours are shifts.

    Everything is in units of jump / (1 - threshold_memory), so that the threshold's step is one
    operation; pulses are bytes, so that adding neighbours is cheap.
    """
    planes, height, width = stimulus.shape
    line = width + 1
    if not stimulus.any():  # such as a black source: nothing ever fires
        return torch.zeros(stimulus.shape, dtype=torch.uint8, device=stimulus.device)

    def laid_out(values: Tensor) -> Tensor:
        rows = values.new_zeros(planes, height, line)
        rows[..., :width] = values
        return rows.flatten(1)

    each = stimulus.new_ones(planes, 1, 1)
    threshold_memory = each * neurons.threshold_memory
    unit = each * neurons.jump / (1 - threshold_memory)
    drive = laid_out(stimulus / unit)
    linked = laid_out(stimulus / unit * (each * neurons.strength) * neurons.weight)
    level = (neurons.threshold / unit).flatten(1) * torch.ones_like(drive)
    potential_memory = (each * neurons.potential_memory).flatten(1)
    remembers = bool(potential_memory.any())
    steps = 1 - threshold_memory.flatten(1)
    one = planes == 1
    memory, step = (x.item() if one else x for x in (potential_memory, steps))
    size = drive.shape[1]
    field = torch.zeros(planes, size + 2 * line + 2, dtype=torch.uint8, device=drive.device)
    pulses = field[:, line + 1 : line + 1 + size]
    fires = field.view(torch.bool)[:, line + 1 : line + 1 + size]
    beside = torch.empty_like(field[:, 2:])
    around = torch.empty_like(pulses, memory_format=torch.contiguous_format)
    counts = torch.zeros_like(around)
    links, heard, fired = (torch.zeros_like(drive) for _ in range(3))
    potential, driven = torch.zeros_like(drive), torch.empty_like(drive)
    for _ in range(iterations):
        torch.add(field[:, :-2], field[:, 2:], out=beside).add_(field[:, 1:-1], alpha=2)
        torch.add(beside[:, : -2 * line], beside[:, 2 * line :], out=around)
        around.add_(beside[:, line:-line], alpha=2).sub_(pulses, alpha=4)
        heard.copy_(around)
        links = links.mul_(neurons.link_memory).add_(heard) if neurons.link_memory else heard
        torch.addcmul(drive, linked, links, out=driven)
        if remembers:
            potential.mul_(memory).add_(driven)
        torch.gt(potential if remembers else driven, level, out=fires)
        fired.copy_(pulses)
        level.lerp_(fired, step)
        counts.add_(pulses)
    return counts.view(planes, height, line)[..., :width]
