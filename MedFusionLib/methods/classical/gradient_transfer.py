"""Gradient transfer fusion (GTF): the intensities of one source, the gradients of the other.

Ma, Chen, Li, Huang: Infrared and Visible Image Fusion via Gradient Transfer and Total Variation
Minimization. Information Fusion 2016. The fused image F minimises (eq. 6)

    |F - I|_1 + lambda |grad F - grad V|_1,   lambda = 4,

with I the source whose intensities count, here CT, PET or SPECT, and V the one whose gradients
count, here MR: exchanging them gives another picture. With U = F - V that is total variation
denoising of I - V with an L1 data term.

Chosen here: the authors' five reweighted least-squares problems stop before the minimum; here a
primal-dual iteration (Chambolle, Pock, Journal of Mathematical Imaging and Vision 2011) goes on to
it, with isotropic total variation as in their program. The result is cut to [0, 1]. It is a minimum
over the whole slice, and not differentiable here.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..base import FusionMethod

WEIGHT = 4.0
ITERATIONS = 200
BALANCE = 20.0  # of the dual over the primal step: slopes are bound by 4, greys by 1


def _gradient(images: Tensor) -> tuple[Tensor, Tensor]:
    """Forward differences, 0 at the last row and column."""
    down, across = torch.zeros_like(images), torch.zeros_like(images)
    down[..., :-1, :] = images[..., 1:, :] - images[..., :-1, :]
    across[..., :-1] = images[..., 1:] - images[..., :-1]
    return down, across


def _divergence(down: Tensor, across: Tensor) -> Tensor:
    """Minus the transpose of `_gradient`."""
    found = down + across
    found[..., 1:, :] -= down[..., :-1, :]
    found[..., 1:] -= across[..., :-1]
    found[..., -1, :] -= down[..., -1, :]
    found[..., -1] -= across[..., -1]
    return found


def denoise_tv_l1(images: Tensor, weight: float, iterations: int) -> Tensor:
    """argmin over U of |U - images|_1 + weight * (isotropic total variation of U).

    Args:
        images: (N, 1, H, W).
        weight: of the total variation.
        iterations: of the primal-dual method.

    Example:
        >>> speck = torch.zeros(1, 1, 9, 9)
        >>> speck[..., 4, 4] = 1
        >>> denoise_tv_l1(speck, 4.0, 200).max() < 0.01
        tensor(True)
    """
    step, dual_step = 8**-0.5 / BALANCE, 8**-0.5 * BALANCE  # the gradient's norm is below 8^0.5
    found, ahead = images.clone(), images.clone()
    down, across = torch.zeros_like(images), torch.zeros_like(images)
    for _ in range(iterations):
        slope = _gradient(ahead)
        down, across = down + dual_step * slope[0], across + dual_step * slope[1]
        length = (torch.hypot(down, across) / weight).clamp(min=1)
        down, across = down / length, across / length
        moved = found + step * _divergence(down, across)
        away = moved - images
        moved = images + away.sign() * (away.abs() - step).clamp(min=0)
        found, ahead = moved, 2 * moved - found
    return found


class GradientTransfer(FusionMethod):
    """GTF with the authors' lambda.

    Args:
        weight: lambda.
        iterations: of the solver.

    Example:
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(GradientTransfer()(image, image), image)
        True
    """

    name = "gtf"
    title = "Gradient transfer fusion"
    summary = "Greys of CT, PET or SPECT with the edges of the MR; loses their own fine detail."
    citation = (
        "Ma, Chen, Li and Huang, Infrared and Visible Image Fusion via Gradient Transfer and "
        "Total Variation Minimization, Information Fusion, 2016"
    )
    choices = (
        "lambda 4; intensities of the second source, gradients of the MR; solved by a "
        "primal-dual iteration."
    )
    differentiable = False

    def __init__(self, weight: float = WEIGHT, iterations: int = ITERATIONS) -> None:
        super().__init__()
        self.weight = weight
        self.iterations = iterations

    @torch.no_grad()
    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1]: gradients of first, greys of second."""
        return (first + denoise_tv_l1(second - first, self.weight, self.iterations)).clamp(0, 1)
