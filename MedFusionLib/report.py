"""What a fusion was made of: typed here, `report.json` on disk, an attribute of the nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints

from .errors import MedFusionError

NOTICE = "Research software, not a medical device. Not for diagnosis or treatment."


@dataclass(frozen=True)
class InputReport:
    """One source.

    Attributes:
        name: of the volume.
        modality: "mr", "ct", "pet" or "spect".
        window: values that are shown as 0 and as 1.
        window_from: how the window was found.
        inside_reference: part of the reference volume that it covers.
        shoulder: where the window bends, see `intensities.Window`; None: nowhere.
        file: its name, where it came from a file that may be named.
        sha256: of what was read.
    """

    name: str
    modality: str
    window: tuple[float, float]
    window_from: str
    inside_reference: float
    shoulder: float | None = None
    file: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class AlignmentReport:
    """How far a source lies off the first, see `sources.alignment.Alignment`.

    Attributes:
        input: name of the source.
        verdict: "registered", "off" or "unknown".
        words: the verdict in a few words.
        displacement_mm: of the head's surface, where it is largest.
        spread_mm: between two answers from two starts.
        matrix_lps: 4 x 4, takes a point of the source to where it belongs.
        applied: whether the source was moved so.
        warning: a sentence; "" where there is nothing to warn of.
    """

    input: str
    verdict: str
    words: str
    displacement_mm: float
    spread_mm: float
    matrix_lps: list[list[float]]
    applied: bool
    warning: str


@dataclass(frozen=True)
class Parameters:
    """The settings of a fusion as it ran, see `settings.Settings`.

    Attributes:
        headroom_factor: what the first source was multiplied with, see `inference.headroom`.
        faded_below: brightness below which the fused image fades, see `inference.bounds`.
    """

    axis: str
    contributions: str
    steps: int
    samples: int
    colour: str
    omega: float
    colormap: str
    batch: int
    precision: str
    headroom: str = "off"
    headroom_factor: float = 1.0
    bounds: str = "on"
    faded_below: float = 0.0
    more_colours: tuple[str, ...] = ()
    ct: str = "auto"

    @property
    def lowered_to(self) -> str:
        """What headroom left of the MR, such as "91%", never "100%"; "" where it is whole.

        Example:
            >>> some = Parameters("axial", "share", 1, 1, "fused", 0.6, "jet", 1, "float32")
            >>> some.lowered_to, dataclasses.replace(some, headroom_factor=0.999).lowered_to
            ('', '99%')
        """
        return f"{int(100 * self.headroom_factor)}%" if self.headroom_factor < 1 else ""


@dataclass(frozen=True)
class Report:
    """What a fusion was made of.

    Attributes:
        version: of MedFusion.
        inputs: the sources, in their order.
        method: its name ("network" in JSON).
        pair: what was fused, in words.
        weights_sha256: of the weights, none for classical methods.
        parameters: how it ran.
        background_fraction: part of the reference volume.
        device: where it ran.
        warnings: sentences for the user.
        alignment: of each source but the first; empty where it was not measured.
        share_sum_error: largest difference in a voxel between the shares' sum and the fused value
            less F(0, 0); None with other contributions.
        seconds: what it took.
        notice: what the software is not.
        quality: scores, see `results.quality`; None where they were not computed.
        files: the other files of the folder with sizes and checksums; None outside of a folder.
    """

    version: str
    inputs: tuple[InputReport, ...]
    method: str
    pair: str
    weights_sha256: tuple[str, ...]
    parameters: Parameters
    background_fraction: float
    device: str
    warnings: tuple[str, ...] = ()
    alignment: tuple[AlignmentReport, ...] = ()
    share_sum_error: float | None = None
    seconds: float = 0.0
    notice: str = NOTICE
    quality: Mapping[str, Any] | None = None
    files: tuple[Mapping[str, Any], ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; what is not known is left out.

        Example:
            >>> parameters = Parameters("axial", "share", 1, 1, "fused", 0.6, "jet", 1, "float32")
            >>> Report("1", (), "maximum", "ct-mr", (), parameters, 0.5, "cpu").to_dict()["network"]
            'maximum'
        """
        found = {_JSON.get(name, name): value for name, value in dataclasses.asdict(self).items()}
        for name in ("quality", "files"):
            if found[name] is None:
                del found[name]
        found["inputs"] = [
            {key: value for key, value in one.items() if value is not None}
            for one in found["inputs"]
        ]
        return found

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """The report that `to_dict` gave, or JSON; what later versions added is passed over.

        Raises:
            MedFusionError: it is none, lacks a part, or a part is of another type.
        """
        try:
            words = {name: given[_JSON.get(name, name)] for name in _present(cls, given)}
            words["inputs"] = tuple(_known(InputReport, one) for one in words["inputs"])
            words["alignment"] = tuple(_known(AlignmentReport, one) for one in words["alignment"])
            words["parameters"] = _known(Parameters, words["parameters"])
            for name in ("weights_sha256", "warnings", "files"):
                if words.get(name) is not None:
                    words[name] = tuple(words[name])
            found = cls(**words)
            matrices = [part.matrix_lps for part in found.alignment]
            if not _fits(found, cls) or any([*map(len, m)] != [4] * 4 for m in matrices):
                raise TypeError
            return found
        except (KeyError, TypeError, AttributeError, ValueError):
            raise MedFusionError(
                "The report of this result is damaged, or of another version; fuse again."
            ) from None


#: names in JSON that are not those of the attributes: results were written with them
_JSON = {"method": "network"}


def _present(owner: type, given: Mapping[str, Any]) -> list[str]:
    names = [part.name for part in dataclasses.fields(owner)]
    return [name for name in names if _JSON.get(name, name) in given]


def _known(owner: type, given: Mapping[str, Any]) -> Any:
    found = {name: given[name] for name in _present(owner, given)}
    for name in ("window", "more_colours"):  # JSON knows lists alone
        if name in found:
            found[name] = tuple(found[name])
    return owner(**found)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotated type, with all that is in it.

    Example:
        >>> _fits((1, 2.5), tuple[float, float]), _fits((1,), tuple[str, ...]), _fits(None, str)
        (True, False, False)
    """
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin is UnionType:
        return any(_fits(value, one) for one in inner)
    if origin is list or inner[1:] == (...,):
        return isinstance(value, origin) and all(_fits(one, inner[0]) for one in value)
    if origin is tuple:
        return (
            isinstance(value, tuple) and len(value) == len(inner) and all(map(_fits, value, inner))
        )
    if dataclasses.is_dataclass(hint):
        return isinstance(value, hint) and all(  # type: ignore[arg-type]
            _fits(getattr(value, name), one) for name, one in get_type_hints(hint).items()
        )
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, origin or hint) and (hint is bool or not isinstance(value, bool))
