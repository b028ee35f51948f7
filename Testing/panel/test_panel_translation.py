"""The panel in German: complete, and its sentences whole, those of the library included."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from panel_helpers import MODULE, choose, role, wait_until  # noqa: E402

from MedFusionLib.results.nodes import add_volume  # noqa: E402
from MedFusionLib.sources.hounsfield import units_warning  # noqa: E402
from MedFusionLib.sources.volumes import Volume  # noqa: E402

ROOT = MODULE.parent


@pytest.fixture(scope="module")
def tool():
    """tools/refresh_translations.py."""
    path = ROOT / "tools" / "refresh_translations.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def german(host):
    """Slicer in German."""
    import qt

    settings = slicer.app.settings()
    settings.setValue("Internationalization/Enabled", True)
    settings.setValue("language", "de-DE")
    panel = host.open(MODULE / "MedFusion.py")
    yield panel
    translation = importlib.import_module("MedFusionPanel.translation")
    for translator in translation._translators.values():
        qt.QCoreApplication.removeTranslator(translator)
    translation._translators.clear()
    settings.remove("language")
    settings.remove("Internationalization/Enabled")


def test_german_is_complete(tool):
    known = tool.catalogue("de")
    missing = [
        (context, text)
        for context, texts in tool.panel_texts().items()
        for text in texts
        if not known.get(context, {}).get(text)
    ]
    assert not missing, "python tools/refresh_translations.py, then translate"


def test_what_is_filled_in_stands_in_the_translation(tool):
    for texts in tool.catalogue("de").values():
        for text, said in texts.items():
            assert set(re.findall("{[^}]*}", said)) == set(re.findall("{[^}]*}", text)), text


def test_the_compiled_catalogue_is_up_to_date(tool, tmp_path):
    if not Path(sys.executable).with_name("pyside6-lrelease").is_file():
        pytest.skip("PySide6's lrelease is not installed")
    source = tool.FOLDER / "MedFusion_de.ts"
    tool.compile_qm(source, tmp_path / "again.qm")
    assert (tmp_path / "again.qm").read_bytes() == source.with_suffix(".qm").read_bytes()


def test_the_panel_speaks_german(german, phantom):
    ui = german.ui
    assert ui.applyButton.text == "&Anwenden"
    assert ui.methodCollapsibleButton.text == "Methode: Bands, empfohlen"
    assert "kein Medizinprodukt" in ui.noticeLabel.text
    assert ui.statusLabel.text.startswith("Laden Sie ein MR")
    mr = add_volume(slicer.mrmlScene, phantom.t1)
    pet = add_volume(slicer.mrmlScene, phantom.pet)
    wait_until(lambda: ui.secondSelector.currentNode() is pet)
    assert ui.guessLabel.text == "aus seinem Namen geraten"
    choose(german, "methodComboBox", "maximum")
    assert "hellere Quelle in jedem Pixel" in ui.methodLabel.text
    german.click("applyButton")
    assert ui.statusLabel.text.startswith("Fertig nach")
    assert ui.warningLabel.text.startswith("Ob PET auf MR T1 liegt, ist nicht bekannt (")
    assert ui.warningLabel.text.endswith("sehen Sie beide an.")
    assert ui.legendTitleLabel.text == "Farbe: PET; Helligkeit: MR und PET"
    left, back, up = phantom.centre("lesion")
    slicer.util.getNode("Crosshair").SetCursorPositionRAS((-left, -back, up))
    assert "Sonde:" in ui.probeLabel.text and "wenn ein Volumen fehlte: MR " in ui.probeLabel.text
    assert ui.firstSelector.currentNode() is mr and role("fused") is not None


def test_sentences_of_the_library_are_found_with_what_was_filled_in(german):
    translation = importlib.import_module("MedFusionPanel.translation")
    assert translation.sentence("PET has no voxels; load its file first.") == (
        "PET hat keine Voxel; laden Sie zuerst seine Datei."
    )
    off = "PET lies about 21 mm off MR T1; align them before you trust the colours."
    assert translation.sentence(off) == (
        "PET liegt etwa 21 mm neben MR T1; richten Sie sie aus, bevor Sie den Farben trauen."
    )
    grey = Volume(np.full((1, 1, 3), [0.0, 120.0, 255.0]), name="CT")
    assert translation.sentence(units_warning(grey)).endswith(
        "gelten seine Werte als Grauwerte. Wenn das falsch ist, wählen Sie HU als CT-Werte: im "
        "Panel unter Weiteres, auf der Befehlszeile mit --ct hu."
    )
    assert translation.sentence("PET has 1 infinite voxel; replace it before fusing.") == (
        "PET hat 1 Voxel (unendlich); ersetzen Sie es vor der Fusion."
    )
    assert translation.sentence("Something new.") == "Something new."
    assert translation.phrases("Fused 0.46 = the brighter source, MR 0.51.") == (
        "Fusioniert 0.46 = die hellere Quelle, MR 0.51."
    )


def test_the_titles_of_the_colour_modes_are_not_cut_off(german, phantom):
    for volume in (phantom.t1, phantom.pet):
        add_volume(slicer.mrmlScene, volume)
    wait_until(lambda: german.ui.applyButton.enabled)
    choose(german, "methodComboBox", "maximum")
    german.click("applyButton")
    german.show(393, 1300)
    combo = german.ui.modeComboBox
    for index in range(combo.count):
        text = combo.itemText(index)
        assert combo.fontMetrics().horizontalAdvance(text) < combo.width - 25, text


def test_without_a_choice_of_language_it_is_english(panel):
    assert panel.ui.applyButton.text == "&Apply"
