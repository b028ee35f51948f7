"""Registered pairs for training and evaluation, split by case."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from ..errors import MedFusionError
from ..sources.files import read_volume
from ..sources.formats import endings
from ..sources.modalities import modalities_of
from ..sources.pictures import PICTURES, read_picture_volume
from ..sources.prepare import Sources, as_stored, filled_slices, prepare
from ..sources.volumes import slice_order, stored_axis, to_slices


@dataclass(frozen=True)
class Case:
    """One subject's two registered volumes, or two registered pictures of one slice.

    Attributes:
        name: of the case.
        split: "train" or "test".
        pair: "ct-mr", "pet-mr" or "spect-mr".
        first: file of the MR.
        second: file of the CT, PET or SPECT.
        stored: whether grey levels are taken as they are stored, see `as_stored`.
    """

    name: str
    split: str
    pair: str
    first: Path
    second: Path
    stored: bool = False

    @cached_property
    def sources(self) -> Sources:
        """Both volumes on the MR's grid, in [0, 1]; read when first asked for."""
        read = read_picture_volume if self.is_picture else read_volume
        volumes = [read(self.first), read(self.second)]
        if self.is_picture and volumes[0].shape != volumes[1].shape:
            sizes = [f"{v.shape[1]} x {v.shape[2]}" for v in volumes]
            raise MedFusionError(
                f"{self.first} has {sizes[0]} pixels and {self.second} {sizes[1]}; expected two "
                "registered pictures of one size."
            )
        return (as_stored if self.stored else prepare)(volumes, modalities_of(self.pair))

    @property
    def is_picture(self) -> bool:
        """Whether it is a pair of pictures, not of volumes."""
        return self.first.suffix.lower() in PICTURES

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


def find_cases(
    data: str | Path, pair: str, split: str | None = None, stored: bool = False
) -> list[Case]:
    """The cases of a pair in a data folder.

    Either the folder has a `manifest.csv` with the columns path, pair, split, case and modality;
    or the pairs lie in `DATA/PAIR/train` and `DATA/PAIR/test`; or all in one folder, from which
    every fifth case, at least one, is kept for testing. Files are named `CASE-mr.nrrd` and
    `CASE-ct.nrrd` (or -pet, -spect; NIfTI and MHA do as well).

    Grey pictures (PNG, TIFF, JPEG) serve for testing: named `NAME-mr.png` and `NAME-ct.png`, or
    with equal names in two folders `mr` and `ct`. Each pair is a case of one slice.

    Args:
        data: the folder.
        pair: "ct-mr", "pet-mr" or "spect-mr".
        split: "train" or "test", or None for both.
        stored: whether grey levels are taken as they are stored.

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
    everything = [replace(case, stored=stored) for case in cases]
    cases = [case for case in everything if split in (None, case.split)]
    if not cases and everything:
        raise MedFusionError(
            f"{data} holds no {split} pairs for {pair}, but {len(everything)} of the split "
            f"'{everything[0].split}'; take them with --split all or --split {everything[0].split}."
        )
    if not cases:
        raise MedFusionError(
            f"{data} holds no pairs for {pair}; expected files CASE-mr.nrrd and "
            f"CASE-{modalities[1]}.nrrd, pictures NAME-mr.png and NAME-{modalities[1]}.png, two "
            f"folders mr and {modalities[1]} of pictures with equal names, or a manifest.csv with "
            f"the columns path, pair, split, case, modality; found {_what_is_in(data)}."
        )
    return sorted(cases, key=lambda case: case.name)


def _what_is_in(folder: Path) -> str:
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (", ".join(names[:5]) + more) or "nothing"


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
        if together and all(case.is_picture for case in together):
            return [replace(case, split="test") for case in together]
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
        alike = next((e for e in (endings(), PICTURES) if f".{ending}".lower() in e), ())
        partner = [folder / f"{name}-{second}{e}" for e in (f".{ending}", *alike)]
        found = next((path for path in partner if path.is_file()), None)
        if alike and found:
            cases.append(Case(name, split, pair, first, found))
    return cases or _in_two_folders(folder, split, pair, second)


def _in_two_folders(folder: Path, split: str, pair: str, second: str) -> list[Case]:
    """Pictures with equal names in a folder of each modality."""
    inside = {p.name.lower(): p for p in folder.iterdir() if p.is_dir()} if folder.is_dir() else {}
    mr, other = inside.get("mr") or inside.get("mri"), inside.get(second)
    if not mr or not other:
        return []
    firsts, seconds = (
        {p.stem: p for p in sorted(one.iterdir()) if p.suffix.lower() in PICTURES}
        for one in (mr, other)
    )
    lone = sorted(set(firsts) ^ set(seconds))
    if lone and (firsts or seconds):
        raise MedFusionError(
            f"{mr} and {other} should hold pictures with equal names; without a partner: "
            f"{', '.join(lone[:5])}" + (" ..." if len(lone) > 5 else ".")
        )
    return [Case(name, split, pair, firsts[name], seconds[name]) for name in firsts]


def leave_out(cases: list[Case], without: str) -> list[Case]:
    """The cases without some of the training cases.

    Args:
        cases: of any pairs.
        without: names such as "spect-mr/03,spect-mr/22"; zeros before a number do not count.

    Raises:
        MedFusionError: no training case of that name.
    """

    def plain(name: str) -> str:
        return "/".join(part.lstrip("0") or "0" for part in name.strip().split("/"))

    names = {plain(name) for name in without.split(",") if name.strip()}
    known = {plain(f"{case.pair}/{case.name}"): case for case in cases if case.split == "train"}
    if unknown := sorted(names - set(known)):
        raise MedFusionError(
            f"There is no training case {', '.join(unknown)} to leave out; there are: "
            f"{', '.join(known)}."
        )
    gone = [known[name] for name in names]
    return [case for case in cases if case not in gone]


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


@dataclass(frozen=True)
class Augmentation:
    """How crops are varied, each source by itself, so that one person stands for several.

    Attributes:
        gamma: exponent of the brightness, from exp(-gamma) to exp(gamma).
        gains: modality -> lowest and highest factor of the brightness; what exceeds 1 is cut.
        palettes: modality -> how far a random monotone curve of the brightness, as another
            palette makes it, may lie off the straight line.
        spreads: modality -> largest standard deviation, in pixels, of a Gaussian that stands for
            another scanner's point spread.
    """

    gamma: float = 0.0
    gains: dict[str, tuple[float, float]] = field(default_factory=dict)
    palettes: dict[str, float] = field(default_factory=dict)
    spreads: dict[str, float] = field(default_factory=dict)

    def apply(
        self, crop: torch.Tensor, modalities: tuple[str, ...], random: np.random.Generator
    ) -> torch.Tensor:
        """A varied copy of a crop (2, rows, columns)."""
        varied = []
        for image, modality in zip(crop, modalities, strict=True):
            power = float(np.exp(random.uniform(-self.gamma, self.gamma)))
            gain = float(random.uniform(*self.gains.get(modality, (1, 1))))
            if most := self.spreads.get(modality):
                image = _spread(image, float(random.uniform(0, most)))
            if most := self.palettes.get(modality):
                image = _bent(image, random.uniform(-most, most, 3))
            varied.append((gain * image**power).clamp(0, 1))
        return torch.stack(varied)


def _spread(image: torch.Tensor, sigma: float) -> torch.Tensor:
    """An image blurred; 0 where it was, so that the background stays one."""
    from scipy.ndimage import gaussian_filter

    blurred = torch.from_numpy(gaussian_filter(image.numpy(), sigma, mode="nearest"))
    return torch.where(image > 0, blurred, image)


def _bent(image: torch.Tensor, offsets: np.ndarray) -> torch.Tensor:
    """Brightness along a monotone curve through 0 and 1 whose quarters are moved by offsets."""
    places = np.linspace(0, 1, len(offsets) + 2)
    values = np.maximum.accumulate(places + np.concatenate([[0], offsets, [0]]).clip(-0.24, 0.24))
    bent = np.interp(image.numpy(), places, values.clip(0, 1))
    return torch.from_numpy(bent.astype(np.float32))


@dataclass(eq=False, repr=False)
class Crops(Dataset):
    """Random crops with random left-right flips; crop n of an epoch is always the same one.

    A batch holds crops of one pair; the pairs take turns.

    Args:
        slices: pair -> (N, 3, H, W), from `split_validation`.
        size: side of the square crop in pixels (clipped to the slices' size).
        count: crops in an epoch.
        seed: of the run.
        epoch: number of the epoch.
        turns: whether square crops are also turned by a random multiple of 90 degrees.
        black: part of the crops that are black in both sources.
        batch: crops of a pair in a row.
        augmentation: further variation.
    """

    slices: dict[str, torch.Tensor]
    size: int
    count: int
    seed: int
    epoch: int = 0
    turns: bool = False
    black: float = 0.0
    batch: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor, str]:
        if not 0 <= index < self.count:
            raise IndexError(index)  # where a loop over the crops ends
        random = np.random.default_rng((self.seed, self.epoch, index))
        pair = list(self.slices)[index // self.batch % len(self.slices)]
        slices = self.slices[pair]
        height, width = (min(self.size, side) for side in slices.shape[2:])
        for _ in range(10):
            one = slices[int(random.integers(len(slices)))]
            top = int(random.integers(one.shape[1] - height + 1))
            left = int(random.integers(one.shape[2] - width + 1))
            crop = one[:, top : top + height, left : left + width]
            if crop[2].mean() < 0.8:  # at least a fifth of it shows something
                break
        if random.random() < 0.5:
            crop = crop.flip(-1)
        if self.turns and height == width:
            crop = crop.rot90(int(random.integers(4)), (-2, -1))
        crop = crop[:2].clone()
        if self.augmentation != Augmentation():
            crop = self.augmentation.apply(crop, modalities_of(pair), random)
        if self.black and random.random() < self.black:
            crop = torch.zeros_like(crop)
        return crop[:1], crop[1:], pair
