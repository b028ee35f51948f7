"""NSCT, phase congruency and directive contrast.

Bhatnagar, Wu, Liu: Directive Contrast Based Multimodal Medical Image Fusion in NSCT Domain. IEEE
Transactions on Multimedia 2013. Low band: the source with the larger phase congruency, the mean
where both are equal. Details: the source with the larger directive contrast, the sum-modified
Laplacian (SML) of the band over the low band L to the power 1 + a (Weber's law, bent); where L is
0, SML alone.

Chosen here, for neither the authors' function nor the paper's numbers are public: a is 0.6, the
lower end of the paper's range; SML sums 3 x 3 pixels; L is in grey levels of 255 and counts as 1
below that, which joins both cases; contourlets with 2, 4 and 4 directions, periodic; phase
congruency with the parameters of Kovesi's program.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..base import FusionMethod
from ..transforms.contourlets import Contourlets
from .phase_congruency import phase_congruency
from .windows import window_mean

EXPONENT = 1.6


def sum_modified_laplacian(bands: Tensor) -> Tensor:
    """|2 x - left - right| + |2 x - above - below|, summed over each 3 x 3 window; (N, C, H, W).

    Example:
        >>> sum_modified_laplacian(torch.ones(1, 1, 4, 4)).max()
        tensor(0.)
    """
    around = F.pad(bands, (1, 1, 1, 1), mode="replicate")
    across = 2 * bands - around[..., 1:-1, :-2] - around[..., 1:-1, 2:]
    down = 2 * bands - around[..., :-2, 1:-1] - around[..., 2:, 1:-1]
    return 9 * window_mean(across.abs() + down.abs())


class NSCTPCDC(FusionMethod):
    """The fusion.

    Args:
        exponent: of the low band in the directive contrast, 1 + a.

    Example:
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(NSCTPCDC()(image, image), image, atol=1e-5)
        True
    """

    name = "nsct-pcdc"
    title = "NSCT-PCDC"
    summary = "Contourlets; phase congruency and contrast choose. Low contrast, some patchiness."
    citation = (
        "Bhatnagar, Wu and Liu, Directive Contrast Based Multimodal Medical Image Fusion in "
        "NSCT Domain, IEEE Transactions on Multimedia, 2013"
    )
    choices = (
        "Exponent 1.6; 2, 4 and 4 directions; Kovesi's parameters for phase congruency; "
        "periodic contourlets."
    )

    def __init__(self, exponent: float = EXPONENT) -> None:
        super().__init__()
        self.exponent = exponent
        self.transform = Contourlets((1, 2, 2))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        (low1, details1), (low2, details2) = map(self.transform.analyse, (first, second))
        with torch.no_grad():
            lead = phase_congruency(low1) - phase_congruency(low2)
        low = torch.where(lead > 0, low1, torch.where(lead < 0, low2, (low1 + low2) / 2))
        details = []
        for one, other in zip(details1, details2, strict=True):
            chosen = self._contrast(one, low1) >= self._contrast(other, low2)
            details.append(torch.where(chosen, one, other))
        return self.transform.synthesise(low, details).clamp(0, 1)

    @torch.no_grad()
    def _contrast(self, detail: Tensor, low: Tensor) -> Tensor:
        return sum_modified_laplacian(detail) / (255 * low.abs()).clamp(min=1) ** self.exponent
