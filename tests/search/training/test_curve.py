from __future__ import annotations

from xml.etree import ElementTree

from search.training.curve import draw_curve

SPACE = "{http://www.w3.org/2000/svg}"


def test_it_works() -> None:
    curve = [
        {"step": 100, "seconds": 60, "loss": 1.0},
        {"step": 150, "seconds": 90, "map": 0.2},
        {"step": 200, "seconds": 120, "loss": 0.5},
    ]
    drawn = ElementTree.fromstring(draw_curve(curve))  # noqa: S314 (our own text)
    loss, found = drawn.findall(f"{SPACE}polyline")
    assert loss.get("points") == "360.0,24.0 664.0,150.0"  # highest at the top, half of it half way down
    assert found.get("points") == "512.0,24.0"
    assert "minutes of training" in [text.text for text in drawn.findall(f"{SPACE}text")]


def test_nothing_to_draw() -> None:
    assert ElementTree.fromstring(draw_curve([])).findall(f"{SPACE}polyline") == []  # noqa: S314
