"""Plain blending: what clinicians use where nothing is fused, to compare with."""

from __future__ import annotations

from dataclasses import dataclass

from ..report import InputReport

#: the colour table of Slicer that each modality is usually shown in
SLICER_TABLES = {"ct": "Grey", "pet": "PET-Heat", "spect": "PET-Heat", "mr": "Grey"}
IN_WORDS = {"Grey": "grey", "PET-Heat": "hot metal"}


@dataclass(frozen=True)
class Blending:
    """The second source in a colour table over the first.

    Attributes:
        table: name of the colour node in Slicer, such as "PET-Heat".
        opacity: of the second source, 0 to 1.
        lower: value of the second source that is shown as the table's first colour.
        upper: value that is shown as its last.
        words: what is seen, with the range, for a label.
    """

    table: str
    opacity: float
    lower: float
    upper: float
    words: str


def plain_blending(source: InputReport, opacity: float = 0.5) -> Blending:
    """How Slicer shows a second source over the MR.

    Args:
        source: its entry in `Fusion.report.inputs`.
        opacity: of the second source.

    Example:
        >>> plain_blending(InputReport("FDG", "pet", (0, 8.5), "", 1.0)).words
        'PET in hot metal over the MR at 50 %, 0 to 8.5'
    """
    modality, (lower, upper) = source.modality, source.window
    table = SLICER_TABLES[modality]
    unit = " HU" if modality == "ct" and lower < 0 else ""
    words = (
        f"{modality.upper()} in {IN_WORDS[table]} over the MR at {100 * opacity:.0f} %, "
        f"{lower:.4g} to {upper:.4g}{unit}"
    )
    return Blending(table, opacity, float(lower), float(upper), words)
