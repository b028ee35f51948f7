"""Quality of fused images: functional, batched metrics, on any device.

Every metric is a function f(fused, first, second) of images (N, 1, H, W) in [0, 1] that returns
one number per image, (N,). Those that look at the fused image alone take the sources, too, and
ignore them. Where programs disagree on a metric, a keyword names the variant. `METRICS` lists them
all in the order of the evaluation table, each with its default variant.

    >>> import torch
    >>> mr, pet = torch.rand(2, 4, 1, 64, 64)
    >>> fused = (mr + pet) / 2
    >>> table = {name: metric.function(fused, mr, pet) for name, metric in METRICS.items()}
    >>> table["ssim"].shape
    torch.Size([4])
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from .feature_information import fmi
from .fidelity import vif, viff
from .gradients import n_abf, q_abf, q_g
from .information import entropy, mutual_information, q_mi, q_ncie
from .local_quality import q_e, q_s, q_w, q_y
from .perception import q_cb, q_cv
from .semantic import semantic_loss
from .statistical import average_gradient, cc, scd, spatial_frequency, std
from .structure import mef_ssim, ssim

__all__ = [
    "METRICS",
    "Metric",
    "average_gradient",
    "cc",
    "entropy",
    "fmi",
    "mef_ssim",
    "mutual_information",
    "n_abf",
    "q_abf",
    "q_cb",
    "q_cv",
    "q_e",
    "q_g",
    "q_mi",
    "q_ncie",
    "q_s",
    "q_w",
    "q_y",
    "scd",
    "semantic_loss",
    "spatial_frequency",
    "ssim",
    "std",
    "vif",
    "viff",
]


@dataclass(frozen=True)
class Metric:
    """What a table needs to know of a metric.

    Args:
        name: the name of its function.
        symbol: how publications write it.
        function: (fused, first, second) to (N,).
        higher_is_better: None where neither direction is better.
        range: its values, in words.
        citation: the paper that defines it.
    """

    name: str
    symbol: str
    function: Callable[..., Tensor]
    higher_is_better: bool | None
    range: str
    citation: str


_ROWS = (
    (entropy, "EN", True, "0..8 bits", "Roberts et al., J. Appl. Remote Sens. 2008"),
    (std, "SD", True, "0..127.5", "Rao, Meas. Sci. Technol. 1997"),
    (spatial_frequency, "SF", True, "0..361", "Eskicioglu, Fisher, IEEE Trans. Commun. 1995"),
    (average_gradient, "AG", True, "0..255", "Cui et al., Opt. Commun. 2015"),
    (mutual_information, "MI", True, "0..16 bits", "Qu et al., Electron. Lett. 2002"),
    (q_mi, "Q_MI", True, "0..2", "Hossny et al., Electron. Lett. 2008"),
    (q_ncie, "Q_NCIE", True, "0.80..1", "Wang et al., Physica D 2005"),
    (fmi, "FMI", True, "0..1", "Haghighat et al., Comput. Electr. Eng. 2011"),
    (q_g, "Q_G", True, "0..1", "Xydeas, Petrovic, SPIE 4051, 2000"),
    (q_abf, "Q^AB/F", True, "0..1", "Xydeas, Petrovic, Electron. Lett. 2000"),
    (n_abf, "N^AB/F", False, "0..1", "Shreyamsha Kumar, SIViP 2013"),
    (q_s, "Q_S", True, "-1..1", "Piella, Heijmans, ICIP 2003"),
    (q_w, "Q_W", True, "-1..1", "Piella, Heijmans, ICIP 2003"),
    (q_e, "Q_E", True, "-1..1", "Piella, Heijmans, ICIP 2003"),
    (q_y, "Q_Y", True, "-1..1", "Yang et al., Inf. Fusion 2008"),
    (q_cb, "Q_CB", True, "0..1", "Chen, Blum, Image Vis. Comput. 2009"),
    (q_cv, "Q_CV", False, "from 0", "Chen, Varshney, Inf. Fusion 2007"),
    (viff, "VIFF", True, "from 0", "Han et al., Inf. Fusion 2013"),
    (vif, "VIF", True, "from 0, 2 for equal images", "Sheikh, Bovik, IEEE TIP 2006"),
    (ssim, "SSIM", True, "-2..2, the sum over both sources", "Wang et al., IEEE TIP 2004"),
    (mef_ssim, "MEF-SSIM", True, "-1..1", "Ma et al., IEEE TIP 2015"),
    (scd, "SCD", True, "-2..2", "Aslantas, Bendes, AEU 2015"),
    (cc, "CC", True, "-1..1", "Shah et al., SIViP 2013"),
    (semantic_loss, "SL", False, "0..1", "Fan et al., arXiv:1906.00225, 2019"),
)

METRICS: dict[str, Metric] = {
    function.__name__: Metric(function.__name__, symbol, function, *rest)
    for function, symbol, *rest in _ROWS
}
