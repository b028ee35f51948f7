"""What a fusion method is, and what it can: the base class of all networks and classical methods.

A method has to define `name`, `title` and `forward`. Everything else has a default, and each
optional member gives something more:

| member | what it gives |
|---|---|
| `parts` | the contributions "parts": the fused image as a sum of what came from each source |
| `weigh` and `scales` | *Why?*: what was taken from which source at which scale |
| `fuse_box` | speed: the rest of a slice is left out where nothing is |
| `keeps_lone_source` | speed: shares need no run where one source stands alone; and no fade |
| `BranchedMethod` as base | speed: each source's branch runs once for all its coalitions |
| `as_published` | the benchmark: the publication's way to compute, beside a faster one |
| `receptive_radius` | speed: a slice is cut to what the wanted pixels depend on |
| `many_small_steps` | speed: a CPU runs slices side by side, each on one thread |
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, NoReturn, Self

from torch import Tensor, nn

from ..errors import MedFusionError


class Weighing(NamedTuple):
    """What a method takes from which source at which scale, see `FusionMethod.weigh`.

    Attributes:
        layers: (N, sources, layers, H, W): the bands of each source, fine to coarse, and its base.
        weights: (N, sources, layers, H, W): what each is multiplied with.
    """

    layers: Tensor
    weights: Tensor


class FusionMethod(nn.Module, ABC):
    """A fusion method: slice batches in, the fused slice batch out.

    Class attributes say what it is (shown in lists, reports and the panel):

    Attributes:
        name: on the command line, such as "funfusean".
        title: as published.
        kind: "network" (needs trained weights) or "classical" (needs none).
        group: "recommended", "published" (the networks of this project's publications) or
            "comparison".
        summary: one line for a clinician: what it is.
        citation: the publication, one line.
        choices: what the publication leaves open, and what was chosen here.
        gradient_note: a warning about its `gradient` maps, "" where there is none.

    and what it can:

    Attributes:
        all_pairs: one set of weights serves all pairs; else there is one for each.
        any_number: it takes any number of sources at once, in any order.
        differentiable: the contributions "gradient" exist.
        receptive_radius: radius of the receptive field, in pixels: how far a pixel of a source can
            reach in the fused image; None: everywhere.
        many_small_steps: its operations are too small for several threads each, and it may be
            called from several threads at once.
        headroom: by default a bright MR is lowered before this method, see `inference.headroom`.
        keeps_lone_source: F(I, 0) = F(0, I) = I exactly.
        scales: with `weigh`: pixels across a spot that shows most in each layer but the last.
        weights_sha256: of the trained weights in it; set where they are loaded.

    Example:
        >>> import torch
        >>> class GeometricMean(FusionMethod):
        ...     name, title = "geometric-mean", "Geometric mean"
        ...     def forward(self, first, second):
        ...         return (first * second).sqrt()
        >>> GeometricMean()(torch.tensor(0.25), torch.tensor(1.0)), GeometricMean.supports("parts")
        (tensor(0.5000), False)
    """

    name: ClassVar[str]
    title: str
    kind: ClassVar[str] = "classical"
    group: ClassVar[str] = "comparison"
    summary: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    choices: ClassVar[str] = ""
    gradient_note: ClassVar[str] = ""

    all_pairs: ClassVar[bool] = False
    any_number: ClassVar[bool] = False
    differentiable: ClassVar[bool] = True
    headroom: ClassVar[bool] = False
    receptive_radius: int | None = None
    keeps_lone_source: bool = False
    many_small_steps: bool = False
    scales: ClassVar[tuple[float, ...]] = ()
    weights_sha256: str | None = None

    @abstractmethod
    def forward(self, *sources: Any, **_: Any) -> Tensor:
        """Fuse slice batches.

        It must give the same for a slice whatever stands beside it in the batch, finite values
        with a black source, and, but for networks with biases, 0 for black sources.

        Args:
            sources: two (N, 1, H, W) in [0, 1]; more where `any_number` is set.

        Returns:
            (N, 1, H, W).
        """

    def parts(self, *sources: Any, **_: Any) -> tuple[Tensor, ...]:
        """Optional: what was taken from each source; the maps sum to the fused batch.

        Possible where the fused image is a sum of terms, each linear in one source once the method
        has chosen its weights; `methods.sums` helps.

        Args:
            sources: see `forward`.

        Returns:
            A map (N, 1, H, W) for each source.
        """
        self._lacks("parts")

    def weigh(self, *sources: Any, **_: Any) -> Weighing:
        """Optional: the layers of each source and their weights, for `results.why`.

        Args:
            sources: see `forward`.
        """
        self._lacks("weigh")

    def fuse_box(self, *sources: Any, **_: Any) -> Tensor:
        """Optional: the part of `forward`'s result inside a box, at less work.

        The keyword `box` holds the rows and columns that are wanted, see `methods.boxes`.

        Args:
            sources: see `forward`; whole slices.
        """
        self._lacks("fuse_box")

    def as_published(self) -> Self:
        """A copy that computes as the publication does, where this one has a faster way.

        Overridden where the two differ.
        """
        return copy.deepcopy(self)

    @classmethod
    def supports(cls, member: str) -> bool:
        """Whether the class has an optional member: "parts", "weigh" or "fuse_box"."""
        return getattr(cls, member) is not getattr(FusionMethod, member)

    def offers(self, member: str) -> bool:
        """Whether this very method has it; one around another method asks that one, too."""
        return self.supports(member)

    def _lacks(self, member: str) -> NoReturn:
        name = getattr(self, "title", type(self).__name__)
        raise MedFusionError(f"{name} has no '{member}'; ask offers('{member}') first.")


class BranchedMethod(FusionMethod):
    """A method that sees each source alone before it joins them; `forward` follows from both."""

    @abstractmethod
    def branch(self, number: int, source: Tensor) -> Any:
        """What the method makes of one source, without the others.

        Args:
            number: of the source, from 0.
            source: (N, 1, H, W) in [0, 1].
        """

    @abstractmethod
    def join(self, *branches: Any, **_: Any) -> Tensor:
        """The fused batch (N, 1, H, W) from the branches of all sources, in their order."""

    def forward(self, *sources: Any, **_: Any) -> Tensor:
        """Fuse slice batches (N, 1, H, W) in [0, 1] to one (N, 1, H, W)."""
        return self.join(*(self.branch(number, source) for number, source in enumerate(sources)))


class WrappedMethod(FusionMethod):
    """A method around another one, which does something before or after it.

    Args:
        method: the one inside.
    """

    def __init__(self, method: FusionMethod) -> None:
        super().__init__()
        self.method = method
        self.keeps_lone_source = method.keeps_lone_source
        self.many_small_steps = method.many_small_steps

    def offers(self, member: str) -> bool:
        """Whether both have an optional member."""
        return self.supports(member) and self.method.offers(member)


class FunctionMethod(FusionMethod):
    """A plain module or function as a method, of which nothing more is known.

    Example:
        >>> import torch
        >>> FunctionMethod(torch.minimum)(torch.tensor(0.25), torch.tensor(1.0))
        tensor(0.2500)
    """

    name, title = "function", "Function"

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *sources: Tensor) -> Tensor:
        return self.function(*sources)


def as_method(module: Callable[..., Tensor]) -> FusionMethod:
    """A fusion method as it is, anything else that fuses slice batches as a `FunctionMethod`."""
    return module if isinstance(module, FusionMethod) else FunctionMethod(module)
