"""Damaged image files, made from good ones by seed, each read in a child process.

A child that dies takes one file with it: the next one goes on behind it.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

FORMATS = ("nrrd", "raw.nrrd", "nhdr", "nii", "nii.gz", "mha", "raw.mha", "mhd", "dcm")
#: what nibabel writes, where it is installed
MORE_FORMATS = ("two.nii", "hdr", "mgz")
TEXT = ("nrrd", "raw.nrrd", "nhdr", "mha", "raw.mha", "mhd")
#: with a compressed part, which is damaged itself
PACKED = ("nrrd", "mha", "nii.gz", "mgz")
#: what is in a file that gzip packs as a whole
INNER = {"nii.gz": "nii", "mgz": "mgh"}
SIZE = (12, 14, 16)  # k, j, i
#: lines that a header may hold, and that made readers wait, crash or read from elsewhere
LINES = {
    "n": ("line skip: 99999999", "byte skip: 99999999", "byte skip: -1",
          "kinds: list domain domain",
          'space units: "cm" "cm" "cm"', 'space units: "ell" "mm" "mm"', "data file: LIST"),
    "m": ("HeaderSize = 99999999", "HeaderSize = -1", "ElementNumberOfChannels = 2",
          "CompressedData = True", "BinaryData = False", "ElementDataFile = LIST"),
}  # fmt: skip
PATIENCE = 20  # seconds without an answer: the child hangs
NUMBERS = (
    "0", "-1", "1", "2", "100", "65536", "2147483647", "-2147483648", "99999999999999999999",
    "1e-30", "1e30", "1e308", "1e400", "nan", "inf", "-inf", "0.5", "", "x", "(1,2)", "none",
)  # fmt: skip


def good_files(folder: Path) -> dict[str, Path]:
    """A small volume in every format; format -> file (or folder, for DICOM)."""
    import SimpleITK as sitk

    noise = np.random.default_rng(0).integers(0, 30, SIZE)  # so that packing it takes bytes
    values = (np.indices(SIZE).sum(0) * 9 + noise).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.7, 0.9, 2.5))
    image.SetOrigin((-10, 20, 30))
    image.SetDirection((0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1))
    found = {}
    for name in FORMATS[:-1]:
        found[name] = folder / name / f"good.{name}"
        found[name].parent.mkdir(parents=True)
        packed = name in ("nrrd", "mha", "nii.gz")
        sitk.WriteImage(image, str(found[name]), useCompression=packed)
    found |= _by_nibabel(folder, values.T) | _of_many_frames(folder, values)
    found["dcm"] = folder / "dcm"
    found["dcm"].mkdir()
    for k in range(SIZE[0]):
        one = image[:, :, k]
        for tag, value in {
            "0008|0016": "1.2.840.10008.5.1.4.1.1.2",
            "0008|0018": f"1.2.3.{k + 1}",
            "0008|0060": "CT",
            "0020|000e": "1.2.3",
            "0020|0032": "\\".join(map(str, image.TransformIndexToPhysicalPoint((0, 0, k)))),
            "0020|0037": "0.8\\0.6\\0\\-0.6\\0.8\\0",
        }.items():
            one.SetMetaData(tag, value)
        writer = sitk.ImageFileWriter()
        writer.KeepOriginalImageUIDOn()
        writer.SetFileName(str(found["dcm"] / f"{k}.dcm"))
        writer.Execute(one)
    return found


def _by_nibabel(folder: Path, voxels: np.ndarray) -> dict[str, Path]:
    try:
        import nibabel
    except ImportError:
        return {}
    affine = np.array([[0.56, -0.54, 0, 9], [0.42, 0.72, 0, 8], [0, 0, 2.5, 7], [0, 0, 0, 1]])
    kinds = (nibabel.Nifti2Image, nibabel.Nifti1Pair, nibabel.MGHImage)
    found = {}
    for name, kind in zip(MORE_FORMATS, kinds, strict=True):
        found[name] = folder / name / f"good.{name}"
        found[name].parent.mkdir(parents=True)
        nibabel.save(kind(voxels, affine), found[name])
    return found


def _of_many_frames(folder: Path, values: np.ndarray) -> dict[str, Path]:
    """DICOM files that hold a whole volume: an enhanced one, and one of nuclear medicine."""
    from dicom_series import enhanced, spect

    from MedFusionLib.sources.volumes import Volume

    turned = [[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]]
    volume = Volume(values, (0.7, 0.9, 2.5), (-10, 20, 30), turned)
    found = {}
    for name, made in (
        ("enhanced.dcm", enhanced(volume, range(len(values)))),
        ("nm.dcm", spect(volume, 2.5)),
    ):
        found[name] = folder / name / f"good.{name}"
        found[name].parent.mkdir(parents=True)
        made.save_as(found[name], enforce_file_format=True)
    return found


def _packed_damage(kind: str, whole: bytes, draw: random.Random) -> tuple[str, bytes]:
    """Damage within the compressed part of a file."""
    start = 0 if kind in INNER else _header_end(kind, whole)
    name = draw.choice(("tail", "tail", "bits", "block", "more"))
    made = bytearray(whole)
    place = draw.randrange(start, len(whole))
    if name == "tail":
        made[place:] = bytes(len(made) - place)
    elif name == "bits":
        for _ in range(draw.choice((1, 1, 10))):
            made[draw.randrange(start, len(whole))] ^= 1 << draw.randrange(8)
    elif name == "block":
        other = draw.randrange(start, len(whole))
        made[place : place + 64] = whole[other : other + 64]
    else:
        made += bytes(draw.randrange(256) for _ in range(draw.choice((1, 8, 100))))
    return f"packed {name}", bytes(made)


def damaged(kind: str, whole: bytes, draw: random.Random) -> tuple[str, bytes]:
    """One damage to a file's bytes, and what it is called."""
    if kind in PACKED and draw.random() < 0.3:
        return _packed_damage(kind, whole, draw)
    if kind in INNER and draw.random() < 0.8:
        name, inner = damaged(INNER[kind], gzip.decompress(whole), draw)
        return name, gzip.compress(inner, 1)
    text = kind in TEXT
    kinds = ["cut", "bits", "bytes", "grown"]
    kinds += ["number"] * 6 + ["line"] * 3 + ["long", "known line"] if text else ["field"] * 6
    kinds += ["vector"] if kind == "nii" else []
    name = draw.choice(kinds)
    made = bytearray(whole)
    end = _header_end(kind, whole)
    if name == "cut":
        made = made[: draw.randrange(len(made))]
    elif name == "bits":
        for _ in range(draw.choice((1, 1, 3, 10))):
            made[draw.randrange(end)] ^= 1 << draw.randrange(8)
    elif name == "bytes":
        for _ in range(draw.choice((1, 4, 16))):
            made[draw.randrange(end)] = draw.choice((0, 255, 127, 128, 10, 32, 61, 58))
    elif name == "grown":
        place = draw.randrange(end)
        made[place:place] = bytes(draw.randrange(256) for _ in range(draw.choice((1, 5, 300))))
    elif name == "field":
        place = draw.randrange(max(1, end - 8))
        letters = draw.choice("bhifdq")
        value = draw.choice((0, -1, 1, 100, 2**31 - 1, -(2**31), 1e30, 1e-30, "nan", "inf"))
        try:
            packed = struct.pack("<" + letters, float(value) if letters in "fd" else int(value))
        except (struct.error, ValueError, OverflowError):
            packed = b"\xff" * struct.calcsize(letters)
        made[place : place + len(packed)] = packed
    elif name == "vector":  # of integers with a slope: 4 vectors where 16 slices were
        struct.pack_into("<8h", made, 40, 5, *SIZE[:0:-1], SIZE[0] // 4, 1, 4, 1, 1)
        struct.pack_into("<h", made, 68, 1007)
        struct.pack_into("<2f", made, 112, draw.choice((0.5, 0, 1e30)), draw.choice((0, 5)))
    else:
        lines = bytes(made[:end]).split(b"\n")
        at = draw.randrange(len(lines))
        if name == "number":
            words = lines[at].replace(b",", b" , ").replace(b"(", b"( ").replace(b")", b" )")
            words = words.split(b" ")
            words[draw.randrange(len(words))] = draw.choice(NUMBERS).encode()
            lines[at] = b" ".join(words).replace(b" , ", b",")
        elif name == "known line":
            lines.insert(max(1, at), draw.choice(LINES["n" if kind in TEXT[:3] else "m"]).encode())
        elif name == "long":
            lines.insert(at, draw.choice((b"a", b"#", lines[at][:9])) * draw.choice((300, 3000)))
        else:
            draw.choice((lambda: lines.insert(at, lines[-2 if len(lines) > 1 else 0]),
                         lambda: lines.pop(at),
                         lambda: draw.shuffle(lines)))()  # fmt: skip
        made[:end] = b"\n".join(lines)
    return name, bytes(made)


def _header_end(kind: str, whole: bytes) -> int:
    for mark, kinds in ((b"\n\n", ("nrrd", "raw.nrrd")), (b"LOCAL\n", ("mha", "raw.mha"))):
        if kind in kinds:
            return whole.index(mark) + len(mark)
    return {"nii": 352, "two.nii": 544, "mgh": 284}.get(kind, len(whole))


def make(folder: Path, count: int, seed: int) -> Iterator[tuple[str, str, Path]]:
    """Damaged files: format, damage, path. A damaged DICOM slice lies among good ones."""
    draw = random.Random(seed)
    good = good_files(folder / "good")
    kinds = list(good)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        home = folder / "bad" / str(number)
        if draw.random() < 0.02:  # a name that is no UTF-8
            home = Path(os.fsdecode(os.fsencode(home) + b"-m\xfcller"))
        home.mkdir(parents=True)
        if kind == "dcm":
            parts = sorted(good[kind].iterdir())
            spoiled = draw.choice(parts)
            for part in parts:
                (home / part.name).write_bytes(part.read_bytes())
            name, made = damaged(kind, spoiled.read_bytes(), draw)
            (home / spoiled.name).write_bytes(made)
            yield kind, name, home
            continue
        path = good[kind]
        for part in path.parent.iterdir():  # the voxels of a detached header
            (home / part.name).write_bytes(part.read_bytes())
        voxels = [part for part in path.parent.iterdir() if part != path]
        if voxels and draw.random() < 0.2:
            name, whole = "cut voxels", voxels[0].read_bytes()
            (home / voxels[0].name).write_bytes(whole[: draw.randrange(len(whole))])
        else:
            name, made = damaged(kind, path.read_bytes(), draw)
            (home / path.name).write_bytes(made)
        yield kind, name, home / path.name


# A child reads paths from its input and answers a line for each.
CHILD = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30,) * 2)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
import numpy as np
from MedFusionLib.errors import MedFusionError
from MedFusionLib.sources.files import read_volume
for line in sys.stdin:
    try:
        volume = read_volume(json.loads(line))
        good = np.isfinite(volume.matrix).all() and volume.array.size <= 10**7
        answer = ["read" if good else "wrong", str(volume.shape)]
    except MedFusionError as error:
        said = str(error)
        answer = ["refused" if said.endswith(".") and "\\n" not in said else "wrong", said]
    except BaseException as error:
        answer = ["traceback", repr(error)]
    print(json.dumps(answer), flush=True)
"""


def read_all(files: list[tuple[str, str, Path]]) -> Iterator[tuple[str, str, Path, str, str]]:
    """Format, damage, path, and how reading ended: read, refused, wrong, traceback, crash, hang.

    What a child writes to its error stream is "noise", for no line of ITK may reach a terminal.
    """
    import select
    import tempfile

    rest = list(files)
    while rest:
        with tempfile.TemporaryFile() as noise:
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=noise,
            )  # fmt: skip
            try:
                while rest:
                    kind, name, path = rest.pop(0)
                    child.stdin.write(json.dumps(str(path)).encode() + b"\n")
                    child.stdin.flush()
                    ready, _, _ = select.select([child.stdout], [], [], PATIENCE)
                    line = child.stdout.readline() if ready else b""
                    if not line:
                        yield kind, name, path, "hang" if not ready else "crash", ""
                        break
                    yield kind, name, path, *json.loads(line)
                    if noise.tell() or noise.seek(0, io.SEEK_END):
                        noise.seek(0)
                        yield kind, name, path, "noise", noise.read().decode(errors="replace")
                        noise.truncate(0)
                        noise.seek(0)
            finally:
                child.kill()
                child.wait()


def run(folder: Path, count: int, seed: int) -> tuple[Counter, list[tuple]]:
    """Counts of how reading ended, and what must not be."""
    counts: Counter = Counter()
    bad = []
    for kind, name, path, ending, said in read_all(list(make(folder, count, seed))):
        same = name.startswith(("cut", "packed"))
        if same and ending == "read" and not _whole(kind, path):
            ending = "wrong"
        counts[ending] += 1
        if ending not in ("read", "refused"):
            bad.append((kind, name, str(path), ending, said))
    return counts, bad


def _whole(kind: str, path: Path) -> bool:
    """Whether a cut file still holds every voxel: the cut took only what stands behind them."""
    from MedFusionLib.sources.files import read_volume

    good = path.parents[1] / "good/dcm" if kind == "dcm" else path.parents[2] / "good" / kind
    good = read_volume(good if kind == "dcm" else good / path.name)
    return bool(np.array_equal(read_volume(path).array, good.array))
