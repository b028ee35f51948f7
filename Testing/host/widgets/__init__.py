"""Stand-ins for the ctk and qMRML widgets of the panel, one a file.

Each has the properties, signals and slots of the original's header that the panel uses, and only
those that Python can reach there: a C++ method that is neither a slot nor Q_INVOKABLE is absent
here, too. Looks and sizes are not the original's; what depends on them is tested inside Slicer.

A stand-in keeps everything of its own in the one attribute ``_state``, so that the rule "no new
attributes" holds for it as well. It runs under PythonQt's attribute rules, like a panel.
"""

from host.widgets.collapsible import ctkCollapsibleButton
from host.widgets.nodes import qMRMLNodeComboBox
from host.widgets.range import ctkRangeWidget
from host.widgets.scene import qMRMLWidget, qSlicerScriptedLoadableModuleWidget
from host.widgets.slider import ctkSliderWidget

STAND_INS = (
    ctkCollapsibleButton,
    ctkRangeWidget,
    ctkSliderWidget,
    qMRMLNodeComboBox,
    qMRMLWidget,
    qSlicerScriptedLoadableModuleWidget,
)

__all__ = ["STAND_INS", *(stand_in.__name__ for stand_in in STAND_INS)]
