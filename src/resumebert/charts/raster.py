"""Charts as pixels, for TensorBoard: of SVG what this package writes, drawn by Pillow."""

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
    """Draw one of our charts as (height, width, 3), ``scale`` pixels for each of its units."""
    root = ElementTree.fromstring(chart)
    _, _, width, height = (float(value) for value in root.attrib["viewBox"].split())
    factor = scale * OVERSAMPLING
    font = ImageFont.load_default(12 * factor)
    above = 2 * MARGIN + 14
    size = (max(width, font.getlength(title) / factor) + 2 * MARGIN, height + above + MARGIN)
    picture = Image.new("RGB", (round(size[0] * factor), round(size[1] * factor)), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN * factor, MARGIN * factor), title, INK, font)

    def place(x: float | str, y: float | str) -> Point:
        return (float(x) + MARGIN) * factor, (float(y) + above) * factor

    for element in root.iter():
        given = element.attrib
        kinds = given.get("class", "").split()
        colour = _colour(kinds, float(given.get("fill-opacity", 1)))
        if element.tag == "path":
            for points in _lines(given["d"]):
                corners = [place(x, y) for x, y in points]
                if FILLED.isdisjoint(kinds):
                    draw.line(corners, colour, round((1 if "grid" in kinds else 2) * scale))
                else:
                    draw.polygon(corners, fill=colour)
        elif element.tag == "circle":
            draw.circle(place(given["cx"], given["cy"]), float(given["r"]) * factor, fill=colour)
        elif element.tag == "text":
            _write(picture, element, place, factor, colour)
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
        numbers = [float(number) for number in text.split()]
        if command == "M" and points:
            yield points
            points = []
        x, y = points[-1] if points else (0.0, 0.0)
        match command:
            case "M" | "L":
                points.append((numbers[0], numbers[1]))
            case "H" | "h":
                points.append((numbers[0] + x * (command == "h"), y))
            case "V" | "v":
                points.append((x, numbers[0] + y * (command == "v")))
            case "z":
                points.append(points[0])
    yield points


def _write(
    picture: Image.Image,
    element: ElementTree.Element,
    place: Callable[[str, str], Point],
    factor: float,
    colour: tuple[int, ...],
) -> None:
    words, given = element.text or "", element.attrib
    font = ImageFont.load_default(11 * factor)
    turned = re.fullmatch(r"translate\((\S+) (\S+)\) rotate\(-45\)", given.get("transform", ""))
    x, y = place(turned[1], turned[2]) if turned else place(given["x"], given["y"])
    anchor = given.get("text-anchor", "middle" if "count" in given.get("class", "") else "start")
    side = {"start": "ls", "middle": "ms", "end": "rs"}[anchor]
    # Pillow writes from left to right only: words are written aside, turned and pasted.
    reach = round(font.getlength(words) + 8 + 11 * factor)
    aside = Image.new("L", (2 * reach, 2 * reach))
    ImageDraw.Draw(aside).text((reach, reach), words, 255, font, anchor=side)
    mask = aside.rotate(45) if turned else aside
    picture.paste(colour, (round(x) - reach, round(y) - reach), mask)
