"""Which displays are judged: sources, methods in grey, colour modes, Slicer's blending, others."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from ...colour.coding import Coding
from ...colour.registry import all_modes
from ...errors import MedFusionError
from ...methods.registry import DEFAULT_METHOD
from ...methods.weights import weights_path
from ...sources.modalities import FUNCTIONAL, modalities_of
from ..contenders import choose_contenders
from .display import (
    Display,
    blending,
    first_source,
    method_in_colour,
    method_in_grey,
    second_source,
    sources_in_colour,
)

#: the network that the mode "paper" was published with
PUBLISHED = "funfusean"
#: Slicer's tables, hot among them for hot metal, and opacities of the foreground
BLENDINGS = {
    "hot": (0.3, 0.5, 0.7),
    "PET-Heat": (0.3, 0.5, 0.7),
    "PET-HotMetalBlue": (0.5,),
    "PET-DICOM": (0.5,),
    "PET-Rainbow2": (0.5,),
    "Red": (0.5, 0.7),
    "Grey": (0.5,),
}


def choose_displays(
    methods: str, pair: str, own: Iterable[str] = ()
) -> tuple[dict[str, Display], list[str]]:
    """The displays that are judged, by name.

    Args:
        methods: "all" or names with commas between, shown in grey.
        pair: whose weights the networks take.
        own: further displays, "FILE.py:FUNCTION", see `load_display`.

    Returns:
        The displays, and notes on what was left out.

    Raises:
        MedFusionError: no such method, or no such function.
    """
    first, second = (name.upper() for name in modalities_of(pair))
    displays = {f"{first} alone": first_source, f"{second} alone, hot": second_source()}
    for table, opacities in BLENDINGS.items():
        for opacity in opacities:
            displays[f"Slicer: {table} {opacity * 100:.0f} %"] = blending(table, opacity)
    contenders, notes = choose_contenders(methods, pair)
    for contender in contenders:
        name = contender.name
        displays[f"{name}, grey"] = method_in_grey(name, pair)
        lowers = contender.module is not None and contender.module.headroom
        if lowers and modalities_of(pair)[1] in FUNCTIONAL:
            displays[f"{name}, grey with headroom"] = method_in_grey(name, pair, headroom=True)
    for mode in all_modes():
        coding = Coding(mode.name)
        if mode.needs_sources:
            displays[f"colours: {mode.name}"] = sources_in_colour(pair, coding)
            continue
        published = mode.name == "paper" and weights_path(PUBLISHED, pair).is_file()
        name = PUBLISHED if published else DEFAULT_METHOD
        displays[f"colours: {mode.name}, of {name}"] = method_in_colour(name, pair, coding)
    return displays | {words: load_display(words) for words in own}, notes


def load_display(words: str) -> Display:
    """A display of the user's own, from "FILE.py:FUNCTION".

    The function takes both sources, (crops, rows, columns) in [0, 1], and gives uint8 sRGB
    pictures, (crops, rows, columns, 3).

    Raises:
        MedFusionError: no such file, no such function in it, or the file does not run.
    """
    path, _, name = words.rpartition(":")
    if not path or not name.isidentifier():
        raise MedFusionError(f"{words} is no display; give FILE.py:FUNCTION.")
    if not Path(path).is_file():
        raise MedFusionError(f"There is no file {path}; give the one that holds {name}.")
    spec = importlib.util.spec_from_file_location("display_of_the_user", path)
    if spec is None or spec.loader is None:
        raise MedFusionError(f"{path} is no Python file; give FILE.py:FUNCTION.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise MedFusionError(f"{path} does not run: {type(error).__name__}: {error}") from error
    if not callable(getattr(module, name, None)):
        raise MedFusionError(f"{path} holds no function {name}.")
    return getattr(module, name)
