"""Information theory on grey-level histograms: EN, MI, Q_MI and Q_NCIE."""

import math

import torch
from torch import Tensor

from ..sharing import shared
from . import common


@shared
def bins(image: Tensor) -> Tensor:
    """The grey level 0..255 of every pixel as a whole number, rounded and clamped: (N, H * W)."""
    return torch.floor(common.levels(image) + 0.5).clamp(0, 255).long().flatten(1)


@shared
def stretched(image: Tensor) -> Tensor:
    """As `bins`, after each image's own minimum and maximum are taken to 0 and 255."""
    return common.stretch(image).long().flatten(1)


def plogp(count: Tensor) -> Tensor:
    """Entropy in bits of every row of counts: (N, K) to (N,)."""
    p = count / count.sum(1, keepdim=True)
    return -torch.xlogy(p, p).sum(1) / math.log(2)


def histogram(a: Tensor) -> Tensor:
    """Counts of the 256 grey levels of every image: (N, P) to (N, 256)."""
    return joint_histogram(torch.zeros_like(a), a)[:, 0]


def joint_histogram(a: Tensor, b: Tensor) -> Tensor:
    """Counts of the pairs of grey levels of two images: (N, P) twice to (N, 256, 256)."""
    number = len(a)
    image = torch.arange(number, device=a.device).view(-1, 1)
    index = (image * 256 + a) * 256 + b
    count = torch.bincount(index.flatten(), minlength=number * 256 * 256)
    count = count.float() if a.device.type == "mps" else count.double()
    return count.view(number, 256, 256)


def entropies(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Entropy in bits of a, of b and of both together; (N,) each, from grey levels (N, P)."""
    joint = joint_histogram(a, b)
    return plogp(joint.sum(2)), plogp(joint.sum(1)), plogp(joint.flatten(1))


@common.metric("EN", True, "0..8 bits", "Roberts et al., J. Appl. Remote Sens. 2008")
def entropy(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Entropy (EN) of the histogram of the fused image, 256 grey levels, in bits.

    Range 0..8; higher is read as better, though noise raises it too. The sources are ignored.
    Agrees with `EN` of Linfeng Tang's evaluator.

    Roberts, van Aardt, Ahmed, "Assessment of image fusion procedures using entropy, image
    quality, and multispectral classification", Journal of Applied Remote Sensing 2(1), 2008.

    In published tables: EN of CSpA-DN's table I, and of CDDFuse and its peers.

    Example:
        >>> import torch
        >>> image = torch.tensor([[[[0.0, 1.0]]]])
        >>> entropy(image, image, image)
        tensor([1.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    return plogp(histogram(bins(fused)))


@common.metric("MI", True, "0..16 bits", "Qu et al., Electron. Lett. 2002")
def mutual_information(fused: Tensor, first: Tensor, second: Tensor, unit: str = "bits") -> Tensor:
    """Mutual information (MI): I(first; F) + I(second; F), on 256 x 256 grey levels.

    Range 0..16 bits, higher is better.

    Qu, Zhang, Yan, "Information measure for performance of image fusion", Electronics Letters
    38(7), 2002. Variants:

    - "bits": agrees with `MI` of Linfeng Tang's evaluator, but for one habit of that program,
      which counts grey levels 254 and 255 as one; they are kept apart here.
    - "nats": 0.693 times as much, as in CDDFuse's evaluator.

    In published tables: MI of CDDFuse and its peers, in nats.

    Args:
        unit: "bits" or "nats".

    Example:
        >>> import torch
        >>> image = torch.tensor([[[[0.0, 1.0]]]])
        >>> mutual_information(image, image, image)
        tensor([2.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    common.pick("unit", unit, ("bits", "nats"))
    total = fused.new_zeros(())
    for source in (first, second):
        source_bits, fused_bits, both_bits = entropies(bins(source), bins(fused))
        total = total + source_bits + fused_bits - both_bits
    return total * math.log(2) if unit == "nats" else total


@common.metric("Q_MI", True, "0..2", "Hossny et al., Electron. Lett. 2008")
def q_mi(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Normalised mutual information Q_MI: 2 (I_AF / (H_A + H_F) + I_BF / (H_B + H_F)).

    Each image is first stretched from its own minimum and maximum to 0..255 and rounded. Range
    0..2, higher is better. Agrees with `metricMI` (choice 1) of Zheng Liu's toolbox.

    Hossny, Nahavandi, Creighton, "Comments on 'Information measure for performance of image
    fusion'", Electronics Letters 44(18), 2008.

    In published tables: Q_MI of FW-Net.

    Returns:
        (N,). A pair of constant images adds 0.

    Example:
        >>> import torch
        >>> image = torch.tensor([[[[0.0, 1.0]]]])
        >>> q_mi(image, image, image)
        tensor([2.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    total = fused.new_zeros(())
    for source in (first, second):
        source_bits, fused_bits, both_bits = entropies(stretched(source), stretched(fused))
        apart = source_bits + fused_bits
        total = total + 2 * (apart - both_bits) / torch.where(apart == 0, 1, apart)
    return total


@common.metric("Q_NCIE", True, "0.80..1", "Wang et al., Physica D 2005")
def q_ncie(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Nonlinear correlation information entropy Q_NCIE, also called Q_IE.

    The three images' pairwise mutual informations, in base 256, fill a 3 x 3 matrix with a unit
    diagonal; with its eigenvalues l the result is 1 + sum (l / 3) log256(l / 3). Images are
    stretched as in `q_mi`. Values range from 0.802 (independent) to 1, in practice 0.80..0.82;
    higher is better. Agrees with `metricWang` of Zheng Liu's toolbox.

    Wang, Shen, Zhang, "A nonlinear correlation measure for multivariable data set", Physica D
    200(3), 2005.

    In published tables: Q_IE of FunFuseAn.

    Example:
        >>> import torch
        >>> image = torch.linspace(0, 1, 256).view(1, 1, 16, 16)
        >>> q_ncie(image, image, image)
        tensor([1.], dtype=torch.float64)
    """
    common.check(fused, first, second)
    images = [stretched(image) for image in (first, second, fused)]
    matrix = torch.eye(3).repeat(len(fused), 1, 1).to(common.precise(fused))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        a_bits, b_bits, both_bits = entropies(images[i], images[j])
        matrix[:, i, j] = matrix[:, j, i] = (a_bits + b_bits - both_bits) / 8
    share = torch.linalg.eigvalsh(matrix.cpu()).to(matrix.device).clamp(min=0) / 3
    return 1 + torch.xlogy(share, share).sum(1) / math.log(256)
