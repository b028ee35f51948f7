"""A test host for the panel where there is no Slicer, on slicer-core and PySide6.

The MRML scene, its logics and ``slicer.util`` are Slicer's own. Qt comes from PySide6, made to
follow the attribute rules of PythonQt. The ctk and qMRML widgets, the application object and the
base classes of scripted modules are stand-ins: they have the names, properties and signals of the
originals, and no more of their behaviour than the panel needs. Nothing of a view is drawn.

What runs here has been exercised. The same tests run inside Slicer by ``in_slicer/launch.py``,
which needs ``dialogs`` and ``companions`` of this folder and nothing else.

==================  =================================================================
``scene``           the MRML scene, logics and file reading and writing, without Qt
``views``           the layout manager with its slice views and 3D view, undrawn
``pythonqt``        PythonQt's rules for attributes, signals and slots on PySide6
``widgets``         stand-ins for ctk and qMRML widgets, one a file
``uiloader``        reads .ui files, and refuses what Slicer would not understand
``dialogs``         message boxes: recorded and answered, never shown
``application``     ``slicer.app`` and the module manager
``scripted``        base classes of scripted modules, translation
``companions``      stand-ins for the modules SampleData and PyTorchUtils
``panel``           ``Host``: everything installed; opens a module's panel
``lint``            finds calls that PySide6 allows and PythonQt does not
==================  =================================================================
"""
