"""Convolutions and their activations in a row, made fast on a CPU.

A method's convolutions are taken together in chains. A chain keeps of its forward pass only the
signs that its reverse pass needs, goes back without leaving half precision, and runs convolutions
to one or two channels for sixteen pixels at once, which fills the processor's wide registers.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from typing import Any, TypeGuard, overload

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..methods.base import FusionMethod
from ..methods.precision import MixedPrecisionModule

#: pixels of a square that a convolution to few channels does at once, along a side
SIDE = 4


@overload
def chained(module: FusionMethod, reverse: torch.dtype | None = None) -> FusionMethod: ...


@overload
def chained(module: nn.Module, reverse: torch.dtype | None = None) -> nn.Module: ...


def chained(module: nn.Module, reverse: torch.dtype | None = None) -> nn.Module:
    """A copy whose convolutions, with the activations that follow them, are `ConvolutionChain`s.

    Args:
        module: its batch norms folded, see `engine.fold`; its weights need no gradient. Other parts
            with a precision of their own (`MixedPrecisionModule`) get `reverse`, too.
        reverse: what the reverse pass multiplies in; default: what the weights are.

    Example:
        >>> layers = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 1))
        >>> chained(layers.requires_grad_(False))
        Sequential(
          (0): ConvolutionChain(2 convolutions)
        )
    """
    module = copy.deepcopy(module)
    for name, part in module.named_modules():
        part.path = name

    def rebuilt(part: nn.Module) -> nn.Module:
        if is_plain(part):
            return ConvolutionChain([_Layer(part, None, reverse)])
        if isinstance(part, nn.Sequential):
            return nn.Sequential(*_runs(list(_flat(part))))
        if isinstance(part, MixedPrecisionModule):
            part.reverse_dtype = reverse
        for name, child in part.named_children():
            setattr(part, name, rebuilt(child))
        return part

    def _runs(parts: list[nn.Module]) -> Iterator[nn.Module]:
        layers: list[_Layer] = []
        for part, after in zip(parts, [*parts[1:], None], strict=True):
            if is_plain(part):
                layers.append(_Layer(part, _slope(after), reverse))
            elif not layers or _slope(part) is None:
                if layers:
                    yield ConvolutionChain(layers)
                    layers = []
                yield rebuilt(part)
        if layers:
            yield ConvolutionChain(layers)

    return rebuilt(module)


def multiply_in_bfloat16(module: nn.Module, names: Collection[str]) -> None:
    """Let some parts multiply in bfloat16 in the forward pass, and all others exactly.

    Args:
        module: from `chained`.
        names: of convolutions and of parts that can choose, as they were called before.
    """
    for part in module.modules():
        if isinstance(part, MixedPrecisionModule):
            part.forward_dtype = torch.bfloat16 if part.path in names else None


def is_plain(part: nn.Module | None) -> TypeGuard[nn.Conv2d]:
    """Whether a chain can hold it: a convolution by single pixels, centred, of one group."""
    return (
        type(part) is nn.Conv2d
        and (part.groups, part.stride, part.dilation) == (1, (1, 1), (1, 1))
        and all(size % 2 for size in part.kernel_size)
        and max(part._reversed_padding_repeated_twice) < min(part.kernel_size)
        and part.padding_mode in ("zeros", "reflect")
    )


def _flat(part: nn.Sequential) -> Iterator[nn.Module]:
    for child in part:
        if isinstance(child, nn.Sequential):
            yield from _flat(child)
        elif not isinstance(child, nn.Identity):
            yield child


def _slope(part: nn.Module | None) -> float | None:
    """What a rectifier multiplies negative values by; None for anything else."""
    if type(part) is nn.LeakyReLU and part.negative_slope > 0:
        return part.negative_slope
    return 0.0 if type(part) is nn.ReLU else None


class ConvolutionChain(nn.Module):
    """Convolutions in a row, with their rectifiers; what comes out is what came in."""

    def __init__(self, layers: list[_Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def __repr__(self) -> str:
        return f"ConvolutionChain({len(self.layers)} convolutions)"

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the last layer's result."""
        if torch.is_grad_enabled() and x.requires_grad:
            return _Differentiable.apply(x, self)
        dtype = x.dtype
        for layer in self:
            x = layer(x)
        return x.to(dtype)

    def __iter__(self) -> Iterator[_Layer]:
        return (layer for layer in self.layers if isinstance(layer, _Layer))


class _Differentiable(torch.autograd.Function):
    """A chain with a reverse pass for its input alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, chain: ConvolutionChain) -> Tensor:
        ctx.chain, ctx.dtype = chain, x.dtype
        signs = []
        for layer in chain:
            x = layer(x)
            if layer.slope is not None:
                signs.append(x.to(layer.back.weight.dtype))
        ctx.save_for_backward(*signs)
        return x.to(ctx.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        signs = list(ctx.saved_tensors)
        for layer in reversed(list(ctx.chain)):
            grad = layer.reverse(grad, signs.pop() if layer.slope is not None else None)
        return grad.to(ctx.dtype), None


class _Layer(MixedPrecisionModule):
    """A convolution and its rectifier, there and back.

    Args:
        conv: see `is_plain`.
        slope: of the rectifier for negative values; None: there is no rectifier.
        reverse: what the reverse pass multiplies in; None: what the weights are.

    Attributes:
        forward_dtype: what the forward pass multiplies in; None: what the weights are.
    """

    def __init__(self, conv: nn.Conv2d, slope: float | None, reverse: torch.dtype | None) -> None:
        super().__init__()
        self.path = getattr(conv, "path", "")
        weight, bias = conv.weight.detach(), conv.bias
        sides = conv._reversed_padding_repeated_twice  # left, right, top, bottom
        self.reflected = sides if conv.padding_mode == "reflect" and any(sides) else None
        padding = (0, 0) if self.reflected else (sides[2], sides[0])
        self.slope = slope
        self.there = self.exact = _Kernel(weight, bias if bias is None else bias.detach(), padding)
        back = weight.flip(2, 3).transpose(0, 1).to(reverse or weight.dtype)
        rows, columns = conv.kernel_size
        self.back = _Kernel(back, None, (rows - 1 - padding[0], columns - 1 - padding[1]))

    @property
    def forward_dtype(self) -> torch.dtype | None:
        return None if self.there is self.exact else self.there.weight.dtype

    @forward_dtype.setter
    def forward_dtype(self, dtype: torch.dtype | None) -> None:
        self.there = self.exact if dtype is None else copy.deepcopy(self.exact).to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        if self.reflected:
            x = F.pad(x, self.reflected, mode="reflect")
        x = self.there(x)
        return x if self.slope is None else F.leaky_relu_(x, self.slope)

    def reverse(self, grad: Tensor, result: Tensor | None) -> Tensor:
        """The gradient by the input from that by the result, whose signs tell the slopes."""
        grad = grad.to(self.back.weight.dtype, memory_format=torch.channels_last)
        if result is not None:
            grad = torch.ops.aten.leaky_relu_backward(grad, result, self.slope, True)
        grad = self.back(grad)
        if not self.reflected:
            return grad
        left, right, top, bottom = self.reflected
        inside = grad[..., top : grad.shape[2] - bottom, left : grad.shape[3] - right]
        inside = torch.empty_like(inside, memory_format=torch.channels_last)  # for its shape
        return torch.ops.aten.reflection_pad2d_backward(grad, inside, self.reflected)


class _Kernel(nn.Module):
    """A convolution with zeros around; to few channels, a square of pixels at once.

    For that, the square's pixels become channels, each with the kernel at its own place in a
    larger one. Sums are the same, with zeros in between.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, padding: tuple[int, int]) -> None:
        super().__init__()
        outputs, inputs, rows, columns = weight.shape
        self.size, self.padding = (rows, columns), padding
        self.side = SIDE if outputs < SIDE and rows * columns > 1 else 1
        if self.side > 1:
            larger = weight.new_zeros(
                outputs, SIDE, SIDE, inputs, rows + SIDE - 1, columns + SIDE - 1
            )
            for r in range(SIDE):
                for c in range(SIDE):
                    larger[:, r, c, :, r : r + rows, c : c + columns] = weight
            weight = larger.flatten(0, 2)
            bias = bias if bias is None else bias.repeat_interleave(SIDE**2)
        self.register_buffer("weight", weight.contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", bias if bias is None else bias.to(weight.dtype))

    def forward(self, x: Tensor) -> Tensor:
        x = x.to(self.weight.dtype)
        if self.side == 1:
            y = F.conv2d(x, self.weight, self.bias, 1, self.padding)
            return y.contiguous(memory_format=torch.channels_last)  # with one channel it is not
        rows, columns = (
            n + 2 * p - k + 1 for n, p, k in zip(x.shape[-2:], self.padding, self.size, strict=True)
        )
        if rows % SIDE or columns % SIDE:
            x = F.pad(x, (0, -columns % SIDE, 0, -rows % SIDE))
        squares = F.conv2d(x, self.weight, self.bias, SIDE, self.padding)
        return F.pixel_shuffle(squares, SIDE)[..., :rows, :columns]
