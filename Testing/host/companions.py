"""Stand-ins for the modules SampleData and PyTorchUtils; nothing is downloaded or installed."""

from __future__ import annotations

import types
from dataclasses import dataclass, field


@dataclass
class SampleSource:
    """One data set that a module registered."""

    category: str
    sampleName: str
    uris: list
    fileNames: list
    nodeNames: list
    checksums: list
    keywords: dict = field(default_factory=dict)


def sample_data_module() -> types.ModuleType:
    """The module ``SampleData``; what is registered is in its list ``registered``."""
    module = types.ModuleType("SampleData")
    module.registered = []

    def as_list(value) -> list:
        return list(value) if isinstance(value, (list, tuple)) else [value]

    class SampleDataLogic:
        @staticmethod
        def registerCustomSampleDataSource(
            category="Custom",
            sampleName=None,
            uris=None,
            fileNames=None,
            nodeNames=None,
            customDownloader=None,
            thumbnailFileName=None,
            loadFileTypes=None,
            loadFiles=None,
            loadFileProperties=None,
            checksums=None,
            loadFileType=None,
        ):
            lists = [as_list(value) for value in (uris, fileNames, nodeNames, checksums)]
            if len({len(one) for one in lists}) != 1:
                raise ValueError("uris, fileNames, nodeNames and checksums differ in length")
            keywords = {
                "customDownloader": customDownloader,
                "thumbnailFileName": thumbnailFileName,
                "loadFileType": loadFileTypes or loadFileType,
                "loadFiles": loadFiles,
                "loadFileProperties": loadFileProperties or {},
            }
            module.registered.append(SampleSource(category, sampleName, *lists, keywords))

    module.SampleDataLogic = SampleDataLogic
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
