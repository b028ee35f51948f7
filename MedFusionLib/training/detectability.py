"""How well a reader tells a lesion in a grey image, in a form that can be trained on.

The channelised Hotelling observer of `evaluation.reader.observer` on lightness alone: d'^2 =
m' (K + noise)^-1 m, with m what a lesion changes in four difference-of-Gaussian channels in its
middle, and K the covariance of these channels (Myers, Barrett, JOSA A 4, 1987; channels: Abbey,
Barrett, JOSA A 18, 2001). There K is that of many places; here it is of all places of one slice.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .losses import blurred

#: of the channels, as there: standard deviations in pixels, ring to middle, just noticed
#: differences of lightness, and the variance of the internal noise in these
SIGMAS, RATIO = (1.0, 2.0, 4.0, 8.0), 1.66
NOTICED = (1.5, 1.0, 1.0, 1.2)
INTERNAL_NOISE = 2.0
#: the answer of a unit difference of Gaussians to a blob of its own size and of height 1
MATCHED = 1 / 2 - 1 / (1 + RATIO**2)


def lightness(grey: Tensor) -> Tensor:
    """CIELAB's L*, 0 to 100, of grey values as they are displayed, sRGB in [0, 1].

    Example:
        >>> round(float(lightness(torch.tensor(0.5))), 1)
        53.4
    """
    linear = torch.where(
        grey <= 0.04045, grey / 12.92, ((grey.clamp(min=0.04) + 0.055) / 1.055) ** 2.4
    )
    root = linear.clamp(min=0.008) ** (1 / 3)
    return torch.where(linear <= 0.008856, 903.3 * linear, 116 * root - 16)


def channels(image: Tensor) -> Tensor:
    """What the four channels answer everywhere, in just noticed differences.

    Args:
        image: lightness, (H, W).

    Returns:
        (4, H, W).
    """
    answers = [
        (blurred(image, sigma) - blurred(image, RATIO * sigma)) / (MATCHED * noticed)
        for sigma, noticed in zip(SIGMAS, NOTICED, strict=True)
    ]
    return torch.stack(answers)


def detectability(without: Tensor, lesion: Tensor, core: Tensor, around: Tensor) -> Tensor:
    """d' of a lesion in a grey image.

    Args:
        without: the image without it, grey values in [0, 1], (H, W).
        lesion: the image with it, likewise.
        core: where the lesion is, bool (H, W); its middle is looked at.
        around: what the lesion has to be told from, bool (H, W).

    Returns:
        d', a number of at least 0.
    """
    background = lightness(without)
    answers = channels(background)[:, around]
    row, column = torch.nonzero(core).float().mean(0).round().long().tolist()
    change = channels(lightness(lesion) - background)[:, row, column]
    total = torch.cov(answers) + INTERNAL_NOISE * torch.eye(len(change)).to(change)
    return (change @ torch.linalg.solve(total, change)).clamp(min=1e-6).sqrt()
