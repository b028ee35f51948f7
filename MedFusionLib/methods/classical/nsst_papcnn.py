"""NSST and a parameter-adaptive pulse-coupled neural network.

Yin, Liu, Liu, Chen: Medical Image Fusion With Parameter-Adaptive Pulse Coupled Neural Network in
Nonsubsampled Shearlet Transform Domain. IEEE Transactions on Instrumentation and Measurement 2019.
Low band: the source with the larger product of weighted local energy (WLE) and weighted sum of
eight-neighbourhood modified Laplacians (WSEML). Details: the source whose neurons fire more often,
in a network whose parameters follow from each band's standard deviation, maximum and Otsu
threshold (see `adapt`).

Chosen here, as in the authors' program where it differs from the paper: WSEML of the magnitudes of
one-sided differences, with a root; the decimal logarithm in the potential's decay; Otsu thresholds
on 256 levels of [0, 1]. With these parameters most neurons fire in every second iteration, so a
third to a half of all counts are equal; the program then takes the first source, whatever it shows
(and its demonstrations change the order), here the larger coefficient wins. A threshold below one
level counts as one, a standard deviation below 1e-6 as that, so that black bands stay finite. The
whole band decides on its parameters, and pulses travel: nothing may be cropped.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ..base import BranchedMethod
from ..transforms.shearlets import Shearlets
from .pulse_coupled import Neurons, count_pulses
from .windows import BINOMIAL, window_mean

ITERATIONS = 110


def otsu(planes: Tensor) -> Tensor:
    """Otsu thresholds (planes,) of values in [0, 1], on 256 levels; (planes, H, W).

    Example:
        >>> otsu(torch.tensor([[[0.1, 0.1, 0.9, 0.9]]])).item() < 0.9
        True
    """
    levels = (255 * planes.clamp(0, 1)).round().long().flatten(1)
    shift = 256 * torch.arange(len(planes), device=planes.device)[:, None]
    counts = torch.bincount((levels + shift).flatten(), minlength=256 * len(planes))
    share = counts.view(-1, 256).double() / levels.shape[1]
    below = share.cumsum(1)
    mean = (share * torch.arange(256, device=planes.device)).cumsum(1)
    spread = (mean[:, -1:] * below - mean) ** 2 / (below * (1 - below)).clamp(min=1e-12)
    best = spread >= spread.max(1, keepdim=True).values * (1 - 1e-9)  # a plateau: its middle
    place = torch.arange(256, device=planes.device, dtype=torch.float64)
    found = (best * place).sum(1) / best.sum(1)
    return (found / 255).to(planes.dtype)


def adapt(stimulus: Tensor) -> Neurons:
    """The neurons' parameters for each plane of magnitudes (planes, H, W), as (planes, 1, 1).

    a_f = log10(1 / std), lambda = (max / S' - 1) / 6 with Otsu's threshold S', V = exp(-a_f) + 1 +
    6 lambda, M = (1 - exp(-3 a_f)) / (1 - exp(-a_f)) + 6 lambda exp(-a_f), a_e = ln(V / (S' M)).
    """
    largest = stimulus.amax((1, 2))
    deviation = stimulus.flatten(1).std(1) if stimulus[0].numel() > 1 else 0 * largest
    decay = (1 / deviation.clamp(1e-6, 0.5)).log10()
    middle = otsu(stimulus).clamp(min=1 / 255)
    strength = ((largest / middle - 1) / 6).clamp(min=0)
    kept = (-decay).exp()
    jump = kept + 1 + 6 * strength
    steady = (1 - kept**3) / (1 - kept) + 6 * strength * kept
    forget = (jump / (middle * steady)).log().clamp(min=1e-3)
    return Neurons(
        strength=strength[:, None, None],
        weight=0.5,
        threshold_memory=(-forget).exp()[:, None, None],
        jump=jump[:, None, None],
        threshold=1.0,
        potential_memory=kept[:, None, None],
    )


def _low_activity(low: Tensor) -> Tensor:
    """WLE x WSEML."""
    energy = window_mean(low**2, BINOMIAL)
    height, width = low.shape[-2:]
    around = F.pad(low, (1, 1, 1, 1), mode="replicate")
    total = torch.zeros_like(low)
    for i in range(3):
        for j in range(3):
            distance = math.hypot(i - 1, j - 1)
            if distance:
                neighbour = around[..., i : i + height, j : j + width]
                total = total + (low - neighbour).abs() / distance
    return energy * window_mean(window_mean(total).sqrt(), BINOMIAL)


class NSSTPAPCNN(BranchedMethod):
    """The fusion with the authors' parameters.

    Args:
        iterations: of the network.
        transform: the shearlets.

    Example:
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(NSSTPAPCNN()(image, image), image, atol=1e-5)
        True
    """

    name = "nsst-papcnn"
    title = "NSST-PAPCNN"
    summary = "Shearlets; pulsing neurons choose the stronger detail. Bright, rich in detail, slow."
    citation = (
        "Yin, Liu, Liu and Chen, Medical Image Fusion With Parameter-Adaptive Pulse Coupled "
        "Neural Network in Nonsubsampled Shearlet Transform Domain, IEEE Transactions on "
        "Instrumentation and Measurement, 2019"
    )
    choices = (
        "Parameters of the authors' program; equal counts to the larger coefficient; periodic "
        "shearlets."
    )

    def __init__(self, iterations: int = ITERATIONS, transform: Shearlets | None = None) -> None:
        super().__init__()
        self.iterations = iterations
        self.transform = transform or Shearlets()

    def branch(self, _: int, source: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The bands of a source, low band first, each with what it is chosen by: all the work."""
        low, details = self.transform.analyse(source)
        with torch.no_grad():
            activity = _low_activity(low)
        return [(low, activity), *((detail, self._pulses(detail)) for detail in details)]

    def join(
        self, first: list[tuple[Tensor, Tensor]], second: list[tuple[Tensor, Tensor]]
    ) -> Tensor:
        """The fused batch of two sources' bands."""
        low, *details = (
            torch.where(
                (rank1 > rank2) | ((rank1 == rank2) & (one.abs() >= other.abs())), one, other
            )
            for (one, rank1), (other, rank2) in zip(first, second, strict=True)
        )
        return self.transform.synthesise(low, details).clamp(0, 1)

    @torch.no_grad()
    def _pulses(self, band: Tensor) -> Tensor:
        stimulus = band.detach().abs().flatten(0, 1)
        return count_pulses(stimulus, adapt(stimulus), self.iterations).view(band.shape)
