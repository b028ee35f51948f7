"""Fusing nodes of the scene, from the panel, from scripts, and without a main window."""

import time
from dataclasses import replace

import numpy as np
import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from MedFusionLib.colour.coding import Coding
from MedFusionLib.errors import MedFusionError
from MedFusionLib.results.scene import ROLES
from MedFusionLib.sources.intensities import Window
from MedFusionPanel import guess, pytorch, readiness, views
from MedFusionPanel.result import stamp

#: what the second and the third volume may be
MODALITIES = ("ct", "pet", "spect")


class MedFusionLogic(ScriptedLoadableModuleLogic):
    """Fusing nodes of the scene, from the panel, from scripts, and without a main window."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self._prepared = (None, None)  # what was prepared -> the sources on one grid
        self._windows = {}
        self._methods = []
        self._lastSlice = None
        self._alignment = (None, None)  # what was measured -> rows of sources.alignment

    def fuse(
        self,
        mrNode,
        secondNode,
        pair=None,
        *,
        thirdNode=None,
        thirdModality=None,
        outputs=ROLES,
        overwrite=None,
        **settings,
    ):
        """Fuse two registered volumes of the scene, and add the results to it.

        Args:
            mrNode: the MR, a vtkMRMLScalarVolumeNode; the results lie on its grid.
            secondNode: the CT, PET or SPECT, on any grid.
            pair: "ct-mr", "pet-mr" or "spect-mr"; None: guessed from secondNode.
            thirdNode, thirdModality: a further volume, and "ct", "pet" or "spect".
            outputs: which of "fused", "colour", "contribution-first", "contribution-second" and
                "contribution-third" to add.
            overwrite: role -> an existing node to fill instead of a new one.
            settings: of MedFusionLib.fusion.fuse, such as network, axis, contributions, coding,
                windows, device, progress and cancelled.

        Returns:
            role -> node.

        Raises:
            MedFusionError: bad input, with a sentence that says which; the scene is as it was.

        Example::

            from MedFusion import MedFusionLogic
            mr = slicer.util.loadVolume("mr.nrrd")
            pet = slicer.util.loadVolume("pet.nrrd")
            nodes = MedFusionLogic().fuse(mr, pet, "pet-mr")
            slicer.util.saveNode(nodes["fused"], "fused.nrrd")
        """
        nodes = [mrNode, secondNode, *([thirdNode] if thirdNode else [])]
        self._check(nodes)
        if pair is None and secondNode is not None:
            modality, _reason = guess.guessModality(secondNode)
            if modality not in MODALITIES:
                raise MedFusionError(f"Say what {secondNode.GetName()} is, with pair='pet-mr'.")
            pair = f"{modality}-mr"
        settings.update(third_modality=thirdModality)
        return self._fuse(nodes, pair, settings, outputs, overwrite)[0]

    def fuseState(self, state, device, run):
        """Fuse what the panel's state says, beside the event loop: nodes, fusion, input stamps."""
        settings = self._settings(state, device)
        settings.update(progress=run.progress, cancelled=run.cancelled)
        settings["windows"] = self._chosenWindows(state)
        overwrite = state.results if state.overwrite == "over" else None
        key, known = self._alignmentKey(state), self.knownAlignment(state)
        settings["align"] = "check" if state.checkAlignment and known is None else "off"
        nodes, fusion, stamps = self._fuse(
            state.sources, state.pair, settings, state.outputs, overwrite, run, known
        )
        if settings["align"] == "check":
            self._alignment = (key, fusion.report.alignment)
        return nodes, fusion, stamps

    def _fuse(self, nodes, pair, settings, outputs, overwrite, run=None, alignment=None):
        from MedFusionLib.fusion import fuse
        from MedFusionLib.results.nodes import name_of
        from MedFusionLib.results.scene import add_fusion

        volumes = self._volumes(nodes)
        stamps = [stamp(node) for node in nodes]

        def work():
            third = volumes[2] if len(volumes) > 2 else None
            fusion = fuse(volumes[0], volumes[1], pair, third=third, **settings)
            fusion.coordinates.places(fusion.coding.mode)  # the slow part, here and not later
            return fusion

        fusion = run(work) if run else work()
        if alignment:
            said = [row.warning for row in alignment if row.warning]
            fusion = fusion.with_report(
                alignment=tuple(alignment), warnings=(*said, *fusion.warnings)
            )
        for node in nodes:
            if node.GetScene() is None:
                raise MedFusionError(f"{name_of(node)} was removed while it was being fused.")
        changed = [n for n, before in zip(nodes, stamps, strict=True) if stamp(n) != before]
        if changed:
            warning = _(
                "{names} changed while it was being fused; the result shows what was there before, "
                "and where."
            ).format(names=", ".join(map(name_of, changed)))
            fusion = fusion.with_report(warnings=(*fusion.warnings, warning))
        results = add_fusion(slicer.mrmlScene, fusion, nodes, outputs=outputs, overwrite=overwrite)
        return results, fusion, stamps

    @staticmethod
    def _check(nodes):
        for node in nodes:
            problem = readiness.volumeProblem(node) if node else ""
            if problem:
                raise MedFusionError(problem)

    def _volumes(self, nodes):
        from MedFusionLib.results.nodes import volume_from_node

        self._check(nodes)
        return [volume_from_node(node) for node in nodes]

    @staticmethod
    def _settings(state, device):
        return {
            "third_modality": state.thirdModality if state.third else None,
            "method": state.network,
            "axis": state.axis,
            "contributions": None if state.contributions == "auto" else state.contributions,
            "coding": Coding(state.mode, state.omega, state.colormap),
            "device": device,
        }

    @staticmethod
    def _chosenWindows(state):
        chosen = ((state.firstAuto, state.firstWindow), (state.secondAuto, state.secondWindow))
        windows = [None if auto else Window(*window) for auto, window in chosen]
        return windows + [None] * (len(state.sources) - 2)

    # Alignment

    def knownAlignment(self, state):
        """What was measured of the chosen volumes where they lie now; None if nothing was."""
        key, rows = self._alignment
        return rows if rows and key == self._alignmentKey(state) else None

    def measureAlignment(self, state, run):
        """Measure how far the chosen volumes are off the MR, beside the event loop."""
        from MedFusionLib.sources.alignment import align_volumes, alignment_rows

        key, volumes = self._alignmentKey(state), self._volumes(state.sources)
        modalities = self._modalities(state)
        _volumes, found = run(lambda: align_volumes(volumes, modalities, "check", run.cancelled))
        self._alignment = (key, alignment_rows(found, [volume.name for volume in volumes]))

    def align(self, state):
        """Put a transform above each volume that is off; returns the transforms."""
        from MedFusionLib.results.nodes import align_node

        rows, transforms = self.knownAlignment(state), []
        for node, row in zip(state.sources[1:], rows, strict=True):
            if row.verdict == "off":
                transforms.append(align_node(slicer.mrmlScene, node, np.array(row.matrix_lps)))
        rows = [
            replace(row, applied=True, warning="") if row.verdict == "off" else row for row in rows
        ]
        self._alignment = (self._alignmentKey(state), rows)
        return transforms

    def undoAlignment(self, state):
        """Take the transforms of `align` away."""
        from MedFusionLib.results.nodes import undo_alignment

        for node in state.sources[1:]:
            undo_alignment(slicer.mrmlScene, node)

    def isAligned(self, state):
        """Whether a chosen volume lies under a transform of `align`."""
        from MedFusionLib.results.nodes import alignment_of

        return any(node and alignment_of(node) for node in state.sources[1:])

    @staticmethod
    def _modalities(state):
        return ["mr", state.modality, *([state.thirdModality] if state.third else [])]

    def _alignmentKey(self, state):
        nodes = state.sources
        if not all(node and node.GetImageData() for node in nodes):
            return None
        return [stamp(node) for node in nodes], self._modalities(state)

    # The visible slice

    def fuseVisibleSlice(self, state, device):
        """The fused slice that the view shows, and the seconds it took; None if nothing changed."""
        from MedFusionLib.fusion import fuse_slice
        from MedFusionLib.sources.prepare import prepare

        point = views.visiblePoint(state.axis)
        if point is None:
            raise MedFusionError(_("There is no slice view to preview."))
        settings = self._settings(state, device)
        windows = self._chosenWindows(state)
        modalities = self._modalities(state)
        key = ([stamp(node) for node in state.sources], modalities, windows)
        wanted = (key, point, settings)
        if wanted == self._lastSlice:
            return None, 0
        if self._prepared[0] != key:
            volumes = self._volumes(state.sources)
            self._prepared = (key, prepare(volumes, modalities, windows))
        started = time.monotonic()
        position = (-point[0], -point[1], point[2])
        piece = fuse_slice(self._prepared[1], state.pair, position, **settings)
        self._lastSlice = wanted
        return piece, time.monotonic() - started

    def forgetSources(self):
        """Let go of the prepared volumes."""
        self._prepared, self._lastSlice = (None, None), None
        self._windows.clear()

    def window(self, node, modality):
        """The window that a volume gets by itself: lower and upper value."""
        from MedFusionLib.sources.intensities import choose_window

        key = (stamp(node), modality)
        if key not in self._windows:
            try:
                found = choose_window(self._volumes([node])[0], modality)
                self._windows[key] = (found.lower, found.upper)
            except MedFusionError:  # a constant volume
                self._windows[key] = node.GetImageData().GetScalarRange()
        return self._windows[key]

    # Methods

    def loadMethods(self):
        """Read the list of methods, which needs torch."""
        if self._methods or pytorch.missing():
            return
        from MedFusionLib.methods.registry import all_methods

        self._methods = all_methods()

    def methods(self, state):
        """name -> title of each method, for the chosen modality; None: a heading between them."""
        found = {}
        for method in sorted(self._methods, key=lambda method: method.group == "comparison"):
            if method.group == "comparison":
                found.setdefault(None, _("More methods"))
            title = method.title
            if method.kind == "classical":
                title = _("{title} (classical)").format(title=title)
            elif readiness.weightsProblem(method, state.modality):
                title = _("{title} (not trained for {what})").format(
                    title=title, what=state.modality.upper()
                )
            found[method.name] = title
        return found

    def describeMethod(self, state):
        """What the chosen method is, and what it was trained on."""
        method = next((m for m in self._methods if m.name == state.network), None)
        if method is None:
            return ""
        if method.kind == "classical":
            return _("{summary} Needs no training.").format(summary=method.summary)
        if readiness.weightsProblem(method, state.modality):
            return method.summary
        from MedFusionLib.methods.weights import read_card, weights_path
        from MedFusionLib.sources.modalities import PAIRS

        card = read_card(weights_path(method.name, state.pair))
        pairs = PAIRS if method.all_pairs else [state.pair]
        train = card.get("data", {}).get("train", {})
        return _("{summary} Trained on {slices} slices of {cases} {pair} cases.").format(
            summary=method.summary,
            slices=train.get("slices", "?"),
            cases=len(train.get("cases", [])) or "?",
            pair=", ".join(name.upper() for name in pairs),
        )

    @staticmethod
    def makeSampleData(shape=(96, 192, 192)):
        """Add the digital head, MR, CT and PET of one made-up patient, to the scene."""
        from MedFusionLib.phantom.head import make_phantom
        from MedFusionLib.results.nodes import add_volume

        head = make_phantom(shape)
        nodes = []
        for volume in (head.t1, head.pet, head.t2, head.ct):
            node = add_volume(slicer.mrmlScene, volume)
            node.SetName(slicer.mrmlScene.GenerateUniqueName(f"MedFusion head {volume.name}"))
            nodes.append(node)
        slicer.util.setSliceViewerLayers(background=nodes[0], fit=True)
        return nodes
