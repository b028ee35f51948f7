"""Planted truth: three things that one modality alone shows."""

from __future__ import annotations

from .shapes import Ellipsoid
from .tissues import TISSUES

#: Planted truth: centre and half axes; all of it in deep white matter, three ways apart.
TRUTH = {
    "lesion": Ellipsoid((32, -8, 34), (7, 7, 7)),
    "calcification": Ellipsoid((-31, 22, 33), (4.5, 4.5, 4.5)),
    "oedema": Ellipsoid((-30, -24, 33), (8, 10, 8)),
}
#: Which modality shows it, and its value there.
SHOWS = {"lesion": "pet", "calcification": "ct", "oedema": "mr"}
TRUTH_TISSUE = {
    "lesion": TISSUES["white"]._replace(suv=14.0),
    "calcification": TISSUES["white"]._replace(hu=230),
    "oedema": TISSUES["white"]._replace(t1=430, t2=780),
}
