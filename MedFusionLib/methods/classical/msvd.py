"""Multi-resolution singular value decomposition (MSVD).

Naidu: Image Fusion Technique Using Multi-resolution Singular Value Decomposition. Defence Science
Journal 2011. The blocks of 2 x 2 pixels of a source are the columns of a matrix of 4 rows; its left
singular vectors are an orthogonal transform, made for this source, whose first row holds the coarse
image and the others its details. Fused: the mean of the coarse images, the larger magnitude of each
detail, back through the mean of both sources' vectors.

Chosen here: one level, as in the program that the comparisons use; the signs of singular vectors
are arbitrary, so those of the second source are turned to agree with the first's before averaging;
a black source has no vectors and takes the other's; odd sizes are continued by replication. The
mean of two orthogonal matrices is not orthogonal: only equal sources come back exactly. Vectors
depend on the whole slice, and are not differentiated (they jump where singular values
meet).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..base import FusionMethod


def _blocks(images: Tensor) -> Tensor:
    """The 2 x 2 blocks of images (N, 1, H, W) of even size as columns, (N, 4, H W / 4)."""
    return F.pixel_unshuffle(images, 2).flatten(2)


def singular_vectors(blocks: Tensor) -> Tensor:
    """Left singular vectors (N, 4, 4) of blocks (N, 4, number), by falling singular value.

    Example:
        >>> flat = torch.ones(1, 4, 10, dtype=torch.float64)
        >>> singular_vectors(flat)[0, :, 0].abs()
        tensor([0.5000, 0.5000, 0.5000, 0.5000], dtype=torch.float64)
    """
    return torch.linalg.eigh(blocks @ blocks.mT).eigenvectors.flip(2)


class MSVD(FusionMethod):
    """The fusion, one level. In double precision inside, for the products of the blocks.

    Example:
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(MSVD()(image, image), image, atol=1e-6)
        True
    """

    name = "msvd"
    title = "MSVD"
    summary = "Mean of the coarse values, the stronger of the finest details; much like the mean."
    citation = (
        "Naidu, Image Fusion Technique Using Multi-resolution Singular Value Decomposition, "
        "Defence Science Journal, 2011"
    )
    choices = "One level; singular vectors of the second source turned to agree with the first's."
    differentiable = False

    @torch.no_grad()
    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        height, width = first.shape[-2:]
        even = (0, width % 2, 0, height % 2)
        blocks = [_blocks(F.pad(x, even, mode="replicate").double()) for x in (first, second)]
        vectors = [singular_vectors(part) for part in blocks]
        turns = (vectors[0] * vectors[1]).sum(1, keepdim=True)
        vectors[1] = torch.where(turns < 0, -vectors[1], vectors[1])
        black = [(part == 0).all(2, keepdim=True).all(1, keepdim=True) for part in blocks]
        vectors = [
            torch.where(dark, other, own)
            for dark, own, other in zip(black, vectors, vectors[::-1], strict=True)
        ]
        one, other = (basis.mT @ part for basis, part in zip(vectors, blocks, strict=True))
        fused = torch.where(one.abs() >= other.abs(), one, other)
        fused[:, 0] = (one[:, 0] + other[:, 0]) / 2
        fused = (vectors[0] + vectors[1]) / 2 @ fused
        rows, columns = (height + 1) // 2, (width + 1) // 2
        whole = F.pixel_shuffle(fused.unflatten(2, (rows, columns)), 2)
        return whole[..., :height, :width].clamp(0, 1).to(first.dtype)
