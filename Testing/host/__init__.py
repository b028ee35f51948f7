"""A test host for the Slicer panel, on slicer-core and PySide6.

The MRML scene, its logics, ``slicer.util`` and the pictures of the views are Slicer's own. Qt comes
from PySide6, made to follow the attribute rules of PythonQt. The ctk and qMRML widgets, the
application object and the base classes of scripted modules are stand-ins: they have the names,
properties and signals of the originals, and no more of their behaviour than a panel needs.

A panel that runs here has been exercised; it has not been run inside the Slicer application.

==================  =================================================================
``scene``           the MRML scene, logics and file reading and writing, without Qt
``views``           slice views (no OpenGL), the 3D view (EGL), the layout manager
``pythonqt``        PythonQt's rules for attributes, signals and slots on PySide6
``widgets``         stand-ins for ctk and qMRML widgets
``uiloader``        reads .ui files, and refuses what Slicer would not understand
``dialogs``         message boxes and file dialogs: recorded and answered, never shown
``application``     ``slicer.app``, the main window and the module manager
``scripted``        base classes of scripted modules, translation
``companions``      stand-ins for the modules SampleData and PyTorchUtils
``panel``           ``Host``: everything installed; opens a module's panel
``screenshot``      the panel beside the four views, as one picture
``lint``            finds calls that PySide6 allows and PythonQt does not
==================  =================================================================

In a test::

    def test_apply(host):
        panel = host.open("MedFusion/MedFusion.py")
        panel.ui.firstSelector.setCurrentNode(mr)
        panel.click("applyButton")
        assert "Fused" in panel.ui.statusLabel.text
"""
