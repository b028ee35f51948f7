"""PMGI: a path for intensity and one for gradients, which exchange features.

Zhang, Xu, Xiao, Guo, Ma: Rethinking the Image Fusion: A Fast Unified Image Fusion Network Based on
Proportional Maintenance of Gradient and Intensity. AAAI 2020. One path sees the second source
twice and the first once (PET, PET, MR), the other the reverse. Layer 1 is 5x5 3->16, layers 2, 3
and 4 are 3x3 to 16 from all that the path has so far; after layers 2 and 3 a 1x1 convolution of
both paths to 16 gives each path what the other one found. Each has batch norm and leaky ReLU of
slope 0.2. All features of both paths, 1x1 to 1, tanh. Images go in and come out as 2 x - 1.
The loss of the authors' program for MR and PET is

    |F - I2|^2 + |F - I1|^2 + 300 |L F - L I1|^2,   means over the pixels, L the Laplacian

Chosen here:

- layer 2 takes the features of layer 1 alone, layer 3 those of layers 1, 2 and of the exchange,
  layer 4 those of 1, 2, 3 and of the second exchange, as in the program;
- the same loss for CT and SPECT in the place of PET;
- PyTorch's initial weights; the program's (standard deviation 0.001) start slowly;
- at test time batch norm uses stored statistics; the program's uses those of the slice;
- black where both sources are (`black.keep_black`).

As trained here (240 steps) the MR rules by the weight of its gradients, and PET shows faintly.
"""

from __future__ import annotations

import torch
from torch import nn

from ..base import FusionMethod
from ..black import keep_black

CHANNELS = 16


def _layer(inputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, CHANNELS, kernel, padding=kernel // 2),
        nn.BatchNorm2d(CHANNELS),
        nn.LeakyReLU(0.2, inplace=True),
    )


def _pair(inputs: int, kernel: int) -> nn.ModuleList:
    """The same layer in both paths, with weights of their own."""
    return nn.ModuleList(_layer(inputs, kernel) for _ in range(2))


class PMGI(FusionMethod):
    """The network; 42,017 parameters, 384 of them in batch norm.

    Example:
        >>> PMGI()(torch.zeros(1, 1, 32, 48), torch.zeros(1, 1, 32, 48)).shape
        torch.Size([1, 1, 32, 48])
    """

    name = "pmgi"
    title = "PMGI"
    kind = "network"
    summary = "Two small paths, for intensity and for gradients; shows the MR's edges in the mean."
    citation = (
        "Zhang et al., Rethinking the Image Fusion: A Fast Unified Image Fusion Network Based "
        "on Proportional Maintenance of Gradient and Intensity, AAAI 2020"
    )
    choices = (
        "The loss of MR and PET for all pairs; stored batch-norm statistics; black where both "
        "sources are."
    )
    receptive_radius = 5

    def __init__(self) -> None:
        super().__init__()
        c = CHANNELS
        self.layer1, self.layer2 = _pair(3, 5), _pair(c, 3)
        self.layer3, self.layer4 = _pair(3 * c, 3), _pair(4 * c, 3)
        self.exchange2, self.exchange3 = _pair(2 * c, 1), _pair(2 * c, 1)
        self.image = nn.Sequential(nn.Conv2d(8 * c, 1, 1), nn.Tanh())

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Fuse two slice batches.

        Args:
            first: (N, 1, H, W) in [0, 1], the anatomical source (MR).
            second: (N, 1, H, W) in [0, 1], the other source.

        Returns:
            (N, 1, H, W) in [0, 1].
        """
        one, other = 2 * first - 1, 2 * second - 1
        inputs = torch.cat([other, other, one], 1), torch.cat([one, one, other], 1)
        found1 = _each(self.layer1, inputs)
        found2 = _each(self.layer2, found1)
        told2 = _each(self.exchange2, [torch.cat(found2, 1)] * 2)
        found3 = _each(self.layer3, _beside(found1, found2, told2))
        told3 = _each(self.exchange3, [torch.cat(found3, 1)] * 2)
        found4 = _each(self.layer4, _beside(found1, found2, found3, told3))
        fused = self.image(torch.cat([*found1, *found2, *found3, *found4], 1))
        return keep_black((fused + 1) / 2, first, second)


def _each(layers: nn.ModuleList, inputs) -> list[torch.Tensor]:
    return [layer(x) for layer, x in zip(layers, inputs, strict=True)]


def _beside(*features: list[torch.Tensor]) -> list[torch.Tensor]:
    """For each path, its own of all these features."""
    return [torch.cat(path, 1) for path in zip(*features, strict=True)]
