"""Hooks of mkdocs: pictures of the repository that the pages show are part of the site."""

from __future__ import annotations

from pathlib import Path

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
#: what pages in docs/LAYER reach as ../../Resources/Screenshots
PICTURES = "Resources/Screenshots"


def on_files(files: Files, config) -> Files:
    """Add the screenshots, which README and the Extensions Index need outside of docs."""
    for path in sorted((ROOT / PICTURES).glob("*.png")):
        name = f"{PICTURES}/{path.name}"
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_) -> str:
    """Pages in docs/LAYER stand one folder deeper in the repository than on the site."""
    return markdown.replace(f"](../../{PICTURES}", f"](../{PICTURES}")
