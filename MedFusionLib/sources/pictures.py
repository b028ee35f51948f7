"""Grey pictures, as public test sets hold them: one slice each, 8 or 16 bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import MedFusionError
from .volumes import Volume

PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")


def read_picture(path: str | Path) -> np.ndarray:
    """A grey picture in grey levels 0..255, float32 (rows, columns).

    8-bit pictures stay as they are. 16-bit ones are divided by 257, unless none of their values
    exceeds 255: then they hold 8-bit grey levels, and stay, too. Of pictures with three equal
    channels one is taken; transparency is left out.

    Args:
        path: a PNG, TIFF or JPEG file.

    Raises:
        MedFusionError: no such file, not a picture, a coloured one, or one of other numbers.
    """
    from skimage.io import imread

    path = Path(path)
    if not path.is_file():
        raise MedFusionError(f"There is no picture {path}; check the path.")
    try:
        picture = np.asarray(imread(path))
    except Exception:  # whatever the plug-ins of imread raise
        raise MedFusionError(
            f"{path} cannot be read as a picture; expected a whole PNG, TIFF or JPEG file."
        ) from None
    if picture.ndim == 3 and picture.shape[2] in (2, 3, 4):
        colours = picture[..., : 1 if picture.shape[2] == 2 else 3]
        if np.ptp(colours, axis=-1).any():
            raise MedFusionError(
                f"{path} is a colour picture; expected a grey one. Turn uptake that is shown in "
                "colours back into grey levels first: luminance does not keep its order."
            )
        picture = colours[..., 0]
    if picture.ndim != 2:
        size = " x ".join(map(str, picture.shape))
        raise MedFusionError(f"{path} holds {size} values; expected one picture, rows x columns.")
    if picture.dtype == bool:
        return picture.astype(np.float32) * 255
    if picture.dtype not in (np.uint8, np.uint16):
        raise MedFusionError(
            f"{path} holds numbers of type {picture.dtype}; expected grey levels of 8 or 16 bit."
        )
    wide = picture.dtype == np.uint16 and picture.max() > 255
    return picture.astype(np.float32) / np.float32(257 if wide else 1)


def read_picture_volume(path: str | Path) -> Volume:
    """A picture as a volume of one axial slice, in grey levels 0..255, pixels of 1 mm.

    Raises:
        MedFusionError: as `read_picture`.
    """
    array = read_picture(path)[None]
    return Volume(array, (1.0, 1.0, 5.0), (0.0, 0.0, 0.0), np.eye(3), Path(path).stem)
