"""Which processor the network runs on."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import MedFusionError

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cuda", "mps", "cpu")


def choose_device(name: str = "auto") -> torch.device:
    """The torch device of that name; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        MedFusionError: unknown, or not there on this machine.

    Example:
        >>> choose_device("cpu")
        device(type='cpu')
    """
    import torch

    if name not in DEVICES:
        raise MedFusionError(f"There is no device '{name}'; choose one of: {', '.join(DEVICES)}.")
    there: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, found in there.items() if found()))
    if not there[name]():
        raise MedFusionError(
            f"This machine has no {name} device that torch can use; choose auto or cpu."
        )
    return torch.device(name)


def describe_device(device: torch.device) -> str:
    """The device in words, such as "cuda (NVIDIA H200)"."""
    import torch

    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu":
        threads = torch.get_num_threads()
        return f"cpu ({threads} thread{'s' * (threads > 1)}, {platform.machine()})"
    return device.type
