"""Trained weights: safetensors files, each with a JSON card that says how it was made."""

from __future__ import annotations

import contextlib
import copy
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MedFusionError
from ..sources.files import sha256
from .registry import get_method

if TYPE_CHECKING:
    from torch import nn

    from .base import FusionMethod


def weights_folder() -> Path:
    """Where the weights are.

    The folder that the environment variable MEDFUSION_WEIGHTS names, else the one installed with
    the library, else `Resources/Weights` of a source checkout.
    """
    if named := os.environ.get("MEDFUSION_WEIGHTS"):
        return Path(named)
    here = Path(__file__).resolve().parents[1]
    candidates = [here / "Weights", here.parent / "Resources" / "Weights"]
    return next((folder for folder in candidates if folder.is_dir()), candidates[-1])


def weights_path(method: str, pair: str) -> Path:
    """The file with a network's weights for a pair; it need not exist.

    A network that serves all pairs has one file.
    """
    name = method if get_method(method).all_pairs else f"{method}-{pair}"
    return weights_folder() / f"{name}.safetensors"


def read_card(path: Path) -> dict[str, Any]:
    """The card of a weights file.

    Raises:
        MedFusionError: the weights or the card are missing, or the card is not JSON.
    """
    card = path.with_suffix(".json")
    if not path.is_file():
        raise MedFusionError(
            f"There are no weights {path.name}; train them with 'medfusion train', or choose "
            "another network or pair ('medfusion methods' lists those there are)."
        )
    if not card.is_file():
        raise MedFusionError(
            f"The weights {path.name} have no card {card.name} beside them; "
            "install MedFusion again."
        )
    try:
        found = json.loads(card.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise MedFusionError(f"The card {card.name} is damaged; install MedFusion again.")
    return found


def check_weights(path: Path) -> dict[str, Any]:
    """Check a weights file against the SHA-256 on its card, and return the card.

    Where a training was killed before its new card was in place, that step is completed.

    Raises:
        MedFusionError: missing, or not the file that the card describes.
    """
    digest = sha256(path) if path.is_file() else None
    _take_waiting_card(path, digest)
    card = read_card(path)
    if digest != card.get("sha256"):
        raise MedFusionError(
            f"The weights {path.name} are damaged: their SHA-256 is not the one on their card; "
            "install MedFusion again."
        )
    return card


def _waiting_card(path: Path) -> Path:
    return path.with_suffix(".json.part")


def _take_waiting_card(path: Path, digest: str | None) -> None:
    """Complete a `save_weights` that was killed just before its last step."""
    waiting = _waiting_card(path)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if json.loads(waiting.read_text(encoding="utf-8")).get("sha256") == digest:
            waiting.replace(path.with_suffix(".json"))


def load_method(name: str, pair: str, path: Path | None = None) -> FusionMethod:
    """A method ready to fuse tensors, on the CPU, in evaluation mode.

    A process reads each file once; every call returns a module of its own.

    Args:
        name: of the method.
        pair: whose weights a network takes; classical methods ignore it.
        path: a weights file to use instead of the installed one.

    Returns:
        A module: `module(first, second)` fuses slice batches (N, 1, H, W) in [0, 1]. Its
        `weights_sha256` is that of its weights (None for classical methods).

    Raises:
        MedFusionError: no such method, or no, damaged or unfitting weights.

    Example:
        >>> import torch
        >>> load_method("maximum", "pet-mr")(torch.tensor(0.2), torch.tensor(0.7))
        tensor(0.7000)
    """
    method = get_method(name)
    if method.kind == "classical":
        return method().eval()
    path = path or weights_path(name, pair)
    stamps = [
        (file.stat().st_mtime_ns, file.stat().st_size)
        for file in (path, path.with_suffix(".json"))
        if file.is_file()
    ]
    return copy.deepcopy(_load_once(name, pair, path, *stamps))


@lru_cache(maxsize=8)
def _load_once(name: str, pair: str, path: Path, *_stamps: tuple[int, int]) -> FusionMethod:
    """A network with its weights, read and checked once for as long as the files stay the same."""
    import torch
    from safetensors.torch import load_file

    method = get_method(name)
    card = check_weights(path)
    for what, wanted in (("network", name), ("pair", pair)):
        if what == "pair" and method.all_pairs:
            continue
        if card.get(what, wanted) != wanted:
            raise MedFusionError(
                f"The weights {path.name} were trained for the {what} {card[what]}, not {wanted}; "
                "choose others."
            )
    module = method(**card.get("recipe", {}).get("module", {}))
    try:
        found = load_file(str(path))
        for key, value in module.state_dict().items():
            if value.is_floating_point() != found[key].is_floating_point():
                raise ValueError(f"{key} is of another type")
        module.load_state_dict(found)
    except Exception:
        raise MedFusionError(
            f"The weights {path.name} do not fit the network {method.title}; they were made for "
            f"{card.get('network', 'another one')}."
        ) from None
    if not all(torch.isfinite(part).all() for part in module.state_dict().values()):
        raise MedFusionError(
            f"The weights {path.name} hold NaN or infinite numbers; train again, or install "
            "MedFusion again."
        )
    module.weights_sha256 = card["sha256"]
    return module.eval()


def round_weights(module: nn.Module) -> None:
    """Round a module's trained weights to those that half precision can hold, in place.

    They stay float32. Statistics of batch norms are left alone: they may be small or large.

    Example:
        >>> from torch import nn
        >>> layer = nn.Linear(1, 1)
        >>> _ = nn.init.constant_(layer.weight, 0.1)
        >>> round_weights(layer)
        >>> layer.weight.item()
        0.0999755859375
    """
    for parameter in module.parameters():
        parameter.data = parameter.data.half().to(parameter.dtype)


def save_weights(module: nn.Module, path: Path, card: dict[str, Any]) -> None:
    """Write a module's weights and their card, with type and SHA-256 filled in.

    Trained weights are written in half precision (loading gives float32): half the size, and
    `round_weights` before shows whether it matters. Killed at any time, it leaves the weights that
    were there with their card, or the new ones.
    """
    from safetensors.torch import save

    path.parent.mkdir(parents=True, exist_ok=True)
    trained = dict(module.named_parameters())
    state = {
        name: (value.half() if name in trained else value).detach().cpu().contiguous()
        for name, value in module.state_dict().items()
    }
    part, waiting = path.with_suffix(".safetensors.part"), _waiting_card(path)
    part.write_bytes(save(state))  # save_file would let its owner alone read it
    card = {**card, "dtype": "float16", "sha256": sha256(part)}
    text = json.dumps(card, indent=2, ensure_ascii=False)
    waiting.write_text(text + "\n", encoding="utf-8")
    part.replace(path)  # from here on `check_weights` finds the card that waits
    waiting.replace(path.with_suffix(".json"))


def parameter_count(method: type[FusionMethod]) -> int:
    """Number of trained parameters of a method; 0 for classical ones."""
    return sum(p.numel() for p in method().parameters())
