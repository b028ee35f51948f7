"""Registered pairs for training and evaluation, split by case."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from ..errors import MedFusionError
from ..sources.files import read_volume
from ..sources.modalities import modalities_of
from ..sources.prepare import Sources, filled_slices, prepare
from ..sources.volumes import slice_order, stored_axis, to_slices

ENDINGS = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd")


@dataclass(frozen=True)
class Case:
    """One subject's two registered volumes.

    Attributes:
        name: of the case.
        split: "train" or "test".
        pair: "ct-mr", "pet-mr" or "spect-mr".
        first: file of the MR.
        second: file of the CT, PET or SPECT.
    """

    name: str
    split: str
    pair: str
    first: Path
    second: Path

    @cached_property
    def sources(self) -> Sources:
        """Both volumes on the MR's grid, in [0, 1]; read when first asked for."""
        volumes = [read_volume(self.first), read_volume(self.second)]
        return prepare(volumes, modalities_of(self.pair))

    @cached_property
    def slices(self) -> torch.Tensor:
        """(N, 3, H, W): first, second, and 1 where both are background, 0 elsewhere.

        The slices are the volume's own, turned to display orientation; those in which less than
        2 % is not background are left out.
        """
        sources = self.sources
        layout = slice_order(sources.reference, stored_axis(sources.reference))
        background = to_slices(sources.background, *layout)
        filled = filled_slices(background)
        stack = (*sources.slices(*layout, filled), background[filled].astype(np.float32))
        return torch.from_numpy(np.stack(stack, 1))


def find_cases(data: str | Path, pair: str, split: str | None = None) -> list[Case]:
    """The cases of a pair in a data folder.

    Either the folder has a `manifest.csv` with the columns path, pair, split, case and modality;
    or the pairs lie in `DATA/PAIR/train` and `DATA/PAIR/test`; or all in one folder, from which
    every fifth case, at least one, is kept for testing. Files are named `CASE-mr.nrrd` and
    `CASE-ct.nrrd` (or -pet, -spect; NIfTI and MHA do as well).

    Args:
        data: the folder.
        pair: "ct-mr", "pet-mr" or "spect-mr".
        split: "train" or "test", or None for both.

    Returns:
        The cases, sorted by name.

    Raises:
        MedFusionError: no folder, or no pair in it.
    """
    data = Path(data)
    modalities = modalities_of(pair)
    if not data.is_dir():
        raise MedFusionError(f"There is no folder {data}; give the one that holds the pairs.")
    manifest = data / "manifest.csv"
    if manifest.is_file():
        cases = _from_manifest(manifest, pair, modalities[1])
    else:
        cases = _from_folders(data, pair, modalities[1])
    cases = [case for case in cases if split in (None, case.split)]
    if not cases:
        what = f"no {split} pairs" if split else "no pairs"
        raise MedFusionError(
            f"{data} holds {what} for {pair}; name the files CASE-mr.nrrd and "
            f"CASE-{modalities[1]}.nrrd, or list them in a manifest.csv with the columns "
            "path, pair, split, case, modality."
        )
    return sorted(cases, key=lambda case: case.name)


def _from_manifest(manifest: Path, pair: str, second: str) -> list[Case]:
    with manifest.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    missing = {"path", "pair", "split", "case", "modality"} - set(rows[0] if rows else ())
    if missing:
        raise MedFusionError(f"{manifest} lacks the column(s) {', '.join(sorted(missing))}.")
    files: dict[tuple[str, str], dict[str, Path]] = {}
    for row in rows:
        if row["pair"] == pair:
            files.setdefault((row["case"], row["split"]), {})[row["modality"]] = (
                manifest.parent / row["path"]
            )
    return [
        Case(case, split, pair, found["mr"], found[second])
        for (case, split), found in files.items()
        if {"mr", second} <= set(found)
    ]


def _from_folders(data: Path, pair: str, second: str) -> list[Case]:
    for root in (data / pair, data):
        split = [
            case
            for name in ("train", "test")
            for case in _in_folder(root / name, name, pair, second)
        ]
        if split:
            return split
        together = _in_folder(root, "train", pair, second)
        if together:
            tested = {case.name for case in together[4::5] or together[1:][-1:]}
            return [
                Case(c.name, "test" if c.name in tested else "train", pair, c.first, c.second)
                for c in together
            ]
    return []


def _in_folder(folder: Path, split: str, pair: str, second: str) -> list[Case]:
    cases = []
    for first in sorted(folder.glob("*-mr.*")):
        name, ending = first.name.split("-mr.", 1)
        partner = [folder / f"{name}-{second}{e}" for e in (f".{ending}", *ENDINGS)]
        found = next((path for path in partner if path.is_file()), None)
        if f".{ending}" in ENDINGS and found:
            cases.append(Case(name, split, pair, first, found))
    return cases


def split_validation(cases: list[Case]) -> tuple[torch.Tensor, torch.Tensor]:
    """Slices to train on, and the middle tenth of each case's, to choose the checkpoint by.

    Returns:
        Two tensors like `Case.slices`; slices of different sizes are padded with background.

    Raises:
        MedFusionError: no slice is left to train on.
    """
    train, validation = [], []
    for case in cases:
        slices = case.slices
        count = len(slices)
        keep = max(1, count // 10)
        start = (count - keep) // 2
        validation.append(slices[start : start + keep])
        train.append(torch.cat([slices[:start], slices[start + keep :]]))
    if not any(len(part) for part in train):
        raise MedFusionError(
            "The training cases hold one slice each; give volumes of at least two slices."
        )
    return _stack(train), _stack(validation)


def _stack(parts: list[torch.Tensor]) -> torch.Tensor:
    height = max(part.shape[2] for part in parts)
    width = max(part.shape[3] for part in parts)
    whole = []
    for part in parts:
        pad = (0, width - part.shape[3], 0, height - part.shape[2])
        padded = torch.nn.functional.pad(part, pad)
        padded[:, 2, part.shape[2] :] = 1
        padded[:, 2, :, part.shape[3] :] = 1
        whole.append(padded)
    return torch.cat(whole)


class Crops(Dataset):
    """Random crops with random left-right flips; crop n of an epoch is always the same one.

    Args:
        slices: (N, 3, H, W), from `split_validation`.
        size: side of the square crop in pixels (clipped to the slices' size).
        count: crops in an epoch.
        seed: of the run.
        epoch: number of the epoch.
        turns: whether square crops are also turned by a random multiple of 90 degrees.
        black: part of the crops that are black in both sources.
    """

    def __init__(
        self,
        slices: torch.Tensor,
        size: int,
        count: int,
        seed: int,
        epoch: int = 0,
        turns: bool = False,
        black: float = 0.0,
    ) -> None:
        self.slices = slices
        self.size = (min(size, slices.shape[2]), min(size, slices.shape[3]))
        self.count, self.seed, self.epoch = count, seed, epoch
        self.turns, self.black = turns and self.size[0] == self.size[1], black

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        random = np.random.default_rng((self.seed, self.epoch, index))
        for _ in range(10):
            one = self.slices[int(random.integers(len(self.slices)))]
            top = int(random.integers(one.shape[1] - self.size[0] + 1))
            left = int(random.integers(one.shape[2] - self.size[1] + 1))
            crop = one[:, top : top + self.size[0], left : left + self.size[1]]
            if crop[2].mean() < 0.8:  # at least a fifth of it shows something
                break
        if random.random() < 0.5:
            crop = crop.flip(-1)
        if self.turns:
            crop = crop.rot90(int(random.integers(4)), (-2, -1))
        if self.black and random.random() < self.black:
            crop = torch.zeros_like(crop)
        return crop[0:1].clone(), crop[1:2].clone()
