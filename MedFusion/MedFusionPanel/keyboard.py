"""What the keyboard reaches: the Tab order of the inputs, and the letters of their labels."""

from itertools import pairwise

import qt

#: where Tab goes from the first selector; the rest of the panel follows the .ui file
ORDER = ("firstSelector", "secondSelector", "modalityComboBox")
COMBO_BOXES = ("ctkComboBox", "QComboBox")


def chain(ui):
    """Set the Tab order, and let the letter of a selector's label reach it.

    A node selector is a frame around a combo box, and only the combo box takes the focus.
    """
    for before, after in pairwise(_stop(getattr(ui, name)) for name in ORDER):
        qt.QWidget.setTabOrder(before, after)
    for name in ("firstSelector", "secondSelector", "thirdSelector"):
        getattr(ui, f"{name}Label").setBuddy(_stop(getattr(ui, name)))


def _stop(widget):
    """What takes the focus of a widget: itself, or the combo box in it."""
    if widget.className() != "qMRMLNodeComboBox":
        return widget
    return next(child for child in widget.children() if child.className() in COMBO_BOXES)
