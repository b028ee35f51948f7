"""FunFuseAn: two frequency branches per source, fused in feature space.

Kumar, Hoffmann, Oelschlägel, Koch, Kirsch, Gumhold: Structural Similarity Based Anatomical and
Functional Brain Imaging Fusion. MBIA/MICCAI 2019. Figure 1 and section 2.1.

The paper leaves open, or its programs contradict, and here it is:

- padding: the paper has none, both public programs keep the size; the size is kept;
- fusion of the high-frequency features: the paper's quotient max(H1, H2) / (H1 + H2) (eq. 1)
  divides by zero with leaky ReLU features. "max_average" divides by |H1| + |H2| + 0.001, which is
  the same for positive features; "sum" (the authors' later program) adds, and is the default;
- order: the first source (MR) goes through the 9x9 and 3x3 kernels, as the paper has it;
- brightness: trained on SSIM and L2 to both sources it comes out dim; the result is multiplied by
  a constant (1.05 to 1.15), chosen on validation slices, see `training.brightness`;
- at test time batch norm uses stored statistics, so a slice does not depend on its batch.
"""

from __future__ import annotations

import torch
from torch import nn

from ..base import BranchedMethod

FUSION_RULES = ("sum", "max_average")


def _layer(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding="same"),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2, inplace=True),
    )


class FunFuseAn(BranchedMethod):
    """The network; 122,209 parameters.

    Args:
        rule: how the high-frequency features meet, "sum" or "max_average".
        gain: what the fused image is multiplied by, for that of a trained network is dim; see
            `training.brightness`.

    Example:
        >>> FunFuseAn()(torch.zeros(1, 1, 32, 48), torch.zeros(1, 1, 32, 48)).shape
        torch.Size([1, 1, 32, 48])
    """

    name = "funfusean"
    title = "FunFuseAn"
    kind = "network"
    group = "published"
    summary = (
        "Convolutional network with a coarse and a fine branch for each source; made for MR "
        "with PET."
    )
    citation = (
        "Kumar et al., Structural Similarity Based Anatomical and Functional Brain Imaging "
        "Fusion, MBIA/MICCAI 2019"
    )
    choices = (
        "Size kept by padding; high-frequency features added (the authors' later program); "
        "stored batch-norm statistics; the dim result raised by a constant."
    )
    receptive_radius = 11

    def __init__(self, rule: str = "sum", gain: float = 1.0) -> None:
        super().__init__()
        if rule not in FUSION_RULES:
            raise ValueError(f"rule is '{rule}'; choose one of {FUSION_RULES}")
        self.rule, self.gain = rule, gain
        self.low1 = _layer(1, 16, 9)
        self.low2 = _layer(1, 16, 7)
        self.high1 = nn.Sequential(_layer(1, 16, 3), _layer(16, 32, 3), _layer(32, 64, 3))
        self.high2 = nn.Sequential(_layer(1, 16, 5), _layer(16, 32, 5), _layer(32, 64, 3))
        self.merge = nn.Sequential(_layer(64, 32, 5), _layer(32, 16, 5))
        self.out = nn.Conv2d(16, 1, 5, padding="same")
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.01, a=-0.02, b=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def branch(self, number: int, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Low- and high-frequency features of the first (0) or second (1) source alone."""
        low, high = ((self.low1, self.high1), (self.low2, self.high2))[number]
        return low(source), high(source)

    def join(self, *branches: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """The fused batch from the features of both sources."""
        (low1, high1), (low2, high2) = branches
        features = (low1 + low2 + self.merge(self._fuse(high1, high2))) / 3
        return self.gain * torch.tanh(self.out(features))

    def _fuse(self, high1: torch.Tensor, high2: torch.Tensor) -> torch.Tensor:
        if self.rule == "sum":
            return high1 + high2
        return torch.maximum(high1, high2) / (high1.abs() + high2.abs() + 1e-3)
