"""Laplacian pyramid and sparse representation (LP-SR).

Liu, Liu, Wang: A General Framework for Image Fusion Based on Multi-scale Transform and Sparse
Representation. Information Fusion 2015. Details of a Laplacian pyramid by the larger maximum in 3 x
3 windows and their majority. The top of the pyramid in patches of 8 x 8, every second pixel: less
its mean, each is approximated by few atoms of a dictionary (orthogonal matching pursuit); the
source whose coefficients have the larger L1 norm gives the patch, mean included; overlapping
patches are averaged.

Parameters are those of the authors' toolbox: 4 levels; a residual of at most 0.1 on the scale of 0
to 255; 256 atoms. Chosen here: the dictionary is our own, learned by `medfusion dictionary lp-sr`
(see `dictionaries/lp-sr.json`); the pyramid is that of `laplacian_pyramid`; the last row and column
of patches is taken even if it is no second one, so that patches cover everything; a smaller top is
filled up by replication. Not differentiable, for the choice of atoms is discrete.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..base import FusionMethod
from .dictionaries import read_dictionary
from .laplacian_pyramid import put_together, take_apart
from .windows import stronger_detail

LEVELS = 4
PATCH, STEP = 8, 2
RESIDUAL = 0.1 / 255


def matching_pursuit(
    atoms: Tensor, signals: Tensor, residual: float, most: int | None = None
) -> Tensor:
    """Orthogonal matching pursuit: few atoms whose sum comes close to each signal.

    Pati, Rezaiifar, Krishnaprasad, Asilomar Conference 1993. Atoms are made orthogonal as they are
    chosen (Gram, Schmidt), so that one triangular system at the end gives all coefficients.

    Args:
        atoms: (atoms, pixels), each of norm 1.
        signals: (signals, pixels).
        residual: norm of what may be left.
        most: atoms of a signal at most; default: as many as there are pixels.

    Returns:
        Coefficients (signals, atoms).

    Example:
        >>> matching_pursuit(torch.eye(3), torch.tensor([[0.0, 2.0, 0.1]]), 0.5)
        tensor([[0., 2., 0.]])
    """
    number, pixels = signals.shape
    most = min(most or pixels, *atoms.shape)
    rest, basis = signals.clone(), signals.new_zeros(number, most, pixels)
    triangle = torch.eye(most).to(signals).repeat(number, 1, 1)
    along = signals.new_zeros(number, most)
    chosen = torch.zeros(number, most, dtype=torch.long, device=signals.device)
    for k in range(most):
        best = (rest @ atoms.T).abs().argmax(1)
        new = atoms[best]
        known = (basis[:, :k] @ new[:, :, None])[:, :, 0]
        new = new - (known[:, None] @ basis[:, :k])[:, 0]
        length = new.norm(dim=1)
        active = (rest.norm(dim=1) > residual) & (length > 1e-6)
        if not active.any():
            break
        new = torch.where(active[:, None], new / length.clamp(min=1e-6)[:, None], 0.0)
        along[:, k] = (new * rest).sum(1)
        rest = rest - along[:, k : k + 1] * new
        basis[:, k], chosen[:, k] = new, best
        triangle[:, :k, k] = torch.where(active[:, None], known, 0.0)
        triangle[:, k, k] = torch.where(active, length, 1.0)
    weights = torch.linalg.solve_triangular(triangle, along[:, :, None], upper=True)[:, :, 0]
    return signals.new_zeros(number, len(atoms)).scatter_add(1, chosen, weights)


class LPSR(FusionMethod):
    """The fusion. In double precision inside, for the pursuit.

    Args:
        levels: of the pyramid at most; small slices have fewer.
        atoms: another dictionary, (atoms, 8, 8).

    Example:
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.allclose(LPSR()(image, image), image, atol=1e-3)
        True
    """

    name = "lp-sr"
    title = "LP-SR"
    summary = "Laplacian pyramid whose coarse image comes patch by patch from the richer source."
    citation = (
        "Liu, Liu and Wang, A General Framework for Image Fusion Based on Multi-scale "
        "Transform and Sparse Representation, Information Fusion, 2015"
    )
    choices = "Parameters of the authors' toolbox; a dictionary learned here from medical slices."
    differentiable = False

    atoms: Tensor

    def __init__(self, levels: int = LEVELS, atoms: Tensor | None = None) -> None:
        super().__init__()
        self.levels = levels
        atoms = read_dictionary("lp-sr") if atoms is None else atoms
        self.register_buffer("atoms", atoms.flatten(1).double(), persistent=False)

    @torch.no_grad()
    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two slice batches (N, 1, H, W) in [0, 1] to one of the same shape and range."""
        (top1, details1), (top2, details2) = (
            take_apart(source, self.levels) for source in (first, second)
        )
        details = [stronger_detail(*pair) for pair in zip(details1, details2, strict=True)]
        top = self._sparse(top1.double(), top2.double()).to(first.dtype)
        return put_together(top, details).clamp(0, 1)

    def _sparse(self, first: Tensor, second: Tensor) -> Tensor:
        """The tops of both pyramids (N, 1, h, w), fused patch by patch."""
        number, _, height, width = first.shape
        more = (0, max(0, PATCH - width), 0, max(0, PATCH - height))
        tops = [F.pad(top, more, mode="replicate") for top in (first, second)]
        places = torch.cartesian_prod(*(_places(size) for size in tops[0].shape[-2:]))
        taken = torch.stack(
            [top[..., i : i + PATCH, j : j + PATCH].flatten(1) for top in tops for i, j in places],
            1,
        )  # (N, 2 places, 64)
        mean = taken.mean(2, keepdim=True)
        signals = (taken - mean).flatten(0, 1)
        found = matching_pursuit(self.atoms, signals, RESIDUAL).unflatten(0, taken.shape[:2])
        (weights1, weights2), (mean1, mean2) = found.chunk(2, 1), mean.chunk(2, 1)
        first_wins = (weights1.abs().sum(2) >= weights2.abs().sum(2))[..., None]
        weights, means = (
            torch.where(first_wins, weights1, weights2),
            torch.where(first_wins, mean1, mean2),
        )
        fused = weights @ self.atoms + means
        fused = fused.view(number, len(places), 1, PATCH, PATCH)
        total, count = torch.zeros_like(tops[0]), torch.zeros_like(tops[0])
        for k, (i, j) in enumerate(places):
            total[..., i : i + PATCH, j : j + PATCH] += fused[:, k]
            count[..., i : i + PATCH, j : j + PATCH] += 1
        return (total / count)[..., :height, :width]


def _places(size: int) -> Tensor:
    """Where patches start along a side: every second pixel, and the last place."""
    last = size - PATCH
    return torch.unique(torch.tensor([*range(0, last + 1, STEP), last]))
