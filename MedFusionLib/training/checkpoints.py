"""Lightning checkpoints without pickle: one safetensors file, all but tensors as JSON within."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ..errors import MedFusionError

STATE = "state"  # the name of the JSON in the file's metadata


class SafeCheckpointIO(CheckpointIO):
    """Writes `NAME.safetensors`; one file, so that tensors and state are of one moment."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        path = checkpoint_file(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, torch.Tensor] = {}
        text = json.dumps(_encode(checkpoint, tensors))
        part = path.with_suffix(".safetensors.part")
        save_file(tensors, str(part), {STATE: text})
        part.replace(path)

    def load_checkpoint(self, path: str | Path, *args: Any, **kwargs: Any) -> dict[str, Any]:
        path = checkpoint_file(path)
        try:
            with safe_open(str(path), "pt") as file:
                text = file.metadata()[STATE]
            return _decode(json.loads(text), load_file(str(path)))
        except Exception:  # whatever a damaged file makes of its reader
            raise MedFusionError(
                f"The checkpoint {path.name} is damaged, or of an older version; "
                "train again without resuming."
            ) from None

    def remove_checkpoint(self, path: str | Path) -> None:
        checkpoint_file(path).unlink(missing_ok=True)


def checkpoint_file(path: str | Path) -> Path:
    """The file that a checkpoint of Lightning's name becomes."""
    return Path(path).with_suffix(".safetensors")


def _encode(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().clone().contiguous()
        return {"tensor": name}
    if isinstance(value, dict):  # keys need not be strings
        return {"dict": [[key, _encode(part, tensors)] for key, part in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_encode(part, tensors) for part in value]
    if isinstance(value, Path):
        return str(value)
    return value


def _decode(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, dict):
        if "tensor" in value:
            return tensors[value["tensor"]]
        return {key: _decode(part, tensors) for key, part in value["dict"]}
    if isinstance(value, list):
        return [_decode(part, tensors) for part in value]
    return value
