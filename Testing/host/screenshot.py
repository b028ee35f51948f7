"""A picture of a panel as it stands in Slicer: the panel left, four views right.

The slice views are painted by Slicer's slice logic, the 3D view by VTK. The panel is painted by
Qt, which needs a font: PySide6 brings none, so without one in the system (on Debian the package
fonts-dejavu-core) every letter would be a box.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import slicer
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen, QPixmap

from host.panel import Panel
from host.views import SliceWidget

BAR_HEIGHT = 20
GAP = 2
MARGIN = 6
BACKGROUND = "#1e1e1e"
PANEL_BACKGROUND = "#323232"
CROSSHAIR = "#ffd200"
# Where Slicer's four-up layout has its views: name, column, row.
FOUR_UP = (("Red", 0, 0), ("3D", 1, 0), ("Green", 0, 1), ("Yellow", 1, 1))


class FontMissing(RuntimeError):
    """Qt finds no font, so text cannot be drawn."""


def screenshot(
    panel: Panel,
    path: str | Path,
    width: int = 1400,
    height: int = 840,
    panel_width: int = 440,
    three_d: bool = True,
) -> np.ndarray:
    """Write the picture as PNG, and return its pixels, (height, width, 3) uint8.

    Raises ``FontMissing``, or ``views.OpenGLMissing`` when the 3D view is wanted and cannot be
    drawn. The slice views take the size of their panes, as they do in a window.
    """
    if not fonts_work():
        raise FontMissing("Qt finds no font; install fonts-dejavu-core")
    image = QImage(width, height, QImage.Format_RGB888)
    image.fill(QColor(BACKGROUND))
    painter = QPainter(image)
    try:
        _paint_panel(painter, panel, QRect(0, 0, panel_width, height))
        _paint_views(painter, QRect(panel_width, 0, width - panel_width, height), three_d)
    finally:
        painter.end()
    if not image.save(str(path), "PNG"):
        raise OSError(f"cannot write {path}")
    return pixels_of(image)


@functools.cache
def fonts_work() -> bool:
    """Whether letters are drawn: without a font they are empty, or all the same box."""
    pictures = []
    for letter in "AI":
        image = QImage(24, 24, QImage.Format_RGB888)
        image.fill(QColor("white"))
        painter = QPainter(image)
        painter.drawText(4, 20, letter)
        painter.end()
        pictures.append(pixels_of(image))
    return bool((pictures[0] != pictures[1]).any())


def pixels_of(image: QImage) -> np.ndarray:
    """The pixels of a QImage, (height, width, 3) uint8."""
    image = image.convertToFormat(QImage.Format_RGB888)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return lines[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def image_of(pixels: np.ndarray) -> QImage:
    """A QImage of (height, width, 3) uint8 pixels."""
    pixels = np.ascontiguousarray(pixels)
    height, width, _ = pixels.shape
    return QImage(pixels.data, width, height, 3 * width, QImage.Format_RGB888).copy()


def _paint_panel(painter: QPainter, panel: Panel, area: QRect) -> None:
    painter.fillRect(area, QColor(PANEL_BACKGROUND))
    panel.show(area.width() - 2 * MARGIN, area.height() - 2 * MARGIN)
    picture: QPixmap = panel.parent.grab()
    painter.drawPixmap(area.x() + MARGIN, area.y() + MARGIN, picture)


def _paint_views(painter: QPainter, area: QRect, three_d: bool) -> None:
    layout = slicer.app.layoutManager()
    width, height = (area.width() - 2 * GAP) // 2, (area.height() - GAP) // 2
    for name, column, row in FOUR_UP:
        x = area.x() + GAP + column * (width + GAP)
        pane = QRect(x, row * (height + GAP), width, height)
        view_area = pane.adjusted(0, BAR_HEIGHT, 0, 0)
        size = view_area.width(), view_area.height()
        if name == "3D":
            node = layout.threeDWidget(0).mrmlViewNode()
            pixels = layout.threeDWidget(0).threeDView().picture(*size) if three_d else None
            _paint_bar(painter, pane, node.GetLayoutColor(), "1", "")
        else:
            widget = layout.sliceWidget(name)
            pixels = widget.picture(*size)
            node = widget.mrmlSliceNode()
            offset = f"{node.GetOrientation()}   {node.GetSliceOffset():.1f} mm"
            _paint_bar(painter, pane, node.GetLayoutColor(), node.GetLayoutLabel(), offset)
        if pixels is not None:
            painter.drawImage(view_area.topLeft(), image_of(pixels))
        if name != "3D":
            _paint_crosshair(painter, widget, view_area)


def _paint_bar(painter: QPainter, pane: QRect, color, label: str, text: str) -> None:
    bar = QRect(pane.x(), pane.y(), pane.width(), BAR_HEIGHT)
    painter.fillRect(bar, QColor.fromRgbF(*color))
    font = QFont()
    font.setPixelSize(12)
    painter.setFont(font)
    painter.setPen(QColor("black"))
    painter.drawText(bar.adjusted(8, 0, -8, 0), int(Qt.AlignVCenter | Qt.AlignLeft), label)
    painter.drawText(bar.adjusted(8, 0, -8, 0), int(Qt.AlignVCenter | Qt.AlignRight), text)


def _paint_crosshair(painter: QPainter, widget: SliceWidget, area: QRect) -> None:
    """The crosshair, where it is switched on: the slice logic does not draw it."""
    node = slicer.util.getNode("Crosshair")
    if node.GetCrosshairMode() == node.NoCrosshair:
        return
    x, y = widget.column_and_row(node.GetCrosshairRAS())
    painter.save()
    painter.setClipRect(area)
    painter.setPen(QPen(QColor(CROSSHAIR), 1))
    x, y = area.x() + x, area.y() + y
    painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
    painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
    painter.restore()
