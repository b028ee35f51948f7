"""What a network can learn besides to fuse: to put in focus, to see what is in focus.

A recipe names its task by a key of `TASKS`; "fuse" is `train.FusionTraining`. Training for each
pair in turn is in `each_pair`, against critics in `adversarial`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import MedFusionError
from ..methods.networks.lp_cnn import SiameseNetwork
from . import losses
from .adversarial import AdversarialTraining
from .each_pair import EachPairTraining
from .module import FusionTraining

#: of the blur that stands for being out of focus (Liu et al., Information Fusion 36, 2017)
SIGMA, SIDE, LEVELS = 2.0, 7, 5
#: a window is told sharp from blurred by a difference of more than this somewhere in it
VISIBLE = 0.02


class RefocusTraining(FusionTraining):
    """To put in focus: of an image that is blurred here in one copy, there in the other.

    The wanted image is known, the image itself (Zhang et al., Information Fusion 54, 2020). Every
    source of every pair is such an image. What is blurred is also darkened, by a factor drawn from
    0 to 1: in a medical pair one source is often black where the other one shows something, and a
    network that never saw this loses it.
    """

    images = 2

    def fuse(self, first: Tensor, second: Tensor) -> tuple[Tensor, ...]:
        """What becomes of two copies of each image, and twice the image itself."""
        images = torch.cat([first, second])
        draw = generator_of(self)
        smooth = F.interpolate(
            torch.rand(len(images), 1, 4, 4, generator=draw), images.shape[-2:], mode="bicubic"
        )
        sharp = (smooth > 0.5).to(images)
        dim = blurred(images, levels_of(len(images), draw))
        dim = dim * torch.rand(len(images), 1, 1, 1, generator=draw).to(images)
        fused = self.network(torch.lerp(dim, images, sharp), torch.lerp(images, dim, sharp))
        return fused, images, images


class FocusTraining(FusionTraining):
    """To see what is in focus: of an image and its blurred copy, which is the sharp one?

    Cross-entropy over all windows of a crop, in both orders (Liu et al., Information Fusion 36,
    2017: Gaussian blur with a standard deviation of 2 in a 7 x 7 window, once to five times over).
    Windows in which the two hardly differ, such as background, do not count.
    """

    known = frozenset({"focus"})
    images = 2

    def training_step(self, batch: list[Any], _: int) -> Tensor:
        """Cross-entropy; beside it, as `wrong`, the part of the windows that is judged wrongly."""
        images = torch.cat(batch[:2])
        dim = blurred(images, levels_of(len(images), generator_of(self)))
        siamese = self.network.network
        if not isinstance(siamese, SiameseNetwork):
            raise MedFusionError(
                f"{self.network.title} does not compare images; the task focus is for LP-CNN."
            )
        features = siamese.features(images), siamese.features(dim)
        scores = [siamese.score(torch.cat(pair, 1)) for pair in (features, features[::-1])]
        with torch.autocast(images.device.type, enabled=False):
            counts = F.max_pool2d((images - dim).abs(), 16, 2).flatten() > VISIBLE
            # larger where the right one is said to be the sharp one
            one, other = ((s[:, 1] - s[:, 0]).float().flatten()[counts] for s in scores)
            right = torch.cat([one, -other])
            loss = F.softplus(-right).sum() / max(1, len(right))
            wrong = (right <= 0).float().sum() / max(1, len(right))
        self.note(loss, {"focus": loss, "wrong": wrong})
        return self.recipe.losses["focus"] * loss


def generator_of(training: FusionTraining) -> torch.Generator:
    """A generator that draws the same numbers in every run of a step."""
    return torch.Generator().manual_seed(training.recipe.seed * 1_000_003 + training.global_step)


def levels_of(count: int, generator: torch.Generator) -> Tensor:
    """How often each of some images is blurred, drawn from 1 to 5."""
    return torch.randint(1, LEVELS + 1, (count,), generator=generator)


def blurred(images: Tensor, levels: Tensor) -> Tensor:
    """Images blurred by a Gaussian, each as often over as its level says.

    Args:
        images: (N, 1, H, W).
        levels: (N,), whole numbers.

    Example:
        >>> dot = torch.zeros(2, 1, 9, 9)
        >>> dot[..., 4, 4] = 1
        >>> blurred(dot, torch.tensor([0, 1])).amax((1, 2, 3))
        tensor([1.0000, 0.0467])
    """
    line = losses.gaussian(SIDE, SIGMA, images)
    kernel = (line[:, None] * line)[None, None]
    result, once = images, images
    levels = levels.to(images.device).view(-1, 1, 1, 1)
    with torch.autocast(images.device.type, enabled=False):
        for level in range(1, int(levels.max()) + 1):
            once = F.conv2d(F.pad(once, (SIDE // 2,) * 4, mode="replicate"), kernel)
            result = torch.where(levels == level, once, result)
    return result


#: name in a recipe -> what the network learns
TASKS: dict[str, type[FusionTraining]] = {
    "fuse": FusionTraining,
    "each_pair": EachPairTraining,
    "refocus": RefocusTraining,
    "focus": FocusTraining,
    "adversarial": AdversarialTraining,
}
