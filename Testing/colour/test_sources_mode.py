"""The mode "sources": lightness from the first source, colour from the others, in one table."""

from itertools import combinations, product

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from skimage.color import deltaE_ciede2000
from test_colour import seen

from MedFusionLib.colour.coding import Coding, legend
from MedFusionLib.colour.mode import Voxels
from MedFusionLib.colour.modes.sources import parameters
from MedFusionLib.colour.oklab import grey_lightness, largest_chroma, to_srgb
from MedFusionLib.colour.registry import get_mode
from MedFusionLib.colour.two_coordinates import FEW, colour_table, coordinates, table_of_three
from MedFusionLib.fusion import fuse, fuse_slice
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.phantom.tissues import LABELS
from MedFusionLib.sources.prepare import prepare

SECONDS = ("ct", "pet", "spect")
CODING = Coding("sources")

#: from linear sRGB, as published (Ottosson 2020)
TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def oklab(srgb):
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ np.array(TO_CONES).T) @ np.array(TO_LAB).T


@pytest.fixture(scope="module")
def fusion():
    head = make_phantom((16, 48, 48))
    return fuse(head.t1, head.pet, "pet-mr", coding=CODING, device="cpu")


def test_oklab_goes_there_and_back():
    lightness, chroma, hue = np.array([0.2, 0.5, 0.8]), np.array([0.02, 0.1, 0.05]), 52.0
    lab = oklab(to_srgb(lightness, chroma, np.array(hue)))
    assert lab[:, 0] == pytest.approx(lightness, abs=1e-5)
    assert np.hypot(lab[:, 1], lab[:, 2]) == pytest.approx(chroma, abs=1e-5)
    assert np.rad2deg(np.arctan2(lab[:, 2], lab[:, 1])) == pytest.approx(hue, abs=1e-2)


def test_a_grey_has_the_lightness_of_its_level():
    level = np.linspace(0, 1, 11)
    greys = np.repeat(level[:, None], 3, axis=1)
    assert grey_lightness(level) == pytest.approx(oklab(greys)[:, 0], abs=1e-5)


def test_the_largest_chroma_is_the_last_that_srgb_holds():
    lightness = np.array([0.3, 0.6, 0.9])
    for hue in (52.0, 232.0):
        largest = largest_chroma(lightness, hue)
        for factor, fits in ((0.99, True), (1.02, False)):
            colour = to_srgb(lightness, factor * largest, np.array(hue))
            inside = ((colour >= 0) & (colour <= 1)).all(axis=-1)
            assert (inside == fits).all()


@pytest.mark.parametrize("second", SECONDS)
def test_more_of_a_source_is_never_less_of_its_coordinate(second):
    lightness, chroma = coordinates(parameters()[second])
    assert np.diff(lightness, axis=0).min() > 0  # with the first source
    assert np.diff(lightness, axis=1).min() >= 0
    assert np.diff(chroma, axis=1).min() >= -1e-9  # with the second
    lab = oklab(colour_table(parameters()[second]))
    assert lab[..., 0] == pytest.approx(lightness, abs=1e-5)
    assert np.hypot(lab[..., 1], lab[..., 2]) == pytest.approx(np.abs(chroma), abs=1e-4)


@pytest.mark.parametrize("second", SECONDS)
def test_srgb_cuts_nothing_off(second):
    table = colour_table(parameters()[second])
    assert table.min() > -1e-3 and table.max() < 1 + 1e-3


@pytest.mark.parametrize("second", SECONDS)
def test_hardly_a_level_is_lost(second):
    """In 8 bits, where the first source is not dark."""
    table = np.round(255 * colour_table(parameters()[second])).astype(int)[64:]
    same = (np.diff(table, axis=1) == 0).all(axis=-1)
    assert same.mean() < 0.3
    runs = sliding_window_view(same, 5, axis=1).all(axis=-1)
    assert not runs.any()  # rounding to 8 bits makes no six levels the same


@pytest.mark.parametrize("vision", ["normal", "deutan", "protan", "tritan"])
@pytest.mark.parametrize("second", SECONDS)
def test_rows_and_columns_are_told_apart_by_every_reader(second, vision):
    """A step of a quarter of either source; 2.3 is a just noticeable difference."""
    table = CODING.table(("mr", second))
    places = np.array([64, 128, 191, 255])
    colours = seen(table[np.ix_(places, places)], vision)
    for a, b in ((colours[1:], colours[:-1]), (colours[:, 1:], colours[:, :-1])):
        assert deltaE_ciede2000(a, b).min() > 2.5


@pytest.mark.parametrize("second", SECONDS)
def test_nothing_is_black(second):
    table = CODING.table(("mr", second))
    assert not table[0].any() and table[1, 0].max() < 12


def test_volume_preview_and_legend_share_one_table(fusion):
    table = CODING.table(("mr", "pet"))
    shown = ~fusion.sources.background
    first, second = (np.round(255 * part).astype(int) for part in fusion.sources.scaled)
    expected = table[np.maximum(first, 1), second]
    assert np.abs(fusion.colour.astype(int) - expected)[shown].max() <= 3
    assert not fusion.colour[~shown].any()
    picture = legend(CODING, ["MR", "PET"]).picture
    assert np.array_equal(picture[::-1], table)
    part = fuse_slice(fusion.sources, "pet-mr", (0, 0, 0), coding=CODING)
    assert np.array_equal(part.colour, fusion.colour[part.number])


@pytest.mark.parametrize("second", SECONDS)
def test_the_legend_says_what_brightness_and_colour_show(second):
    lightness, _, b = np.moveaxis(oklab(CODING.table(("mr", second)) / 255), -1, 0)
    for axis in (0, 1):  # each source alone makes half of the range brighter
        assert np.ptp(lightness.mean(axis=1 - axis)) > 0.25
    blue_to_yellow = b[64:].mean(axis=0)  # rises with the second source
    assert blue_to_yellow[0] < -0.05 and blue_to_yellow[-1] > 0.05
    drawn = legend(CODING, ["MR", second.upper()])
    assert drawn.title == f"Colour: {second.upper()}; brightness: MR and {second.upper()}"
    assert drawn.upwards == "MR"


def test_contributions_do_not_change_it(fusion):
    head = make_phantom((16, 48, 48))
    other = fuse(head.t1, head.pet, "pet-mr", contributions="parts",
                 coding=CODING, device="cpu")  # fmt: skip
    assert np.array_equal(fusion.colour, other.colour)
    assert fusion.contribution_kind == "share"


def test_the_probe_says_how_much_of_each_there_is():
    words = get_mode("sources").in_words(["MR", "PET"], [0.62, 0.91], None)
    assert "MR 62%" in words and "PET 91% (much)" in words
    assert "PET outside" in get_mode("sources").in_words(["MR", "PET"], [0.62, None], None)


@pytest.fixture(scope="module")
def lesion_and_grey_matter():
    """Mean colours, sRGB, of the lesion that only the PET shows and of grey matter."""
    head = make_phantom((64, 128, 128))
    sources = prepare([head.t1, head.pet], ["mr", "pet"])
    places = get_mode("sources").places(
        Voxels(head.labels, [], sources.background, lambda: sources.scaled)
    )
    colours = CODING.table(("mr", "pet"))[places.row, places.column]
    grey = (head.labels == LABELS["grey"]) & ~np.any(list(head.truth.values()), axis=0)
    return colours[head.truth["lesion"]].mean(axis=0), colours[grey].mean(axis=0)


@pytest.mark.parametrize("vision", ["normal", "deutan", "protan", "tritan"])
def test_a_lesion_that_only_the_pet_shows_stands_out(lesion_and_grey_matter, vision):
    lesion, grey = (seen(colour, vision) for colour in lesion_and_grey_matter)
    assert deltaE_ciede2000(lesion, grey) > (35 if vision == "normal" else 25)


def test_the_hue_of_such_a_lesion_says_pet(lesion_and_grey_matter):
    _, a, b = oklab(lesion_and_grey_matter[0] / 255)
    assert np.rad2deg(np.arctan2(b, a)) == pytest.approx(parameters()["pet"]["hues"][1], abs=12)
    assert np.hypot(a, b) > 0.05


# Three sources ----------------------------------------------------------------------------------


@pytest.mark.parametrize("vision", ["normal", "deutan", "protan", "tritan"])
def test_two_functional_sources_keep_apart_for_every_reader(vision):
    """Neither, one, the other and both, at three levels of the MR."""
    table = CODING.table(("mr", "pet", "spect")).reshape(256, FEW, FEW, 3)
    for level in (90, 150, 215):
        corners = [table[level, a, b] for a, b in product((0, FEW - 1), repeat=2)]
        for one, other in combinations(corners, 2):
            assert deltaE_ciede2000(seen(one, vision), seen(other, vision)) > 20


def test_three_sources_are_placed_in_their_table():
    head = make_phantom((16, 48, 48))
    fusion = fuse(head.t1, head.pet, "pet-mr", third=head.ct, third_modality="ct",
                  coding=CODING, device="cpu")  # fmt: skip
    table = CODING.table(("mr", "pet", "ct")).reshape(256, FEW, FEW, 3)
    levels = [np.round(255 * part).astype(int) for part in fusion.sources.scaled]
    few = [np.round(level / 255 * (FEW - 1)).astype(int) for level in levels[1:]]
    shown = ~fusion.sources.background
    expected = table[np.maximum(levels[0], 1), few[0], few[1]]
    near = np.abs(fusion.colour.astype(int) - expected)[shown].max(axis=-1)
    assert np.mean(near <= 3) > 0.97 and not fusion.colour[~shown].any()
    drawn = legend(CODING, ["MR", "PET", "CT"])
    assert drawn.title == "Colour: PET and CT; brightness: all three"
    assert drawn.note == "Drawn where the MR is at two thirds of its range."
    assert drawn.upwards == "CT" and np.array_equal(drawn.picture[-1, 0], table[170, 0, 0])
    assert np.array_equal(drawn.picture[-1, -1], table[170, -1, 0])


def test_lightness_grows_with_each_of_three():
    lightness = oklab(table_of_three(parameters()["three"])).reshape(256, FEW, FEW, 3)[..., 0]
    for axis in range(3):
        assert np.diff(lightness, axis=axis).min() > -1e-6
