"""Pictures for TensorBoard, drawn with Pillow, which TensorBoard itself needs."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from resumebert.evaluation.report.label_charts import reliability_bins, wilson_interval

Pixels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

INK: Colour = (27, 33, 41)
GREY: Colour = (139, 148, 158)
LINE: Colour = (223, 226, 224)
BLUE: Colour = (23, 96, 181)
PAPER: Colour = (255, 255, 255)
_LONGEST_NAME = 28


def draw_matrix(
    counts: npt.NDArray[np.int64],
    shares: npt.NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
) -> Pixels:
    """Draw a square for each count, the bluer the larger its share.

    Args:
        counts: (R, C), written into the squares.
        shares: (R, C), in [0, 1].
        rows: R names.
        columns: C names.
        title: on top.

    Returns:
        (height, width, 3).
    """
    side, font = 34, ImageFont.load_default(13)
    rows, columns = [_short(name) for name in rows], [_short(name) for name in columns]
    left = 16 + max(int(font.getlength(name)) for name in rows)
    names = max(int(font.getlength(name)) for name in columns)
    top = 44 + names
    large = ImageFont.load_default(15)
    width = max(left + side * len(columns) + 12, 24 + int(large.getlength(title)))
    picture = Image.new("RGB", (width, top + side * len(rows) + 12), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((12, 8), title, INK, large)
    # Pillow writes from left to right only: names of columns are written aside and turned.
    for column, name in enumerate(columns):
        aside = Image.new("RGB", (names + 4, 18), PAPER)
        ImageDraw.Draw(aside).text((0, 0), name, INK, font)
        turned = aside.rotate(90, expand=True)
        picture.paste(turned, (left + side * column + (side - 18) // 2, top - turned.height - 4))
    for row, name in enumerate(rows):
        y = top + side * row
        draw.text((left - 8, y + side // 2), name, INK, font, anchor="rm")
        for column in range(len(columns)):
            x, share = left + side * column, float(shares[row, column])
            box = (x, y, x + side - 2, y + side - 2)
            draw.rectangle(box, fill=_between(PAPER, BLUE, share), outline=LINE)
            if counts[row, column]:
                colour = PAPER if share > 0.5 else INK
                place = (x + side // 2 - 1, y + side // 2 - 1)
                draw.text(place, str(counts[row, column]), colour, font, anchor="mm")
    return np.asarray(picture)


def draw_reliability(
    probabilities: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_], title: str
) -> Pixels:
    """Draw how often a probability comes true, with 95 % intervals.

    Args:
        probabilities: (n,), n at least 1.
        truth: (n,).
        title: on top.

    Returns:
        (height, width, 3).
    """
    size, left, top, font = 360, 56, 44, ImageFont.load_default(13)
    picture = Image.new("RGB", (left + size + 24, top + size + 52), PAPER)
    draw = ImageDraw.Draw(picture)

    def place(x: float, y: float) -> tuple[float, float]:
        return left + x * size, top + (1 - y) * size

    draw.text((12, 8), title, INK, ImageFont.load_default(15))
    for tick in (0, 0.25, 0.5, 0.75, 1):
        draw.line([place(tick, 0), place(tick, 1)], LINE)
        draw.line([place(0, tick), place(1, tick)], LINE)
        x, y = place(tick, 0)
        draw.text((x, y + 6), f"{tick:g}", INK, font, anchor="ma")
        x, y = place(0, tick)
        draw.text((x - 6, y), f"{tick:g}", INK, font, anchor="rm")
    draw.line([place(0, 0), place(1, 1)], GREY)
    x, y = place(0.5, 0)
    draw.text((x, y + 28), "probability; upward: share that has the label", INK, font, anchor="ma")
    mean, share, counts = reliability_bins(probabilities, truth)
    points = list(zip(mean.tolist(), share.tolist(), counts.tolist(), strict=True))
    draw.line([place(x, y) for x, y, _ in points], BLUE, 2)
    for x, y, count in points:
        low, high = wilson_interval(y, count)
        draw.line([place(x, low), place(x, high)], BLUE)
        across, down = place(x, y)
        draw.ellipse((across - 4, down - 4, across + 4, down + 4), fill=BLUE)
    return np.asarray(picture)


def _between(low: Colour, high: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return red, green, blue


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
