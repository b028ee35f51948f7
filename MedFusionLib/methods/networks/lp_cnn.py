"""LP-CNN: a siamese network weighs the sources, Laplacian pyramids are fused by its weights.

Liu, Chen, Cheng, Peng: A Medical Image Fusion Method Based on Convolutional Neural Networks.
FUSION 2017; the network is that of Liu, Chen, Peng, Wang: Multi-focus Image Fusion with a Deep
Convolutional Neural Network. Information Fusion 36, 2017. Both sources go through the same 3x3
1->64, 3x3 64->128, 2x2 max-pooling and 3x3 128->256, each convolution with ReLU; an 8x8 convolution
of both 512->2 and softmax say which source is the sharper one in a window of 16 x 16 pixels, every
two pixels. A pixel's weight W is the mean over the windows that hold it. Then, with the Laplacian
pyramids A, B of the sources, the Gaussian pyramid of W, and 3x3 sums, at every level

    S_A = sum A^2,  S_B = sum B^2,  M = 2 sum A B / (S_A + S_B)
    F = W A + (1 - W) B   where M > 0.6
        A                 elsewhere, where S_A > S_B
        B                 elsewhere

with floor(log2(shorter side)) levels, as in the program with which the thesis of Badal Regàs was
compared. One set of weights serves all pairs: it is trained to tell sharp from blurred.

Chosen here:

- training: whole crops of atlas slices instead of single 16 x 16 patches of photographs, so all
  windows of a crop are judged at once, in context, as in use; see `training.tasks.FocusTraining`;
- pyramid borders extended by replication; the fused slice is cut to [0, 1], as 8-bit files do;
- slices with a side below 16 pixels are extended by black for the network.

A black source has black pyramids, so M = 0 and F(A, 0) = A, F(0, B) = B, F(0, 0) = 0.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from ..base import BranchedMethod
from ..classical.laplacian_pyramid import expand, reduce

WINDOW = 16
STRIDE = 2
MATCH = 0.6


class SiameseNetwork(nn.Module):
    """Says which of two images is the sharper one; 435,202 parameters.

    Example:
        >>> patch = torch.zeros(1, 1, 16, 16)
        >>> SiameseNetwork().compare(patch, patch).shape
        torch.Size([1, 2, 1, 1])
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 64, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 128, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(STRIDE, ceil_mode=True),
            nn.Conv2d(128, 256, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.score = nn.Conv2d(512, 2, WINDOW // STRIDE)

    def compare(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Scores (N, 2, h, w) of all windows; channel 1 is larger where the first is sharper."""
        return self.score(torch.cat([self.features(first), self.features(second)], dim=1))


class LPCNN(BranchedMethod):
    """The method: the network's weights, and the pyramids that they fuse.

    Example:
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(LPCNN()(image, 0 * image), image, atol=1e-6)
        True
    """

    name = "lp-cnn"
    title = "LP-CNN"
    kind = "network"
    summary = "Laplacian pyramids fused by what a network finds sharper; keeps much fine detail."
    citation = (
        "Liu et al., A Medical Image Fusion Method Based on Convolutional Neural Networks, "
        "FUSION 2017"
    )
    choices = (
        "Trained on whole crops of atlas slices, sharp and blurred; pyramid borders by replication."
    )
    all_pairs = True
    gradient_note = (
        "The rule that chooses a source makes the gradient maps of this method jump: "
        "prefer the shares."
    )

    def __init__(self) -> None:
        super().__init__()
        self.network = SiameseNetwork()

    def branch(self, _: int, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """A source, and its features; the same network for both."""
        height, width = source.shape[-2:]
        extended = F.pad(source, (0, max(0, WINDOW - width), 0, max(0, WINDOW - height)))
        return source, self.network.features(extended)

    def join(self, *branches: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """The fused batch from both sources and their features."""
        (first, features1), (second, features2) = branches
        scores = self.network.score(torch.cat([features1, features2], dim=1))
        weight = spread((scores[:, 1:] - scores[:, :1]).sigmoid())  # softmax over two
        height, width = first.shape[-2:]
        return fuse_pyramids(first, second, weight[..., :height, :width])


def spread(scores: torch.Tensor) -> torch.Tensor:
    """The mean of the scores of all windows that hold a pixel.

    Args:
        scores: (N, 1, h, w), of windows of 16 x 16 pixels, every two pixels.

    Returns:
        (N, 1, 2 h + 14, 2 w + 14).

    Example:
        >>> spread(torch.tensor([[[[0.0, 1.0]]]]))[0, 0, 0, ::4]
        tensor([0.0000, 0.5000, 0.5000, 0.5000, 1.0000])
    """
    window = scores.new_ones(1, 1, WINDOW, WINDOW)
    sums = F.conv_transpose2d(scores, window, stride=STRIDE)
    return sums / F.conv_transpose2d(torch.ones_like(scores), window, stride=STRIDE)


def fuse_pyramids(first: torch.Tensor, second: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Laplacian pyramids fused level by level, by the weights where the sources match.

    Args:
        first: (N, 1, H, W) in [0, 1].
        second: likewise.
        weight: of the first source, likewise.

    Returns:
        (N, 1, H, W) in [0, 1].
    """
    levels = max(1, min(first.shape[-2:]).bit_length() - 1)
    details = []
    for _ in range(levels - 1):
        coarse = [reduce(image) for image in (first, second, weight)]
        band1, band2 = first - expand(coarse[0], first), second - expand(coarse[1], second)
        details.append(_fuse_band(band1, band2, weight))
        first, second, weight = coarse
    fused = _fuse_band(first, second, weight)
    for detail in reversed(details):
        fused = expand(fused, detail) + detail
    return fused.clamp(0, 1)


def _fuse_band(first: torch.Tensor, second: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    products = torch.cat([first * first, second * second, first * second], dim=1)
    padded = F.pad(products, (1, 1, 1, 1), mode="replicate")
    energy1, energy2, joint = F.avg_pool2d(padded, 3, stride=1).split(1, dim=1)
    match = 2 * joint / (energy1 + energy2).clamp_min(torch.finfo(joint.dtype).tiny)
    stronger = torch.where(energy1 > energy2, first, second)
    return torch.where(match > MATCH, weight * first + (1 - weight) * second, stronger)
