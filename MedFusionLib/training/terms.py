"""The losses that a recipe can name."""

from __future__ import annotations

from collections.abc import Callable

import torch

from . import losses, measures


def _reconstruction(fused, first, second, module):
    return losses.reconstruction_loss(module.reconstruct(fused), first, second)


def _semantic(fused, first, second, module, **options):
    # a seeded subset: the loss is quadratic in patches
    generator = torch.Generator(device=fused.device).manual_seed(int(module.step_seed))
    return losses.semantic_loss(fused, first, second, generator=generator, **options)


#: name in a recipe -> function(fused, first, second, module, **options)
LOSSES: dict[str, Callable[..., torch.Tensor]] = {
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
