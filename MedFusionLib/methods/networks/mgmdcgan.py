"""MGMDcGAN: a densely connected generator, trained against a critic for each source.

Huang, Le, Ma, Fan, Zhang, Yang: MGMDcGAN: Medical Image Fusion Using Multi-Generator Multi-
Discriminator Conditional Generative Adversarial Network. IEEE Access 8, 2020. Both sources stacked,
3x3 2->c; four 3x3 ->c, each fed by all before; decoder 3x3 5c, 5c / 2, 5c / 4, 5c / 8 and 1; batch
norm and ReLU after each but the last; tanh / 2 + 1/2. Reflection padding everywhere.

The training is `training.adversarial`: one critic knows the first source (MR), the other one the
second at a quarter of its size; beside them a pixel-wise loss.

The publication and the authors' program differ, or leave open, and here it is:

- one generator and one game, as the program has it; the paper's second game, for PET or CT with a
  mask of bone, is in no program and not here;
- c = 16, a third of the program's channels at a ninth of its work, so that a processor without a
  graphics card trains and fuses in bearable time; decoder 80, 40, 20, 10, 1;
- the program's PET has a quarter of the size and goes through a transposed convolution first; our
  sources lie on one grid, so there is none;
- the first decoder layer is applied once; the program applies it twice, likely by mistake;
- at test time batch norm uses stored statistics; the program's uses those of the slice;
- black where both sources are (`black.keep_black`).
"""

from __future__ import annotations

import torch
from torch import nn

from ..base import FusionMethod
from ..black import keep_black

GROWTH = 16
MODULES = 5


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect")


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_conv(inputs, outputs), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class MGMDcGAN(FusionMethod):
    """The generator; 119,509 parameters.

    Args:
        growth: channels of each dense layer; 48 is the authors' program.

    Example:
        >>> MGMDcGAN()(torch.zeros(1, 1, 32, 48), torch.zeros(1, 1, 32, 48)).shape
        torch.Size([1, 1, 32, 48])
    """

    name = "mgmdcgan"
    title = "MGMDcGAN"
    kind = "network"
    summary = "Adversarial network: one critic knows the MR, one the second source's brightness."
    citation = (
        "Huang et al., MGMDcGAN: Medical Image Fusion Using Multi-Generator Multi-"
        "Discriminator Conditional Generative Adversarial Network, IEEE Access, 2020"
    )
    choices = (
        "One generator as in the program; a third of its channels; sources on one grid; stored "
        "batch-norm statistics; black where both sources are."
    )
    receptive_radius = 10

    def __init__(self, growth: int = GROWTH) -> None:
        super().__init__()
        inputs = [2, *(growth * n for n in range(1, MODULES))]
        self.dense = nn.ModuleList(_layer(n, growth) for n in inputs)
        wide = growth * MODULES
        decoder = [wide, wide, wide // 2, wide // 4, wide // 8]
        self.decoder = nn.Sequential(
            *map(_layer, decoder, decoder[1:]), _conv(decoder[-1], 1), nn.Tanh()
        )

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Fuse two slice batches.

        Args:
            first: (N, 1, H, W) in [0, 1], both sides at least 2 pixels.
            second: (N, 1, H, W) in [0, 1].

        Returns:
            (N, 1, H, W) in [0, 1].
        """
        features = self.dense[0](torch.cat([first, second], dim=1))
        for layer in self.dense[1:]:
            features = torch.cat([layer(features), features], dim=1)
        return keep_black(self.decoder(features) / 2 + 0.5, first, second)
