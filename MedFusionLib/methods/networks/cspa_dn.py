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

As trained here (a fiftieth of the paper's pixels) the attention hardly matters: for PET alpha is
0.03 and beta -0.06, and with both set to 0, Q^AB/F of FunFuseAn's pairs 01 and 05 goes from 0.501
to 0.504 and from 0.424 to 0.430. `attention=False` leaves it out, for the paper's ablation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import torch
from torch import nn

from ..base import FusionMethod
from ..boxes import Box, around, cut, inside
from ..precision import MixedPrecisionModule

GROWTH = 16
MODULES = 4
DECODER = (32, 32, 16, 16)

#: attention weights at once: on a CPU few, so that they stay in its cache
AT_ONCE = {"cpu": 2**20, "cuda": 2**28, "mps": 2**24}


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


def criss_cross(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    box: Box | None = None,
    forward: torch.dtype | None = None,
    reverse: torch.dtype | None = None,
) -> torch.Tensor:
    """Attention of every pixel to the H + W - 1 pixels of its row and column, itself once.

    Rows and columns are attended to separately, some lines at a time. Their two results, weighted
    with the sums of the exponentials that each was divided by, give the one softmax over both.
    The reverse pass computes the weights again, so none are kept.

    Args:
        query: (N, C, h, w), of the pixels inside the box.
        key: (N, C, H, W).
        value: (N, D, H, W).
        box: of the pixels that attend; default: all.
        forward: what the values are multiplied in; default: what they are.
        reverse: what the reverse pass multiplies in; default: the same.

    Returns:
        (N, D, h, w).
    """
    query, key, value = (x.permute(0, 2, 3, 1) for x in (query, key, value))
    if box is None or query.shape[1:3] == key.shape[1:3]:
        dtypes = forward or value.dtype, reverse or value.dtype
        result = _CrissCross.apply(query, key, value, *dtypes)
    else:
        result, _ = _both_ways(query, key, value, box, forward or value.dtype)
    return result.permute(0, 3, 1, 2)


def criss_cross_published(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
) -> torch.Tensor:
    """The same as Huang et al. have it: one softmax over an (H + W) x H x W tensor.

    Slower, and large: the reference for `criss_cross` in tests and in the benchmark.
    """
    count, _, height, width = query.shape
    q_down, k_down, v_down = (x.permute(0, 3, 2, 1).flatten(0, 1) for x in (query, key, value))
    q_along, k_along, v_along = (x.permute(0, 2, 3, 1).flatten(0, 1) for x in (query, key, value))
    itself = torch.eye(height, dtype=torch.bool, device=query.device)
    down = (q_down @ k_down.transpose(1, 2)).masked_fill(itself, -torch.inf)
    down = down.view(count, width, height, height).transpose(1, 2)
    along = (q_along @ k_along.transpose(1, 2)).view(count, height, width, width)
    down, along = torch.cat([down, along], dim=-1).softmax(-1).split([height, width], dim=-1)
    down = down.transpose(1, 2).flatten(0, 1) @ v_down
    along = along.flatten(0, 1) @ v_along
    down = down.view(count, width, height, -1).permute(0, 3, 2, 1)
    return down + along.view(count, height, width, -1).permute(0, 3, 1, 2)


class _CrissCross(torch.autograd.Function):
    """`criss_cross` of all pixels, (N, rows, columns, channels), and its reverse pass."""

    @staticmethod
    def forward(ctx, query, key, value, forward, reverse):
        whole = 0, query.shape[1], 0, query.shape[2]
        result, size = _both_ways(query, key, value, whole, forward)
        ctx.save_for_backward(query, key, value, result, size)
        ctx.dtype = reverse
        return result

    @staticmethod
    def backward(ctx, grad):
        *rows, result, size = ctx.saved_tensors
        grad = grad.contiguous()
        # a softmax's derivative: each weight times (its own gradient - their weighted mean)
        mean = (grad * result).sum(-1, keepdim=True, dtype=size.dtype)
        rows += [grad, size, mean]
        columns = [x.transpose(1, 2).contiguous() for x in rows]
        found = _attend_back(*rows, None, ctx.dtype)
        for one, other in zip(found, _attend_back(*columns, 0, ctx.dtype), strict=True):
            one += other.transpose(1, 2)
        return *found, None, None


def _both_ways(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, box: Box, dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention within rows and columns, and the log of the sum that its weights divide by."""
    top, bottom, left, right = box
    result, size = _attend(query, key[:, top:bottom], value[:, top:bottom], None, dtype)
    query, key, value = (
        x.transpose(1, 2).contiguous()
        for x in (query, key[:, :, left:right], value[:, :, left:right])
    )
    other, other_size = (x.transpose(1, 2) for x in _attend(query, key, value, top, dtype))
    result = other.lerp(result, torch.sigmoid(size - other_size).to(result.dtype))
    return result, torch.logaddexp(size, other_size)


def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    left_out: int | None,
    dtype: torch.dtype,
) -> list[torch.Tensor]:
    """Attention within lines (N, lines, places, channels), and the log of its divisor.

    The first query does not attend to the place `left_out`, the second not to the next, ...
    """
    parts = []
    for q, k, v in _chunks(query, key, value.to(dtype)):
        weight = _energy(q, k, left_out)
        highest = weight.amax(-1, keepdim=True)
        weight.sub_(highest).exp_()
        total = weight.sum(-1, keepdim=True)
        parts.append(((weight.to(dtype) @ v).to(value.dtype).div_(total), total.log() + highest))
    return [torch.cat(each, dim=1) for each in zip(*parts, strict=True)]


def _attend_back(query, key, value, grad, size, mean, left_out, dtype) -> list[torch.Tensor]:
    """The gradients by query, key and value along one direction."""
    q_half, k_half, value, grad = (x.to(dtype) for x in (query, key, value, grad))
    parts = []
    for q, k, v, g, s, m, qh, kh in _chunks(query, key, value, grad, size, mean, q_half, k_half):
        weight = _energy(q, k, left_out).sub_(s).exp_()
        by_value = weight.to(dtype).transpose(-1, -2) @ g
        energy = ((g @ v.transpose(-1, -2)).to(weight.dtype).sub_(m) * weight).to(dtype)
        part = energy @ kh, energy.transpose(-1, -2) @ qh, by_value
        parts.append([x.to(query.dtype) for x in part])
    return [torch.cat(each, dim=1) for each in zip(*parts, strict=True)]


def _energy(query: torch.Tensor, key: torch.Tensor, left_out: int | None) -> torch.Tensor:
    energy = (query @ key.transpose(-1, -2)).float()
    if left_out is not None:
        energy.diagonal(left_out, dim1=-2, dim2=-1).fill_(torch.finfo(energy.dtype).min)
    return energy


def _chunks(*tensors: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """Some lines of each at a time, so that their attention weights need little memory."""
    count, _, places, _ = tensors[1].shape
    lines = max(1, AT_ONCE[tensors[0].device.type] // (count * places**2))
    return zip(*(x.split(lines, dim=1) for x in tensors), strict=True)


class SpatialAttention(MixedPrecisionModule):
    """x + alpha * criss-cross attention, alpha learned from 0 on.

    Attributes:
        published: whether to attend as Huang et al. have it, to compare.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 8, 1)
        self.key = nn.Conv2d(channels, channels // 8, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.alpha = nn.Parameter(torch.zeros(1))
        self.published = False

    def forward(self, x: torch.Tensor, box: Box | None = None) -> torch.Tensor:
        """(N, C, H, W) to the part of it inside a box; default: to all."""
        part = x if box is None else cut(x, box)
        if self.published:
            attended = criss_cross_published(self.query(x), self.key(x), self.value(x))
            return part + self.alpha * (attended if box is None else cut(attended, box))
        parts = self.query(part), self.key(x), self.value(x)
        attended = criss_cross(*parts, box, self.forward_dtype, self.reverse_dtype)
        return torch.addcmul(part, self.alpha, attended)


class _Product(nn.Conv2d):
    """A 1x1 convolution that is used as its matrix and its bias."""

    bias: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1)

    def parts(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.weight[:, :, 0, 0].to(like.dtype), self.bias.to(like.dtype)[:, None]


class ChannelAttention(nn.Module):
    """x + beta * attention between the channels of an image, beta learned from 0 on.

    Query and key meet only in their product over all pixels, which follows from the products of
    the image's own channels; so all but one pass over the pixels is saved.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (_Product(channels) for _ in range(3))
        self.beta = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor, box: Box | None = None) -> torch.Tensor:
        """(N, C, H, W) to the part of it inside a box; default: to all."""
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2)
        wide = pixels.float()  # sums over an image leave the range of float16
        product = wide.transpose(1, 2) @ wide / wide.shape[1]
        mean = wide.mean(1)[:, :, None]
        (query, q), (key, k), (value, v) = (
            part.parts(wide) for part in (self.query, self.key, self.value)
        )
        # (query x + q)(key x + k)', averaged over the pixels
        energy = query @ product @ key.mT + query @ mean @ k.mT + q @ (key @ mean).mT + q @ k.mT
        attention = self.beta.float() * energy.softmax(-1)
        weight = (attention @ value).mT.to(x.dtype)
        bias = (attention @ v).mT.to(x.dtype)
        part = x if box is None else cut(x, box)
        pixels = part.permute(0, 2, 3, 1).flatten(1, 2)
        result = pixels + torch.baddbmm(bias, pixels, weight)
        return result.unflatten(1, part.shape[2:]).permute(0, 3, 1, 2)


class CSpADN(FusionMethod):
    """The network; 99,895 parameters.

    Args:
        attention: whether the features pass both attentions; without, the decoder sees them as
            they are (the paper's ablation).
        gain: what the fused image is multiplied by, for that of a trained network is dim; see
            `training.brightness`.

    Example:
        >>> CSpADN()(torch.zeros(1, 1, 32, 48), torch.zeros(1, 1, 32, 48)).shape
        torch.Size([1, 1, 32, 48])
    """

    name = "cspa-dn"
    title = "CSpA-DN"
    kind = "network"
    group = "published"
    summary = (
        "Densely connected network with attention along rows, columns and channels, which as "
        "trained here hardly matters."
    )
    citation = (
        "Li et al., CSpA-DN: Channel and Spatial Attention Dense Network for Fusing PET and "
        "MRI Images, ICPR 2020"
    )
    choices = (
        "16 channels from each dense module, decoder 32, 32, 16, 16; channel attention by the "
        "mean over the pixels; stored batch-norm statistics; the dim result raised by a constant."
    )
    gradient_note = (
        "Attention along rows and columns draws cross-shaped streaks into the gradient "
        "maps: prefer the shares."
    )

    def __init__(self, attention: bool = True, gain: float = 1.0) -> None:
        super().__init__()
        self.head = nn.Sequential(_conv(2, GROWTH), nn.ReLU(inplace=True))
        self.dense = nn.ModuleList(_dense_module(GROWTH * (k + 1)) for k in range(MODULES))
        channels = GROWTH * (MODULES + 1)
        self.attention, self.gain = attention, gain
        if attention:
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
            (N, 1, H, W) in (-gain, gain), in practice near [0, 1].
        """
        return self.fuse_box(first, second, (0, first.shape[-2], 0, first.shape[-1]))

    def as_published(self) -> Self:
        """A copy that attends to all places at once, as Huang et al. have it."""
        copied = super().as_published()
        if copied.attention:
            copied.spatial.published = True
        return copied

    def fuse_box(self, first: torch.Tensor, second: torch.Tensor, box: Box) -> torch.Tensor:
        """The part of `forward`'s result inside a box; only what it depends on is attended to."""
        features = self.head(torch.cat([first, second], dim=1))
        for module in self.dense:
            features = torch.cat([features, module(features)], dim=1)
        source = around(box, len(DECODER) + 1, *first.shape[-2:])  # 3x3 convolutions
        if self.attention:
            features = self.spatial(features, source) + self.channel(features, source)
        else:
            features = cut(features, source)
        return self.gain * cut(self.decoder(features), inside(box, source))
