"""Do the volumes lie on each other? How far is the second off, and what brings it back?

A rigid registration by mutual information (Mattes et al. 2003, 10.1109/TMI.2003.809072), as
SimpleITK has it, from coarse to fine. It is tried twice: from where the volumes lie, and from a
place nudged away from the first answer. Where the two answers differ, the alignment is unknown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Cancelled, MedFusionError
from ..report import AlignmentReport
from .background import background_level, background_mask, without_gaps
from .hounsfield import in_hounsfield
from .intensities import choose_window
from .volumes import Volume, check_values, to_sitk

if TYPE_CHECKING:
    import SimpleITK as sitk

#: what to do about the alignment before a fusion
ALIGN = ("off", "check", "apply")
TOLERANCE = 4.0  # mm at the head's surface that count as registered: what PET and SPECT resolve
DOUBT = 3.0  # mm: answers further apart than this say nothing
COARSE, FINE = 4.0, 2.0  # mm: voxels that the volumes are averaged to
SAMPLES = 20_000  # voxels that are compared in each step
BINS = 32  # of the joint histogram, each way
SEED = 7
CT_RANGE = (-200.0, 500.0)  # HU: fat to soft bone; the brain's window would lose the skull
NUDGE = 6.0  # mm and degrees


@dataclass(frozen=True, eq=False)
class Alignment:
    """How far a volume is off the reference, by a registration.

    Attributes:
        matrix: 4 x 4, LPS: takes a point of the volume to where it belongs in the reference.
        displacement: mm that `matrix` moves the head's surface, where it moves it most.
        spread: mm between two answers from two starts, measured in the same way.
        problem: why nothing could be measured, or "".

    Example:
        >>> off = Alignment(np.eye(4), displacement=7.2, spread=0.4)
        >>> off.verdict, off.words
        ('off', 'about 7 mm off')
        >>> Alignment(np.eye(4), 1.0, 0.2).words
        'registered within 1.2 mm'
        >>> Alignment(np.eye(4), 4.4, 1.3).words
        'perhaps 3.1 to 5.7 mm off'
        >>> Alignment(np.eye(4), 40.0, 26.0).verdict
        'unknown'
    """

    matrix: np.ndarray
    displacement: float
    spread: float
    problem: str = ""

    @property
    def verdict(self) -> str:
        """ "registered", "off", or "unknown" where the measurement cannot tell the two apart."""
        if self.problem or self.spread > DOUBT:
            return "unknown"
        if self.displacement + self.spread <= TOLERANCE:
            return "registered"
        return "off" if self.displacement - self.spread > TOLERANCE else "unknown"

    @property
    def words(self) -> str:
        """The verdict in a few words."""
        if self.verdict == "registered":
            return f"registered within {max(self.displacement + self.spread, 0.1):.1f} mm"
        if self.verdict == "off":
            return f"about {self.displacement:.0f} mm off"
        if self.problem:
            return self.problem
        if self.spread > DOUBT:
            return "the volumes have too little in common"
        least = max(self.displacement - self.spread, 0)
        return f"perhaps {least:.1f} to {self.displacement + self.spread:.1f} mm off"

    def warning(self, moving: str, reference: str) -> str:
        """A sentence for the user, with the names of both volumes; "" where all is well."""
        if self.verdict == "off":
            return (
                f"{moving} lies {self.words} {reference}; align them before you trust the colours."
            )
        if self.verdict == "unknown":
            return (
                f"Whether {moving} lies on {reference} is not known ({self.words}); look at both."
            )
        return ""


def measure_alignment(
    reference: Volume,
    moving: Volume,
    modality: str,
    cancelled: Callable[[], bool] | None = None,
) -> Alignment:
    """Measure how far a volume is off the MR. The same input gives the same answer.

    Rigid errors up to about 20 mm and 15 degrees are found. A head that is mirrored is not: its
    two halves look alike.

    Args:
        reference: the MR.
        moving: the CT, PET or SPECT, on any grid.
        modality: "ct", "pet" or "spect".
        cancelled: asked between the steps.

    Returns:
        The alignment; it never fails on a pair that can be fused, but says "unknown".

    Raises:
        Cancelled: the cancel flag was set.

    Example:
        >>> from MedFusionLib.phantom.head import make_phantom
        >>> head = make_phantom((32, 48, 48))
        >>> measure_alignment(head.t1, head.ct, "ct").verdict
        'registered'
    """
    if min(*reference.shape, *moving.shape) < 4:
        return _unknown("a volume has fewer than 4 slices")
    try:
        return _measure(reference, moving, modality, cancelled)
    except Cancelled:
        raise
    except (RuntimeError, MedFusionError):  # of ITK: nothing of the one lies inside the other
        return _unknown("the volumes hardly overlap")


def _measure(
    reference: Volume, moving: Volume, modality: str, cancelled: Callable[[], bool] | None
) -> Alignment:
    reference, moving = without_gaps(reference, "mr"), without_gaps(moving, modality)
    small = averaged(reference, FINE), averaged(moving, FINE)
    surface = head_surface(small[0])
    if not len(surface):
        return _unknown("the MR shows no head")
    fine = _scaled(small[0], "mr"), _scaled(small[1], modality)
    fixed, moved = (to_sitk(averaged(_volume(image), COARSE)) for image in fine)
    start = _rigid(surface.mean(axis=0))
    shift = _centre_of_mass(moved) - _centre_of_mass(fixed)
    starts = [start]
    if np.linalg.norm(shift) > COARSE:
        starts.append(_rigid(surface.mean(axis=0), shift))

    def search(
        starts: Sequence[sitk.Euler3DTransform],
    ) -> tuple[float, sitk.Euler3DTransform]:
        """The best answer on coarse voxels from all starts, then refined on fine ones."""
        answers = []
        for start in starts:
            if cancelled and cancelled():
                raise Cancelled
            answers.append(_search(fixed, moved, start, (2, 1), COARSE))
        _, place = min(answers, key=lambda answer: answer[0])
        return _search(*fine, place, (1,), FINE / 2)

    with _one_thread():
        best = search(starts)
        again = search([_nudged(best[1])])
    (_, place), (_, other) = sorted((best, again), key=lambda answer: answer[0])
    to_volume = _matrix(place)
    return Alignment(
        np.linalg.inv(to_volume),
        _distance(surface, to_volume, np.eye(4)),
        _distance(surface, to_volume, _matrix(other)),
    )


def align_volumes(
    volumes: Sequence[Volume],
    modalities: Sequence[str],
    how: str,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[list[Volume], list[Alignment]]:
    """Measure all volumes against the first one, and move them where that is wanted and known.

    Args:
        volumes: the reference (MR) first.
        modalities: of each.
        how: one of `ALIGN`.
        cancelled: asked between the steps.

    Returns:
        The volumes, and an alignment of each but the first (none where `how` is "off").

    Raises:
        MedFusionError: there is no such `how`, or a volume that cannot be fused.
        Cancelled: the cancel flag was set.
    """
    if how not in ALIGN:
        raise MedFusionError(f"There is no alignment '{how}'; choose one of: {', '.join(ALIGN)}.")
    reference, *others = volumes
    if how == "off":
        return list(volumes), []
    for volume in volumes:
        check_values(volume, gaps=True)
    found = [
        measure_alignment(reference, volume, modality, cancelled)
        for volume, modality in zip(others, modalities[1:], strict=True)
    ]
    if how == "apply":
        others = [
            volume if part.verdict == "unknown" else moved(volume, part.matrix)
            for volume, part in zip(others, found, strict=True)
        ]
    return [reference, *others], found


def alignment_rows(
    found: Sequence[Alignment], names: Sequence[str], applied: bool = False
) -> tuple[AlignmentReport, ...]:
    """What was found of each volume but the first, for the report.

    Args:
        found: as `align_volumes` gives it; may be empty.
        names: of all the volumes, the reference first.
        applied: whether what is known was also moved.

    Returns:
        A row for each.
    """
    rows = []
    for part, name in zip(found, names[1:], strict=False):
        done = applied and part.verdict != "unknown"
        warning = "" if done else part.warning(name, names[0])
        rows.append(
            AlignmentReport(
                name,
                part.verdict,
                part.words,
                round(part.displacement, 2),
                round(part.spread, 2),
                np.round(part.matrix, 6).tolist(),
                done,
                warning,
            )
        )
    return tuple(rows)


def moved(volume: Volume, matrix: np.ndarray) -> Volume:
    """The same voxels at another place: nothing is interpolated.

    Args:
        volume: what to move.
        matrix: 4 x 4, rigid, LPS.

    Example:
        >>> shift = np.eye(4)
        >>> shift[:3, 3] = 1, 2, 3
        >>> moved(Volume(np.zeros((2, 2, 2))), shift).origin
        (1.0, 2.0, 3.0)
    """
    origin = (matrix @ [*volume.origin, 1])[:3]
    direction = matrix[:3, :3] @ volume.direction
    return replace(volume, origin=tuple(origin), direction=direction)


def head_surface(reference: Volume) -> np.ndarray:
    """Points on the surface of what an MR shows, (n, 3) in LPS mm, about 4 mm apart."""
    from scipy import ndimage

    grid = averaged(reference, COARSE)
    head = ndimage.binary_opening(~background_mask(grid, background_level(grid, "mr")))
    parts, count = ndimage.label(head)
    if not count:
        return np.empty((0, 3))
    head = ndimage.binary_fill_holes(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]))
    k, j, i = np.nonzero(head & ~ndimage.binary_erosion(head))
    return (grid.matrix @ np.stack([i, j, k, np.ones_like(i)]))[:3].T


def _unknown(problem: str) -> Alignment:
    return Alignment(np.eye(4), 0.0, 0.0, problem)


def averaged(volume: Volume, step: float) -> Volume:
    """The volume with as many voxels averaged as make voxels of about `step` mm."""
    import SimpleITK as sitk

    sizes = zip(volume.spacing, volume.shape[::-1], strict=True)
    counts = [max(1, min(round(step / spacing), size // 4)) for spacing, size in sizes]
    small = _volume(sitk.BinShrink(to_sitk(volume), counts), volume.name)
    return replace(small, units=volume.units)


def _volume(image: sitk.Image, name: str = "volume") -> Volume:
    import SimpleITK as sitk

    array = sitk.GetArrayFromImage(image)
    direction = np.reshape(image.GetDirection(), (3, 3))
    return Volume(array, image.GetSpacing(), image.GetOrigin(), direction, name)


def _scaled(volume: Volume, modality: str) -> sitk.Image:
    import SimpleITK as sitk

    limits = CT_RANGE
    if modality != "ct" or not in_hounsfield(volume):
        window = choose_window(volume, modality)
        limits = window.lower, window.shoulder or window.upper
    return sitk.IntensityWindowing(to_sitk(volume), *limits, 0.0, 1.0)


def _centre_of_mass(image: sitk.Image) -> np.ndarray:
    import SimpleITK as sitk
    from scipy import ndimage

    k, j, i = ndimage.center_of_mass(sitk.GetArrayViewFromImage(image) + np.float32(1e-9))
    return np.array(image.TransformContinuousIndexToPhysicalPoint((i, j, k)))


def _rigid(centre: np.ndarray, shift: Sequence[float] = (0, 0, 0)) -> sitk.Euler3DTransform:
    import SimpleITK as sitk

    transform = sitk.Euler3DTransform()
    transform.SetCenter([float(x) for x in centre])
    transform.SetTranslation([float(x) for x in shift])
    return transform


def _nudged(transform: sitk.Euler3DTransform) -> sitk.Euler3DTransform:
    import SimpleITK as sitk

    nudged = sitk.Euler3DTransform(transform)
    sense = np.array([1, -1, 1]) / np.sqrt(3)
    angles = np.array([transform.GetAngleX(), transform.GetAngleY(), transform.GetAngleZ()])
    nudged.SetRotation(*(angles + np.radians(NUDGE) * sense).tolist())
    nudged.SetTranslation((np.array(transform.GetTranslation()) + NUDGE * sense).tolist())
    return nudged


def _search(
    fixed: sitk.Image,
    moving: sitk.Image,
    start: sitk.Euler3DTransform,
    levels: tuple[int, ...],
    step: float,
) -> tuple[float, sitk.Euler3DTransform]:
    """The rigid transform of the most mutual information, and that information, negative."""
    import SimpleITK as sitk

    count = np.prod(fixed.GetSize())
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    # slopes of what is interpolated, at the samples alone: filtered ones of the whole volume took
    # longer, and brought CT and PET less well into place
    method.MetricUseMovingImageGradientFilterOff()
    method.SetMetricSamplingStrategy(method.RANDOM)
    parts = [float(min(1, SAMPLES * level**3 / count)) for level in levels]
    method.SetMetricSamplingPercentagePerLevel(parts, SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=step, minStep=0.05, numberOfIterations=100, relaxationFactor=0.7
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(levels)
    method.SetSmoothingSigmasPerLevel([FINE * level if len(levels) > 1 else 0 for level in levels])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    transform = sitk.Euler3DTransform(start)
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(fixed, moving)
    return method.GetMetricValue(), transform


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Several threads add up in another order each time, and the answers would differ slightly."""
    import SimpleITK as sitk

    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def _matrix(transform: sitk.Euler3DTransform) -> np.ndarray:
    """4 x 4, from the reference to the volume (as ITK resamples)."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(transform.GetMatrix(), (3, 3))
    matrix[:3, 3] = transform.TransformPoint((0.0, 0.0, 0.0))
    return matrix


def _distance(points: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """The largest distance in mm between where two matrices take the same point."""
    difference = first - second
    return float(np.linalg.norm(points @ difference[:3, :3].T + difference[:3, 3], axis=1).max())
