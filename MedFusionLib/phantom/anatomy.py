"""Where the structures of the head lie, in mm (LPS). To move one, change its line here."""

from __future__ import annotations

from .shapes import Ellipsoid, Structure, Tube

#: the head's width, relative to that above the ears, grows by this with every mm to the back
NARROWING = 0.0011

#: The space inside the skull, joined smoothly: vault, the temporal fossae, the posterior fossa.
VAULT = Ellipsoid((0, 0, 12), (68.5, 88, 68), floor=31)
TEMPORAL = Ellipsoid((37, -11, -14), (28, 43, 28))
POSTERIOR = Ellipsoid((0, 40, -24), (55, 42, 36))
CANAL = Tube(((0, 10, -30, 14), (0, 19, -58, 12), (0, 26, -80, 9), (0, 30, -130, 9)))
#: The ridges of bone between the temporal and the posterior fossa.
PETROUS = Tube(((15, -2, -32, 7), (36, 9, -35, 11), (64, 24, -38, 15)))

#: The room around the brainstem and below the third ventricle, left to the fluid.
CISTERN = Tube(((0, -13, -18, 11), (0, 4, -28, 17), (0, 12, -50, 17)))

#: The outline of the head, joined smoothly.
OUTLINE = (
    Ellipsoid((0, 0, 8), (79.5, 102, 86)),
    Ellipsoid((0, -48, -50), (61, 55, 78)),
    Tube(((0, 12, -45, 54), (0, 22, -150, 58))),
    Tube(((0, -94, -14, 6), (0, -107, -42, 10), (0, -104, -50, 13))),
)
EARS = Ellipsoid((80, 12, -24), (6, 15, 29))

#: Below and in front of the brain, each drawn over the ones before it.
FACE = (
    # upper jaw, cheek bones, lower jaw, neck
    Structure("marrow", Tube(((0, -90, -74, 8), (22, -82, -74, 8), (31, -55, -74, 7))), wall=1.5),
    Structure(
        "bone", Tube(((0, -93, -87, 4), (17, -87, -87, 4), (27, -68, -87, 5), (30, -52, -87, 5)))
    ),
    Structure("marrow", Tube(((58, -4, -40, 3), (60, -35, -44, 2.5), (46, -73, -44, 5))), wall=1.5),
    Structure("marrow", Tube(((50, -8, -42, 3), (48, -14, -70, 3), (44, -22, -110, 4))), wall=1.8),
    Structure("marrow", Tube(((0, -14, -24, 8), (0, 2, -46, 6), (0, 8, -58, 4))), False, 1.5),
    Structure("marrow", Ellipsoid((57, 28, -40), (12, 16, 22)), wall=2),
    Structure("marrow", Ellipsoid((20, 22, -68), (9, 11, 7)), wall=1.5),
    Structure("marrow", Ellipsoid((22, 26, -84), (10, 9, 6)), wall=1.5),
    Structure("marrow", Ellipsoid((0, 8, -86), (8, 6, 22)), False, 1.5),
    Structure("marrow", Tube(((20, 32, -84, 2), (12, 46, -86, 2), (0, 50, -86, 3))), wall=1.5),
    Structure("marrow", PETROUS, wall=1.5),
    # air
    Structure(
        "air", Tube(((0, -36, -50, 8), (0, -24, -70, 9), (0, -20, -120, 9))), False, 2, "mucosa"
    ),
    Structure("air", Ellipsoid((27, -66, -52), (13, 17, 16)), wall=1.2),
    Structure("air", Ellipsoid((10, -29, -27), (9, 13, 9)), wall=1.2),
    Structure("air", Ellipsoid((6, -75, -50), (6, 34, 17)), wall=1.2),
    Structure("air", Tube(((6, -100, -56, 4), (6, -104, -64, 3.5))), wall=2, wall_tissue="skin"),
    Structure("mucosa", Ellipsoid((6, -70, -58), (3.5, 22, 5))),
    Structure("mucosa", Ellipsoid((5, -66, -46), (2.5, 18, 4))),
    # eyes
    Structure("fat", Ellipsoid((29, -70, -27), (18, 29, 17)), wall=1.6),
    Structure("skin", Ellipsoid((33, -95, -27), (14, 5, 8))),
    *(
        Structure("air", Ellipsoid((x, y, z), (r, 1.2 * r, 1.5 * r)), wall=0.8)
        for x, y, z, r in (
            (7, -81, -22, 4),
            (8, -71, -26, 5),
            (6, -66, -19, 4.5),
            (9, -58, -28, 5.5),
            (5, -53, -21, 5),
            (10, -47, -24, 5),
        )
    ),
    Structure("muscle", Tube(((17, -45, -25, 1.5), (18, -62, -27, 2.5), (20, -80, -27, 1.3)))),
    Structure("muscle", Tube(((19, -45, -25, 1.5), (38, -60, -27, 2.5), (44, -80, -27, 1.3)))),
    Structure("muscle", Tube(((18, -45, -23, 1.5), (26, -62, -16, 2.5), (31, -80, -15, 1.3)))),
    Structure("muscle", Tube(((18, -45, -27, 1.5), (26, -62, -38, 2.5), (31, -80, -39, 1.3)))),
    Structure("eye", Ellipsoid((31, -84, -27), (12, 12, 12)), wall=1, wall_tissue="dura"),
    Structure("lens", Ellipsoid((31, -92.5, -27), (4.5, 2.2, 4.5))),
    Structure("white", Tube(((31, -73, -27, 1.8), (25, -58, -25, 1.8), (15, -38, -20, 1.8)))),
)

#: The frontal sinuses, inside the skull.
FRONTAL_SINUS = (Structure("air", Ellipsoid((11, -90.5, 1), (12, 4.5, 11)), wall=1.2),)

#: Inside the brain, each drawn over the ones before it.
DEEP = (
    Structure("brainstem", Tube(((8, 8, 0, 8), (8, 4, -14, 9))), wall=2, wall_tissue="csf"),
    Structure("brainstem", Ellipsoid((0, 6, -29), (17, 13, 14)), False, 2, "csf"),
    Structure(
        "brainstem",
        Tube(
            ((0, 12, -22, 11), (0, 16, -46, 8), (0, 25, -66, 6), (0, 27, -80, 5), (0, 31, -130, 5))
        ),
        False,
    ),
    Structure("brainstem", Tube(((10, 8, -30, 6), (22, 30, -32, 5)))),
    Structure("white", Ellipsoid((0, -19, -13), (8, 4, 2)), False),
    Structure(
        "deep grey", Tube(((13, -33, 4, 7), (14, -27, 13, 5), (19, -8, 20, 3.5), (22, 8, 18, 2.5)))
    ),
    Structure("deep grey", Tube(((21, -30, 2, 5.5), (26, -17, 3, 8), (29, -2, 4, 5)))),
    Structure("deep grey", Ellipsoid((18, -13, 1), (3.5, 8, 6))),
    Structure("deep grey", Tube(((7, -8, 7, 6), (11, 4, 8, 9), (15, 12, 7, 8)))),
    Structure("deep grey", Ellipsoid((5, 8, -10), (3, 3, 3))),
    # ventricles: front horn, body, atrium and back horn; the lower horn; third, aqueduct, fourth
    Structure(
        "csf",
        Tube(
            (
                (6.5, -46, 6, 3),
                (7, -34, 13, 6),
                (8, -12, 19, 6),
                (15, 10, 19, 6),
                (24, 27, 13, 7.5),
                (27, 44, 9, 4),
                (25, 56, 8, 1.5),
            )
        ),
    ),
    Structure(
        "csf", Tube(((24, 27, 12, 7), (32, 18, -4, 4), (34, 0, -15, 2.5), (31, -14, -18, 2)))
    ),
    Structure("deep grey", Tube(((28, 14, -9, 2.5), (29, 0, -19, 3.5), (26, -16, -20, 6)))),
    Structure("csf", Ellipsoid((0, -3, 3), (2.2, 15, 9)), False),
    Structure("csf", Tube(((0, 10, -2, 1), (0, 16, -20, 1.2))), False),
    Structure("csf", Ellipsoid((0, 23, -32), (6, 5, 11)), False),
)
