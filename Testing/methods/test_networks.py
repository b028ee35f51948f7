"""The published networks: layers, sizes, ranges, independence of the batch."""

import pytest
import torch
from helpers import random_method, random_slices
from torch import nn

from MedFusionLib.methods.boxes import cut
from MedFusionLib.methods.networks.badal_regas import BadalRegas
from MedFusionLib.methods.networks.cspa_dn import (
    ChannelAttention,
    CSpADN,
    SpatialAttention,
    criss_cross,
)
from MedFusionLib.methods.networks.fw_net import FWNet
from MedFusionLib.methods.registry import all_methods, get_method

PARAMETERS = {
    "badal-regas": 234_977,
    "bands": 3_405,
    "cspa-dn": 99_895,
    "deepfuse": 88_864,
    "funfusean": 122_209,
    "fw-net": 420_403,
    "ifcnn": 77_185,
    "lp-cnn": 435_202,
    "mgmdcgan": 119_509,
    "pmgi": 42_017,
    "tfnet": 553_905,
}

methods = pytest.mark.parametrize("method", all_methods("network"), ids=lambda m: m.name)


def build(method) -> nn.Module:
    """The network with weights that let the inputs through, in test mode."""
    torch.manual_seed(0)
    network = method()
    for name, parameter in network.named_parameters():
        if name.endswith((".alpha", ".beta")):
            nn.init.constant_(parameter, 0.5)  # attention on
        if method.name == "bands" and not parameter.any():
            nn.init.normal_(parameter, 0, 0.3)  # untrained it is the maximum
    first, second = pair(32, 32, number=4)
    network.train()
    for _ in range(3):
        network(first, second)  # batch-norm statistics other than those of a new network
    return network.eval()


def pair(height: int, width: int, number: int = 1) -> torch.Tensor:
    return torch.rand(2, number, 1, height, width, generator=torch.Generator().manual_seed(1))


def convolutions(module: nn.Module) -> list[tuple[int, int, int]]:
    """Kernel side, channels in and channels out of the convolutions, in order."""
    return [
        (layer.kernel_size[0], layer.in_channels, layer.out_channels)
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d)
    ]


# every network


def test_all_are_registered():
    assert {method.name for method in all_methods("network")} >= set(PARAMETERS)


@pytest.mark.parametrize(("name", "count"), PARAMETERS.items())
def test_number_of_parameters(name, count):
    assert sum(p.numel() for p in get_method(name)().parameters()) == count


@methods
@pytest.mark.parametrize(("height", "width"), [(16, 16), (37, 50), (64, 33)])
def test_any_size_keeps_its_shape_and_range(method, height, width):
    with torch.no_grad():
        fused = build(method)(*pair(height, width, number=2))
    assert fused.shape == (2, 1, height, width)
    assert fused.isfinite().all()
    assert fused.min() >= -1 and fused.max() <= 1
    assert fused.std() > 0


@methods
def test_a_slice_does_not_depend_on_its_batch(method):
    network = build(method)
    first, second = pair(37, 50, number=3)
    with torch.no_grad():
        alone = network(first[1:2], second[1:2])
        together = network(first, second)[1:2]
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)


@methods
def test_stored_weights_give_the_same_image(method):
    network, other = build(method), method()
    other.load_state_dict(network.state_dict())
    with torch.no_grad():
        fused = network(*pair(20, 24))
        assert torch.equal(other.eval()(*pair(20, 24)), fused)


@methods
def test_both_sources_and_all_parameters_have_a_gradient(method):
    network = build(method).train()
    first, second = pair(24, 24, number=2).requires_grad_().unbind()
    fused = network(first, second)
    outputs = [fused.sum()]
    if method.name == "fw-net":
        outputs.append(network.reconstruct(fused).square().sum())
    wanted = [first, second, *network.parameters()]
    gradients = torch.autograd.grad(sum(outputs), wanted)
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert gradients[0].abs().sum() > 0 and gradients[1].abs().sum() > 0


@pytest.mark.parametrize(
    "method",
    [m for m in all_methods("network") if m.receptive_radius is not None],
    ids=lambda m: m.name,
)
def test_a_pixel_reaches_no_further_than_the_radius(method):
    network = build(method)
    size = 16 * (2 * method.receptive_radius // 16 + 2)
    first, second = pair(size, size)
    place = size // 2
    changed = first.clone()
    changed[..., place, place] += 5
    with torch.no_grad():
        moved = (network(changed, second) - network(first, second))[0, 0].abs() > 1e-6
    reach = (moved.nonzero() - place).abs().max()
    assert 0 < reach <= method.receptive_radius


# Badal Regàs


def test_layers_of_badal_regas():
    assert convolutions(BadalRegas()) == [
        (5, 2, 128), (5, 128, 64), (3, 64, 32), (3, 32, 16), (1, 16, 1),
    ]  # fmt: skip
    slopes = [m.negative_slope for m in BadalRegas().modules() if isinstance(m, nn.LeakyReLU)]
    assert slopes == [0.2] * 4


# FW-Net


def test_layers_of_the_fw_net_encoder():
    convs = convolutions(FWNet(base=32).encoder)
    assert all(kernel == 3 for kernel, _, _ in convs[:-1]) and convs[-1] == (1, 32, 1)
    down = [(2, 32), (32, 64), (64, 128), (128, 256), (256, 256)]
    up = [(512, 128), (256, 64), (128, 32), (64, 32)]
    assert [conv[1:] for conv in convs[:-1:2]] == down + up


def test_fw_net_regains_two_sources():
    network = build(get_method("fw-net"))
    with torch.no_grad():
        fused = network(*pair(37, 50))
        regained = network.reconstruct(fused)
    assert regained.shape == (1, 2, 37, 50)
    for image in (fused, regained):
        assert image.min() >= 0 and image.max() <= 1


def test_fw_net_fuses_without_its_decoder():
    network = build(get_method("fw-net"))
    with torch.no_grad():
        fused = network(*pair(32, 32))
        network.decoder = None
        assert torch.equal(network(*pair(32, 32)), fused)


def test_fw_net_names_the_smallest_size():
    with pytest.raises(ValueError, match="16 x 16"):
        FWNet()(*pair(15, 64))


def test_extension_of_odd_sizes_leaves_no_seam():
    # the same slice, extended by the caller
    network = build(get_method("fw-net"))
    first, second = pair(33, 48)
    extended = [nn.functional.pad(x, (0, 0, 0, 15), mode="reflect") for x in (first, second)]
    with torch.no_grad():
        torch.testing.assert_close(network(*extended)[..., :33, :], network(first, second))


# CSpA-DN


def test_layers_of_cspa_dn():
    network = CSpADN()
    assert [convolutions(module) for module in network.dense] == [
        [(3, inputs, 16), (3, 16, 16)] for inputs in (16, 32, 48, 64)
    ]
    decoder = convolutions(network.decoder)
    assert len(decoder) == 5 and all(conv[0] == 3 for conv in decoder)
    assert network.spatial.query.out_channels == 10
    assert all(m.padding_mode == "reflect" for m in network.modules()
               if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3))  # fmt: skip


def literal_criss_cross(query, key, value):
    """Pixel by pixel, over the list of its row and the rest of its column."""
    result = torch.zeros_like(value)
    _, _, height, width = query.shape
    for n, i, j in torch.cartesian_prod(*map(torch.arange, (len(query), height, width))).tolist():
        places = [(i, column) for column in range(width)]
        places += [(row, j) for row in range(height) if row != i]
        assert len(places) == height + width - 1
        energy = torch.stack([query[n, :, i, j] @ key[n, :, r, c] for r, c in places])
        values = torch.stack([value[n, :, r, c] for r, c in places])
        result[n, :, i, j] = energy.softmax(0) @ values
    return result


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 3), (1, 4), (4, 1)])
def test_criss_cross_attention_is_the_literal_one(height, width):
    generator = torch.Generator().manual_seed(2)
    query, key = 3 * torch.randn(2, 2, 3, height, width, generator=generator)
    value = torch.randn(2, 5, height, width, generator=generator)
    expected = literal_criss_cross(query, key, value)
    torch.testing.assert_close(criss_cross(query, key, value), expected, atol=1e-5, rtol=1e-4)


def test_criss_cross_attention_survives_large_energies():
    query = key = torch.full((1, 1, 3, 4), 40.0).requires_grad_()
    value = torch.rand(1, 2, 3, 4)
    fused = criss_cross(query, key, value)
    (gradient,) = torch.autograd.grad(fused.sum(), query)
    assert fused.isfinite().all() and gradient.isfinite().all()


@pytest.mark.parametrize("attention", [SpatialAttention, ChannelAttention])
def test_untrained_attention_changes_nothing(attention):
    features = torch.rand(1, 16, 6, 5)
    assert torch.equal(attention(16)(features), features)


@pytest.mark.parametrize("box", [(0, 64, 0, 80), (17, 40, 21, 55), (0, 9, 60, 80), (63, 64, 0, 1)])
@pytest.mark.parametrize("name", ["fw-net", "cspa-dn"])
def test_a_part_is_what_the_whole_has_there(name, box):
    method = random_method(name, deviation=0.1).double()
    for part in method.modules():
        if isinstance(part, SpatialAttention):
            torch.nn.init.constant_(part.alpha, 0.7)
    sources = [random_slices(2, 1, 64, 80, seed=s, dtype=torch.float64) for s in (1, 2)]
    with torch.inference_mode():
        whole, part = method(*sources), method.fuse_box(*sources, box=box)
    assert torch.allclose(part, cut(whole, box), atol=1e-6)
    assert whole.std() > 1e-3


def test_channel_attention_does_not_grow_with_the_image():
    attention = ChannelAttention(8)
    nn.init.ones_(attention.beta)
    tile = torch.randn(1, 8, 6, 6, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        torch.testing.assert_close(
            attention(tile.repeat(1, 1, 4, 4)), attention(tile).repeat(1, 1, 4, 4)
        )


def test_channel_attention_by_hand():
    # two channels, two pixels; query, key and value are the features themselves
    attention = ChannelAttention(2)
    for layer in (attention.query, attention.key, attention.value):
        nn.init.dirac_(layer.weight)
        nn.init.zeros_(layer.bias)
    nn.init.constant_(attention.beta, 2)
    one, other = torch.tensor([1.0, 3.0]), torch.tensor([0.0, 2.0])
    features = torch.stack([one, other]).view(1, 2, 1, 2)
    weights = torch.tensor([[5.0, 3.0], [3.0, 2.0]]).softmax(-1)  # means of products
    expected = features[0, :, 0] + 2 * weights @ torch.stack([one, other])
    torch.testing.assert_close(attention(features)[0, :, 0], expected)


def test_cspa_dn_without_attention_is_the_one_with_its_decoder_on_plain_features():
    network = CSpADN(attention=False).eval()
    assert not [name for name, _ in network.named_parameters() if "spatial" in name]
    first, second = torch.rand(2, 1, 1, 24, 20)
    whole = network(first, second)
    part = network.fuse_box(first, second, (5, 12, 3, 20))
    assert torch.allclose(part, whole[..., 5:12, 3:20], atol=1e-6)
