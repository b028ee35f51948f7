"""What the tissues of the digital head look like in each modality."""

from __future__ import annotations

from typing import NamedTuple


class Tissue(NamedTuple):
    """What one tissue looks like: Hounsfield units, arbitrary MR units, SUV of FDG."""

    hu: float
    t1: float
    t2: float
    suv: float


#: The tissues in the order of their labels. HU and SUV are typical of adults; the MR contrasts are
#: those of a T1-weighted gradient echo and a T2-weighted spin echo.
TISSUES = {
    "air": Tissue(-1000, 0, 0, 0),
    "skin": Tissue(35, 380, 180, 0.7),
    "fat": Tissue(-90, 900, 520, 0.3),
    "muscle": Tissue(45, 340, 170, 0.8),
    "mucosa": Tissue(40, 400, 600, 1.4),
    "bone": Tissue(1250, 40, 30, 0.3),
    "marrow": Tissue(480, 420, 260, 0.7),
    "dura": Tissue(55, 330, 160, 1.2),
    "eye": Tissue(15, 160, 950, 0.3),
    "lens": Tissue(70, 420, 130, 0.3),
    "csf": Tissue(8, 150, 1000, 0.2),
    "grey": Tissue(38, 500, 540, 8.5),
    "white": Tissue(29, 740, 370, 2.4),
    "deep grey": Tissue(38, 560, 480, 8.8),
    "cerebellum": Tissue(38, 510, 520, 7.2),
    "brainstem": Tissue(31, 680, 400, 4.0),
}
LABELS = {name: label for label, name in enumerate(TISSUES)}
