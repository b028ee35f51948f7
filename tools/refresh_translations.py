"""Bring the catalogue of translations up to date: python tools/refresh_translations.py [LANGUAGE]

Collects what the panel and its .ui file say, keeps the translations there are, leaves new ones
empty and names them, and makes the .qm file with PySide6's lrelease. The sentences of the library
(context MedFusionLib) are kept as they are in the catalogue: {0}, {1} stand for what is filled in.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE = ROOT / "MedFusion"
FOLDER = MODULE / "Resources" / "Translations"


def panel_texts() -> dict[str, list[str]]:
    """Context, as Slicer's `tr` and Qt name it -> the texts to translate."""
    found: dict[str, list[str]] = {"MedFusion": _ui_texts()}
    for path in [MODULE / "MedFusion.py", *sorted((MODULE / "MedFusionPanel").glob("*.py"))]:
        package = path.parent.name == "MedFusionPanel"
        texts = found.setdefault(f"MedFusionPanel.{path.stem}" if package else path.stem, [])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
                texts.append(ast.literal_eval(node.args[0]))
    return {context: list(dict.fromkeys(texts)) for context, texts in found.items() if texts}


def _ui_texts() -> list[str]:
    tree = ElementTree.parse(MODULE / "Resources" / "UI" / "MedFusion.ui")
    texts = []
    for element in tree.iter("property"):
        text = element.find("string")
        if element.get("name") == "suffix" or text is None or text.get("notr") == "true":
            continue
        texts.append(text.text or "")
    return [text for text in texts if text.strip()]


def catalogue(language: str) -> dict[str, dict[str, str]]:
    """Context -> text -> translation, as the .ts file has them."""
    path = FOLDER / f"MedFusion_{language}.ts"
    if not path.is_file():
        return {}
    return {
        part.findtext("name"): {
            message.findtext("source"): message.findtext("translation") or ""
            for message in part.iter("message")
        }
        for part in ElementTree.parse(path).iter("context")
    }


def refresh(language: str) -> list[str]:
    """Write the catalogue anew; returns the texts without a translation."""
    known = catalogue(language)
    anywhere = {text: said for part in known.values() for text, said in part.items() if said}
    wanted = {
        context: {text: anywhere.get(text, "") for text in texts}
        for context, texts in panel_texts().items()
    }
    library = {name: part for name, part in known.items() if name.startswith("MedFusionLib")}
    write({**wanted, **library}, language)
    return [text for part in wanted.values() for text, said in part.items() if not said]


def write(contexts: dict[str, dict[str, str]], language: str) -> None:
    """Write the .ts file, and the .qm file that Qt reads."""
    tree = ElementTree.Element("TS", version="2.1", language=language, sourcelanguage="en")
    for name, texts in contexts.items():
        part = ElementTree.SubElement(tree, "context")
        ElementTree.SubElement(part, "name").text = name
        for text, said in texts.items():
            message = ElementTree.SubElement(part, "message")
            ElementTree.SubElement(message, "source").text = text
            translation = ElementTree.SubElement(message, "translation")
            translation.text = said
            if not said:
                translation.set("type", "unfinished")
    ElementTree.indent(tree, "  ")
    path = FOLDER / f"MedFusion_{language}.ts"
    head = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'
    path.write_text(head + ElementTree.tostring(tree, encoding="unicode") + "\n", encoding="utf-8")
    compile_qm(path, path.with_suffix(".qm"))


def compile_qm(source: Path, target: Path) -> None:
    """Make a .qm file of a .ts file."""
    lrelease = Path(sys.executable).with_name("pyside6-lrelease")
    subprocess.run([lrelease, "-silent", source, "-qm", target], check=True)


if __name__ == "__main__":
    for missing in refresh(sys.argv[1] if len(sys.argv) > 1 else "de"):
        print("without a translation:", missing)
