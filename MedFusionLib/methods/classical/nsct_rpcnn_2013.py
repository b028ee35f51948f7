"""NSCT and a reduced pulse-coupled neural network with fuzzy linking strengths.

Das, Kundu: A Neuro-Fuzzy Approach for Medical Image Fusion. IEEE Transactions on Biomedical
Engineering 2013. All bands, the low one too, come from the source whose neurons fire more often in
200 iterations. The reduced network has no memory in links or potential; its linking strength is a
fuzzy membership value that says how significant the coefficient is in its source.

Parameters and transform are those of the authors' program: threshold with memory exp(-0.2) and jump
20; contourlets "pyrexc" and "vk" with 2, 4 and 4 directions.

Chosen here, for the program's membership function is not public: significance is the mean magnitude
in the 3 x 3 window of the deviation from the band's mean, as a share of the largest of both
sources, and the membership is Zadeh's S-curve of it from 0 to 1. Coefficients' magnitudes are the
stimuli, divided by the largest of both sources; equal counts go to the more significant one.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..base import FusionMethod
from ..transforms.contourlets import Contourlets
from .nsct_rpcnn_2012 import ITERATIONS, NEURONS, share_of_largest
from .pulse_coupled import count_pulses
from .windows import window_mean


def s_curve(values: Tensor) -> Tensor:
    """Zadeh's S-shaped membership function from 0 at 0 to 1 at 1.

    Example:
        >>> s_curve(torch.tensor([0.0, 0.25, 0.5, 1.0])).tolist()
        [0.0, 0.125, 0.5, 1.0]
    """
    values = values.clamp(0, 1)
    return torch.where(values < 0.5, 2 * values**2, 1 - 2 * (1 - values) ** 2)


class NSCTRPCNN2013(FusionMethod):
    """The fusion with the authors' parameters.

    Args:
        iterations: of the network.

    Example:
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(NSCTRPCNN2013()(image, image), image, atol=1e-5)
        True
    """

    name = "nsct-rpcnn-2013"
    title = "NSCT-RPCNN (2013)"
    summary = "Contourlets; pulsing neurons with fuzzy links choose coarse values and detail."
    citation = (
        "Das and Kundu, A Neuro-Fuzzy Approach for Medical Image Fusion, IEEE Transactions on "
        "Biomedical Engineering, 2013"
    )
    choices = (
        "Parameters of the authors' program; the membership function is our own, for theirs "
        "is not public; periodic contourlets."
    )

    def __init__(self, iterations: int = ITERATIONS) -> None:
        super().__init__()
        self.iterations = iterations
        self.transform = Contourlets((1, 2, 2))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        (low1, details1), (low2, details2) = map(self.transform.analyse, (first, second))
        low, *details = (
            torch.where(self._first_wins(one, other), one, other)
            for one, other in zip((low1, *details1), (low2, *details2), strict=True)
        )
        return self.transform.synthesise(low, details).clamp(0, 1)

    @torch.no_grad()
    def _first_wins(self, first: Tensor, second: Tensor) -> Tensor:
        weights = share_of_largest(*map(_significance, (first, second)))
        stimuli = share_of_largest(first.abs(), second.abs())
        counts = [
            count_pulses(
                stimulus.flatten(0, 1),
                replace(NEURONS, strength=s_curve(weight).flatten(0, 1), link_memory=0.0),
                self.iterations,
            ).view(stimulus.shape)
            for stimulus, weight in zip(stimuli, weights, strict=True)
        ]
        return (counts[0] > counts[1]) | ((counts[0] == counts[1]) & (weights[0] >= weights[1]))


def _significance(bands: Tensor) -> Tensor:
    """Mean deviation from the band's mean in each 3 x 3 window."""
    return window_mean((bands - bands.mean((2, 3), keepdim=True)).abs())
