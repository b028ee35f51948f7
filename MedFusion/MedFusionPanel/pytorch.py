"""Whether torch is there, and installing it through the PyTorch extension."""

import importlib.util

import slicer
from slicer.i18n import tr as _

TORCH = ">=2.2"
#: what else is needed: Slicer brings SciPy, but not what reads the weights
OTHERS = {"safetensors": "safetensors>=0.4", "scipy": "scipy>=1.11"}


def missing():
    """Why fusing is not possible yet, in words; "" when it is."""
    if not hasattr(slicer.modules, "pytorchutils"):
        return _("MedFusion needs the PyTorch extension, which is not installed.")
    import PyTorchUtils

    if not PyTorchUtils.PyTorchUtilsLogic().torchInstalled():
        return _("PyTorch, which runs the networks, is not installed yet.")
    try:
        import torch  # noqa: F401
    except (ImportError, OSError) as error:
        return _("PyTorch does not load ({error}); install it again in the PyTorch module.").format(
            error=str(error).split("\n")[0]
        )
    if _missingPackages():
        return _("A small package that MedFusion needs is not installed yet.")
    return ""


def install():
    """Install what is missing, after asking.

    Returns:
        True when everything is there now.
    """
    if not hasattr(slicer.modules, "pytorchutils"):
        _installExtension()
        return False  # after a restart
    import PyTorchUtils

    logic = PyTorchUtils.PyTorchUtilsLogic()
    if not logic.torchInstalled():
        torch = logic.installTorch(askConfirmation=True, torchVersionRequirement=TORCH)
        if torch is None:
            return False
    if _missingPackages():
        _installPackages(_missingPackages())
    return not missing()


def _installExtension():
    question = _("Install the PyTorch extension? Slicer has to restart afterwards.")
    if slicer.util.confirmOkCancelDisplay(question, windowTitle=_("MedFusion")):
        manager = slicer.app.extensionsManagerModel()
        manager.interactive = False
        if manager.installExtensionFromServer("PyTorch"):
            slicer.util.restart()


def _missingPackages():
    return [name for key, name in OTHERS.items() if importlib.util.find_spec(key) is None]


def _installPackages(packages):
    try:
        from slicer.packaging import pip_ensure
    except ImportError:  # before Slicer 5.12
        for package in packages:
            slicer.util.pip_install(package)
    else:
        pip_ensure(packages, requester="MedFusion")
