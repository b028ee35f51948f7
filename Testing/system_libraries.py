"""Say which system libraries for Qt and VTK are missing, and the line that installs them."""

import ctypes
import sys

#: shared library -> Debian package
NEEDED = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
}


def missing() -> list[str]:
    """The Debian packages whose library does not load."""
    packages = []
    for library, package in NEEDED.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            packages.append(package)
    return packages


if __name__ == "__main__" and sys.platform == "linux" and (packages := missing()):
    sys.exit(
        "Qt and VTK need system libraries that are not there. Type:\n"
        f"  sudo apt-get install -y {' '.join(packages)}\nand run make again."
    )
