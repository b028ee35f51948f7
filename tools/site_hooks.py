"""Hooks of mkdocs: pictures of the repository are part of the site; what is folded is Markdown."""

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
    """Make a page of the repository one of the site.

    Pages in docs/LAYER stand one folder deeper in the repository. GitHub reads Markdown inside of
    <details> by itself, mkdocs where it is told to (md_in_html).
    """
    markdown = markdown.replace("<details>", '<details markdown="1">')
    return markdown.replace(f"](../../{PICTURES}", f"](../{PICTURES}")
