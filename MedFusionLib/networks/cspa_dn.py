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

from collections.abc import Iterator

import torch
from torch import nn

from ..methods import Method

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
    forward: torch.dtype | None = None,
    reverse: torch.dtype | None = None,
) -> torch.Tensor:
    """Attention of every pixel to the H + W - 1 pixels of its row and column, itself once.

    Rows and columns are attended to separately, some lines at a time. Their two results, weighted
    with the sums of the exponentials that each was divided by, give the one softmax over both.
    The reverse pass reckons the weights again, so none are kept.

    Args:
        query: (N, C, H, W).
        key: (N, C, H, W).
        value: (N, D, H, W).
        forward: what the values are multiplied in; default: what they are.
        reverse: what the reverse pass multiplies in; default: the same.

    Returns:
        (N, D, H, W).
    """
    return _CrissCross.apply(query, key, value, forward or value.dtype, reverse or value.dtype)


def criss_cross_published(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
) -> torch.Tensor:
    """The same as Huang et al. have it: one softmax over an (H + W) x H x W tensor.

    Slower, and large: the measure for `criss_cross` in tests and in the benchmark.
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
    """`criss_cross` and its reverse pass; inside, lines are (N, lines, places, channels)."""

    @staticmethod
    def forward(ctx, query, key, value, forward, reverse):
        rows = [x.permute(0, 2, 3, 1) for x in (query, key, value)]
        columns = [x.transpose(1, 2).contiguous() for x in rows]
        result, size = _attend(*rows, False, forward)
        other, other_size = (x.transpose(1, 2) for x in _attend(*columns, True, forward))
        result = other.lerp(result, torch.sigmoid(size - other_size).to(result.dtype))
        ctx.save_for_backward(*rows, result, torch.logaddexp(size, other_size))
        ctx.dtype = reverse
        return result.permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx, grad):
        *rows, result, size = ctx.saved_tensors
        grad = grad.permute(0, 2, 3, 1).contiguous()
        # a softmax's derivative: each weight times (its own gradient - their weighted mean)
        mean = (grad * result).sum(-1, keepdim=True, dtype=size.dtype)
        rows += [grad, size, mean]
        columns = [x.transpose(1, 2).contiguous() for x in rows]
        found = _attend_back(*rows, False, ctx.dtype)
        for one, other in zip(found, _attend_back(*columns, True, ctx.dtype), strict=True):
            one += other.transpose(1, 2)
        return *(x.permute(0, 3, 1, 2) for x in found), None, None


def _attend(query, key, value, leave_out_self, dtype) -> list[torch.Tensor]:
    """Attention within lines, and the log of the sum that its weights were divided by."""
    parts = []
    for q, k, v in _chunks(query, key, value.to(dtype)):
        weight = _energy(q, k, leave_out_self)
        highest = weight.amax(-1, keepdim=True)
        weight.sub_(highest).exp_()
        total = weight.sum(-1, keepdim=True)
        parts.append(((weight.to(dtype) @ v).to(value.dtype).div_(total), total.log_() + highest))
    return [torch.cat(each, dim=1) for each in zip(*parts, strict=True)]


def _attend_back(query, key, value, grad, size, mean, leave_out_self, dtype) -> list[torch.Tensor]:
    """The gradients by query, key and value along one direction."""
    q_half, k_half, value, grad = (x.to(dtype) for x in (query, key, value, grad))
    parts = []
    for q, k, v, g, s, m, qh, kh in _chunks(query, key, value, grad, size, mean, q_half, k_half):
        weight = _energy(q, k, leave_out_self).sub_(s).exp_()
        by_value = weight.to(dtype).transpose(-1, -2) @ g
        energy = ((g @ v.transpose(-1, -2)).to(weight.dtype).sub_(m) * weight).to(dtype)
        part = energy @ kh, energy.transpose(-1, -2) @ qh, by_value
        parts.append([x.to(query.dtype) for x in part])
    return [torch.cat(each, dim=1) for each in zip(*parts, strict=True)]


def _energy(query: torch.Tensor, key: torch.Tensor, leave_out_self: bool) -> torch.Tensor:
    energy = (query @ key.transpose(-1, -2)).float()
    if leave_out_self:
        energy.diagonal(dim1=-2, dim2=-1).fill_(torch.finfo(energy.dtype).min)
    return energy


def _chunks(*tensors: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """Some lines of each at a time, so that their attention weights need little room."""
    count, _, places, _ = tensors[0].shape
    lines = max(1, AT_ONCE[tensors[0].device.type] // (count * places**2))
    return zip(*(x.split(lines, dim=1) for x in tensors), strict=True)


class SpatialAttention(nn.Module):
    """x + alpha * criss-cross attention, alpha learned from 0 on.

    Attributes:
        forward_dtype, reverse_dtype: of `criss_cross`.
        published: whether to attend as Huang et al. have it, to compare.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 8, 1)
        self.key = nn.Conv2d(channels, channels // 8, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.alpha = nn.Parameter(torch.zeros(1))
        self.forward_dtype = self.reverse_dtype = None
        self.published = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same shape."""
        parts = self.query(x), self.key(x), self.value(x)
        if self.published:
            return x + self.alpha * criss_cross_published(*parts)
        attended = criss_cross(*parts, self.forward_dtype, self.reverse_dtype)
        return torch.addcmul(x, self.alpha, attended)


class _Product(nn.Conv2d):
    """A 1x1 convolution that is used as its matrix and its bias."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1)

    def parts(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.weight[:, :, 0, 0].to(like.dtype), self.bias.to(like.dtype)[:, None]


class ChannelAttention(nn.Module):
    """x + beta * attention between the channels of an image, beta learned from 0 on.

    Query and key meet only in their product over all pixels, which is had from the products of
    the image's own channels; so all but one pass over the pixels is saved.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (_Product(channels) for _ in range(3))
        self.beta = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same shape."""
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
        result = pixels + torch.baddbmm(bias, pixels, weight)
        return result.unflatten(1, x.shape[2:]).permute(0, 3, 1, 2)


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
