"""Elastix beside our check of the alignment, on the same cases, into docs/understand/alignment.md.

    python tools/compare_elastix.py DATA [TRIALS]

It needs PyPI's itk-elastix (0.25.4 was tried), which brings 1.7 GB of ITK: install it into an
environment of its own, beside this library. Elastix' own rigid parameters are used as they come
(Klein et al., elastix, IEEE TMI 2010: Mattes mutual information, 4 resolutions, 2048 samples,
adaptive stochastic gradient descent), on the volumes in their own units, from where they lie. What
moves the head's surface by more than 4 mm counts as off, the rest as registered; Elastix says
nothing of how sure it is. TRIALS of each pair, default 10, are the first ones of
`refresh_alignment.py`, from which the pairs and their random errors come.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import itk
import numpy as np
import SimpleITK as sitk
from refresh_alignment import (
    HEAD,
    REAL_TRIALS,
    distance,
    hard_pairs,
    measured,
    phantom_pairs,
    real_pairs,
    row,
    write_block,
)

from MedFusionLib.sources.alignment import Alignment, head_surface, measure_alignment
from MedFusionLib.sources.volumes import Volume


def main() -> None:
    """Replace the block between the marks."""
    data = Path(sys.argv[1])
    trials = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    cases = [
        (name, pair, trials, number)
        for number, (name, pair) in enumerate({**phantom_pairs(), **hard_pairs()}.items())
    ]
    cases += [(name, pair, min(trials, REAL_TRIALS), 0) for name, pair in real_pairs(data).items()]
    rows, seconds, count = [], dict.fromkeys(MEASURES, 0.0), 0
    for name, pair, number, seed in cases:
        for by, measure in MEASURES.items():
            began = time.process_time()
            rows.append(row(f"{name}, {by}", *measured(*pair, number, seed, measure)))
            seconds[by] += time.process_time() - began
            print(rows[-1], flush=True)
        count += number
    spent = ", ".join(f"{by} {total / count:.1f}" for by, total in seconds.items())
    write_block(
        "elastix",
        "\n".join([HEAD, *rows]),
        f"Processor seconds a trial, one thread, on a busy machine: {spent}.",
    )
    print(spent)


def by_elastix(reference: Volume, moving: Volume, modality: str) -> Alignment:
    """What Elastix' rigid registration finds, without a spread."""
    parameters = itk.ParameterObject.New()
    parameters.AddParameterMap(parameters.GetDefaultParameterMap("rigid"))
    try:
        _, found = itk.elastix_registration_method(
            _image(reference),
            _image(moving),
            parameter_object=parameters,
            log_to_console=False,
            number_of_threads=1,
        )
    except RuntimeError:  # too many samples lie outside of the moving volume
        return Alignment(np.eye(4), 0.0, 0.0, "Elastix gave up")
    matrix = np.linalg.inv(_matrix(found.GetParameterMap(0)))
    return Alignment(matrix, distance(head_surface(reference), matrix), 0.0)


MEASURES = {"our check": measure_alignment, "Elastix": by_elastix}


def _image(volume: Volume) -> itk.Image:
    image = itk.GetImageFromArray(volume.array)
    image.SetSpacing(volume.spacing)
    image.SetOrigin(volume.origin)
    image.SetDirection(itk.matrix_from_array(volume.direction))
    return image


def _matrix(parameters: dict[str, list[str]]) -> np.ndarray:
    """4 x 4, LPS, of an EulerTransform: from the reference to the moving volume."""
    transform = sitk.Euler3DTransform()
    transform.SetComputeZYX(parameters["ComputeZYX"][0] == "true")
    transform.SetCenter([float(x) for x in parameters["CenterOfRotationPoint"]])
    transform.SetParameters([float(x) for x in parameters["TransformParameters"]])
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(transform.GetMatrix(), (3, 3))
    matrix[:3, 3] = transform.TransformPoint((0, 0, 0))
    return matrix


if __name__ == "__main__":
    main()
