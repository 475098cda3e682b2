"""Text of PDF files: pdfium reads, checks itself, and pypdf has a try at pages that look wrong.

pdfium gives each character with its box; words, lines and columns are made of these here. A word
counts as hidden where the page, drawn as a picture, shows nothing in its place: that covers white
text, text on a dark ground (which can be seen), text off the page, and invisible modes alike.
"""

import ctypes
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from pypdf import PdfReader

from resumebert.documents.document import Document, Limits, UnreadableError, tidy
from resumebert.documents.layout import Piece, in_reading_order
from resumebert.documents.look import SMALLEST
from resumebert.documents.quality import join_broken_words, quality

# Pixels a point: letters of 4 points can be told from the ground.
_SCALE = 2.0
_MOST_PIXELS = 4_000_000
# Of 255: drawn in place of a word, this is the least that an eye sees.
_LEAST_CONTRAST = 16
# In units of the letters' height: a gap between words, and one between columns.
_WORD_GAP, _COLUMN_GAP = 0.2, 1.0
# pypdf must be better by this to be preferred.
_CLEARLY = 0.03

Boxes = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]


@dataclass
class _Page:
    """What pdfium reads of a page; ``pictures``: how many it shows."""

    text: str
    hidden: str
    pictures: int


@dataclass
class _Characters:
    """The n characters of a page, as they were written.

    Attributes:
        after_space: (n,) whether a space precedes it.
        boxes: (n, 4) left, top, right, bottom on the upright page, in points; y grows downwards.
        turns: (n,) quarter turns that its line is turned by, against the clock.
        along: (n, 4) the boxes if the page is turned so that the line runs from left to right.
    """

    letters: list[str]
    after_space: npt.NDArray[np.bool_]
    boxes: Boxes
    turns: npt.NDArray[np.int64]
    along: Boxes


def read_pdf(data: bytes, limits: Limits, keep_hidden: bool) -> Document:
    """Read a PDF.

    Raises:
        UnreadableError: It is damaged, encrypted or too long, or has no text.
    """
    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise UnreadableError("is encrypted: save it without a password") from None
        raise UnreadableError("is a damaged PDF") from None
    with pdf:
        if len(pdf) > limits.pages:
            raise UnreadableError(f"has {len(pdf):,} pages, more than {limits.pages:,}")
        pages = [_read_page(page, keep_hidden) for page in pdf]
    texts = [page.text for page in pages]
    notes = []
    doubtful = [i for i, text in enumerate(texts) if quality(text).looks_wrong]
    better = _read_again(data, pages, doubtful) if doubtful else {}
    for i, text in better.items():
        texts[i] = text
    if better:
        notes.append(f"pypdf read pages {_numbers(better)} better than pdfium")
    if worse := [i for i in doubtful if i not in better]:
        notes.append(f"the text of pages {_numbers(worse)} looks wrong or is not English")
    empty = [i for i, page in enumerate(pages) if page.pictures and not texts[i].strip()]
    hidden = "\n".join(page.hidden for page in pages if page.hidden)
    if not "".join(texts).strip():
        if hidden:
            raise UnreadableError("has only text that a person can't see")
        what = "pages that are pictures (a scan)" if empty else "pages"
        advice = ": recognise it first, for example with ocrmypdf" if empty else ""
        raise UnreadableError(f"has {len(pages)} {what} without text{advice}")
    if empty:
        notes.append(f"pages {_numbers(empty)} are pictures without text")
    engine = "pdfium" if not better else "pypdf" if len(better) == len(pages) else "pdfium, pypdf"
    text = "\n\n".join(text for text in texts if text)
    return Document("", "", text, engine, len(pages), hidden, tuple(notes))


def _numbers(pages: Sequence[int] | dict[int, str]) -> str:
    shown = [str(i + 1) for i in pages]
    return ", ".join(shown[:10]) + (", …" if len(shown) > 10 else "")


def _read_again(data: bytes, pages: Sequence[_Page], doubtful: Sequence[int]) -> dict[int, str]:
    """Return what pypdf reads better, by page; pypdf can't tell hidden text."""
    better = {}
    try:
        reader = PdfReader(io.BytesIO(data))
        for i in doubtful:
            if pages[i].hidden:
                continue
            text = join_broken_words(reader.pages[i].extract_text())
            if quality(text).score > quality(pages[i].text).score + _CLEARLY:
                better[i] = text
    except MemoryError:
        raise
    except Exception:
        # pypdf raises whatever its parts raise. pdfium's reading stands.
        return better
    return better


def _read_page(page: pdfium.PdfPage, keep_hidden: bool) -> _Page:
    pictures = sum(1 for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))
    characters = _characters(page)
    if not characters.letters:
        return _Page("", "", pictures)
    drawn, scale = _drawn(page)
    # By the direction that a text runs in: each has an order of its own.
    pieces: dict[int, list[Piece]] = {}
    hidden: list[str] = []
    for order, (piece, words) in enumerate(_pieces(characters)):
        seen = []
        was_hidden = False
        for word in words:
            text = "".join(characters.letters[i] for i in word)
            if any(map(str.isalnum, text)):
                was_hidden = _is_hidden(characters.boxes[word], drawn, scale)
            if was_hidden:
                hidden.append(text)
            if keep_hidden or not was_hidden:
                seen.append(text)
        if seen:
            x0, y0 = characters.along[piece, :2].min(axis=0)
            x1, y1 = characters.along[piece, 2:].max(axis=0)
            turn = int(characters.turns[piece[0]])
            pieces.setdefault(turn, []).append(Piece(" ".join(seen), x0, y0, x1, y1, order))
    directions = sorted(pieces.values(), key=len, reverse=True)
    text = "\n\n".join(map(in_reading_order, directions))
    return _Page(tidy(join_broken_words(text)), tidy(" ".join(hidden)), pictures)


def _characters(page: pdfium.PdfPage) -> _Characters:
    """Return the characters of a page that are no spaces."""
    textpage = page.get_textpage()
    rectangle, side = raw.FS_RECTF(), [ctypes.c_double() for _ in range(4)]
    letters, after_space, corners, angles = [], [], [], []
    space = True
    for i in range(raw.FPDFText_CountChars(textpage)):
        letter = chr(raw.FPDFText_GetUnicode(textpage, i))
        if letter.isspace() or letter == "\0":
            space = True
            continue
        raw.FPDFText_GetLooseCharBox(textpage, i, rectangle)
        box = (rectangle.left, rectangle.top, rectangle.right, rectangle.bottom)
        if abs(box[1] - box[3]) < 0.1:
            # The font does not say how high its letters are.
            raw.FPDFText_GetCharBox(textpage, i, *side)
            left, right, bottom, top = (value.value for value in side)
            box = (left, top, right, bottom)
        letters.append("-" if raw.FPDFText_IsHyphen(textpage, i) == 1 else letter)
        after_space.append(space)
        corners.append(box)
        angles.append(raw.FPDFText_GetCharAngle(textpage, i))
        space = False
    textpage.close()
    boxes, turns = _on_paper(page, np.array(corners).reshape(-1, 2, 2), np.array(angles))
    x0, y0, x1, y1 = boxes.T
    turned = np.array(
        [[x0, y0, x1, y1], [-y1, x0, -y0, x1], [-x1, -y1, -x0, -y0], [y0, -x1, y1, -x0]]
    )
    along = turned[turns, :, np.arange(len(turns))]
    return _Characters(letters, np.array(after_space, dtype=bool), boxes, turns, along)


def _on_paper(
    page: pdfium.PdfPage, corners: Boxes, angles: Boxes
) -> tuple[Boxes, npt.NDArray[np.int64]]:
    """Return boxes (n, 4) and quarter turns (n,) on the page as it is shown: cropped and upright.

    Args:
        page: a page.
        corners: (n, 2, 2), two opposite ones of each box, in the page's own coordinates.
        angles: (n,) of the letters there.
    """
    width, height = page.get_size()
    x, y = ctypes.c_int(), ctypes.c_int()

    def shown(point: tuple[int, int]) -> Boxes:
        # In hundredths of a point, as the function returns whole numbers.
        size = (round(100 * width), round(100 * height))
        raw.FPDF_PageToDevice(page, 0, 0, *size, 0, *point, x, y)
        return np.array([x.value, y.value]) / 100

    origin = shown((0, 0))
    axes = np.array([shown((100, 0)) - origin, shown((0, 100)) - origin]) / 100
    corners = corners @ axes + origin
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    direction = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ axes
    turns = np.round(np.arctan2(-direction[:, 1], direction[:, 0]) / (np.pi / 2))
    return boxes, turns.astype(np.int64) % 4


def _pieces(characters: _Characters) -> Iterator[tuple[list[int], list[list[int]]]]:
    """Yield parts of lines without a wide gap, as they were written, and the words of each."""
    along = characters.along
    height = np.maximum(along[:, 3] - along[:, 1], 0.1)
    height = np.maximum(height[:-1], height[1:])
    gap = along[1:, 0] - along[:-1, 2]
    middle = (along[:, 1] + along[:, 3]) / 2
    ends = (
        (np.abs(np.diff(middle)) > height / 2)
        | (gap > _COLUMN_GAP * height)
        | (gap < -height)
        | (np.diff(characters.turns) != 0)
    )
    gap = gap / height
    for piece in np.split(np.arange(len(middle)), np.flatnonzero(ends) + 1):
        inner = gap[piece[:-1]]
        breaks = (inner > _WORD_GAP) | characters.after_space[piece[1:]]
        # S p a c e d letters: most words are single letters. Then the gaps between words are
        # those that are wider than most.
        if len(piece) > 3 and breaks.sum() > 0.6 * (len(piece) - 1):
            breaks = inner > 1.6 * max(float(np.median(inner)), _WORD_GAP / 2)
        words = np.split(piece, np.flatnonzero(breaks) + 1)
        yield piece.tolist(), [word.tolist() for word in words]


def _drawn(page: pdfium.PdfPage) -> tuple[Pixels, float]:
    """Return a page as a picture (height, width, 3), and its pixels a point."""
    width, height = page.get_size()
    scale = min(_SCALE, math.sqrt(_MOST_PIXELS / max(width * height, 1)))
    bitmap = page.render(scale=scale, force_bitmap_format=raw.FPDFBitmap_BGR)
    return bitmap.to_numpy().copy(), scale


def _is_hidden(boxes: Boxes, drawn: Pixels, scale: float) -> bool:
    """Return whether a person can't see the letters with these boxes (n, 4), in points."""
    x0, y0 = boxes[:, :2].min(axis=0)
    x1, y1 = boxes[:, 2:].max(axis=0)
    if min(x1 - x0, y1 - y0) < 0.5 or (boxes[:, 3] - boxes[:, 1]).max() < SMALLEST:
        return (boxes[:, 2:] - boxes[:, :2]).max() < SMALLEST
    # Where small letters stand: the lines above and below do not reach in.
    top, bottom = y0 + 0.3 * (y1 - y0), y0 + 0.8 * (y1 - y0)
    left, upper = (max(math.floor(value * scale), 0) for value in (x0, top))
    right, lower = (max(math.ceil(value * scale), 0) for value in (x1, bottom))
    seen = drawn[upper:lower, left:right].reshape(-1, 3)
    return len(seen) == 0 or int(np.ptp(seen, axis=0).max()) < _LEAST_CONTRAST
