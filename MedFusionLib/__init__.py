"""MedFusion: fuse registered MR and CT, PET or SPECT volumes, and say what each contributed.

    >>> import MedFusionLib as mf
    >>> mr, pet = mf.read_volume("mr.nrrd"), mf.read_volume("pet.nrrd")  # doctest: +SKIP
    >>> fusion = mf.fuse(mr, pet, "pet-mr")  # doctest: +SKIP
    >>> fusion.fused.array.shape, fusion.colour.shape  # doctest: +SKIP

Research software, not a medical device. torch and SimpleITK load when they are first needed.
"""

from .lazy import public

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "sources": "PAIRS Volume Window read_volume write_volume",
        "methods": "FusionMethod all_methods get_method load_method",
        "colour": "Coding",
        "settings": "Settings",
        "fusion": "Fusion fuse",
        "results": "explain quality_of",
        "cohort": "fuse_cohort read_studies",
        "evaluation": "evaluate",
        "errors": "MedFusionError Cancelled",
    },
)
