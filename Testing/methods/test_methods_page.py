"""The page of all methods is made from the registry and the cards."""

from helpers import docs_command

from MedFusionLib.methods.registry import all_methods
from MedFusionLib.methods.weights import weights_folder


def test_the_page_names_every_method_and_every_weights_file():
    module = docs_command("refresh_methods")
    text = module.page()
    for method in all_methods():
        assert f"| `{method.name}` | {method.kind} | {method.citation} |" in text
    there = [path.stem for path in module.weights() if path.is_file()]
    assert there and all(f"| `{name}` | " in text for name in there)
    assert "DSCNN" in text and "MCFNet" in text


def test_the_page_is_the_one_that_the_cards_give():
    module = docs_command("refresh_methods")
    written = module.PAGE.read_text(encoding="utf-8")
    measured = written.split(module.BEGIN)[1].split(module.END)[0]
    assert written == module.page(measured)
    raised = [path for path in weights_folder().glob("*.json") if '"raised"' in path.read_text()]
    assert len(raised) == 3 and "three were raised" in written
