"""What became of each study, typed: `study.json` on disk, a line of `cohort.csv`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..errors import MedFusionError
from .studies import Study

#: names in JSON and CSV that are not those of the attributes: results were written with them
_STORED = {"method": "network"}
#: what comparing the studies of a cohort adds; not stored with one study
_COMPARED = ("outlier", "score")


@dataclass(frozen=True)
class Row:
    """What became of a study.

    Attributes:
        id: of the study.
        status: "done", "failed", "waiting" (the run was stopped before it), or "lost" (an attempt
            was begun, and its worker died).
        error: a sentence that says why it is not done; "" where it is.
        kept: whether it was done, or had failed, before this run.
        kind: the pair and the third modality; studies of one kind and method are compared.
        method: name of the fusion method.
        seconds: that it took.
        device: where it was fused.
        agreement: how much the MR says about the other sources, see `fusing.agreement_of`.
        displacement: how far off another source lies, in mm, see `fusing.displacement_of`.
        metrics: name of a metric -> its value for the fused image.
        warnings: sentences for the user.
        outlier: measure -> its distance from the median of comparable studies in robust standard
            deviations, where that is large, see `table.compare`.
        score: the worst distance of a measure from the median; None where too few can be compared.
    """

    id: str
    status: str = "failed"
    error: str = ""
    kept: bool = False
    kind: str = ""
    method: str = ""
    seconds: float = 0.0
    device: str = ""
    agreement: float | None = None
    displacement: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    outlier: Mapping[str, float] = field(default_factory=dict)
    score: float | None = None

    @classmethod
    def of(cls, study: Study, status: str = "failed", error: str = "", **more: Any) -> Self:
        """The row of a study.

        Args:
            study: gives id, kind and method.
            status: what became of it.
            error: why it failed.
            more: other attributes.

        Example:
            >>> Row.of(Study("p1", pair="ct-mr"), error="The CT is constant.").kind
            'ct-mr'
        """
        return cls(study.id, status, error, kind=study.kind, method=study.method, **more)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, without what comes from comparing it with other studies.

        Example:
            >>> Row("p1", "done", method="maximum").to_dict()["network"]
            'maximum'
        """
        found = dataclasses.asdict(self)
        return {
            _STORED.get(name, name): list(value) if isinstance(value, tuple) else value
            for name, value in found.items()
            if name not in _COMPARED
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """The row that `to_dict` gave, or JSON; what other versions added or lack is passed over.

        Raises:
            MedFusionError: it is none.

        Example:
            >>> Row.from_dict({"id": "p1", "status": "done", "network": "bands"}).method
            'bands'
        """
        stored = {_STORED.get(part.name, part.name): part.name for part in dataclasses.fields(cls)}
        try:
            words = {name: given[key] for key, name in stored.items() if key in given}
            words["warnings"] = tuple(words.get("warnings", ()))
            return cls(**words)
        except (TypeError, AttributeError):
            raise MedFusionError(
                "The record of a study is damaged, or of another version; fuse it again."
            ) from None
