"""Check numbers in the documents against the committed results, and links of the README.

    python tools/check_numbers.py

The tables of docs/evidence/NAME.md must be what NAME.json makes of them. A number in a sentence may
name its place in a comment right behind it,

    .866<!-- = publications.json tables/funfusean/rules/Background 0/here/funfusean/3 -->

and numbers of a paragraph or a table theirs in a comment below it, a line each, in their order in
the text; {a|b} stands for a, then b:

    <!-- numbers of bands.json:
    four/{CT|PET}/rows/bands/{VIF|SCD}
    -->

Each must be that value, rounded to the digits that it shows. Exit code 1: some are not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import evidence
import reader_numbers
from publications_page import make_page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RESULTS = DOCS / "evidence"
READER = RESULTS / "reader.json"
PLACE = re.compile(r"<!-- = (?P<file>\S+\.json) (?P<place>.+?) -->")
PLACES = re.compile(r"<!-- numbers of (?P<file>\S+\.json):\n(?P<places>.*?)\n-->", re.DOTALL)
NUMBER = re.compile(r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)$")
NUMBERS = re.compile(r"(?<![\w.^])[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?!\w)")
#: reader.json has four digits, its page was made of all
SLACK = 6e-5
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
    return [*found, *wrong_pages(), *wrong_reader()]


def wrong_pages() -> Iterator[str]:
    """The pages that are not what their JSON makes of them."""
    for page in evidence.pages():
        text, found = page.read_text(encoding="utf-8"), evidence.read(page.with_suffix(".json"))
        made = make_page(found) if page == evidence.PUBLICATIONS else evidence.drawn(text, found)
        if made != text:
            yield f"{page.relative_to(ROOT)}: not what tools/evidence.py makes of its JSON"


def wrong_reader() -> Iterator[str]:
    """The numbers of reader.md that are not those of reader.json."""
    page = READER.with_suffix(".md").read_text(encoding="utf-8")
    for where, shown, value in reader_numbers.numbers(page, results_of(READER)):
        if not same(shown, value, SLACK):
            yield f"reader.md: {shown} is {value} in reader.json, {where}"


@cache
def results_of(file: Path) -> Any:
    """What a JSON holds; of reader.json with places that can be named."""
    found = evidence.read(file)
    return reader_numbers.by_display(found) if file == READER else found


def wrong_in(name: str, text: str, results: Path) -> list[str]:
    """A line for each number of a text that its place does not hold."""
    return [f"{name}: {line}" for line in (*_behind(text, results), *_above(text, results))]


def _behind(text: str, results: Path) -> Iterator[str]:
    """Of the numbers that have a comment of their own."""
    for match in PLACE.finditer(text):
        shown = NUMBER.search(text[: match.start()])
        try:
            value = at(results_of(results / match["file"]), match["place"])
        except (OSError, LookupError, ValueError):
            yield f"{match['file']} holds nothing at {match['place']}"
            continue
        if shown is None or not same(shown[0], value):
            number = shown[0] if shown else "no number"
            yield f"{number} is {value} in {match['file']} at {match['place']}"


def _above(text: str, results: Path) -> Iterator[str]:
    """Of the paragraphs and tables with a comment below them."""
    for match in PLACES.finditer(text):
        before = PLACES.sub("", text[: match.start()]).rstrip()
        shown = iter(NUMBERS.findall(before.rpartition("\n\n")[2]))
        for place in (one for line in match["places"].splitlines() for one in expanded(line)):
            try:
                value = at(results_of(results / match["file"]), place)
            except (OSError, LookupError, ValueError, TypeError):
                yield f"{match['file']} holds nothing at {place}"
                return
            if not any(same(number, value) for number in shown):  # those up to it are used up
                yield f"the text above does not show {value}, in {match['file']} at {place}"
                return


def expanded(place: str) -> list[str]:
    """The places that one with {a|b} stands for.

    >>> expanded("{a|b}/{1|2}")
    ['a/1', 'a/2', 'b/1', 'b/2']
    """
    parts = [part.split("|") for part in re.split(r"[{}]", place)]
    return ["".join(words) for words in product(*parts)]


def at(found: Any, place: str) -> Any:
    """What a JSON holds at a place: keys and positions with slashes between.

    >>> at({"a": [1, {"Q/F": 2}]}, "a/1/Q/F")
    2
    """
    while place:
        if isinstance(found, list):
            part, _, place = place.partition("/")
            found = found[int(part)]
            continue
        keys = [key for key in found if f"{place}/".startswith(f"{key}/")]  # a key may have slashes
        found, place = found[max(keys, key=len)], place[len(max(keys, key=len)) + 1 :]
    return found


def same(shown: str, value: float, slack: float = 0) -> bool:
    """Whether a number is a value, rounded to the digits that it shows.

    >>> same(".87", 0.8660), same(".86", 0.8660), same("10,002", 10002)
    (True, False, True)
    """
    digits = len(shown.partition(".")[2])
    return abs(float(shown.replace(",", "")) - float(value)) <= 0.5000001 * 10**-digits + slack


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
