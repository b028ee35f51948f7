"""Fusing nodes of the scene, from the panel, from scripts, and without a main window."""

import contextlib
import time
from dataclasses import replace

import numpy as np
import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from MedFusionLib.errors import MedFusionError
from MedFusionLib.results.nodes import fingerprint, name_of
from MedFusionLib.results.scene import ROLES
from MedFusionLib.sources.hounsfield import with_units
from MedFusionLib.sources.intensities import Window
from MedFusionLib.sources.modalities import PAIRS
from MedFusionPanel import guess, patients, planes, pytorch, readiness, speed
from MedFusionPanel.result import stamp
from MedFusionPanel.translation import sentence

#: what the second and the third volume may be
MODALITIES = tuple(second for _first, second in PAIRS.values())


class MedFusionLogic(ScriptedLoadableModuleLogic):
    """Fusing nodes of the scene, from the panel, from scripts, and without a main window."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self._prepared = (None, None)  # what was prepared -> the sources on one grid
        self._windows = {}
        self._methods = []
        self._lastSlice = None
        self._alignment = (None, None)  # what was measured -> rows of sources.alignment
        self._undo = None  # takes the last fusion back

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
            settings: of MedFusionLib.fusion.fuse, such as method, axis, contributions, coding,
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
        modalities = ["mr", (pair or "").partition("-")[0], thirdModality]
        for node, modality in zip(nodes, modalities, strict=False):
            problem = guess.contradiction(node, modality) if node and modality else ""
            if problem:
                raise MedFusionError(problem)
        settings.update(third_modality=thirdModality)
        return self._fuse(nodes, pair, settings, outputs, overwrite)[0]

    def fuseState(self, state, device, run):
        """Fuse what the panel's state says, beside the event loop: nodes and fusion.

        `undo` then brings back what was there before.
        """
        settings = self._settings(state, device)
        settings.update(progress=run.progress, cancelled=run.cancelled)
        settings["windows"] = self._chosenWindows(state)
        key, known = self._sourcesKey(state), self.knownAlignment(state)
        settings["align"] = "check" if state.checkAlignment and known is None else "off"
        undo = contextlib.ExitStack()
        nodes, fusion = self._fuse(
            state.sources,
            state.pair,
            settings,
            state.outputs,
            state.overwritten,
            run=run,
            alignment=known,
            undo=undo,
        )
        if settings["align"] == "check":
            self._alignment = (key, fusion.report.alignment)
        self._undo = undo
        return nodes, fusion

    def afterUndo(self, action, *arguments):
        """Note what `undo` does at its end."""
        stack = contextlib.ExitStack()
        stack.callback(action, *arguments)
        stack.push(self._undo)  # is left first
        self._undo = stack

    @property
    def canUndo(self):
        """Whether there is a fusion to take back."""
        return self._undo is not None

    def undo(self):
        """Bring the scene back to what it was before the last fusion."""
        undo, self._undo = self._undo, None
        if undo is not None:
            undo.close()

    def forgetUndo(self):
        """The scene is another one."""
        self._undo = None

    def _fuse(self, nodes, pair, settings, outputs, overwrite, run=None, alignment=None, undo=None):
        from MedFusionLib.fusion import fuse
        from MedFusionLib.results.scene import add_fusion

        volumes = list(map(patients.withPatient, self._volumes(nodes), nodes))
        if run is not None:
            settings["different_patients"] = patients.areMeantToDiffer(volumes)
        fingerprints = [fingerprint(node) for node in nodes]

        def work():
            third = volumes[2] if len(volumes) > 2 else None
            fusion = fuse(volumes[0], volumes[1], pair, third=third, **settings)
            for coding in fusion.codings.values():
                fusion.coordinates.places(coding.mode)  # the slow part, here and not later
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
        pairs = zip(nodes, fingerprints, strict=True)
        changed = [node for node, before in pairs if fingerprint(node) != before]
        if changed:
            warning = _(
                "{names} changed while it was being fused; the result shows what was there before, "
                "and where."
            ).format(names=", ".join(map(name_of, changed)))
            fusion = fusion.with_report(warnings=(*fusion.warnings, warning))
        results = add_fusion(
            slicer.mrmlScene,
            fusion,
            nodes,
            outputs=outputs,
            overwrite=overwrite,
            fingerprints=fingerprints,
            undo=undo,
        )
        return results, fusion

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

    def _chosenVolumes(self, state):
        """The chosen volumes, the CT among them in the units that were chosen."""
        return with_units(self._volumes(state.sources), state.modalities, state.ctValues)

    @staticmethod
    def _settings(state, device):
        third = state.thirdModality if state.third else None
        return {**state.settings, "third_modality": third, "device": device}

    @staticmethod
    def _chosenWindows(state):
        chosen = ((state.firstAuto, state.firstWindow), (state.secondAuto, state.secondWindow))
        windows = [None if auto else Window(*window) for auto, window in chosen]
        return windows + [None] * (len(state.sources) - 2)

    # Alignment

    def knownAlignment(self, state):
        """What was measured of the chosen volumes where they lie now; None if nothing was."""
        key, rows = self._alignment
        return rows if rows and key == self._sourcesKey(state) else None

    def measureAlignment(self, state, run):
        """Measure how far the chosen volumes are off the MR, beside the event loop."""
        from MedFusionLib.sources.alignment import align_volumes, alignment_rows

        key, volumes = self._sourcesKey(state), self._chosenVolumes(state)
        modalities = state.modalities
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
        self._alignment = (self._sourcesKey(state), rows)
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

    def _sourcesKey(self, state):
        nodes = state.sources
        if not all(node and node.GetImageData() for node in nodes):
            return None
        return [stamp(node) for node in nodes], state.modalities, state.ctValues

    # The visible slice

    def fuseVisibleSlice(self, state, device, sliceNode):
        """The slice that a slice view shows, fused in the plane of that view.

        Returns:
            (the fused slice, the axis of its plane or "oblique", seconds); None where nothing
            changed since the last call.
        """
        from MedFusionLib.fusion import fuse_slice
        from MedFusionLib.sources.prepare import prepare

        if sliceNode is None:
            raise MedFusionError(_("There is no slice view to preview."))
        settings = self._settings(state, device)
        windows = self._chosenWindows(state)
        key = (*self._sourcesKey(state), windows)
        plane = planes.Plane(sliceNode)
        wanted = (key, plane.values, settings)
        if wanted == self._lastSlice:
            return None
        if self._prepared[0] != key:
            volumes = self._chosenVolumes(state)
            self._prepared = (key, prepare(volumes, state.modalities, windows))
        started = time.monotonic()
        sources, axis = planes.cut(self._prepared[1], plane, state.axis)
        settings["axis"] = "native" if axis == "oblique" else axis
        piece = fuse_slice(sources, state.pair, plane.centre, **settings)
        self._lastSlice = wanted
        return piece, axis, time.monotonic() - started

    def forgetSources(self):
        """Forget the prepared volumes."""
        self._prepared, self._lastSlice = (None, None), None
        self._windows.clear()

    def window(self, node, modality, ctValues="auto"):
        """The window that a volume gets by itself: lower and upper value."""
        from MedFusionLib.sources.intensities import choose_window

        key = (stamp(node), modality, ctValues)
        if key not in self._windows:
            try:
                (volume,) = with_units(self._volumes([node]), [modality], ctValues)
                found = choose_window(volume, modality)
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
        """(name, title, tool tip) of each method, for the chosen modality; no name: a heading."""
        headings = {
            "recommended": _("Recommended"),
            "published": _("Published networks"),
            "comparison": _("For comparison"),
        }
        found = []
        for group, heading in headings.items():
            members = [method for method in self._methods if method.group == group]
            if members:
                found.append((None, heading, ""))
            for method in members:
                tip = sentence(method.summary)
                found.append((method.name, self._title(method, state), tip))
        return found

    @staticmethod
    def _title(method, state):
        if method.kind == "classical":
            return _("{title} (classical)").format(title=method.title)
        if state.modality and readiness.weightsProblem(method, state.modality):
            return _("{title} (not trained for {what})").format(
                title=method.title, what=state.modality.upper()
            )
        return method.title

    def methodInWords(self, state):
        """The chosen method and its group, on one line."""
        method = self._method(state)
        if method is None:
            return state.method
        groups = {
            "recommended": _("{title}, recommended"),
            "published": _("{title}, a published network"),
            "comparison": _("{title}, for comparison"),
        }
        return groups[method.group].format(title=method.title)

    def describeMethod(self, state):
        """What the chosen method is, what it was trained on, and how long it took last time."""
        method = self._method(state)
        if method is None:
            return ""
        said = [sentence(method.summary)]
        if method.kind == "classical":
            said.append(_("Needs no training."))
        elif state.modality and not readiness.weightsProblem(method, state.modality):
            said.append(self._training(method, state))
        seconds = speed.expected(state)
        if seconds is not None:
            said.append(
                _("About {time} for this MR, by the last run here.").format(
                    time=speed.inWords(seconds)
                )
            )
        return " ".join(said)

    def _method(self, state):
        return next((method for method in self._methods if method.name == state.method), None)

    @staticmethod
    def _training(method, state):
        from MedFusionLib.methods.weights import read_card, weights_path
        from MedFusionLib.sources.modalities import PAIRS

        card = read_card(weights_path(method.name, state.pair))
        pairs = PAIRS if method.all_pairs else [state.pair]
        train = card.get("data", {}).get("train", {})
        return _("Trained on {slices} slices of {cases} {pair} cases.").format(
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
