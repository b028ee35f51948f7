"""The documents: their links, their numbers, the pages that are generated, and the notebook."""

import ast
import contextlib
import importlib
import io
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from helpers import docs_command

import MedFusionLib as mf
from MedFusionLib.phantom import make_phantom

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_the_notebook_runs_and_shows_what_it_says():
    matplotlib.use("agg")
    cells = json.loads((DOCS / "use/first-steps.ipynb").read_text(encoding="utf-8"))["cells"]
    printed, names = io.StringIO(), {}
    with contextlib.redirect_stdout(printed):
        for cell in cells:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), names)  # its names, as in a notebook
    kept = {name: row[0] for name, row in names["rows"].items()}
    assert kept["average"] == pytest.approx(0.5, abs=0.05) and kept["gff"] < kept["average"]
    assert printed.getvalue().startswith("Fused ")


#: pages with Python that needs no data -> what makes it quick
EXAMPLES = {
    "README.md": {},
    "docs/use/python.md": {},
    "docs/evidence/performance.md": {},
    "docs/evidence/reader.md": {"range(100, 106), 60": "range(100, 101), 8"},
}


def blocks_of(page):
    """The Python blocks of a page, as one text each."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", EXAMPLES)
def test_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    head = make_phantom((16, 40, 40))
    mf.write_volume(head.t1, "mr.nrrd")
    mf.write_volume(head.pet, "pet.nrrd")
    names = {"mr": np.ones((32, 32), np.float32), "pet": np.zeros((32, 32), np.float32)}
    for block in blocks_of(page):
        for long, short in EXAMPLES[page].items():
            assert long in block
            block = block.replace(long, short)
        exec(block, names)
    if page == "docs/use/python.md":  # and what its table names
        rows = (ROOT / page).read_text(encoding="utf-8").split("|---|---|")[1]
        for code in re.findall(r"`(mf\.[^`]+)`", rows):
            eval(code, names)


def test_python_of_every_page_takes_what_the_library_has():
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]:
        for block in blocks_of(path.relative_to(ROOT)):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                    "MedFusionLib"
                ):
                    module = importlib.import_module(node.module)
                    missing = [one.name for one in node.names if not hasattr(module, one.name)]
                    assert not missing, (path.name, missing)


def test_the_page_of_cohorts_names_every_option():
    from MedFusionLib.settings import OPTIONS

    line = next(line for line in (DOCS / "use/cohorts.md").read_text(encoding="utf-8").splitlines()
                if line.startswith("| any option"))  # fmt: skip
    named = set(re.findall(r"`(\w+)`", line))
    wanted = {name for name, one in OPTIONS.items() if "cohort" in one.places}
    assert named - {"network"} == wanted - {"method"}


def test_the_site_builds_without_a_broken_link(tmp_path):
    if find_spec("mkdocs") is None or find_spec("mkdocstrings_handlers") is None:
        pytest.skip("mkdocs is not installed: pip install '.[docs]'")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site/api.html").read_text(encoding="utf-8")
    assert "MedFusionLib.settings.Settings" in page
    assert (tmp_path / "site/Resources/Screenshots/preview.png").is_file()


def test_the_page_of_metrics_is_that_of_the_registry():
    made = docs_command("refresh_metrics").page()
    assert (DOCS / "evidence/metrics.md").read_text(encoding="utf-8") == made


def test_every_metric_says_range_direction_and_what_published_tables_hold():
    from MedFusionLib.metrics.registry import all_metrics

    text = docs_command("refresh_metrics").page()
    for metric in all_metrics().values():
        assert f"**{metric.symbol}**. Range {metric.range}; " in text
    for section in text.split("\n## ")[1:]:  # a variant refers to what it is a variant of
        assert "In published tables: " in section or ") with " in section, section.split()[0]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_of_pages_beside_the_site_lead_somewhere(page):
    check = docs_command("check_numbers")
    assert check.broken_links(ROOT / page) == []


def test_every_number_that_a_json_holds_is_that_of_the_json():
    assert docs_command("check_numbers").wrong_numbers() == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("It is .87<!-- = toy.json a/1 -->.", 0),
        ("It is .866<!-- = toy.json a/1 -->.", 0),
        ("It is .88<!-- = toy.json a/1 -->.", 1),
        ("It is .87<!-- = toy.json a/7 -->.", 1),
        ("It is<!-- = toy.json a/1 -->.", 1),
        ("| GF | .8660 (1) |", 0),
    ],
)
def test_a_number_with_its_place_is_compared(tmp_path, text, wrong):
    check = docs_command("check_numbers")
    (tmp_path / "toy.json").write_text('{"a": [1, 0.86604]}', encoding="utf-8")
    assert len(check.wrong_in("page.md", text, tmp_path)) == wrong


@pytest.mark.parametrize(
    ("text", "places", "wrong"),
    [
        ("It is .87, not 3, and 2.", "rows/{bands|gff}/Q/F", 0),
        ("| x | .866 | **2.00** |", "rows/bands/Q/F\nrows/gff/Q/F", 0),
        ("It is 2 and then .87.", "rows/{bands|gff}/Q/F", 1),
        ("It was 2.\n\nIt is .87.", "rows/{bands|gff}/Q/F", 1),
        ("It is .88.", "rows/bands/Q/F", 1),
        ("It is .87.", "rows/other/Q/F", 1),
    ],
)
def test_numbers_of_a_paragraph_stand_in_the_order_of_their_places(tmp_path, text, places, wrong):
    check = docs_command("check_numbers")
    toy = {"rows": {"bands": {"Q/F": 0.86604}, "gff": {"Q/F": 2}}}
    (tmp_path / "toy.json").write_text(json.dumps(toy), encoding="utf-8")
    text += f"\n\n<!-- numbers of toy.json:\n{places}\n-->\n"
    assert len(check.wrong_in("page.md", text, tmp_path)) == wrong


def test_a_number_of_the_readers_page_that_is_not_in_its_json_is_found():
    check, tables = docs_command("check_numbers"), docs_command("reader_numbers")
    page = check.READER.with_suffix(".md").read_text(encoding="utf-8")
    found = list(tables.numbers(page, check.results_of(check.READER)))
    assert len(found) > 5000
    wrong = [where for where, shown, value in found if not check.same(shown, value + 0.02)]
    assert len(wrong) > 5000


def test_the_readme_fits_three_screens():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130
