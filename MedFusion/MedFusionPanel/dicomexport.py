"""A result of the scene as DICOM series in a folder."""

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from MedFusionLib.errors import MedFusionError
from MedFusionPanel.patients import headersOf


def askFolder():
    """A folder that the user chooses; "" where none is."""
    title = _("A folder for the DICOM series")
    return qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), title)


def exportResult(result, chosen):
    """Write a result into a new folder below the chosen one; returns that folder."""
    from MedFusionLib.results.dicom import check_new_folder, write_dicom
    from MedFusionLib.results.nodes import volume_from_node
    from MedFusionLib.sources.folders import whole_folder

    node = result.nodes.get("fused")
    if node is None or "colour" not in result.nodes:
        raise MedFusionError(_("Fused and colour volume are needed; fuse again with both."))
    folder = newFolder(Path(chosen))
    check_new_folder(folder)
    headers = [headersOf(source) for source in result.sources]
    if node.GetParentTransformNode() is not None and headers[0]:
        for header in headers[0]:  # moved in the scene: no more in the scanner's space
            header.FrameOfReferenceUID = ""
    codings = result.codings
    colours = {role: slicer.util.arrayFromVolume(result.nodes[role]) for role in codings}
    with whole_folder(folder) as temporary:
        write_dicom(temporary, volume_from_node(node), colours, codings, result.report, headers)
    return folder


def newFolder(parent):
    """A folder below `parent` that is not there yet."""
    names = ["MedFusion DICOM", *(f"MedFusion DICOM {number}" for number in range(2, 1000))]
    return next(parent / name for name in names if not (parent / name).exists())
