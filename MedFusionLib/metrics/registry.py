"""The registry of metrics: their names, symbols and directions, and how to measure many at once."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
import torch

from ..errors import MedFusionError
from ..sharing import sharing
from .common import OURS, Measure, Metric, metric_of
from .uptake import uptake_order

#: in tables; metrics that are not named here come after these
ORDER = (
    "entropy",
    "std",
    "spatial_frequency",
    "average_gradient",
    "mutual_information",
    "q_mi",
    "q_ncie",
    "fmi",
    "q_g",
    "q_abf",
    "n_abf",
    "q_s",
    "q_w",
    "q_e",
    "q_y",
    "q_cb",
    "q_cv",
    "viff",
    "vif",
    "ssim",
    "mef_ssim",
    "scd",
    "cc",
    "uptake",
    "semantic_loss",
)


def _discovered() -> dict[str, Metric]:
    """name -> metric: every function of this package that `common.metric` marks."""
    package = importlib.import_module(__package__)
    found: dict[str, Metric] = {}
    for entry in pkgutil.iter_modules(package.__path__):
        if entry.name != "registry":
            module = importlib.import_module(f"{__package__}.{entry.name}")
            marked = {name: metric_of(value) for name, value in vars(module).items()}
            found |= {one.name: one for one in marked.values() if one is not None}
    rank = {name: number for number, name in enumerate(ORDER)}
    return dict(sorted(found.items(), key=lambda item: rank.get(item[0], len(ORDER))))


METRICS: dict[str, Metric] = _discovered()


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
    return measure_each([fused], first, second, metrics, device, batch)[0]


def measure_each(
    fused: Sequence[np.ndarray],
    first: np.ndarray,
    second: np.ndarray,
    metrics: Sequence[Metric],
    device: torch.device | str = "cpu",
    batch: int = 4,
) -> np.ndarray:
    """Every metric of every slice of several fusions of the same sources, which are filtered once.

    Args:
        fused: of each fusion (slices, rows, columns) in [0, 1].
        first, second, metrics, device, batch: see `measure`.

    Returns:
        (fusions, metrics, slices), see `measure`.
    """
    values = np.full((len(fused), len(metrics), len(first)), np.nan)
    for start in range(0, len(first), batch):
        part = slice(start, start + batch)
        images = [
            torch.from_numpy(np.ascontiguousarray(stack[part], np.float32)[:, None]).to(device)
            for stack in (*fused, first, second)
        ]
        *pictures, one, other = images
        with torch.inference_mode(), sharing():
            for rows, picture in zip(values, pictures, strict=True):
                for row, metric in zip(rows, metrics, strict=True):
                    with contextlib.suppress(MedFusionError):  # smaller than the metric's window
                        row[part] = metric.function(picture, one, other).double().cpu().numpy()
    values[~np.isfinite(values)] = np.nan
    return values


def better(metric: Measure) -> str:
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
