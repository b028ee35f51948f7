"""Measure what a reader sees in every display, for docs/evidence/reader.md and reader.json.

    python tools/refresh_reader.py measure DATA FOLDER pet-digital main
    python tools/refresh_reader.py three FOLDER
    python tools/refresh_reader.py sites FOLDER
    python tools/refresh_reader.py write FOLDER

DATA is the folder of real pairs, whose test cases are used; the seeds of the digital heads are 200
to 211. A set is pet-digital, ct-digital, pet-real, ct-real or spect-real. Of each, "main" shows the
sources, Slicer's blending, the colour modes and the default in grey at 100 sites, with every lesion
and condition; "methods" shows every method in grey at 60 sites, with the six lesions of the
definition, and the published colours, whose gradients take long. "three" shows MR, PET and CT of
the digital heads at once, at 100 sites, to both observers; "sites" reads four displays of PET at
other numbers of sites, to tell how far results hang on which were drawn. FOLDER keeps what is
measured, display by display; what it holds is not measured again.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

from MedFusionLib.evaluation.reader.choosing import choose_displays
from MedFusionLib.evaluation.reader.display import Display
from MedFusionLib.evaluation.reader.kept import Kept, Reader
from MedFusionLib.evaluation.reader.observer import Hotelling, NonPrewhitening
from MedFusionLib.evaluation.reader.reading import (
    CONDITIONS,
    SECOND,
    USUAL,
    Readings,
    make_readers,
    read_one,
    verdict,
)
from MedFusionLib.evaluation.reader.report import (
    YARDSTICK,
    as_json,
    lesion_table,
    order_table,
    save_plot,
    summary_table,
)
from MedFusionLib.evaluation.reader.sites import (
    JUDGING,
    SITES,
    Sites,
    case_sites,
    head_sites,
    tissue_sites,
)
from MedFusionLib.evaluation.reader.tasks import Trials, lesion_tasks, plant
from MedFusionLib.evaluation.reader.three import (
    displays_of_three,
    plant_in_three,
    read_three,
    table_of_kept,
)
from MedFusionLib.training.datasets import find_cases

DOCS = Path(__file__).parents[1] / "docs" / "evidence"
PAGE, RESULTS, PLOT = (DOCS / f"reader.{ending}" for ending in ("md", "json", "png"))
SETS = {
    "pet-digital": "pet-mr", "ct-digital": "ct-mr", "pet-real": "pet-mr", "ct-real": "ct-mr",
    "spect-real": "spect-mr",
}  # fmt: skip
HEADS, TISSUE_HEADS = JUDGING[:12], JUDGING[:4]
METHOD_SITES = 60
#: displays that are read at other numbers of sites
BY_SITES = ("colours: sources", YARDSTICK, "average, grey", "bands, grey with headroom")
COUNTS = (60, 100, 120, 200)
#: take minutes a crop or nearly so
TOO_SLOW = ("csr", "nsct-rpcnn-2012", "nsct-rpcnn-2013", "nsst-papcnn")
#: in the table at the top of the page: the names of displays begin so
SHOWN = ("Slicer: hot", "Slicer: Red 70", "Slicer: PET-Heat 50", "average", "bands", "colours")
METHOD_CONDITIONS = CONDITIONS[:5]  # the usual one, the second observer, three deficiencies


def main() -> None:
    """One set and part, or the page."""
    if sys.argv[1] == "measure":
        data, folder, name, part = Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:6]
        measure(data, folder, name, part)
    elif sys.argv[1] == "three":
        measure_three(Path(sys.argv[2]))
    elif sys.argv[1] == "sites":
        measure_by_sites(Path(sys.argv[2]))
    else:
        write(Path(sys.argv[2]))


def measure(data: Path, folder: Path, name: str, part: str) -> None:
    """Measure what FOLDER does not hold yet."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-{part}.pkl"
    found = pickle.loads(file.read_bytes()) if file.is_file() else None
    trials, title = trials_of(data, folder, name, part)
    displays = displays_of(SETS[name], part)
    conditions = CONDITIONS if part == "main" else METHOD_CONDITIONS
    kept: dict[str, dict[str, Kept]] = found["kept"] if found else {}
    readers = make_readers(trials, conditions)
    for words in sorted(displays, key=lambda name: not name.startswith(SHOWN)):
        if words in kept:
            continue
        kept[words] = read_one(displays[words], trials, readers)
        state = {
            "kept": kept, "questions": trials.questions, "title": title, "sites": trials.sites,
            "groups": len(set(trials.groups[: trials.sites].tolist())), "pair": trials.pair,
            "order": list(displays),
        }  # fmt: skip
        file.write_bytes(pickle.dumps(state))
        print(name, part, words, round(kept[words]["usual"].worst(), 3), flush=True)


def measure_three(folder: Path) -> None:
    """Three sources at once, before both observers."""
    folder.mkdir(parents=True, exist_ok=True)
    of, displays = plant_in_three(HEADS), displays_of_three()
    found = {
        name: read_three(displays, of, observer)
        for name, observer in ((USUAL, Hotelling()), (SECOND, NonPrewhitening()))
    }
    (folder / "three.pkl").write_bytes(pickle.dumps(found))


def measure_by_sites(folder: Path) -> None:
    """Worst and mean of four displays, digital PET, by how many sites were drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    displays, _ = choose_displays("bands", "pet-mr")
    found: dict[str, dict[str, list[float]]] = {name: {} for name in BY_SITES}
    for count in COUNTS:
        sites = head_sites("pet-mr", HEADS, count)
        reader = Reader(plant(sites, [t for t in lesion_tasks("pet-mr") if t.core]), draws=0)
        for name in BY_SITES:
            kept = reader.kept(displays[name])
            found[name][str(count)] = [round(kept.worst(), 4), round(kept.mean(), 4)]
    (folder / "sites.json").write_text(json.dumps(found), encoding="utf-8")


def write_by_sites(folder: Path) -> tuple[str, dict]:
    """The table of numbers of sites, and its numbers; empty where it was not measured."""
    file = folder / "sites.json"
    if not file.is_file():
        return "Not measured yet.", {}
    found = json.loads(file.read_text(encoding="utf-8"))
    rows = [["worst, mean", *(f"{count} sites" for count in COUNTS)], ["---"] * (1 + len(COUNTS))]
    for name, by_count in found.items():
        rows.append([name, *(f"{worst:.2f} {mean:.2f}" for worst, mean in by_count.values())])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n", found


def write_three(folder: Path) -> tuple[str, dict]:
    """The tables of three sources, and their numbers; empty where they were not measured."""
    file = folder / "three.pkl"
    if not file.is_file():
        return "Not measured yet.", {}
    found = pickle.loads(file.read_bytes())
    lines = []
    for observer, kept in found.items():
        lines += [f"{observer[0].upper()}{observer[1:]} observer", "", *table_of_kept(kept), ""]
    numbers = {
        observer: {
            name: dict(zip((q.name for q in one.questions), one.values.round(3).tolist(),
                           strict=True))
            for name, one in kept.items()
        }
        for observer, kept in found.items()
    }  # fmt: skip
    return "\n".join(lines), numbers


def trials_of(data: Path, folder: Path, name: str, part: str) -> tuple[Trials, str]:
    """The trials of a set, and what they are of."""
    pair, count = SETS[name], SITES if part == "main" else METHOD_SITES
    digital = name.endswith("digital")
    title = f"digital heads {HEADS[0]} to {HEADS[-1]}" if digital else "test cases"
    file = folder / f"{name}-{count}.npz"
    if not file.is_file():
        sites = (
            head_sites(pair, HEADS, count)
            if digital
            else case_sites(find_cases(data, pair, "test"), count)
        )
        sites.save(file)
    sites = Sites.load(file)
    if part == "methods":
        return plant(sites, [task for task in lesion_tasks(pair) if task.core]), title
    tissues = tissue_sites(pair, TISSUE_HEADS) if digital else None
    return plant(sites, tissues=tissues), title


def displays_of(pair: str, part: str) -> dict[str, Display]:
    """The displays of a part."""
    methods = "all" if part == "methods" else "bands"
    displays, _ = choose_displays(methods, pair)
    slow = {f"{name}, grey" for name in TOO_SLOW}
    if part == "methods":
        grey = {n: d for n, d in displays.items() if n.endswith(", grey") and n not in slow}
        paper = {n: d for n, d in displays.items() if "paper" in n}
        return {YARDSTICK: displays[YARDSTICK]} | paper | grey
    return {n: d for n, d in displays.items() if "paper" not in n}


def write(folder: Path) -> None:
    """The page's measured part, the plot, and the JSON that both come from."""
    parts, found, mains = [], {}, {}
    for name in SETS:
        for part in ("main", "methods"):
            file = folder / f"{name}-{part}.pkl"
            if not file.is_file():
                continue
            state = pickle.loads(file.read_bytes())
            readings = readings_of(state)
            found[f"{name}, {part}"] = as_json(readings)
            heading = f"### {readings.pair}, {readings.title}" + (
                ": every method in grey, and the published colours" if part == "methods" else ""
            )
            count = f"{readings.sites} sites in {readings.groups} slices."
            parts += [heading, "", count, "", *summary_table(readings), ""]
            if missing := [name for name in state["order"] if name not in state["kept"]]:
                parts += [f"Not measured yet: {'; '.join(missing)}.", ""]
            if part == "main":
                parts += ["<details><summary>By lesion</summary>", "", *lesion_table(readings), ""]
                parts += ["By lesion, second observer", ""]
                parts += [*lesion_table(readings, "non-prewhitening"), ""]
                parts += [*order_table(readings), "", "</details>", ""]
            if part == "main":
                mains[name] = readings
    shown = [name for name in mains["pet-digital"].displays if name.startswith(SHOWN)]
    save_plot(mains["pet-digital"], PLOT, shown)

    three, found["three sources"] = write_three(folder)
    by_sites, found["by sites"] = write_by_sites(folder)
    RESULTS.write_text(json.dumps(found, ensure_ascii=False) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    for block, text in (
        ("summary", summary(mains)),
        ("measured", "\n".join(parts)),
        ("three", three),
        ("sites", by_sites),
    ):
        begin, end = f"<!-- begin: {block} -->", f"<!-- end: {block} -->"
        before, after = page.split(begin)[0], page.split(end)[1]
        page = f"{before}{begin}\n\n{text}\n{end}{after}"
    PAGE.write_text(page, encoding="utf-8")


def summary(mains: dict[str, Readings]) -> str:
    """Worst and mean of what is kept of the six lesions, and what both observers say."""
    head = ["kept: worst, mean; worst for deutan", *(name.replace("-", ", ") for name in mains)]
    names = list(dict.fromkeys(name for readings in mains.values() for name in readings.displays))
    lines = []
    for name in names:
        if not name.startswith(SHOWN):
            continue
        cells = [name]
        for readings in mains.values():
            if name not in readings.displays:
                cells.append("")
                continue
            usual, deutan = readings.of(name), readings.of(name, "deutan")
            says = "" if name == YARDSTICK else f" ({verdict(readings, name, YARDSTICK)})"
            cells.append(f"{usual.worst():.2f} {usual.mean():.2f}; {deutan.worst():.2f}{says}")
        lines.append(cells)
    rows = [head, ["---"] * len(head), *lines]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"{table}\n\n![What is kept of each lesion, digital heads, PET](reader.png)\n"


def readings_of(state: dict) -> Readings:
    """What FOLDER holds of a set and part, in the order of the displays."""
    names = tuple(name for name in state["order"] if name in state["kept"])
    conditions = tuple(state["kept"][names[0]])
    kept = {c: [state["kept"][name][c] for name in names] for c in conditions}
    words = state["questions"], kept, state["pair"], state["title"], state["sites"]
    return Readings(names, conditions, *words, state["groups"])


if __name__ == "__main__":
    main()
