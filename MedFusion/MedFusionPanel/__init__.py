"""The parts of MedFusion's panel. Slicer takes every file beside MedFusion.py for a module, so
they live in this folder.

===============  =================================================================
``state``        what the panel remembers in the scene, declared once
``binding``      ties widgets to the state, by the name in their SlicerParameterName
``choices``      what the combo boxes offer
``guess``        what modality a volume is
``patients``     whose scans the volumes are, where they come from DICOM
``readiness``    why Apply cannot be pressed, in words
``logic``        fusing nodes of the scene
``running``      long work beside the event loop, with progress and cancel
``preview``      the visible slice fused alone
``result``       a fusion in the scene: recolouring, what it was made of, values
``resultgroup``  the group of widgets that shows it
``pictures``     legend, preview and probe as pixmaps and rich text
``sampledata``   the digital head in the module Sample Data
``legends``      the colour legend in the slice views, colours of the second source
``planes``       the plane of a slice view, and the sources in it
``keyboard``     Tab order and letters
``speed``        how long a method took on this computer
``translation``  the one catalogue of translations
``why``          what was taken at a place from which source
``alignmentrow`` how far the volumes are off
``dicomexport``  a result as DICOM series
``views``        slice views and the 3D view
``pytorch``      whether torch is there, and installing it
===============  =================================================================
"""
