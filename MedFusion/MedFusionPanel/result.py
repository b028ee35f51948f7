"""A fusion in the scene: recolouring it, what it was made of, and its values at a point."""

import html
import json
import re
from dataclasses import replace

import numpy as np
import slicer
from slicer.i18n import tr as _

from MedFusionLib.colour.coding import Coding, Coordinates
from MedFusionLib.colour.mode import Voxels
from MedFusionLib.colour.registry import get_mode
from MedFusionLib.errors import MedFusionError
from MedFusionLib.fusion import CONTRIBUTION_NAMES, Fusion
from MedFusionLib.methods.registry import get_method
from MedFusionLib.report import Report
from MedFusionLib.results.nodes import (
    array_matrix,
    fingerprint,
    name_of,
    set_colour,
    volume_from_node,
)
from MedFusionLib.results.quality import quality_of
from MedFusionLib.results.scene import SOURCE_REFERENCES, add_quality_table, is_colour
from MedFusionLib.results.why import explain, sources_of, why_not
from MedFusionLib.sources.intensities import Window
from MedFusionLib.sources.modalities import FUNCTIONAL
from MedFusionPanel import legends, planes, pytorch
from MedFusionPanel.readiness import shortened
from MedFusionPanel.translation import phrases, sentence

QUALITY_REFERENCE = "MedFusion.Quality"


class Sample:
    """The values at one point.

    Attributes:
        values: (modality, value, unit) of each source; the value is None outside of it.
        fused: the fused value.
        fractions: what part each source contributed; None where none did.
    """

    def __init__(self, values, fused, fractions):
        self.values, self.fused, self.fractions = values, fused, fractions


class Result:
    """The volumes of one fusion in the scene, new or from a saved scene."""

    def __init__(self, nodes, fusion=None):
        """What is in the scene, and how it was made.

        Args:
            nodes: role -> node, at least one.
            fusion: where it was just made.

        Raises:
            MedFusionError: the nodes do not say what they were made of.
        """
        try:
            self._read(nodes, fusion)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, MedFusionError):
            raise MedFusionError(
                _("The last result does not say what it was made of, or is damaged. Fuse again.")
            ) from None

    def _read(self, nodes, fusion):
        self.nodes = nodes
        self._fusion = fusion
        self.carrier = next(iter(nodes.values()))
        self.report = reportOf(self.carrier)
        self.modalities = [part.modality.upper() for part in self.report.inputs]
        self._arrays, self._coordinates = self._fromNodes() if fusion is None else _of(fusion)
        self._remade = (None, None)  # stamps of the sources -> what was fused, made anew
        self._compared = (None, "")  # stamps of the sources -> what changed
        self._colourReport = self._reportOf("colour")
        _checked = self.rows(), self.weights(), self.coding  # finds a report that lacks a part

    @property
    def sources(self):
        """The fused volumes, in their order; None where one is no longer in the scene."""
        roles = SOURCE_REFERENCES[: len(self.report.inputs)]
        return [self.carrier.GetNodeReference(role) for role in roles]

    @property
    def coding(self):
        """How the colour volume is coded."""
        return _codingOf(self._colourReport)

    @property
    def codings(self):
        """How each colour volume that has voxels is coded: role -> coding."""
        return {
            role: _codingOf(reportOf(node))
            for role, node in self.nodes.items()
            if is_colour(role) and node.GetImageData() is not None
        }

    @property
    def kind(self):
        """ "share", "parts" or "gradient"."""
        return self.report.parameters.contributions

    @property
    def canRecolour(self):
        """Whether the colour volume and the contributions are at hand."""
        node = self.nodes.get("colour")
        image = node.GetImageData() if node else None
        if image is None or self._coordinates is None:
            return False
        size = (*image.GetDimensions()[::-1], image.GetNumberOfScalarComponents())
        return size == (*self._arrays["fused"].shape, 3)

    def recolour(self, coding):
        """Give the colour volume another coding, without the network."""
        set_colour(self.nodes["colour"], self._coordinates.colours(coding))
        used = replace(
            self._colourReport.parameters,
            colour=coding.mode,
            omega=coding.omega,
            colormap=coding.colormap,
        )
        self._colourReport = replace(self._colourReport, parameters=used)
        text = json.dumps(self._colourReport.to_dict(), ensure_ascii=False)
        self.nodes["colour"].SetAttribute("MedFusion.Report", text)

    def scoreNot(self):
        """Why the quality cannot be measured, in a sentence; "" when it can."""
        if "fused" not in self._arrays:
            return _("The fused volume of this result is not there.")
        try:
            self._checkSources()
        except MedFusionError as error:
            return sentence(str(error))
        return ""

    def addQuality(self):
        """Add, or renew, the table of metrics; returns its node."""
        name = self.carrier.GetAttribute("MedFusion.Sources")
        node = self.carrier.GetNodeReference(QUALITY_REFERENCE)
        rows = quality_of(self._fusion or self._fusionAgain()).rows
        node = add_quality_table(slicer.mrmlScene, rows, self.sources[0], name, node)
        self.carrier.SetNodeReferenceID(QUALITY_REFERENCE, node.GetID())
        return node

    def differences(self, state):
        """What of the panel's state is not what this was made with, in words."""
        if None in self.sources or self.sources != state.sources:
            names = " + ".join(shortened(part.name) for part in self.report.inputs)
            return _("This result is from other inputs: {names}.").format(names=names)
        if any(node.GetImageData() is None for node in self.nodes.values()):
            return _("A volume of this result has no voxels. Apply makes it anew.")
        changed = self.changes()
        if changed:
            return changed
        found = self._otherSettings(state)
        if found:
            return _("Made with other settings ({names}). Apply renews it.").format(
                names=", ".join(found)
            )
        return ""

    def changes(self):
        """Which sources were changed or moved since, in a sentence; "" where none was.

        What they were is kept with the result, so this is known in a later session, too.
        """
        stamps = [stamp(node) for node in self.sources]
        if self._compared[0] != stamps:
            self._compared = (stamps, self._changes())
        return self._compared[1]

    def _changes(self):
        text = self.carrier.GetAttribute("MedFusion.Fingerprints")
        if not text:
            return ""
        said = []
        for node, before in zip(self.sources, json.loads(text), strict=True):
            try:
                now = fingerprint(node)
            except MedFusionError as error:
                return sentence(str(error))
            name = shortened(name_of(node))
            if now["voxels"] != before["voxels"]:
                said.append(_("{name} was changed").format(name=name))
            elif not np.allclose(now["place"], before["place"], atol=1e-3):
                said.append(_("{name} was moved").format(name=name))
        if not said:
            return ""
        return _("{what} since this result was made. Apply renews it.").format(what=", ".join(said))

    def warnings(self, withAlignment=True):
        """What the user has to know of this result: sentences."""
        rows = [row.warning for row in self.report.alignment]
        return [one for one in self.report.warnings if withAlignment or one not in rows]

    def _otherSettings(self, state):
        used = self.report.parameters
        windows = []
        for part, auto, window in zip(
            self.report.inputs,
            (state.firstAuto, state.secondAuto),
            (state.firstWindow, state.secondWindow),
            strict=False,
        ):
            chosen = part.window_from.startswith("given")
            windows.append(chosen if auto else list(window) != list(part.window))
        kind = state.contributionKind
        modalities = [part.modality for part in self.report.inputs]
        pairs = (
            (_("modality"), modalities != state.modalities),
            (_("method"), self.report.method != state.method),
            (_("contributions"), used.contributions != kind),
            (_("steps of the shares"), kind == "share" and used.steps != state.steps),
            (_("noisy copies"), kind == "gradient" and used.samples != state.samples),
            (_("slice axis"), used.axis != state.axis),
            (_("windows"), any(windows)),
            (_("headroom"), self._headroomDiffers(state)),
            (_("CT values"), "ct" in modalities and used.ct != state.ctValues),
        )
        return [name for name, different in pairs if different]

    def _headroomDiffers(self, state):
        used = self.report.parameters.headroom
        if used == state.headroom:
            return False
        if "on" in (used, state.headroom):
            return True
        try:
            isUsed = get_method(self.report.method).headroom
        except MedFusionError:  # a method of another version
            return False
        return isUsed and any(part.modality in FUNCTIONAL for part in self.report.inputs)

    def rows(self):
        """What was used: rows of a name and one or two lines."""
        report = self.report
        used = report.parameters
        rows = []
        for part, modality in zip(report.inputs, self.modalities, strict=True):
            window = _("{low:.4g} to {high:.4g}").format(low=part.window[0], high=part.window[1])
            rows.append((modality, _breakable(part.name), window))
        rows.append((_("Method"), methodTitle(report.method)))
        if used.lowered_to:
            rows.append((_("Headroom"), _("MR lowered to {left}").format(left=used.lowered_to)))
        kinds = {
            "share": _("share of the brightness"),
            "parts": _("what was taken"),
            "gradient": _("gradients"),
        }
        rows.append((_("Contributions"), kinds[self.kind], *self._passes()))
        axes = planes.axesInWords()
        rows.append((_("Slices"), axes.get(used.axis, axes["native"])))
        device = report.device.split(" (")[0]
        rows.append((_("Ran on"), _("{device}, {s:g} s").format(device=device, s=report.seconds)))
        return rows

    def _passes(self):
        """How the contributions were refined: a line; none where they were not."""
        used = self.report.parameters
        if self.kind == "share" and used.steps > 1:
            return (_("in {count} steps").format(count=used.steps),)
        if self.kind == "gradient" and used.samples > 1:
            return (_("mean of {count} noisy copies").format(count=used.samples),)
        return ()

    def weights(self):
        """Which trained weights were used, for a tool tip."""
        digests = [digest[:8] for digest in self.report.weights_sha256]
        if not digests:
            return _("A method without trained weights.")
        return _("Weights (SHA-256): {digests}").format(digests=", ".join(digests))

    def sample(self, ras):
        """The values at a RAS point; None outside of the result."""
        if "fused" not in self._arrays:
            return None
        place = indexAt(self.carrier, ras, self._arrays["fused"].shape)
        if place is None:
            return None
        values = []
        for node, modality in zip(self.sources, self.modalities, strict=True):
            value = None
            if node is not None and node.GetImageData() is not None:
                array = slicer.util.arrayFromVolume(node)
                at = indexAt(node, ras, array.shape)
                value = float(array[at]) if at is not None else None
            values.append((modality, value, self.unitOf(node, modality)))
        parts = [
            max(float(self._arrays[role][place]), 0)
            for role in CONTRIBUTION_NAMES
            if role in self._arrays
        ]
        total = sum(parts)
        lit = total > 1e-6 and len(parts) == len(self.sources)
        fractions = [part / total for part in parts] if lit else None
        return Sample(values, float(self._arrays["fused"][place]), fractions)

    def unitOf(self, node, modality):
        """The unit of a source's values, see `legends.unitOf`; "" of a CT in grey levels."""
        isGrey = modality == "CT" and self.report.parameters.ct == "grey"
        return "" if isGrey else legends.unitOf(node, modality)

    def inWords(self, sample):
        """What the colour at a sample says, in a sentence; "" where the mode says nothing."""
        levels = []
        for (_name, value, _unit), part in zip(sample.values, self.report.inputs, strict=True):
            window = Window(*part.window, part.window_from, part.shoulder)
            levels.append(None if value is None else float(window.scale(np.array([value]))[0]))
        mode = get_mode(self.coding.mode)
        return phrases(mode.in_words(self.modalities, levels, sample.fractions))

    def whyNot(self):
        """Why `explain` has no answer, whatever the point, in a sentence; "" when it has."""
        reason = pytorch.missing()
        if reason:
            return reason
        if "fused" not in self._arrays:
            return _("The fused volume of this result is not there.")
        try:
            return sentence(why_not(self.report.method, self.report.parameters.axis))
        except MedFusionError as error:  # a method of another version
            return sentence(str(error))

    def explain(self, ras):
        """Why the fused voxel at a RAS point is what it is, see MedFusionLib.results.why.

        Raises:
            MedFusionError: it is not known, with a sentence that says why not.
        """
        fused = self._arrays["fused"]
        place = indexAt(self.carrier, ras, fused.shape)
        if place is None:
            raise MedFusionError(_("This point is outside the result."))
        sources = self._sourcesAsFused()
        if sources.reference.shape != fused.shape:
            raise MedFusionError(_("The MR is on another grid than this result; fuse again."))
        return explain(sources, self.report, place, float(fused[place]))

    def _fusionAgain(self):
        """The fusion as it was made, as far as the metrics look at it."""
        node = self.nodes["fused"]
        return Fusion(
            volume_from_node(node),
            (),
            self.kind,
            None,
            self.report.parameters.axis,
            self._sourcesAsFused(),
            self.coding,
            self.report,
        )

    def _checkSources(self):
        """Raise where the sources are not what this was made of."""
        for node, modality in zip(self.sources, self.modalities, strict=True):
            if node is None:
                missing = _("The {modality} that this was made of is not in the scene any more.")
                raise MedFusionError(missing.format(modality=modality))
        changed = self.changes()
        if changed:
            raise MedFusionError(changed)

    def _sourcesAsFused(self):
        self._checkSources()
        nodes = self.sources
        stamps = [stamp(node) for node in nodes]
        if self._fusion is not None:
            return self._fusion.sources
        if self._remade[0] != stamps:
            with slicer.util.WaitCursor():
                volumes = [volume_from_node(node) for node in nodes]
                self._remade = (stamps, sources_of(self.report, volumes))
        return self._remade[1]

    def colours(self):
        """A colour for each source, as in the colour volume; greys where hue means other things."""
        modalities = [name.lower() for name in self.modalities]
        return get_mode(self.coding.mode).source_colours(self.coding, modalities)

    def _reportOf(self, role):
        return reportOf(self.nodes.get(role, self.carrier))

    def _fromNodes(self):
        arrays = {
            role: slicer.util.arrayFromVolume(node)
            for role, node in self.nodes.items()
            if not is_colour(role) and node.GetImageData() is not None
        }
        if "fused" in arrays:
            shape = arrays["fused"].shape
            arrays = {role: array for role, array in arrays.items() if array.shape == shape}
        maps = [arrays[role] for role in CONTRIBUTION_NAMES if role in arrays]
        if "fused" not in arrays or len(maps) != len(self.sources):
            return arrays, None
        voxels = Voxels(arrays["fused"], maps, arrays["fused"] == 0, self._scaledSources)
        return arrays, Coordinates(voxels, [name.lower() for name in self.modalities])

    def _scaledSources(self):
        """The sources in [0, 1], made anew from the volumes of the scene."""
        return self._sourcesAsFused().scaled


def _of(fusion):
    arrays = {
        role: part.array
        for role, part in zip(CONTRIBUTION_NAMES, fusion.contributions, strict=False)
    }
    return {"fused": fusion.fused.array, **arrays}, fusion.coordinates


def _codingOf(report):
    used = report.parameters
    return Coding(used.colour, used.omega, used.colormap)


def methodTitle(name):
    """What a method is called; its name where this version does not have it."""
    try:
        return get_method(name).title
    except MedFusionError:
        return name


def _breakable(name):
    """A volume's name as rich text that may wrap where its words meet."""
    return re.sub("(?<=[_.-])", "&#8203;", html.escape(shortened(name)))


def stamp(node):
    """Changes when the node's voxels or its place in the world change."""
    try:
        place = tuple(array_matrix(node)[:3].ravel().tolist())
    except MedFusionError:  # a transform that is not linear: such a volume is not fused
        place = node.GetTransformNodeID()
    image = node.GetImageData()
    return node.GetID(), image.GetMTime() if image else 0, place


def indexAt(node, ras, shape):
    """The voxel (k, j, i) of a node at a RAS point; None outside."""
    try:
        i, j, k, _one = np.linalg.solve(array_matrix(node), [*ras, 1])
    except MedFusionError:
        return None
    place = tuple(int(np.floor(x + 0.5)) for x in (k, j, i))
    return place if all(0 <= x < n for x, n in zip(place, shape, strict=True)) else None


def reportOf(node):
    """What a node of a result was made of."""
    return Report.from_dict(json.loads(node.GetAttribute("MedFusion.Report")))
