"""Colour that says which source contributed what, to every reader."""

import colorsys
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from helpers import refused
from skimage.color import deltaE_ciede2000, rgb2lab

from MedFusionLib.colour.coding import Coding, Coordinates
from MedFusionLib.colour.colormaps import COLORMAPS, colormap_table
from MedFusionLib.colour.mode import Voxels
from MedFusionLib.colour.registry import all_modes

MODES = [mode.name for mode in all_modes()]

SHAPE = (6, 20, 20)

# What a dichromat sees of linear RGB: Machado, Oliveira, Fernandes 2009, table 1, severity 1
VISION = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "normal": np.eye(3),
}


def seen(rgb, vision):
    """CIELAB of an sRGB colour as such a reader sees it."""
    rgb = np.asarray(rgb) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb2lab(srgb)


def parts(sources=2, seed=0):
    random = np.random.default_rng(seed)
    fused, *maps = random.random((sources + 1, *SHAPE), np.float32)
    background = random.random(SHAPE) < 0.3
    for part in (fused, *maps):
        part[background] = 0
    return fused, maps, background


def coordinates(fused, maps, background):
    """Of a volume whose sources are its contributions."""
    modalities = ("mr", "pet", "ct")[: len(maps)]
    return Coordinates(Voxels(fused, maps, background, lambda: maps), modalities)


def one(fused, *maps, **coding):
    """The colour of a single voxel in the mode "fused"."""
    maps = [np.array([m], np.float32) for m in maps]
    where = coordinates(np.array([fused], np.float32), maps, np.zeros(1, bool))
    return where.colours(Coding("fused", **coding))[0].astype(int)


@pytest.mark.parametrize("sources", [2, 3])
@pytest.mark.parametrize("colormap", COLORMAPS)
@pytest.mark.parametrize("mode", MODES)
def test_background_is_black(mode, colormap, sources):
    fused, maps, background = parts(sources)
    for part in (fused, *maps):
        part[background] = 0.7  # whatever a method left there
    colours = coordinates(fused, maps, background).colours(Coding(mode, 1, colormap))
    assert colours.shape == (*SHAPE, 3) and colours.dtype == np.uint8
    assert not colours[background].any()
    assert colours[~background].any()


@pytest.mark.parametrize("sources", [2, 3])
@pytest.mark.parametrize("mode", [mode.name for mode in all_modes() if "omega" in mode.uses])
def test_without_saturation_colours_are_grey(mode, sources):
    colours = coordinates(*parts(sources)).colours(Coding(mode, omega=0)).astype(int)
    assert np.ptp(colours, axis=-1).max() == 0


# Mode "paper" -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jet", "turbo", "viridis", "inferno"])
def test_colour_maps_are_those_of_matplotlib(name):
    expected = matplotlib.colormaps[name](np.linspace(0, 1, 256))[:, :3]
    assert np.abs(colormap_table(name) - expected).max() < 5 / 255


@pytest.mark.parametrize("omega", [0.3, 0.6, 1])
@pytest.mark.parametrize("name", COLORMAPS)
def test_paper_mode_is_the_hsv_of_the_paper(name, omega):
    fused, (first, second), background = parts()
    colours = coordinates(fused, [first, second], background).colours(Coding("paper", omega, name))
    tops = [np.percentile(part[~background], 99) for part in (first, second)]
    for voxel in np.argwhere(~background)[::97]:
        at = tuple(voxel)
        value, level = (min(p[at] / t, 1) for p, t in zip((first, second), tops, strict=True))
        hue, saturation, _ = colorsys.rgb_to_hsv(*matplotlib.colormaps[name](float(level))[:3])
        expected = colorsys.hsv_to_rgb(hue, omega * saturation, value)
        assert np.abs(colours[at] - 255 * np.array(expected)).max() < 7


def test_paper_mode_is_scaled_over_the_volume():
    fused, maps, background = parts()
    maps[0][0] /= 10  # the first slice is dark, and stays so
    row = coordinates(fused, maps, background).places("paper").row
    assert row[0].max() < 0.15 * row[1].max()


def test_negative_gradients_count_as_none():
    fused, (first, second), background = parts()
    negative = [np.where(part > 0.5, part, -part) for part in (first, second)]
    clipped = [np.maximum(part, 0) for part in negative]
    coding = Coding("paper")
    assert np.array_equal(
        coordinates(fused, negative, background).colours(coding),
        coordinates(fused, clipped, background).colours(coding),
    )


# Mode "fused" -----------------------------------------------------------------------------------


def test_the_value_is_the_fused_image():
    fused, maps, background = parts()
    colours = coordinates(fused, maps, background).colours(Coding("fused", omega=0.8))
    assert np.abs(colours.max(-1) - 255 * fused).max() < 1.5


def test_the_hue_says_which_of_two_gave_more_and_the_saturation_how_one_sided():
    red, _, blue = one(1, 0.9, 0.1)
    assert blue - red > 60
    red, _, blue = one(1, 0.1, 0.9)
    assert red - blue > 60
    saturations = [np.ptp(one(1, share, 1 - share)) for share in (1, 0.8, 0.6, 0.5)]
    assert np.all(np.diff(saturations) < -10)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_hue_says_which_of_three_gave_more(which):
    maps = [0.1, 0.1, 0.1]
    maps[which] = 0.7
    alone = [float(m == which) for m in range(3)]
    mixed, pure = one(1, *maps), one(1, *alone)
    assert np.argsort(mixed).tolist() == np.argsort(pure).tolist()
    assert np.ptp(mixed) < np.ptp(pure)


@pytest.mark.parametrize("sources", [2, 3])
@pytest.mark.parametrize("level", [0.3, 0.0])
def test_equal_shares_are_grey(sources, level):
    assert np.ptp(one(0.9, *[level] * sources, omega=1)) <= 1


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("sources", [2, 3])
@pytest.mark.parametrize(("omega", "apart"), [(1, 15), (0.6, 12)])
def test_hues_keep_apart_for_every_reader(vision, sources, omega, apart):
    """Each source's hue, and the grey of equal shares; 2.3 is a just noticeable difference."""
    pure = [one(1, *row, omega=omega) for row in np.eye(sources)]
    grey = one(1, *[1] * sources, omega=omega)
    for first, second in combinations([*pure, grey], 2):
        assert deltaE_ciede2000(seen(first, vision), seen(second, vision)) > apart


def test_one_table_serves_every_volume_and_the_legend():
    fused, maps, background = parts()
    where = coordinates(fused, maps, background)
    for mode in MODES:
        coding = Coding(mode, omega=0.9)
        table = coding.table()
        places = where.places(mode)
        colours = table[places.row.astype(int), places.column]
        assert np.array_equal(where.colours(coding), colours)
        assert not table[0].any()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mode": "rainbow"}, "fused, paper"),
        ({"omega": 1.2}, "between 0 and 1"),
        ({"omega": float("nan")}, "between 0 and 1"),
        ({"colormap": "hot"}, "jet, inferno, turbo, viridis"),
    ],
)
def test_unknown_codings_are_refused(settings, words):
    with refused(words):
        Coding(**settings)
