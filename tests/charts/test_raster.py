"""Charts as pixels: what the SVG has is seen where it is."""

import numpy as np
import pytest
from markupsafe import Markup

from resumebert.charts.curves import Scored, reliability
from resumebert.charts.matrices import confusion, confusion_picture
from resumebert.charts.raster import rasterise

BLUE = np.array([23, 96, 181])


def svg(parts: str) -> Markup:
    return Markup(f'<svg viewBox="0 0 100 50">{parts}</svg>')


def blue(pixels: np.ndarray) -> np.ndarray:
    return (np.abs(pixels.astype(int) - BLUE) < 3).all(axis=2)


@pytest.mark.parametrize(
    "shape",
    [
        '<path class="bar model" d="M20 10H40V30H20z"/>',
        '<path class="cell model" d="M20 10h20v20h-20z"/>',
        '<path class="bar model" d="M20 10L40 10L40 30L20 30z"/>',
    ],
)
def test_an_area_is_filled_where_it_is(shape):
    found = blue(rasterise(svg(shape), "", scale=1))
    rows, columns = np.nonzero(found)
    assert found.sum() == pytest.approx(20 * 20, rel=0.15)
    assert columns.min() == pytest.approx(12 + 20, abs=1)
    assert np.ptp(rows) == pytest.approx(20, abs=2)


def test_lines_dots_and_words_are_drawn():
    empty = rasterise(svg(""), "", scale=1)
    assert (empty == 255).all()
    assert blue(rasterise(svg('<path class="line model" d="M10 10L90 10V40"/>'), "", scale=1)).any()
    assert blue(rasterise(svg('<circle class="dot model" cx="50" cy="20" r="4"/>'), "")).any()
    for text in (
        '<text x="50" y="20" text-anchor="end">label</text>',
        '<text transform="translate(50 40) rotate(-45)">label</text>',
    ):
        assert (rasterise(svg(text), "", scale=1) < 128).any()


def test_whole_charts_become_pictures():
    truth = np.array([[1, 0], [1, 1], [0, 1]], bool)
    found = confusion(truth, ~truth)
    picture = rasterise(confusion_picture(found, ["A", "Ω <b> " + 40 * "x"]), "title")
    assert picture.dtype == np.uint8
    assert (picture[..., 2].astype(int) - picture[..., 0] > 60).any()  # A shade of blue.
    chart = reliability(Scored("all", truth.ravel(), np.linspace(0, 1, 6), np.linspace(0, 1, 6)))
    assert chart is not None
    assert blue(rasterise(chart, "title")).any()
