"""The nonsubsampled pyramid that both the contourlets and the shearlets stand on.

da Cunha, Zhou, Do: The Nonsubsampled Contourlet Transform: Theory, Design, and Applications. IEEE
Transactions on Image Processing 2006, section III: two-channel filter banks without down-sampling,
the filters of the next coarser level with zeros between their taps. All four filters are
polynomials of one mapping x(w1, w2) in [-1, 1] (McClellan 1973):

    H0(x) = 1/2 (1 + x) (r + (1 - r) x)                        analysis, low; r = sqrt(2)
    G0(x) = 1/2 (1 + x) (r + (4 - 3 r) x + (2 r - 3) x^2)      synthesis, low
    H1(x) = H0(-x), G1(x) = G0(-x), so that H0 G0 + H1 G1 = 1

and x = 2 h(w1) h(w2) - 1 with a half-band filter h: (1 + cos w) / 2 gives the filters that the
authors' toolbox calls "pyr" ("pyrexc" with H1 and G1 as here, "pyr" with them exchanged), and the
maximally flat (16 + 18 cos w - 2 cos 3w) / 32 those it calls "maxflat".
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def frequencies(
    height: int, width: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Angular frequencies of `torch.fft.rfft2`: rows (H, 1) and columns (1, W // 2 + 1)."""
    rows = 2 * math.pi * torch.fft.fftfreq(height, dtype=dtype, device=device)
    columns = 2 * math.pi * torch.fft.rfftfreq(width, dtype=dtype, device=device)
    return rows[:, None], columns[None, :]


def _low_analysis(x: Tensor) -> Tensor:
    root = math.sqrt(2)
    return (1 + x) / 2 * (root + (1 - root) * x)


def _low_synthesis(x: Tensor) -> Tensor:
    root = math.sqrt(2)
    return (1 + x) / 2 * (root + (4 - 3 * root) * x + (2 * root - 3) * x**2)


def _half_band(w: Tensor, flat: bool) -> Tensor:
    if flat:
        return (16 + 18 * w.cos() - 2 * (3 * w).cos()) / 32
    return (1 + w.cos()) / 2


def pyramid_responses(
    rows: Tensor, columns: Tensor, levels: int, *, flat: bool, exchanged: bool = True
) -> tuple[Tensor, Tensor]:
    """Frequency responses of the low band and of each level's detail, analysis and synthesis.

    Args:
        rows: angular frequencies (H, 1).
        columns: angular frequencies (1, W).
        levels: of detail.
        flat: the maximally flat half-band filter instead of (1 + cos w) / 2.
        exchanged: H1 is the short high-pass filter, G1 the long one; else the other way round.

    Returns:
        Two tensors (1 + levels, H, W), low band first, then details coarse to fine; the sum of
        their product over the bands is 1 everywhere.
    """
    analysis: list[Tensor] = []
    synthesis: list[Tensor] = []
    low, back = torch.ones_like(rows * columns), torch.ones_like(rows * columns)
    for level in range(levels):
        step = 2**level
        x = 2 * _half_band(step * rows, flat) * _half_band(step * columns, flat) - 1
        high = _low_analysis(-x), _low_synthesis(-x)
        if not exchanged:
            high = high[1], high[0]
        analysis.insert(0, low * high[0])
        synthesis.insert(0, back * high[1])
        low, back = low * _low_analysis(x), back * _low_synthesis(x)
    return torch.stack([low, *analysis]), torch.stack([back, *synthesis])
