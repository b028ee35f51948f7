"""The orthogonal discrete wavelet transform with Haar's wavelet ("db1").

Mallat: A Theory for Multiresolution Signal Decomposition. IEEE Transactions on Pattern Analysis
and Machine Intelligence 1989. Blocks of 2 x 2 pixels become a mean (times 2) and three details; the
means are taken apart again. Blocks do not overlap, so nothing is continued beyond the borders.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


def fill_up(images: Tensor, multiple: int) -> Tensor:
    """Images (N, C, H, W) continued by replication until both sizes are multiples of a number."""
    height, width = images.shape[-2:]
    return F.pad(images, (0, -width % multiple, 0, -height % multiple), mode="replicate")


#: rows: coarse, horizontal, vertical and diagonal detail; columns: the pixels of a block
_MATRIX = ((1, 1, 1, 1), (1, 1, -1, -1), (1, -1, 1, -1), (1, -1, -1, 1))


@dataclass(frozen=True)
class Haar:
    """The transform of images whose sizes are multiples of 2^levels.

    Args:
        levels: of detail.

    Example:
        >>> image = torch.rand(1, 1, 32, 48)
        >>> low, details = Haar(2).analyse(image)
        >>> low.shape, [tuple(band.shape[1:]) for band in details]
        (torch.Size([1, 1, 8, 12]), [(3, 8, 12), (3, 16, 24)])
        >>> torch.allclose(Haar(2).synthesise(low, details), image, atol=1e-6)
        True
    """

    levels: int = 4

    def analyse(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The low band (N, 1, h, w), and details (N, 3, h, w): horizontal, vertical, diagonal."""
        matrix = images.new_tensor(_MATRIX) / 2
        details: list[Tensor] = []
        for _ in range(self.levels):
            blocks = F.pixel_unshuffle(images, 2)
            parts = torch.einsum("bp,nphw->nbhw", matrix, blocks)
            images = parts[:, :1]
            details.insert(0, parts[:, 1:])
        return images, details

    def synthesise(self, low: Tensor, details: list[Tensor]) -> Tensor:
        """The images with these bands."""
        matrix = low.new_tensor(_MATRIX) / 2
        for detail in details:
            parts = torch.cat([low, detail], 1)
            low = F.pixel_shuffle(torch.einsum("bp,nbhw->nphw", matrix, parts), 2)
        return low
