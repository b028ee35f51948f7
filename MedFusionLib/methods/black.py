"""Where both sources are black, so is the fused image."""

from __future__ import annotations

import torch


def keep_black(fused: torch.Tensor, *sources: torch.Tensor) -> torch.Tensor:
    """The fused batch, 0 in every pixel in which all sources are 0.

    A network with biases answers black with some grey of its own, a veil that comes from no
    source. `fusion.fuse` takes it off the background in the same way; done here, F(0, 0) = 0, and
    shares account for all that is seen.

    Args:
        fused: (N, 1, H, W).
        sources: likewise.

    Example:
        >>> one = torch.tensor([[[[0.0, 0.5]]]])
        >>> keep_black(one + 0.1, one, 0 * one)
        tensor([[[[0.0000, 0.6000]]]])
    """
    seen = torch.stack([source != 0 for source in sources]).any(0)
    return torch.where(seen, fused, 0)
