"""What CONTRIBUTING.md shows works as it is written there."""

import re
from pathlib import Path

import numpy as np
import pytest

from MedFusionLib.fusion import fuse
from MedFusionLib.methods import registry
from MedFusionLib.phantom.head import make_phantom

PAGE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


@pytest.fixture
def toy(monkeypatch):
    """The page's method, in the registry."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    page: dict = {"__package__": "MedFusionLib.methods.classical", "__name__": "page"}
    exec(code, page)
    toy = page["ContraharmonicMean"]
    methods = {**registry._registry(), toy.name: toy}
    monkeypatch.setattr(registry, "_registry", lambda: methods)
    return toy


def test_the_method_of_the_page_fuses_a_head(toy):
    head = make_phantom((16, 32, 32))
    fusion = fuse(head.t1, head.pet, "pet-mr", method=toy.name, device="cpu")
    first, second = fusion.sources.scaled
    expected = (first**2 + second**2) / np.maximum(first + second, 1e-6)
    inside = ~fusion.sources.background
    assert abs(fusion.fused.array - expected)[inside].max() < 1e-6
    assert fusion.report.method == "contraharmonic"


def test_the_packages_of_the_page_are_those_of_the_library():
    named = {part for part in re.findall(r"`(\w+)/`", PAGE.read_text(encoding="utf-8"))}
    library = PAGE.parent / "MedFusionLib"
    packages = {path.parent.name for path in library.glob("*/__init__.py")}
    assert packages <= named
