"""Which of our methods are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..sources.modalities import FUNCTIONAL, modalities_of
from .scores import Contender

YARDSTICKS = ("average", "maximum")


def choose_contenders(
    methods: str, pair: str, headroom: bool = False
) -> tuple[list[Contender], list[str]]:
    """Our methods by words: "all" or names with commas between; the yardsticks always come first.

    Args:
        methods: with "all", networks that have no weights for the pair are left out.
        pair: whose weights the networks take.
        headroom: beside a method that `fuse` gives headroom by default for this pair, that, too,
            such as "bands-headroom".

    Returns:
        The methods, ready to fuse, and a note on what was left out.

    Raises:
        MedFusionError: no such method, or one asked for by name has no weights.
    """
    from ..methods.registry import all_methods
    from ..methods.weights import load_method, weights_path

    names: list[str] = []
    left_out: list[str] = []
    if methods == "all":
        for method in all_methods():
            ready = method.kind == "classical" or weights_path(method.name, pair).is_file()
            (names if ready else left_out).append(method.name)
    else:
        names = [word.strip() for word in methods.split(",")]
    chosen = []
    for name in dict.fromkeys([*YARDSTICKS, *names]):
        module = load_method(name, pair)
        chosen.append(Contender(name, module, module.weights_sha256))
        if headroom and module.headroom and modalities_of(pair)[1] in FUNCTIONAL:
            chosen.append(replace(chosen[-1], name=f"{name}-headroom", headroom=True))
    notes = [f"Left out, for there are no weights for {pair}: {', '.join(left_out)}."]
    return chosen, notes if left_out else []


def headroom_notes(contenders: Sequence[Contender], modalities: Sequence[str]) -> list[str]:
    """A note where a method is scored without the headroom that `fuse` gives it by default."""
    with_it = {contender.module for contender in contenders if contender.headroom}
    without = [
        contender.name
        for contender in contenders
        if getattr(contender.module, "headroom", False) and contender.module not in with_it
    ]
    if not without or modalities[1] not in FUNCTIONAL:
        return []
    return [f"{', '.join(without)}: without headroom, as fuse --headroom off gives it."]
