"""Training against critics, in the manner of the program of MGMDcGAN.

Huang et al.: MGMDcGAN. IEEE Access 8, 2020. One critic learns to tell the first source (MR) from
the fused image, the other one the second source (PET) from it, both at a quarter of their size.
The network learns to deceive both, to have the second source's intensity and the first one's
detail.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import ExponentialLR

from ..methods.sums import total
from . import losses
from .module import FusionTraining
from .recipe import Recipe

#: no weight gets larger than this
LARGEST = 8.0


class Critic(nn.Sequential):
    """Scores square crops of one size: above 0 where it takes them for a source.

    Three 3x3 convolutions of stride 2, to 16, 32 and 64 channels, with ReLU, and batch norm from
    the second one on; all features to one number. The program ends in tanh / 2 + 1/2, which is
    the sigmoid of twice the number; here the sigmoid is in the losses.

    Args:
        side: of the crops in pixels.

    Example:
        >>> Critic(64)(torch.zeros(2, 1, 64, 64)).shape
        torch.Size([2, 1])
    """

    def __init__(self, side: int) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, 16), (16, 32), (32, 64)):
            layers.append(nn.Conv2d(inputs, outputs, 3, 2, 1, padding_mode="reflect"))
            if inputs > 1:
                layers.append(nn.BatchNorm2d(outputs))
            layers.append(nn.ReLU(inplace=True))
            side = -(-side // 2)
        super().__init__(*layers, nn.Flatten(), nn.Linear(64 * side**2, 1))


class AdversarialTraining(FusionTraining):
    """To fuse against two critics; steps of the critics and of the network in turn.

    With critics D1 and D2, `quarter` and `detail` (a pixel less the mean of its neighbours), sums
    over a crop and means over the crops, the network's loss is by the recipe's weights

        critics     - log D1(F) - log D2(quarter F)
        intensity   |quarter F - quarter I2|^2
        detail      |detail F - detail I1|

    and that of the critics  - log D1(I1) - log(1 - D1(F)) - log D2(quarter I2)
    - log(1 - D2(quarter F)). RMSProp for the network, whose learning rate falls to a tenth along
    the run, plain descent at the same rate for the critics. The program makes a turn up to twenty
    times over until the losses pass bounds; here a turn is one step. A step of the recipe is one
    turn.
    """

    known = frozenset({"critics", "intensity", "detail"})
    automatic_optimization = False

    def __init__(self, recipe: Recipe, slices: dict[str, Tensor]) -> None:
        super().__init__(recipe, slices)
        self.critics = nn.ModuleList([Critic(recipe.crop), Critic(recipe.crop // 4)])

    def training_step(self, batch: list[Any], _: int) -> None:
        turns, schedules = self.optimizers(), self.lr_schedulers()
        assert isinstance(turns, list) and isinstance(schedules, list)  # there are two of each
        mine = self.global_step % 2
        loss, parts = (self.loss if mine else self.critics_loss)(*batch[:2])
        self.note(loss, parts)
        turns[mine].zero_grad()
        self.manual_backward(loss)
        turns[mine].step()
        for schedule in schedules:
            assert isinstance(schedule, ExponentialLR)  # not one that waits for a measure
            schedule.step()
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.clamp_(-LARGEST, LARGEST)

    def loss(self, first: Tensor, second: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Of the network's turn."""
        fused = self.network(first, second).float()
        scores = self.judged(fused, quarter(fused))
        with torch.autocast(first.device.type, enabled=False):
            parts = {
                "critics": total(-F.logsigmoid(2 * score).mean() for score in scores),
                "intensity": (quarter(fused) - quarter(second)).square().sum((1, 2, 3)).mean(),
                "detail": losses.detail(fused - first).abs().sum((1, 2, 3)).mean(),
            }
        return total(self.recipe.losses[name] * value for name, value in parts.items()), parts

    def critics_loss(self, first: Tensor, second: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Of the critics' turn; they are kept apart in the curves."""
        with torch.no_grad():
            fused = self.network(first, second).float()
        real = self.judged(first, quarter(second))
        false = self.judged(fused, quarter(fused))
        parts = {
            f"critic {number}": -(F.logsigmoid(2 * yes) + F.logsigmoid(-2 * no)).mean()
            for number, (yes, no) in enumerate(zip(real, false, strict=True), 1)
        }
        return total(parts.values()), parts

    def judged(self, *images: Tensor) -> list[Tensor]:
        """What each critic makes of the image for it."""
        return [critic(image).float() for critic, image in zip(self.critics, images, strict=True)]

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        turns = [
            torch.optim.SGD(self.critics.parameters(), lr=recipe.learning_rate),
            torch.optim.RMSprop(self.network.parameters(), lr=recipe.learning_rate),
        ]
        fall = 0.1 ** (1 / recipe.steps)
        return turns, [ExponentialLR(turn, fall) for turn in turns]


def quarter(images: Tensor) -> Tensor:
    """Images at a quarter of their size: twice the mean of 3 x 3 pixels, every two pixels.

    Example:
        >>> quarter(torch.ones(1, 1, 64, 64)).shape
        torch.Size([1, 1, 16, 16])
    """
    for _ in range(2):
        images = F.avg_pool2d(images, 3, 2, 1, count_include_pad=False)
    return images
