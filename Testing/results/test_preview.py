"""The picture of a fusion: what is written beside it."""

from matplotlib.figure import Figure

from MedFusionLib.colour.coding import Coding
from MedFusionLib.fusion import fuse
from MedFusionLib.phantom.head import make_phantom
from MedFusionLib.results import preview


def words_of(monkeypatch, tmp_path, fusion) -> str:
    """All text of the picture."""
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    preview.save_preview(fusion, tmp_path / "preview.png")
    return " ".join(text.get_text() for text in drawn[0].texts)


def test_words_on_contributions_stand_beside_colours_that_show_them(monkeypatch, tmp_path):
    head = make_phantom((16, 40, 40))
    settings = {"device": "cpu", "more_colours": ["paper"]}
    plain = fuse(head.t1, head.pet, "pet-mr", coding=Coding("sources"), **settings)
    assert plain.contribution_kind == "gradient"  # "paper" needs it
    assert "gradient" not in words_of(monkeypatch, tmp_path, plain)
    fused = fuse(head.t1, head.pet, "pet-mr", coding=Coding("fused"), device="cpu")
    assert "contributions: share" in words_of(monkeypatch, tmp_path, fused)


def test_a_lowered_mr_is_said(monkeypatch, tmp_path):
    head = make_phantom((16, 40, 40))
    settings = {"method": "maximum", "device": "cpu"}
    on = fuse(head.t1, head.pet, "pet-mr", headroom="on", **settings)
    left = on.report.parameters.lowered_to
    assert left and f"MR lowered to {left} for headroom" in words_of(monkeypatch, tmp_path, on)
    off = fuse(head.t1, head.pet, "pet-mr", headroom="off", **settings)
    assert "headroom" not in words_of(monkeypatch, tmp_path, off)


def test_the_legend_of_three_says_where_it_was_drawn(monkeypatch, tmp_path):
    head = make_phantom((16, 40, 40))
    fusion = fuse(head.t1, head.pet, "pet-mr", method="maximum", device="cpu",
                  align="check", third=head.ct, third_modality="ct")  # fmt: skip
    words = words_of(monkeypatch, tmp_path, fusion).replace("\n", " ")
    assert all(f"{one}: {part.words}" in words for one, part in
               zip(("PET", "CT"), fusion.report.alignment, strict=True))  # fmt: skip
    assert "Drawn where the MR is at two thirds of its range." in words
