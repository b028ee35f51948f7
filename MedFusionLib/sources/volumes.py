"""Volumes, their place in the world, and a common grid for two of them.

Arrays are (k, j, i); spacing, origin and direction are in LPS and in the order (i, j, k), as in
ITK. Nothing here compares two volumes by index: they meet in world coordinates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..errors import MedFusionError

if TYPE_CHECKING:
    import SimpleITK as sitk

    from .patients import Patient

#: slice axis -> the LPS axis (0 L, 1 P, 2 S) along which its slices follow one another
AXES = {"axial": 2, "coronal": 1, "sagittal": 0}
#: what stands for all three in turn, see `fusion.fuse`
ALL_AXES = "all"
#: mm: no voxel is smaller or larger, no origin farther away
SMALLEST, LARGEST, FARTHEST = 1e-4, 1e4, 1e6
#: mm: the second longest side of a scan of a head lies between these, for a slab may be thin; and
#: no scan of a body is longer than the last
NARROWEST, WIDEST, LONGEST = 50, 1000, 2500
#: no value is larger: sums and products of values stay within float32
BRIGHTEST = 1e30

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, eq=False)
class Volume:
    """A scalar volume in the patient's space.

    Attributes:
        array: float32, shape (k, j, i).
        spacing: mm between voxels along i, j, k.
        origin: LPS position in mm of voxel (0, 0, 0).
        direction: 3 x 3, its columns are the unit LPS vectors of i, j and k; orthonormal, left-
            or right-handed.
        name: what to call it in messages and results.
        modality: "mr", "ct", "pet" or "spect" where its file says so, else "".
        units: of a CT, "hu" or "grey" where its file or the user says so, else "".
        notes: sentences for the user on how it was read.
        patient: whose it is, where its file says so.
        frame: the UID of its frame of reference, where its file says so, else "".

    Raises:
        MedFusionError: not 3D, or the geometry is singular, sheared, not finite or no head's.

    Example:
        >>> Volume(np.zeros((2, 3, 4)), spacing=(1, 1, 5)).matrix[2, 2]
        np.float64(5.0)
    """

    array: np.ndarray
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: np.ndarray = field(default_factory=lambda: np.eye(3))
    name: str = "volume"
    modality: str = ""
    units: str = ""
    notes: tuple[str, ...] = ()
    patient: Patient | None = field(default=None, repr=False)
    frame: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        array = np.ascontiguousarray(self.array, dtype=np.float32)
        if array.ndim != 3:
            raise MedFusionError(
                f"{self.name} has {array.ndim} dimensions; give a single scalar 3D volume."
            )
        spacing = np.asarray(self.spacing, float)
        direction = np.asarray(self.direction, float).reshape(3, 3)
        with np.errstate(invalid="ignore", over="ignore"):  # infinite ones are refused in words
            check_geometry(direction * spacing, self.name)
        if not np.all(np.abs(self.origin) < FARTHEST):
            raise MedFusionError(
                f"{self.name} has an origin that is not finite, or farther away than any scanner; "
                "correct it."
            )
        if np.abs(np.linalg.norm(direction, axis=0) - 1).max() > 1e-3:
            raise MedFusionError(
                f"{self.name} has direction columns that are not unit vectors; "
                "put the voxel size into its spacing."
            )
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "spacing", tuple(map(float, spacing)))
        object.__setattr__(self, "origin", tuple(map(float, self.origin)))
        object.__setattr__(self, "direction", direction)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(k, j, i)."""
        return self.array.shape

    @property
    def matrix(self) -> np.ndarray:
        """4 x 4, from (i, j, k, 1) to LPS mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.direction * np.asarray(self.spacing)
        matrix[:3, 3] = self.origin
        return matrix

    def like(self, array: np.ndarray, name: str) -> Volume:
        """A volume on this grid with other values."""
        if array.shape != self.shape:
            raise ValueError(f"shape {array.shape} does not fit the grid {self.shape}")
        return Volume(array, self.spacing, self.origin, self.direction, name)


def check_geometry(matrix: np.ndarray, name: str) -> None:
    """Check that a 3 x 3 matrix (columns: the voxel steps in mm) is a box grid.

    Raises:
        MedFusionError: a step is zero or not finite, or two axes are not at right angles.
    """
    with np.errstate(over="ignore"):
        steps = np.linalg.norm(matrix, axis=0)
    if not np.all(np.isfinite(matrix)) or np.any(steps <= 0):
        raise MedFusionError(
            f"{name} has a singular geometry: a voxel step is zero or not finite; "
            "correct its spacing and direction."
        )
    if steps.min() < SMALLEST or steps.max() > LARGEST:
        raise MedFusionError(
            f"{name} has voxels of {steps.min():.3g} to {steps.max():.3g} mm; that is no scan, "
            "correct its spacing."
        )
    axes = matrix / steps
    off = np.abs(axes.T @ axes - np.eye(3)).max()
    if off > 1 - 1e-6:
        raise MedFusionError(
            f"{name} has a singular geometry: two of its axes are parallel; correct its direction."
        )
    if off > 1e-3:
        raise MedFusionError(
            f"{name} has sheared axes ({np.degrees(np.arcsin(min(off, 1))):.1f} degrees off a "
            "right angle); resample it onto a grid with right angles first."
        )


def size_warning(volume: Volume) -> str:
    """A sentence where a volume is too small or too large for a head in mm; else "".

    Example:
        >>> size_warning(Volume(np.zeros((2, 3, 4)), spacing=(1000, 1000, 5)))[:50]
        'volume measures 4000 x 3000 x 10 mm, in voxels of '
    """
    sides = np.multiply(volume.shape[::-1], volume.spacing)
    _, wide, long = sorted(sides)
    if NARROWEST <= wide <= WIDEST and long <= LONGEST:
        return ""
    size, voxel = (
        " x ".join(f"{length:.0f}" if length >= 100 else f"{length:.3g}" for length in lengths)
        for lengths in (sides, volume.spacing)
    )
    return (
        f"{volume.name} measures {size} mm, in voxels of {voxel} mm; no scan of a head does. Its "
        "lengths may be in another unit than mm: compare them with the scanner's, and export it "
        "again."
    )


def check_values(volume: Volume, gaps: bool = False) -> None:
    """Check that a volume can be fused.

    Args:
        volume: to check.
        gaps: whether NaN may be in it, for outside of the field of view.

    Raises:
        MedFusionError: it is empty, holds infinite voxels (or NaN), or one single value.
    """
    array = volume.array
    if array.size == 0:
        raise MedFusionError(f"{volume.name} has no voxels.")
    known = array
    if np.isnan(array.min()) and gaps:
        known = array[~np.isnan(array)]
        if not known.size:
            raise MedFusionError(f"{volume.name} holds NaN alone; export it again.")
    bad = known.size - int(np.isfinite(known).sum())
    if bad:
        kind = "infinite" if gaps else "NaN or infinite"
        voxels, them = ("voxel", "it") if bad == 1 else ("voxels", "them")
        raise MedFusionError(
            f"{volume.name} has {bad} {kind} {voxels}; replace {them} before fusing."
        )
    low, high = float(known.min()), float(known.max())
    if max(abs(low), abs(high)) > BRIGHTEST:
        raise MedFusionError(
            f"{volume.name} goes from {low:.3g} to {high:.3g}; no scan does, correct its values."
        )
    if low == high:
        raise MedFusionError(
            f"{volume.name} is constant (every voxel is {low:g}); there is nothing in it to fuse."
        )


def to_sitk(volume: Volume) -> sitk.Image:
    """The volume as a SimpleITK image (float32, same geometry)."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(volume.array)
    image.SetSpacing(volume.spacing)
    image.SetOrigin(volume.origin)
    image.SetDirection(volume.direction.ravel().tolist())
    return image


def from_sitk(image: sitk.Image, name: str) -> Volume:
    """A SimpleITK image as a `Volume`; the inverse of `to_sitk`.

    Raises:
        MedFusionError: it has several components, is not 3D, or its geometry is refused.
    """
    import SimpleITK as sitk

    check_scalar(image.GetNumberOfComponentsPerPixel(), image.GetDimension(), name)
    if "complex" in image.GetPixelIDTypeAsString():
        raise MedFusionError(f"{name} holds complex numbers; give their magnitude.")
    array = to_float32(sitk.GetArrayViewFromImage(image), name)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return Volume(array, image.GetSpacing(), image.GetOrigin(), direction, name)


def triple(values: Iterable[Number]) -> tuple[Number, Number, Number]:
    """Three values as a tuple of three.

    Raises:
        ValueError: there are more or fewer.

    Example:
        >>> triple([1, 2, 3])
        (1, 2, 3)
    """
    first, second, third = values
    return first, second, third


def as_volume(source: Volume | sitk.Image | tuple[Any, Sequence[float]], name: str) -> Volume:
    """A volume from what users of other libraries have.

    Args:
        source: a `Volume`, a SimpleITK image, or an array (k, j, i) with the spacing in mm along
            i, j and k: its first voxel then lies at the origin, i runs to the left, j to the back
            and k upwards.
        name: where the source has none.

    Raises:
        MedFusionError: it is none of these, or not a scalar volume.

    Example:
        >>> as_volume((np.zeros((2, 3, 4)), (1, 1, 5)), "MR").spacing
        (1.0, 1.0, 5.0)
    """
    if isinstance(source, Volume):
        return source
    if not isinstance(source, tuple) and hasattr(source, "GetNumberOfComponentsPerPixel"):
        return from_sitk(source, name)  # an image of SimpleITK, which need not be loaded
    try:
        array, spacing = source
        array, steps = np.asarray(array, np.float32), triple(map(float, spacing))
    except (TypeError, ValueError):
        raise MedFusionError(
            f"{name} is no volume; give a Volume (read_volume reads one), a SimpleITK image, or an "
            "array (k, j, i) with its spacing in mm: (array, (x, y, z))."
        ) from None
    return Volume(array, steps, name=name)


def check_scalar(components: int, dimension: int, name: str) -> None:
    """Check that an image has one value in a voxel, and three dimensions.

    Raises:
        MedFusionError: it has others.
    """
    if components != 1:
        raise MedFusionError(
            f"{name} has {components} values per voxel (a colour or vector picture); "
            "give a scalar volume."
        )
    if dimension != 3:
        raise MedFusionError(
            f"{name} has {dimension} dimensions; give a single scalar 3D volume, "
            "not a slice or a time series."
        )


def to_float32(stored: np.ndarray, name: str) -> np.ndarray:
    """Stored values as float32, in a new array.

    Raises:
        MedFusionError: float32 cannot tell the volume's values apart.

    Example:
        >>> to_float32(np.array([3, 4], np.int16), "head")
        array([3., 4.], dtype=float32)
    """
    # what float32 cannot hold becomes infinite, and is refused
    with np.errstate(over="ignore", invalid="ignore"):
        array = stored.astype(np.float32)
    if stored.dtype.itemsize < 4 or stored.dtype == np.float32 or stored.size == 0:
        return array
    lowest, highest = stored.min(), stored.max()
    span = float(highest) - float(lowest)
    if highest > lowest and span < 256 * float(np.spacing(np.abs(array).max())):
        raise MedFusionError(
            f"{name} has values from {lowest} to {highest}, too near to one another so far from 0; "
            "subtract a constant from them first."
        )
    return array


def same_grid(first: Volume, second: Volume, tolerance: float = 1e-3) -> bool:
    """Whether both have the same shape and voxel positions, to a fraction of a voxel."""
    if first.shape != second.shape:
        return False
    step = min(first.spacing) * tolerance
    corner = np.array([*first.shape[::-1], 1.0])
    here = np.stack([first.matrix @ corner, first.matrix[:, 3]])
    there = np.stack([second.matrix @ corner, second.matrix[:, 3]])
    same_axes = np.abs(first.direction - second.direction).max() < 1e-4
    return bool(same_axes and np.abs(here - there).max() < step)


def resample(
    moving: Volume, reference: Volume, outside: float, samples: Sequence[int] = (1, 1, 1)
) -> tuple[Volume, np.ndarray]:
    """Linear interpolation of a volume at the voxel positions of another, in world coordinates.

    Args:
        moving: the volume to resample. Its NaN are gaps: a value is interpolated from the other
            voxels, and is NaN where gaps weigh more than half.
        reference: the grid to resample onto.
        outside: value where the moving volume does not reach: the background of its modality.
        samples: at how many evenly spaced places in a voxel of the reference, along i, j and k,
            the volume is interpolated; their mean is the voxel's value. See `samples_within`.

    Returns:
        The resampled volume and a bool array (k, j, i), True inside the moving volume's field of
        view (its voxels' outer faces).

    Raises:
        MedFusionError: no voxel of the reference lies inside the moving volume.

    Example:
        >>> fine = Volume(np.ones((4, 4, 4)))
        >>> coarse = Volume(np.ones((2, 2, 2)), spacing=(2, 2, 2), origin=(0.5, 0.5, 0.5))
        >>> resample(coarse, fine, 0)[1].all()
        np.True_
    """
    if same_grid(moving, reference):
        return reference.like(moving.array, moving.name), np.ones(reference.shape, bool)

    inside = _inside(moving, reference)
    if not inside.any():
        apart = (
            f"{moving.name} and {reference.name} do not overlap in space; "
            "check that they are registered to each other."
        )
        sizes = (size_warning(moving), size_warning(reference))
        raise MedFusionError(" ".join(filter(None, (apart, *sizes))))
    gaps = np.isnan(moving.array)
    if not gaps.any():
        array = _interpolated(moving, reference, outside, samples)
    else:
        known = moving.like((~gaps).astype(np.float32), moving.name)
        weight = _interpolated(known, reference, 1.0, samples)
        zeros = moving.like(np.where(gaps, np.float32(0), moving.array), moving.name)
        array = _interpolated(zeros, reference, outside, samples)
        held = weight > 0.5
        array = np.divide(array, weight, out=np.full_like(array, np.nan), where=held)
    array[~inside] = outside
    return reference.like(array, moving.name), inside


def samples_within(moving: Volume, reference: Volume) -> tuple[int, int, int]:
    """How many voxels of a volume lie side by side within one of the reference, along i, j, k.

    Where they are more than one, taking the value at the middle of each reference voxel would
    leave out what lies between: the mean over as many places is what a thicker slice shows.

    Example:
        >>> mr = Volume(np.zeros((4, 9, 9)), spacing=(2, 2, 6))
        >>> samples_within(Volume(np.zeros((30, 30, 30)), spacing=(0.9, 0.9, 0.9)), mr)
        (2, 2, 7)
    """
    if same_grid(moving, reference):
        return (1, 1, 1)
    # the moving volume's voxel along each axis of the reference: its extent in that direction
    turn = np.abs(moving.direction.T @ reference.direction)
    step = 1 / np.linalg.norm(turn / np.array(moving.spacing)[:, None], axis=0)
    return triple(max(1, round(float(n))) for n in np.array(reference.spacing) / step)


def _interpolated(
    moving: Volume, reference: Volume, outside: float, samples: Sequence[int]
) -> np.ndarray:
    """Linear interpolation, averaged over places in each voxel, float32 (k, j, i)."""
    import SimpleITK as sitk

    # ITK interpolates up to half a voxel beyond the outer voxel centres by itself only for
    # nearest neighbours, so give it a border that repeats the outer voxels.
    padded = sitk.ZeroFluxNeumannPad(to_sitk(moving), [1, 1, 1], [1, 1, 1])
    filter_ = sitk.ResampleImageFilter()
    filter_.SetInterpolator(sitk.sitkLinear)
    filter_.SetSize(reference.shape[::-1])
    filter_.SetOutputSpacing(reference.spacing)
    filter_.SetOutputDirection(reference.direction.ravel().tolist())

    def at(origin: Sequence[float], beyond: float) -> np.ndarray:
        filter_.SetDefaultPixelValue(float(beyond))
        filter_.SetOutputOrigin(tuple(map(float, origin)))
        return sitk.GetArrayFromImage(filter_.Execute(padded))

    if max(samples) == 1:
        return at(reference.origin, outside)
    total = np.zeros(reference.shape, np.float32)
    counted = np.zeros(reference.shape, np.float32)
    for place in np.ndindex(*samples):
        offset = (np.array(place) + 0.5) / samples - 0.5  # of a voxel, (i, j, k)
        part = at((reference.matrix @ [*offset, 1])[:3], np.nan)
        known = ~np.isnan(part)  # a voxel may reach beyond the moving volume
        np.add(total, part, out=total, where=known)
        counted += known
    return np.divide(total, counted, out=np.full_like(total, outside), where=counted > 0)


def _inside(moving: Volume, reference: Volume) -> np.ndarray:
    """Where a reference voxel's centre lies within the outer faces of the moving volume."""
    to_index = np.linalg.inv(moving.matrix) @ reference.matrix
    j, i = np.ogrid[tuple(slice(n) for n in reference.shape[1:])]
    inside = np.ones(reference.shape, bool)
    for k, plane in enumerate(inside):  # a plane stays in the processor's cache
        for row, size in zip(to_index, moving.shape[::-1], strict=False):
            index = row[3]
            for factor, place in zip(row, (i, j, k), strict=False):
                if factor:  # of axes that are parallel, two are 0
                    index = index + factor * place
            plane &= (index >= -0.5 - 1e-6) & (index <= size - 0.5 + 1e-6)
    return inside


def shown_axis(axis: str) -> str:
    """The axis of the slices to look at, of a fusion along an axis: axial for all three.

    Example:
        >>> shown_axis("coronal"), shown_axis("all")
        ('coronal', 'axial')
    """
    return "axial" if axis == ALL_AXES else axis


def slice_order(volume: Volume, axis: str) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """How to lay the array out as display slices along an axis.

    Axial slices follow one another towards the head, with anterior up and the patient's left on
    the right; coronal and sagittal ones have the head up. The network so sees the anatomy the
    way it was trained, however the file happens to be stored.

    Args:
        volume: whose array it is.
        axis: "axial", "coronal", "sagittal", or "native" for the array's own k slices as stored.

    Returns:
        The permutation of the array's axes and the axes to flip after it, for `to_slices`.
    """
    if axis == "native":
        return (0, 1, 2), ()
    if axis not in AXES:
        raise MedFusionError(
            f"There is no slice axis '{axis}'; choose axial, coronal, sagittal or native."
        )
    steps = volume.direction[:, ::-1]  # columns now in array order k, j, i
    # the array axis for each of L, P, S: the assignment with the largest total cosine
    from itertools import permutations

    best = max(permutations(range(3)), key=lambda p: sum(abs(steps[w, p[w]]) for w in range(3)))
    sign = [np.sign(steps[world, best[world]]) for world in range(3)]
    # slices, rows, columns as LPS axes with the sense in which they grow
    layout = {
        "axial": ((2, 1), (1, 1), (0, 1)),
        "coronal": ((1, 1), (2, -1), (0, 1)),
        "sagittal": ((0, 1), (2, -1), (1, 1)),
    }[axis]
    order = triple(best[world] for world, _ in layout)
    flips = tuple(n for n, (world, sense) in enumerate(layout) if sign[world] * sense < 0)
    return order, flips


def to_slices(array: np.ndarray, order: tuple[int, ...], flips: tuple[int, ...]) -> np.ndarray:
    """A view of the array as (slices, rows, columns); undone by `from_slices`."""
    return np.flip(array.transpose(order), flips)


def from_slices(slices: np.ndarray, order: tuple[int, ...], flips: tuple[int, ...]) -> np.ndarray:
    """The inverse of `to_slices`."""
    return np.flip(slices, flips).transpose(np.argsort(order))


def slice_at(
    volume: Volume, point: Sequence[float], order: tuple[int, ...], flips: tuple[int, ...]
) -> int:
    """Number of the slice of `to_slices` nearest to an LPS point in mm; may lie outside.

    Example:
        >>> head = Volume(np.zeros((4, 2, 2)), spacing=(1, 1, 5))
        >>> slice_at(head, (0, 0, 11), *slice_order(head, "axial"))
        2
    """
    index = np.linalg.solve(volume.matrix, [*point, 1])[:3][::-1]
    number = round(float(index[order[0]]))
    return volume.shape[order[0]] - 1 - number if 0 in flips else number


def voxel_at(volume: Volume, point: Sequence[float]) -> tuple[int, int, int]:
    """The voxel (k, j, i) nearest to an LPS point in mm.

    Raises:
        MedFusionError: the point lies outside.

    Example:
        >>> voxel_at(Volume(np.zeros((4, 2, 2)), spacing=(1, 1, 5)), (0, 1, 11))
        (2, 1, 0)
    """
    index = np.linalg.solve(volume.matrix, [*point, 1])[:3][::-1]
    voxel = triple(int(n) for n in np.floor(index + 0.5))
    if not all(0 <= n < size for n, size in zip(voxel, volume.shape, strict=True)):
        raise MedFusionError(f"This point lies outside of {volume.name}; choose another one.")
    return voxel


def stored_axis(volume: Volume) -> str:
    """The axis along which the volume's slices were stored: "axial", "coronal" or "sagittal"."""
    return next(axis for axis in AXES if slice_order(volume, axis)[0][0] == 0)
