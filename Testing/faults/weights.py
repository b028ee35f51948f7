"""Damaged weights files and cards, by seed."""

from __future__ import annotations

import json
import random
import struct
from collections import Counter
from pathlib import Path


def run(folder: Path, count: int, seed: int) -> tuple[Counter, list[tuple]]:
    """Counts of how loading ended, and what must not be.

    Half of the damaged files get a card that fits them, as if somebody had made them so: they may
    load, but only as finite numbers of the right shapes. The others have to be refused.
    """
    import numpy as np
    import torch

    from MedFusionLib.errors import MedFusionError
    from MedFusionLib.methods.registry import get_method
    from MedFusionLib.methods.weights import load_method, save_weights
    from MedFusionLib.sources.files import sha256

    draw = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "funfusean-ct-mr.safetensors"
    torch.manual_seed(seed)
    card = {"network": "funfusean", "pair": "ct-mr"}
    save_weights(get_method("funfusean")(), path, card)
    whole, whole_card = path.read_bytes(), path.with_suffix(".json").read_text()
    header = 8 + struct.unpack("<Q", whole[:8])[0]
    counts: Counter = Counter()
    bad = []
    for number in range(count):
        made, text = bytearray(whole), whole_card
        name = draw.choice(("cut", "header", "values", "nan", "card", "size"))
        if name == "cut":
            made = made[: draw.randrange(len(made))]
        elif name == "header":
            for _ in range(draw.choice((1, 3, 10))):
                made[draw.randrange(header)] = draw.randrange(256)
        elif name == "values":
            made[draw.randrange(header, len(made))] ^= 1 << draw.randrange(8)
        elif name == "nan":
            place = draw.randrange(header, len(made) - 1) // 2 * 2
            made[place : place + 2] = np.float16(draw.choice((np.nan, np.inf))).tobytes()
        elif name == "size":
            made[:8] = struct.pack("<Q", draw.choice((0, 1, 2**31, 2**63, 2**64 - 1)))
        else:
            place = draw.randrange(len(text))
            text = text[:place] + draw.choice(("", '"', "}", "\0", "9", "null")) + text[place + 3 :]
        path.write_bytes(made)
        fits = name != "card" and draw.random() < 0.5
        if fits:
            text = json.dumps({**card, "sha256": sha256(path)})
        path.with_suffix(".json").write_text(text)
        changed = bytes(made) != whole
        try:
            module = load_method("funfusean", "ct-mr", path)
            sound = all(torch.isfinite(part).all() for part in module.state_dict().values())
            ending = "loaded" if sound and (fits or not changed) else "wrong"
        except MedFusionError as error:
            ending = "refused" if "\n" not in str(error) else "wrong"
        except BaseException as error:
            ending = f"traceback {error!r}"[:80]
        counts[ending.split()[0]] += 1
        if ending not in ("loaded", "refused"):
            bad.append((name, number, ending))
    return counts, bad
