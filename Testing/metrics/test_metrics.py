"""The metrics: reference values, values worked out by hand, and properties."""

import csv
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from MedFusionLib import metrics
from MedFusionLib.errors import MedFusionError
from MedFusionLib.metrics import common, registry
from MedFusionLib.metrics.feature_information import edges
from MedFusionLib.metrics.registry import METRICS
from MedFusionLib.sharing import sharing

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "metrics"
THESIS = Path(__file__).parents[3] / "shared" / "data" / "seeds" / "thesis"

# name in values.csv: function, relative tolerance
PROGRAMS = {
    "EN": (metrics.entropy, 1e-8),
    "SD": (metrics.std, 1e-8),
    "SF": (metrics.spatial_frequency, 1e-8),
    "AG_linfeng": (metrics.average_gradient, 1e-8),
    "MI_linfeng_bits": (metrics.mutual_information, 1e-8),
    "Q_MI_metricMI1": (metrics.q_mi, 1e-8),
    "Q_NCIE_metricWang": (metrics.q_ncie, 1e-8),
    "FMI_none_w3": (metrics.fmi, 1e-8),
    "FMI_gradient_w3": (partial(metrics.fmi, feature="gradient"), 1e-8),
    "FMI_dct_w3": (partial(metrics.fmi, feature="dct"), 1e-8),
    "Q_G_metricXydeas": (metrics.q_g, 1e-8),
    "Qabf_linfeng": (metrics.q_abf, 1e-8),
    "Q_G_MATR": (partial(metrics.q_abf, variant="matr"), 1e-6),
    "Nabf": (metrics.n_abf, 1e-8),
    "Q_S_Piella1": (metrics.q_s, 1e-8),
    "Q_W_Piella2": (metrics.q_w, 1e-8),
    "Q_Y_half": (metrics.q_y, 1e-8),
    "Q_Y_nanmean": (partial(metrics.q_y, flat="nanmean"), 1e-8),
    # Far from any content the contrast is a quotient of two rounding errors of the Fourier
    # transform, in the reference as here; it takes the fourth digit with it.
    "Q_CB_shim": (metrics.q_cb, 1e-3),
    "Q_CV_shim": (metrics.q_cv, 1e-8),
    # Written from the paper, which leaves open where its small constant stands.
    "VIFF_Public": (metrics.viff, 1e-5),
    "VIF_linfeng_sum": (metrics.vif, 1e-8),
    "SSIM_A": (partial(metrics.ssim, source="first"), 1e-8),
    "SSIM_B": (partial(metrics.ssim, source="second"), 1e-8),
    "MEF_SSIM_K0.03": (metrics.mef_ssim, 1e-8),
    "MEF_MS_SSIM_3lev": (partial(metrics.mef_ssim, scales=3), 1e-8),
    "SCD": (metrics.scd, 1e-8),
    "CC_linfeng_asis": (metrics.cc, 1e-8),
}
NOT_OFFERED = {"Q_TE_nava", "Q_SF_zheng", "MSE", "PSNR_linfeng_asis"}

# FMI compares with the second source in another way; VIFF counts the second where neither passes.
SYMMETRIC = [name for name in METRICS if name not in ("fmi", "viff")]


def tensor(values):
    return torch.as_tensor(np.asarray(values), dtype=torch.float64).view(1, 1, *np.shape(values))


def noise(seed, number=1, size=44):
    """8-bit images in [0, 1] with flat and textured parts."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (number, 1, size, size))
    images[:, :, : size // 4] = 0
    images[:, :, :, : size // 4] //= 8
    return torch.as_tensor(images, dtype=torch.float64) / 255


def triple(seed, number=1, size=44):
    return [noise(3 * seed + k, number, size) for k in range(3)]


# --- reference programs ---------------------------------------------------------------------


def reference_rows():
    if not REFERENCE.exists():
        return [pytest.param(None, id="absent", marks=pytest.mark.skip("no ../shared/reference"))]
    with open(REFERENCE / "values.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return [pytest.param(row, id=f"{row['metric']}-{row['fused']}") for row in rows]


def reference_image(name):
    from PIL import Image

    with Image.open(REFERENCE / f"p1_{name}.png") as image:
        return tensor(np.asarray(image.convert("L")) / 255)


@pytest.mark.parametrize("row", reference_rows())
def test_agrees_with_the_reference_program(row):
    if row["metric"] in NOT_OFFERED:
        pytest.skip("not one of our metrics")
    function, tolerance = PROGRAMS[row["metric"]]
    images = [reference_image(name) for name in (row["fused"], "A", "B")]
    expected = float(row["value"])
    assert function(*images).item() == pytest.approx(expected, rel=tolerance, abs=1e-12)


# tables 4.1 (t2) and 4.2 (t1) of Badal Regàs' thesis: FMI and "SSIM" of its stored images; the
# columns of GFF and LP-CNN are exchanged there
PRINTED = {
    ("t2", "average"): (0.8926, 0.8382),
    ("t2", "lp-cnn"): (0.9043, 0.8393),
    ("t2", "thesis"): (0.8967, 0.8659),
    ("t1", "average"): (0.8716, 0.7892),
    ("t1", "gff"): (0.8801, 0.7936),
    ("t1", "lp-cnn"): (0.8860, 0.7991),
    ("t1", "thesis"): (0.8731, 0.8067),
}


def thesis_image(name):
    from PIL import Image

    with Image.open(THESIS / f"{name}.png") as image:
        return tensor(np.asarray(image.convert("L")) / 255)


@pytest.mark.skipif(not THESIS.is_dir(), reason="no ../shared/data/seeds")
@pytest.mark.parametrize("case", PRINTED, ids="-".join)
def test_the_thesis_prints_fmi_of_edges_and_piellas_q_s(case):
    pair, method = case
    mr, ct = thesis_image(f"{pair}-ct-mr"), thesis_image(f"{pair}-ct-ct")
    if method == "average":  # rounded to 8 bit, halves upwards
        fused = torch.floor((mr + ct) / 2 * 255 + 0.5) / 255
    else:
        fused = thesis_image(f"{pair}-ct-fused-{method}")
    found = registry.all_metrics()["fmi_pixel"].function(fused, mr, ct), metrics.q_s(fused, mr, ct)
    assert [float(value) for value in found] == pytest.approx(PRINTED[case], abs=1.01e-4)


def test_edges_count_window_by_window_what_the_general_way_counts():
    images = triple(5)
    quick = metrics.fmi(*images, feature="edge")
    as_images = [edges(common.levels(image) / 255) / 255 for image in images]
    assert quick.item() == pytest.approx(metrics.fmi(*as_images).item(), rel=1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_help_tells_what_a_metric_takes_and_gives(name):
    text = METRICS[name].function.__doc__
    for word in ("Args:", "    fused:", "    first:", "    second:", "Returns:", "(N,)", "Raises:"):
        assert text.count(word) == 1, word
    assert text.index("Args:") < text.index("Returns:") < text.index("Example:")


# --- values worked out by hand --------------------------------------------------------------

RAMP = tensor(np.arange(16.0).reshape(1, -1).repeat(16, 0) / 255)  # one level a pixel, along x
STEP = tensor(np.repeat([[0.0, 1.0]], 8, 1).repeat(16, 0))  # a vertical edge
BLACK = torch.zeros(1, 1, 16, 16, dtype=torch.float64)
TWO = tensor([[0.0, 1.0], [1.0, 0.0]])


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


BY_HAND = {
    "entropy, two levels": (metrics.entropy(TWO, TWO, TWO), 1),
    "entropy, 16 levels": (metrics.entropy(RAMP, RAMP, RAMP), 4),
    "std": (metrics.std(TWO, TWO, TWO), 127.5),
    "spatial_frequency": (metrics.spatial_frequency(TWO, TWO, TWO), 255 * math.sqrt(2)),
    "average_gradient": (
        metrics.average_gradient(RAMP, RAMP, RAMP),
        math.sqrt(0.5) * 256 / 225,
    ),
    "average_gradient, cddfuse": (
        metrics.average_gradient(RAMP, RAMP, RAMP, variant="cddfuse"),
        math.sqrt(0.5),
    ),
    "mutual_information": (metrics.mutual_information(RAMP, RAMP, BLACK), 4),
    "mutual_information, nats": (
        metrics.mutual_information(RAMP, RAMP, BLACK, unit="nats"),
        4 * math.log(2),
    ),
    "q_mi": (metrics.q_mi(RAMP, RAMP, BLACK), 1),
    "q_ncie, independent": (metrics.q_ncie(RAMP, BLACK, RAMP.mT), 1 - math.log(3, 256)),
    "q_ncie, equal": (
        # 4 of 8 bits in common: eigenvalues 2, 1/2, 1/2
        metrics.q_ncie(RAMP, RAMP, RAMP),
        1 + 2 / 3 * math.log(2 / 3, 256) + 1 / 3 * math.log(1 / 6, 256),
    ),
    "fmi": (metrics.fmi(RAMP, RAMP, RAMP), 1),
    "q_g, flat": (metrics.q_g(BLACK, BLACK, BLACK), sigmoid(5) ** 2),
    "q_abf, equal": (
        metrics.q_abf(STEP, STEP, BLACK),
        0.9994 * 0.9879 * sigmoid(22 * 0.2),
    ),
    "q_abf, equal, matr": (
        metrics.q_abf(STEP, STEP, BLACK, variant="matr"),
        0.9994 * sigmoid(15 * 0.5) * 0.9879 * sigmoid(22 * 0.2),
    ),
    "n_abf": (
        # 4 of 16 columns: the edge, and that across the periodic border
        metrics.n_abf(STEP, BLACK, BLACK),
        0.25 * (1 - math.sqrt(0.9999 * sigmoid(-19 / 2) * 0.9995 * sigmoid(22 / 2))),
    ),
    "q_s": (metrics.q_s(RAMP, RAMP, BLACK), 1),
    "q_w": (metrics.q_w(RAMP, RAMP, BLACK), 1),
    "q_e": (metrics.q_e(RAMP, RAMP, RAMP), 1),
    "q_y": (metrics.q_y(RAMP, RAMP, BLACK), 1),
    "q_y, nanmean": (metrics.q_y(RAMP, RAMP, BLACK, flat="nanmean"), 1),
    "q_cb": (metrics.q_cb(STEP, STEP, STEP), 1),
    "q_cv": (metrics.q_cv(STEP, STEP, STEP), 0),
    "ssim, flat": (
        metrics.ssim(BLACK + 0.5, BLACK + 0.25, BLACK),
        (0.25 + 1e-4) / (0.3125 + 1e-4) + 1e-4 / (0.25 + 1e-4),
    ),
    "mef_ssim": (metrics.mef_ssim(STEP, STEP, BLACK), 1),
    "scd": (metrics.scd(STEP + STEP.mT, STEP, STEP.mT), 2),
    "cc": (metrics.cc(TWO, TWO / 2, 1 - TWO), 0),
    # means 0.2, 0.6; differences 0.4, 0.4 and 0.1: |0.4 - 0.1|
    "semantic_loss": (
        metrics.semantic_loss(
            tensor([[0.2, 0.6]]), tensor([[0.6, 0.2]]), tensor([[0.3, 0.4]]), patch=1
        ),
        0.3,
    ),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_value_by_hand(case):
    value, expected = BY_HAND[case]
    assert value.item() == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_vif_and_viff_of_equal_and_of_empty_images():
    image = noise(0)
    black = torch.zeros_like(image)
    assert metrics.vif(image, image, image, source="first").item() == pytest.approx(1)
    assert metrics.viff(image, image, image).item() == pytest.approx(1, abs=1e-3)
    assert metrics.vif(black, image, image).item() == 0
    assert metrics.viff(black, image, image).item() == pytest.approx(0, abs=1e-6)


# --- slow and literal forms of the definitions ----------------------------------------------


@pytest.mark.parametrize(
    ("variant", "options"),
    [
        ("wang", {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 255}),
        ("linfeng", {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1}),
        ("cddfuse", {"data_range": 2}),
    ],
)
def test_ssim_equals_scikit_image(variant, options):
    fused, first, _ = triple(1)
    expected = structural_similarity(
        255 * fused[0, 0].numpy(), 255 * first[0, 0].numpy(), sigma=1.5, **options
    )
    value = metrics.ssim(fused, first, first, source="mean", variant=variant)
    assert value.item() == pytest.approx(expected, rel=1e-6)
    in_single = metrics.ssim(*(x.float() for x in (fused, first, first)), "first", variant)
    assert in_single.item() == pytest.approx(expected, rel=1e-4)


def test_mef_ssim_equals_its_definition_in_one_window():
    fused, first, second = (255 * x[0, 0, 5:16, 15:26].numpy() for x in triple(2))
    centred = [x - x.mean() for x in (first, second)]
    norms = [np.linalg.norm(x) for x in centred]
    consistency = np.linalg.norm(sum(centred)) / sum(norms)
    power = min(math.tan(math.pi / 2 * consistency), 10)
    weights = [(norm / 11) ** power for norm in norms]
    wanted = sum(w * x / n for w, x, n in zip(weights, centred, norms, strict=True))
    wanted *= max(norms) / np.linalg.norm(wanted)
    row = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    window = np.outer(row, row) / row.sum() ** 2
    wanted = wanted - (window * wanted).sum()
    seen = fused - (window * fused).sum()
    c = (0.03 * 255) ** 2
    numerator = 2 * (window * wanted * seen).sum() + c
    expected = numerator / ((window * wanted**2).sum() + (window * seen**2).sum() + c)
    value = metrics.mef_ssim(*(tensor(x / 255) for x in (fused, first, second)))
    assert value.item() == pytest.approx(expected, rel=1e-4)


def literal_fmi_window(source, seen):
    """FMI of one window as the paper has it, without any vector arithmetic."""

    def density(window):
        values = (window - window.min()) / (window.max() - window.min())
        return (values / values.sum()).flatten("F")

    def entropy(p):
        p = np.abs(np.asarray(p)[np.asarray(p) != 0])
        return -(p * np.log2(p)).sum()

    a, b = density(source), density(seen)
    count = len(a)
    cdf_a, cdf_b = np.append(0, a.cumsum()), np.append(0, b.cumsum())
    correlation = np.corrcoef(a, b)[0, 1]

    def bound(i, j):
        if correlation >= 0:
            return min(cdf_a[i], cdf_b[j])
        return max(cdf_a[i] + cdf_b[j] - 1, 0)

    places = np.arange(1, count + 1)
    spread = [math.sqrt((p * places**2).sum() - (p * places).sum() ** 2) for p in (a, b)]
    covariance = sum(bound(i, j) - cdf_a[i] * cdf_b[j] for i in places for j in places)
    share = correlation * spread[0] * spread[1] / covariance
    joint = []
    for i in places:
        for j in places:
            mass = bound(i, j) - bound(i - 1, j) - bound(i, j - 1) + bound(i - 1, j - 1)
            p = a[i - 1] * b[j - 1]
            q = share * mass + (1 - share) * p
            joint.append(-abs(q) if q < 0 else q)
    joint = np.array(joint)
    joint = joint[joint != 0]
    together = -(joint * np.log2(np.abs(joint))).sum()
    return 2 * (entropy(a) + entropy(b) - together) / (entropy(a) + entropy(b))


@pytest.mark.parametrize("seed", range(4))
def test_fmi_equals_its_definition_in_one_window(seed):
    fused, first, second = (x[0, 0, 20:23, 20:23].numpy() for x in triple(seed))
    expected = (literal_fmi_window(first, fused) + literal_fmi_window(second, fused)) / 2
    value = metrics.fmi(*(tensor(x) for x in (fused, first, second)))
    assert value.item() == pytest.approx(expected, rel=1e-6)


def test_fmi_dct_feature_is_that_of_scipy():
    scipy_fft = pytest.importorskip("scipy.fft")
    from MedFusionLib.metrics.feature_information import _feature

    image = noise(3, size=12)
    expected = scipy_fft.dctn(image[0, 0].numpy(), norm="ortho")
    np.testing.assert_allclose(_feature(image, "dct")[0, 0].numpy(), expected, atol=1e-12)


def test_semantic_loss_equals_its_definition():
    images = triple(4, size=12)
    means = []
    for image in images:
        windows = image[0, 0].unfold(0, 3, 1).unfold(1, 3, 1).reshape(-1, 9)
        means.append(windows)
    kept = torch.maximum(means[1], means[2]).amax(1) > 17 / 256
    fused, first, second = ([w.mean().item() for w in windows[kept]] for windows in means)
    total = 0
    for i in range(len(fused)):
        for j in range(i):
            d, d1, d2 = (abs(m[i] - m[j]) for m in (fused, first, second))
            total += max(abs(d - d1), abs(d - d2))
    expected = total / (len(fused) * (len(fused) - 1) / 2)
    assert 1 < len(fused) < 100  # some background
    assert metrics.semantic_loss(*images).item() == pytest.approx(expected)


def test_semantic_loss_does_not_depend_on_its_tiles(monkeypatch):
    from MedFusionLib.metrics import semantic

    images = triple(5, size=24)
    whole = metrics.semantic_loss(*images)
    monkeypatch.setattr(semantic, "TILE", 100)
    torch.testing.assert_close(metrics.semantic_loss(*images), whole)


def test_semantic_loss_has_a_floor():
    fused, first, second = triple(6, size=24)
    floor = metrics.semantic_loss(first, first, second) / 2  # |d1 - d2| / 2
    assert (metrics.semantic_loss(fused, first, second) >= floor - 1e-12).all()


def test_semantic_loss_of_background_is_zero():
    assert metrics.semantic_loss(RAMP, BLACK, BLACK).item() == 0


def test_q_cv_equals_its_definition():
    fused, first, second = (255 * x[0, 0].numpy() for x in triple(7, size=32))

    def stretch(x):
        return np.floor((x - x.min()) / (x.max() - x.min()) * 255 + 0.5)

    fused, first, second = map(stretch, (fused, first, second))
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(32) * 8, np.fft.fftfreq(32) * 8))
    response = 2.6 * (0.0192 + 0.144 * radius) * np.exp(-((0.144 * radius) ** 1.1))
    error = weight = 0
    for source in (first, second):
        padded = np.pad(source, 1)
        y = sum(k * padded[:, i : i + 32] for i, k in enumerate((1, 2, 1)))
        x = sum(k * padded[i : i + 32] for i, k in enumerate((1, 2, 1)))
        strength = np.hypot(y[2:] - y[:-2], x[:, 2:] - x[:, :-2])
        seen = np.fft.ifft2(np.fft.fft2(source - fused) * response).real
        for i in (0, 16):
            for j in (0, 16):
                block = np.s_[i : i + 16, j : j + 16]
                saliency = (strength[block] ** 5).sum()
                error += saliency * (seen[block] ** 2).mean()
                weight += saliency
    value = metrics.q_cv(*(tensor(x / 255) for x in (fused, first, second)))
    assert value.item() == pytest.approx(error / weight, rel=1e-6)


def test_uptake_is_the_coefficient_of_each_source():
    first, second = noise(1), noise(2)
    fused = 0.7 * first + 0.2 * second
    for source, kept in (("first", 0.7), ("second", 0.2), ("least", 0.2)):
        assert metrics.uptake(fused, first, second, source=source).item() == pytest.approx(kept)
    half = metrics.uptake(first, first, first, source="second")
    assert half.item() == pytest.approx(0.5)
    assert metrics.uptake(first, first, 0 * first).isnan().all()


def test_order_of_uptake_looks_where_one_source_varies_alone():
    x = torch.linspace(0, 1, 60, dtype=torch.float64).expand(1, 1, 60, 60)
    random = torch.rand(x.shape, generator=torch.Generator().manual_seed(3), dtype=x.dtype)
    textured = torch.where(x > 0.5, random, 0.5)
    uptake = 0.2 + 0.8 * x.transpose(2, 3)
    kept = metrics.uptake_order(0.5 * textured + uptake**2, textured, uptake, source="second")
    assert kept.item() == pytest.approx(1, abs=0.02)
    turned = metrics.uptake_order(textured - uptake, textured, uptake, source="second")
    assert turned.item() == pytest.approx(-1, abs=0.02)
    assert metrics.uptake_order(uptake, textured, textured, source="second").isnan().all()


# --- properties -----------------------------------------------------------------------------

examples = settings(max_examples=5, deadline=None)
seeds = st.integers(0, 1000)


@pytest.mark.parametrize("name", METRICS)
@examples
@given(seed=seeds)
def test_batch_equals_one_by_one(name, seed):
    function = METRICS[name].function
    images = triple(seed, number=3)
    together = function(*images)
    assert together.shape == (3,)
    alone = [function(*(image[k : k + 1] for image in images)) for k in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", METRICS)
@examples
@given(seed=seeds)
def test_single_precision_gives_the_same(name, seed):
    function = METRICS[name].function
    images = triple(seed)
    single = function(*(image.float() for image in images)).double()
    torch.testing.assert_close(single, function(*images), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", SYMMETRIC)
@examples
@given(seed=seeds)
def test_swapping_the_sources_changes_nothing(name, seed):
    function = METRICS[name].function
    fused, first, second = triple(seed)
    swapped = function(fused, second, first)
    torch.testing.assert_close(function(fused, first, second), swapped, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["q_s", "q_w", "q_e", "q_y", "q_cb", "mef_ssim", "fmi"])
@examples
@given(seed=seeds)
def test_equal_images_score_one(name, seed):
    image = noise(seed)
    assert METRICS[name].function(image, image, image).item() == pytest.approx(1, abs=1e-4)


@examples
@given(seed=seeds)
def test_ssim_of_equal_images_and_of_its_sources(seed):
    fused, first, second = triple(seed)
    assert metrics.ssim(fused, fused, second, source="first").item() == pytest.approx(1)
    alone = [metrics.ssim(fused, first, second, source=s) for s in ("first", "second")]
    torch.testing.assert_close(metrics.ssim(fused, first, second), sum(alone))
    torch.testing.assert_close(metrics.ssim(fused, first, second, source="mean"), sum(alone) / 2)


@pytest.mark.parametrize("name", ["q_cv", "n_abf", "semantic_loss"])
@examples
@given(seed=seeds)
def test_errors_of_equal_images_are_zero(name, seed):
    image = noise(seed)
    assert METRICS[name].function(image, image, image).item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_blank_images_raise_nothing(name):
    black = torch.zeros(2, 1, 44, 44)
    assert METRICS[name].function(black, black, black).shape == (2,)


def test_ssim_is_differentiable():
    fused, first, second = triple(8)
    fused = fused.float().requires_grad_()
    metrics.ssim(fused, first, second).sum().backward()
    assert fused.grad.abs().sum() > 0


# --- input and registry ---------------------------------------------------------------------


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (torch.zeros(44, 44), r"\(N, 1, H, W\)"),
        (torch.zeros(1, 3, 44, 44), r"\(N, 1, H, W\)"),
        (torch.zeros(1, 1, 44, 45), "one grid"),
        (torch.full((1, 1, 44, 44), torch.nan), "NaN"),
        (torch.zeros(1, 1, 44, 44, dtype=torch.uint8), "floating-point"),
    ],
)
def test_bad_images_are_refused(name, broken, words):
    good = torch.zeros(1, 1, 44, 44)
    with pytest.raises(MedFusionError, match=words):
        METRICS[name].function(good, good, broken)


@pytest.mark.parametrize(
    "call",
    [
        partial(metrics.ssim, source="both"),
        partial(metrics.ssim, variant="skimage"),
        partial(metrics.average_gradient, variant="x"),
        partial(metrics.mutual_information, unit="bans"),
        partial(metrics.q_y, flat="zero"),
        partial(metrics.q_abf, variant="liu"),
        partial(metrics.fmi, feature="wavelet"),
        partial(metrics.fmi, window=4),
        partial(metrics.mef_ssim, scales=2),
        partial(metrics.vif, source="both"),
    ],
)
def test_unknown_variants_are_refused(call):
    image = noise(9)
    with pytest.raises(MedFusionError):
        call(image, image, image)


@pytest.mark.parametrize("name", ["ssim", "mef_ssim", "q_s", "q_w", "q_e", "q_y", "vif", "viff"])
def test_small_images_are_refused(name):
    small = torch.zeros(1, 1, 6, 60)
    with pytest.raises(MedFusionError, match="at least"):
        METRICS[name].function(small, small, small)


def test_registry_lists_every_public_metric():
    offered = {name: getattr(metrics, name) for name in metrics.__all__ if name != "METRICS"}
    public = {
        name
        for name, what in offered.items()
        if what.__module__ != registry.__name__ and not isinstance(what, type)
    }
    assert public <= set(METRICS) | {"uptake_order"}  # which is listed by source, see all_metrics
    for name, metric in METRICS.items():
        assert metric.name == name == metric.function.__name__
        assert metric.function is getattr(metrics, name, metric.function)
        assert metric.symbol and metric.range and metric.citation
        assert ("**lower** is better" in metric.function.__doc__) == (not metric.higher_is_better)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_windows_by_sums_are_those_by_convolution(dtype):
    image = torch.rand(2, 3, 25, 27, dtype=dtype)
    row = common.gaussian(11, 1.5, image)
    leaf = image.clone().requires_grad_()
    by_convolution = common.blur(leaf, row)
    by_sums = common.blur(image, row)
    torch.testing.assert_close(by_sums, by_convolution.detach(), rtol=1e-6, atol=1e-7)
    by_convolution.sum().backward()
    assert float(leaf.grad[..., 12, 13].min()) == pytest.approx(1)  # all windows around it


def test_ssim_filters_each_image_once_within_sharing(monkeypatch):
    filtered = []
    blur = common.blur
    monkeypatch.setattr(common, "blur", lambda image, row: filtered.append(1) or blur(image, row))
    fused, first, second = torch.rand(3, 1, 1, 20, 20)
    alone = metrics.ssim(fused, first, second)
    count = len(filtered)
    with sharing():
        together = metrics.ssim(fused, first, second)
    assert torch.equal(alone, together)
    assert (count, len(filtered) - count) == (6, 5)  # three images and two products
