"""IFCNN: features of each source alone, the larger of the two everywhere, an image from those.

Zhang, Liu, Sun, Yan, Zhao, Zhang: IFCNN: A General Image Fusion Framework Based on Convolutional
Neural Network. Information Fusion 54, 2020. Each source goes through the same 7x7 1->64 and
3x3 64->64 with batch norm and ReLU; medical features are fused by their elementwise maximum; then
3x3 64->64 with batch norm and ReLU, and 1x1 64->1. Borders are extended by replication. Any number
of sources can be fused, in any order. Trained on images with a known result, one that is blurred
here in one copy, there in the other; so one set of weights serves all pairs.

Different from the publication:

- its first layer is that of ResNet-101, trained on ImageNet and frozen; here it is learned with the
  rest, from atlas slices alone;
- it takes colours, and greys as three equal channels, whose mean is the result; here both ends
  have the one channel that is the same for greys, so there are 77,185 parameters, not 83,587;
- its loss is the mean squared error, then with a perceptual loss by ResNet's features; here SSIM
  takes the place of the latter;
- what is blurred in training is also darkened, else what one source alone shows is lost (tried:
  the skull in CT with MR); see `training.tasks.RefocusTraining`.

As trained here (300 steps) it keeps what one source alone shows, and overshoots where both are
bright; of an image that is blurred here and there it makes no better one than the mean does
(measured on the digital head), which the authors' network does.

At test time batch norm uses stored statistics, so a slice does not depend on its batch. The result
is cut to [-1, 1], the range of the other networks, and black where both sources are
(`black.keep_black`).
"""

from __future__ import annotations

import torch
from torch import nn

from ..base import BranchedMethod
from ..black import keep_black

CHANNELS = 64


def _conv(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(
        inputs, outputs, kernel, padding=kernel // 2, padding_mode="replicate", bias=False
    )


def _block() -> list[nn.Module]:
    return [_conv(CHANNELS, CHANNELS, 3), nn.BatchNorm2d(CHANNELS), nn.ReLU(inplace=True)]


class IFCNN(BranchedMethod):
    """The network; 77,185 parameters.

    Example:
        >>> IFCNN()(torch.zeros(1, 1, 32, 48), torch.zeros(1, 1, 32, 48)).shape
        torch.Size([1, 1, 32, 48])
    """

    name = "ifcnn"
    title = "IFCNN"
    kind = "network"
    summary = "The stronger feature of both sources everywhere; sharp, treats both sources alike."
    citation = (
        "Zhang et al., IFCNN: A General Image Fusion Framework Based on Convolutional Neural "
        "Network, Information Fusion, 2020"
    )
    choices = (
        "First layer learned here, not ImageNet's; one grey channel; SSIM in place of the "
        "perceptual loss; blurred copies also darkened in training; black where both sources are."
    )
    all_pairs = True
    receptive_radius = 5

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(_conv(1, CHANNELS, 7), *_block())
        self.image = nn.Sequential(*_block(), nn.Conv2d(CHANNELS, 1, 1))

    def branch(self, _: int, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """A source, and its features; the same layers for all."""
        return source, self.features(source)

    def join(self, *branches: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """The fused batch from the sources and their features."""
        sources, features = zip(*branches, strict=True)
        fused = self.image(torch.stack(features).amax(0))
        return keep_black(fused if self.training else fused.clamp(-1, 1), *sources)
