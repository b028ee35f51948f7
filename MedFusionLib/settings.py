"""Every option of a fusion that is not a source, declared and checked in one place.

To add an option, add a field with `option(...)` to the dataclass that it belongs to. `fuse`, the
command line, the columns of a cohort and the test of the panel follow from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from .colour.coding import Coding
from .colour.registry import ModeNames, contributions_for, get_mode
from .errors import MedFusionError
from .inference.devices import DEVICES, choose_device
from .methods.registry import DEFAULT_METHOD, all_methods, get_method
from .options import check_fields, fields_from, option, options_of
from .sources.alignment import ALIGN
from .sources.formats.base import ORIENTATIONS, frame_of
from .sources.hounsfield import CT_UNITS
from .sources.intensities import Window
from .sources.volumes import ALL_AXES, AXES

#: kinds of contributions
CONTRIBUTIONS = ("gradient", "share", "parts")
PRECISIONS = ("auto", "float32")
#: whether a bright MR is lowered, see `inference.headroom`; auto: before methods that say so, with
#: a functional source
HEADROOM = ("auto", "on", "off")
#: whether a network's image fades where all sources do, see `inference.bounds`
BOUNDS = ("on", "off")
MOST_MEMORY = 2**50  # bytes
COMMANDS = ("fuse", "cohort")


def _method_names() -> tuple[str, ...]:
    return tuple(method.name for method in all_methods())


@dataclass(frozen=True)
class Settings:
    """How two or three sources are fused.

    Raises:
        MedFusionError: a setting that is unknown or cannot be, with the choices.

    Example:
        >>> Settings("maximum").contributions, Settings(coding=Coding("paper")).contributions
        ('share', 'gradient')
    """

    method: str = option(
        DEFAULT_METHOD, "Fusion method, see 'medfusion methods'.", choices=_method_names
    )
    axis: str = option(
        "axial",
        "Axis of the slices, native (as stored), or all: the mean of three fusions.",
        choices=(*AXES, "native", ALL_AXES),
        label="slice axis",
    )
    contributions: str | None = option(
        None,
        "Kind of contributions; default: what suits the colour mode.",
        kind=str,
        choices=CONTRIBUTIONS,
        label="kind of contributions",
    )
    steps: int = option(1, "Number of steps that refine the shares.", least=1)
    samples: int = option(1, "Number of noisy copies to average the gradients over.", least=1)
    coding: Coding = field(default_factory=Coding)
    more_colours: tuple[str, ...] | None = option(
        None,
        "Further colour modes, each written as a colour volume of its own, such as fused,paper.",
        kind=ModeNames,
    )
    align: str = option(
        "off",
        "Measure how far the volumes are off the MR (check), also move them there (apply), or "
        "neither (off).",
        choices=ALIGN,
        label="kind of alignment",
        command_default="check",
    )
    device: str = option("auto", "Where it is computed.", choices=DEVICES, changes_result=False)
    batch: int | None = option(
        None,
        "Slices at once; default: by the memory that is free.",
        kind=int,
        least=1,
        places=COMMANDS,
        changes_result=False,
    )
    memory: float | None = option(
        None,
        "GB that a batch may take; default: by the memory that is free.",
        kind=float,
        unit=1e9,
        places=COMMANDS,
        changes_result=False,
    )
    precision: str = option(
        "auto",
        "float32, or auto: half precision where it is faster and a check finds it safe.",
        choices=PRECISIONS,
        places=COMMANDS,
    )
    headroom: str = option(
        "auto",
        "Lower a bright MR where another source shows something (on), not (off), or before the "
        "method bands with PET or SPECT (auto).",
        choices=HEADROOM,
        label="kind of headroom",
    )
    bounds: str = option(
        "on",
        "Fade a network's image to black where all sources are nearly black.",
        choices=BOUNDS,
        label="kind of bounds",
        places=COMMANDS,
    )
    ct: str = option(
        "auto",
        "Unit of a CT: hu, grey (levels), or auto: what its values look like.",
        choices=CT_UNITS,
        label="kind of CT values",
    )
    different_patients: bool = option(
        False, "Allow scans of two patients, as of phantoms and templates.", places=COMMANDS
    )

    def __post_init__(self) -> None:
        check_fields(self)
        first = self.coding.mode
        more = tuple(get_mode(name).name for name in self.more_colours or () if name != first)
        object.__setattr__(self, "more_colours", tuple(dict.fromkeys(more)))
        wanted = self.contributions or contributions_for(first, *more)
        object.__setattr__(self, "contributions", wanted)
        method = get_method(self.method)
        if wanted == "gradient" and not method.differentiable:
            raise MedFusionError(
                f"{method.title} has no gradient; choose the contributions 'share'."
            )
        if wanted == "parts" and not method.supports("parts"):
            raise MedFusionError(
                f"What {method.title} makes is no sum of parts of its sources; "
                "choose the contributions 'share'."
            )
        if self.memory is not None and not 0 < self.memory < MOST_MEMORY:
            raise MedFusionError(
                "The memory for a batch must be above 0 bytes and below 2^50, a million GB."
            )
        choose_device(self.device)

    @classmethod
    def from_options(cls, given: Mapping[str, Any]) -> Self:
        """The settings from values by option name, in the units of the command line.

        Example:
            >>> Settings.from_options({"colour": "paper", "memory": 2.0}).memory
            2000000000.0
        """
        return cls(**fields_from(cls, given))

    def for_slices(self) -> dict[str, Any]:
        """What `inference.run_slices` takes of them."""
        return {
            "contributions": self.contributions,
            "steps": self.steps,
            "samples": self.samples,
            "device": choose_device(self.device),
            "batch": self.batch,
            "memory": self.memory,
            "precision": self.precision,
            "fade": self.bounds == "on",
        }


def settings_from(settings: Settings | None, options: Mapping[str, Any]) -> Settings:
    """The settings given whole, or made from some of their fields by name.

    Raises:
        MedFusionError: both are given, there is no such field, or a value cannot be.
    """
    if settings is not None:
        if options:
            raise MedFusionError(
                f"Give the settings as a whole, or {', '.join(options)} by name, not both."
            )
        return settings
    names = [one.name for one in fields(Settings)]
    for name in options:
        if name not in names:
            raise MedFusionError(
                f"There is no option '{name}'; the options are {', '.join(names)}."
            )
    return Settings(**{name: value for name, value in options.items() if value is not None})


class Frame:
    """Which volume of a time series: its number from 0, or "mean"."""

    looks = "the number of a volume, from 0, or mean"
    parse = staticmethod(frame_of)


class SeriesOfEach:
    """The DICOM series of each source, by number or UID."""

    looks = "numbers or UIDs with commas between them, such as 5,12"

    @staticmethod
    def parse(text: str) -> str:
        """The text itself.

        Raises:
            ValueError: it is no list of numbers.
        """
        if not re.fullmatch(r"[\d.]*(,[\d.]*)*", text := text.replace(" ", "")):
            raise ValueError(text)
        return text


@dataclass(frozen=True)
class Inputs:
    """How the sources are read."""

    first_window: Window | None = option(
        None, "Intensity window of the MR, LOWER,UPPER in its own units.", kind=Window
    )
    second_window: Window | None = option(
        None, "Intensity window of the second volume, LOWER,UPPER (HU for CT).", kind=Window
    )
    third_window: Window | None = option(
        None, "Intensity window of the third volume, LOWER,UPPER.", kind=Window, places=COMMANDS
    )

    frame: int | str | None = option(
        None,
        "Which volume of a time series: its number, from 0, or mean.",
        kind=Frame,
        places=COMMANDS,
    )
    orientation: str | None = option(
        None,
        "Which form to take where a NIfTI file holds two that disagree.",
        kind=str,
        choices=ORIENTATIONS,
        places=COMMANDS,
    )

    series: str | None = option(
        None,
        "Number (or UID) of the DICOM series of each source, with commas between them; an empty "
        "place leaves one open.",
        kind=SeriesOfEach,
        places=COMMANDS,
    )

    @property
    def windows(self) -> list[Window | None]:
        """The windows of the first, second and third source."""
        return [self.first_window, self.second_window, self.third_window]


@dataclass(frozen=True)
class Outputs:
    """What is written beside the volumes, the preview and the report."""

    scene: bool = option(False, "Write a Slicer scene, too.", places=COMMANDS)
    dicom: bool = option(False, "Write the result as DICOM series, too.", places=("cohort",))
    keep_paths: bool = option(
        False, "Put the inputs' full paths into report.json.", places=COMMANDS
    )


#: name -> option, of all there are
OPTIONS = options_of(Settings, Inputs, Outputs)
