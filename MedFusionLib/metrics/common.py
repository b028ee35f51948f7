"""What all metrics share: their images, the check of these, grey levels and window filters."""

import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from ..errors import MedFusionError
from ..sharing import shared

SNAP = 4096

Function = TypeVar("Function", bound=Callable[..., Tensor])

ARGS = """\
Args:
    fused: the fused images (N, 1, H, W), values in [0, 1].
    first: the first sources, of the same shape and range.
    second: the second sources, likewise.
"""
RETURNS = """\
Returns:
    (N,): one number for each image.

"""
RAISES = """\
Raises:
    MedFusionError: the images do not fit together or are too small.

"""


@dataclass(frozen=True)
class Metric:
    """What a table needs to know of a metric.

    Args:
        name: the name of its function.
        symbol: how publications write it.
        function: (fused, first, second) to (N,).
        higher_is_better: None where neither direction is better.
        range: its values, in words.
        citation: the paper that defines it.
    """

    name: str
    symbol: str
    function: Callable[..., Tensor]
    higher_is_better: bool | None
    range: str
    citation: str


class Measure(Protocol):
    """What is tabulated: a metric, or anything else with a name and a direction."""

    @property
    def name(self) -> str: ...

    @property
    def symbol(self) -> str: ...

    @property
    def higher_is_better(self) -> bool | None: ...


OURS = "Defined for this project"


def metric(
    symbol: str, higher_is_better: bool | None, range_: str, citation: str
) -> Callable[[Function], Function]:
    """Make a function a metric: the registry finds it, tables and the command line list it.

    Its docstring is completed by `takes_images`.

    Args:
        symbol: how publications write it.
        higher_is_better: None where neither direction is better.
        range_: its values, in words.
        citation: the paper that defines it.

    Example:
        >>> @metric("E", True, "0..1", OURS)
        ... def energy(fused, first, second):
        ...     '''Mean square of the fused image.'''
        ...     return (fused * fused).mean((1, 2, 3))
        >>> metric_of(energy).symbol
        'E'
    """

    def mark(function: Function) -> Function:
        complete = takes_images(function)
        made = Metric(function.__name__, symbol, complete, higher_is_better, range_, citation)
        vars(complete)["metric"] = made
        return complete

    return mark


def metric_of(value: object) -> Metric | None:
    """The metric that a function is; None where it is none."""
    found = getattr(value, "metric", None)
    return found if isinstance(found, Metric) else None


def takes_images(function: Function) -> Function:
    """Complete a metric's docstring by what all metrics have in common.

    A metric's own docstring says only what is particular to it; the images that it takes and the
    numbers that it returns are described here, once, and filled in (as SciPy and pandas fill
    theirs), so that `help` shows all. The function itself stays as it is.

    Example:
        >>> @takes_images
        ... def nothing(fused, first, second):
        ...     '''Nothing at all.'''
        >>> print(nothing.__doc__.splitlines()[3].strip())
        fused: the fused images (N, 1, H, W), values in [0, 1].
    """
    if function.__doc__ is None:  # python -OO
        return function
    text, found, examples = inspect.cleandoc(function.__doc__).partition("Example:\n")
    text = text.rstrip() + "\n\n"
    if "Args:\n" in text:
        text = text.replace("Args:\n", ARGS)
    elif "Returns:\n" in text:
        text = text.replace("Returns:\n", f"{ARGS}\nReturns:\n")
    else:
        text += f"{ARGS}\n"
    if "Returns:\n" not in text:
        text += RETURNS
    function.__doc__ = text + RAISES + found + examples
    return function


def check(fused: Tensor, first: Tensor, second: Tensor) -> None:
    """Refuse anything but three equally shaped, finite images of shape (N, 1, H, W).

    Raises:
        MedFusionError: the images do not fit together or cannot be measured.
    """
    for name, image in (("fused", fused), ("first", first), ("second", second)):
        if not isinstance(image, Tensor) or not image.is_floating_point():
            raise MedFusionError(
                f"The {name} image is not a floating-point tensor; pass values in [0, 1]."
            )
        if image.ndim != 4 or image.shape[1] != 1:
            raise MedFusionError(
                f"The {name} image has shape {tuple(image.shape)}; metrics need (N, 1, H, W)."
            )
        if image.shape != fused.shape or image.device != fused.device:
            raise MedFusionError(
                f"The {name} image is {tuple(image.shape)} on {image.device} and the fused one "
                f"{tuple(fused.shape)} on {fused.device}; resample and move them to one grid."
            )
        if not _is_finite(image):
            raise MedFusionError(
                f"The {name} image contains NaN or infinity; replace those values first."
            )


@shared
def _is_finite(image: Tensor) -> bool:
    return bool(torch.isfinite(image).all())


def at_least(image: Tensor, size: int, what: str) -> None:
    """Refuse images smaller than ``size`` pixels a side, naming ``what`` needs them."""
    if min(image.shape[-2:]) < size:
        raise MedFusionError(
            f"The images are {image.shape[-2]} x {image.shape[-1]} pixels; {what} needs at least "
            f"{size} x {size}."
        )


def pick(name: str, value: object, allowed: Collection[object]) -> None:
    """Refuse a keyword's value that is not one of the variants on offer."""
    if value not in allowed:
        raise MedFusionError(f"{name} is {value!r}; choose one of {', '.join(map(str, allowed))}.")


def precise(image: Tensor) -> Tensor:
    """The image in double precision (single where the device has no doubles)."""
    return image if image.device.type == "mps" else image.double()


@shared
def levels(image: Tensor) -> Tensor:
    """Scale [0, 1] to grey levels 0..255.

    Values are snapped to 1 / 4096 of a level: an 8-bit picture gives back the integers it was
    read from, so that flat areas are exactly flat and equal gradients compare equal.
    """
    return torch.round(precise(image) * (255 * SNAP)) / SNAP


def gaussian(size: int, sigma: float, like: Tensor) -> Tensor:
    """A Gaussian row of ``size`` weights that sum to 1, on the device and of the type of like."""
    offset = torch.arange(size, dtype=like.dtype, device=like.device) - (size - 1) / 2
    row = torch.exp(-(offset**2) / (2 * sigma**2))
    return row / row.sum()


def uniform(size: int, like: Tensor) -> Tensor:
    """A row of ``size`` equal weights that sum to 1."""
    return torch.full((size,), 1 / size, dtype=like.dtype, device=like.device)


def blur(image: Tensor, row: Tensor) -> Tensor:
    """Filter (N, C, H, W) with a separable window; only places where it fits ("valid").

    Example:
        >>> blur(torch.ones(1, 1, 4, 5), torch.ones(3)).flatten().tolist()
        [9.0, 9.0, 9.0, 9.0, 9.0, 9.0]
    """
    if image.device.type == "cpu" and not (torch.is_grad_enabled() and image.requires_grad):
        for dim in (2, 3):  # sums of shifted images take a sixth of a convolution's time
            size = image.shape[dim] - len(row) + 1
            first, *others = row.tolist()
            total = image.narrow(dim, 0, size) * first
            for n, weight in enumerate(others, 1):
                total.add_(image.narrow(dim, n, size), alpha=weight)
            image = total
        return image
    channels = image.shape[1]
    vertical = row.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    horizontal = row.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    return conv2d(conv2d(image, vertical, groups=channels), horizontal, groups=channels)


def moments(a: Tensor, b: Tensor, row: Tensor) -> tuple[Tensor, ...]:
    """Local mean of a and b, variance of a and b, and covariance under a separable window."""
    stack = torch.cat((a, b, a * a, b * b, a * b), dim=1)
    mean_a, mean_b, aa, bb, ab = blur(stack, row).split(1, dim=1)
    return mean_a, mean_b, aa - mean_a**2, bb - mean_b**2, ab - mean_a * mean_b


def average(image: Tensor) -> Tensor:
    """Mean of every image of a batch: (N, 1, H, W) to (N,)."""
    return image.flatten(1).mean(1)


@shared
def stretch(image: Tensor) -> Tensor:
    """Take each image's minimum and maximum to 0 and 255 and round, as Zheng Liu's toolbox does.

    Halves are rounded up; a constant image becomes 0.
    """
    image = levels(image)
    low, high = image.amin((1, 2, 3), keepdim=True), image.amax((1, 2, 3), keepdim=True)
    span = torch.where(high == low, 1, high - low)
    return torch.floor((image - low) / span * 255 + 0.5)
