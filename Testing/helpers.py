"""What several tests share: grids in space, methods with random weights, refusals."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import pkgutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from torch import nn

from MedFusionLib.errors import MedFusionError
from MedFusionLib.methods.registry import get_method
from MedFusionLib.sources.volumes import Volume, from_slices

torch.set_num_threads(1)  # small pictures: more threads only wait for each other

#: the same examples in every run
few = settings(max_examples=25, deadline=None, derandomize=True)


@contextlib.contextmanager
def refused(*words: str) -> Iterator[None]:
    """The block has to raise a MedFusionError: one sentence, with all these words in it."""
    with pytest.raises(MedFusionError) as caught:
        yield
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message
    for word in words:
        assert word in message


@contextlib.contextmanager
def killed_at(number: int, functions: Sequence[str]) -> Iterator[None]:
    """Within, the call of that number (from 0) to any of the functions ends in an interrupt."""
    calls = itertools.count()

    def counted(function: Callable) -> Callable:
        def call(*args, **kwargs):
            if next(calls) == number:
                raise KeyboardInterrupt
            return function(*args, **kwargs)

        return call

    with contextlib.ExitStack() as stack:
        for name in functions:
            stack.enter_context(mock.patch(name, counted(pkgutil.resolve_name(name))))
        yield


# Grids ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grid:
    """Where the voxels of a small volume lie, its middle near the world's origin."""

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    direction: np.ndarray
    middle: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def filled(self, function: Callable[[np.ndarray], np.ndarray], name: str = "volume") -> Volume:
        """The volume whose voxels are `function` of their LPS positions (..., 3)."""
        half = self.direction @ ((np.array(self.shape[::-1]) - 1) / 2 * self.spacing)
        origin = np.array(self.middle) - half
        empty = Volume(np.zeros(self.shape), self.spacing, origin, self.direction, name)
        return empty.like(function(positions(empty)), name)


def docs_command(name: str) -> ModuleType:
    """A command of the folder tools, as a module."""
    script = Path(__file__).parents[1] / "tools" / f"{name}.py"
    if str(script.parent) not in sys.path:
        sys.path.append(str(script.parent))  # its tools import each other
    spec = importlib.util.spec_from_file_location(name, script)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def positions(volume: Volume) -> np.ndarray:
    """LPS position of every voxel, (k, j, i, 3)."""
    k, j, i = np.indices(volume.shape)
    return np.stack([i, j, k], -1) @ volume.matrix[:3, :3].T + volume.origin


@st.composite
def directions(draw: st.DrawFn) -> np.ndarray:
    """Any rotation, right- or left-handed."""
    turns = draw(st.tuples(*[st.floats(-180, 180)] * 3))
    signs = draw(st.tuples(*[st.sampled_from([1, -1])] * 3))
    return Rotation.from_euler("xyz", turns, degrees=True).as_matrix() * signs


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Any small grid near the world's origin."""
    return Grid(
        draw(st.tuples(*[st.integers(6, 12)] * 3)),
        draw(st.tuples(*[st.floats(0.7, 3)] * 3)),
        draw(directions()),
        draw(st.tuples(*[st.floats(-2, 2)] * 3)),
    )


#: every way to store a volume: a permutation of the axes and some of them reversed
storages = st.tuples(st.permutations(range(3)), st.sets(st.sampled_from(range(3))))


def stored_as(volume: Volume, order: tuple[int, ...], flips: set[int]) -> Volume:
    """The same volume in the world, its array permuted, then reversed along `flips`."""
    array = np.flip(volume.array.transpose(order), tuple(flips))
    step = (volume.direction * volume.spacing)[:, ::-1][:, list(order)]  # of the new k, j, i
    origin = np.array(volume.origin)
    for axis in flips:
        origin = origin + step[:, axis] * (array.shape[axis] - 1)
        step[:, axis] *= -1
    spacing = np.linalg.norm(step, axis=0)
    return Volume(array, spacing[::-1], origin, (step / spacing)[:, ::-1], volume.name)


def as_stored_before(array: np.ndarray, order: tuple[int, ...], flips: set[int]) -> np.ndarray:
    """The inverse of `stored_as` for an array, which may have colours in a fourth axis."""
    return from_slices(array, (*order, *range(3, array.ndim)), tuple(flips))


# Methods ----------------------------------------------------------------------------------------


def random_method(name: str, seed: int = 0, deviation: float | None = None) -> nn.Module:
    """A method in evaluation mode, its weights random and its batch statistics not trivial.

    Methods that iterate stop after 30 iterations, so that tests are quick.

    Args:
        name: of the method.
        seed: of the weights.
        deviation: of the weights; None: as the network starts.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = get_method(name)()
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.1)
                part.running_var.uniform_(0.5, 2)
            elif deviation and isinstance(part, nn.Conv2d):
                nn.init.normal_(part.weight, std=deviation)
        if hasattr(module, "iterations"):
            module.iterations = min(module.iterations, 30)
        return module.eval()


def random_slices(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Random values in [0, 1]."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


# The command line, and files for it --------------------------------------------------------------


def run_medfusion(words: Sequence[object], monkeypatch, capsys) -> tuple[int, str, str]:
    """Run `medfusion WORDS` in this process: its exit code, stdout and stderr."""
    from MedFusionLib.cli import main

    monkeypatch.setattr("sys.argv", ["medfusion", *map(str, words)])
    code = 0
    try:
        main()
    except SystemExit as ending:
        code = ending.code or 0
    said = capsys.readouterr()
    return code, said.out, said.err


def write_small_head(folder: Path) -> Path:
    """Write t1.nrrd and pet.nrrd of a small digital head; returns the folder."""
    from MedFusionLib.phantom.head import make_phantom
    from MedFusionLib.sources.files import write_volume

    head = make_phantom((16, 32, 32))
    write_volume(head.t1, folder / "t1.nrrd")
    write_volume(head.pet, folder / "pet.nrrd")
    return folder
