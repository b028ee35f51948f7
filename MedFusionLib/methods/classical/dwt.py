"""Fusion of discrete wavelet transforms (DWT).

Li, Manjunath, Mitra: Multisensor Image Fusion Using the Wavelet Transform. Graphical Models and
Image Processing 1995: the source with the larger maximum of magnitudes in the window wins the
coefficient, if most of the window agrees; the coarse image is the mean.

Parameters are those of Liu's fusion toolbox (Liu, Liu, Wang: A General Framework for Image Fusion
Based on Multi-scale Transform and Sparse Representation. Information Fusion 2015): Haar's wavelet,
4 levels, windows of 3 x 3. Chosen here: sizes that are no multiple of 16 are filled up by
replication.
"""

from __future__ import annotations

from torch import Tensor

from ..base import FusionMethod
from ..transforms.haar import Haar, fill_up
from .windows import stronger_detail

LEVELS = 4


class WaveletFusion(FusionMethod):
    """The stronger detail at every level, the mean of the coarse images.

    Args:
        levels: of detail.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(WaveletFusion()(image, image), image, atol=1e-6)
        True
    """

    name = "dwt"
    title = "Wavelets (DWT)"
    summary = "Takes the stronger wavelet detail at every scale; sharp, with blocky edges."
    citation = (
        "Li, Manjunath and Mitra, Multisensor Image Fusion Using the Wavelet Transform, "
        "Graphical Models and Image Processing, 1995"
    )
    choices = "Haar's wavelet, 4 levels, 3 x 3 windows, as in Liu's fusion toolbox."
    receptive_radius = 47

    def __init__(self, levels: int = LEVELS) -> None:
        super().__init__()
        self.transform = Haar(levels)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        height, width = first.shape[-2:]
        (low1, details1), (low2, details2) = (
            self.transform.analyse(fill_up(source, 2**self.transform.levels))
            for source in (first, second)
        )
        details = [stronger_detail(*pair) for pair in zip(details1, details2, strict=True)]
        fused = self.transform.synthesise((low1 + low2) / 2, details)
        return fused[..., :height, :width].clamp(0, 1)
