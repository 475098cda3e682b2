"""Documents of many layouts, made of the same words."""

import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence

from docx import Document as Word
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt, RGBColor
from PIL import Image, ImageDraw
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    PageTemplate,
    Paragraph,
    SimpleDocTemplate,
    Table,
    TableStyle,
)

WORDS = re.findall(
    r"\w+",
    "engineer software database project manager network security analyst python java developer "
    "university experience education skills team leader responsible company business customer "
    "support system design testing quality production server cloud data science research report "
    "training language english german french spanish degree bachelor master computer web page",
)
HEADER, FOOTER = "Curriculum vitae of Maria Jones", "Last changed in October, page one"


def sentences(count: int, seed: int = 0, words: int = 9) -> list[str]:
    """Return sentences, each with a number of its own."""
    draw = random.Random(seed)
    return [
        " ".join([f"item{seed}{i:02d}", *draw.choices(WORDS, k=words - 1)]) for i in range(count)
    ]


def pdf(paint: Callable[[Canvas], None], **options: object) -> bytes:
    """Return a PDF of what ``paint`` draws."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, **options)
    paint(canvas)
    canvas.save()
    return stream.getvalue()


def two_columns(left: Sequence[str], right: Sequence[str]) -> bytes:
    """Return two columns of paragraphs below a heading, written one after the other."""
    stream = io.BytesIO()
    style = getSampleStyleSheet()["Normal"]
    frames = [Frame(50, 60, 235, 680), Frame(310, 60, 235, 680)]

    def decorate(canvas: Canvas, _: object) -> None:
        canvas.drawString(50, 800, HEADER)
        canvas.drawCentredString(A4[0] / 2, 30, FOOTER)

    template = BaseDocTemplate(stream, pagesize=A4)
    template.addPageTemplates(PageTemplate(frames=frames, onPage=decorate))
    from reportlab.platypus import FrameBreak

    template.build(
        [Paragraph(t, style) for t in left] + [FrameBreak()] + [Paragraph(t, style) for t in right]
    )
    return stream.getvalue()


def zipped_columns(left: Sequence[str], right: Sequence[str]) -> bytes:
    """Return two columns that are written line by line, each line of both."""

    def paint(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 9)
        for i, lines in enumerate(zip(left, right, strict=True)):
            for x, line in zip((50, 310), lines, strict=True):
                canvas.drawString(x, 750 - 12 * i, line)

    return pdf(paint)


def table(rows: Sequence[Sequence[str]]) -> bytes:
    """Return a table with rules."""
    stream = io.BytesIO()
    grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)])
    SimpleDocTemplate(stream).build([Table(rows, style=grid)])
    return stream.getvalue()


def letter_spaced(lines: Sequence[str], space: float = 4) -> bytes:
    """Return lines with space between the letters."""

    def paint(canvas: Canvas) -> None:
        for i, line in enumerate(lines):
            canvas.drawString(40, 800 - 16 * i, line, charSpace=space)

    return pdf(paint)


def scan(lines: Sequence[str], *, recognised: bool = False) -> bytes:
    """Return a picture of lines; ``recognised``: with the invisible text that OCR adds."""
    picture = Image.new("L", (1240, 1754), 255)
    draw = ImageDraw.Draw(picture)
    for i, line in enumerate(lines):
        draw.text((100, 100 + 50 * i), line, fill=0, font_size=24)

    def paint(canvas: Canvas) -> None:
        from reportlab.lib.utils import ImageReader

        canvas.drawImage(ImageReader(picture), 0, 0, *A4)
        if recognised:
            for i, line in enumerate(lines):
                text = canvas.beginText(48, A4[1] - 59 - 24 * i)
                text.setTextRenderMode(3)
                text.setFont("Helvetica", 11)
                text.textOut(line)
                canvas.drawText(text)

    return pdf(paint)


def word(build: Callable[[object], None]) -> bytes:
    """Return a Word document of what ``build`` adds."""
    document = Word()
    build(document)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def whole_word_document() -> tuple[bytes, list[str]]:
    """Return a Word document with text in all places, and its lines in order."""
    lines = [HEADER, *sentences(8, seed=7), FOOTER]

    def build(document: object) -> None:
        section = document.sections[0]
        section.header.paragraphs[0].text = lines[0]
        section.footer.paragraphs[0].text = lines[-1]
        document.add_heading(lines[1])
        document.add_paragraph(lines[2], style="List Bullet")
        document.add_paragraph(lines[3], style="List Number")
        cells = document.add_table(rows=1, cols=2).rows[0].cells
        cells[0].text, cells[1].text = lines[4], lines[5]
        inner = cells[1].add_table(rows=1, cols=1)
        inner.rows[0].cells[0].text = lines[6]
        paragraph = document.add_paragraph()
        paragraph.add_run()._r.append(text_box(lines[7]))
        document.add_paragraph(lines[8])

    return word(build), lines


def text_box(text: str) -> object:
    """Return a text box as Word writes it: once for new readers, once for old ones."""
    content = f"<w:txbxContent><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:txbxContent>"
    spaces = (
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
        'xmlns:v="urn:schemas-microsoft-com:vml" ' + nsdecls("w", "wp", "a")
    )
    return parse_xml(
        f'<mc:AlternateContent {spaces}><mc:Choice Requires="wps"><w:drawing><wp:inline>'
        f"<a:graphic><a:graphicData><wps:wsp><wps:txbx>{content}</wps:txbx></wps:wsp>"
        f"</a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:shape><v:textbox>{content}</v:textbox></v:shape></w:pict>"
        f"</mc:Fallback></mc:AlternateContent>"
    )


def word_with_hidden_text() -> bytes:
    """Return a Word document with "seen" and "hidden" runs."""

    def build(document: object) -> None:
        for text, change in (
            ("seen plain", lambda font: None),
            ("hidden white", lambda font: setattr(font.color, "rgb", RGBColor(255, 255, 255))),
            ("hidden nearly white", lambda f: setattr(f.color, "rgb", RGBColor(250, 250, 250))),
            ("hidden vanished", lambda font: setattr(font, "hidden", True)),
            ("hidden tiny", lambda font: setattr(font, "size", Pt(1))),
            ("seen grey", lambda font: setattr(font.color, "rgb", RGBColor(160, 160, 160))),
        ):
            change(document.add_paragraph().add_run(text).font)
        cell = document.add_table(rows=1, cols=1).rows[0].cells[0]
        cell._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:fill="1F3864"/>'))
        cell.paragraphs[0].add_run("seen white on blue").font.color.rgb = RGBColor(255, 255, 255)
        style = document.styles.add_style("Ghost", 1)
        style.font.color.rgb = RGBColor(255, 255, 255)
        document.add_paragraph("hidden by style", style="Ghost")

    return word(build)


def word_with_a_box_off_the_page() -> bytes:
    """Return a Word document with a text box ten inches left of the page."""
    box = text_box("hidden box")
    inline = box.find(".//{*}inline")
    inline.tag = inline.tag.replace("inline", "anchor")
    place = "<wp:positionH {}><wp:posOffset>-9144000</wp:posOffset></wp:positionH>"
    inline.insert(0, parse_xml(place.format(nsdecls("wp"))))
    return word(lambda document: document.add_paragraph("seen").add_run()._r.append(box))


def open_document(body: str, styles: str = "", page: str = "") -> bytes:
    """Return an odt of the XML of its body, its automatic styles and its master page."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{uri}:1.0"'
        for name, uri in {
            "office": "office", "text": "text", "table": "table", "style": "style",
            "draw": "drawing", "fo": "xsl-fo-compatible",
        }.items()
    )  # fmt: skip
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text", 0)
        package.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:automatic-styles>{styles}"
            f"</office:automatic-styles><office:body><office:text>{body}</office:text>"
            f"</office:body></office:document-content>",
        )
        package.writestr(
            "styles.xml",
            f"<office:document-styles {spaces}><office:master-styles><style:master-page>{page}"
            f"</style:master-page></office:master-styles></office:document-styles>",
        )
    return stream.getvalue()
