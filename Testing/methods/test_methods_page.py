"""The page of all methods is made from the registry and the cards."""

from helpers import docs_command

from MedFusionLib.methods.registry import all_methods


def test_the_page_names_every_method_and_every_weights_file():
    module = docs_command("refresh_methods")
    text = module.page()
    for method in all_methods():
        assert f"| `{method.name}` | {method.kind} | {method.citation} |" in text
    there = [path.stem for path in module.weights() if path.is_file()]
    assert there and all(f"| `{name}` | " in text for name in there)
    assert "DSCNN" in text and "MCFNet" in text
