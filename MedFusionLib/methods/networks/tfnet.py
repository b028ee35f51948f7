"""TFNet: two encoders, fused in feature space, and a decoder with skip connections.

Liu, Liu, Wang: Remote Sensing Image Fusion Based on Two-stream Fusion Network. Information Fusion
55, 2020. For each source 3x3 1->c, 3x3 c->c and 2x2 with stride 2 c->2c; both stacked, 3x3 and 3x3
to 4c, 2x2 with stride 2 to 8c; 3x3 and 3x3 8c, transposed 2x2 to 4c; beside the features of the
same size, 3x3 to 4c and transposed 2x2 to 2c; beside the first features of both sources, 3x3 to 2c,
3x3 to 2c and 3x3 to 1, tanh. PReLU after every other convolution, no norm.

The network was made for satellite images with a known result. CSpA-DN (Li et al. 2020) compares
with it on MR and PET, and says nothing of how. Here it is:

- c = 16, half of the authors' program, at a quarter of its work, so that a processor without a
  graphics card trains and fuses in bearable time;
- one channel for each source;
- the loss of CSpA-DN, MSE and 1 - SSIM towards both sources, in place of L1 to a known result;
- sizes that are no multiple of 4 are extended by reflection (by replication where a side is too
  short for that) and cropped back;
- black where both sources are (`black.keep_black`).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from ..base import BranchedMethod
from ..black import keep_black

BASE = 16
MULTIPLE = 4


def _layers(*channels: int) -> list[nn.Module]:
    """3x3 convolutions from one number of channels to the next, each with PReLU."""
    found: list[nn.Module] = []
    for inputs, outputs in pairwise(channels):
        found += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.PReLU()]
    return found


def _down(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 2, stride=2), nn.PReLU())


def _up(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.ConvTranspose2d(inputs, outputs, 2, stride=2), nn.PReLU()]


class TFNet(BranchedMethod):
    """The network; 553,905 parameters.

    Args:
        base: channels of the first layer; 32 is the authors' program.

    Example:
        >>> TFNet()(torch.zeros(1, 1, 37, 50), torch.zeros(1, 1, 37, 50)).shape
        torch.Size([1, 1, 37, 50])
    """

    name = "tfnet"
    title = "TFNet"
    kind = "network"
    summary = "Two encoders and a decoder with skip connections, made for satellite images."
    citation = (
        "Liu et al., Remote Sensing Image Fusion Based on Two-stream Fusion Network, "
        "Information Fusion, 2020"
    )
    choices = (
        "Half the channels; CSpA-DN's loss, for there is no known result; sizes extended to a "
        "multiple of 4; black where both sources are."
    )
    receptive_radius = 26

    def __init__(self, base: int = BASE) -> None:
        super().__init__()
        c = base
        self.fine = nn.ModuleList(nn.Sequential(*_layers(1, c, c)) for _ in range(2))
        self.down = nn.ModuleList(_down(c, 2 * c) for _ in range(2))
        self.fuse = nn.Sequential(*_layers(4 * c, 4 * c, 4 * c))
        self.quarter = _down(4 * c, 8 * c)
        self.deep = nn.Sequential(*_layers(8 * c, 8 * c, 8 * c), *_up(8 * c, 4 * c))
        self.middle = nn.Sequential(*_layers(8 * c, 4 * c), *_up(4 * c, 2 * c))
        self.image = nn.Sequential(
            *_layers(4 * c, 2 * c, 2 * c), nn.Conv2d(2 * c, 1, 3, padding=1), nn.Tanh()
        )

    def branch(self, number: int, source: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The first (0) or second (1) source, and its features at full and at half size."""
        height, width = source.shape[-2:]
        sides = (0, -width % MULTIPLE, 0, -height % MULTIPLE)
        mode = "reflect" if min(height, width) > MULTIPLE else "replicate"
        fine = self.fine[number](F.pad(source, sides, mode=mode))
        return source, fine, self.down[number](fine)

    def join(self, *branches: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """The fused batch from the features of both sources."""
        sources, fine, half = zip(*branches, strict=True)
        fused = self.fuse(torch.cat(half, dim=1))
        x = self.deep(self.quarter(fused))
        x = self.middle(torch.cat([x, fused], dim=1))
        x = self.image(torch.cat([x, *fine], dim=1))
        height, width = sources[0].shape[-2:]
        return keep_black(x[..., :height, :width], *sources)
