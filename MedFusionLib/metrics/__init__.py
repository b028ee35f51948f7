"""Quality of fused images: functional, batched metrics, on any device.

Every metric is a function f(fused, first, second) of images (N, 1, H, W) in [0, 1] that returns
one number per image, (N,); this is stated here and filled into every metric's docstring
(`common.takes_images`), which itself says what is particular: definition, range, direction,
reference, and what published tables hold under that name. Metrics that look at the fused image
alone take the sources, too, and ignore them. Where programs disagree on a metric, a keyword names
the variant. `METRICS` lists them all in the order of the evaluation table, each with its default
variant; `all_metrics` adds variants that tables show in columns of their own.

    >>> import torch
    >>> mr, pet = torch.rand(2, 4, 1, 64, 64)
    >>> fused = (mr + pet) / 2
    >>> table = {name: metric.function(fused, mr, pet) for name, metric in METRICS.items()}
    >>> table["ssim"].shape
    torch.Size([4])
"""

from .feature_information import fmi
from .fidelity import vif, viff
from .gradients import n_abf, q_abf, q_g
from .information import entropy, mutual_information, q_mi, q_ncie
from .local_quality import q_e, q_s, q_w, q_y
from .perception import q_cb, q_cv
from .registry import METRICS, Metric, all_metrics, better, choose_metrics, measure, name_sources
from .semantic import semantic_loss
from .statistical import average_gradient, cc, scd, spatial_frequency, std
from .structure import mef_ssim, ssim
from .uptake import uptake, uptake_order

__all__ = [
    "METRICS",
    "Metric",
    "all_metrics",
    "average_gradient",
    "better",
    "cc",
    "choose_metrics",
    "entropy",
    "fmi",
    "measure",
    "mef_ssim",
    "mutual_information",
    "n_abf",
    "name_sources",
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
    "uptake",
    "uptake_order",
    "vif",
    "viff",
]
