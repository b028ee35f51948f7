"""Learned dictionaries of the sparse methods, with cards: `medfusion dictionary` made them."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from ....errors import MedFusionError


def dictionary_path(method: str) -> Path:
    """The file with a method's dictionary."""
    return Path(__file__).parent / f"{method}.safetensors"


def read_dictionary(method: str) -> Tensor:
    """A method's dictionary, float32: (atoms, 8, 8), each of norm 1.

    Raises:
        MedFusionError: the file is missing or damaged.

    Example:
        >>> read_dictionary("lp-sr").shape
        torch.Size([256, 8, 8])
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = dictionary_path(method)
    try:
        atoms = load_file(str(path))["atoms"].float()
    except (OSError, KeyError, SafetensorError):
        raise MedFusionError(
            f"The dictionary {path.name} is missing or damaged; install MedFusion again."
        ) from None
    return atoms / atoms.flatten(1).norm(dim=1)[:, None, None]
