"""The losses that a recipe can name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import losses, measures


class Step(NamedTuple):
    """What a loss may ask for beside the images.

    Attributes:
        network: that is trained.
        number: of the step.
    """

    network: Any
    number: int


def _reconstruction(fused: Tensor, first: Tensor, second: Tensor, step: Step) -> Tensor:
    return losses.reconstruction_loss(step.network.reconstruct(fused), first, second)


def _semantic(fused: Tensor, first: Tensor, second: Tensor, step: Step, **options: Any) -> Tensor:
    # a seeded subset: the loss is quadratic in patches
    generator = torch.Generator(device=fused.device).manual_seed(step.number)
    return losses.semantic_loss(fused, first, second, generator=generator, **options)


#: name in a recipe -> function(fused, first, second, step, **options)
LOSSES: dict[str, Callable[..., Tensor]] = {
    "ssim": lambda f, a, b, _, **options: losses.ssim_loss(f, a, b, **options),
    "l2": lambda f, a, b, _: losses.l2_loss(f, a, b),
    "semantic": _semantic,
    "mef_ssim": lambda f, a, b, _: losses.mef_ssim_loss(f, a, b),
    "reconstruction": _reconstruction,
    "laplacian": lambda f, a, *_: losses.laplacian_loss(f, a),
    "range": lambda f, a, b, _: losses.range_loss(f, a, b),
    "veil": lambda f, a, b, _: losses.veil_loss(f, a, b),
    "vif": lambda f, a, b, _: measures.vif_loss(f, a, b),
    "q_abf": lambda f, a, b, _: measures.q_abf_loss(f, a, b),
    "ssim_sum": lambda f, a, b, _: measures.ssim_sum_loss(f, a, b),
    "scd": lambda f, a, b, _, **options: measures.scd_loss(f, a, b, **options),
    "darkening": lambda f, a, b, _, **options: measures.darkening_loss(f, a, b, **options),
    "second_bands": lambda f, a, b, _, **options: measures.second_bands_loss(f, a, b, **options),
    "overflow": lambda f, *_: measures.overflow_loss(f),
}
