"""Write the fingerprints of the publications' own pictures, from which nothing may be learnt.

    python tools/refresh_tested_slices.py SEEDS

SEEDS is the folder with the publications' pictures: FOLDER/NAME-MODALITY.png.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from MedFusionLib.sources.pictures import read_picture
from MedFusionLib.training.leaks import Tested, fingerprint, write_tested

PAIRS = {"funfusean": "pet-mr", "fw-net": "ct-mr", "thesis": "ct-mr"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=Path)
    folder = parser.parse_args().seeds
    names, pairs, prints = [], [], []
    for publication, pair in PAIRS.items():
        for path in sorted((folder / publication).glob("*.png")):
            if "-fused-" in path.name:
                continue
            names.append(f"{publication}/{path.stem}")
            pairs.append(pair)
            prints.append(fingerprint(torch.from_numpy(read_picture(path))[None]))
    write_tested(Tested(tuple(names), tuple(pairs), torch.cat(prints)))


if __name__ == "__main__":
    main()
