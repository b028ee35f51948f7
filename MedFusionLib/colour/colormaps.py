"""Colour maps, as tables of anchor colours: what runs inside Slicer has no matplotlib."""

from __future__ import annotations

import numpy as np

from ..errors import MedFusionError

#: sRGB anchors at equal distances from 0 to 1, in hex; linear in between.
_ANCHORS = {
    # perceptually uniform: Smith and van der Walt 2015 (viridis, inferno; CC0)
    "viridis": (
        "440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d 33638d "
        "2f6b8e 2c728e 297a8e 26828e 23898e 21918c 1f988b 1fa088 22a785 28ae80 32b67a "
        "3fbc73 4ec36b 5ec962 70cf57 84d44b 98d83e addc30 c2df23 d8e219 ece51b fde725"
    ),
    "inferno": (
        "000004 040312 0b0724 150b37 210c4a 2f0a5b 3d0965 4a0c6b 57106e 64156e 71196e "
        "7d1e6d 8a226a 972766 a32c61 b0315b bc3754 c73e4c d24644 db503b e45a31 eb6628 "
        "f1731d f68013 f98e09 fb9d07 fcac11 fbbc21 f9cb35 f5db4c f2ea69 f3f68a fcffa4"
    ),
    # Mikhailov 2019 (turbo; Apache 2.0)
    "turbo": (
        "30123b 351e58 392a73 3d358b 4040a2 424bb5 4456c7 4661d6 466be3 4776ee 4680f6 "
        "458afc 4294ff 3d9efe 37a8fa 2fb2f4 28bceb 22c5e2 1ccdd8 19d5cd 18ddc2 19e3b9 "
        "1fe9af 27eea4 32f298 3ff68a 4ef97d 5dfc6f 6dfe62 7dff56 8bff4b 99fe42 a4fc3c "
        "affa37 b9f635 c3f134 cdec34 d7e535 dfdf37 e7d739 eecf3a f4c73a f8be39 fbb637 "
        "fdac34 fea130 fe962b fd8a26 fb7e21 f8721c f46617 f05b12 eb500e e5470b df3f08 "
        "d83706 d02f05 c82803 be2102 b41b01 a91601 9e1001 920b01 850702 7a0403"
    ),
}

#: jet, as in FunFuseAn: straight lines between (position, value) knees
_JET = {
    "red": ((0, 0.35, 0.66, 0.89, 1), (0, 0, 1, 1, 0.5)),
    "green": ((0, 0.125, 0.375, 0.64, 0.91, 1), (0, 0, 1, 1, 0, 0)),
    "blue": ((0, 0.11, 0.34, 0.65, 1), (0.5, 1, 1, 0, 0)),
}

COLORMAPS = ("jet", *sorted(_ANCHORS))


def colormap_table(name: str, size: int = 256) -> np.ndarray:
    """A colour map as an array (size, 3), sRGB in [0, 1].

    Raises:
        MedFusionError: there is no such colour map.

    Example:
        >>> colormap_table("jet")[0]
        array([0. , 0. , 0.5])
    """
    at = np.linspace(0, 1, size)
    if name == "jet":
        return np.stack([np.interp(at, *_JET[channel]) for channel in _JET], axis=1)
    if name not in _ANCHORS:
        raise MedFusionError(
            f"There is no colour map '{name}'; choose one of: {', '.join(COLORMAPS)}."
        )
    anchors = np.array([list(bytes.fromhex(code)) for code in _ANCHORS[name].split()]) / 255
    places = np.linspace(0, 1, len(anchors))
    return np.stack([np.interp(at, places, anchors[:, channel]) for channel in range(3)], axis=1)
