"""PDF files of many layouts: nearly every word is read, columns and tables in order."""

import io
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from documents import made
from resumebert.documents import Document, Limits, pdf, read_document
from resumebert.documents.quality import Quality, quality

LONG = [made.sentences(12, seed, 20) for seed in (1, 2)]
SHORT = [made.sentences(30, seed, 5) for seed in (1, 2)]
ROWS = [[f"2{i:03d}", f"senior developer{i}", f"company {i}"] for i in range(25)]
LAYOUTS = {
    "two columns": (
        made.two_columns(*LONG),
        [made.HEADER, *LONG[0], *LONG[1], made.FOOTER],
    ),
    "zipped columns": (made.zipped_columns(*SHORT), [*SHORT[0], *SHORT[1]]),
    "table": (made.table(ROWS), [cell for row in ROWS for cell in row]),
    "letter-spaced": (made.letter_spaced(SHORT[0]), SHORT[0]),
    "letters with spaces": (
        made.letter_spaced(["   ".join(" ".join(w) for w in s.split()) for s in SHORT[0]], 0),
        SHORT[0],
    ),
    "recognised scan": (made.scan(SHORT[0], recognised=True), SHORT[0]),
}


def words(lines: Sequence[str]) -> list[str]:
    return re.findall(r"\w+", " ".join(lines))


def draw(*lines: tuple[float, float, str], size: float = 11) -> bytes:
    def paint(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", size)
        for x, y, text in lines:
            canvas.drawString(x, y, text)

    return made.pdf(paint)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_words_of_each_layout(layout):
    data, lines = LAYOUTS[layout]
    document = read_document(data)
    assert (document.error, document.hidden_text) == (None, "")
    expected, found = Counter(words(lines)), Counter(words([document.text]))
    assert sum((expected & found).values()) >= 0.99 * sum(expected.values())
    assert sum(found.values()) <= 1.01 * sum(expected.values())


@pytest.mark.parametrize("layout", ["two columns", "zipped columns"])
def test_columns_are_read_one_after_the_other(layout):
    data, lines = LAYOUTS[layout]
    text = read_document(data).text
    found = re.findall(r"item\d+", text)
    assert found == sorted(found)
    assert len(found) == sum(line.startswith("item") for line in lines)


def test_a_heading_above_and_a_line_below_columns_stay_there():
    document = read_document(LAYOUTS["two columns"][0])
    assert document.text.startswith(made.HEADER)
    assert document.text.endswith(made.FOOTER)


def test_a_table_is_read_row_by_row():
    text = read_document(LAYOUTS["table"][0]).text
    assert text.splitlines() == ["\t".join(row) for row in ROWS]


def test_dates_at_the_right_stay_in_their_lines():
    lines = [
        (x, 700 - 15 * i, text)
        for i in range(6)
        for x, text in ((50, f"Company {i}, Leipzig"), (480, f"201{i} to 202{i}"))
    ]
    assert read_document(draw(*lines)).text.splitlines() == [
        f"Company {i}, Leipzig\t201{i} to 202{i}" for i in range(6)
    ]


def test_the_order_is_that_of_the_page_not_of_the_file():
    lines = [(50, 700 - 15 * i, f"line{i} of the text") for i in (3, 0, 2, 1)]
    assert re.findall(r"line(\d)", read_document(draw(*lines)).text) == list("0123")


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_pages_and_turned_text(degrees):
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(LAYOUTS["zipped columns"][0])))
    writer.pages[0].rotate(degrees)
    turned = io.BytesIO()
    writer.write(turned)
    assert re.findall(r"item\d+", read_document(turned.getvalue()).text) == sorted(
        re.findall(r"item\d+", " ".join(LAYOUTS["zipped columns"][1]))
    )

    def paint(canvas: Canvas) -> None:
        canvas.translate(300, 420)
        canvas.rotate(degrees)
        canvas.drawString(0, 20, "first line of words")
        canvas.drawString(0, 0, "second line of words")

    text = read_document(made.pdf(paint)).text
    assert text == "first line of words\nsecond line of words"


def test_words_broken_at_the_end_of_a_line_are_joined():
    document = read_document(draw((50, 700, "with much experi-"), (50, 686, "ence in Java")))
    assert document.text == "with much experience\nin Java"


def test_what_is_filled_into_a_form_is_read():
    def paint(canvas: Canvas) -> None:
        canvas.drawString(50, 800, "Name:")
        canvas.acroForm.textfield(value="Maria Jones", x=100, y=790, width=200, height=20)

    assert read_document(made.pdf(paint)).text.split() == ["Name:", "Maria", "Jones"]


def hidden_and_seen(canvas: Canvas) -> None:
    canvas.drawString(50, 800, "seen plain")
    canvas.setFillColor(colors.white)
    canvas.drawString(50, 780, "hidden white")
    canvas.setFillColor(colors.Color(0.98, 0.98, 0.98))
    canvas.drawString(50, 760, "hidden nearlywhite")
    canvas.setFillColor(colors.darkblue)
    canvas.rect(40, 690, 400, 40, fill=1)
    canvas.setFillColor(colors.white)
    canvas.drawString(50, 705, "seen whiteonblue")
    canvas.setFillColor(colors.black)
    canvas.drawString(50, 660, "hidden covered")
    canvas.setFillColor(colors.white)
    canvas.rect(40, 650, 400, 30, fill=1, stroke=0)
    canvas.setFillColor(colors.black)
    canvas.drawString(5000, 640, "hidden offthepage")
    canvas.drawString(50, -40, "hidden belowthepage")
    canvas.saveState()
    text = canvas.beginText(50, 620)
    text.setTextRenderMode(3)
    text.textOut("hidden invisible")
    canvas.drawText(text)
    canvas.restoreState()
    canvas.setFont("Helvetica", 1)
    canvas.drawString(50, 600, "hidden tiny")
    canvas.setFont("Helvetica", 6)
    canvas.drawString(50, 580, "seen small")
    canvas.setFont("Helvetica", 12)
    canvas.setFillColor(colors.lightgrey)
    canvas.drawString(50, 560, "seen grey")


def test_what_nobody_can_see_is_left_out():
    data = made.pdf(hidden_and_seen)
    document = read_document(data)
    assert document.text == "seen plain\nseen whiteonblue\nseen small\nseen grey"
    hidden = {"white", "nearlywhite", "covered", "offthepage", "belowthepage", "invisible", "tiny"}
    assert set(document.hidden_text.split()) == {"hidden", *hidden}
    kept = read_document(data, keep_hidden=True)
    assert set(words([kept.text])) == set(words([document.text, document.hidden_text]))
    assert kept.hidden_text == document.hidden_text


def broken(kind: str) -> bytes:
    data, stream = LAYOUTS["two columns"][0], io.BytesIO()
    if kind == "encrypted":
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
        writer.encrypt("secret")
        writer.write(stream)
        return stream.getvalue()
    return {
        "damaged": b"%PDF-1.7\n" + bytes(range(256)) * 20,
        "scan": made.scan(SHORT[0]),
        "blank": made.pdf(lambda canvas: canvas.rect(10, 10, 20, 20)),
        "hidden": made.pdf(lambda canvas: canvas.drawString(-500, 10, "Python Java")),
        "empty": b"",
        "long": made.table(ROWS * 4),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("encrypted", "is encrypted: save it without a password"),
        ("damaged", "is a damaged PDF"),
        ("scan", "has no text on its pages but pictures (a scan): recognise"),
        ("blank", "has no text on its pages"),
        ("hidden", "has only text that a person can't see"),
        ("empty", "is empty (0 bytes)"),
        ("long", "pages, more than 1"),
    ],
)
def test_why_a_pdf_has_no_text(kind, told):
    document = read_document(broken(kind), name="a.pdf", limits=Limits(pages=1))
    assert told in str(document.error)
    assert (document.name, document.text) == ("a.pdf", "")


def test_a_truncated_file_is_read_or_told():
    data = LAYOUTS["two columns"][0]
    for end in range(100, len(data), len(data) // 6):
        document = read_document(data[:end])
        assert bool(document.text) != bool(document.error)


def test_a_page_that_is_a_picture_among_others_is_noted():
    writer = PdfWriter()
    for data in (LAYOUTS["table"][0], made.scan(SHORT[0])):
        writer.append(io.BytesIO(data))
    stream = io.BytesIO()
    writer.write(stream)
    document = read_document(stream.getvalue())
    assert document.pages == 2
    assert "no text but pictures on page 2" in document.notes


def test_another_engine_reads_pages_that_look_wrong(monkeypatch):
    whole = pdf._words

    def glued(characters: object) -> tuple[np.ndarray, np.ndarray]:
        """As if the font's widths were wrong: each line is one word."""
        words, pieces = whole(characters)
        return words[[0, *pieces]], np.arange(1, len(pieces) + 1)

    monkeypatch.setattr(pdf, "_words", glued)
    document = read_document(LAYOUTS["zipped columns"][0])
    assert document.engine == "pypdf"
    assert document.notes == ("pypdf read page 1 better than pdfium",)
    assert Counter(words([document.text])) == Counter(words(LAYOUTS["zipped columns"][1]))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (" ".join(LONG[0]), False),
        ("".join(LONG[0]).replace(" ", ""), False),
        ("\n".join(line.replace(" ", "") for line in LONG[0] * 3), True),
        (" ".join(" ".join(LONG[0]).replace(" ", "")), True),
        ("\ue001\ue002 " * 50 + " ".join(LONG[0]), True),
        ("Python, C, R", False),
    ],
)
def test_what_looks_wrong(text, wrong):
    assert quality(text).looks_wrong == wrong
    assert isinstance(quality(text), Quality)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9), min_size=1, max_size=60
    ),
    st.sampled_from([8, 11, 14]),
    st.integers(1, 3),
)
def test_lines_of_any_words_in_any_number_of_columns(tokens, size, columns):
    width = (A4[0] - 80) / columns
    lines = [
        (40 + width * (i % columns), 780 - 18 * (i // columns), token)
        for i, token in enumerate(tokens)
    ]
    document = read_document(draw(*lines, size=size))
    assert isinstance(document, Document)
    assert Counter(document.text.split()) == Counter(tokens)
