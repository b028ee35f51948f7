"""Training: repeatable, resumable, never a collapsed network, never a pickle."""

import csv
import json

import pytest
import torch
from helpers import random_slices, refused
from safetensors.torch import load_file

from MedFusionLib.errors import Cancelled
from MedFusionLib.methods.registry import all_methods, get_method
from MedFusionLib.methods.weights import load_method
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import sha256, write_volume
from MedFusionLib.training import losses, scoring
from MedFusionLib.training import train as training
from MedFusionLib.training.brighten import brighten
from MedFusionLib.training.brightness import choose_gain
from MedFusionLib.training.checkpoints import SafeCheckpointIO
from MedFusionLib.training.scoring import score
from MedFusionLib.training.train import read_recipe
from MedFusionLib.training.train import train_network as train

RECIPE = """
steps = {steps}
batch = 4
crop = 24
seed = {seed}
validate_every = {every}

[losses]
ssim = 0.8
l2 = 0.2

[optimiser]
learning_rate = 0.005
clip = 5.0
"""


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    """A folder with three small heads, two to train on."""
    folder = tmp_path_factory.mktemp("pairs")
    for n in range(3):
        head = make_phantom((16, 40, 40), n)
        write_volume(head.t1, folder / f"{n}-mr.nrrd")
        write_volume(head.pet, folder / f"{n}-pet.nrrd")
    return folder


@pytest.fixture
def run(pairs, tmp_path):
    """Trains for a few steps; gives the path of the weights."""

    def run(name="weights", recipe_steps=5, every=2, seed=1, more="", **options):
        recipe = tmp_path / f"{name}.toml"
        recipe.write_text(more + RECIPE.format(steps=recipe_steps, every=every, seed=seed))
        out = tmp_path / f"{name}.safetensors"
        train("funfusean", "pet-mr", pairs, out, device="cpu", recipe=recipe, **options)
        return out

    return run


@pytest.fixture
def unguarded(monkeypatch):
    """Lets a run of a few steps pass for a trained network."""
    monkeypatch.setattr(training, "check_collapse", lambda *_: None)


def same_weights(*paths):
    first, second = map(load_file, paths)
    return all(torch.equal(first[name], second[name]) for name in first)


def rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def files(folder):
    return {p.name for p in folder.rglob("*") if p.is_file()}


def after(count):
    """A cancel flag that is set once it was asked so often."""
    asked = iter(range(count))
    return lambda: next(asked, None) is None


# Runs -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(pairs, tmp_path_factory):
    """Weights that beat the plain average."""
    folder = tmp_path_factory.mktemp("trained")
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE.format(steps=100, every=50, seed=1))
    out, steps = folder / "trained.safetensors", []
    train(
        "funfusean",
        "pet-mr",
        pairs,
        out,
        device="cpu",
        recipe=recipe,
        progress=lambda *n: steps.append(n),
    )
    return out, steps


def test_a_short_training_already_beats_the_plain_average(trained):
    scores = json.loads(trained[0].with_suffix(".json").read_text())["validation"]
    assert scores["network"]["q_abf"] > scores["average"]["q_abf"] + 0.02


def test_the_card_says_how_the_weights_were_made(trained):
    out, _ = trained
    card = json.loads(out.with_suffix(".json").read_text())
    assert card["network"] == "funfusean"
    assert (card["pair"], card["modalities"]) == ("pet-mr", ["mr", "pet"])
    assert card["data"]["train"]["cases"] == ["0", "1"]
    assert card["data"]["test"]["cases"] == ["2"]
    assert card["data"]["test"]["slices"] > 5
    assert card["command"].startswith("medfusion train funfusean --pair pet-mr --data ")
    assert (card["steps"], card["seed"]) == (100, 1)
    assert card["recipe"]["losses"] == {"ssim": 0.8, "l2": 0.2}
    assert card["device"].startswith("cpu")
    assert set(card["held_out"]) == set(card["validation"]) == {"network", "average"}
    assert {"ssim_first", "ssim_second", "q_abf"} < set(card["held_out"]["network"])
    assert card["sha256"] == sha256(out)


def test_a_run_leaves_curves_scores_and_checkpoints_and_no_pickle(trained):
    out, _ = trained
    folder = out.with_suffix(".training")
    assert files(folder) == {
        "last.safetensors",
        "losses.csv",
        "scores.csv",
        "curves.png",
    }
    assert [row["step"] for row in rows(folder / "scores.csv")] == ["50", "100"]
    losses = [float(row["loss"]) for row in rows(folder / "losses.csv")]
    assert len(losses) == 100
    assert losses[-1] < losses[25]


def test_progress_counts_the_steps(trained):
    assert trained[1] == [(n, 100) for n in range(1, 101)]


def test_the_same_seed_gives_the_same_weights(run, unguarded):
    first, second, other = run("first"), run("second"), run("other", seed=2)
    assert same_weights(first, second)
    assert sha256(first) == sha256(second)
    assert not same_weights(first, other)


def test_a_cancelled_run_writes_no_weights_and_resumes_as_if_it_had_not_stopped(
    run, tmp_path, unguarded
):
    whole = run("whole")
    with pytest.raises(Cancelled):
        run("parted", cancelled=after(4))  # in the third epoch
    parted = tmp_path / "parted.safetensors"
    assert not parted.exists()
    assert "last.safetensors" in files(parted.with_suffix(".training"))
    run("parted", resume=True)
    assert same_weights(whole, parted)
    for name in ("losses.csv", "scores.csv"):
        texts = [(out.with_suffix(".training") / name).read_text() for out in (whole, parted)]
        assert texts[0] == texts[1]


@pytest.mark.parametrize("resume", [False, True])
def test_a_finished_run_starts_anew_or_is_left_as_it_is(run, unguarded, resume):
    out, steps = run(), []
    first = sha256(out)
    assert sha256(run(resume=resume, progress=lambda step, _: steps.append(step))) == first
    assert steps == ([] if resume else [1, 2, 3, 4, 5])


def test_given_steps_replace_the_recipes(run, unguarded):
    card = json.loads(run(recipe_steps=9000, steps=3).with_suffix(".json").read_text())
    assert card["steps"] == 3
    assert " --steps 3 " in card["command"]


# Going on from weights --------------------------------------------------------------------------


def test_a_run_goes_on_from_weights_where_these_ended(trained, run):
    before = trained[0]
    out = run(recipe_steps=1, start=before)  # so few steps from random weights are a collapse
    old, new = (json.loads(p.with_suffix(".json").read_text()) for p in (before, out))
    assert new["validation"]["network"]["q_abf"] > new["validation"]["average"]["q_abf"] + 0.01
    assert not same_weights(before, out)
    assert new["started_from"] == {key: old[key] for key in ("sha256", "command", "steps")}
    assert new["pixels"]["seen"] == old["pixels"]["seen"] + 4 * 24 * 24
    assert new["command"].endswith(f" --from {before}")
    assert new["recipe"]["warm_up"] == 0


def test_weights_of_something_else_are_not_gone_on_from(trained, run, tmp_path):
    card = trained[0].with_suffix(".json")
    other = tmp_path / "other.safetensors"
    other.write_bytes(trained[0].read_bytes())
    for what, value in (("network", "cspa-dn"), ("pair", "ct-mr")):
        changed = json.loads(card.read_text()) | {what: value}
        other.with_suffix(".json").write_text(json.dumps(changed))
        with refused("cannot be resumed", f"its {what} is {value}"):
            run(start=other)
    with refused("no weights none.safetensors"):
        run(start=tmp_path / "none.safetensors")


# Brightness -------------------------------------------------------------------------------------


class Dimmed(torch.nn.Module):
    """The brighter source, dimmed."""

    def __init__(self, factor):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(factor))

    def forward(self, first, second):
        return self.factor * torch.maximum(first, second)


def test_a_dim_image_is_raised_and_a_bright_one_hardly():
    slices = random_slices(4, 3, 32, 32)
    slices[:, 2] = 0
    dim, bright = (choose_gain(Dimmed(factor), [slices]) for factor in (0.8, 1.0))
    assert dim > 1.1 > bright >= 1
    before, after = (score(Dimmed(factor), slices) for factor in (0.8, 0.8 * dim))
    assert after["ssim"] >= before["ssim"] - 0.001
    assert after["q_abf"] >= before["q_abf"]


def test_the_factor_is_chosen_where_the_recipe_says_so(run, unguarded):
    card = json.loads(run(more="raise_within = 1.0\n").with_suffix(".json").read_text())
    assert card["recipe"]["module"]["gain"] >= 1
    card = json.loads(run().with_suffix(".json").read_text())
    assert "gain" not in card["recipe"]["module"]


def test_trained_weights_are_raised_once(trained, pairs, tmp_path):
    weights = tmp_path / "dim.safetensors"
    for ending in (".safetensors", ".json"):
        weights.with_suffix(ending).write_bytes(trained[0].with_suffix(ending).read_bytes())
    images = random_slices(1, 1, 24, 24, seed=1), random_slices(1, 1, 24, 24, seed=2)
    dim = load_method("funfusean", "pet-mr", weights)
    digest = dim.weights_sha256
    card = brighten(weights, pairs)
    gain = card["raised"]["by"]
    assert card["recipe"]["module"] == {"gain": gain} and 1 <= gain <= 1.5
    assert card["raised"]["sha256_before"] == digest
    before, after = card["raised"]["validation_before"], card["validation"]["network"]
    assert after["ssim"] > before["ssim"] - 0.0015 and after["q_abf"] > before["q_abf"] - 1e-3
    raised = load_method("funfusean", "pet-mr", weights)
    with torch.inference_mode():
        assert torch.allclose(raised(*images), gain * dim(*images), atol=1e-3)
    with refused("raised already"):
        brighten(weights, pairs)


# Collapse ---------------------------------------------------------------------------------------


def test_a_network_worse_than_the_average_is_not_written(run, tmp_path):
    with refused("worse than the plain average", "no weights were written"):
        run(recipe_steps=2)
    assert not (tmp_path / "weights.safetensors").exists()


def test_a_constant_image_stops_the_run_early(run, tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "score", lambda *_: {"ssim": 0.0, "q_abf": 0.0, "deviation": 1e-5})
    steps = []
    with refused("collapsed at step 2", "constant"):
        run(progress=lambda step, _: steps.append(step))
    assert steps == [1, 2]
    assert not (tmp_path / "weights.safetensors").exists()


def test_an_infinite_loss_stops_the_run(run, tmp_path, monkeypatch):
    monkeypatch.setattr(losses, "l2_loss", lambda fused, *_: fused.mean() * float("inf"))
    with refused("infinite at step 0"):
        run()
    assert not (tmp_path / "weights.safetensors").exists()


def test_black_scores_below_the_average_once_the_background_is_left_out():
    slices = random_slices(4, 3, 24, 24)
    slices[:, 2] = 0

    class Black(torch.nn.Module):
        def forward(self, first, second):
            return 0 * first

    black, average = (score(m, slices) for m in (Black(), get_method("average")()))
    assert black["deviation"] == 0
    assert black["ssim"] < average["ssim"] and black["q_abf"] < average["q_abf"]


def test_scores_do_not_depend_on_the_batch_and_follow_the_background_rule():
    slices = random_slices(5, 3, 24, 24)
    slices[:, 2] = 0
    slices[:, :, :8] = 0
    slices[:, 2, :8] = 1

    class Veil(torch.nn.Module):
        """Grey where there is nothing."""

        def forward(self, first, second):
            return torch.where(first + second > 0, (first + second) / 2, 0.3)

    average = get_method("average")()
    expected = score(average, slices)
    for found in (score(average, slices, batch=2), score(Veil(), slices)):
        assert found == pytest.approx(expected)


# Recipes and refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [method.name for method in all_methods("network")])
def test_every_network_has_a_recipe(name):
    recipe = read_recipe(name)
    assert recipe.network == name
    assert recipe.steps > recipe.validate_every > 0


def test_a_bad_recipe_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    with refused(f"There is no recipe {path}; check the path."):
        read_recipe("funfusean", path)
    for text, words in (
        ("steps = 5", "lacks 'optimiser'"),
        ("steps = 5\n[optimiser]", "it missing"),
        ("steps = ", "cannot be read"),
        (RECIPE.format(steps=5, every=1, seed=0) + "momentum = 1", "momentum"),
        (RECIPE.format(steps=5, every=1, seed=0).replace("l2", "l3"), "unknown losses: l3"),
        ("task = 'guess'" + RECIPE.format(steps=5, every=1, seed=0), "unknown task 'guess'"),
    ):
        path.write_text(text)
        with refused("mine.toml", words):
            read_recipe("funfusean", path)


def test_classical_methods_cannot_be_trained(pairs, tmp_path):
    with refused("average cannot be trained"):
        train("average", "pet-mr", pairs, tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("out", "options", "words"),
    [
        ("weights.pt", {}, "must end in .safetensors"),
        ("weights.safetensors", {"steps": 0}, "at least 1"),
        ("weights.safetensors", {"pair": "ct-mr"}, "no pairs for ct-mr"),
        ("weights.safetensors", {"device": "tpu"}, "no device 'tpu'"),
    ],
)
def test_bad_settings_are_refused_and_write_nothing(pairs, tmp_path, out, options, words):
    settings = {"pair": "pet-mr", **options}
    with refused(words):
        train("funfusean", data=pairs, out=tmp_path / out, **settings)
    assert not list(tmp_path.iterdir())


# Checkpoints ------------------------------------------------------------------------------------


def test_a_damaged_checkpoint_is_refused(tmp_path):
    io = SafeCheckpointIO()
    io.save_checkpoint({"a": torch.ones(9)}, tmp_path / "last.ckpt")
    whole = (tmp_path / "last.safetensors").read_bytes()
    for part in (whole[:-3], whole[:20], b"", whole.replace(b"state", b"stage")):
        (tmp_path / "last.safetensors").write_bytes(part)
        with refused("last.safetensors is damaged", "without resuming"):
            io.load_checkpoint(tmp_path / "last.ckpt")


def test_checkpoints_keep_every_value_without_pickle(tmp_path):
    content = {
        "state_dict": {"a": torch.randn(2, 3), "b": torch.tensor(4)},
        3: [1, 2.5, None, True, "text", {"inner": torch.ones(1, dtype=torch.float64)}],
        "path": tmp_path,
    }
    io = SafeCheckpointIO()
    io.save_checkpoint(content, tmp_path / "last.ckpt")
    assert files(tmp_path) == {"last.safetensors"}
    back = io.load_checkpoint(tmp_path / "last.ckpt")
    assert torch.equal(back["state_dict"]["a"], content["state_dict"]["a"])
    assert torch.equal(back["state_dict"]["b"], content["state_dict"]["b"])
    assert back[3][:5] == content[3][:5]
    assert torch.equal(back[3][5]["inner"], content[3][5]["inner"])
    assert back["path"] == str(tmp_path)
    io.remove_checkpoint(tmp_path / "last.ckpt")
    assert not list(tmp_path.iterdir())


def test_a_network_is_built_as_its_recipe_says_and_its_card_keeps_it(pairs, tmp_path, unguarded):
    recipe, out = tmp_path / "quotient.toml", tmp_path / "quotient.safetensors"
    text = RECIPE.format(steps=3, every=2, seed=0).replace(
        "seed", 'keep = "last"\nturns = true\nseed'
    )
    recipe.write_text(text + '\n[module]\nrule = "max_average"\n')
    card = train("funfusean", "pet-mr", pairs, out, device="cpu", recipe=recipe)
    assert load_method("funfusean", "pet-mr", out).rule == "max_average"
    assert card["recipe"]["module"] == {"rule": "max_average"}
    assert card["command"].endswith(f"--recipe {recipe}")
    with refused("keep"):
        recipe.write_text(text.replace('"last"', '"first"'))
        read_recipe("funfusean", recipe)


@pytest.mark.parametrize(
    "path", sorted(training.RECIPES.glob("*.toml")), ids=lambda path: path.stem
)
def test_a_recipe_builds_its_network(path):
    names = [method.name for method in all_methods("network") if path.stem.startswith(method.name)]
    recipe = read_recipe(max(names, key=len), path)
    assert get_method(recipe.network)(**recipe.module)
