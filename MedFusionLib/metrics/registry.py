"""The registry of metrics: their names, symbols and directions, and how to measure many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import torch
from torch import Tensor

from ..errors import MedFusionError
from .feature_information import fmi
from .fidelity import vif, viff
from .gradients import n_abf, q_abf, q_g
from .information import entropy, mutual_information, q_mi, q_ncie
from .local_quality import q_e, q_s, q_w, q_y
from .perception import q_cb, q_cv
from .semantic import semantic_loss
from .statistical import average_gradient, cc, scd, spatial_frequency, std
from .structure import mef_ssim, ssim
from .uptake import uptake, uptake_order


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


OURS = "Defined for this project"

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
    (uptake, "uptake kept", True, "about 0..1, of the source of which less is kept", OURS),
    (semantic_loss, "SL", False, "0..1", "Fan et al., arXiv:1906.00225, 2019"),
)

METRICS: dict[str, Metric] = {
    function.__name__: Metric(function.__name__, symbol, function, *rest)
    for function, symbol, *rest in _ROWS
}


def _variant(metric: Metric, name: str, symbol: str, range_: str = "", **options: str) -> Metric:
    """A metric with other settings than its own, as a metric of its own."""
    function = partial(metric.function, **options)
    range_ = range_ or metric.range
    return replace(metric, name=name, symbol=symbol, function=function, range=range_)


@cache
def all_metrics() -> dict[str, Metric]:
    """name -> metric: `METRICS`, and beside them variants that tables show in their own columns.

    `ssim_first` and `ssim_second` are SSIM to each source alone. `fmi_pixel` and `fmi_dct` are
    what tables print under these names: FMI of edges, the default of its authors' program, and of
    cosine coefficients. `uptake_first`, ... are of one source.

    Example:
        >>> all_metrics()["ssim_first"].symbol
        'SSIM first'
    """
    found: dict[str, Metric] = {}
    for name, metric in METRICS.items():
        if name == "ssim":
            for source in ("first", "second"):
                found[f"ssim_{source}"] = _variant(
                    metric, f"ssim_{source}", f"SSIM {source}", "-1..1", source=source
                )
        found[name] = metric
        if name == "uptake":
            order = Metric("", "order of uptake", uptake_order, True, "-1..1", OURS)
            for kind in (metric, order):
                for source in ("first", "second"):
                    key = f"{kind.function.__name__}_{source}"
                    found[key] = _variant(kind, key, f"{kind.symbol}, {source}", source=source)
        if name == "fmi":
            found["fmi_pixel"] = _variant(metric, "fmi_pixel", "FMI_pixel", feature="edge")
            found["fmi_dct"] = _variant(metric, "fmi_dct", "FMI_dct", feature="dct")
    return found


def choose_metrics(names: Sequence[str]) -> list[Metric]:
    """The metrics of these names.

    Raises:
        MedFusionError: there is no metric of that name; the message lists those there are.
    """
    known = all_metrics()
    for name in names:
        if name not in known:
            raise MedFusionError(f"There is no metric '{name}'; choose one of: {', '.join(known)}.")
    return [known[name] for name in names]


def measure(
    fused: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    metrics: Sequence[Metric],
    device: torch.device | str = "cpu",
    batch: int = 4,
) -> np.ndarray:
    """Every metric of every slice.

    Args:
        fused: (slices, rows, columns) in [0, 1].
        first: the same of the first source.
        second: the same of the second source.
        metrics: what to measure.
        device: where to compute.
        batch: slices at once; the values do not depend on it.

    Returns:
        (metrics, slices); NaN where a metric is not defined or the slice is too small for it.
    """
    values = np.full((len(metrics), len(fused)), np.nan)
    for start in range(0, len(fused), batch):
        part = slice(start, start + batch)
        images = [
            torch.from_numpy(np.ascontiguousarray(stack[part], np.float32)[:, None]).to(device)
            for stack in (fused, first, second)
        ]
        for row, metric in zip(values, metrics, strict=True):
            try:
                with torch.inference_mode():
                    row[part] = metric.function(*images).double().cpu().numpy()
            except MedFusionError:  # smaller than the metric's window
                row[part] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values


def better(metric: Metric) -> str:
    """Which value of a metric is the better one: "higher", "lower" or "neither"."""
    return {True: "higher", False: "lower", None: "neither"}[metric.higher_is_better]


def name_sources(symbol: str, modalities: Sequence[str]) -> str:
    """A metric's symbol with the modalities in place of "first" and "second".

    Example:
        >>> name_sources("SSIM first", ("mr", "pet"))
        'SSIM MR'
    """
    for word, modality in zip(("first", "second"), modalities, strict=False):
        symbol = symbol.replace(word, modality.upper())
    return symbol
