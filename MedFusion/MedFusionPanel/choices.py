"""What the combo boxes offer, in words."""

import qt
import slicer
from slicer.i18n import tr as _

from MedFusionLib.colour.colormaps import COLORMAPS
from MedFusionLib.colour.registry import all_modes
from MedFusionLib.inference.devices import DEVICES
from MedFusionPanel import planes
from MedFusionPanel.logic import MODALITIES
from MedFusionPanel.state import PanelState
from MedFusionPanel.translation import sentence


def fill(ui):
    """Fill all combo boxes but that of the methods."""
    devices = {
        "auto": _("The fastest there is"),
        "cuda": _("Graphics card (CUDA)"),
        "mps": _("Apple graphics (MPS)"),
        "cpu": _("Processor (CPU)"),
    }
    modalities = {name: name.upper() for name in MODALITIES}
    choices = {
        "modality": {"": _("Choose"), **modalities},
        "thirdModality": {"": _("Choose"), **modalities},
        "contributions": {
            "auto": _("What suits the colours"),
            "share": _("Share of the brightness"),
            "parts": _("What was taken from each source"),
            "gradient": _("Gradient, as published"),
        },
        "mode": {mode.name: sentence(mode.title) for mode in all_modes()},
        "colormap": {name: name for name in COLORMAPS},
        "axis": {
            "axial": _("Axial"),
            "coronal": _("Coronal"),
            "sagittal": _("Sagittal"),
            "native": _("As stored"),
            "all": _("All three (mean)"),
        },
        "headroom": {
            "auto": _("Automatic"),
            "on": _("On"),
            "off": _("Off"),
        },
        "ctValues": {
            "auto": _("Automatic"),
            "hu": _("HU"),
            "grey": _("Grey levels"),
        },
        "device": {name: devices[name] for name in DEVICES},
    }
    for name, items in choices.items():
        tips = {mode.name: sentence(mode.summary) for mode in all_modes()} if name == "mode" else {}
        rows = [(data, text, tips.get(data, "")) for data, text in items.items()]
        fillOne(getattr(ui, f"{name}ComboBox"), rows)


def fillOne(combo, rows, chosen=None):
    """Fill a combo box with (data, text, tool tip) rows, without a signal; no data: a heading."""
    wasBlocked = combo.blockSignals(True)
    combo.clear()
    for number, (data, text, tip) in enumerate(rows):
        combo.addItem(text, data)
        combo.setItemData(number, tip, qt.Qt.ToolTipRole)
        if data is None:  # no flags: it cannot be chosen
            combo.setItemData(number, 0, qt.Qt.UserRole - 1)
    if chosen is not None:
        combo.setCurrentIndex(combo.findData(chosen))
    combo.blockSignals(wasBlocked)


def limitNumbers(ui):
    """Give the spin boxes the limits of the state."""
    for name in ("steps", "samples"):
        box, parameter = getattr(ui, f"{name}SpinBox"), vars(PanelState)[name]
        box.minimum, box.maximum = parameter.limits


def showWhereItMatters(ui, state):
    """Show CT values only with a CT, and refinements only for their kind of contributions."""
    visible = {
        "ctValuesComboBox": state.ct is not None,
        "stepsSpinBox": state.contributionKind == "share",
        "samplesSpinBox": state.contributionKind == "gradient",
    }
    for name, isVisible in visible.items():
        for widget in (getattr(ui, name), getattr(ui, f"{name}Label")):
            widget.visible = isVisible


def offerOutputs(ui):
    """Let the output selectors offer, and make, volumes of their role alone."""
    for role, kind in (("fused", "Scalar"), ("colour", "Vector")):
        selector = getattr(ui, f"{role}OutputSelector")
        selector.addAttribute(f"vtkMRML{kind}VolumeNode", "MedFusion.Role", role)


def hideResults(ui):
    """Offer no result as an input."""
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    results = [node.GetID() for node in volumes if node.GetAttribute("MedFusion.Role")]
    for name in ("first", "second", "third"):
        model = getattr(ui, f"{name}Selector").sortFilterProxyModel()
        if list(model.hiddenNodeIDs) != results:
            model.hiddenNodeIDs = results


def outputsInWords(state):
    """What Apply makes, on one line."""
    names = {
        _("fused"): state.wantFused,
        _("colour"): state.wantColour,
        _("published colours"): bool(state.moreColours),
        _("contributions"): state.wantContributions,
    }
    wanted = ", ".join(name for name, isWanted in names.items() if isWanted) or _("none")
    return _("{outputs} (over the old)").format(outputs=wanted) if state.overwritten else wanted


def advancedInWords(state):
    """What is chosen among the advanced settings, on one line."""
    said = [planes.axesInWords()[state.axis]]
    said.append(
        _("automatic windows") if state.firstAuto and state.secondAuto else _("own windows")
    )
    if state.third:
        said.append(_("3 volumes"))
    steps = state.contributionKind == "share" and state.steps > 1
    copies = state.contributionKind == "gradient" and state.samples > 1
    if state.headroom != "auto" or state.ctValues != "auto" or steps or copies:
        said.append(_("and more"))
    return ", ".join(said)
