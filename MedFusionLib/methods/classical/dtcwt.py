"""Fusion of dual-tree complex wavelet transforms (DTCWT).

Lewis, O'Callaghan, Nikolov, Bull, Canagarajah: Pixel- and Region-Based Image Fusion with Complex
Wavelets. Information Fusion 2007: the source whose complex coefficient is the larger wins; the
coarse image is the mean.

Parameters are those of Liu's fusion toolbox (Liu, Liu, Wang: A General Framework for Image Fusion
Based on Multi-scale Transform and Sparse Representation. Information Fusion 2015): LeGall's filters
and "qshift_06", 4 levels, magnitudes compared by their maximum in windows of 3 x 3, then the
window's majority; the complex value is kept. Chosen here: sizes that are no multiple of 16 are
filled up by replication, images continued periodically.
"""

from __future__ import annotations

from torch import Tensor

from ..base import FusionMethod
from ..transforms.dual_tree import DualTree
from ..transforms.haar import fill_up
from .windows import stronger_detail

LEVELS = 4


class DualTreeFusion(FusionMethod):
    """The stronger detail at every level and orientation, the mean of the coarse images.

    Args:
        levels: of detail.

    Example:
        >>> import torch
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(DualTreeFusion()(image, image), image, atol=1e-5)
        True
    """

    name = "dtcwt"
    title = "Complex wavelets (DTCWT)"
    summary = "Takes the stronger oriented detail at every scale; smooth edges, few artefacts."
    citation = (
        "Lewis, O'Callaghan, Nikolov, Bull and Canagarajah, Pixel- and Region-Based Image "
        "Fusion with Complex Wavelets, Information Fusion, 2007"
    )
    choices = "LeGall's and qshift_06 filters, 4 levels, 3 x 3 windows, as in Liu's fusion toolbox."

    def __init__(self, levels: int = LEVELS) -> None:
        super().__init__()
        self.transform = DualTree(levels)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        height, width = first.shape[-2:]
        (low1, details1), (low2, details2) = (
            self.transform.analyse(fill_up(source, 2**self.transform.levels))
            for source in (first, second)
        )
        details = [
            stronger_detail(one, other, (one.detach().abs(), other.detach().abs()))
            for one, other in zip(details1, details2, strict=True)
        ]
        fused = self.transform.synthesise((low1 + low2) / 2, details)
        return fused[..., :height, :width].clamp(0, 1)
