"""What a fusion leaves behind: a folder, a picture, nodes of a Slicer scene, a quality report."""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "dicom": "write_dicom",
        "folder": "write_results",
        "preview": "save_preview save_thumbnail",
        "nodes": "add_volume volume_from_node",
        "scene": "add_fusion",
        "scene_file": "write_scene",
        "quality": "Quality QualityRow quality_of",
        "why": "Why explain",
    },
)
