"""DeepFuse: features of each source by the same layers, added, an image from their sum.

Prabhakar, Srikar, Babu: DeepFuse: A Deep Unsupervised Approach for Exposure Fusion with Extreme
Exposure Image Pairs. ICCV 2017. Each source goes through the same 5x5 1->16 and 7x7 16->32; the
features are added; then 7x7 32->32, 5x5 32->16 and 5x5 16->1. No target: the loss is 1 - MEF-SSIM
(`losses.mef_ssim_loss`). The order of the sources does not matter, and one set of weights serves
all pairs.

The paper and the authors' program differ, or leave open, and here it is:

- layers as in the paper (the program has six, 3x3 32 and 5x5 64 before the sum, and twelve times
  the parameters);
- leaky ReLU of slope 0.01 and no biases, as in the program, so F(0, 0) = 0;
- MEF-SSIM says nothing about brightness. The program stretches each result from black to white,
  which would let a slice's brightness depend on its extremes; here tanh keeps it in (-1, 1), and
  the training starts from L2, as of all networks here, which sets the level.
"""

from __future__ import annotations

import torch
from torch import nn

from ..base import BranchedMethod


def _layer(inputs: int, outputs: int, kernel: int) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return [conv, nn.LeakyReLU(0.01, inplace=True)]


class DeepFuse(BranchedMethod):
    """The network; 88,864 parameters.

    Example:
        >>> black = torch.zeros(1, 1, 32, 48)
        >>> DeepFuse()(black, black).abs().max().item()
        0.0
    """

    name = "deepfuse"
    title = "DeepFuse"
    kind = "network"
    summary = "Small network made for exposures; keeps the stronger local contrast."
    citation = (
        "Prabhakar et al., DeepFuse: A Deep Unsupervised Approach for Exposure Fusion with "
        "Extreme Exposure Image Pairs, ICCV 2017"
    )
    choices = (
        "Layers of the paper; leaky ReLU 0.01 and no biases as in the program; tanh at the "
        "end instead of stretching each slice."
    )
    all_pairs = True
    receptive_radius = 12

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*_layer(1, 16, 5), *_layer(16, 32, 7))
        self.image = nn.Sequential(
            *_layer(32, 32, 7), *_layer(32, 16, 5), nn.Conv2d(16, 1, 5, padding=2, bias=False)
        )

    def branch(self, _: int, source: torch.Tensor) -> torch.Tensor:
        """Features of a source; the same layers for both."""
        return self.features(source)

    def join(self, *branches: torch.Tensor) -> torch.Tensor:
        """The fused batch from the features of both sources."""
        return torch.tanh(self.image(sum(branches)))
