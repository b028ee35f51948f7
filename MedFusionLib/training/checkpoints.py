"""Lightning checkpoints without pickle: tensors as safetensors, all else as JSON beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO
from safetensors.torch import load_file, save_file


class SafeCheckpointIO(CheckpointIO):
    """Writes `NAME.safetensors` and `NAME.json`; a checkpoint is there once both are."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, torch.Tensor] = {}
        text = json.dumps(_encode(checkpoint, tensors))
        for ending, write in (
            (".safetensors", lambda part: save_file(tensors, str(part))),
            (".json", lambda part: part.write_text(text, encoding="utf-8")),
        ):
            part = path.with_suffix(ending + ".part")
            write(part)
            part.replace(path.with_suffix(ending))

    def load_checkpoint(self, path: str | Path, *args: Any, **kwargs: Any) -> dict[str, Any]:
        path = Path(path)
        tensors = load_file(str(path.with_suffix(".safetensors")))
        return _decode(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")), tensors)

    def remove_checkpoint(self, path: str | Path) -> None:
        for ending in (".safetensors", ".json"):
            Path(path).with_suffix(ending).unlink(missing_ok=True)


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
