"""The tables of the evidence pages: numbers in a JSON beside the page, drawn between its marks.

    python tools/evidence.py [PAGE ...]

draws the tables of docs/evidence/PAGE.md anew from PAGE.json (default: of every page), without
measuring anything. The JSON holds block -> name -> table; what stands in the page between

    <!-- begin: BLOCK -->
    <!-- end: BLOCK -->

comes from it alone. The tools that measure call `keep`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from MedFusionLib.evaluation.numbers import short

FOLDER = Path(__file__).parents[1] / "docs" / "evidence"
BANDS, EVALUATION, PUBLICATIONS = (
    FOLDER / f"{name}.md" for name in ("bands", "evaluation", "publications")
)
MARKS = re.compile(
    r"(?P<begin><!-- begin: (?P<block>.+?) -->\n).*?(?P<end><!-- end: (?P=block) -->)", re.DOTALL
)
ARROWS = {"higher": " ↑", "lower": " ↓"}
#: a number, both ends of an interval, or None where there is none
Value = float | list[float] | None


@dataclass(frozen=True)
class Table:
    """One small table, a number in a cell.

    Attributes:
        rows: row -> column -> value; every row has the same columns.
        title: above it.
        note: below it.
        digits: after the point, of each column or of all; None: as many as count.
        signed: whether a plus is written.
        better: column -> "higher" or "lower"; it gets an arrow, and its best value is bold.
        unranked: rows that are not compared with the others.
        folded: whether a reader has to click on the title to see it.
    """

    rows: dict[str, dict[str, Value]]
    title: str = ""
    note: str = ""
    digits: int | dict[str, int] | None = None
    signed: bool = False
    better: dict[str, str] = field(default_factory=dict)
    unranked: list[str] = field(default_factory=list)
    folded: bool = False

    def draw(self) -> str:
        """The Markdown.

        Example:
            >>> print(Table({"gff": {"VIF": 0.6}, "bands": {"VIF": 0.7}}, digits=2).draw())
            | | VIF |
            |---|---|
            | gff | 0.60 |
            | bands | 0.70 |
        """
        columns = list(next(iter(self.rows.values())))
        heads = [column + ARROWS.get(self.better.get(column, ""), "") for column in columns]
        lines = [f"| | {' | '.join(heads)} |", "|---|" + "---|" * len(columns)]
        best = {column: self._best(column) for column in columns}
        for name, row in self.rows.items():
            cells = [self._cell(column, row[column]) for column in columns]
            for n, column in enumerate(columns):
                if row[column] is not None and row[column] == best[column]:
                    cells[n] = cells[n] if name in self.unranked else f"**{cells[n]}**"
            lines.append(f"| {name} | {' | '.join(cells)} |")
        parts = [f"**{self.title}**" if self.title else "", "\n".join(lines), self.note]
        if self.folded:
            parts = [f"<details><summary>{self.title}</summary>", *parts[1:], "</details>"]
        return "\n\n".join(part for part in parts if part)

    def _cell(self, column: str, value: Value) -> str:
        if value is None:
            return "–"
        if isinstance(value, list):
            return " to ".join(self._cell(column, end) for end in value)
        digits = self.digits.get(column) if isinstance(self.digits, dict) else self.digits
        if digits is None:
            return short(value)
        return f"{value:{'+' if self.signed else ''}.{digits}f}"

    def _best(self, column: str) -> Value:
        ranked = [row[column] for name, row in self.rows.items() if name not in self.unranked]
        numbers = [value for value in ranked if isinstance(value, int | float)]
        if column not in self.better or not numbers:
            return None
        return max(numbers) if self.better[column] == "higher" else min(numbers)


def keep(page: Path, block: str, tables: dict[str, Table]) -> None:
    """Put a block's tables into the JSON beside a page, and draw them there.

    Raises:
        SystemExit: the page has no marks for the block.
    """
    text = page.read_text(encoding="utf-8")
    if block not in (match["block"] for match in MARKS.finditer(text)):
        raise SystemExit(f"{page.name} has no lines <!-- begin: {block} --> and <!-- end: ... -->.")
    file = page.with_suffix(".json")
    found = read(file) if file.is_file() else {}
    found[block] = {name: _as_json(table) for name, table in tables.items()}
    file.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    page.write_text(drawn(text, found), encoding="utf-8")


def read(file: Path) -> dict[str, Any]:
    """What a JSON holds."""
    return json.loads(file.read_text(encoding="utf-8"))


def drawn(text: str, found: dict[str, Any]) -> str:
    """A page with the blocks that a JSON holds, drawn from it."""

    def block(match: re.Match[str]) -> str:
        if match["block"] not in found:
            return match[0]
        tables = [Table(**table).draw() for table in found[match["block"]].values()]
        return match["begin"] + "\n" + "\n\n".join(tables) + "\n\n" + match["end"]

    return MARKS.sub(block, text)


def pages(*names: str) -> Iterator[Path]:
    """The pages of these names, or all, that have a JSON."""
    for page in sorted(FOLDER.glob("*.md")):
        if page.with_suffix(".json").is_file() and (not names or page.stem in names):
            yield page


def _as_json(table: Table) -> dict[str, Any]:
    """The fields that say something; numbers with six digits that count."""
    empty = {one.name: one.default for one in fields(Table)} | {"better": {}, "unranked": []}
    found = {name: value for name, value in asdict(table).items() if value != empty[name]}
    found["rows"] = {
        name: {column: _rounded(value) for column, value in row.items()}
        for name, row in table.rows.items()
    }
    return found


def _rounded(value: Any) -> Value:
    """For the JSON: NaN is None, an interval a list."""
    if isinstance(value, list | tuple):
        return [float(f"{end:.6g}") for end in value]
    return None if value is None or value != value else float(f"{value:.6g}")


def main(*names: str) -> None:
    """Draw the tables of pages anew."""
    for page in pages(*names):
        text = page.read_text(encoding="utf-8")
        page.write_text(drawn(text, read(page.with_suffix(".json"))), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
