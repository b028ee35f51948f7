"""Finds, in a module's source, calls that PySide6 allows and PythonQt does not.

The host cannot represent these differences at run time. Each rule reads the syntax tree; it knows
no types, so ``x.text()`` is reported for every ``x``. A line that is right although it looks wrong
is marked ``# pythonqt: ok`` with its reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from host import uiloader

OK = "# pythonqt: ok"
QT_MODULES = {"qt", "ctk"}
# Attributes in PythonQt, methods in PySide6. (``count`` is left out: lists and texts have it, too.)
PROPERTIES = {
    "checked",
    "collapsed",
    "currentIndex",
    "currentText",
    "enabled",
    "maximum",
    "minimum",
    "objectName",
    "pixmap",
    "text",
    "toolTip",
    "value",
    "visible",
}
GONE = {
    "QRegExp": "Qt 6 has no QRegExp: use re",
    "QRegExpValidator": "Qt 6 has no QRegExpValidator",
    "QDesktopWidget": "Qt 6 has no QDesktopWidget",
}
# Slicer does not bring these; importing them at file scope keeps the module from loading.
NOT_BUNDLED = {"torch", "skimage", "safetensors", "matplotlib", "typer", "rich", "pandas"}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.text}"


def check_module(path: str | Path, ui_files: list[Path] | None = None) -> list[Finding]:
    """Findings in one file. ``ui_files``: those that its ``self.ui`` is made of."""
    path = Path(path)
    names = set().union(*(uiloader.names(file) for file in ui_files)) if ui_files else None
    return check_source(path.read_text(encoding="utf-8"), str(path), names)


def check_source(source: str, path: str = "", ui_names: set[str] | None = None) -> list[Finding]:
    """Findings in Python source."""
    tree = ast.parse(source)
    lines = source.splitlines()
    found = [(node.lineno, rule, text) for node, rule, text in _all(tree, ui_names)]
    return [
        Finding(path, line, rule, text)
        for line, rule, text in sorted(set(found))
        if OK not in lines[line - 1]
    ]


def _all(tree: ast.Module, ui_names: set[str] | None) -> Iterator[tuple[ast.AST, str, str]]:
    yield from _imports(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            yield from _assignment(node, ui_names)
        elif isinstance(node, ast.With):
            yield from _with(node)
        elif isinstance(node, ast.Attribute):
            yield from _attribute(node, ui_names)


def _imports(tree: ast.Module):
    for node in tree.body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.split(".")[0] in NOT_BUNDLED:
                yield node, "import", f"{name} at file scope: not part of Slicer"


def _call(node: ast.Call):
    function = node.func
    name = _name(function)
    if name == "isinstance" and len(node.args) == 2 and _mentions_qt(node.args[1]):
        yield node, "isinstance", "False for base classes in PythonQt: compare className()"
    if name.split(".")[0] in QT_MODULES and node.keywords:
        yield node, "keywords", f"{name} takes no keyword arguments in PythonQt"
    if name in ("qt.QImage", "QImage") and len(node.args) > 3:
        yield node, "image", "PythonQt has no QImage from bytes"
    if name.split(".")[-1] in ("Thread", "ThreadPoolExecutor", "QThread"):
        yield node, "thread", "Python threads starve in PythonQt's event loop"
    if isinstance(function, ast.Attribute):
        if function.attr in PROPERTIES and not node.args and not node.keywords:
            yield node, "property", f".{function.attr}() is an attribute in PythonQt"
        if function.attr == "connect":
            yield from _connect(node)


def _connect(node: ast.Call):
    for argument in node.args:
        if isinstance(argument, ast.Constant) and argument.value == "currentIndexChanged(QString)":
            yield node, "signal", f"Qt 6 has no {argument.value}: use currentTextChanged"
        if isinstance(argument, ast.Call) and _name(argument.func).split(".")[-1] == "partial":
            yield node, "partial", "PythonQt passes all of the signal's arguments to a partial"
        if isinstance(argument, ast.Lambda) and argument.args.defaults:
            yield node, "lambda", "the signal's arguments take the place of a lambda's defaults"


def _assignment(node, ui_names: set[str] | None):
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if not isinstance(target, ast.Attribute):
            continue
        if target.attr == "singleShot":
            yield node, "singleShot", "use setSingleShot: the static function hides the property"
        owner = _name(target.value)
        if target.attr.startswith("_") and owner.startswith("self.ui."):
            yield node, "attribute", f"{owner} takes no new attribute {target.attr}"
        if owner == "self.ui" and ui_names is not None and target.attr not in ui_names:
            yield node, "ui", f"no .ui file has a widget {target.attr}"


def _with(node: ast.With):
    for item in node.items:
        expression = item.context_expr
        if isinstance(expression, ast.Call) and "QSignalBlocker" in _name(expression.func):
            yield node, "blocker", "no with in PythonQt: use blockSignals(True) and (False)"


def _attribute(node: ast.Attribute, ui_names: set[str] | None):
    name = _name(node)
    if name.startswith("qt.") and node.attr in GONE:
        yield node, "gone", GONE[node.attr]
    if ui_names is None or node.attr in ui_names or isinstance(node.ctx, ast.Store):
        return
    if _name(node.value) in ("self.ui", "ui", "widget.ui"):
        yield node, "ui", f"no .ui file has a widget {node.attr}"


def _mentions_qt(node: ast.AST) -> bool:
    names = [_name(part) for part in ast.walk(node) if isinstance(part, ast.Attribute)]
    return any(name.split(".")[0] in QT_MODULES or name.startswith("slicer.q") for name in names)


def _name(node: ast.AST) -> str:
    """A dotted name; what is not a name becomes "?"."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return "?"
