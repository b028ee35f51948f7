"""Which of our methods are scored."""

from __future__ import annotations

from .scores import Contender

YARDSTICKS = ("average", "maximum")


def choose_contenders(methods: str, pair: str) -> tuple[list[Contender], list[str]]:
    """Our methods by words: "all" or names with commas between; the yardsticks always come first.

    Args:
        methods: with "all", networks that have no weights for the pair are left out.
        pair: whose weights the networks take.

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
    notes = [f"Left out, for there are no weights for {pair}: {', '.join(left_out)}."]
    return chosen, notes if left_out else []
