"""Guided filtering fusion (GFF).

Li, Kang, Hu: Image Fusion with Guided Filtering. IEEE Transactions on Image Processing 2013. Each
source is split into a base and a detail layer; in every pixel the source of higher saliency wins
both, and the guided filter (He, Sun, Tang 2013) smooths the two maps of winners along the edges of
the sources, strongly for the base, weakly for the detail layers.

Parameters are those of the authors' program. Like it, and unlike the paper, the smoothed maps are
rounded to 256 levels; on an 8-bit MR-PET pair the result then equals the program's (in single
precision but for one pixel, by one grey level). That pair is dark along its borders, so how the
program extends borders is not known; here it is by replication.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from ..base import FusionMethod
from ..sums import cut_together, total

TINY = 1e-12


def _filter(images: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Correlation with a square kernel of odd side, borders extended by replication."""
    reach = kernel.shape[-1] // 2
    images = F.pad(images, (reach,) * 4, mode="replicate")
    return F.conv2d(images, kernel[None, None])


def _box_mean(images: torch.Tensor, radius: int) -> torch.Tensor:
    """Mean over the part of the square of side 2 * radius + 1 that lies in the image."""
    for dim in (-2, -1):
        size = images.shape[dim]
        place = torch.arange(size, device=images.device)
        low, high = (place - radius).clamp(min=0), (place + radius + 1).clamp(max=size)
        sums = F.pad(images.cumsum(dim), (1, 0) if dim == -1 else (0, 0, 1, 0))
        counts = (high - low).view(-1, 1) if dim == -2 else high - low
        images = (sums.index_select(dim, high) - sums.index_select(dim, low)) / counts
    return images


def guided_filter(
    guide: torch.Tensor, images: torch.Tensor, radius: int, epsilon: float
) -> torch.Tensor:
    """Smooth `images` along the edges of `guide`: locally an affine function of the guide.

    Args:
        guide: (N, 1, H, W) in [0, 1].
        images: the same shape.
        radius: of the square window, in pixels.
        epsilon: variance of the guide below which it counts as flat.

    Returns:
        The same shape.
    """
    mean_guide, mean_image = _box_mean(guide, radius), _box_mean(images, radius)
    covariance = _box_mean(guide * images, radius) - mean_guide * mean_image
    variance = _box_mean(guide * guide, radius) - mean_guide**2
    slope = covariance / (variance + epsilon)
    offset = mean_image - slope * mean_guide
    return _box_mean(slope, radius) * guide + _box_mean(offset, radius)


class GuidedFilterFusion(FusionMethod):
    """GFF with the authors' parameters. In double precision inside: epsilon is as low as 1e-6.

    Args:
        base_window: side of the mean filter that makes the base layer.
        base: radius and epsilon of the guided filter for the base layer.
        detail: radius and epsilon of the guided filter for the detail layer.

    Example:
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(GuidedFilterFusion()(image, image), image, atol=1e-6)
        True
    """

    name = "gff"
    title = "Guided filtering fusion"
    summary = "Takes base and detail from the locally sharper source, blended along edges."
    citation = (
        "Li, Kang and Hu, Image Fusion with Guided Filtering, IEEE Transactions on Image "
        "Processing, 2013"
    )
    choices = "Parameters and 8-bit weights of the authors' program; borders by replication."
    differentiable = False
    receptive_radius = 96

    def __init__(
        self,
        base_window: int = 31,
        base: tuple[int, float] = (45, 0.3),
        detail: tuple[int, float] = (7, 1e-6),
    ) -> None:
        super().__init__()
        self.base_window = base_window
        self.base = base
        self.detail = detail

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        return total(self._taken(first, second)).clamp(0, 1).to(first.dtype)

    def parts(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What was taken from each source, maps like `forward`'s: its weighted layers."""
        return tuple(part.to(first.dtype) for part in cut_together(*self._taken(first, second)))

    def _taken(self, first: torch.Tensor, second: torch.Tensor) -> list[torch.Tensor]:
        """The weighted layers of each source, not yet cut to [0, 1]."""
        sources = first.double(), second.double()
        first_wins = (self._saliency(sources[0]) >= self._saliency(sources[1])).double()
        taken = [torch.zeros_like(source) for source in sources]
        bases = [self._base_layer(source) for source in sources]
        details = [source - base for source, base in zip(sources, bases, strict=True)]
        for layers, (radius, epsilon) in ((bases, self.base), (details, self.detail)):
            weights = [
                (255 * guided_filter(source, winner, radius, epsilon).clamp(0, 1)).round() + TINY
                for source, winner in zip(sources, (first_wins, 1 - first_wins), strict=True)
            ]
            both = total(weights)
            taken = [
                part + weight * layer / both
                for part, weight, layer in zip(taken, weights, layers, strict=True)
            ]
        return taken

    @staticmethod
    def _saliency(source: torch.Tensor) -> torch.Tensor:
        """Gaussian mean (11x11, sigma 5) of the magnitude of the Laplacian."""
        laplacian = source.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
        place = torch.arange(-5, 6, dtype=source.dtype, device=source.device)
        gaussian = torch.exp(-(place**2) / (2 * 5**2))
        gaussian = gaussian[:, None] * gaussian / gaussian.sum() ** 2
        return _filter(_filter(source, laplacian).abs(), gaussian)

    def _base_layer(self, source: torch.Tensor) -> torch.Tensor:
        mean = source.new_full((1, self.base_window), 1 / self.base_window)
        reach = self.base_window // 2
        source = F.pad(source, (reach,) * 4, mode="replicate")
        return F.conv2d(F.conv2d(source, mean[None, None]), mean.T[None, None])
