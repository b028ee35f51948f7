"""Whether torch is there, and installing it through the PyTorch extension."""

import importlib.util

import slicer
from slicer.i18n import tr as _

TORCH = ">=2.2"
#: what else is needed: Slicer brings SciPy, but not what reads the weights
OTHERS = {"safetensors": "safetensors>=0.4", "scipy": "scipy>=1.11"}

_complete = False  # remembered: torchInstalled() reads a file of thousands of lines each time


def missing():
    """Why fusing is not possible yet, in words; "" when it is."""
    global _complete
    if _complete:
        return ""
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
    _complete = True
    return ""


def install():
    """Install what is missing, after asking.

    Returns:
        Why it is not there yet, in words; "" when it is, or when the user declined.
    """
    if not hasattr(slicer.modules, "pytorchutils"):
        return _installExtension()
    import PyTorchUtils

    logic = PyTorchUtils.PyTorchUtilsLogic()
    if not logic.torchInstalled():
        torch = logic.installTorch(askConfirmation=True, torchVersionRequirement=TORCH)
        if torch is None:
            return ""  # declined
    packages = _missingPackages()
    if packages and _confirmed(packages):
        _installPackages(packages)
    return ""


def _installExtension():
    question = _(
        "Install the PyTorch extension? Slicer then restarts, and what is not saved is lost."
    )
    if not slicer.util.confirmOkCancelDisplay(question, windowTitle=_("MedFusion")):
        return ""
    manager = _extensions()
    wasInteractive = manager.interactive
    manager.interactive = False  # no questions of its own
    try:
        installed = manager.installExtensionFromServer("PyTorch", False)
    finally:
        manager.interactive = wasInteractive
    if not installed:
        return _(
            "The PyTorch extension could not be fetched. Check that this computer is online, or "
            "install it from a file in the Extensions Manager."
        )
    slicer.util.restart()
    return ""


def _extensions():
    return slicer.app.extensionsManagerModel()


def _missingPackages():
    return [name for key, name in OTHERS.items() if importlib.util.find_spec(key) is None]


def _confirmed(packages):
    question = _("MedFusion needs these Python packages: {names}. Install them?").format(
        names=", ".join(packages)
    )
    return slicer.util.confirmOkCancelDisplay(question, windowTitle=_("MedFusion"))


def _installPackages(packages):
    try:
        from slicer.packaging import pip_ensure
    except ImportError:  # before Slicer 5.12
        for package in packages:
            slicer.util.pip_install(package)
    else:
        pip_ensure(packages, prompt_install=False, requester="MedFusion")
