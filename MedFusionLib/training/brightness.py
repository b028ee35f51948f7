"""How much a trained network's fused image is to be raised.

What is trained on SSIM to two sources at once gives a dim image: where one source alone shows
something, half-way is a good answer for both. A constant factor corrects part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch

from ..errors import MedFusionError
from ..metrics import q_abf, ssim
from .recipe import Recipe

#: what the fused image is multiplied by, at most, and the steps of the search
MOST, STEP = 1.5, 0.01
#: by how much the mean SSIM to both sources may fall: a change of the third digit
WITHIN = 0.001


@runtime_checkable
class Raised(Protocol):
    """A network that multiplies its fused image with a factor."""

    gain: float


@torch.inference_mode()
def choose_gain(
    network: torch.nn.Module, parts: Sequence[torch.Tensor], within: float = WITHIN
) -> float:
    """The largest factor that costs next to nothing on the validation slices.

    Args:
        network: in evaluation mode, without a factor.
        parts: (N, 3, H, W) each: first, second, background.
        within: by how much the mean SSIM to both sources may fall. Q^AB/F must not fall.

    Returns:
        From 1 to 1.5, in steps of 0.01.
    """
    device = next(network.parameters()).device
    batches = [batch.to(device) for part in parts for batch in part.split(8)]
    fused = [network(batch[:, :1], batch[:, 1:2]) * (1 - batch[:, 2:]) for batch in batches]

    def scores(gain: float) -> tuple[float, float]:
        rows = []
        for image, batch in zip(fused, batches, strict=True):
            images = ((gain * image).clamp(0, 1), batch[:, :1], batch[:, 1:2])
            both = [ssim(*images, source=source) for source in ("first", "second")]
            rows.append(torch.stack([(both[0] + both[1]) / 2, q_abf(*images)], 1))
        return tuple(torch.cat(rows).double().mean(0).tolist())

    alike, edges = scores(1.0)
    gain = 1.0
    while gain < MOST:
        found = scores(round(gain + STEP, 2))
        if found[0] < alike - within or found[1] < edges:
            break
        gain = round(gain + STEP, 2)
    return gain


def raise_by(network: torch.nn.Module, gain: float) -> None:
    """Set the factor that a network multiplies its fused image with.

    Raises:
        MedFusionError: it has none.
    """
    if not isinstance(network, Raised):
        raise MedFusionError("This network has no factor 'gain'; its image cannot be raised.")
    network.gain = gain


def gain_of(
    plan: Recipe, network: torch.nn.Module, validation: list[torch.Tensor]
) -> dict[str, float]:
    """The factor as a keyword for building the network; {} where the recipe wants none."""
    if plan.raise_within is None:
        return {}
    gain = choose_gain(network, validation, plan.raise_within)
    raise_by(network, gain)
    return {"gain": gain}
