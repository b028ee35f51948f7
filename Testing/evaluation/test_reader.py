"""The model observer: sites, lesions, displays, two observers, and what is kept."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import refused
from typer.testing import CliRunner

from MedFusionLib.cli.app import app
from MedFusionLib.cli.reader import Where
from MedFusionLib.colour.coding import Coding
from MedFusionLib.colour.registry import all_modes
from MedFusionLib.errors import MedFusionError
from MedFusionLib.evaluation.reader import (
    CONDITIONS,
    Appearance,
    Hotelling,
    NonPrewhitening,
    Reader,
    Sites,
    blending,
    case_sites,
    choose_displays,
    colour_table,
    first_source,
    lesion_tasks,
    load_display,
    method_in_colour,
    method_in_grey,
    orders,
    plant,
    read_displays,
    second_source,
    show,
    tissue_sites,
    verdict,
    write_readings,
)
from MedFusionLib.evaluation.reader import head_sites as make_head_sites
from MedFusionLib.evaluation.reader.display import as_grey
from MedFusionLib.evaluation.reader.observer import RATIO, SIGMAS, channel_templates
from MedFusionLib.evaluation.reader.reading import SECOND, USUAL
from MedFusionLib.evaluation.reader.report import caution
from MedFusionLib.evaluation.reader.sites import SITES
from MedFusionLib.evaluation.reader.tables import SLICER
from MedFusionLib.fusion import fuse
from MedFusionLib.inference.headroom import ROOM
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.training.datasets import find_cases


@pytest.fixture(scope="module")
def texture():
    """Sites in two independent smooth textures: no head needed."""
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(0)

    def picture(width):
        smooth = gaussian_filter(random.standard_normal((24, 80, 80)), (0, width, width))
        return (0.5 + 0.08 * smooth / smooth.std()).astype(np.float32)

    groups = tuple(f"slice {n // 2}" for n in range(24))
    return Sites(picture(2), picture(4), groups, "pet-mr", 1.0)


@pytest.fixture(scope="module")
def trials(texture):
    six = lesion_tasks("pet-mr")[:6]
    return plant(texture, [six[n] for n in (0, 1, 3, 4)])


@pytest.fixture(scope="module")
def reader(trials):
    return Reader(trials, draws=50)


def average(first, second):
    return as_grey((first + second) / 2)


# Sites -----------------------------------------------------------------------------------------


@pytest.fixture
def few_slices(monkeypatch):
    """Heads of few thick slices: quick to make."""
    monkeypatch.setattr("MedFusionLib.evaluation.reader.sites.HEAD_SHAPE", (20, 192, 192))


def test_sites_lie_in_the_brain_of_the_head(few_slices):
    sites = make_head_sites("pet-mr", [100], 3)
    assert sites.first.shape == (3, 80, 80)
    assert (sites.first[:, 40, 40] > 0).all()
    assert all(group.startswith("head 100, slice ") for group in sites.groups)


def test_tissue_sites_show_what_the_tissue_looks_like(few_slices):
    sites = tissue_sites("ct-mr", [100], 3)
    at = {
        name: sites.second[np.array(sites.tissues) == name, 40, 40].mean()
        for name in ("bone", "csf")
    }
    assert at["bone"] > 0.9
    assert at["csf"] < 0.4


def test_no_head_for_a_pair_it_does_not_show():
    with pytest.raises(MedFusionError, match="no picture for spect-mr"):
        make_head_sites("spect-mr", [100])


def test_real_sites_lie_deep_in_the_head(shared):
    cases = find_cases(shared / "data" / "aanlib", "spect-mr", "test")
    sites = case_sites(cases, 9)
    assert len(sites) == 9
    assert (sites.second[:, 40, 40] > 0.1).all()
    assert len({group.split(",")[0] for group in sites.groups}) == len(cases)


def test_sites_are_read_as_they_were_saved(texture, tmp_path):
    texture.save(tmp_path / "sites.npz")
    again = Sites.load(tmp_path / "sites.npz")
    assert np.array_equal(again.second, texture.second)
    assert (again.groups, again.pair, again.pixel) == (texture.groups, "pet-mr", 1.0)


# Lesions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", ["pet-mr", "spect-mr", "ct-mr"])
def test_a_lesion_is_in_its_source_alone(texture, pair):
    sites = replace(texture, pair=pair)
    tasks = lesion_tasks(pair)
    trials = plant(sites, tasks)
    for task, question in zip(tasks, trials.questions, strict=False):
        sources = trials.first, trials.second
        changes = [np.abs(s[question.with_] - s[question.without]).max() for s in sources]
        assert changes[task.source] > 0.1, task.name
        assert changes[1 - task.source] == 0, task.name


def test_irregular_outlines_differ_from_site_to_site(texture):
    task = next(task for task in lesion_tasks("pet-mr") if task.name == "MR irregular -.2")
    lesions = task.shape(2, 1.0, np.random.default_rng(0))
    assert np.abs(lesions[0] - lesions[1]).max() > 0.5


def test_point_spread_lowers_a_small_lesion(texture):
    task = next(task for task in lesion_tasks("pet-mr") if "ball of 8 mm" in task.name)
    assert 0.3 < task.shape(1, 1.0, np.random.default_rng(0)).max() < 0.8


# Appearance ------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", ["CIELAB", "CAM02-UCS", "CAM16-UCS"])
def test_lightness_runs_from_black_to_white(space):
    greys = Appearance(space)(np.array([[0, 0, 0], [255, 255, 255]], np.uint8))
    assert greys[:, 0] == pytest.approx([0, 100], abs=0.01)


def test_cielab_of_pure_red():
    """Lindbloom's calculator, sRGB and D65: 53.24 80.09 67.20."""
    red = Appearance()(np.array([[255, 0, 0]], np.uint8))
    assert red[0] == pytest.approx([53.24, 80.09, 67.20], abs=0.05)


@pytest.mark.parametrize("vision", ["deutan", "protan"])
def test_red_and_green_are_nearer_for_a_red_green_deficiency(vision):
    pair = np.array([[200, 80, 60], [110, 130, 40]], np.uint8)
    apart = [np.linalg.norm(np.diff(Appearance(vision=v)(pair)[:, 1:], axis=0)) for v in
             ("normal", vision)]  # fmt: skip
    assert apart[1] < apart[0] / 2.5


def test_blue_and_green_are_nearer_for_a_tritan():
    pair = np.array([[0, 150, 190], [0, 160, 120]], np.uint8)
    apart = [np.linalg.norm(np.diff(Appearance(vision=v)(pair)[:, 1:], axis=0)) for v in
             ("normal", "tritan")]  # fmt: skip
    assert apart[1] < apart[0] / 2


def test_unknown_space_and_vision_are_refused():
    with pytest.raises(MedFusionError, match="no colour space 'HSV'; choose one of: CIELAB"):
        Appearance("HSV")
    with pytest.raises(MedFusionError, match="no colour vision 'red'; choose one of: normal"):
        Appearance(vision="red")


# Observers -------------------------------------------------------------------------------------


def test_channels_answer_one_to_their_blob_and_nothing_to_a_flat_picture():
    at = np.arange(80) - 40
    squared = at[:, None] ** 2 + at**2
    for channel, sigma in zip(channel_templates(False), SIGMAS, strict=True):
        assert channel @ np.exp(-squared / (2 * sigma**2)).ravel() == pytest.approx(1, abs=1e-4)
        assert channel.sum() == pytest.approx(0, abs=1e-4)
    assert RATIO > 1


def test_hotelling_gives_the_known_detectability_of_gaussian_features():
    random = np.random.default_rng(0)
    mixing = random.standard_normal((3, 3))
    outputs = random.standard_normal((20000, 3)) @ mixing.T
    shift = np.array([1.0, -0.5, 2.0])
    expected = np.sqrt(shift @ np.linalg.solve(mixing @ mixing.T + 2 * np.eye(3), shift))
    ones = np.ones((1, len(outputs)))
    found = Hotelling(noise=2).detectability(outputs, outputs + shift, (ones, ones))
    assert found[0] == pytest.approx(expected, rel=0.02)


def test_non_prewhitening_cannot_use_what_explains_the_background():
    random = np.random.default_rng(0)
    background = 5 * random.standard_normal((2000, 1))
    outputs = np.hstack([background, background])  # the second says what the first holds
    with_ = outputs + np.array([1, 0])
    ones = np.ones((1, len(outputs)))
    prewhitening, plain = (
        observer.detectability(outputs, with_, (ones, ones))[0]
        for observer in (Hotelling(noise=0.1), NonPrewhitening(noise=0.1))
    )
    assert prewhitening > 5 * plain


def test_more_internal_noise_makes_blind(trials):
    found = [Reader(trials, Hotelling(noise=n), draws=0).kept(blending()) for n in (1, 8)]
    assert (found[1].detectability < found[0].detectability).all()


def test_far_pixels_hide_fine_detail(trials):
    near, far = (Hotelling(pixels_per_degree=p) for p in (30.0, 90.0))
    fine = [
        np.abs(o.features([Appearance()(as_grey(trials.first[:4]))])[:, 0]) for o in (near, far)
    ]
    assert (fine[1] < fine[0]).all()


# Kept ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("observer", [Hotelling(), NonPrewhitening()])
def test_a_source_alone_keeps_nothing_of_the_other(trials, observer):
    kept = Reader(trials, observer, draws=0).kept(first_source)
    by_name = dict(zip((q.name for q in kept.questions), kept.values, strict=True))
    assert by_name["PET +.25, sigma 4"] == pytest.approx(0, abs=0.02)
    assert by_name["MR -.2, sigma 3.5"] > 0.8
    assert kept.worst() == pytest.approx(0, abs=0.02)


def test_colour_keeps_more_than_grey(reader):
    assert reader.kept(blending("hot", 0.5)).mean() > reader.kept(average).mean() + 0.1


def test_a_grey_picture_does_not_say_which_source_shows_a_lesion(reader):
    grey, colour = reader.kept(average), reader.kept(blending("hot", 0.5))
    assert grey.worst("source") < 0.5 * colour.worst("source")


def test_what_a_display_invents_is_counted_as_false(reader):
    def noisy(first, second):
        noise = np.random.default_rng(0).normal(0, 0.1, first.shape)
        return as_grey((first + second) / 2 + noise)

    clean, invented = (reader.kept(one).false[0] for one in (average, noisy))
    assert invented > 3 * clean


def test_the_interval_holds_the_value_and_narrows_with_more_sites(texture):
    task = lesion_tasks("pet-mr")[:1]
    widths = []
    for count in (6, 24):
        few = replace(
            texture,
            first=texture.first[:count],
            second=texture.second[:count],
            groups=texture.groups[:count],
        )
        kept = Reader(plant(few, task), draws=200).kept(average)
        low, high = kept.intervals[:, 0]
        assert low < kept.values[0] < high
        widths.append(high - low)
    assert widths[1] < widths[0]


def test_the_same_pictures_give_the_same_numbers(trials):
    once, again = (Reader(trials, draws=20).kept(average) for _ in range(2))
    assert np.array_equal(once.draws, again.draws)


# Displays --------------------------------------------------------------------------------------


def test_blending_is_slicers_half_and_half():
    first, second = np.full((1, 1, 1), 0.4), np.ones((1, 1, 1))
    picture = blending("hot", 0.25)(first, second)[0, 0, 0]
    assert picture.tolist() == [round(0.75 * 0.4 * 255 + 0.25 * 255)] * 3


def test_a_second_source_alone_is_its_colour_table():
    values = np.linspace(0, 1, 256).reshape(1, 16, 16)
    picture = second_source("inferno")(values, values)
    assert np.array_equal(picture.reshape(256, 3), colour_table("inferno"))


def test_a_method_shows_its_fused_image_black_where_nothing_is():
    first, second = np.zeros((2, 1, 80, 80), np.float32)
    first[:, :40], second[:, :20] = 0.4, 0.8
    picture = method_in_grey("maximum", "pet-mr")(first, second)
    assert picture[0, [0, 30, 60], 0, 0].tolist() == [204, 102, 0]


def test_with_headroom_a_bright_first_source_is_lowered_where_the_second_is():
    first, second = np.ones((1, 80, 80), np.float32), np.zeros((1, 80, 80), np.float32)
    second[:, :40] = 0.5
    picture = method_in_grey("maximum", "pet-mr", headroom=True)(first, second)
    assert picture[0, 10, 10, 0] == round(ROOM * 255) and picture[0, 70, 10, 0] == 255


@pytest.mark.parametrize(("pair", "there"), [("pet-mr", True), ("ct-mr", False)])
def test_the_default_in_grey_is_shown_with_headroom_too_where_fuse_gives_it(pair, there):
    displays, _ = choose_displays("bands", pair)
    assert ("bands, grey with headroom" in displays) is there
    assert "maximum, grey with headroom" not in displays


def test_a_method_in_colour_is_the_colour_volume_of_fuse():
    head = make_phantom((16, 80, 80))
    fusion = fuse(head.t1, head.pet, "pet-mr", method="average", axis="native")
    first, second = fusion.sources.scaled
    nothing = fusion.sources.background
    first, second = np.where(nothing, 0, first), np.where(nothing, 0, second)
    picture = method_in_colour("average", "pet-mr", Coding())(first, second)
    shown = (first > 0) | (second > 0)
    assert np.array_equal(picture[shown], fusion.colour[shown])


def test_a_display_that_is_no_picture_is_refused(trials):
    with pytest.raises(MedFusionError, match="expected uint8"):
        show(lambda first, second: first, trials)


def test_an_unknown_colour_table_is_refused():
    with pytest.raises(MedFusionError, match="no colour table 'hotter'"):
        blending("hotter")


def test_slicers_tables_are_slicers():
    slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkMRMLColorLogic()
    logic.SetMRMLScene(scene)
    logic.AddDefaultColorNodes()
    for name in SLICER:
        node = scene.GetFirstNodeByName(name)
        colour = [0.0] * 3
        for level in range(0, 256, 15):
            if node.IsA("vtkMRMLProceduralColorNode"):
                node.GetColorTransferFunction().GetColor(level, colour)
            else:
                node.GetLookupTable().GetColor(level, colour)
            expected = np.round(255 * np.array(colour))
            assert np.abs(colour_table(name)[level] - expected).max() <= 1, (name, level)


# Many displays under many conditions -------------------------------------------------------------


@pytest.fixture(scope="module")
def readings(trials):
    displays = {"overlay": blending(), "average": average, "first": first_source}
    chosen = [c for c in CONDITIONS if c.name in (USUAL, SECOND, "deutan", "internal noise 4")]
    return read_displays(displays, trials, "textures", conditions=chosen, draws=50)


def test_orders_say_how_like_the_usual_one_they_are(readings):
    found = {order.condition: order for order in orders(readings)}
    assert set(found) == {SECOND, "deutan", "internal noise 4"}
    assert found["internal noise 4"].tau == pytest.approx(1)
    assert found["internal noise 4"].swapped == ()


def test_the_verdict_is_that_of_both_observers(readings):
    assert verdict(readings, "first", "overlay") == "less"
    assert verdict(readings, "overlay", "first") == "more"
    assert verdict(readings, "overlay", "overlay") == "as much"


def test_a_swap_is_named(readings):
    turned = replace(readings, kept=readings.kept | {"deutan": readings.kept[USUAL][::-1]})
    swapped = {order.condition: order.swapped for order in orders(turned)}["deutan"]
    assert ("overlay", "first") in swapped


def test_the_tables_hold_every_display_and_lesion(readings, tmp_path):
    write_readings(readings, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"reader.{ending}" for ending in ("md", "csv", "json", "png")
    }
    text = (tmp_path / "reader.md").read_text(encoding="utf-8")
    assert ("few sites" in text) == (readings.sites < SITES / 2)
    kept = readings.of("overlay")
    assert f"| overlay | {kept.worst():.2f} (" in text
    assert "PET -.2, sigma 4" in text
    rows = (tmp_path / "reader.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 4 * 3 * len(readings.questions)
    found = json.loads((tmp_path / "reader.json").read_text(encoding="utf-8"))["kept"]
    mine = next(r for r in found if (r["display"], r["condition"]) == ("overlay", USUAL))
    assert mine["mean"] == pytest.approx(kept.mean(), abs=1e-4)


def test_displays_of_all_kinds_are_chosen(tmp_path):
    (tmp_path / "mine.py").write_text("def shown(first, second):\n    return first\n")
    displays, _ = choose_displays("maximum", "pet-mr", [f"{tmp_path}/mine.py:shown"])
    names = " ".join(displays)
    for name in ("MR alone", "PET alone, hot", "Slicer: hot 50 %", "maximum, grey", "mine.py"):
        assert name in names
    for mode in all_modes():
        assert f"colours: {mode.name}" in names


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("mine.py", "give FILE.py:FUNCTION"),
        ("nowhere.py:shown", "There is no file nowhere.py"),
        ("{folder}/mine.py:hidden", "holds no function hidden"),
        ("{folder}/broken.py:shown", "broken.py does not run: ZeroDivisionError"),
    ],
)
def test_a_display_that_cannot_be_loaded_is_refused(tmp_path, words, message):
    (tmp_path / "mine.py").write_text("def shown(first, second):\n    return first\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    with pytest.raises(MedFusionError, match=message):
        load_display(words.format(folder=tmp_path))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--reader", "--pair", "pet-mr", "--sites", "3"], "at least 8"),
        (["--reader", "--data", "."], "Give --pair"),
        (["--phantom", "--display", "a.py:b"], "--display is for --reader"),
        (["--phantom", "--metrics", "ssim"], "--metrics is for metrics of pairs"),
        (["--reader", "--slow-slices", "3"], "--slow-slices is for metrics of pairs"),
    ],
)
def test_the_command_line_refuses_what_does_not_go_together(tmp_path, words, message):
    with refused(message):
        command = ["evaluate", "--out", str(tmp_path / "out"), "--methods", "maximum", *words]
        CliRunner().invoke(app, command, catch_exceptions=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("sites", "said"), [(SITES // 2 - 1, True), (SITES // 2, False)])
def test_few_sites_are_said(readings, sites, said):
    assert any("few sites" in line for line in caution(replace(readings, sites=sites))) == said


def test_the_command_draws_as_many_sites_as_the_page_has(monkeypatch):
    drawn = []
    sites = "MedFusionLib.evaluation.reader.sites."
    monkeypatch.setattr(sites + "head_sites", lambda pair, seeds, count: drawn.append(count))
    monkeypatch.setattr(sites + "tissue_sites", lambda pair, seeds, count: None)
    Where(data=None, split=None, first_head=None, heads=None, sites=None).find("pet-mr")
    one = Where(data=None, split=None, first_head=7, heads=1, sites=9).find("pet-mr")
    assert (one[2], drawn.pop()) == ("digital head 7", 9)
    page = json.loads((Path(__file__).parents[2] / "docs/evidence/reader.json").read_text())
    assert drawn == [SITES] == [page["pet-digital, main"]["sites"]]
    said = CliRunner().invoke(app, ["evaluate", "--help"], env={"COLUMNS": "200"}).output
    assert f"places for lesions; default: {SITES}." in said


def test_the_observer_leaves_numpys_print_options_alone():
    before = np.get_printoptions()
    Appearance("CAM02-UCS")(np.full((1, 1, 3), 128, np.uint8))
    assert np.get_printoptions() == before
