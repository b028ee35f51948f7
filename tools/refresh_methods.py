"""Write docs/evidence/methods.md: every method of the registry, and what its weights' cards say.

python tools/refresh_methods.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skimage import io

from MedFusionLib import metrics
from MedFusionLib.methods.base import FusionMethod
from MedFusionLib.methods.registry import all_methods
from MedFusionLib.methods.weights import load_method, read_card, weights_path
from MedFusionLib.sources.modalities import PAIRS

PAGE = Path(__file__).parents[1] / "docs" / "evidence" / "methods.md"
HEAD = """# Methods

Written by `python tools/refresh_methods.py` from the registry and the weights' cards. What a method
does, its equations and parameters stand at the head of its file in `MedFusionLib/methods/networks`
or `MedFusionLib/methods/classical`.

The publications whose tables and texts these methods come from: **FunFuseAn** (Kumar et al. 2019),
**FW-Net** (Fan et al. 2019), **thesis** (Badal Regàs 2018), **CSpA-DN** (Li et al. 2020), and the
**survey** of them and others (2021; it has no numbers). In brackets: named in the text, not in the
tables.

"NSCT-RPCNN" are two papers under one name; both are here. What the publications and the survey
name and is not here (DSCNN, MCFNet, DenseFuse, U2Fusion, FusionDN, hybrids, two GANs), and why, is
listed by family in [families](../understand/families.md).
"""
TRAINED = """## Trained networks

Steps, and pixels of crops seen in training as a part of what the publication's training saw, where
that is known: these networks saw far less. (FW-Net's part is of the program of the paper's first
version: 91 slices of 256 x 256, 30 epochs. What the later version saw is not known.) Scores are
from the cards beside the weights
(`Resources/Weights/*.json`): test cases, mean SSIM to both sources and Q^AB/F, the network's and
the plain average's. Of PET the test case, 41, is another orientation of the subject
that was trained on; other persons stand in publications.md. Some are trained for the pairs of their
publication only. The recipes of IFCNN and TFNet were changed after a first training was looked at
on test slices, and FW-Net's was tried for CT on the publication's own images;
[bands](bands.md) says how many runs were compared on its tables.

A card carries the recipe with its hash, and the losses of the first five steps, which
`Testing/training/test_cards.py` runs once more. The curves of four trainings stand in
[figures](figures.md#how-our-trainings-went); earlier ones were not kept.
No network learnt from a slice that is tested on: `medfusion leaks` finds such slices, and a
training refuses cases that hold one.

`funfusean-pet-mr` was trained before `range`, turned and black crops came into the recipe file: the
command on its card trains it by the recipe there. It was trained by today's file, too (seed 0):
that network kept .20 of a unit of PET on the digital heads instead of .43, and had an SCD of 1.177
on other persons instead of 1.526, so the former weights stayed. They were preferred on tables of
[evaluation](evaluation.md), which therefore favour them.

All networks but `bands` leave a veil where the sources are black: `fuse` multiplies their image by
min(1, brightest source / 0.05), unless `--bounds off` is given. The scores here, on the cards
and in publications.md are without it, those of evaluation.md with it.

FunFuseAn, CSpA-DN and Badal Regàs' network come out dim: their fused images are multiplied by a
constant, the largest with which on the validation slices SSIM falls by at most 0.001 and Q^AB/F not
at all. A training chooses it (`gain` on its card); three were raised after theirs
(`python -m MedFusionLib.training.brighten WEIGHTS DATA`; `raised` on their cards).
"""
AUTHORS = """## LP-CNN beside the authors' results

The fused images that the authors' program made with the authors' weights, and ours made of the same
sources: correlation, SSIM of the two, and Piella's Q_S of both. GFF is held to its authors' results
within 2 grey levels by `Testing/methods/test_classical.py`.
"""
#: title -> both sources, the authors' result
STORED = {
    "thesis, T1 and CT": [f"data/seeds/thesis/t1-ct-{x}.png" for x in ("mr", "ct", "fused-lp-cnn")],
    "thesis, T2 and CT": [f"data/seeds/thesis/t2-ct-{x}.png" for x in ("mr", "ct", "fused-lp-cnn")],
    "MR and PET": [
        f"reference/{x}.png" for x in ("metrics/p1_A", "metrics/p1_B", "methods/p1_lp-cnn")
    ],
}
BEGIN, END = "<!-- begin: authors -->", "<!-- end: authors -->"
UNTRAINED = """Not trained yet: {names}. The networks and their recipes are there; `medfusion train
NAME --pair pet-mr --data DATA --out FILE` trains one."""
#: method -> publications that compare with it; in brackets: that name it
COMPARED = {
    "badal-regas": "thesis (its own)",
    "cspa-dn": "CSpA-DN (its own)",
    "funfusean": "FunFuseAn (its own)",
    "fw-net": "FW-Net (its own)",
    "average": "thesis",
    "gff": "FunFuseAn, FW-Net, thesis",
    "lp-cnn": "FunFuseAn, FW-Net, thesis",
    "nsst-papcnn": "FunFuseAn, FW-Net",
    "nsct-pcdc": "FunFuseAn, FW-Net",
    "nsct-rpcnn-2012": "FunFuseAn",
    "nsct-rpcnn-2013": "FW-Net",
    "lp-sr": "FunFuseAn",
    "gtf": "CSpA-DN",
    "msvd": "CSpA-DN",
    "ifcnn": "CSpA-DN, (survey)",
    "tfnet": "CSpA-DN",
    "laplacian-pyramid": "(CSpA-DN)",
    "dwt": "(CSpA-DN)",
    "dtcwt": "(CSpA-DN)",
    "csr": "(thesis), (survey)",
    "deepfuse": "FW-Net (its loss, with FW-Net's network), (CSpA-DN)",
    "pmgi": "(survey)",
    "mgmdcgan": "(survey)",
    "maximum": "none: our yardstick",
    "max-min": "none: our yardstick",
    "bands": "none: our own, see bands.md",
}


def page(authors: str = "") -> str:
    """The whole page, with what was measured against the authors' results."""
    lines = ["| name | kind | paper | compared with by | chosen here |", "|---|---|---|---|---|"]
    for method in sorted(all_methods(), key=lambda method: method.name):
        by = COMPARED.get(method.name, "none")
        cells = (f"`{method.name}`", method.kind, method.citation, by, method.choices or "–")
        lines.append(f"| {' | '.join(cells)} |")
    heads = "weights | steps | pixels seen | SSIM | average's | Q^AB/F | average's"
    trained = [f"| {heads} |", "|---|---|---|---|---|---|---|"]
    trained += [row(path.stem, read_card(path)) for path in weights() if path.is_file()]
    if names := [method.name for method in all_methods("network") if not has_weights(method)]:
        trained += ["", UNTRAINED.format(names=", ".join(f"`{name}`" for name in names))]
    beside = [AUTHORS, BEGIN, authors.strip(), END]
    return "\n".join([HEAD, *lines, "", TRAINED, *trained, "", *beside, ""])


def beside_the_authors(shared: Path) -> str:
    """Our LP-CNN and the authors', as a table."""
    method = load_method("lp-cnn", "ct-mr")
    lines = ["| pair | correlation | SSIM | Q_S, ours | Q_S, authors' |", "|---|---|---|---|---|"]
    for title, names in STORED.items():
        images = [io.imread(shared / name) / 255 for name in names]
        first, second, wanted = (torch.from_numpy(x).float()[None, None] for x in images)
        with torch.inference_mode():
            fused = torch.round(255 * method(first, second)) / 255
        alike = np.corrcoef(fused.flatten(), wanted.flatten())[0, 1]
        ssim = metrics.ssim(fused, wanted, wanted, source="first")
        scores = [metrics.q_s(image, first, second) for image in (fused, wanted)]
        cells = [title, f"{alike:.4f}", *(f"{float(x):.3f}" for x in (ssim, *scores))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def files(method: type[FusionMethod]) -> list[Path]:
    """The weights files of a network, were it trained for every pair."""
    return [weights_path(method.name, pair) for pair in PAIRS]


def has_weights(method: type[FusionMethod]) -> bool:
    """Whether a network is trained for any pair."""
    return any(path.is_file() for path in files(method))


def weights() -> list[Path]:
    """The weights files there would be if every network were trained for every pair."""
    return sorted({path for method in all_methods("network") for path in files(method)})


def row(name: str, card: dict[str, Any]) -> str:
    """The row of a weights file."""
    pixels = card.get("pixels") or {}
    part = pixels.get("part")
    seen = f"{100 * part:.2g} %" if part else "not known"
    found, average = (card["held_out"][who] for who in ("network", "average"))
    scores = [f"{who[key]:.3f}" for key in ("ssim", "q_abf") for who in (found, average)]
    cells = [f"`{name}`", str(card["steps"]), seen, *scores]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measured = beside_the_authors(Path(sys.argv[1]))
    else:
        measured = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    PAGE.write_text(page(measured), encoding="utf-8")
