"""Raise weights that were trained without a factor for their brightness, see `brightness`.

    python -m MedFusionLib.training.brighten WEIGHTS DATA

chooses the factor, and writes the weights anew with their card.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from ..errors import MedFusionError
from ..methods.registry import get_method
from ..methods.weights import check_weights, load_method, round_weights, save_weights
from .brightness import choose_gain, raise_by
from .datasets import find_cases, split_validation
from .scoring import evenly_spaced_slices, mean_scores


def brighten(weights: str | Path, data: str | Path) -> dict[str, Any]:
    """Choose the factor of trained weights, and write them anew.

    Args:
        weights: with their card; replaced.
        data: a folder of pairs, see `datasets.find_cases`; that of their training.

    Returns:
        The card: with the factor in the recipe's `module`, how it was chosen in `raised`, and the
        scores measured anew.

    Raises:
        MedFusionError: no such weights or data, or they have a factor.
    """
    weights = Path(weights)
    card = check_weights(weights)
    network, pair = card["network"], card["pair"]
    form = card["recipe"].get("module", {})
    if "gain" in form:
        raise MedFusionError(f"{weights} are raised already, by {form['gain']}.")
    module = load_method(network, pair, weights)
    digest = module.weights_sha256
    cases = find_cases(data, pair)
    validation = [split_validation([case for case in cases if case.split == "train"])[1]]
    scored = card["recipe"].get("scored")
    test = [evenly_spaced_slices(case.slices, scored) for case in cases if case.split == "test"]
    round_weights(module)
    before = mean_scores(module, validation)
    gain = choose_gain(module, validation)
    raise_by(module, gain)
    card["recipe"]["module"] = {**form, "gain": gain}
    command = ["python", "-m", "MedFusionLib.training.brighten", str(weights), str(data)]
    card["raised"] = {
        "by": gain,
        "command": shlex.join(command),
        "sha256_before": digest,
        "validation_before": before,
    }
    average = get_method("average")()
    for part, slices in (("validation", validation), ("held_out", test)):
        card[part] = {
            "network": mean_scores(module, slices),
            "average": mean_scores(average, slices),
        }
    save_weights(module, weights, card)
    return card


if __name__ == "__main__":
    print(json.dumps(brighten(*sys.argv[1:])["raised"], indent=2))
