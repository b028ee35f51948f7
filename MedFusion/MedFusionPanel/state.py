"""What the panel remembers in the scene, declared once, kept in a vtkMRMLScriptedModuleNode."""

import math

from MedFusionLib.colour.registry import contributions_for
from MedFusionLib.errors import MedFusionError
from MedFusionLib.methods.registry import get_method
from MedFusionLib.options import fields_from
from MedFusionLib.settings import OPTIONS, Settings

PUBLISHED = "paper"  # the colour mode of the published coding of gradients
MOST_PASSES = 999  # steps or noisy copies; each takes as long as the first


class Parameter:
    """A text, number, truth value or pair of numbers; its type is that of the default.

    What a scene edited by hand holds otherwise counts as the default: text that is none of the
    choices, a number outside the limits, an empty window.
    """

    def __init__(self, default, choices=None, limits=(-math.inf, math.inf), former=""):
        """`former`: its name in scenes of an earlier version."""
        self.default, self.choices, self.limits = default, choices, limits
        self.former = former

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, state, owner=None):
        if state is None:
            return self
        text = state.node.GetParameter(self.name)
        if not text and self.former:
            text = state.node.GetParameter(self.former)
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
        return isinstance(value, str) or self.limits[0] <= value <= self.limits[1]

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


class OptionParameter(Parameter):
    """An option of a fusion: its default, choices and limits are those of the table of options.

    Where the table's default is None, for what suits the other options, the panel has "auto".
    """

    def __init__(self, option, most=math.inf, former=""):
        """`most`: the largest number that the panel offers."""
        self.option = OPTIONS[option]
        self._isOptional = self.option.default is None
        default = "auto" if self._isOptional else self.option.default
        choices = None
        if self.option.choices and option != "method":  # methods are known once torch is there
            choices = ("auto",) * self._isOptional + tuple(self.option.choices())
        least = -math.inf if self.option.least is None else self.option.least
        most = most if self.option.most is None else self.option.most
        super().__init__(default, choices, (least, most), former)

    def chosen(self, state):
        """The value as the library takes it."""
        value = getattr(state, self.name)
        return None if self._isOptional and value == "auto" else value


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

    method = OptionParameter("method", former="network")
    contributions = OptionParameter("contributions")
    steps = OptionParameter("steps", most=MOST_PASSES)
    samples = OptionParameter("samples", most=MOST_PASSES)
    mode = OptionParameter("colour")
    omega = OptionParameter("omega")
    colormap = OptionParameter("colormap")

    axis = OptionParameter("axis")
    headroom = OptionParameter("headroom")
    ctValues = OptionParameter("ct")
    ctValuesFor = Reference()  # the CT that ctValues was chosen for
    firstAuto = Parameter(True)
    firstWindow = Parameter((0.0, 1.0))
    windowedFirst = Reference()  # the volume that firstWindow was chosen for
    secondAuto = Parameter(True)
    secondWindow = Parameter((0.0, 1.0))
    checkAlignment = Parameter(True)

    wantFused = Parameter(True)
    wantColour = Parameter(True)
    wantPublishedColour = Parameter(False)  # beside the colour volume
    wantContributions = Parameter(True)
    outFused = Reference()  # what is written over; None: a new volume
    outColour = Reference()

    preview = Parameter(False)
    view = Parameter("colour", ("colour", "fused", "sources"))  # what the slice views show
    opacity = Parameter(100.0, limits=(0, 100))  # percent of the result over the MR
    blend = Parameter(50.0, limits=(0, 100))  # percent from the MR to the second volume

    resultFused = Reference()
    resultColour = Reference()
    resultPublishedColour = Reference()
    resultFirst = Reference()
    resultSecond = Reference()
    resultThird = Reference()

    #: role of a result, as MedFusionLib.scene names it -> attribute here
    RESULTS = {  # noqa: RUF012
        "fused": "resultFused",
        "colour": "resultColour",
        f"colour-{PUBLISHED}": "resultPublishedColour",
        "contribution-first": "resultFirst",
        "contribution-second": "resultSecond",
        "contribution-third": "resultThird",
    }

    def __init__(self, node):
        self.node = node

    @classmethod
    def optionParameters(cls):
        """The parameters that are options of a fusion."""
        return [one for one in vars(cls).values() if isinstance(one, OptionParameter)]

    @property
    def settings(self):
        """What was chosen of the options, as MedFusionLib.fusion.fuse takes it."""
        chosen = {one.option.name: one.chosen(self) for one in self.optionParameters()}
        return fields_from(Settings, {**chosen, "more_colours": self.moreColours})

    @property
    def contributionKind(self):
        """The kind of contributions that will be made: what was chosen, or suits the colours."""
        return self._contributionsWith(*self.moreColours)

    def _contributionsWith(self, *moreColours):
        chosen = self.contributions
        return contributions_for(self.mode, *moreColours) if chosen == "auto" else chosen

    @property
    def canPublish(self):
        """Whether the published coding of gradients can stand beside the colour volume."""
        isFurther = self.wantColour and self.mode != PUBLISHED
        if not isFurther or self._contributionsWith(PUBLISHED) != "gradient":
            return False
        try:
            return get_method(self.method).differentiable
        except (MedFusionError, ImportError, OSError):  # no such method, or no torch that loads
            return False

    @property
    def moreColours(self):
        """The colour modes that get a volume of their own beside the colour volume."""
        return (PUBLISHED,) if self.wantPublishedColour and self.canPublish else ()

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
    def ct(self):
        """The CT among the chosen volumes; None where there is none."""
        pairs = zip(self.sources, self.modalities, strict=True)
        return next((node for node, modality in pairs if modality == "ct"), None)

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
