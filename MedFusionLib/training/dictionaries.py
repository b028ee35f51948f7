"""Learning the dictionaries of the methods that represent images sparsely.

`lp-sr`: K-SVD (Aharon, Elad, Bruckstein, IEEE Transactions on Signal Processing 2006), in its
approximate form (Rubinstein, Zibulevsky, Elad 2008). `csr`: online convolutional dictionary
learning (Liu, Garcia-Cardona, Wohlberg, Yin, SIAM Journal on Imaging Sciences 2018): sparse maps
with the filters as they are, then a gradient step on the filters.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import MedFusionError
from ..methods.classical.csr import base_layer, sparse_maps, spectra
from ..methods.classical.lp_sr import PATCH, matching_pursuit
from ..sources.files import sha256
from ..sources.modalities import PAIRS
from .datasets import find_cases

#: what is learned for each method
ATOMS = {"lp-sr": 256, "csr": 32}
PATCHES, PATCH_ROUNDS, PATCH_ATOMS = 20_000, 15, 5
CROP, BATCH, FILTER_ROUNDS, CODE_ITERATIONS, LEARNING_RATE = 64, 4, 300, 40, 0.01
#: stronger than in the fusion: filters shall become whole structures
FILTER_SPARSITY = 0.05


def learn_dictionary(
    method: str,
    data: Path,
    out: Path,
    *,
    seed: int = 0,
    rounds: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Learn a dictionary from the training cases of all pairs, and write it with its card.

    Args:
        method: "lp-sr" or "csr".
        data: folder with registered pairs, see `datasets.find_cases`.
        out: file to write, .safetensors; the card goes beside it, .json.
        seed: of everything that is drawn.
        rounds: instead of the default.
        progress: called with (rounds done, all rounds).

    Returns:
        The card.

    Raises:
        MedFusionError: another method, or no data.
    """
    import json

    from safetensors.torch import save_file

    if method not in ATOMS:
        raise MedFusionError(
            f"{method} has no dictionary to learn; choose one of: {', '.join(ATOMS)}."
        )
    started = time.monotonic()
    slices, summary = _training_slices(data)
    generator = torch.Generator().manual_seed(seed)
    if method == "lp-sr":
        rounds = rounds or PATCH_ROUNDS
        patches = draw_patches(slices, PATCHES, generator)
        atoms, error = learn_patches(patches, ATOMS[method], rounds, generator, progress)
    else:
        rounds = rounds or FILTER_ROUNDS
        atoms, error = learn_filters(slices, ATOMS[method], rounds, generator, progress)
    atoms = atoms.half().contiguous()
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({"atoms": atoms}, str(out))
    words = ["dictionary", method, "--data", str(data), "--out", str(out), "--seed", str(seed)]
    card = {
        "method": method,
        "atoms": list(atoms.shape),
        "data": {"folder": Path(data).name, "split": "train", "pairs": summary},
        "command": shlex.join(["medfusion", *words]),
        "rounds": rounds,
        "seed": seed,
        "relative_error": round(error, 4),
        "seconds": round(time.monotonic() - started),
        "torch": torch.__version__,
        "sha256": sha256(out),
    }
    out.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return card


def _training_slices(data: Path) -> tuple[list[Tensor], dict[str, Any]]:
    """Slices (N, H, W) of each modality of each training case, and their numbers."""
    stacks: list[Tensor] = []
    summary: dict[str, Any] = {}
    for pair in PAIRS:
        try:
            cases = find_cases(data, pair, "train")
        except MedFusionError:
            if not Path(data).is_dir():
                raise
            continue
        parts = [case.slices[:, :2] for case in cases]
        stacks += [part[:, source] for part in parts for source in range(2)]
        summary[pair] = {"cases": [case.name for case in cases], "slices": sum(map(len, parts))}
    if not stacks:
        raise MedFusionError(f"{data} holds no pairs to train on.")
    return stacks, summary


def draw_patches(stacks: list[Tensor], count: int, generator: torch.Generator) -> Tensor:
    """Patches of 8 x 8 less their mean, (count, 64), float64; flat ones are left out."""
    each = -(-count // len(stacks))
    found = []
    for stack in stacks:
        number, height, width = stack.shape
        place = torch.rand(4 * each, 3, generator=generator)
        place = (place * torch.tensor([number, height - PATCH + 1, width - PATCH + 1])).long()
        patches = torch.stack([stack[n, i : i + PATCH, j : j + PATCH] for n, i, j in place])
        patches = patches.flatten(1).double()
        patches = patches - patches.mean(1, keepdim=True)
        found.append(patches[patches.norm(dim=1) > 0.1][:each])
    patches = torch.cat(found)
    return patches[torch.randperm(len(patches), generator=generator)[:count]]


def learn_patches(
    patches: Tensor,
    atoms: int,
    rounds: int,
    generator: torch.Generator,
    progress: Callable[[int, int], None] | None = None,
    *,
    most: int = PATCH_ATOMS,
) -> tuple[Tensor, float]:
    """K-SVD: atoms (atoms, 8, 8), and the relative error of patches made of few of them.

    Args:
        patches: (patches, 64), at least as many as atoms.
        atoms: how many.
        rounds: of sparse coding and updates.
        generator: draws the first atoms.
        progress: called with (rounds done, all rounds).
        most: atoms of a patch.
    """
    first = torch.randperm(len(patches), generator=generator)[:atoms]
    basis = F.normalize(patches[first], dim=1)
    weights = matching_pursuit(basis, patches, 0.0, most)
    for done in range(1, rounds + 1):
        rest = patches - weights @ basis
        for k in range(atoms):
            users = weights[:, k].nonzero()[:, 0]
            if not len(users):  # the patch that is approximated worst takes its place
                worst = rest.norm(dim=1).argmax()
                basis[k] = F.normalize(patches[worst], dim=0)
                rest[worst] = 0
                continue
            share = rest[users] + weights[users, k : k + 1] * basis[k]
            basis[k] = F.normalize(weights[users, k] @ share, dim=0)
            weights[users, k] = share @ basis[k]
            rest[users] = share - weights[users, k : k + 1] * basis[k]
        weights = matching_pursuit(basis, patches, 0.0, most)
        if progress:
            progress(done, rounds)
    error = (patches - weights @ basis).norm() / patches.norm()
    return basis.view(atoms, PATCH, PATCH), error.item()


def learn_filters(
    stacks: list[Tensor],
    atoms: int,
    rounds: int,
    generator: torch.Generator,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Tensor, float]:
    """Filters (atoms, 8, 8) of norm 1, and the relative error of the last detail layers.

    Args:
        stacks: slices (N, H, W).
        atoms: how many.
        rounds: each with a few crops of 64 x 64.
        generator: draws filters and crops.
        progress: called with (rounds done, all rounds).
    """
    filters = torch.randn(atoms, PATCH, PATCH, generator=generator)
    filters = F.normalize(filters.flatten(1), dim=1).view_as(filters).requires_grad_()
    optimiser = torch.optim.Adam([filters], LEARNING_RATE)
    error = 1.0
    for done in range(1, rounds + 1):
        crops = torch.stack([_draw_crop(stacks, generator) for _ in range(BATCH)])[:, None]
        detail = crops - base_layer(crops)
        maps = sparse_maps(
            detail, filters, sparsity=FILTER_SPARSITY, iterations=CODE_ITERATIONS, tolerance=0.0
        )
        size = detail.shape[-2:]
        codes = torch.fft.rfft2(maps)
        optimiser.zero_grad()
        made = torch.fft.irfft2((codes * spectra(filters, size)).sum(1, keepdim=True), s=size)
        ((made - detail).square().sum() / 2).backward()
        optimiser.step()
        with torch.no_grad():
            filters.copy_(F.normalize(filters.flatten(1), dim=1).view_as(filters))
        error = ((made - detail).norm() / detail.norm()).item()
        if progress:
            progress(done, rounds)
    return filters.detach(), error


def _draw_crop(stacks: list[Tensor], generator: torch.Generator) -> Tensor:
    """A crop that shows something, from any stack."""

    def draw(below: int) -> int:
        return int(torch.randint(below, (1,), generator=generator))

    for _ in range(100):
        stack = stacks[draw(len(stacks))]
        number, height, width = stack.shape
        side = min(CROP, height, width)
        i, j = draw(height - side + 1), draw(width - side + 1)
        crop = stack[draw(number), i : i + side, j : j + side]
        if side == CROP and crop.std() > 0.05:
            return crop
    raise MedFusionError(f"The slices show too little; give some of at least {CROP} x {CROP}.")
