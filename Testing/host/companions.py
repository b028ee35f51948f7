"""Stand-ins for the modules SampleData and PyTorchUtils; nothing is downloaded or installed."""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import url2pathname

import slicer


class SampleDataSource:
    """One data set that a module registered."""

    def __init__(
        self, sampleName, uris, fileNames, nodeNames, customDownloader=None, thumbnailFileName=None
    ):
        self.sampleName = sampleName
        self.uris = uris
        self.fileNames = fileNames
        self.nodeNames = nodeNames
        self.customDownloader = customDownloader
        self.thumbnailFileName = thumbnailFileName


def sample_data_module() -> types.ModuleType:
    """The module ``SampleData``; registered sources are in ``slicer.modules``, as in Slicer."""
    module = types.ModuleType("SampleData")

    def download_samples(name: str) -> list:
        """As in Slicer, the files are loaded; a source's own downloader is for its button."""
        categories = slicer.modules.sampleDataSources.values()
        source = next(one for some in categories for one in some if one.sampleName == name)
        paths = [url2pathname(urlsplit(uri).path) for uri in source.uris]
        return [
            slicer.util.loadVolume(path, {"name": node})
            for path, node in zip(paths, source.nodeNames, strict=True)
        ]

    module.SampleDataSource = SampleDataSource
    module.downloadSamples = download_samples
    module.downloadSample = lambda name: download_samples(name)[0]
    return module


@dataclass
class PyTorch:
    """Whether torch is there: the state behind the stand-in for PyTorchUtils.

    ``installed``: torch can be imported. ``refuses``: the user declines to install it.
    ``requests`` holds the keywords of each call of ``installTorch``.
    """

    installed: bool = True
    refuses: bool = False
    requests: list[dict] = field(default_factory=list)


def pytorch_utils_module(state: PyTorch) -> types.ModuleType:
    """The module ``PyTorchUtils`` of the PyTorch extension."""
    module = types.ModuleType("PyTorchUtils")

    class PyTorchUtilsLogic:
        @staticmethod
        def torchInstalled() -> bool:
            return state.installed

        def installTorch(
            self, askConfirmation=False, forceComputationBackend=None, torchVersionRequirement=None
        ):
            state.requests.append(
                {
                    "askConfirmation": askConfirmation,
                    "forceComputationBackend": forceComputationBackend,
                    "torchVersionRequirement": torchVersionRequirement,
                }
            )
            if askConfirmation and state.refuses:
                return None
            state.installed = True
            return self.torch

        def importTorch(self):
            return self.torch if state.installed else self.installTorch()

        @property
        def torch(self):
            import torch

            return torch

        @property
        def torchVersionInformation(self) -> str:
            version = f"installed version {self.torch.__version__}"
            return version if state.installed else "not installed"

        def getDevice(self):
            cuda = self.torch.cuda.is_available()
            return self.torch.device("cuda") if cuda else "cpu"

        @property
        def cuda(self) -> bool:
            return self.getDevice() != "cpu"

    module.PyTorchUtilsLogic = PyTorchUtilsLogic
    return module
