"""A German locale, with its decimal comma, for a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

#: de_DE as far as numbers go, to be compiled where the system has no German
GERMAN = """
comment_char %
escape_char /
LC_NUMERIC
decimal_point ","
thousands_sep "."
grouping 3;3
END LC_NUMERIC
"""


def german_environment(folder: Path) -> dict[str, str]:
    """The environment of a process on a German desktop; its locale is compiled into the folder."""
    compiler = shutil.which("localedef")
    if compiler is None:
        pytest.skip("localedef is not installed: no locale can be made")
    (folder / "source").write_text(GERMAN)
    target = folder / "locales" / "de_DE.UTF-8"
    target.parent.mkdir()
    command = [compiler, "-c", "-i", str(folder / "source"), "-f", "UTF-8", str(target)]
    subprocess.run(command, capture_output=True)
    if not target.is_dir():
        pytest.skip("localedef made no locale: its character maps are not installed")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    return {**kept, "LOCPATH": str(target.parent), "LC_NUMERIC": target.name, "LANG": "C.UTF-8"}
