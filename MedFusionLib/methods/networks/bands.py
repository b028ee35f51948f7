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

There is no publication; `docs/understand/bands.md` has the reasons and the measurements.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..base import FusionMethod, Weighing
from ..sums import cut_together, maximum_parts, total

DILATIONS = (1, 2, 4, 8)
LAYERS = len(DILATIONS) + 1
LARGEST_WEIGHT = 2.0
#: side of the window, and the mean in it, from which on a source counts as holding something
GATE_WINDOW, GATE_LEVEL = 15, 0.02
PIXELS_AT_A_TIME = 8192  # of the perceptron: what a processor's cache holds

#: what the perceptron sees, in this order: name -> (planes, factor, offset); the latter two bring
#: each to about -1..1. First of a source itself, then likewise of its partner ...
OWN = {
    "intensity": (1, 2, -1),
    "base": (1, 2, -1),
    "bands": (4, 5, 0),
    "energies": (4, 4, -1),
    "gradients": (2, 4, -1),
}
#: ... then what changes its sign when the two change indices ...
RATIOS = {
    "intensity ratio": (1, 1, 0),
    "base ratio": (1, 1, 0),
    "energy ratios": (4, 1, 0),
    "gradient ratios": (2, 1, 0),
}
#: ... and what does not.
AGREEMENT = {"correlations": (4, 1, 0), "angles": (2, 1, 0)}


class Bands(FusionMethod):
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

    name = "bands"
    title = "Bands"
    kind = "network"
    group = "recommended"
    summary = "The brighter source, corrected at five scales; small, says what it took from where."
    citation = "No publication: made for this project, see docs/understand/bands.md"
    choices = (
        "One set of weights for all pairs, trained on the measures that it is scored with and "
        "on the truth of the digital head."
    )
    all_pairs = True
    any_number = True
    many_small_steps = True
    headroom = True
    receptive_radius = 46

    #: F(I, 0) = I, so that shares have a closed form, see `contributions.share`
    keeps_lone_source = True
    #: pixels across a spot that shows most in each band: twice the dilation
    scales = tuple(2 * dilation for dilation in DILATIONS)

    factors: Tensor
    offsets: Tensor

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
        layers = [nn.Linear(*ends) for ends in pairwise(sizes)]
        nn.init.zeros_(layers[-1].weight)  # it starts as the maximum
        nn.init.zeros_(layers[-1].bias)
        self.perceptron = nn.ModuleList(layers)

    def forward(self, *sources: Tensor) -> Tensor:
        """Fuse slice batches.

        Args:
            sources: two or more (N, 1, H, W) in [0, 1].

        Returns:
            (N, 1, H, W) in [0, 1]; in training not cut to it, so that what exceeds it can count.
        """
        taken = self._over_partners(_SourceFeatures(sources), _taken)
        brightest = torch.stack(sources).amax(0)
        fused = torch.where(brightest > 0, brightest + total(taken).transpose(0, 1), 0)
        return fused if self.training else fused.clamp(0, 1)

    def parts(self, *sources: Tensor) -> tuple[Tensor, ...]:
        """What was taken from each source: its weighted layers, and M from the brightest one.

        Args:
            sources: two or more (N, 1, H, W) in [0, 1].

        Returns:
            A map (N, 1, H, W) for each source; their sum is the fused batch.
        """
        taken = self._over_partners(_SourceFeatures(sources), _taken)
        brightest = maximum_parts(*sources)
        lit = total(brightest) > 0
        whole = [(a.transpose(0, 1) + b) * lit for a, b in zip(taken, brightest, strict=True)]
        return cut_together(*whole)

    def weigh(self, *sources: Tensor) -> Weighing:
        """The layers of the sources and their weights: why the fused pixels are what they are.

        Args:
            sources: two or more (N, 1, H, W) in [0, 1].
        """
        features = _SourceFeatures(sources)
        weights = torch.stack(self._over_partners(features, lambda weights, pixels: weights))
        layers = torch.stack(features.layers, 1)
        return Weighing(layers.permute(2, 0, 1, 3, 4), weights.permute(2, 0, 1, 3, 4))

    def _over_partners(
        self, features: _SourceFeatures, of: Callable[[Tensor, _PixelFeatures], Tensor]
    ) -> list[Tensor]:
        """What `of` makes of a source's weights, gated, and averaged over its partners.

        Args:
            features: the sources.
            of: of weights (5, pixels) and the source there; gives (planes, pixels), linear in the
                weights.

        Returns:
            For each source (planes, N, H, W); 0 where it has no partner nearby.
        """
        count, *size = features.gate.shape
        nothing = features.gate.new_zeros(())
        sums, gates = [nothing] * count, [nothing] * count
        for pair in combinations(range(count), 2):
            # only there is anything to weigh
            gate = features.gate[pair[0]].flatten() * features.gate[pair[1]].flatten()
            indices = foreground_indices(gate)
            first, second = (features.at(m, indices) for m in pair)
            agreeing = agreement(first, second, features.products(*pair, indices))
            ratios = first.ratios(second)
            there = gate[indices]
            for m, pixels, other, signed in (
                (pair[0], first, second, ratios),
                (pair[1], second, first, [-ratio for ratio in ratios]),
            ):
                seen = torch.stack([*pixels.seen, *other.seen, *signed, *agreeing])
                made = of(self._weights(seen), pixels) * there
                whole = made.new_zeros(len(made), len(gate))
                sums[m] = sums[m] + whole.index_copy(1, indices, made)
                gates[m] = gates[m] + gate
        if count > 2:
            sums = [part / gate.clamp(min=1) for part, gate in zip(sums, gates, strict=True)]
        return [part.unflatten(1, size) for part in sums]

    def _weights(self, seen: Tensor) -> Tensor:
        """The weights of a source beside another one, (5, pixels), from what is seen of both.

        Args:
            seen: (planes, pixels): `OWN` of the source and of the other one, `RATIOS`, `AGREEMENT`.
        """
        first, *rest = (layer for layer in self.perceptron if isinstance(layer, nn.Linear))
        # planes come in their own units: factors and offsets go into the weights
        matrix, bias = first.weight * self.factors, first.bias + first.weight @ self.offsets
        pixels = max(1, seen.shape[1]) if self.training else PIXELS_AT_A_TIME
        found = []
        for x in seen.split(pixels, 1):
            x = torch.addmm(bias[:, None], matrix, x)
            for layer in rest:
                x = torch.addmm(layer.bias[:, None], layer.weight, F.leaky_relu_(x, 0.1))
            found.append(x)
        return LARGEST_WEIGHT * torch.tanh(torch.cat(found, 1))


class _SourceFeatures:
    """The sources, and what is made of them for the perceptron; tensors (sources, N, H, W).

    Attributes:
        source: themselves.
        layers: four bands, fine to coarse, and the base.
        energies: mean square of each band around the pixel.
        slopes: along rows and along columns, at two scales.
        gate: 1 where a source holds something nearby, 0 where it holds nothing.
    """

    def __init__(self, sources: tuple[Tensor, ...]) -> None:
        self.source = torch.stack([source[:, 0] for source in sources])
        smoothed = [self.source]
        for dilation in DILATIONS:
            smoothed.append(smooth(smoothed[-1], dilation))
        self.layers = [fine - rough for fine, rough in pairwise(smoothed)]
        self.energies = [
            smooth(band * band, dilation)
            for band, dilation in zip(self.layers, DILATIONS, strict=True)
        ]
        self.layers.append(smoothed[-1])
        self.slopes = [slope(image) for image in smoothed[1:3]]
        mean = self.source
        for dim in (-1, -2):
            mean = running_mean(mean, GATE_WINDOW, dim)
        self.gate = (mean / GATE_LEVEL).clamp(max=1)

    def at(self, m: int, indices: Tensor) -> _PixelFeatures:
        """A source at some indices."""

        def there(plane: Tensor) -> Tensor:
            return plane[m].flatten().index_select(0, indices)

        return _PixelFeatures(
            there(self.source),
            [there(layer) for layer in self.layers],
            [torch.sqrt(there(energy) + 1e-7) for energy in self.energies],
            [(there(across), there(down)) for across, down in self.slopes],
        )

    def products(self, m: int, n: int, indices: Tensor) -> list[Tensor]:
        """The mean products of the bands of two sources, at some indices."""
        found = []
        for band, dilation in zip(self.layers[:-1], DILATIONS, strict=True):
            product = smooth(band[m : m + 1] * band[n : n + 1], dilation)
            found.append(product.flatten().index_select(0, indices))
        return found


class _PixelFeatures:
    """A source at some pixels, as the perceptron sees it; all tensors (pixels,).

    Attributes:
        source: its intensity.
        layers: four bands, fine to coarse, and the base.
        energies: root mean square of each band around the pixel.
        slopes: along rows and columns, at two scales.
        strengths: length of each slope.
        seen: what `OWN` lists.
    """

    def __init__(
        self,
        source: Tensor,
        layers: list[Tensor],
        energies: list[Tensor],
        slopes: list[tuple[Tensor, Tensor]],
    ) -> None:
        self.source, self.layers, self.energies, self.slopes = source, layers, energies, slopes
        self.strengths = [torch.sqrt(x * x + y * y + 1e-8) for x, y in slopes]
        roots = map(torch.sqrt, (*energies, *self.strengths))
        self.seen = [source, layers[-1], *layers[:-1], *roots]

    def ratios(self, other: _PixelFeatures) -> list[Tensor]:
        """What `RATIOS` lists."""
        pairs = [(self.source, other.source, 0.02), (self.layers[-1], other.layers[-1], 0.02)]
        for own, others in ((self.energies, other.energies), (self.strengths, other.strengths)):
            pairs += [(a, b, 2e-3) for a, b in zip(own, others, strict=True)]
        # a common gain changes little, noise in the dark, too
        return [(a - b) / (a + b + dark) for a, b, dark in pairs]


def agreement(one: _PixelFeatures, other: _PixelFeatures, products: list[Tensor]) -> list[Tensor]:
    """What `AGREEMENT` lists; `products` are those of `_SourceFeatures.products`."""
    planes = [
        product / (a * b + 1e-5)
        for product, a, b in zip(products, one.energies, other.energies, strict=True)
    ]
    for k, ((x1, y1), (x2, y2)) in enumerate(zip(one.slopes, other.slopes, strict=True)):
        along = x1 * x2 + y1 * y2
        planes.append(along / (one.strengths[k] * other.strengths[k] + 1e-5))
    return planes


def foreground_indices(gate: Tensor) -> Tensor:
    """Positions that are not 0; on a GPU all of them: to count them it would have to wait."""
    if gate.device.type != "cpu":
        return torch.arange(len(gate), device=gate.device)
    return torch.nonzero(gate).flatten()


def _taken(weights: Tensor, pixels: _PixelFeatures) -> Tensor:
    """The sum of the weighted layers, (1, pixels)."""
    return total(w * layer for w, layer in zip(weights, pixels.layers, strict=True))[None]


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


def running_mean(images: Tensor, window: int, dim: int) -> Tensor:
    """Mean in an odd window along -1 or -2, borders replicated; exactly 0 where all is 0.

    Sums of 1, 2, 4, ... pixels are combined: differences of running sums would leave a rounding
    error.

    Example:
        >>> running_mean(torch.tensor([[[[0.0, 0.0, 3.0, 0.0, 0.0]]]]), 3, -1)
        tensor([[[[0., 1., 1., 1., 0.]]]])
    """
    reach, size = window // 2, images.shape[dim]
    padding = (reach, reach, 0, 0) if dim == -1 else (0, 0, reach, reach)
    sums = F.pad(images, padding, mode="replicate")
    found, start, width = images.new_zeros(()), 0, 1
    while True:
        if window & width:
            found = found + sums.narrow(dim, start, size)
            start += width
        if start == window:
            return found / window
        length = sums.shape[dim] - width
        sums = sums.narrow(dim, 0, length) + sums.narrow(dim, width, length)
        width *= 2


def slope(images: Tensor) -> tuple[Tensor, Tensor]:
    """Half the difference of a pixel's neighbours, along rows and along columns."""
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return across, down
