"""Tables as CSV that a spreadsheet shows and does not run."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .printable import printable

#: what a spreadsheet takes for the start of a formula, at the start of a cell or behind what it
#: takes for the end of one: OWASP, CSV Injection, with the full-width letters of that list
_FORMULA = re.compile(r"""(^|[,;|\t\r\n"])(\s*)(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])""")


def plain_cell(value: Any) -> Any:
    """A value for a CSV; text that a spreadsheet would run as a formula gets a ' before it.

    Also behind commas, semicolons and the like within the text: which of them parts cells depends
    on the country. Control characters are spelled out: a NUL ends a table. Numbers stay as they
    are, also where they are written as text.

    Example:
        >>> plain_cell("=HYPERLINK(A1)"), plain_cell("x;=1+1"), plain_cell("-0.5")
        ("'=HYPERLINK(A1)", "x;'=1+1", '-0.5')
    """
    if not isinstance(value, str):
        return value
    try:
        float(value)
    except ValueError:
        return _FORMULA.sub(r"\1\2'", printable(value, keep="\t\r\n"))
    return value


def write_csv(path: str | Path, rows: Iterable[Iterable[Any]]) -> None:
    """Write rows of cells, the heads first; None becomes an empty cell.

    Example:
        >>> write_csv("table.csv", [["id", "ssim"], ["p001", 0.8]])  # doctest: +SKIP
    """
    with Path(path).open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([plain_cell(cell) for cell in row] for row in rows)
