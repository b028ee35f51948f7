"""How a fusion is made: every choice that is not a source, checked in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .colour.coding import Coding
from .colour.registry import contributions_for
from .errors import MedFusionError
from .inference.devices import choose_device
from .methods.registry import DEFAULT_METHOD, get_method

#: kinds of contributions
KINDS = ("gradient", "share", "parts")
PRECISIONS = ("auto", "float32")
#: whether a bright MR is lowered, see `inference.headroom`; auto: before methods that say so, with
#: a functional source
HEADROOM = ("auto", "on", "off")
#: whether a network's image fades where all sources do, see `inference.bounds`
BOUNDS = ("on", "off")
MOST_MEMORY = 2**50  # bytes


@dataclass(frozen=True)
class Settings:
    """The settings of a fusion; `fusion.fuse` says what each of them means.

    Raises:
        MedFusionError: a setting that does not exist or cannot be, with the choices there are.

    Example:
        >>> Settings("maximum").kind, Settings(coding=Coding("paper")).kind
        ('share', 'gradient')
    """

    network: str = DEFAULT_METHOD
    axis: str = "axial"
    contributions: str | None = None
    steps: int = 1
    samples: int = 1
    coding: Coding = field(default_factory=Coding)
    device: str = "auto"
    batch: int | None = None
    memory: float | None = None
    precision: str = "auto"
    headroom: str = "auto"
    bounds: str = "on"

    def __post_init__(self) -> None:
        method = get_method(self.network)
        if self.kind not in KINDS:
            raise MedFusionError(
                f"There are no contributions '{self.kind}'; choose one of: {', '.join(KINDS)}."
            )
        if self.kind == "gradient" and not method.differentiable:
            raise MedFusionError(
                f"{method.title} has no gradient; choose the contributions 'share'."
            )
        if self.kind == "parts" and not method.supports("parts"):
            raise MedFusionError(
                f"What {method.title} makes is no sum of parts of its sources; "
                "choose the contributions 'share'."
            )
        if self.precision not in PRECISIONS:
            raise MedFusionError(
                f"There is no precision '{self.precision}'; choose one of: {', '.join(PRECISIONS)}."
            )
        for name, choices in (("headroom", HEADROOM), ("bounds", BOUNDS)):
            if getattr(self, name) not in choices:
                raise MedFusionError(
                    f"{name} is '{getattr(self, name)}'; choose one of: {', '.join(choices)}."
                )
        if self.memory is not None and not 0 < self.memory < MOST_MEMORY:
            raise MedFusionError(
                "The memory for a batch must be a number of bytes above 0, and one that a machine "
                "can have."
            )
        for name in ("steps", "samples", "batch"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise MedFusionError(f"{name} is {value}; it must be at least 1.")
        choose_device(self.device)

    @property
    def kind(self) -> str:
        """The kind of contributions: the one asked for, else what suits the colour mode."""
        return self.contributions or contributions_for(self.coding.mode)

    def for_slices(self) -> dict[str, Any]:
        """What `inference.run_slices` takes of them."""
        return {
            "kind": self.kind,
            "steps": self.steps,
            "samples": self.samples,
            "device": choose_device(self.device),
            "batch": self.batch,
            "memory": self.memory,
            "precision": self.precision,
            "fade": self.bounds == "on",
        }
