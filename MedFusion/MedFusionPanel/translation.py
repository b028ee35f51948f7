"""Translations: one catalogue for the panel, its .ui file and the sentences of the library.

`Resources/Translations/MedFusion_de.ts` is that catalogue for German, in the format of Qt Linguist;
`tools/refresh_translations.py` collects what is to be translated and makes the .qm file beside it.
Slicer's own `tr` finds what the panel says. The library knows no Qt: it says whole English
sentences, and `sentence` finds theirs, with what was filled in ({0}, {1}, ...), in the catalogue.
"""

import re
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path

import qt
import slicer

FOLDER = Path(__file__).resolve().parent.parent / "Resources" / "Translations"
LIBRARY, PHRASES = "MedFusionLib", "MedFusionLib.phrases"  # contexts of the catalogue

_translators = {}  # language -> what Qt uses; Qt does not keep it


def language():
    """The two letters of the language that the user chose in Slicer; "" for English."""
    enabled = slicer.util.settingsValue("Internationalization/Enabled", False, slicer.util.toBool)
    chosen = slicer.util.settingsValue("language", "")[:2] if enabled else ""
    return chosen if (FOLDER / f"MedFusion_{chosen}.ts").is_file() else ""


def install():
    """Let Qt translate the panel; before its .ui file is loaded."""
    chosen = language()
    if chosen and chosen not in _translators:
        translator = qt.QTranslator()
        if translator.load(str(FOLDER / f"MedFusion_{chosen}.qm")):
            qt.QCoreApplication.installTranslator(translator)
            _translators[chosen] = translator


def sentence(text):
    """A sentence of the library in the user's language; as it is where that is not known."""
    chosen = language()
    if not chosen or not text:
        return text
    for pattern, translation in _sentences(chosen):
        found = pattern.fullmatch(text)
        if found:
            return translation.format(*map(sentence, found.groups()))
    return text


def phrases(text):
    """A sentence that the library puts together, its known parts in the user's language."""
    chosen = language()
    whole = sentence(text)
    if not chosen or whole != text:
        return whole
    for source, translation in sorted(_messages(chosen, PHRASES), key=lambda pair: -len(pair[0])):
        text = text.replace(source, translation)
    return text


@cache
def _sentences(chosen):
    """(pattern, translation) of each sentence, the longest fixed text first."""
    found = []
    for source, translation in _messages(chosen, LIBRARY):
        fixed = re.split(r"\{\d\}", source)
        pattern = re.compile("(.+?)".join(map(re.escape, fixed)), re.DOTALL)
        found.append((len("".join(fixed)), pattern, translation))
    return [row[1:] for row in sorted(found, key=lambda row: -row[0])]


@cache
def _messages(chosen, context):
    tree = ElementTree.parse(FOLDER / f"MedFusion_{chosen}.ts")
    return [
        (message.findtext("source"), message.findtext("translation"))
        for part in tree.iter("context")
        if part.findtext("name") == context
        for message in part.iter("message")
    ]
