"""Fusion of Laplacian pyramids: the stronger detail at every scale, the mean of what remains.

Burt, Adelson: The Laplacian Pyramid as a Compact Image Code. IEEE Transactions on Communications
1983 (the pyramid, with the kernel 1 4 6 4 1); Burt: The Pyramid as a Structure for Efficient
Computation. 1984 (fusion by the larger magnitude).

Chosen here: borders extended by replication; as many levels as leave at least 4 pixels on the
shorter side, at most 4; the result is cut to [0, 1].
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from ..base import FusionMethod
from ..sums import cut_together

LEVELS = 4
SMALLEST = 4


def _kernel(like: torch.Tensor) -> torch.Tensor:
    """The 5x5 kernel, outer product of 1 4 6 4 1 with itself; its sum is 1."""
    line = like.new_tensor([1, 4, 6, 4, 1]) / 16
    return (line[:, None] * line)[None, None]


def reduce(images: torch.Tensor) -> torch.Tensor:
    """Blur, and keep every other row and column."""
    padded = F.pad(images, (2, 2, 2, 2), mode="replicate")
    return F.conv2d(padded, _kernel(images), stride=2)


def expand(images: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Put zeros between rows and columns, and blur; to the size of `like`."""
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    large = F.conv_transpose2d(padded, 4 * _kernel(images), stride=2)
    return large[..., 4 : 4 + like.shape[-2], 4 : 4 + like.shape[-1]]


def take_apart(images: torch.Tensor, levels: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The top of the pyramid and the details, fine to coarse; small images have fewer levels.

    Example:
        >>> top, details = take_apart(torch.rand(1, 1, 37, 50), 4)
        >>> tuple(top.shape[-2:]), len(details)
        ((5, 7), 3)
    """
    details = []
    for _ in range(levels):
        if min(images.shape[-2:]) < 2 * SMALLEST:
            break
        coarse = reduce(images)
        details.append(images - expand(coarse, images))
        images = coarse
    return images, details


def put_together(top: torch.Tensor, details: list[torch.Tensor]) -> torch.Tensor:
    """The images with this pyramid."""
    for detail in reversed(details):
        top = expand(top, detail) + detail
    return top


class LaplacianPyramid(FusionMethod):
    """The detail of larger magnitude at every level, the mean at the top.

    Args:
        levels: levels of detail at most; small slices have fewer.

    Example:
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(LaplacianPyramid()(image, image), image, atol=1e-6)
        True
    """

    name = "laplacian-pyramid"
    title = "Laplacian pyramid"
    summary = "Takes the stronger detail at every scale; sharp, with some halos."
    citation = (
        "Burt and Adelson, The Laplacian Pyramid as a Compact Image Code, IEEE Transactions "
        "on Communications, 1983"
    )
    choices = "At most 4 levels; the larger magnitude in the details, the mean at the top."
    receptive_radius = 60

    def __init__(self, levels: int = LEVELS) -> None:
        super().__init__()
        self.levels = levels

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        top1, details1 = take_apart(first, self.levels)
        top2, details2 = take_apart(second, self.levels)
        details = [
            torch.where(one.abs() >= other.abs(), one, other)
            for one, other in zip(details1, details2, strict=True)
        ]
        fused = put_together((top1 + top2) / 2, details)
        return fused.clamp(0, 1)

    def parts(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What was taken from each source, maps like `forward`'s: its part of the pyramid."""
        top1, details1 = take_apart(first, self.levels)
        top2, details2 = take_apart(second, self.levels)
        first_wins = [a.abs() >= b.abs() for a, b in zip(details1, details2, strict=True)]
        kept1 = [torch.where(w, d, 0) for w, d in zip(first_wins, details1, strict=True)]
        kept2 = [torch.where(w, 0, d) for w, d in zip(first_wins, details2, strict=True)]
        return cut_together(put_together(top1 / 2, kept1), put_together(top2 / 2, kept2))
