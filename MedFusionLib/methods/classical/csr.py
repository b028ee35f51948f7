"""Convolutional sparse representation (CSR).

Liu, Chen, Ward, Wang: Image Fusion with Convolutional Sparse Representation. IEEE Signal Processing
Letters 2016. Each source is split into a base (Tikhonov low-pass filter) and a detail layer; the
detail layer s is written as a sum of small filters d_m convolved with sparse maps x_m,

    argmin over x of 1/2 |sum d_m * x_m - s|^2 + lambda sum |x_m|_1

(Wohlberg, IEEE Transactions on Image Processing 2016: alternating directions, by FFT). In every
pixel the source whose maps have the larger sum of magnitudes in the window gives all maps; the
bases are averaged.

Parameters are those of the authors' program: low-pass 5 with 16 pixels of mirrored margin; lambda
0.01; rho 1.5; at most 500 iterations, to a relative residual of 1e-3; 32 filters of 8 x 8; windows
of 7 x 7 pixels for sources of different modalities. Chosen here: the filters are our own, learned
by `medfusion dictionary csr` (see `dictionaries/csr.json`); the residual is checked every tenth
iteration. Maps approximate: even equal sources come back a little smoothed. It is a minimum over
the whole slice, and not differentiable here.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ..base import BranchedMethod
from ..transforms.pyramid import frequencies
from .dictionaries import read_dictionary

LOW_PASS, MARGIN = 5.0, 16
SPARSITY, RHO, RELAXATION = 0.01, 1.5, 1.8
ITERATIONS, TOLERANCE, LOOK = 500, 1e-3, 10
RADIUS = 3


def _mirrored(images: Tensor, margin: int) -> Tensor:
    """Images (N, 1, H, W) mirrored at their borders, border pixels included, over and over."""
    for dim in (-2, -1):
        size = images.shape[dim]
        place = torch.arange(-margin, size + margin, device=images.device) % (2 * size)
        images = images.index_select(dim, torch.where(place < size, place, 2 * size - 1 - place))
    return images


def base_layer(images: Tensor, weight: float = LOW_PASS, margin: int = MARGIN) -> Tensor:
    """argmin over b of |b - images|^2 + weight |grad b|^2, mirrored at the borders.

    Example:
        >>> base_layer(torch.ones(1, 1, 5, 7)).mean()
        tensor(1.)
    """
    height, width = images.shape[-2:]
    large = _mirrored(images, margin)
    rows, columns = frequencies(large.shape[-2], large.shape[-1], images.dtype, images.device)
    response = 1 / (1 + weight * (4 - 2 * rows.cos() - 2 * columns.cos()))
    found = torch.fft.irfft2(torch.fft.rfft2(large) * response, s=large.shape[-2:])
    return found[..., margin : margin + height, margin : margin + width]


def spectra(filters: Tensor, size: Sequence[int]) -> Tensor:
    """Of filters (M, h, w) that start at the origin of images of a size, (M, H, W // 2 + 1)."""
    rows, columns = (
        max(0, large - small) for large, small in zip(size, filters.shape[1:], strict=True)
    )
    wrapped = F.pad(filters, (0, columns, 0, rows))
    while wrapped.shape[1] > size[0]:  # images smaller than the filters: periodic, too
        part = wrapped[:, size[0] :]
        wrapped = wrapped[:, : size[0]].clone()
        wrapped[:, : part.shape[1]] += part[:, : size[0]]
    while wrapped.shape[2] > size[1]:
        part = wrapped[:, :, size[1] :]
        wrapped = wrapped[:, :, : size[1]].clone()
        wrapped[:, :, : part.shape[2]] += part[:, :, : size[1]]
    return torch.fft.rfft2(wrapped)


@torch.no_grad()
def sparse_maps(
    images: Tensor,
    filters: Tensor,
    *,
    sparsity: float = SPARSITY,
    iterations: int = ITERATIONS,
    tolerance: float = TOLERANCE,
) -> Tensor:
    """The sparse maps of images: periodic convolution with the filters, summed, comes close.

    Args:
        images: (N, 1, H, W).
        filters: (M, h, w), each of norm 1.
        sparsity: lambda.
        iterations: at most.
        tolerance: relative primal and dual residual at which all images stop.

    Returns:
        (N, M, H, W).

    Example:
        >>> point = torch.zeros(1, 1, 16, 16)
        >>> point[..., 5, 6] = 1
        >>> maps = sparse_maps(point, torch.ones(1, 1, 1))
        >>> maps.shape, round(maps[0, 0, 5, 6].item(), 2), (maps != 0).sum().item()
        (torch.Size([1, 1, 16, 16]), 0.99, 1)
    """
    size = images.shape[-2:]
    atoms = spectra(filters, size)
    wanted = torch.fft.rfft2(images) * atoms.conj()
    weight = atoms.abs().square().sum(0) + RHO
    sparse = images.new_zeros(len(images), len(filters), *size)
    dual = torch.zeros_like(sparse)
    for done in range(1, iterations + 1):
        right = wanted + RHO * torch.fft.rfft2(sparse - dual)
        # (D^H D + rho)^-1 by Sherman and Morrison: one image a time, so D has rank 1
        shared = (atoms * right).sum(1, keepdim=True) / weight
        maps = torch.fft.irfft2((right - atoms.conj() * shared) / RHO, s=size)
        relaxed = RELAXATION * maps + (1 - RELAXATION) * sparse
        before, sparse = sparse, F.softshrink(relaxed + dual, sparsity / RHO)
        dual = dual + relaxed - sparse
        if done % LOOK == 0 and _settled(maps, sparse, before, dual, tolerance):
            break
    return sparse


def _settled(maps: Tensor, sparse: Tensor, before: Tensor, dual: Tensor, bound: float) -> bool:
    def norm(values: Tensor) -> Tensor:
        return values.flatten(1).norm(dim=1)

    primal = norm(maps - sparse) <= bound * torch.maximum(norm(maps), norm(sparse))
    return bool((primal & (norm(sparse - before) <= bound * norm(dual))).all())


class CSR(BranchedMethod):
    """The fusion. Slices go one after the other, each to its own minimum.

    Args:
        iterations: at most.
        filters: another dictionary, (filters, h, w).

    Example:
        >>> image = torch.rand(1, 1, 24, 20)
        >>> (CSR(iterations=50)(image, image) - image).abs().mean() < 0.05
        tensor(True)
    """

    name = "csr"
    title = "Convolutional sparse representation"
    summary = "Takes detail, as sums of small filters, from the richer source; slow."
    citation = (
        "Liu, Chen, Ward and Wang, Image Fusion with Convolutional Sparse Representation, "
        "IEEE Signal Processing Letters, 2016"
    )
    choices = "Parameters of the authors' program; filters learned here from medical slices."
    differentiable = False

    filters: Tensor

    def __init__(self, iterations: int = ITERATIONS, filters: Tensor | None = None) -> None:
        super().__init__()
        self.iterations = iterations
        filters = read_dictionary("csr") if filters is None else filters
        self.register_buffer("filters", filters, persistent=False)

    @torch.no_grad()
    def branch(self, _: int, source: Tensor) -> tuple[Tensor, Tensor]:
        """The base (N, 1, H, W) and the maps (N, M, H, W) of a source: nearly all the work."""
        base = base_layer(source)
        filters = self.filters.to(source.dtype)
        maps = [
            sparse_maps(detail, filters, iterations=self.iterations)
            for detail in (source - base).split(1)
        ]
        return base, torch.cat(maps)

    @torch.no_grad()
    def join(self, first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]) -> Tensor:
        """The fused batch of two sources' bases and maps."""
        (base1, maps1), (base2, maps2) = first, second
        size = base1.shape[-2:]
        activity = [
            F.avg_pool2d(maps.abs().sum(1, keepdim=True), 2 * RADIUS + 1, 1, RADIUS)
            for maps in (maps1, maps2)
        ]
        chosen = torch.where(activity[0] >= activity[1], maps1, maps2)
        atoms = spectra(self.filters.to(base1.dtype), size)
        spectrum = (torch.fft.rfft2(chosen) * atoms).sum(1, keepdim=True)
        return ((base1 + base2) / 2 + torch.fft.irfft2(spectrum, s=size)).clamp(0, 1)
