"""The plane of a slice view, and the sources in it."""

import numpy as np
from slicer.i18n import tr as _

from MedFusionLib.results.nodes import FLIP
from MedFusionLib.sources.prepare import Sources
from MedFusionLib.sources.volumes import ALL_AXES, AXES, Volume, resample, shown_axis, slice_order

PARALLEL = 0.999  # cosine: about 2.5 degrees, below which a plane counts as the grid's own
PIXELS = 512  # rows and columns of an oblique slice at most


class Plane:
    """What a slice view shows, in LPS.

    Attributes:
        right, down, normal: unit vectors.
        centre: mm.
        size: mm, width and height.
    """

    def __init__(self, sliceNode):
        matrix = sliceNode.GetSliceToRAS()
        ras = [[matrix.GetElement(row, column) for column in range(4)] for row in range(4)]
        lps = FLIP @ np.array(ras)
        self.right, up, self.normal = (lps[:3, n] / np.linalg.norm(lps[:3, n]) for n in range(3))
        self.down = -up
        self.centre = tuple(lps[:3, 3].tolist())
        self.size = tuple(sliceNode.GetFieldOfView()[:2])

    @property
    def values(self):
        """Equal for equal planes."""
        vectors = (self.right, self.down, self.centre, self.size)
        return tuple(round(float(x), 6) for vector in vectors for x in vector)


def cut(sources, plane, axis):
    """Sources in which a plane is a slice, and along which axis.

    Args:
        sources: `MedFusionLib.sources.prepare.Sources` of whole volumes.
        plane: the plane.
        axis: of the whole fusion, which is taken where several would do.

    Returns:
        (the sources themselves, "axial", "coronal", "sagittal" or "native") where the plane lies
        along their grid; else (the sources resampled onto the plane, "oblique").
    """
    reference = sources.reference
    for name in (shown_axis(axis), *AXES, "native"):
        order, _flips = slice_order(reference, name)
        if abs(reference.direction[:, 2 - order[0]] @ plane.normal) > PARALLEL:
            return sources, name
    return _resampled(sources, plane), "oblique"


def _resampled(sources, plane):
    step = min(sources.reference.spacing)
    step = max(step, max(plane.size) / PIXELS)
    columns, rows = (max(2, round(length / step)) for length in plane.size)
    corner = np.array(plane.centre)
    corner = corner - plane.right * step * (columns - 1) / 2 - plane.down * step * (rows - 1) / 2
    normal = np.cross(plane.right, plane.down)
    grid = Volume(
        np.zeros((1, rows, columns), np.float32),
        (step, step, step),
        tuple(corner),
        np.stack([plane.right, plane.down, normal], axis=1),
        sources.reference.name,
    )
    volumes = [resample(volume, grid, float(volume.array.min())) for volume in sources.volumes]
    background, inside = resample(
        sources.reference.like(sources.background.astype(np.float32), "background"), grid, 1
    )
    return Sources(
        tuple(volume for volume, _inside in volumes),
        sources.modalities,
        sources.windows,
        (background.array > 0.5) | ~inside,
        sources.coverage,
        (),
    )


def axesInWords():
    """What the slices along an axis are called."""
    return {
        "axial": _("axial"),
        "coronal": _("coronal"),
        "sagittal": _("sagittal"),
        "native": _("as stored"),
        ALL_AXES: _("mean of three axes"),
    }
