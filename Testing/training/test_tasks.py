"""What networks learn besides to fuse: to put in focus, to see it, to be believed by critics."""

import csv
import json

import pytest
import torch
from helpers import random_slices, refused
from safetensors.torch import load_file

from MedFusionLib.errors import Cancelled
from MedFusionLib.phantom import make_phantom
from MedFusionLib.sources.files import write_volume
from MedFusionLib.training import train as training
from MedFusionLib.training.adversarial import AdversarialTraining, Critic, quarter
from MedFusionLib.training.losses import detail, laplacian_loss
from MedFusionLib.training.tasks import FocusTraining, RefocusTraining, blurred
from MedFusionLib.training.train import read_recipe, train_network


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A folder with two small heads, MR with PET, CT and what stands for SPECT."""
    folder = tmp_path_factory.mktemp("pairs")
    for n, split in enumerate(("train", "test")):
        head = make_phantom((16, 40, 40), n)
        for pair, second in (("ct-mr", head.ct), ("pet-mr", head.pet), ("spect-mr", head.pet)):
            place = folder / pair / split
            place.mkdir(parents=True)
            write_volume(head.t1, place / f"{n}-mr.nrrd")
            write_volume(second, place / f"{n}-{pair.split('-')[0]}.nrrd")
    return folder


@pytest.fixture
def run(pairs, tmp_path, monkeypatch):
    """Trains for a few steps of small crops; gives the path of the weights."""
    monkeypatch.setattr(training, "check_collapse", lambda *_: None)

    def run(network, pair, name="weights", **options):
        recipe = (training.RECIPES / f"{network}.toml").read_text(encoding="utf-8")
        for word, value in (("steps", 4), ("batch", 2), ("crop", 32), ("validate_every", 2)):
            lines = recipe.splitlines()
            recipe = "\n".join(f"{word} = {value}" if x.startswith(word) else x for x in lines)
        path, out = tmp_path / f"{name}.toml", tmp_path / f"{name}.safetensors"
        path.write_text(recipe, encoding="utf-8")
        train_network(network, pair, pairs, out, device="cpu", recipe=path, **options)
        return out

    return run


class First(torch.nn.Module):
    """Fuses by taking the first source; remembers the sources."""

    def forward(self, first, second):
        self.seen = first, second
        return first


def rows(out, name="losses"):
    with (out.with_suffix(".training") / f"{name}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


# Focus ------------------------------------------------------------------------------------------


def test_blur_by_hand():
    images = random_slices(3, 1, 15, 15)
    found = blurred(images, torch.tensor([0, 1, 3]))
    line = torch.exp(-(torch.arange(-3.0, 4) ** 2) / 8)
    kernel = line[:, None] * line / line.sum() ** 2
    assert torch.equal(found[0], images[0])
    assert found[1, 0, 7, 7] == pytest.approx(float((kernel * images[1, 0, 4:11, 4:11]).sum()))
    assert found[2].std() < found[1].std() < images[1].std()


def test_focus_counts_only_windows_that_differ():
    module = FocusTraining(read_recipe("lp-cnn"), torch.zeros(1, 3, 32, 32))
    black = torch.zeros(2, 1, 32, 32)
    loss = module.training_step([black, black], 0)
    assert loss == 0 and module.curve[0]["wrong"] == 0
    half = random_slices(2, 1, 32, 32)
    half[..., 9:] = 0.5
    loss = module.training_step([half, black], 0)
    assert (
        0.5 < float(loss.detach()) < 0.9 and 0.2 < module.curve[1]["wrong"] < 0.8
    )  # untrained: ln 2


def test_the_two_copies_are_sharp_at_complementary_places():
    module = RefocusTraining(read_recipe("ifcnn"), torch.zeros(1, 3, 32, 32))
    module.network = network = First()
    first, second = random_slices(2, 2, 1, 32, 32)
    _, wanted, again = module.fuse(first, second)
    images = torch.cat([first, second])
    assert torch.equal(wanted, images) and torch.equal(again, images)
    sharp = [torch.isclose(copy, images) for copy in network.seen]
    assert (sharp[0] | sharp[1]).all()
    assert 0.2 < sharp[0].float().mean() < 0.8
    assert (sharp[0] & sharp[1]).float().mean() < 0.1


# Critics ----------------------------------------------------------------------------------------


def test_detail_and_laplacian_by_hand():
    dot = torch.zeros(1, 1, 5, 5)
    dot[..., 2, 2] = 1
    assert detail(dot)[0, 0, 1:4, 1:4].flatten().tolist() == [-0.125] * 4 + [1.0] + [-0.125] * 4
    assert float(laplacian_loss(dot, 0 * dot)) == pytest.approx((16 + 4) / 25)


def test_a_quarter_keeps_the_brightness():
    assert torch.allclose(quarter(torch.full((1, 1, 32, 32), 0.3)), torch.full((1, 1, 8, 8), 0.3))


@pytest.mark.parametrize("side", [16, 64])
def test_layers_of_a_critic(side):
    critic = Critic(side)
    convs = [(m.in_channels, m.out_channels, m.stride) for m in critic if hasattr(m, "stride")]
    assert convs == [(1, 16, (2, 2)), (16, 32, (2, 2)), (32, 64, (2, 2))]
    assert critic(torch.zeros(2, 1, side, side)).shape == (2, 1)


def test_the_losses_of_both_turns_by_hand():
    module = AdversarialTraining(read_recipe("mgmdcgan"), {"pet-mr": torch.zeros(1, 3, 64, 64)})
    first, second = random_slices(2, 2, 1, 64, 64)
    module.network = First()
    for critic in module.critics:
        for parameter in critic[-1].parameters():
            torch.nn.init.zeros_(parameter)  # undecided
    loss, parts = module.loss(first, second)
    two = 2 * torch.tensor(2.0).log()
    distance = (quarter(first) - quarter(second)).square().sum() / 2
    assert parts["critics"].item() == pytest.approx(float(two))
    assert parts["intensity"].item() == pytest.approx(float(distance), rel=1e-5)
    assert parts["detail"] == 0
    assert loss.item() == pytest.approx(float(two + 0.5 * distance), rel=1e-5)
    loss, parts = module.critics_loss(first, second)
    assert set(parts) == {"critic 1", "critic 2"}
    assert loss.item() == pytest.approx(float(2 * two))


def test_critics_and_network_take_turns_and_go_on_where_they_stopped(run):
    whole = run("mgmdcgan", "pet-mr", "whole")
    names = [{name for name, value in row.items() if value} for row in rows(whole)]
    assert [("critic 1" in row, "intensity" in row) for row in names] == [
        (True, False), (False, True), (True, False), (False, True),
    ]  # fmt: skip
    asked = iter(range(3))
    with pytest.raises(Cancelled):
        run("mgmdcgan", "pet-mr", "parted", cancelled=lambda: next(asked, None) is None)
    parted = run("mgmdcgan", "pet-mr", "parted", resume=True)
    first, second = load_file(whole), load_file(parted)
    assert all(torch.equal(first[name], second[name]) for name in first)


# All pairs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["lp-cnn", "ifcnn"])
def test_a_network_for_all_pairs_learns_from_all(run, network):
    card = json.loads(run(network, "all").with_suffix(".json").read_text(encoding="utf-8"))
    assert card["pair"] == "all"
    assert card["modalities"] == ["mr", "ct", "pet", "spect"]
    assert card["data"]["train"]["cases"] == ["ct-mr/0", "pet-mr/0", "spect-mr/0"]
    assert card["pixels"]["seen"] == 4 * 2 * 32**2 * 2  # both sources of a crop
    assert card["dtype"] == "float16"
    assert set(card["losses"]) == ({"focus", "wrong"} if network == "lp-cnn" else {"l2", "ssim"})
    assert "--pair all" in card["command"]


def test_wrong_pairs_are_refused(pairs, tmp_path):
    out = tmp_path / "a.safetensors"
    with refused("serves all pairs", "'all'"):
        train_network("lp-cnn", "ct-mr", pairs, out)
    with refused("weights for each pair", "pet-mr"):
        train_network("funfusean", "all", pairs, out)
