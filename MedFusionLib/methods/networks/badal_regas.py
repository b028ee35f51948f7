"""Badal Regàs CNN: both sources stacked, five convolutions.

Badal Regàs: Multi-modal Medical Image Fusion using Convolutional Neural Networks. Bachelor thesis,
TU Dresden 2018. Five layers: 5x5 2->128, 5x5 128->64, 3x3 64->32, 3x3 32->16, each with batch norm
and leaky ReLU of slope 0.2, then 1x1 16->1 and tanh; padding keeps the size.

Otherwise here: PyTorch's initial weights (the thesis: truncated normal, 0.001); at test time batch
norm uses stored statistics, so a slice does not depend on its batch. The loss is
`losses.ssim_loss` with alpha = 4.
"""

from __future__ import annotations

import torch
from torch import nn

from ..base import FusionMethod


def _layer(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding="same"),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2, inplace=True),
    )


class BadalRegas(FusionMethod):
    """The network; 234,977 parameters.

    Args:
        gain: what the fused image is multiplied by, for that of a trained network is dim; see
            `training.brightness`.

    Example:
        >>> BadalRegas()(torch.zeros(1, 1, 32, 48), torch.zeros(1, 1, 32, 48)).shape
        torch.Size([1, 1, 32, 48])
    """

    name = "badal-regas"
    title = "Badal Regàs CNN"
    kind = "network"
    group = "published"
    summary = (
        "Plain convolutional network on both sources at once, trained for structural "
        "similarity alone."
    )
    citation = (
        "Badal Regàs, Multi-modal Medical Image Fusion using Convolutional Neural Networks, "
        "bachelor thesis, TU Dresden 2018"
    )
    choices = (
        "PyTorch's initial weights, where the thesis has a truncated normal of 0.001; stored "
        "batch-norm statistics; the dim result raised by a constant."
    )
    receptive_radius = 6

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain
        self.layers = nn.Sequential(
            _layer(2, 128, 5),
            _layer(128, 64, 5),
            _layer(64, 32, 3),
            _layer(32, 16, 3),
            nn.Conv2d(16, 1, 1),
        )

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Fuse two slice batches.

        Args:
            first: (N, 1, H, W) in [0, 1].
            second: (N, 1, H, W) in [0, 1].

        Returns:
            (N, 1, H, W) in (-gain, gain), in practice near [0, 1].
        """
        return self.gain * torch.tanh(self.layers(torch.cat([first, second], dim=1)))
