"""What the panel remembers in the scene, declared once, kept in a vtkMRMLScriptedModuleNode."""

import math

from MedFusionLib.colour.colormaps import COLORMAPS
from MedFusionLib.colour.registry import DEFAULT_MODE, mode_names
from MedFusionLib.methods.registry import DEFAULT_METHOD
from MedFusionLib.settings import CONTRIBUTIONS
from MedFusionLib.sources.volumes import AXES


class Parameter:
    """A text, number, truth value or pair of numbers; its type is that of the default.

    What a scene edited by hand holds otherwise counts as the default: text that is none of the
    choices, a number outside the limits, an empty window.
    """

    def __init__(self, default, choices=None, limits=(-math.inf, math.inf)):
        self.default, self.choices, self.limits = default, choices, limits

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, state, owner=None):
        if state is None:
            return self
        text = state.node.GetParameter(self.name)
        try:
            value = self._read(text) if text else self.default
        except ValueError:
            return self.default
        return value if self._isValid(value) else self.default

    def _isValid(self, value):
        if self.choices is not None:
            return value in self.choices
        if isinstance(value, tuple):
            return -math.inf < value[0] < value[1] < math.inf
        return not isinstance(value, float) or self.limits[0] <= value <= self.limits[1]

    def __set__(self, state, value):
        state.node.SetParameter(self.name, self._write(value))

    def _read(self, text):
        if isinstance(self.default, bool):
            return text == "true"
        if isinstance(self.default, tuple):
            lower, upper = text.split()
            return float(lower), float(upper)
        return type(self.default)(text)

    def _write(self, value):
        if isinstance(self.default, bool):
            return "true" if value else "false"
        if isinstance(self.default, tuple):
            return " ".join(str(float(part)) for part in value)
        return str(type(self.default)(value))


class Reference:
    """A node of the scene, or None."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, state, owner=None):
        return self if state is None else state.node.GetNodeReference(self.name)

    def __set__(self, state, value):
        state.node.SetNodeReferenceID(self.name, value.GetID() if value else None)


class PanelState:
    """The panel's state; setting an attribute changes the node, which tells its observers."""

    first = Reference()
    second = Reference()
    third = Reference()
    modality = Parameter("", ("", "ct", "pet", "spect"))  # "": not known, so the user is asked
    modalityReason = Parameter("")
    guessedFor = Reference()
    thirdModality = Parameter("", ("", "ct", "pet", "spect"))
    guessedForThird = Reference()

    method = Parameter(DEFAULT_METHOD)
    contributions = Parameter("auto", ("auto", *CONTRIBUTIONS))
    mode = Parameter(DEFAULT_MODE, mode_names())
    omega = Parameter(0.6, limits=(0, 1))
    colormap = Parameter("jet", tuple(COLORMAPS))

    axis = Parameter("axial", (*AXES, "native"))
    firstAuto = Parameter(True)
    firstWindow = Parameter((0.0, 1.0))
    windowedFirst = Reference()  # the volume that firstWindow was chosen for
    secondAuto = Parameter(True)
    secondWindow = Parameter((0.0, 1.0))
    checkAlignment = Parameter(True)

    wantFused = Parameter(True)
    wantColour = Parameter(True)
    wantContributions = Parameter(True)
    outFused = Reference()  # what is written over; None: a new volume
    outColour = Reference()

    preview = Parameter(False)
    view = Parameter("colour", ("colour", "fused", "sources"))  # what the slice views show
    opacity = Parameter(100.0, limits=(0, 100))  # percent of the result over the MR
    blend = Parameter(50.0, limits=(0, 100))  # percent from the MR to the second volume

    resultFused = Reference()
    resultColour = Reference()
    resultFirst = Reference()
    resultSecond = Reference()
    resultThird = Reference()

    #: role of a result, as MedFusionLib.scene names it -> attribute here
    RESULTS = {  # noqa: RUF012
        "fused": "resultFused",
        "colour": "resultColour",
        "contribution-first": "resultFirst",
        "contribution-second": "resultSecond",
        "contribution-third": "resultThird",
    }

    def __init__(self, node):
        self.node = node

    @property
    def pair(self):
        """The pair's name in the library, such as "pet-mr"."""
        return f"{self.modality}-mr"

    @property
    def sources(self):
        """The chosen volumes, in their order; None where none is chosen."""
        return [self.first, self.second, *([self.third] if self.third else [])]

    @property
    def modalities(self):
        """Of the chosen volumes, in their order."""
        return ["mr", self.modality, *([self.thirdModality] if self.third else [])]

    @property
    def overwritten(self):
        """role -> node that is written over: what the user chose, with the maps made with it."""
        nodes = {"fused": self.outFused, "colour": self.outColour}
        results = self.results
        if any(node is not None and node is results.get(role) for role, node in nodes.items()):
            nodes.update({role: results.get(role) for role in self.RESULTS if role not in nodes})
        return {role: node for role, node in nodes.items() if node is not None}

    @property
    def outputs(self):
        """The roles of the volumes to make."""
        roles = ["fused"] if self.wantFused else []
        roles += ["colour"] if self.wantColour else []
        if self.wantContributions:
            roles += [role for role in self.RESULTS if role.startswith("contribution")]
        return roles

    @property
    def results(self):
        """role -> node, of the last result that is still in the scene."""
        nodes = {role: getattr(self, name) for role, name in self.RESULTS.items()}
        return {role: node for role, node in nodes.items() if node is not None}

    @results.setter
    def results(self, nodes):
        wasModifying = self.node.StartModify()  # observers are told once
        for role, name in self.RESULTS.items():
            setattr(self, name, nodes.get(role))
        self.node.EndModify(wasModifying)
