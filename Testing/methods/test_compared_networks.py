"""The networks that the publications compare with: what each paper says of its own."""

import numpy as np
import pytest
import torch
from helpers import random_method, random_slices
from scipy.ndimage import gaussian_filter
from skimage import io
from torch import nn

from MedFusionLib import metrics
from MedFusionLib.methods.networks import lp_cnn
from MedFusionLib.methods.registry import all_methods, get_method
from MedFusionLib.methods.weights import load_method, weights_path
from MedFusionLib.phantom import make_phantom
from MedFusionLib.sources.prepare import prepare
from MedFusionLib.sources.volumes import slice_order

COMPARED = ("deepfuse", "ifcnn", "lp-cnn", "mgmdcgan", "pmgi", "tfnet")
SYMMETRIC = ("deepfuse", "ifcnn")

compared = pytest.mark.parametrize("name", COMPARED)


def pair(height, width, number=1):
    return [random_slices(number, 1, height, width, seed=seed) for seed in (1, 2)]


def convolutions(module):
    """Kernel side, channels in and channels out of the convolutions, in order."""
    return [
        (part.kernel_size[0], part.in_channels, part.out_channels)
        for part in module.modules()
        if isinstance(part, nn.Conv2d)
    ]


def trained(name, pair_="ct-mr"):
    if not weights_path(name, pair_).is_file():
        pytest.skip(f"{weights_path(name, pair_).name} is not trained yet")
    return load_method(name, pair_)


@pytest.fixture(scope="module")
def head():
    """A slice of the digital head, MR T2 and CT, (1, 1, H, W) in [0, 1]."""
    made = make_phantom((16, 64, 64))
    stacks = prepare([made.t2, made.ct], ["mr", "ct"]).slices(*slice_order(made.t2, "axial"))
    return [torch.from_numpy(stack[8].copy())[None, None] for stack in stacks]


# all of them


@compared
def test_black_stays_black_also_beside_a_source(name):
    method = random_method(name, deviation=0.1)
    first, second = pair(20, 24)
    first[..., 5:12, 6:13] = second[..., 5:12, 6:13] = 0
    black = torch.zeros_like(first)
    with torch.inference_mode():
        assert torch.equal(method(black, black), black)
        for sources in ((first, second), (first, black), (black, second)):
            fused = method(*sources)
            assert fused.isfinite().all()
            if name not in ("lp-cnn", "deepfuse"):  # whose surroundings reach in
                assert not fused[..., 5:12, 6:13].any()


@pytest.mark.parametrize("name", SYMMETRIC)
def test_the_order_of_the_sources_does_not_matter(name):
    method = random_method(name, deviation=0.1)
    first, second = pair(20, 24)
    with torch.inference_mode():
        assert torch.allclose(method(first, second), method(second, first), atol=1e-5)


@pytest.mark.parametrize("number", [0, 1])
def test_lp_cnn_puts_in_focus(number, head):
    """What its network was made for: each half of the image is sharp in one of the sources."""
    method, image = trained("lp-cnn"), head[number]
    dim = torch.from_numpy(gaussian_filter(image[0, 0].numpy(), 2))[None, None]
    left = torch.arange(image.shape[-1]) < image.shape[-1] // 2
    sources = torch.where(left, image, dim), torch.where(left, dim, image)
    with torch.inference_mode():
        fused = method(*sources)
    plain = sum(sources) / 2
    assert (fused - image).abs().mean() < 0.1 * (plain - image).abs().mean()


@pytest.mark.parametrize("number", [0, 1])
def test_ifcnn_keeps_what_one_source_alone_shows(number, head):
    image = head[number]
    with torch.inference_mode():
        fused = trained("ifcnn")(image, 0 * image)
    assert (fused - image).abs().mean() < 0.3 * image.mean()  # the plain average loses half


def test_networks_for_all_pairs_have_one_file():
    found = {method.name for method in all_methods() if method.all_pairs}
    assert {"deepfuse", "ifcnn", "lp-cnn"} <= found
    for name in found:
        assert weights_path(name, "ct-mr") == weights_path(name, "spect-mr")
        assert weights_path(name, "ct-mr").name == f"{name}.safetensors"


# LP-CNN


def test_layers_of_lp_cnn():
    assert convolutions(lp_cnn.LPCNN()) == [(3, 1, 64), (3, 64, 128), (3, 128, 256), (8, 512, 2)]


def test_a_black_source_leaves_lp_cnn_the_other_one():
    method = random_method("lp-cnn")
    image = random_slices(1, 1, 37, 50)
    with torch.inference_mode():
        for sources in ((image, 0 * image), (0 * image, image), (image, image)):
            assert torch.allclose(method(*sources), image, atol=1e-6)


def test_weights_of_lp_cnn_are_spread_as_in_the_program():
    scores = random_slices(1, 1, 4, 6)
    sums, counts = np.zeros((22, 26)), np.zeros((22, 26))
    for row in range(4):
        for column in range(6):
            window = np.s_[2 * row : 2 * row + 16, 2 * column : 2 * column + 16]
            sums[window] += float(scores[0, 0, row, column])
            counts[window] += 1
    assert np.allclose(lp_cnn.spread(scores)[0, 0].numpy(), sums / counts, atol=1e-6)


def test_bands_of_lp_cnn_by_hand():
    first, weight = torch.full((1, 1, 3, 3), 0.2), torch.full((1, 1, 3, 3), 0.75)
    for second, expected in (
        (0.2 * torch.ones_like(first), 0.2),  # equal
        (0.1 * torch.ones_like(first), 0.175),  # M = 0.8: weighted
        (0.05 * torch.ones_like(first), 0.2),  # M = 0.47: the stronger one
        (-0.3 * torch.ones_like(first), -0.3),  # opposed: the stronger one
    ):
        fused = lp_cnn._fuse_band(first, second, weight)
        assert torch.allclose(fused, torch.full_like(first, expected))


@pytest.mark.parametrize(
    ("sources", "stored", "alike"),
    [
        ("data/seeds/thesis/t1-ct-{}.png", "data/seeds/thesis/t1-ct-fused-lp-cnn.png", 0.98),
        ("data/seeds/thesis/t2-ct-{}.png", "data/seeds/thesis/t2-ct-fused-lp-cnn.png", 0.95),
        ("reference/metrics/p1_{}.png", "reference/methods/p1_lp-cnn.png", 0.98),
    ],
)
def test_lp_cnn_has_the_structure_of_the_authors_result(shared, sources, stored, alike):
    """The authors' weights are others; their stored pictures are hard to tell from ours."""
    names = ("mr", "ct") if "thesis" in sources else ("A", "B")
    images = [io.imread(shared / sources.format(name)) / 255 for name in names]
    wanted = torch.from_numpy(io.imread(shared / stored) / 255).float()[None, None]
    first, second = (torch.from_numpy(image).float()[None, None] for image in images)
    with torch.inference_mode():
        fused = trained("lp-cnn")(first, second)
    assert np.corrcoef(fused.flatten(), wanted.flatten())[0, 1] > 0.995
    assert float(metrics.ssim(fused, wanted, wanted, source="first")) > alike
    scores = [float(metrics.q_s(image, first, second)) for image in (fused, wanted)]
    assert abs(scores[0] - scores[1]) < 0.05


# IFCNN


def test_layers_of_ifcnn():
    network = get_method("ifcnn")()
    assert convolutions(network) == [(7, 1, 64), (3, 64, 64), (3, 64, 64), (1, 64, 1)]
    modes = [m.padding_mode for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert modes[:3] == ["replicate"] * 3


def test_ifcnn_fuses_any_number_of_sources():
    method = random_method("ifcnn", deviation=0.1)
    first, second = pair(16, 18)
    with torch.inference_mode():
        three = method.join(*(method.branch(n, x) for n, x in enumerate((first, second, first))))
        assert torch.allclose(three, method(first, second), atol=1e-6)


# DeepFuse


def test_layers_of_deepfuse():
    assert convolutions(get_method("deepfuse")()) == [
        (5, 1, 16), (7, 16, 32), (7, 32, 32), (5, 32, 16), (5, 16, 1),
    ]  # fmt: skip
    assert not any(name.endswith("bias") for name in get_method("deepfuse")().state_dict())


# TFNet


def test_layers_of_tfnet():
    network = get_method("tfnet")(base=32)
    assert convolutions(network.fine[0]) == [(3, 1, 32), (3, 32, 32)]
    assert convolutions(network.down[0]) == [(2, 32, 64)]
    assert convolutions(network.fuse) == [(3, 128, 128)] * 2
    assert convolutions(network.quarter) == [(2, 128, 256)]
    assert convolutions(network.deep) == [(3, 256, 256)] * 2
    assert convolutions(network.middle) == [(3, 256, 128)]
    assert convolutions(network.image) == [(3, 128, 64), (3, 64, 64), (3, 64, 1)]


# PMGI


def test_layers_of_pmgi():
    network = get_method("pmgi")()
    found = [convolutions(layers[0]) for layers in (network.layer1, network.layer2,
             network.exchange2, network.layer3, network.exchange3, network.layer4)]  # fmt: skip
    assert found == [[(5, 3, 16)], [(3, 16, 16)], [(1, 32, 16)], [(3, 48, 16)], [(1, 32, 16)],
                     [(3, 64, 16)]]  # fmt: skip
    convs = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert sum(p.numel() for m in convs for p in m.parameters()) == 41_633  # the publication's


# MGMDcGAN


def test_layers_of_mgmdcgan():
    network = get_method("mgmdcgan")(growth=48)
    assert [convolutions(layer)[0] for layer in network.dense] == [
        (3, 2, 48), (3, 48, 48), (3, 96, 48), (3, 144, 48), (3, 192, 48),
    ]  # fmt: skip
    assert [conv[1:] for conv in convolutions(network.decoder)] == [
        (240, 240), (240, 120), (120, 60), (60, 30), (30, 1),
    ]  # fmt: skip
