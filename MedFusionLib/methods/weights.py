"""Trained weights: safetensors files, each with a JSON card that says how it was made."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MedFusionError
from ..sources.files import sha256
from .registry import Method, get_method

if TYPE_CHECKING:
    from torch import nn


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

    Raises:
        MedFusionError: missing, or not the file that the card describes.
    """
    card = read_card(path)
    if sha256(path) != card.get("sha256"):
        raise MedFusionError(
            f"The weights {path.name} are damaged: their SHA-256 is not the one on their card; "
            "install MedFusion again."
        )
    return card


def load_method(name: str, pair: str, path: Path | None = None) -> tuple[nn.Module, str | None]:
    """A method ready to fuse, on the CPU, in evaluation mode.

    Args:
        name: of the method.
        pair: whose weights a network takes; classical methods ignore it.
        path: a weights file to use instead of the installed one.

    Returns:
        The module, and the SHA-256 of its weights (None for classical methods).

    Raises:
        MedFusionError: no such method, or no, damaged or unfitting weights.
    """
    from safetensors.torch import load_file

    method = get_method(name)
    if method.kind == "classical":
        return method.build().eval(), None
    path = path or weights_path(name, pair)
    card = check_weights(path)
    module = method.build()
    try:
        module.load_state_dict(load_file(str(path)))
    except Exception:
        raise MedFusionError(
            f"The weights {path.name} do not fit the network {method.title}; they were made for "
            f"{card.get('network', 'another one')}."
        ) from None
    return module.eval(), card["sha256"]


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
    `round_weights` before shows whether it matters.
    """
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    trained = dict(module.named_parameters())
    state = {
        name: (value.half() if name in trained else value).detach().cpu().contiguous()
        for name, value in module.state_dict().items()
    }
    save_file(state, str(path))
    card = {**card, "dtype": "float16", "sha256": sha256(path)}
    text = json.dumps(card, indent=2, ensure_ascii=False)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def parameter_count(method: Method) -> int:
    """Number of trained parameters of a method; 0 for classical ones."""
    return sum(p.numel() for p in method.build().parameters())
