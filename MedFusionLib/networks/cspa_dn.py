"""CSpA-DN: densely connected encoder, attention over places and channels, decoder.

Li, Liu, Gao, Hwang, Sun, Wang: CSpA-DN: Channel and Spatial Attention Dense Network for Fusing PET
and MRI Images. ICPR 2020. Stacked sources; 3x3 + ReLU; four dense modules of two 3x3 convolutions
with batch norm and ReLU, each fed by all before; spatial and channel attention, whose sum goes to
the decoder of four 3x3 + ReLU and one 3x3 + tanh. Reflection padding everywhere. The spatial
attention is criss-cross attention (Huang et al., ICCV 2019).

The paper leaves open, and here it is:

- channels: 16 from each dense module, so 80 to the attention; decoder 32, 32, 16, 16;
- queries and keys of the spatial attention have an eighth of the channels;
- the channel attention compares channels by the mean over the pixels, not the sum, which would grow
  with the image and saturate the softmax in slices larger than the training crops;
- at test time batch norm uses stored statistics, so a slice does not depend on its batch.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from ..methods import Method

GROWTH = 16
MODULES = 4
DECODER = (32, 32, 16, 16)

#: attention weights at once: on a CPU few, so that they stay in its cache
AT_ONCE = {"cpu": 2**20, "cuda": 2**28, "mps": 2**24}
#: attention weights that are kept for the reverse pass at most, 0.5 GB in float32
KEPT = 2**27


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect")


def _dense_module(inputs: int) -> nn.Sequential:
    return nn.Sequential(
        _conv(inputs, GROWTH),
        nn.BatchNorm2d(GROWTH),
        nn.ReLU(inplace=True),
        _conv(GROWTH, GROWTH),
        nn.BatchNorm2d(GROWTH),
        nn.ReLU(inplace=True),
    )


def criss_cross(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Attention of every pixel to the H + W - 1 pixels of its row and column, itself once.

    Rows and columns are attended to separately. Their two results, weighted with the sums of the
    exponentials that each was divided by, give the one softmax over both.

    Args:
        query: (N, C, H, W).
        key: (N, C, H, W).
        value: (N, D, H, W).

    Returns:
        (N, D, H, W).
    """
    along_rows, row_size = _attend(*(x.permute(0, 2, 3, 1) for x in (query, key, value)))
    along_columns, column_size = _attend(
        *(x.permute(0, 3, 2, 1) for x in (query, key, value)), leave_out_self=True
    )
    along_columns, column_size = along_columns.transpose(1, 2), column_size.transpose(1, 2)
    share = torch.sigmoid(row_size - column_size)
    return along_columns.lerp(along_rows, share).permute(0, 3, 1, 2)


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, leave_out_self: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention within lines (N, lines, places, channels), and the log of its denominator.

    Some lines at once, so that their weights need little room; the reverse pass reckons them
    again where there are too many to keep.
    """
    count, lines, places, _ = query.shape
    part = max(1, AT_ONCE[query.device.type] // (count * places**2))
    again = torch.is_grad_enabled() and count * lines * places**2 > KEPT
    parts = []
    for chunk in zip(*(x.split(part, dim=1) for x in (query, key, value)), strict=True):
        if again:
            parts.append(checkpoint(_attend_at_once, *chunk, leave_out_self, use_reentrant=False))
        else:
            parts.append(_attend_at_once(*chunk, leave_out_self))
    attended, size = (torch.cat(each, dim=1) for each in zip(*parts, strict=True))
    return attended, size


def _attend_at_once(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, leave_out_self: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    energy = query @ key.transpose(-1, -2)
    if leave_out_self:
        energy.diagonal(dim1=-2, dim2=-1).fill_(torch.finfo(energy.dtype).min)
    highest = energy.detach().amax(-1, keepdim=True)
    weight = (energy - highest).exp_()
    total = weight.sum(-1, keepdim=True)
    return (weight @ value) / total, total.log() + highest


class SpatialAttention(nn.Module):
    """x + alpha * criss-cross attention, alpha learned from 0 on."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 8, 1)
        self.key = nn.Conv2d(channels, channels // 8, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.alpha = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same shape."""
        return x + self.alpha * criss_cross(self.query(x), self.key(x), self.value(x))


class ChannelAttention(nn.Module):
    """x + beta * attention between the channels of an image, beta learned from 0 on."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels, 1)
        self.key = nn.Conv2d(channels, channels, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.beta = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same shape."""
        query, key, value = (part(x).flatten(2) for part in (self.query, self.key, self.value))
        energy = query @ key.transpose(1, 2) / query.shape[-1]
        return x + self.beta * (energy.softmax(-1) @ value).view_as(x)


class CSpADN(nn.Module):
    """The network; 99,895 parameters.

    Example:
        >>> CSpADN()(torch.zeros(1, 1, 32, 48), torch.zeros(1, 1, 32, 48)).shape
        torch.Size([1, 1, 32, 48])
    """

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(_conv(2, GROWTH), nn.ReLU(inplace=True))
        self.dense = nn.ModuleList(_dense_module(GROWTH * (k + 1)) for k in range(MODULES))
        channels = GROWTH * (MODULES + 1)
        self.spatial = SpatialAttention(channels)
        self.channel = ChannelAttention(channels)
        decoder: list[nn.Module] = []
        for inputs, outputs in zip((channels, *DECODER), DECODER, strict=False):
            decoder += [_conv(inputs, outputs), nn.ReLU(inplace=True)]
        self.decoder = nn.Sequential(*decoder, _conv(DECODER[-1], 1), nn.Tanh())

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Fuse two slice batches.

        Args:
            first: (N, 1, H, W) in [0, 1], both sides at least 2 pixels.
            second: (N, 1, H, W) in [0, 1].

        Returns:
            (N, 1, H, W) in (-1, 1), in practice near [0, 1].
        """
        features = self.head(torch.cat([first, second], dim=1))
        for module in self.dense:
            features = torch.cat([features, module(features)], dim=1)
        return self.decoder(self.spatial(features) + self.channel(features))


METHOD = Method(
    name="cspa-dn",
    title="CSpA-DN",
    kind="network",
    summary="Densely connected network with attention along rows, columns and channels.",
    citation="Li et al., CSpA-DN: Channel and Spatial Attention Dense Network for Fusing PET and "
    "MRI Images, ICPR 2020",
    build=CSpADN,
    choices="16 channels from each dense module, decoder 32, 32, 16, 16; channel attention by the "
    "mean over the pixels; stored batch-norm statistics.",
    gradient_note="Attention along rows and columns draws cross-shaped streaks into the gradient "
    "maps: prefer the shares.",
)
