"""Options that commands share: those of `settings`, and groups of a command's own."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, get_type_hints

import typer

from ..options import Option
from ..settings import OPTIONS
from .choices import words

#: what options were called before
FORMER = {"method": "--network"}

Command = Callable[..., None]


def with_options(place: str, *only: str) -> Callable[[Command], Command]:
    """Give a command every option that is offered at a place, as `options: dict[str, Any]`.

    The command takes `options` as its last argument: name -> value. In a cohort an option that
    was not given is left out, for a study's row may have it.

    Args:
        place: "fuse" or "cohort".
        only: some of the options by name; default: all.
    """

    def wrap(command: Command) -> Command:
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
        return _takes(run, [*parameters, *(_parameter(one, place) for one in chosen.values())])

    return wrap


def with_groups(command: Command) -> Command:
    """Let a command take dataclasses: each of their fields is an option of the command line.

    A field is declared as the parameter of a command is, with `Annotated[..., typer.Option(...)]`.

    Example:
        >>> @dataclasses.dataclass
        ... class Speed:
        ...     lanes: Annotated[int, typer.Option(help="Lanes at once.")] = 1
        >>> @with_groups
        ... def drive(speed: Speed) -> None:
        ...     print(speed.lanes)
        >>> drive(lanes=3)
        3
    """
    own = inspect.signature(command, eval_str=True).parameters.values()
    groups: dict[str, Any] = {
        p.name: p.annotation for p in own if dataclasses.is_dataclass(p.annotation)
    }
    fields = {name: [p.name for p in _parameters_of(group)] for name, group in groups.items()}

    @functools.wraps(command)
    def run(**given: Any) -> None:
        made = {
            name: group(**{field: given.pop(field) for field in fields[name]})
            for name, group in groups.items()
        }
        command(**given, **made)

    parameters: list[inspect.Parameter] = []
    for p in own:
        parameters += _parameters_of(groups[p.name]) if p.name in groups else [p]
    return _takes(run, parameters)


def _takes(run: Command, parameters: Iterable[inspect.Parameter]) -> Command:
    """The function, which says that it takes these parameters."""
    named = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    vars(run).pop("__wrapped__", None)
    vars(run)["__signature__"] = inspect.Signature(named)
    run.__annotations__ = {p.name: p.annotation for p in named}
    return run


def _parameters_of(group: Any) -> Iterator[inspect.Parameter]:
    types = get_type_hints(group, include_extras=True)
    for field in dataclasses.fields(group):
        required = field.default is dataclasses.MISSING
        default = inspect.Parameter.empty if required else field.default
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=types[field.name],
        )


def _is_unset(value: Any) -> bool:
    """Whether an option was not given: None, or a flag that is not set; 0 was given."""
    return value is None or value is False


def _parameter(one: Option, place: str) -> inspect.Parameter:
    flag = "--" + one.name.replace("_", "-")
    names = [flag] if one.kind is bool or one.name in FORMER else []
    names += [FORMER[one.name]] if one.name in FORMER else []
    kind: Any = one.kind if one.kind in (int, float, bool) else str
    if one.choices and one.name != "method":  # whose names are too many for a line of help
        kind = words(one.name, one.choices())
    default = one.command_default if place == "fuse" else (False if kind is bool else None)
    annotation = kind if default is not None else kind | None
    return inspect.Parameter(
        one.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[annotation, typer.Option(*names, help=one.help)],
    )
