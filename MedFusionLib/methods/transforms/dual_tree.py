"""The dual-tree complex wavelet transform (DTCWT).

Kingsbury: Complex Wavelets for Shift Invariant Analysis and Filtering of Signals. Applied and
Computational Harmonic Analysis 2001; Selesnick, Baraniuk, Kingsbury: The Dual-Tree Complex Wavelet
Transform. IEEE Signal Processing Magazine 2005. Two wavelet trees, a and b, for rows and for
columns, whose filters differ by half a sample, are the real and the imaginary parts of wavelets
that see one half of the frequencies only: six orientations a level, magnitudes that barely change
when the image moves. Each of the four trees (a or b for rows, a or b for columns) can be inverted;
the inverse is their mean.

Filters: at the first level LeGall's 5 and 3 taps, one sample apart in the two trees; beyond, the
quarter-sample shift filters of 10 taps, 6 of them not 0 ("qshift_06", Kingsbury 2001), those of b
reversed. Images are continued periodically. The taps have 8 digits, and so has the reconstruction.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_ROOT = 2**0.5
#: taps of the low and of the high-pass filter, and the place of their first tap, relative to 2 n
Filters = tuple[tuple[tuple[float, ...], int], tuple[tuple[float, ...], int]]


def _scaled(taps: tuple[float, ...], factor: float) -> tuple[float, ...]:
    return tuple(factor * tap for tap in taps)


def _legall(offset: int) -> tuple[Filters, Filters]:
    """Analysis and (as its transpose) synthesis of the first level; tree b stands one further."""
    long, short = _scaled((-1, 2, 6, 2, -1), _ROOT / 8), _scaled((-1, 2, -1), _ROOT / 4)
    back_short, back_long = _scaled((1, 2, 1), _ROOT / 4), _scaled((-1, -2, 6, -2, -1), _ROOT / 8)
    return (
        ((long, offset - 2), (short, offset)),
        ((back_short, offset - 1), (back_long, offset - 1)),
    )


_QUARTER = (
    0.03516384,
    0.0,
    -0.08832942,
    0.23389032,
    0.76027237,
    0.58751830,
    0.0,
    -0.11430184,
    0.0,
    0.0,
)


def _quarter_shift(low: tuple[float, ...]) -> tuple[Filters, Filters]:
    """Analysis and synthesis of all other levels: orthogonal, so they are the same."""
    high = tuple(tap * (-1) ** place for place, tap in enumerate(reversed(low)))
    filters = (low, -4), (high, -4)
    return filters, filters


#: of the trees a and b
_FIRST = _legall(0), _legall(1)
_OTHERS = _quarter_shift(_QUARTER), _quarter_shift(_QUARTER[::-1])


def _down(images: Tensor, taps: tuple[float, ...], start: int, dim: int) -> Tensor:
    """y[n] = sum over k of taps[k] x[2 n + start + k], periodic."""
    count = images.shape[dim] // 2
    total = None
    for place, tap in enumerate(taps):
        if tap:
            part = images.roll(-(start + place), dim)
            part = part[..., ::2, :] if dim == -2 else part[..., ::2]
            total = tap * part if total is None else total + tap * part
    assert total is not None and total.shape[dim] == count
    return total


def _up(bands: Tensor, taps: tuple[float, ...], start: int, dim: int) -> Tensor:
    """The transpose of `_down`."""
    shape = list(bands.shape)
    shape[dim] *= 2
    spread = bands.new_zeros(shape)
    if dim == -2:
        spread[..., ::2, :] = bands
    else:
        spread[..., ::2] = bands
    total = torch.zeros_like(spread)
    for place, tap in enumerate(taps):
        if tap:
            total = total + tap * spread.roll(start + place, dim)
    return total


@dataclass(frozen=True)
class DualTree:
    """The transform of images whose sizes are multiples of 2^levels.

    Args:
        levels: of detail.

    Example:
        >>> image = torch.rand(1, 1, 32, 48)
        >>> low, details = DualTree(2).analyse(image)
        >>> low.shape, [tuple(band.shape[1:]) for band in details], details[0].dtype
        (torch.Size([1, 4, 8, 12]), [(6, 8, 12), (6, 16, 24)], torch.complex64)
        >>> torch.allclose(DualTree(2).synthesise(low, details), image, atol=1e-5)
        True
    """

    levels: int = 4

    def analyse(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The low bands of the four trees (N, 4, h, w), and details (N, 6, h, w), complex."""
        lows = [images] * 4
        details: list[Tensor] = []
        for level in range(self.levels):
            filters = _OTHERS if level else _FIRST
            trees = []
            for tree, low in enumerate(lows):
                (rows, _), (columns, _) = filters[tree // 2], filters[tree % 2]
                half = [_down(low, *row, -2) for row in rows]
                trees.append([[_down(part, *column, -1) for column in columns] for part in half])
            lows = [tree[0][0] for tree in trees]
            bands = [
                oriented
                for row, column in ((0, 1), (1, 0), (1, 1))
                for oriented in _join(*(tree[row][column] for tree in trees))
            ]
            details.insert(0, torch.cat(bands, 1))
        return torch.cat(lows, 1), details

    def synthesise(self, low: Tensor, details: list[Tensor]) -> Tensor:
        """The images with these bands."""
        lows = list(low.split(1, 1))
        for number, detail in enumerate(details):
            filters = _OTHERS if number < len(details) - 1 else _FIRST
            bands = detail.split(1, 1)
            parts = [_part(*bands[start : start + 2]) for start in (0, 2, 4)]
            for tree in range(4):
                (_, rows), (_, columns) = filters[tree // 2], filters[tree % 2]
                grid = (lows[tree], parts[0][tree]), (parts[1][tree], parts[2][tree])
                half = [
                    _up(one, *columns[0], -1) + _up(other, *columns[1], -1) for one, other in grid
                ]
                lows[tree] = _up(half[0], *rows[0], -2) + _up(half[1], *rows[1], -2)
        return sum(lows[1:], lows[0]) / 4


def _join(aa: Tensor, ab: Tensor, ba: Tensor, bb: Tensor) -> tuple[Tensor, Tensor]:
    """The trees' bands as two complex ones, of opposite diagonals."""
    return (
        torch.complex(aa - bb, ab + ba) / _ROOT,
        torch.complex(aa + bb, ba - ab) / _ROOT,
    )


def _part(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The inverse of `_join`."""
    return (
        (one.real + other.real) / _ROOT,
        (one.imag - other.imag) / _ROOT,
        (one.imag + other.imag) / _ROOT,
        (other.real - one.real) / _ROOT,
    )
