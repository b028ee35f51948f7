"""Why the published colour can say the reverse: the table in docs/evidence/evaluation.md.

    python tools/why_gradients.py
    python tools/why_gradients.py write

Area under the ROC curve of the PET's gradient inside a lesion that only the PET shows, against
the tissue around it, on one slice of a digital head: as published, without the network's last
nonlinearity, times the input, and of the untrained network. 0.5 is chance.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import evidence
import numpy as np
import torch
from evidence import EVALUATION, Table, keep
from torch import Tensor

from MedFusionLib.evaluation.planted import AROUND, SHELL, area_under_roc, planted_slices, shell_of
from MedFusionLib.methods.registry import get_method
from MedFusionLib.methods.weights import load_method
from MedFusionLib.phantom.head import make_phantom

#: network -> what undoes its last nonlinearity
UNDONE: dict[str, Callable[[Tensor], Tensor]] = {
    "funfusean": lambda fused: torch.atanh(fused.clamp(-0.9999, 0.9999)),
    "badal-regas": lambda fused: torch.atanh(fused.clamp(-0.9999, 0.9999)),
    "cspa-dn": lambda fused: torch.atanh(fused.clamp(-0.9999, 0.9999)),
    "fw-net": lambda fused: torch.logit(fused.clamp(1e-4, 1 - 1e-4)),
}
COLUMNS = ("gradient", "without the last tanh or sigmoid", "gradient times input", "untrained")


def main() -> None:
    """Measure, or draw the page."""
    if sys.argv[1:] == ["write"]:
        return evidence.main("evaluation")
    look = planted_slices(make_phantom((64, 192, 192), 0), "pet-mr", other_slices=0)
    name = next(name for name, number in look.shows.items() if number == 1)
    at = int(look.truth[name].sum(axis=(1, 2)).argmax())
    inside, around = look.truth[name][at], shell_of(look, name, SHELL[0], AROUND)[at]
    pair = [torch.from_numpy(np.ascontiguousarray(x[at]))[None, None].float() for x in look.inputs]

    def credit(slope: np.ndarray) -> float:
        return float(area_under_roc(slope[inside], slope[around]))

    rows = {}
    for method in (*UNDONE, "average", "maximum"):
        module = load_method(method, "pet-mr")
        slope = slope_of(module, pair)
        row = dict.fromkeys(COLUMNS)
        row["gradient"] = credit(slope)
        if method in UNDONE:
            undo = UNDONE[method]
            torch.manual_seed(0)
            untrained = get_method(method)().eval()
            row["without the last tanh or sigmoid"] = credit(
                slope_of(lambda *x, m=module, u=undo: u(m(*x) / getattr(m, "gain", 1)), pair)
            )
            row["gradient times input"] = credit(slope * pair[1][0, 0].numpy())
            row["untrained"] = credit(slope_of(untrained, pair))
        rows[method] = row
        print(method, row, flush=True)
    keep(EVALUATION, "gradients", {"gradients": Table(rows, digits=3)})


def slope_of(method: Callable[..., Tensor], pair: list[Tensor]) -> np.ndarray:
    """The gradient of the summed fused slice by the PET (Kumar et al. 2019, eq. 5)."""
    first, second = pair[0], pair[1].clone().requires_grad_()
    return torch.autograd.grad(method(first, second).sum(), second)[0][0, 0].numpy()


if __name__ == "__main__":
    main()
