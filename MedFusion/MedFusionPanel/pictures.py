"""Legend and preview as pixmaps, and the bar of the probe."""

import os
import re
import tempfile

import numpy as np
import qt
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import numpy_to_vtk

from MedFusionLib.colour.coding import legend
from MedFusionPanel.translation import phrases, sentence

#: colours of a label that warns, for Slicer's light and dark looks: contrast 5 to 1 and more
WARNINGS = {"light": "#8a4b00", "dark": "#ffb74d"}


def warningStyle(widget):
    """The style sheet of a label that warns."""
    lightness = widget.palette.color(qt.QPalette.Window).lightness()
    return f"color: {WARNINGS['dark' if lightness < 128 else 'light']}"


def pixmapOf(pixels):
    """A pixmap of uint8 (rows, columns, 3), through a PNG file.

    PythonQt makes no image from bytes; files are what every Slicer can read.
    """
    rows, columns = pixels.shape[:2]
    image = vtk.vtkImageData()
    image.SetDimensions(columns, rows, 1)
    flat = np.ascontiguousarray(pixels[::-1]).reshape(-1, 3)
    image.GetPointData().SetScalars(numpy_to_vtk(flat, deep=True))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "picture.png")
        writer = vtk.vtkPNGWriter()
        writer.SetCompressionLevel(1)
        writer.SetFileName(path)
        writer.SetInputData(image)
        writer.Write()
        return qt.QPixmap(path)


class LegendPicture:
    """The legend: a picture with words at its edges."""

    def __init__(self, ui):
        self._ui = ui
        self._drawn = None

    def draw(self, coding, names):
        """Draw the legend of a coding for sources of these names."""
        if self._drawn == (coding, tuple(names)):
            return
        self._drawn = (coding, tuple(names))
        drawn = legend(coding, names)
        self._ui.legendLabel.setPixmap(pixmapOf(drawn.picture))
        self._ui.legendTitleLabel.text = "\n".join(
            filter(None, map(sentence, (drawn.title, drawn.note)))
        )
        at = {(round(2 * x), y > 0.5): sentence(text) for (x, y), text in drawn.labels}
        if drawn.upwards:
            self._ui.legendUpLabel.text = f"\N{UPWARDS ARROW} {sentence(drawn.upwards)}"
            self._ui.legendUpLabel.setAlignment(qt.Qt.AlignLeft)
        else:  # a triangle, with a source at its top
            self._ui.legendUpLabel.text = at.get((1, False), "")
            self._ui.legendUpLabel.setAlignment(qt.Qt.AlignHCenter)
        self._ui.legendLeftLabel.text = at.get((0, True), "")
        self._ui.legendMiddleLabel.text = at.get((1, True), "")
        self._ui.legendRightLabel.text = at.get((2, True), "")


def previewPixmap(piece, width, height):
    """Fused and coloured slice side by side in a box of that size, in their true proportions."""
    grey = np.clip(piece.fused * 255, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    rows, columns = piece.fused.shape
    tall, wide = rows * piece.pixel[0], columns * piece.pixel[1]
    scale = min((width - 4) / 2 / wide, height / tall)
    size = max(1, int(wide * scale)), max(1, int(tall * scale))
    gap = np.zeros((size[1], 4, 3), np.uint8)
    both = [_resized(pixels, *size) for pixels in (grey, piece.colour)]
    return pixmapOf(np.concatenate([both[0], gap, both[1]], axis=1))


def _resized(pixels, width, height):
    """The nearest pixels; a preview needs no more."""
    rows = (np.arange(height) * len(pixels) // height).clip(0, len(pixels) - 1)
    columns = (np.arange(width) * pixels.shape[1] // width).clip(0, pixels.shape[1] - 1)
    return pixels[rows[:, None], columns[None, :]]


def tableText(rows):
    """(name, line, ...) rows as rich text."""
    lines = [
        f"<tr><td>{name}&nbsp;&nbsp;</td><td>{'<br>'.join(values)}</td></tr>"
        for name, *values in rows
    ]
    return f'<table cellspacing="0" cellpadding="2">{"".join(lines)}</table>'


def probeText(sample, result):
    """The values at the crosshair, in words."""
    if sample is None:
        return _("<b>Probe:</b> move the mouse over the head in a slice view.")
    values = [
        _("{modality} outside").format(modality=modality)
        if value is None
        else f"{modality} {value:.4g} {unit}".strip()
        for modality, value, unit in sample.values
    ]
    values.append(_("fused {value:.2f}").format(value=sample.fused))
    return "<b>{}</b> {}<br>{}".format(_("Probe:"), ", ".join(values), _sentence(sample, result))


def _sentence(sample, result):
    words = result.inWords(sample), _contributed(sample, result)
    return " ".join(filter(None, words))


def _contributed(sample, result):
    if sample.fractions is None:
        return _("No modality contributed here.")
    pairs = zip(result.modalities, sample.fractions, strict=True)
    parts = ", ".join(f"{modality} {part:.0%}" for modality, part in pairs)
    if result.kind == "share":
        return _("What part of this brightness would be lost without each volume: {parts}.").format(
            parts=parts
        )
    if result.kind == "parts":
        return _("What part of this brightness was taken from each volume: {parts}.").format(
            parts=parts
        )
    return _("How much a change here would change the whole picture: {parts}.").format(parts=parts)


def probeBar(sample, result):
    """The fractions as a bar: rich text."""
    if sample is None or sample.fractions is None:
        return ""
    cells = []
    parts = zip(sample.fractions, result.colours(), result.modalities, strict=True)
    for fraction, colour, name in parts:
        percent = round(100 * fraction)
        if percent:
            ink = "#000000" if sum(colour) > 330 else "#ffffff"
            words = f"{name} {percent}%" if percent >= 20 else "&nbsp;"
            cells.append(
                f'<td width="{percent}%" bgcolor="{_hex(colour)}" align="center">'
                f'<font color="{ink}">{words}</font></td>'
            )
    return f'<table width="100%" cellspacing="0" cellpadding="1"><tr>{"".join(cells)}</tr></table>'


def whyText(why, ras):
    """Why a fused voxel is what it is, in words and a table: rich text."""
    letters = zip(("RL", "AP", "SI"), ras, strict=True)
    place = ", ".join(f"{pair[x < 0]} {abs(x):.0f}" for pair, x in letters)
    heading = _("At {place} mm:").format(place=place)
    said = phrases(why.sentence)
    said = re.sub("([+\N{MINUS SIGN}]) ", r"\1&nbsp;", said)  # no line ends in a sign
    if why.background:
        return f"<b>{heading}</b> {said}"
    head, *rows = why.rows
    lines = [_row(head, "th"), *(_row(row, "td") for row in rows[:-1])]
    last = [f"<b>{sentence(cell)}</b>" for cell in rows[-1]]
    lines.append(_row(last, "td"))
    caption = _(
        "What the method added (+) and took away from each volume here, both being there; 0 is "
        "black, 1 is white:"
    )
    table = f'<table width="100%" cellspacing="0" cellpadding="1">{"".join(lines)}</table>'
    return f"<b>{heading}</b> {said}<br>{caption}{table}"


def _row(cells, tag):
    name, *numbers = cells
    name = sentence(name)
    aligned = (f'<{tag} align="right">{number}</{tag}>' for number in numbers)
    return f'<tr><{tag} align="left">{name}</{tag}>{"".join(aligned)}</tr>'


def _hex(colour):
    return "#{:02x}{:02x}{:02x}".format(*colour)
