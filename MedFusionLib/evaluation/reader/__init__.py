"""What a reader can see in a fused picture, by a model observer: docs/evidence/reader.md.

`head_sites` and `case_sites` give places, `plant` puts lesions there, a display makes pictures of
it, and a `Reader` says what part of the detectability in the sources it keeps.
"""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "sites": "Sites case_sites head_sites tissue_sites",
        "tables": "colour_table",
        "tasks": "Task Trials lesion_tasks plant",
        "display": (
            "blending first_source method_in_colour method_in_grey second_source show "
            "sources_in_colour"
        ),
        "vision": "Appearance DEFICIENCIES SPACES",
        "observer": "Hotelling NonPrewhitening",
        "kept": "Kept Reader",
        "reading": "CONDITIONS Condition Readings orders read_displays verdict",
        "three": "displays_of_three plant_in_three read_three",
        "choosing": "choose_displays load_display",
        "report": "markdown write_readings",
    },
)
