"""Parts of slices that are worth running: where something is, and what that depends on."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch

#: first row, row after the last, first column, column after the last
Box = tuple[int, int, int, int]
Picture = TypeVar("Picture", np.ndarray, torch.Tensor)

#: Boxes start and end at multiples of this: few sizes, and the poolings of FW-Net stay in step.
GRID = 16


def dependence_radius(
    receptive_radius: int | None, contributions: str | None, samples: int = 1
) -> int | None:
    """How many pixels around a place the result there depends on; None: on the whole slice.

    A fused pixel depends on the sources within the receptive field's radius. A gradient is a sum
    over the fused pixels within that radius, each of which depends on the sources within it, in
    turn. (The noise of smoothed gradients is drawn for whole slices.)

    Example:
        >>> dependence_radius(11, "share"), dependence_radius(11, "gradient")
        (11, 22)
    """
    if receptive_radius is None or (contributions == "gradient" and samples > 1):
        return None
    return 2 * receptive_radius if contributions == "gradient" else receptive_radius


def boxes(occupied: np.ndarray, margin: int | None) -> np.ndarray:
    """The part of each slice that has to be run for exact results at the occupied pixels.

    Args:
        occupied: bool (slices, rows, columns).
        margin: from `dependence_radius`.

    Returns:
        int (slices, 4): first row, row after the last, first column, column after the last.
        Multiples of `GRID` or ends of the slice; all 0 for an empty slice.

    Example:
        >>> mask = np.zeros((2, 100, 100), bool)
        >>> mask[0, 40, 50] = True
        >>> boxes(mask, 10).tolist()
        [[16, 64, 32, 64], [0, 0, 0, 0]]
    """
    found = np.zeros((len(occupied), 2, 2), int)
    filled = np.any(occupied, axis=(1, 2))
    for side, size in enumerate(occupied.shape[1:]):
        if margin is None:
            found[filled, side] = 0, size
            continue
        line = np.any(occupied, axis=2 - side)[filled]
        first = line.argmax(axis=1) - margin
        end = size - line[:, ::-1].argmax(axis=1) + margin
        found[filled, side, 0] = np.maximum(first // GRID * GRID, 0)
        found[filled, side, 1] = np.minimum(-(-end // GRID) * GRID, size)
    return found.reshape(-1, 4)


def union(boxes: np.ndarray) -> Box | None:
    """The smallest box around all that are not empty; None if all are.

    Example:
        >>> union(np.array([[1, 3, 4, 6], [2, 5, 1, 2], [0, 0, 0, 0]]))
        (1, 5, 1, 6)
    """
    filled = boxes[boxes.any(axis=1)]
    if not len(filled):
        return None
    (top, left), (bottom, right) = filled[:, ::2].min(axis=0), filled[:, 1::2].max(axis=0)
    return int(top), int(bottom), int(left), int(right)


def inside(box: Box, outer: Box) -> Box:
    """The box in the pixels of the part of a slice inside another box.

    Example:
        >>> inside((3, 5, 8, 9), (2, 9, 4, 12))
        (1, 3, 4, 5)
    """
    top, bottom, left, right = box
    return top - outer[0], bottom - outer[0], left - outer[2], right - outer[2]


def around(box: Box, margin: int, height: int, width: int) -> Box:
    """The box grown by some pixels on all sides, as far as the slice goes.

    Example:
        >>> around((1, 4, 5, 9), 2, 10, 10)
        (0, 6, 3, 10)
    """
    top, bottom, left, right = box
    return (
        max(top - margin, 0),
        min(bottom + margin, height),
        max(left - margin, 0),
        min(right + margin, width),
    )


def cut(picture: Picture, box: Box) -> Picture:
    """The part of (..., H, W) inside a box, as a view.

    Example:
        >>> cut(np.arange(6).reshape(2, 3), (0, 1, 1, 3)).tolist()
        [[1, 2]]
    """
    top, bottom, left, right = box
    return picture[..., top:bottom, left:right]
