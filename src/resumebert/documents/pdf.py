"""Text of PDF files: pdfium reads, checks itself, and pypdf has a try at pages that look wrong.

pdfium gives each character with its box; words, lines and columns are made of these here. A word
counts as hidden where the page, drawn as a picture, shows nothing in its place: that covers white
text, text on a dark ground (which can be seen), text off the page, and invisible modes alike.
"""

import ctypes
import io
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from resumebert.documents.document import Document, Limits, UnreadableError, tidy
from resumebert.documents.layout import Piece, in_reading_order
from resumebert.documents.look import SMALLEST
from resumebert.documents.quality import join_broken_words, quality

# Pixels a point: letters of 4 points can be told from the ground.
_SCALE = 1.5
_MOST_PIXELS = 4_000_000
# Of 255: drawn in place of a word, this is the least that an eye sees.
_LEAST_CONTRAST = 16
# In units of the letters' height: a gap between words, and one between columns.
_WORD_GAP, _COLUMN_GAP = 0.2, 1.0
# pypdf must be better by this to be preferred.
_CLEARLY = 0.03
# pdfium's own sign for a hyphen at the end of a line is U+0002.
_HYPHENS = ("\x02", "\xad")

Boxes = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass
class _Page:
    """What pdfium reads of a page, and whether it shows a picture."""

    text: str
    hidden: str
    pictures: bool


@dataclass
class _Characters:
    """The n characters of a page, as they were written.

    ``boxes`` (n, 4) are left, top, right, bottom on the upright page, in points; y grows downwards.
    ``turns`` are quarter turns of their lines, against the clock, and ``along`` the boxes if the
    page is turned so that the line runs from left to right.
    """

    letters: list[str]
    after_space: npt.NDArray[np.bool_]
    boxes: Boxes
    turns: npt.NDArray[np.int64]
    along: Boxes


def read_pdf(data: bytes, limits: Limits, keep_hidden: bool) -> Document:
    """Read a PDF."""
    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise UnreadableError("is encrypted: save it without a password") from None
        raise UnreadableError("is a damaged PDF") from None
    with pdf:
        if len(pdf) > limits.pages:
            raise UnreadableError(f"has {len(pdf):,} pages, more than {limits.pages:,}")
        pages = [_read_page(_filled_in(pdf, i), keep_hidden) for i in range(len(pdf))]
    texts = [page.text for page in pages]
    notes = []
    doubtful = [i for i, text in enumerate(texts) if quality(text).looks_wrong]
    better = _read_again(data, pages, doubtful) if doubtful else {}
    for i, text in better.items():
        texts[i] = text
    if better:
        notes.append(f"pypdf read {_numbers(better)} better than pdfium")
    if worse := [i for i in doubtful if i not in better]:
        notes.append(f"the text of {_numbers(worse)} looks wrong or is not English")
    empty = [i for i, page in enumerate(pages) if page.pictures and not texts[i].strip()]
    hidden = "\n".join(page.hidden for page in pages if page.hidden)
    if not "".join(texts).strip():
        if hidden:
            raise UnreadableError("has only text that a person can't see")
        scan = " but pictures (a scan): recognise it first, for example with ocrmypdf"
        raise UnreadableError(f"has no text on its pages{scan if empty else ''}")
    if empty:
        notes.append(f"no text but pictures on {_numbers(empty)}")
    engine = "pdfium" if not better else "pypdf" if len(better) == len(pages) else "pdfium, pypdf"
    text = "\n\n".join(text for text in texts if text)
    return Document("", "", text, engine, len(pages), hidden, tuple(notes))


def _filled_in(pdf: pdfium.PdfDocument, index: int) -> pdfium.PdfPage:
    """Return a page, with what is filled into a form as text of its own."""
    page = pdf[index]
    if raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS:
        page.close()
        page = pdf[index]
    return page


def _numbers(pages: Collection[int]) -> str:
    shown = ", ".join([str(i + 1) for i in pages][:10])
    return f"page{'s' * (len(pages) > 1)} {shown}{', …' * (len(pages) > 10)}"


def _read_again(data: bytes, pages: Sequence[_Page], doubtful: Sequence[int]) -> dict[int, str]:
    """Return what pypdf reads better, by page; pypdf can't tell hidden text."""
    # It takes a while to import, and most files do without.
    from pypdf import PdfReader

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
        # pypdf raises whatever its parts raise. Then pdfium's reading stands.
        pass
    return better


def _read_page(page: pdfium.PdfPage, keep_hidden: bool) -> _Page:
    pictures = any(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))
    characters = _characters(page)
    if not characters.letters:
        return _Page("", "", pictures)
    starts, piece_starts = _words(characters)
    shown = _shown(page, characters.boxes, starts)
    # By the direction that a text runs in: each has an order of its own.
    pieces: dict[int, list[Piece]] = {}
    hidden: list[str] = []
    ends = [*starts[1:], len(characters.letters)]
    words = ["".join(characters.letters[i:j]) for i, j in zip(starts, ends, strict=True)]
    was_shown = True
    for order, piece in enumerate(np.split(np.arange(len(starts)), piece_starts)):
        seen = []
        for i in piece:
            # Punctuation is too small to tell.
            if any(map(str.isalnum, words[i])):
                was_shown = bool(shown[i])
            if not was_shown:
                hidden.append(words[i])
            if keep_hidden or was_shown:
                seen.append(words[i])
        if seen:
            boxes = characters.along[starts[piece[0]] : ends[piece[-1]]]
            x0, y0 = boxes[:, :2].min(axis=0)
            x1, y1 = boxes[:, 2:].max(axis=0)
            turn = int(characters.turns[starts[piece[0]]])
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
        letters.append("-" if letter in _HYPHENS else letter)
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

    ``corners`` (n, 2, 2) are two opposite ones of each box, in the page's own coordinates.
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
    # pdfium counts angles with the clock.
    direction = np.stack([np.cos(angles), -np.sin(angles)], axis=1) @ axes
    turns = np.round(np.arctan2(-direction[:, 1], direction[:, 0]) / (np.pi / 2))
    return boxes, turns.astype(np.int64) % 4


def _words(characters: _Characters) -> tuple[Indices, Indices]:
    """Return the first character of each word, and, of all but the first piece, the first word.

    A piece is a part of a line without a wide gap, in the order of writing.
    """
    along = characters.along
    height = np.maximum(along[:, 3] - along[:, 1], 0.1)
    height = np.maximum(height[:-1], height[1:])
    middle = (along[:, 1] + along[:, 3]) / 2
    gap = (along[1:, 0] - along[:-1, 2]) / height
    new_piece = (
        (np.abs(np.diff(middle)) > height / 2)
        | (gap > _COLUMN_GAP)
        | (gap < -1)
        | (np.diff(characters.turns) != 0)
    )
    new_word = new_piece | (gap > _WORD_GAP) | characters.after_space[1:]
    firsts = np.flatnonzero(new_piece) + 1
    for start, end in zip([0, *firsts], [*firsts - 1, len(gap)], strict=True):
        # S p a c e d letters: most words are single letters. Then the gaps between words are
        # those that are wider than most.
        if end - start > 3 and new_word[start:end].mean() > 0.6:
            inner = gap[start:end]
            new_word[start:end] = inner > 1.6 * max(float(np.median(inner)), _WORD_GAP / 2)
    words = np.flatnonzero(np.concatenate([[True], new_word]))
    return words, np.searchsorted(words, firsts)


def _shown(page: pdfium.PdfPage, boxes: Boxes, starts: Indices) -> npt.NDArray[np.bool_]:
    """Return whether the page, drawn as a picture, shows something where each word stands."""
    width, height = page.get_size()
    scale = min(_SCALE, math.sqrt(_MOST_PIXELS / max(width * height, 1)))
    bitmap = page.render(scale=scale, force_bitmap_format=raw.FPDFBitmap_BGR)
    drawn = bitmap.to_numpy()
    heights = np.maximum.reduceat(boxes[:, 3] - boxes[:, 1], starts)
    x0, y0 = np.minimum.reduceat(boxes[:, :2], starts).T
    x1, y1 = np.maximum.reduceat(boxes[:, 2:], starts).T
    # Where small letters stand, so that the lines above and below do not reach in.
    corners = np.stack([x0, y0 + 0.3 * (y1 - y0), x1 + 1, y0 + 0.8 * (y1 - y0) + 1], axis=1)
    shown = heights >= SMALLEST
    for i, (left, top, right, bottom) in enumerate((corners * scale).clip(0).astype(int)):
        if shown[i]:
            place = drawn[top:bottom, left:right]
            contrast = np.ptp(place, axis=(0, 1)).max() if place.size else 0
            shown[i] = contrast >= _LEAST_CONTRAST
    return shown
