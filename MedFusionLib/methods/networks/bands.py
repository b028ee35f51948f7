"""Bands: the maximum of the sources, corrected band by band with weights made for each pixel.

    F = M + sum over sources m and layers k of w_mk L_k(I_m),    M = max(I_1, I_2, ...)

cut to [0, 1], and 0 where M is 0. The layers L_k are four bands and the base of a source (à-trous
wavelet: binomial filter, dilated by 1, 2, 4 and 8; Starck, Fadili, Murtagh, The Undecimated
Wavelet Decomposition and its Reconstruction, IEEE TIP 2007), whose sum is the source. A perceptron
makes the weights, within +-2, from features of one pixel of a source and of its partner; it sees
nothing else, so each weight is a picture of what was taken from which source at which scale. A
gate makes them 0 where one of the two holds nothing nearby. So, whatever the perceptron learned,

    F(I, 0) = F(0, I) = I,    F(0, 0) = 0,    F(I1, I2) = F(I2, I1),
    share of the first source = (F + I1 - I2) / 2,

and F is the sum of what was taken from each source (`parts`). Of more than two sources each is
weighed against every other, and these weights averaged; the order of the sources plays no part.

There is no publication; `docs/bands.md` has the reasons and the measurements.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..registry import Method
from ..sums import cut_together, maximum_parts

DILATIONS = (1, 2, 4, 8)
LAYERS = len(DILATIONS) + 1
LARGEST_WEIGHT = 2.0
#: side of the window, and the mean in it, from which on a source counts as holding something
GATE_WINDOW, GATE_LEVEL = 15, 0.02
PIXELS_AT_A_TIME = 2048  # of the perceptron: what a processor's cache holds

#: what the perceptron sees, in this order: name -> (planes, factor, offset); the latter two bring
#: each to about -1..1. First of a source itself, then likewise of its partner ...
OWN = {
    "intensity": (1, 2, -1),
    "base": (1, 2, -1),
    "bands": (4, 5, 0),
    "energies": (4, 4, -1),
    "gradients": (2, 4, -1),
}
#: ... then what changes its sign when the two change places ...
RATIOS = {
    "intensity ratio": (1, 1, 0),
    "base ratio": (1, 1, 0),
    "energy ratios": (4, 1, 0),
    "gradient ratios": (2, 1, 0),
}
#: ... and what does not.
AGREEMENT = {"correlations": (4, 1, 0), "angles": (2, 1, 0)}


class Weighing(NamedTuple):
    """What is taken from where.

    Attributes:
        layers: (N, sources, 5, H, W): the bands of each source, fine to coarse, and its base.
        weights: (N, sources, 5, H, W): what each is multiplied with.
    """

    layers: Tensor
    weights: Tensor


class Bands(nn.Module):
    """The network; 3,405 parameters.

    Args:
        hidden: width of the perceptron's two hidden layers.
        without: what the perceptron does not see, names in `OWN`, `RATIOS` and `AGREEMENT`; for
            ablations.

    Example:
        >>> image = torch.rand(1, 1, 37, 50)
        >>> torch.equal(Bands()(image, torch.zeros_like(image)), image)
        True
    """

    #: F(I, 0) = I, so that shares have a closed form, see `contributions.share`
    keeps_lone_source = True

    def __init__(self, hidden: int = 40, without: tuple[str, ...] = ()) -> None:
        super().__init__()
        seen = [*OWN.items(), *OWN.items(), *RATIOS.items(), *AGREEMENT.items()]
        ranges = [
            (0, 0) if name in without else (factor, offset)
            for name, (planes, factor, offset) in seen
            for _ in range(planes)
        ]
        factors, offsets = torch.tensor(ranges).float().unbind(1)
        self.register_buffer("factors", factors, persistent=False)
        self.register_buffer("offsets", offsets, persistent=False)
        sizes = (len(ranges), hidden, hidden, LAYERS)
        self.perceptron = nn.ModuleList(map(nn.Linear, sizes, sizes[1:]))
        nn.init.zeros_(self.perceptron[-1].weight)  # it starts as the maximum
        nn.init.zeros_(self.perceptron[-1].bias)

    def forward(self, *sources: Tensor) -> Tensor:
        """Fuse slice batches.

        Args:
            sources: two or more (N, 1, H, W) in [0, 1].

        Returns:
            (N, 1, H, W) in [0, 1]; in training not cut to it, so that what exceeds it can count.
        """
        layers, weights = self.weigh(*sources)
        images = torch.cat(sources, 1)
        brightest = images.amax(1, keepdim=True)
        fused = brightest + (weights * layers).sum((1, 2))[:, None]
        fused = torch.where(brightest > 0, fused, 0)
        return fused if self.training else fused.clamp(0, 1)

    def parts(self, *sources: Tensor) -> tuple[Tensor, ...]:
        """What was taken from each source: its weighted layers, and M from the brightest one.

        Args:
            sources: two or more (N, 1, H, W) in [0, 1].

        Returns:
            A map (N, 1, H, W) for each source; their sum is the fused batch.
        """
        layers, weights = self.weigh(*sources)
        taken = (weights * layers).sum(2).split(1, 1)
        brightest = maximum_parts(*sources)
        lit = sum(brightest) > 0
        whole = [(a + b) * lit for a, b in zip(taken, brightest, strict=True)]
        return cut_together(*whole)

    def weigh(self, *sources: Tensor) -> Weighing:
        """The layers of the sources and their weights: why the fused pixels are what they are.

        Args:
            sources: two or more (N, 1, H, W) in [0, 1].
        """
        looks = [_Look(source) for source in sources]
        weights, gates = [0.0] * len(looks), [0.0] * len(looks)
        for m, n in combinations(range(len(looks)), 2):
            gate = looks[m].gate * looks[n].gate
            for own, found in zip((m, n), self._weights(looks[m], looks[n]), strict=True):
                weights[own] = weights[own] + gate * found
                gates[own] = gates[own] + gate
        if len(looks) > 2:
            weights = [w / g.clamp(min=1) for w, g in zip(weights, gates, strict=True)]
        layers = torch.stack([torch.cat([*look.bands, look.base], 1) for look in looks], 1)
        return Weighing(layers, torch.stack(weights, 1))

    def _weights(self, one: _Look, other: _Look) -> tuple[Tensor, Tensor]:
        """The weights of either of two sources beside the other, (N, 5, H, W)."""
        own = sum(planes for planes, *_ in OWN.values())
        first, *rest = self.perceptron
        # planes come in their own units: factors and offsets go into the weights
        matrix, bias = first.weight * self.factors, first.bias + first.weight @ self.offsets
        ratios, agreement = compared(one, other)
        self_and_partner = torch.cat([matrix[:, :own], matrix[:, own : 2 * own]])
        signed, unsigned = matrix[:, 2 * own :].split([len(ratios), len(agreement)], 1)
        stacks = (one.planes, other.planes, ratios, agreement)
        pixels = ratios.shape[1] if self.training else PIXELS_AT_A_TIME
        found = []
        for a, b, r, s in zip(*(stack.split(pixels, 1) for stack in stacks), strict=True):
            a_self, a_partner = (self_and_partner @ a).chunk(2)
            b_self, b_partner = (self_and_partner @ b).chunk(2)
            r, s = signed @ r, torch.addmm(bias[:, None], unsigned, s)
            x = torch.cat([a_self + b_partner + s + r, b_self + a_partner + s - r], 1)
            for layer in rest:
                x = torch.addmm(layer.bias[:, None], layer.weight, F.leaky_relu(x, 0.1))
            found.append(x.unflatten(1, (2, -1)))
        weights = LARGEST_WEIGHT * torch.tanh(torch.cat(found, 2))
        batch, _, *size = one.source.shape
        return tuple(w.unflatten(1, (batch, *size)).transpose(0, 1) for w in weights.unbind(1))


class _Look:
    """One source, (N, 1, H, W), as the perceptron sees it.

    Attributes:
        source: itself.
        bands: four, fine to coarse, (N, 1, H, W) each.
        base: what remains.
        energies: root mean square of each band around the pixel.
        slopes: along rows and columns, at two scales.
        strengths: length of each slope.
        planes: (12, pixels of all slices), in the order of `OWN`.
        gate: 1 where it holds something nearby, 0 where it holds nothing.
    """

    def __init__(self, source: Tensor) -> None:
        smoothed = [source]
        for dilation in DILATIONS:
            smoothed.append(smooth(smoothed[-1], dilation))
        self.source, self.base = source, smoothed[-1]
        self.bands = [fine - rough for fine, rough in pairwise(smoothed)]
        self.energies = [
            torch.sqrt(smooth(band * band, dilation) + 1e-7)
            for band, dilation in zip(self.bands, DILATIONS, strict=True)
        ]
        self.slopes = [slope(image) for image in smoothed[1:3]]
        self.strengths = [torch.sqrt(x * x + y * y + 1e-8) for x, y in self.slopes]
        roots = map(torch.sqrt, (*self.energies, *self.strengths))
        self.planes = flat([source, self.base, *self.bands, *roots])
        reach = GATE_WINDOW // 2
        mean = F.avg_pool2d(F.pad(source, (reach,) * 4, mode="replicate"), (GATE_WINDOW, 1), 1)
        mean = F.avg_pool2d(mean, (1, GATE_WINDOW), 1)
        self.gate = (mean / GATE_LEVEL).clamp(max=1)


def compared(one: _Look, other: _Look) -> tuple[Tensor, Tensor]:
    """The planes of `RATIOS` and of `AGREEMENT`, (8, pixels) and (6, pixels)."""

    def ratio(a: Tensor, b: Tensor, dark: float) -> Tensor:
        return (a - b) / (a + b + dark)  # a common gain changes little, noise in the dark, too

    pairs = [(one.source, other.source, 0.02), (one.base, other.base, 0.02)]
    for name in ("energies", "strengths"):
        pairs += [
            (a, b, 2e-3) for a, b in zip(getattr(one, name), getattr(other, name), strict=True)
        ]
    agreement = []
    for n, dilation in enumerate(DILATIONS):
        product = smooth(one.bands[n] * other.bands[n], dilation)
        agreement.append(product / (one.energies[n] * other.energies[n] + 1e-5))
    for n, ((x1, y1), (x2, y2)) in enumerate(zip(one.slopes, other.slopes, strict=True)):
        along = x1 * x2 + y1 * y2
        agreement.append(along / (one.strengths[n] * other.strengths[n] + 1e-5))
    return flat([ratio(*pair) for pair in pairs]), flat(agreement)


def flat(planes: list[Tensor]) -> Tensor:
    """Planes (N, 1, H, W) as one matrix (planes, pixels of all slices)."""
    return torch.stack([plane.flatten() for plane in planes])


def smooth(images: Tensor, dilation: int) -> Tensor:
    """The 5 x 5 binomial filter with holes, borders extended by replication; (N, C, H, W).

    Example:
        >>> smooth(torch.ones(1, 1, 4, 4), 8).unique()
        tensor([1.])
    """
    reach = 2 * dilation
    for dim, padding in ((2, (0, 0, reach, reach)), (3, (reach, reach, 0, 0))):
        size = images.shape[dim]
        padded = F.pad(images, padding, mode="replicate")
        taps = [padded.narrow(dim, n * dilation, size) for n in range(5)]
        images = taps[0] + taps[4]
        for n, weight in ((1, 4), (3, 4), (2, 6)):  # in place: memory is what takes the time
            images.add_(taps[n], alpha=weight)
        images.mul_(1 / 16)
    return images


def slope(images: Tensor) -> tuple[Tensor, Tensor]:
    """Half the difference of a pixel's neighbours, along rows and along columns."""
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return across, down


METHOD = Method(
    name="bands",
    title="Bands",
    kind="network",
    summary="The brighter source, corrected at five scales; small, says what it took from where.",
    citation="No publication: made for this project, see docs/bands.md",
    build=Bands,
    choices="One set of weights for all pairs, trained on the measures that it is scored with and "
    "on the truth of the digital head.",
    radius=46,
    group="first",
    all_pairs=True,
    any_number=True,
    parts=True,
)
