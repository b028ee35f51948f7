"""Whether a training would learn from a slice that is tested on.

Slices are told by a fingerprint, not by their bytes: atlas pictures come rounded, rescaled, as
volumes or as PNG. Each slice to learn from is compared with each slice that is tested on, of
either source of all pairs that the network serves: those of the data's own test cases, and the
publications' own pictures, whose fingerprints `tested_slices.json` holds (`tools/
refresh_tested_slices.py` writes it).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import MedFusionError
from ..sources.modalities import modalities_of
from .datasets import Case

TESTED = Path(__file__).with_name("tested_slices.json")
SIDE = 32  # cells along a side of the slice
#: a step between neighbouring cells that counts, as a part of the slice's brightest pixel
STEP = 0.02
#: of the bits that are set, such a part may differ: in the atlas rounding and a resampling change
#: at most 4 %, and slices that are not the same differ in more than 30 %
SAME = 0.08
#: slices of fewer set bits show too little to be told apart
FEWEST = 200


@dataclass(frozen=True, eq=False)
class Tested:
    """Slices that are tested on: their names, the pair each belongs to, and their fingerprints.

    Attributes:
        names: such as "funfusean/05-mr".
        pairs: such as "pet-mr".
        prints: bool (slices, 3968).
    """

    names: tuple[str, ...]
    pairs: tuple[str, ...]
    prints: Tensor

    def of(self, pairs: Iterable[str]) -> Tested:
        """Those of some pairs."""
        there = [n for n, pair in enumerate(self.pairs) if pair in set(pairs)]
        return Tested(
            tuple(self.names[n] for n in there),
            tuple(self.pairs[n] for n in there),
            self.prints[there],
        )

    def __add__(self, more: Tested) -> Tested:
        return Tested(
            self.names + more.names, self.pairs + more.pairs, torch.cat([self.prints, more.prints])
        )


@dataclass(frozen=True)
class Leak:
    """A slice to learn from that is tested on.

    Attributes:
        case: the training case, such as "spect-mr/22".
        modality: of the slice.
        number: of the slice among those of the case that hold anything, from 0.
        tested: what it is in the tests.
        differs: the part of the set bits in which the two differ.
    """

    case: str
    modality: str
    number: int
    tested: str
    differs: float

    def __str__(self) -> str:
        return f"{self.case} {self.modality} slice {self.number} is {self.tested}"


def fingerprint(images: Tensor) -> Tensor:
    """Where brightness rises and falls from cell to cell of a 32 x 32 grid.

    Rounding, and a common gain, change few bits; neighbouring slices of a head differ in many.

    Args:
        images: (N, H, W), at least 0.

    Returns:
        bool (N, 3968).

    Example:
        >>> image = torch.rand(1, 64, 64)
        >>> torch.equal(fingerprint(image), fingerprint(0.5 * image))
        True
    """
    cells = F.interpolate(images[:, None].float(), (SIDE, SIDE), mode="area")[:, 0]
    cells = cells / images.amax((1, 2), keepdim=True).clamp(min=1e-6)
    steps = [cells[:, :, 1:] - cells[:, :, :-1], cells[:, 1:] - cells[:, :-1]]
    flat = torch.cat([step.flatten(1) for step in steps], 1)
    return torch.cat([flat > STEP, flat < -STEP], 1)


def slices_tested(cases: Sequence[Case]) -> Tested:
    """The slices of test cases."""
    names, pairs, prints = [], [], [torch.zeros(0, 4 * SIDE * (SIDE - 1), dtype=torch.bool)]
    for case in cases:
        for m, modality in enumerate(modalities_of(case.pair)):
            found = fingerprint(case.slices[:, m])
            prints.append(found)
            names += [f"{case.pair}/{case.name} {modality} slice {n}" for n in range(len(found))]
            pairs += [case.pair] * len(found)
    return Tested(tuple(names), tuple(pairs), torch.cat(prints))


def published() -> Tested:
    """The publications' own pictures, by their stored fingerprints."""
    stored = json.loads(TESTED.read_text(encoding="utf-8"))
    bits = [
        np.unpackbits(np.frombuffer(base64.b64decode(row["fingerprint"]), np.uint8))
        for row in stored.values()
    ]
    prints = torch.from_numpy(np.stack(bits)).bool()
    return Tested(tuple(stored), tuple(row["pair"] for row in stored.values()), prints)


def write_tested(tested: Tested, path: Path = TESTED) -> None:
    """Store fingerprints as `published` reads them."""
    rows = {
        name: {
            "pair": pair,
            "fingerprint": base64.b64encode(np.packbits(bits.numpy()).tobytes()).decode(),
        }
        for name, pair, bits in zip(tested.names, tested.pairs, tested.prints, strict=True)
    }
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def find_leaks(
    training: Sequence[Case], tested: Tested, most: float = SAME, fewest: int = FEWEST
) -> list[Leak]:
    """Slices to learn from that are tested on.

    Args:
        training: the cases to learn from.
        tested: what is tested on.
        most: part of the set bits in which two fingerprints of the same slice may differ.
        fewest: bits that are set in a slice that is compared.

    Returns:
        Each with the test slice that is nearest to it.
    """
    found = []
    theirs = tested.prints.float()
    for case in training if len(theirs) else ():
        for m, modality in enumerate(modalities_of(case.pair)):
            own = fingerprint(case.slices[:, m]).float()
            bits = own @ (1 - theirs).T + (1 - own) @ theirs.T
            differs = bits / torch.maximum(own.sum(1)[:, None], theirs.sum(1)).clamp(min=1)
            least, which = differs.min(1)
            for n in torch.nonzero((least <= most) & (own.sum(1) >= fewest)).flatten().tolist():
                name = tested.names[int(which[n])]
                found.append(Leak(f"{case.pair}/{case.name}", modality, n, name, float(least[n])))
    return found


def leaks_of(cases: Sequence[Case], pairs: Sequence[str], most: float = SAME) -> list[Leak]:
    """What leaks if a network for some pairs learns from the training cases.

    Args:
        cases: of those pairs, training and test cases.
        pairs: that the network serves.
        most: see `find_leaks`.
    """
    tested = slices_tested([case for case in cases if case.split == "test"]) + published().of(pairs)
    return find_leaks([case for case in cases if case.split == "train"], tested, most)


def refuse_leaks(leaks: Sequence[Leak]) -> None:
    """Refuse a training from which something leaks.

    Raises:
        MedFusionError: there is a leak; the message names the cases.
    """
    if not leaks:
        return
    cases = list(dict.fromkeys(leak.case for leak in leaks))
    said = "; ".join(map(str, leaks[:6]))
    more = f"; and {len(leaks) - 6} more" if len(leaks) > 6 else ""
    raise MedFusionError(
        f"The training cases hold slices that are tested on: {said}{more}. Leave these cases out "
        f"with --without {','.join(cases)}, or say --despite-leaks: the card then names them."
    )
