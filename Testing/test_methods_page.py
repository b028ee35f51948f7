"""The page of all methods is made from the registry and the cards."""

import importlib.util
from pathlib import Path

from MedFusionLib.methods.registry import all_methods

DOCS = Path(__file__).resolve().parent.parent / "docs"


def test_the_page_names_every_method_and_every_weights_file():
    spec = importlib.util.spec_from_file_location("page", DOCS / "refresh_methods.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.page()
    for method in all_methods():
        assert f"| `{method.name}` | {method.kind} | {method.citation} |" in text
    there = [path.stem for path in module.weights() if path.is_file()]
    assert there and all(f"| `{name}` | " in text for name in there)
    assert "DSCNN" in text and "MCFNet" in text
