"""Options, declared once as fields of a dataclass: type, default, help, choices, limits, places.

`fusion.fuse`, the command line, the columns of a cohort and the panel derive from this what they
offer, check and say. An option is one field:

    steps: int = option(1, "Number of steps that refine the shares.", least=1)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import MedFusionError

#: where options are offered: `medfusion fuse`, the columns and defaults of a cohort, the panel
PLACES = ("fuse", "cohort", "panel")
_TRUTH = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_WORDS = {str: "a word", int: "a whole number", float: "a number", bool: "yes or no"}


@dataclass(frozen=True)
class Option:
    """What every place needs to know of an option.

    Attributes:
        name: on the command line and as a column.
        field: of its dataclass; the name, where nothing else is said.
        kind: str, int, float, bool, or a class with a `parse(text)`.
        default: where none is chosen; a cohort and the command line may have another.
        command_default: theirs.
        help: one sentence.
        choices: gives the words that it can be; None: no fixed ones.
        label: what it is called in a sentence.
        least, most: limits of a number.
        unit: what a number on the command line is multiplied with to get the field's value.
        places: where it is offered, of `PLACES`.
        changes_result: whether another value may give another result.
    """

    name: str
    field: str
    kind: type
    default: Any
    command_default: Any
    help: str
    choices: Callable[[], Sequence[str]] | None
    label: str
    least: float | None
    most: float | None
    unit: float
    places: tuple[str, ...]
    changes_result: bool

    @property
    def looks(self) -> str:
        """What a word for it looks like."""
        if self.choices:
            return f"one of {', '.join(self.choices())}"
        return _WORDS.get(self.kind) or str(getattr(self.kind, "looks", ""))

    def read(self, text: str) -> Any:
        """The value that a word stands for.

        Raises:
            MedFusionError: it stands for none.
        """
        try:
            if self.kind is bool:
                return _TRUTH[text.strip().lower()]
            return self.kind.parse(text) if hasattr(self.kind, "parse") else self.kind(text)
        except (ValueError, KeyError):
            raise MedFusionError(
                f"{self.name} is '{text}', which cannot be read; give {self.looks}."
            ) from None

    def check(self, value: Any) -> None:
        """Raise a MedFusionError unless the option can have that value."""
        if value is None and None in (self.default, self.command_default):
            return
        if self.choices and value not in self.choices():
            words = ", ".join(self.choices())
            raise MedFusionError(f"There is no {self.label} '{value}'; choose one of: {words}.")
        if None not in (self.least, self.most) and not self.least <= value <= self.most:
            limits = f"between {self.least:g} and {self.most:g}"
            raise MedFusionError(f"{self.name} is {value:g}; it must lie {limits}.")
        if self.least is not None and not value >= self.least:
            raise MedFusionError(f"{self.name} is {value}; it must be at least {self.least:g}.")


def option(
    default: Any,
    help: str | Callable[[], str],
    *,
    kind: type | None = None,
    name: str | None = None,
    choices: Sequence[str] | Callable[[], Sequence[str]] | None = None,
    **more: Any,
) -> Any:
    """A field of a dataclass that is an option.

    Args:
        default: of the field.
        help: one sentence, or what gives it.
        kind: of its values; default: that of `default`.
        name: default: the field's.
        choices: the words that it can be, or what gives them.
        more: other attributes of `Option`.
    """
    listed = choices if choices is None or callable(choices) else lambda: tuple(choices)
    made = {"kind": kind or type(default), "name": name, "choices": listed, "help": help, **more}
    return dataclasses.field(default=default, metadata={"option": made})


def options_of(*classes: type) -> dict[str, Option]:
    """name -> option of dataclasses, those of dataclasses among their fields with them.

    Example:
        >>> @dataclass
        ... class Speed:
        ...     lanes: int = option(1, "Lanes at once.", least=1, places=("fuse",))
        >>> options_of(Speed)["lanes"].looks
        'a whole number'
    """
    found: dict[str, Option] = {}
    for owner in classes:
        for field in dataclasses.fields(owner):
            if "option" in field.metadata:
                made = Option(**_filled(field))
                found[made.name] = made
            elif dataclasses.is_dataclass(field.default_factory):
                found |= options_of(field.default_factory)
    return found


def _filled(field: dataclasses.Field) -> dict[str, Any]:
    standard = {
        "command_default": field.default,
        "label": field.metadata["option"]["name"] or field.name,
        "least": None,
        "most": None,
        "unit": 1,
        "places": PLACES,
        "changes_result": True,
    }
    given = dict(field.metadata["option"])
    given["name"] = given["name"] or field.name
    if callable(given["help"]):
        given["help"] = given["help"]()
    return {**standard, **given, "field": field.name, "default": field.default}


def check_fields(instance: Any) -> None:
    """Raise a MedFusionError where a field has a value that its option cannot have."""
    for field in dataclasses.fields(instance):
        if "option" in field.metadata:
            Option(**_filled(field)).check(getattr(instance, field.name))


def fields_from(owner: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a dataclass from values by option name, in the units of the command line.

    Values that are not there are left out, those of other options are passed over.
    """
    found = {}
    for field in dataclasses.fields(owner):
        if "option" in field.metadata:
            one = Option(**_filled(field))
            if one.name in given:
                value = given[one.name]
                number = value is not None and one.unit != 1
                found[field.name] = value * one.unit if number else value
        elif dataclasses.is_dataclass(field.default_factory):
            found[field.name] = field.default_factory(**fields_from(field.default_factory, given))
    return found
