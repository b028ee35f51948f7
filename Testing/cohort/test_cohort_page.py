"""The page of a cohort, opened from disk in a browser and used with the keyboard alone."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from browser import with_page
from PIL import Image

from MedFusionLib.cohort.fusing import THUMBNAIL
from MedFusionLib.cohort.page import write_page
from MedFusionLib.cohort.rows import Row
from MedFusionLib.cohort.table import compare

pytest.importorskip("tornado", reason="Dask is not installed: no cohorts")


@pytest.fixture
def page(tmp_path):
    """A page with twelve good studies, one far from them, one that failed and a wicked name."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(13):
        name = f"p{number:02}"
        far = number == 5
        rows.append(
            Row(
                name, "done", kind="pet-mr", method="maximum", seconds=1.0 + number, device="cpu",
                agreement=0.02 if far else 0.1 + 0.01 * rng.random(),
                metrics={"q_abf": 0.7 + 0.02 * rng.random(), "ssim_first": rng.random()},
                warnings=("<script>document.title = 'hurt'</script>",) if number == 1 else (),
            )
        )  # fmt: skip
        (tmp_path / name).mkdir()
        Image.new("RGB", (300, 100), (0, 100, 200)).save(tmp_path / name / THUMBNAIL)
    rows.append(Row("bad", error="The PET is constant.", kind="pet-mr", method="maximum"))
    return write_page(compare(rows), tmp_path)


def test_it_needs_nothing_else(page):
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    for address in re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?([^\"'\s)>]+)", text):
        assert address.startswith(("data:", "#")), address


def test_a_person_reads_it_with_the_keyboard_alone(page, tmp_path):
    shown = "[...document.querySelectorAll('tbody tr:not([hidden])')]"
    names = f"{shown}.map((row) => row.cells[1].textContent)"
    head = "e.tagName === 'BUTTON' && e.textContent === '{}'"
    said = "document.getElementById('said').textContent"

    async def use(page):
        assert await page.ask("document.title") == "Cohort of 14 studies"
        assert (await page.ask(names))[:2] == ["bad", "p05"], "worst first"
        assert await page.ask("document.querySelectorAll('img').length") == 13
        loaded = "[...document.images].every((i) => i.complete && i.naturalWidth === 300)"
        assert await page.ask(loaded)
        assert "p05" in await page.ask("document.querySelector('figure .far').textContent")

        await page.tab_to("e.tagName === 'A' && e.hash === '#s-p05'")
        await page.press("Enter")
        assert await page.ask("document.querySelector('tr:target').cells[1].textContent") == "p05"

        await page.tab_to("e.tagName === 'SELECT'")
        await page.press("ArrowDown")
        assert await page.ask(names) == ["bad"], "the failed ones"
        await page.press("ArrowDown")
        assert await page.ask(names) == ["p05"], "those far from the rest"
        await page.press("ArrowDown")
        assert "13 of 14" in await page.ask(said), "the fused ones"
        await page.tab_to("e.type === 'search'")
        for key in "p1":
            await page.press(key)
        assert await page.ask(f"{names}.sort()") == ["p10", "p11", "p12"]
        await page.ask("find.value = ''; choose()")

        await page.tab_to(head.format("Seconds"))
        await page.press("Enter")
        assert (await page.ask(names))[0] == "p00"
        assert await page.ask("document.activeElement.closest('th').ariaSort") == "ascending"
        assert "Seconds" in await page.ask(said)
        await page.press(" ")
        assert (await page.ask(names))[0] == "p12"

        await page.tab_to("e.className === 'picture'")
        small = await page.ask("document.activeElement.firstChild.height")
        await page.press("Enter")
        assert await page.ask("document.activeElement.firstChild.height") > 2 * small
        seen = np.asarray(Image.open(io.BytesIO(await page.picture())).convert("RGB"))
        assert np.unique(seen.reshape(-1, 3), axis=0).shape[0] > 50, "something is drawn"

    with_page(page, tmp_path / "browser", use)


def test_states_are_told_by_words_and_shapes_not_by_colour(page):
    text = page.read_text(encoding="utf-8")
    assert all(word in text for word in ("✕ failed", "● fused", "▲ far from the rest", "◆"))
