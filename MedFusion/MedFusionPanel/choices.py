"""What the combo boxes offer, in words."""

import qt
from slicer.i18n import tr as _

from MedFusionLib.colour.colormaps import COLORMAPS
from MedFusionLib.colour.registry import all_modes
from MedFusionLib.inference.devices import DEVICES
from MedFusionPanel.logic import MODALITIES


def fill(ui):
    """Fill all combo boxes but that of the methods."""
    devices = {
        "auto": _("The fastest there is"),
        "cuda": _("Graphics card (CUDA)"),
        "mps": _("Apple graphics (MPS)"),
        "cpu": _("Processor (CPU)"),
    }
    choices = {
        "modality": {name: name.upper() for name in MODALITIES},
        "thirdModality": {name: name.upper() for name in MODALITIES},
        "contributions": {
            "auto": _("What suits the colours"),
            "share": _("Share of the brightness"),
            "parts": _("What was taken from each source"),
            "gradient": _("Gradient, as published"),
        },
        "mode": {mode.name: mode.title for mode in all_modes()},
        "colormap": {name: name for name in COLORMAPS},
        "resultColormap": {name: name for name in COLORMAPS},
        "axis": {
            "axial": _("Axial"),
            "coronal": _("Coronal"),
            "sagittal": _("Sagittal"),
            "native": _("As stored"),
        },
        "device": {name: devices[name] for name in DEVICES},
        "overwrite": {"new": _("New volumes"), "over": _("Over the last result")},
    }
    for name, items in choices.items():
        fillOne(getattr(ui, f"{name}ComboBox"), items)


def fillOne(combo, items, chosen=None):
    """Fill a combo box with data -> text, without a signal; no data: a heading."""
    wasBlocked = combo.blockSignals(True)
    combo.clear()
    for number, (data, text) in enumerate(items.items()):
        combo.addItem(text, data)
        if data is None:  # no flags: it cannot be chosen
            combo.setItemData(number, 0, qt.Qt.UserRole - 1)
    if chosen is not None:
        combo.setCurrentIndex(combo.findData(chosen))
    combo.blockSignals(wasBlocked)
