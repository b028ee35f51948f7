"""The digital head in the module Sample Data; made on this computer, nothing is downloaded."""

from pathlib import Path

import slicer

from MedFusionLib import __version__
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.sources.files import write_volume
from MedFusionPanel.logic import MedFusionLogic

SAMPLE = "MedFusionHead"
#: name in the scene -> the phantom's volume
VOLUMES = {"MR T1": "t1", "PET": "pet", "MR T2": "t2", "CT": "ct"}


def registerSampleData():
    """Offer the head under "MedFusion"; called when Slicer has started."""
    import SampleData

    class Head(SampleData.SampleDataSource):
        """A source whose files are made when they are first asked for.

        The button calls the custom downloader, but `SampleData.downloadSample` knows files only.
        """

        @property
        def uris(self):
            return [path.as_uri() for path in _madeFiles()]

        @uris.setter
        def uris(self, uris):
            pass

        def __str__(self):
            return f"sampleName        : {SAMPLE}"

    icon = Path(__file__).parent.parent / "Resources" / "Icons" / "MedFusion.png"
    slicer.modules.sampleDataSources.setdefault("MedFusion", []).append(
        Head(
            sampleName=SAMPLE,
            uris=[""] * len(VOLUMES),
            fileNames=[path.name for path in _files()],
            nodeNames=[f"MedFusion head {name}" for name in VOLUMES],
            customDownloader=lambda source=None: MedFusionLogic.makeSampleData(),
            thumbnailFileName=str(icon),
        )
    )


def _files():
    """Where the head's volumes lie once they are made: in Slicer's cache, for each version."""
    folder = Path(slicer.mrmlScene.GetCacheManager().GetRemoteCacheDirectory())
    return [folder / f"medfusion-{__version__}-head-{name}.nrrd" for name in VOLUMES.values()]


def _madeFiles():
    """The files, made where they are not there."""
    files = _files()
    if not all(path.is_file() for path in files):
        files[0].parent.mkdir(parents=True, exist_ok=True)
        head = make_phantom()
        for path, name in zip(files, VOLUMES.values(), strict=True):
            write_volume(getattr(head, name), path)
    return files
