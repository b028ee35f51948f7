"""FW-Net: one U-Net fuses, a second one regains both sources from the fused image.

Fan, Huang, Wang, Xiong, Jiang, Zhang, Zhan: A Semantic-based Medical Image Fusion Approach.
arXiv 1906.00225, 2019. Encoder U-Net 2->1, decoder U-Net 1->2, 3x3 convolutions with padding 1,
bilinear upsampling, output in [0, 1]. Fusing needs the encoder alone; the decoder serves training
(`losses.reconstruction_loss`, beside `semantic_loss` and `mef_ssim_loss`).

The paper leaves open, and here it is:

- channels: 8, 16, 32, 64, 64 from fine to coarse, four poolings; the ratios are those of the
  authors' program for the first version of the paper (32 to 256), at a small part of its work, so
  that a processor without a graphics card fuses and trains in bearable time;
- the weight of the semantic loss: with the paper's 0.005 it does nothing beside a mean of MEF-SSIM.
  With 20 it rules. With CT the fused image becomes what the paper's table 1 tells of (SL 0.134,
  SSIM 0.838 to the CT and 0.345 to the MR): places that differ in either source keep apart, at the
  price of the MR's contrast, which is turned over. With PET and SPECT nothing is turned over: the
  image lies between the sources, near their average but with more edges, and of the methods in
  docs/evidence/evaluation.md only the average has a lower SL;
- batch norm and ReLU after each 3x3 convolution, 1x1 convolution and sigmoid at the end, as in that
  program; at test time batch norm uses stored statistics, so a slice does not depend on its batch;
- sizes that are no multiple of 16 are extended by reflection and cropped back; the smallest side is
  16 pixels;
- upsampling without aligned corners, so that it is the same everywhere in images of any size.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from ...errors import MedFusionError
from ..base import FusionMethod
from ..boxes import Box, around, cut, inside

POOLINGS = 4


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3x3 convolutions, each with batch norm and ReLU."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers.append(nn.Conv2d(channels, outputs, 3, padding=1, bias=False))
        layers += [nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """U-Net with four poolings and values in (0, 1).

    Args:
        inputs: channels in.
        outputs: channels out.
        base: channels at full size; they double with each pooling but the last.
    """

    def __init__(self, inputs: int, outputs: int, base: int) -> None:
        super().__init__()
        wide = [base, 2 * base, 4 * base, 8 * base, 8 * base]
        back = [4 * base, 2 * base, base, base]
        self.down = nn.ModuleList(map(_block, [inputs, *wide[:-1]], wide))
        self.up = nn.ModuleList(map(_block, [2 * width for width in wide[-2::-1]], back))
        self.out = nn.Conv2d(base, outputs, 1)

    def forward(self, x: torch.Tensor, box: Box | None = None) -> torch.Tensor:
        """Encode and decode.

        Args:
            x: (N, inputs, H, W), both sides at least 16 pixels.
            box: the part that is wanted; default: all. Only what it depends on is decoded.

        Returns:
            (N, outputs, height, width of the box).
        """
        height, width = x.shape[-2:]
        box = box or (0, height, 0, width)
        multiple = 2**POOLINGS
        if min(height, width) < multiple:
            raise MedFusionError(f"FW-Net needs slices of at least {multiple} x {multiple} pixels.")
        x = F.pad(x, (0, -width % multiple, 0, -height % multiple), mode="reflect")
        skipped = [self.down[0](x)]
        for block in self.down[1:]:
            skipped.append(block(F.max_pool2d(skipped[-1], 2)))
        x = skipped.pop()
        parts = []  # what is made of each level, and of what, from fine to coarse
        for features in skipped:
            source = around(box, 2, *features.shape[-2:])  # two 3x3 convolutions
            parts.append((box, source))
            top, bottom, left, right = source
            coarse = top // 2, -(-bottom // 2), left // 2, -(-right // 2)
            box = around(coarse, 1, features.shape[-2] // 2, features.shape[-1] // 2)
        x = cut(x, box)
        for block, (made, source) in zip(self.up, reversed(parts), strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            doubled = 2 * box[0], 2 * box[1], 2 * box[2], 2 * box[3]
            x = cut(x, inside(source, doubled))
            x = block(torch.cat([cut(skipped.pop(), source), x], dim=1))
            x, box = cut(x, inside(made, source)), made
        return torch.sigmoid(self.out(x))


class FWNet(FusionMethod):
    """The network; 420,403 parameters, half of them in the encoder that fuses.

    Args:
        base: channels at full size; 32 is the authors' earlier program.

    Example:
        >>> FWNet()(torch.zeros(1, 1, 37, 50), torch.zeros(1, 1, 37, 50)).shape
        torch.Size([1, 1, 37, 50])
    """

    name = "fw-net"
    title = "FW-Net"
    kind = "network"
    group = "published"
    summary = (
        "Two U-Nets, made to keep apart what differs in a source. With CT the fused image "
        "looks like the CT, and the MR's contrast is turned over: bone bright, fluid dark. "
        "With PET and SPECT it is near the average."
    )
    citation = "Fan et al., A Semantic-based Medical Image Fusion Approach, arXiv 1906.00225, 2019"
    choices = (
        "8 to 64 channels; a semantic loss that rules; batch norm with stored statistics; "
        "sizes extended to a multiple of 16 by reflection."
    )
    receptive_radius = 122
    gradient_note = "Max-pooling makes the gradient maps of this method noisy: prefer the shares."

    def __init__(self, base: int = 8) -> None:
        super().__init__()
        self.encoder = UNet(2, 1, base)
        self.decoder = UNet(1, 2, base)

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Fuse two slice batches.

        Args:
            first: (N, 1, H, W) in [0, 1], both sides at least 16 pixels.
            second: (N, 1, H, W) in [0, 1].

        Returns:
            (N, 1, H, W) in [0, 1].
        """
        return self.encoder(torch.cat([first, second], dim=1))

    def fuse_box(self, first: torch.Tensor, second: torch.Tensor, box: Box) -> torch.Tensor:
        """The part of `forward`'s result inside a box."""
        return self.encoder(torch.cat([first, second], dim=1), box)

    def reconstruct(self, fused: torch.Tensor) -> torch.Tensor:
        """Both sources as regained from the fused batch (N, 1, H, W): (N, 2, H, W) in [0, 1]."""
        return self.decoder(fused)
