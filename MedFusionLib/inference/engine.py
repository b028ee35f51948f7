"""A method made ready to run fast, with the same results.

None of the measures needs a compiler: batch norm is folded into the convolutions before it;
weights lie channels-last; on a CPU convolutions run in chains (`chains.py`); and they run in half
precision where the device gains and a check finds it safe.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..methods.base import FusionMethod, WrappedMethod
from ..methods.boxes import Box
from ..methods.precision import MixedPrecisionModule
from . import contributions as maps_of
from .bounds import bound, bounded
from .chains import chained, is_plain, multiply_in_bfloat16

#: What mixed precision may change: the largest difference in the fused slice, and the relative L2
#: error of a contribution map. On the probe it has to keep within a part of that: a head has more
#: pixels, and its errors were measured up to 2.5 and 1.6 times those on the probe.
FUSED_BOUND, FUSED_MARGIN = 2e-3, 0.35
MAPS_BOUND, MAPS_MARGIN = 1e-2, 0.6

Module = TypeVar("Module", bound=nn.Module)


def fold(module: Module) -> Module:
    """A copy in which every batch norm is folded into the convolution before it.

    The products are taken in float64. The copy's parameters need no gradient.

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


@dataclass(frozen=True)
class PreparedMethod:
    """A method made ready to run.

    Attributes:
        method: same inputs and outputs as the original.
        approximate: a faster method where the fused slices must be better than the maps; None:
            none. See `contributions.share`.
        precision: "float32" or "mixed".
    """

    method: FusionMethod
    approximate: FusionMethod | None = None
    precision: str = "float32"

    def makes_parts(self, contributions: str | None) -> bool:
        """Whether `run` can make a part of the slices, at less work."""
        methods = [method for method in (self.method, self.approximate) if method is not None]
        return contributions in (None, "share") and all(
            method.offers("fuse_box") for method in methods
        )

    def run(
        self,
        contributions: str | None,
        *sources: Tensor,
        part: Box | None = None,
        dark: float | None = None,
        **options: Any,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The fused batch and its contributions ("gradient", "share", "parts" or None: no maps).

        Args:
            contributions: see above.
            sources: slice batches (N, 1, H, W) in [0, 1].
            part: of the slices that is to be made, see `makes_parts`; default: all.
            dark: keep the fused batch within bounds, see `bounds.bound`; the gradients stay the
                method's own. Default: no bounds.
            options: of `contributions.gradient` or `contributions.share`.
        """
        method, approximate = self.method, self.approximate
        if dark is not None and contributions != "gradient":
            method = bounded(method, dark)
            approximate = approximate and bounded(approximate, dark)
        if contributions == "gradient":
            fused, maps = maps_of.gradient(method, *sources, **options)
            return fused if dark is None else bound(fused, sources, dark), maps
        with torch.inference_mode():
            if contributions == "parts":
                return maps_of.parts(method, *sources)
            fuse = _of_box(method, part)
            if contributions == "share":
                fuse_some = approximate and _of_box(approximate, part)
                return maps_of.share(fuse, *sources, approximate=fuse_some, **options)
            return fuse(*sources), ()


def _of_box(method: FusionMethod, box: Box | None) -> maps_of.Fuse:
    """A method, or what makes the part of its results inside a box."""
    return method if box is None else partial(method.fuse_box, box=box)


def prepare_method(
    method: FusionMethod, contributions: str | None = None, precision: str = "float32"
) -> PreparedMethod:
    """A method made ready to run on the device where it lies; the original stays as it is.

    Args:
        method: in evaluation mode.
        contributions: "gradient", "share", "parts" or None for the fused slices alone.
        precision: "float32", or "auto": half precision in as much of the method as the device
            gains by and a check on a probe finds safe for these contributions; never for "parts".

    Example:
        >>> from MedFusionLib.methods.registry import get_method
        >>> prepare_method(get_method("funfusean")().eval()).precision
        'float32'
    """
    where = next(method.parameters(), None)
    if where is None:
        return PreparedMethod(method)
    folded: FusionMethod = fold(method).to(  # type: ignore[call-overload]  # torch's stubs lack it
        memory_format=torch.channels_last
    )
    exact = PreparedMethod(chained(folded) if where.device.type == "cpu" else folded)
    if precision == "auto" and contributions != "parts" and gains(where.device):
        check = _Check(exact, contributions, where.device)
        for mixed in _mixtures(folded, exact, check):
            if check.worst(mixed) <= 1:
                return mixed
    return exact


def gains(device: torch.device) -> bool:
    """Whether half precision is faster there: any CUDA device, a CPU with bfloat16 products."""
    if device.type == "cpu":
        there = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
        return there is not None and there()
    return device.type == "cuda"


class _Check:
    """Whether a method in mixed precision keeps well within the bounds, tried on a probe.

    The probe is the same for every volume, so a slice's result depends on no other slice.
    """

    def __init__(
        self, exact: PreparedMethod, contributions: str | None, device: torch.device
    ) -> None:
        inputs = max(2, len(inspect.signature(exact.method.forward).parameters))  # 1: *sources
        self.contributions, self.device = contributions, device
        self.sources = [part.to(device) for part in probe(inputs)]
        self.fused, self.maps = exact.run(contributions, *self.sources)

    def worst(self, mixed: PreparedMethod) -> float:
        """The largest error, as a part of what is allowed on the probe."""
        try:
            found, parts = mixed.run(self.contributions, *self.sources)
        except RuntimeError:  # the device lacks an operation in half precision
            return math.inf
        errors = [(found - self.fused).abs().max() / (FUSED_MARGIN * FUSED_BOUND)]
        for part, wanted in zip(parts, self.maps, strict=True):
            scale = wanted.norm().clamp_min(torch.finfo(wanted.dtype).tiny)
            errors.append((part - wanted).norm() / (MAPS_MARGIN * MAPS_BOUND * scale))
        worst = float(torch.stack(errors).max())
        return math.inf if math.isnan(worst) else worst


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


class _Half(WrappedMethod):
    """A method in float16, float32 in and out.

    The convolution that makes the fused slice, and what follows it, stay in float32: rounding them
    would be visible, and they take little time.
    """

    title = "Half precision"

    def __init__(self, method: FusionMethod) -> None:
        super().__init__(copy.deepcopy(method).half())
        for name, part in method.named_modules():
            if isinstance(part, nn.Conv2d) and part.out_channels == 1:
                parent, _, child = name.rpartition(".")
                setattr(self.method.get_submodule(parent), child, _InFloat32(part))

    def forward(self, *sources: Tensor) -> Tensor:
        halves = (x.half().contiguous(memory_format=torch.channels_last) for x in sources)
        return self.method(*halves).float()


class _InFloat32(nn.Module):
    """A layer in float32, whatever comes in."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = copy.deepcopy(layer)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.float())


def _mixtures(
    folded: FusionMethod, exact: PreparedMethod, check: _Check
) -> Iterator[PreparedMethod]:
    """The method in half precision, the fastest first."""
    if check.device.type == "cuda":
        half = _Half(folded)
        yield PreparedMethod(half, None, "mixed")
        if check.contributions == "share":
            yield PreparedMethod(exact.method, half, "mixed")
        if check.contributions == "gradient":
            yield PreparedMethod(chained(folded, torch.float16), None, "mixed")
        return
    work = _work(folded, check)
    if not work:
        return
    wide = list(work)
    reverse = torch.bfloat16 if check.contributions == "gradient" else None
    method = chained(folded, reverse)
    approximate = chained(folded) if check.contributions == "share" else None
    if approximate:
        multiply_in_bfloat16(approximate, wide)

    def mixed(names: Sequence[str]) -> PreparedMethod:
        multiply_in_bfloat16(method, names)  # until the next one is asked for
        return PreparedMethod(method, None if len(names) == len(wide) else approximate, "mixed")

    yield mixed(wide)
    # one after the other, first what has much work and little error; shares are less delicate
    # than the fused slice
    trial = check if check.contributions == "gradient" else _Check(exact, None, check.device)
    errors = {name: trial.worst(mixed([name])) ** 2 for name in wide}
    least = trial.worst(mixed([])) ** 2
    chosen: list[str] = []
    for name in sorted(wide, key=lambda name: (errors[name] - least) / work[name]):
        if errors[name] <= 1 and trial.worst(mixed([*chosen, name])) <= 1:
            chosen.append(name)
    if chosen or check.contributions:  # or the reverse pass alone, or black sources alone
        yield mixed(chosen)


def _work(method: nn.Module, check: _Check) -> dict[str, int]:
    """Name of a layer -> multiplications for the probe that half precision makes faster.

    Convolutions between fewer than 16 channels are left out: they are not faster.
    """
    found: dict[str, int] = {}
    hooks = []

    def count(name: str, part: nn.Module, output: Tensor) -> None:
        each = part.weight.numel() if is_plain(part) else output.shape[1] * sum(output.shape[2:])
        found[name] = output.numel() // output.shape[1] * each

    for name, part in method.named_modules():
        wide = is_plain(part) and min(part.in_channels, part.out_channels) >= 16
        if wide or isinstance(part, MixedPrecisionModule):
            hooks.append(
                part.register_forward_hook(lambda part, _, y, name=name: count(name, part, y))
            )
    with torch.inference_mode():
        method(*check.sources)
    for hook in hooks:
        hook.remove()
    return found
