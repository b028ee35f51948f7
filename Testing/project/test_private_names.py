"""No module takes a private name of another one; tests of a module may reach into it."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: where names are looked at
FOLDERS = ("MedFusionLib", "MedFusion", "tools")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_names(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and dotted name of each private name that is taken from an imported module."""
    found, imported = [], {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (f"{node.module}." if node.module else "")
            for alias in node.names:
                whole = f"{module}{alias.name}"
                if is_private(alias.name):
                    found.append((node.lineno, whole))
                imported[alias.asname or alias.name] = whole
        elif isinstance(node, ast.Import):
            for alias in node.names:
                imported[alias.asname or alias.name.split(".")[0]] = alias.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = imported.get(node.value.id)
            if module is not None and is_private(node.attr):
                found.append((node.lineno, f"{module}.{node.attr}"))
    return sorted(found)


def test_no_module_takes_a_private_name_of_another():
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{line}: {name}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name in private_names(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "make these names public, or move what needs them"


def test_private_names_are_found_however_they_are_taken():
    source = """
import numpy as np
from medfusion.cases import _draw, other as _mine
from . import engine
from slicer.i18n import tr as _

np._private, np.__version__, engine._Half, _mine._part, self._own
def late():
    from .deep import _late
"""
    names = [name for _, name in private_names(ast.parse(source))]
    assert names == [
        "medfusion.cases._draw", ".engine._Half", "medfusion.cases.other._part", "numpy._private",
        ".deep._late",
    ]  # fmt: skip
