"""Modules that can multiply in half precision where `inference.engine` finds it safe."""

from __future__ import annotations

import torch
from torch import nn


class MixedPrecisionModule(nn.Module):
    """A module that lets others choose what its passes multiply in.

    Attributes:
        forward_dtype: of the forward pass; None: what the weights are.
        reverse_dtype: of the reverse pass; None: what the weights are.
    """

    forward_dtype: torch.dtype | None = None
    reverse_dtype: torch.dtype | None = None
