"""Many studies: a list is checked, fused on Dask, resumed where it stopped, and reported.

    >>> from MedFusionLib.cohort import fuse_cohort, read_studies
    >>> rows = fuse_cohort(read_studies("list.csv"), "results")  # doctest: +SKIP

A run leaves in its folder one folder a study, `cohort.csv` and `cohort.html`.
"""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "studies": "Study make_study read_studies",
        "rows": "Row",
        "checks": "Finding check_studies",
        "clusters": "join_cluster local_cluster make_tls_files tls_files",
        "run": "Progress fuse_cohort",
    },
)
