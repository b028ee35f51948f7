"""The options of `settings`, as options of a command."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer

from ..options import Option
from ..settings import OPTIONS

#: what options were called before
FORMER = {"method": "--network"}


def with_options(place: str, *only: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command every option that is offered at a place, as `options: dict[str, Any]`.

    The command takes `options` as its last argument: name -> value. In a cohort an option that
    was not given is left out, for a study's row may have it.

    Args:
        place: "fuse" or "cohort".
        only: some of the options by name; default: all.
    """

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        chosen = {name: one for name, one in OPTIONS.items() if place in one.places}
        if only:
            chosen = {name: chosen[name] for name in only}

        @functools.wraps(command)
        def run(**given: Any) -> None:
            options = {name: given.pop(name) for name in chosen}
            for name, value in options.items():
                if isinstance(value, str):
                    options[name] = chosen[name].read(str(value))
            if place == "cohort":
                options = {name: value for name, value in options.items() if not _is_unset(value)}
            command(**given, options=options)

        own = inspect.signature(command, eval_str=True).parameters.values()
        parameters = [p for p in own if p.name != "options"]
        parameters += [_parameter(one, place) for one in chosen.values()]
        del run.__wrapped__
        run.__signature__ = inspect.Signature(parameters)
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return wrap


def _is_unset(value: Any) -> bool:
    """Whether a value means that nobody chose: None, or a flag that is not set; 0 is a choice."""
    return value is None or value is False


def _parameter(one: Option, place: str) -> inspect.Parameter:
    flag = "--" + one.name.replace("_", "-")
    names = [flag] if one.kind is bool or one.name in FORMER else []
    names += [FORMER[one.name]] if one.name in FORMER else []
    kind = one.kind if one.kind in (int, float, bool) else str
    if one.choices and one.name != "method":  # whose names are too many for a line of help
        kind = StrEnum(one.name, {word: word for word in one.choices()})
    default = one.command_default if place == "fuse" else (False if kind is bool else None)
    annotation = kind if default is not None else kind | None
    return inspect.Parameter(
        one.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[annotation, typer.Option(*names, help=one.help)],
    )
