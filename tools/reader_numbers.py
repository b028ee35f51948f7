"""The numbers in the tables of docs/evidence/reader.md, each with its value in reader.json.

refresh_reader.py writes both; check_numbers.py compares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: display -> condition -> what was kept; beside these what the set holds
Set = dict[str, dict]
SECOND = "non-prewhitening"
#: condition of the tables of lesions of a set, in the page's order
OBSERVERS = ("usual", SECOND)
NUMBER = re.compile(r"-?\d+\.\d+")


def by_display(found: dict[str, dict]) -> dict[str, Set]:
    """reader.json with `kept` as display -> condition -> entry, so that places can be named."""
    sets = {}
    for name, one in found.items():
        if "kept" not in one:  # three sources
            continue
        kept: dict[str, dict] = {}
        for entry in one["kept"]:
            kept.setdefault(entry["display"], {})[entry["condition"]] = entry
        sets[name] = one | {"kept": kept}
    return sets


def numbers(page: str, sets: dict[str, Set]) -> Iterator[tuple[str, str, float]]:
    """(where, number as shown, value) of each cell that the JSON holds."""
    summary, measured = (
        page.split(f"<!-- begin: {block} -->")[1].split(f"<!-- end: {block} -->")[0]
        for block in ("summary", "measured")
    )
    yield from _summary(next(_tables(summary)), sets)
    sections = measured.split("\n### ")[1:]
    for section, (name, one) in zip(sections, sets.items(), strict=True):
        observers = iter(OBSERVERS)
        for table in _tables(section):
            if table[0][0] == "display":
                cells = _displays(table, one)
            elif table[0][0] == "":
                cells = _lesions(table, one, next(observers))
            else:
                continue
            for where, shown, value in cells:
                yield f"{name}, {where}", shown, value


def _tables(text: str) -> Iterator[list[list[str]]]:
    """The tables of a text: heads, and rows of cells."""
    for block in re.findall(r"(?m)(?:^\|.*\n)+", text):
        rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in block.splitlines()]
        yield [rows[0], *rows[2:]]


def _summary(table: list[list[str]], sets: dict[str, Set]) -> Iterator[tuple[str, str, float]]:
    """Worst, mean, and worst for deutan, of each set."""
    for name, *cells in table[1:]:
        for title, cell in zip(table[0][1:], cells, strict=True):
            if not cell:
                continue
            kept = sets[f"{title.replace(', ', '-')}, main"]["kept"][name]
            values = kept["usual"]["worst"], kept["usual"]["mean"], kept["deutan"]["worst"]
            for shown, value in zip(NUMBER.findall(cell)[:3], values, strict=True):
                yield f"summary, {name}, {title}", shown, value


def _displays(table: list[list[str]], one: Set) -> Iterator[tuple[str, str, float]]:
    """A line for each display."""
    for name, *cells in table[1:]:
        for title, cell in zip(table[0][1:], cells, strict=True):
            values = _values(title, one, name)
            for shown, value in zip(NUMBER.findall(cell), values, strict=False):
                yield f"{name}, {title}", shown, value


def _values(title: str, one: Set, name: str) -> list[float]:
    """What a column shows of a display: one number, or one with its interval."""
    conditions = one["kept"][name]
    measure, _, condition = title.partition(", ")
    usual = conditions["usual"]
    if title in ("worst", "mean"):
        return [usual[title], *usual[f"{title}_interval"]]
    if title == "false":
        return [usual["false"]]
    condition = SECOND if condition == "NPW" else condition
    if condition in conditions:
        return [conditions[condition][measure]]
    kind = "lesion" if title == "all lesions, worst" else title
    of_kind = [
        value
        for question, value in zip(one["questions"], usual["kept"], strict=True)
        if question["kind"] == kind
    ]
    return [min(of_kind)] if of_kind else []


def _lesions(table: list[list[str]], one: Set, observer: str) -> Iterator[tuple[str, str, float]]:
    """A line for each question: d' in the sources, then a column for each display."""
    sources = one["d_prime_in_sources"][observer]
    for n, (question, first, *cells) in enumerate(table[1:]):
        yield f"{question}, d'", first, sources[n]
        for display, cell in zip(table[0][2:], cells, strict=True):
            kept = one["kept"][display][observer]["kept"][n]
            yield f"{observer}, {question}, {display}", cell, kept
