"""Check numbers in the documents against the committed results, and links of the README.

    python tools/check_numbers.py

The tables of docs/evidence/NAME.md that NAME.json holds must be what is drawn of it. A
number in a sentence names its place in a comment right behind it,

    .866<!-- = publications.json tables/funfusean/rules/Background 0/here/funfusean/3 -->

and must be that value, rounded to the digits that it shows. Exit code 1: some are not.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import evidence
from publications_page import make_page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RESULTS = DOCS / "evidence"
PLACE = re.compile(r"<!-- = (?P<file>\S+\.json) (?P<place>.+?) -->")
NUMBER = re.compile(r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)$")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def main() -> int:
    """Print what is wrong."""
    wrong = wrong_numbers()
    for page in ("README.md", "CONTRIBUTING.md"):
        wrong += [f"{page}: no {link}" for link in broken_links(ROOT / page)]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return bool(wrong)


def wrong_numbers() -> list[str]:
    """A line for each number that is not that of its JSON, and for each page that is not."""
    found = []
    for path in (ROOT / "README.md", *sorted(DOCS.rglob("*.md"))):
        name = path.relative_to(ROOT).as_posix()
        found += wrong_in(name, path.read_text(encoding="utf-8"), RESULTS)
    return found + list(wrong_pages())


def wrong_pages() -> Iterator[str]:
    """The pages that are not what their JSON makes of them."""
    for page in evidence.pages():
        text, found = page.read_text(encoding="utf-8"), evidence.read(page.with_suffix(".json"))
        made = make_page(found) if page == evidence.PUBLICATIONS else evidence.drawn(text, found)
        if made != text:
            yield f"{page.relative_to(ROOT)}: not what tools/evidence.py makes of its JSON"


def wrong_in(name: str, text: str, results: Path) -> list[str]:
    """A line for each number of a text that its place does not hold."""
    return list(_wrong_in(name, text, results))


def _wrong_in(name: str, text: str, results: Path) -> Iterator[str]:
    for match in PLACE.finditer(text):
        shown = NUMBER.search(text[: match.start()])
        try:
            value = at(json.loads((results / match["file"]).read_text("utf-8")), match["place"])
        except (OSError, LookupError, ValueError):
            yield f"{name}: {match['file']} holds nothing at {match['place']}"
            continue
        if shown is None or not same(shown[0], value):
            number = shown[0] if shown else "no number"
            yield f"{name}: {number} is {value} in {match['file']} at {match['place']}"


def at(found: Any, place: str) -> Any:
    """What a JSON holds at a place: keys and positions with slashes between.

    >>> at({"a": [1, 2]}, "a/1")
    2
    """
    for part in place.split("/"):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def same(shown: str, value: float) -> bool:
    """Whether a number is a value, rounded to the digits that it shows.

    >>> same(".87", 0.8660), same(".86", 0.8660), same("10,002", 10002)
    (True, False, True)
    """
    digits = len(shown.partition(".")[2])
    return abs(float(shown.replace(",", "")) - float(value)) <= 0.5000001 * 10**-digits


def broken_links(page: Path) -> list[str]:
    """Links of a page to files or headings that are not there."""
    found = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        path = page.parent / target if target else page
        if "://" in link:
            continue
        if not path.exists() or (anchor and anchor not in headings(path)):
            found.append(link)
    return found


def headings(path: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    lines = re.findall(r"(?m)^#+ (.+)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


if __name__ == "__main__":
    sys.exit(main())
