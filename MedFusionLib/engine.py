"""A method made ready to run fast, with the same results, and the boxes that are worth running.

Four measures, none of which needs a compiler: batch norm is folded into the convolutions before
it; weights lie channels-last; convolutions run in half precision where the device gains and a
check finds it safe; and background that no result depends on is left out.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from . import contributions as maps_of

PRECISIONS = ("auto", "float32")

#: What mixed precision may change: the largest difference in the fused slice, and the relative L2
#: error of a contribution map. On the probe it has to keep within a part of that: a head has more
#: pixels, and its errors were measured up to 4 and 1.4 times those on the probe.
FUSED_BOUND, FUSED_MARGIN = 2e-3, 0.25
MAPS_BOUND, MAPS_MARGIN = 1e-2, 0.6

#: Boxes start and end at multiples of this: few sizes, and the poolings of FW-Net stay in step.
GRID = 16


# Weights ----------------------------------------------------------------------------------------


def fold(module: nn.Module) -> nn.Module:
    """A copy in which every batch norm is folded into the convolution before it.

    The products are taken in float64. The copy's parameters want no gradient.

    Args:
        module: in evaluation mode; a batch norm is found where it follows its convolution in a
            `nn.Sequential`.

    Example:
        >>> layer = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)).eval()
        >>> fold(layer)[1]
        Identity()
    """
    module = copy.deepcopy(module)
    for part in module.modules():
        if isinstance(part, nn.Sequential):
            for n in range(len(part) - 1):
                conv, norm = part[n], part[n + 1]
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    dtype = conv.weight.dtype
                    joint = fuse_conv_bn_eval(conv.double(), norm.double())
                    part[n], part[n + 1] = joint.to(dtype), nn.Identity()
    return module.requires_grad_(False)


def ready(
    method: nn.Module, kind: str | None = None, precision: str = "float32"
) -> tuple[nn.Module, str]:
    """A method made ready to run on the device where it lies; the original stays as it is.

    Args:
        method: in evaluation mode.
        kind: "gradient", "share" or None for the fused slices alone.
        precision: "float32", or "auto": half precision in as much of the method as the device
            gains by and a check on a probe finds safe for this kind.

    Returns:
        A module with the same inputs and outputs, and what it runs in: "float32" or "mixed".

    Example:
        >>> from MedFusionLib.methods import get_method
        >>> ready(get_method("funfusean").build().eval())[1]
        'float32'
    """
    where = next(method.parameters(), None)
    if where is None:
        return method, "float32"
    exact = fold(method).to(memory_format=torch.channels_last)
    if precision == "auto" and gains(where.device):
        for mixed in _mixtures(exact, kind, where.device):
            if is_safe(mixed, exact, kind, where.device):
                return mixed, "mixed"
    return exact, "float32"


def gains(device: torch.device) -> bool:
    """Whether half precision is faster there: any CUDA device, a CPU with bfloat16 products."""
    if device.type == "cpu":
        there = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
        return there is not None and there()
    return device.type == "cuda"


def is_safe(mixed: nn.Module, exact: nn.Module, kind: str | None, device: torch.device) -> bool:
    """Whether a method in mixed precision keeps well within the bounds, tried on a probe.

    The probe is the same for every volume, so a slice's result depends on no other slice.
    """
    sources = [part.to(device) for part in probe(_inputs(exact))]
    fused, maps = _results(exact, kind, sources)
    try:
        found, parts = _results(mixed, kind, sources)
    except RuntimeError:  # the device lacks an operation in half precision
        return False
    within = [(found - fused).abs().max() <= FUSED_MARGIN * FUSED_BOUND]
    for part, wanted in zip(parts, maps, strict=True):
        within.append((part - wanted).norm() <= MAPS_MARGIN * MAPS_BOUND * wanted.norm())
    return all(map(bool, within))


def _results(
    method: nn.Module, kind: str | None, sources: list[Tensor]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    if kind == "gradient":
        return maps_of.gradient(method, *sources)
    with torch.inference_mode():
        return maps_of.share(method, *sources) if kind == "share" else (method(*sources), ())


def _inputs(module: nn.Module) -> int:
    return len(inspect.signature(module.forward).parameters)


def probe(count: int = 2, size: int = 96) -> list[Tensor]:
    """Made-up slices for the check, (1, 1, size, size) in [0, 1]: smooth shapes, edges, noise."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for _ in range(count):
        layers = []
        for cells in (4, 12, 32):
            coarse = torch.rand(1, 1, cells, cells, generator=generator)
            layers.append(F.interpolate(coarse, (size, size), mode="bicubic"))
        smooth = (0.5 * layers[0] + 0.3 * layers[1] + 0.2 * layers[2]).clamp(0, 1)
        edges = torch.where(layers[0] > 0.5, smooth, 0.4 * smooth)
        noise = 0.02 * torch.randn(1, 1, size, size, generator=generator)
        found.append((edges + noise).clamp(0, 1))
    return found


class _Half(nn.Module):
    """A method in float16 from the first layer to the last, float32 in and out."""

    def __init__(self, method: nn.Module) -> None:
        super().__init__()
        self.method = copy.deepcopy(method).half()

    def forward(self, *sources: Tensor) -> Tensor:
        halves = (x.half().contiguous(memory_format=torch.channels_last) for x in sources)
        return self.method(*halves).float()


def _mixtures(exact: nn.Module, kind: str | None, device: torch.device) -> Iterator[nn.Module]:
    """The method in half precision, the boldest first."""
    if device.type == "cuda":
        yield _Half(exact)
        return
    wide = {
        name
        for name, part in exact.named_modules()
        if _is_plain(part) and min(part.in_channels, part.out_channels) >= 16
    }
    work = _work(exact, device)
    heavy = {name for name in wide if work.get(name, 0) >= 0.2 * sum(work.values())}
    for rounded in (wide, heavy, set()):
        if rounded or kind == "gradient":
            yield _lean(exact, rounded)


def _is_plain(part: nn.Module) -> bool:
    return type(part) is nn.Conv2d and part.groups == 1 and part.stride == (1, 1)


def _work(method: nn.Module, device: torch.device) -> dict[str, int]:
    """Multiplications of each convolution for the probe, by its name."""
    found: dict[str, int] = {}
    hooks = []
    for name, part in method.named_modules():
        if isinstance(part, nn.Conv2d):

            def count(conv: nn.Conv2d, _: Any, output: Tensor, name: str = name) -> None:
                pixels = output.numel() // output.shape[1]
                found[name] = found.get(name, 0) + pixels * conv.weight.numel()

            hooks.append(part.register_forward_hook(count))
    with torch.inference_mode():
        method(*(part.to(device) for part in probe(_inputs(method))))
    for hook in hooks:
        hook.remove()
    return found


def _lean(module: nn.Module, rounded: set[str]) -> nn.Module:
    """A copy whose convolutions multiply in bfloat16: all in the reverse pass, some forward.

    Everything is stored and added in float32.

    Args:
        module: the method.
        rounded: names of the convolutions that do so forward, too.
    """
    module = copy.deepcopy(module)
    for name, part in list(module.named_modules()):
        if _is_plain(part):
            parent, _, child = name.rpartition(".")
            setattr(module.get_submodule(parent), child, LeanConv(part, name in rounded))
    return module


class LeanConv(nn.Module):
    """A convolution that multiplies in bfloat16 and keeps float32 in and out.

    Args:
        conv: stride 1, one group.
        rounded: whether the forward pass does so; the reverse pass does.
    """

    def __init__(self, conv: nn.Conv2d, rounded: bool) -> None:
        super().__init__()
        self.conv, self.rounded = conv, rounded
        self.register_buffer("half_weight", conv.weight.detach().bfloat16())

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the convolution's result."""
        conv = self.conv
        padding = conv.padding
        if padding == "same":
            padding = tuple(
                d * (k - 1) // 2 for d, k in zip(conv.dilation, conv.kernel_size, strict=True)
            )
        if conv.padding_mode != "zeros":
            x = F.pad(x, conv._reversed_padding_repeated_twice, mode=conv.padding_mode)
            padding = (0, 0)
        return _Convolve.apply(x, self, padding)


class _Convolve(torch.autograd.Function):
    """A convolution whose reverse pass, for its input alone, multiplies in bfloat16."""

    @staticmethod
    def forward(ctx, x: Tensor, layer: LeanConv, padding: tuple[int, int]) -> Tensor:
        ctx.layer, ctx.padding = layer, padding
        conv = layer.conv
        if not layer.rounded:
            return F.conv2d(x, conv.weight, conv.bias, 1, padding, conv.dilation)
        y = F.conv2d(x.bfloat16(), layer.half_weight, None, 1, padding, conv.dilation).float()
        if conv.bias is not None:
            y += conv.bias[:, None, None]
        return y

    @staticmethod
    def backward(ctx, grad: Tensor):
        half, dilation = ctx.layer.half_weight, ctx.layer.conv.dilation
        x = F.conv_transpose2d(grad.bfloat16(), half, None, 1, ctx.padding, dilation=dilation)
        return x.float(), None, None


# Boxes ------------------------------------------------------------------------------------------


def reach(radius: int | None, kind: str | None, samples: int = 1) -> int | None:
    """How many pixels around a place the result there depends on; None: on the whole slice.

    A fused pixel depends on the sources within the method's radius. A gradient is a sum over the
    fused pixels within that radius, each of which depends on the sources within it, in turn. (The
    noise of smoothed gradients is drawn for whole slices.)

    Example:
        >>> reach(11, "share"), reach(11, "gradient"), reach(None, "share")
        (11, 22, None)
    """
    if radius is None or (kind == "gradient" and samples > 1):
        return None
    return 2 * radius if kind == "gradient" else radius


def boxes(occupied: np.ndarray, margin: int | None) -> np.ndarray:
    """The part of each slice that has to be run for exact results at the occupied pixels.

    Args:
        occupied: bool (slices, rows, columns).
        margin: from `reach`.

    Returns:
        int (slices, 4): first row, row after the last, first column, column after the last.
        Multiples of `GRID` or ends of the slice; all 0 for an empty slice.

    Example:
        >>> mask = np.zeros((2, 100, 100), bool)
        >>> mask[0, 40, 50] = True
        >>> boxes(mask, 10).tolist()
        [[16, 64, 32, 64], [0, 0, 0, 0]]
    """
    found = np.zeros((len(occupied), 2, 2), int)
    filled = occupied.any(axis=(1, 2))
    for side, size in enumerate(occupied.shape[1:]):
        if margin is None:
            found[filled, side] = 0, size
            continue
        line = occupied.any(axis=2 - side)[filled]
        first = line.argmax(axis=1) - margin
        end = size - line[:, ::-1].argmax(axis=1) + margin
        found[filled, side, 0] = np.maximum(first // GRID * GRID, 0)
        found[filled, side, 1] = np.minimum(-(-end // GRID) * GRID, size)
    return found.reshape(-1, 4)
