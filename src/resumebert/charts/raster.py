"""Our charts as pixels, for TensorBoard: the SVG that this package writes, and nothing more of SVG.

Pillow, which TensorBoard itself needs, draws.
"""

import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from PIL import Image, ImageColor, ImageDraw, ImageFont

Point = tuple[float, float]

# The light colours of style.css, by CSS class; the first class that is here counts.
COLOURS = {
    "model": "#1760b5", "baseline": "#c05a00", "best": "#c05a00", "truth": "#4d5a68",
    "plain": "#8b949e", "rule": "#8b949e", "grid": "#e6e9e8", "strong": "#ffffff",
    "count": "#1b2129", "recall": "#00796b", "precision": "#8e3a8a",
}  # fmt: skip
INK, PAPER = "#1b2129", "#ffffff"
FILLED = {"cell", "bar", "dot"}
# Pillow does not smooth lines: drawn larger, then made smaller.
OVERSAMPLING = 2
MARGIN = 12


def rasterise(chart: Markup, title: str, scale: float = 1.5) -> npt.NDArray[np.uint8]:
    """Draw a chart.

    Args:
        chart: SVG that :mod:`resumebert.charts` wrote.
        title: on top.
        scale: pixels of a unit of the chart.

    Returns:
        (height, width, 3).
    """
    root = ElementTree.fromstring(chart)
    _, _, width, height = (float(value) for value in root.attrib["viewBox"].split())
    factor = scale * OVERSAMPLING
    font = ImageFont.load_default(12 * factor)
    above = 2 * MARGIN + 14
    size = (
        round(max(width, font.getlength(title) / factor) + 2 * MARGIN),
        round(height + above + MARGIN),
    )
    picture = Image.new("RGB", (round(size[0] * factor), round(size[1] * factor)), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN * factor, MARGIN * factor), title, INK, font)

    def place(x: float, y: float) -> Point:
        return (x + MARGIN) * factor, (y + above) * factor

    for element in root.iter():
        kinds = element.attrib.get("class", "").split()
        if "hidden" in kinds:
            continue
        colour = _colour(kinds, float(element.attrib.get("fill-opacity", 1)))
        match element.tag:
            case "path":
                for points in _lines(element.attrib["d"]):
                    corners = [place(x, y) for x, y in points]
                    if FILLED & {*kinds} and len(corners) > 2:
                        draw.polygon(corners, fill=colour)
                    elif len(corners) > 1:
                        draw.line(corners, colour, round((1 if "grid" in kinds else 2) * scale))
            case "circle":
                x, y = place(float(element.attrib["cx"]), float(element.attrib["cy"]))
                draw.circle((x, y), float(element.attrib["r"]) * factor, fill=colour)
            case "text":
                _write(picture, element, place, factor, colour if kinds else INK)
    smaller = picture.resize((round(size[0] * scale), round(size[1] * scale)), Image.Resampling.BOX)
    return np.asarray(smaller)


def _colour(kinds: list[str], opacity: float) -> tuple[int, ...]:
    found = next((COLOURS[kind] for kind in kinds if kind in COLOURS), INK)
    ink, paper = ImageColor.getrgb(found), ImageColor.getrgb(PAPER)
    return tuple(round(b + (a - b) * opacity) for a, b in zip(ink, paper, strict=True))


def _lines(path: str) -> Iterator[list[Point]]:
    """Yield the corners of each line of a path of M, L, H, V, h, v and z."""
    points: list[Point] = []
    for command, text in re.findall(r"([MLHVhvz])([^MLHVhvz]*)", path):
        numbers = [float(number) for number in text.replace(",", " ").split()]
        if command == "M" and points:
            yield points
            points = []
        x, y = points[-1] if points else (0.0, 0.0)
        match command:
            case "M" | "L":
                points.append((numbers[0], numbers[1]))
            case "H":
                points.append((numbers[0], y))
            case "V":
                points.append((x, numbers[0]))
            case "h":
                points.append((x + numbers[0], y))
            case "v":
                points.append((x, y + numbers[0]))
            case "z":
                points.append(points[0])
    if points:
        yield points


def _write(
    picture: Image.Image,
    element: ElementTree.Element,
    place: Callable[[float, float], Point],
    factor: float,
    colour: str | tuple[int, ...],
) -> None:
    words = element.text or ""
    font = ImageFont.load_default(11 * factor)
    turned = re.fullmatch(
        r"translate\((\S+) (\S+)\) rotate\(-45\)", element.attrib.get("transform", "")
    )
    if turned is None:
        kinds = element.attrib.get("class", "").split()
        anchor = element.attrib.get("text-anchor", "middle" if "count" in kinds else "start")
        at = place(float(element.attrib["x"]), float(element.attrib["y"]))
        side = {"start": "l", "middle": "m", "end": "r"}[anchor]
        ImageDraw.Draw(picture).text(at, words, colour, font, anchor=f"{side}s")
        return
    # Pillow writes from left to right only: slanting words are written aside and turned.
    x, y = place(float(turned[1]), float(turned[2]))
    reach = round(font.getlength(words) + 8)
    aside = Image.new("L", (2 * reach, 2 * reach), 0)
    ImageDraw.Draw(aside).text((reach, reach), words, 255, font, anchor="ls")
    mask = aside.rotate(45)
    picture.paste(colour, (round(x) - reach, round(y) - reach), mask)
