"""Every kind of document but PDF: all its text in order, what nobody sees apart, mistakes told."""

import io
import re
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import made
from resumebert.documents import Limits, read_document

LINES = made.sentences(6, seed=3)
ODT_STYLES = """
<style:style style:name="W" style:family="text">
<style:text-properties fo:color="#ffffff"/></style:style>
<style:style style:name="V" style:family="text" style:parent-style-name="B">
<style:text-properties text:display="none"/></style:style>
<style:style style:name="T" style:family="paragraph">
<style:text-properties fo:font-size="1pt"/></style:style>
<style:style style:name="B" style:family="table-cell">
<style:table-cell-properties fo:background-color="#000080"/></style:style>
"""
ODT_BODY = """
<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
<text:h>{0}</text:h>
<text:list><text:list-item><text:p>{1}</text:p></text:list-item></text:list>
<table:table><table:table-row><table:table-cell table:style-name="B"><text:p>
<text:span text:style-name="W">{2}</text:span></text:p></table:table-cell></table:table-row>
</table:table>
<text:p>seen<text:s text:c="3"/><text:span text:style-name="W">hidden white</text:span>
<text:span text:style-name="V">hidden vanished</text:span></text:p>
<text:p text:style-name="T">hidden tiny</text:p>
<text:p><draw:frame><draw:text-box><text:p>{3}</text:p></draw:text-box></draw:frame></text:p>
"""
HTML = """<!DOCTYPE html><html><head><title>no</title><style>
/* .b {{display: none}} */ @media print {{ .c {{ display: none }} }}
.ghost, p.other {{ color: #fff; }} #gone {{ display: none }} .dark {{ background: navy }}
</style><script>no()</script></head><body><h1>{0}</h1><!-- no --><p class="b c">{1}</p>
<table><tr><td>{2}</td><td>{3}</td></tr></table><ul><li>one<li>two</ul>
<p class="ghost">hidden white</p><div id="gone"><p>hidden gone</p></div>
<span style="font-size: 1px">hidden tiny</span> <span hidden>hidden attribute</span>
<div style="position:absolute; left:-9999px">hidden away</div>
<div style="opacity: 0">hidden pale</div>
<div class="dark"><p class="ghost">seen white</p></div></body></html>"""
RTF = r"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}}
{\colortbl ;\red255\green255\blue255;\red0\green0\blue128;}{\*\generator no;}{\info{\title no}}
{\header \pard page header\par}
\pard {\b caf\'e9} r\u233?sum\u233 ?\par
{\f1 \'cc\'ee\'f1\'ea\'e2\'e0}\par
{\v hidden vanished}{\cf1 hidden white}{\fs2 hidden tiny}\v hidden on\v0 \par
{\highlight2\cf1 seen white}\par
\trowd\clcbpat2\cellx100\cellx200\pard\intbl\cf1 cell one\cell\cf0 cell two\cell\row
\pard {\pict\bin5 ab}}c}{\field{\*\fldinst HYPERLINK "no"}{\fldrslt link}}\par
{\shp{\*\shpinst{\sp{\sn no}{\sv no}}{\shptxt \pard box\par}}{\shprslt no}}
{\footer \pard page footer\par}}"""


def mail(**options: object) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@b.c", "d@e.f", "My application"
    message["Date"] = "Mon, 1 Jan 2024 10:00:00 +0000"
    message.set_content(LINES[0], **options)
    return message.as_bytes()


def test_word_with_text_everywhere():
    data, lines = made.whole_word_document()
    document = read_document(data, name="a.docx")
    assert [line for line in document.text.splitlines() if line] == lines
    assert (document.kind, document.engine, document.error) == ("docx", "lxml", None)


def test_what_word_hides():
    document = read_document(made.word_with_hidden_text())
    assert document.text.split("\n\n") == ["seen plain", "seen grey", "seen white on blue"]
    assert document.hidden_text.splitlines() == [
        "hidden white", "hidden nearly white", "hidden vanished", "hidden tiny", "hidden by style",
    ]  # fmt: skip
    kept = read_document(made.word_with_hidden_text(), keep_hidden=True)
    assert kept.text.count("hidden") == 5


def test_a_text_box_off_the_page_is_hidden():
    document = read_document(made.word_with_a_box_off_the_page())
    assert (document.text, document.hidden_text) == ("seen", "hidden box")


def test_white_text_on_a_shape_that_lies_behind_is_kept():
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    from docx.shared import RGBColor

    def build(document: object) -> None:
        run = document.add_paragraph().add_run("Maria Jones")
        run.font.color.rgb = RGBColor(255, 255, 255)
        anchor = f'<w:drawing {nsdecls("w", "wp")}><wp:anchor behindDoc="1"/></w:drawing>'
        run._r.append(parse_xml(anchor))

    document = read_document(made.word(build))
    assert document.text == "Maria Jones"
    assert "white text was kept" in document.notes[0]


def test_open_document():
    page = "".join(
        f"<style:{place}><text:p>{line}</text:p></style:{place}>"
        for place, line in zip(("header", "footer"), LINES[4:], strict=True)
    )
    data = made.open_document(ODT_BODY.format(*LINES), ODT_STYLES, page)
    document = read_document(data, name="a.odt")
    shown = [LINES[4], LINES[5], LINES[0], LINES[1], LINES[2], "seen", LINES[3]]
    assert [line for line in document.text.splitlines() if line] == shown
    assert document.hidden_text.split()[::2] == 3 * ["hidden"]


def test_html():
    document = read_document(HTML.format(*LINES).encode(), name="a.html")
    shown = [LINES[0], LINES[1], f"{LINES[2]}\t{LINES[3]}", "one", "two", "seen white"]
    assert [line for line in document.text.splitlines() if line] == shown
    hidden = ["white", "gone", "tiny", "attribute", "away", "pale"]
    assert document.hidden_text.split() == [word for h in hidden for word in ("hidden", h)]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("named", [True, False])
def test_html_and_text_in_encodings(encoding, named):
    charset = f'<meta charset="{encoding}">' if named else ""
    page = f"<html><head>{charset}</head><body>café – ok</body></html>".encode(encoding)
    assert read_document(page).text == "café – ok"
    assert read_document("café – ok".encode(encoding)).text == "café – ok"


def test_markdown():
    text = "# Maria\n\n- one *two*\n- [three](http://x)\n\n<!--no-->\n\n|a|b |\n|-|-|\n|c|d|"
    document = read_document(text.encode(), name="a.md")
    assert document.text.split() == ["Maria", "one", "two", "three", "a", "b", "c", "d"]
    assert document.kind == "md"


def test_rtf():
    document = read_document(RTF.encode("latin-1"), name="a.rtf")
    assert [line for line in document.text.splitlines() if line] == [
        "page header", "café résumé", "Москва", "seen white", "cell one\tcell two", "link", "box",
        "page footer",
    ]  # fmt: skip
    assert document.hidden_text == "hidden vanishedhidden whitehidden tinyhidden on"


def test_mail_with_a_resume_attached():
    message = EmailMessage()
    message["From"], message["Subject"] = "a@b.c", "My application"
    message["Date"] = "Mon, 1 Jan 2024 10:00:00 +0000"
    message.set_content(LINES[0])
    message.add_alternative(f"<p>{LINES[0]}</p>", subtype="html")
    word, lines = made.whole_word_document()
    for data, name in ((word, "cv.docx"), (b"", "empty.pdf")):
        message.add_attachment(data, maintype="application", subtype="x", filename=name)
    document = read_document(message.as_bytes(), name="a.eml")
    shown = [line for line in document.text.splitlines() if line]
    assert shown == ["My application", LINES[0], *lines]
    assert document.notes == (
        "attachment cv.docx was read", "attachment empty.pdf is empty (0 bytes)",
    )  # fmt: skip


def test_mail_of_other_encodings():
    for options in ({"cte": "base64"}, {"cte": "quoted-printable"}, {"charset": "iso-8859-1"}):
        assert read_document(mail(**options)).text == f"My application\n\n{LINES[0]}"


@pytest.mark.parametrize("name", ["a.pdf", "a.txt", "a.doc", "a", "a.rtf"])
def test_the_content_tells_the_kind(name):
    data, _ = made.whole_word_document()
    document = read_document(data, name=name)
    assert document.kind == "docx"
    wrong = name in ("a.pdf", "a.txt", "a.rtf")
    told = f"it is docx, although its name says {name[2:]}"
    assert document.notes == ((told,) if wrong else ())


def package(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


BOMB = b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;">]><w><t>&b;</t></w>'
WHOLE = made.whole_word_document()[0]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty (0 bytes)"),
        (b" \n\t", "is blank"),
        (b"<html><body> </body></html>", "has no text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "is a picture without text"),
        (bytes(range(256)), "is of an unknown kind"),
        (b"<?xml version='1.0'?><a/>", "is XML of an unknown kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "save it as docx"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "is encrypted",
        ),
        (WHOLE[:1000], "is a damaged zip file"),
        (package({"xl/workbook.xml": b""}), "is a zip file, but neither docx nor odt"),
        (package({"word/document.xml": bytes(300_000_000)}), "unpacks to 300 MB, more than 200 MB"),
        (package({"word/document.xml": BOMB}), "word/document.xml in it declares entities"),
        (package({"word/document.xml": b"<a><b>"}), "word/document.xml in it is no XML"),
        (package({"word/document.xml": b"<a/>"}), "has no text (a scan?)"),
        (b"<div>" * 100_000 + b"deep", None),
        (b"{\\rtf1 " + b"{" * 100_000 + b"deep", None),
    ],
)  # fmt: skip
def test_why_a_document_has_no_text(data, told):
    document = read_document(data, name="a")
    if told is None:
        assert document.text == "deep" or document.error
    else:
        assert told in str(document.error)
        assert document.text == ""
    assert "\n" not in str(document.error)


def test_files_that_are_not_there_or_too_large(tmp_path: Path):
    assert "No such file" in str(read_document(tmp_path / "none.pdf").error)
    assert "can't be read" in str(read_document(tmp_path).error)
    path = tmp_path / "large.txt"
    path.write_text("word " * 400_000)
    limits = Limits(megabytes=1, characters=10)
    assert "has 2 MB, more than 1 MB" in str(read_document(path, limits=limits).error)
    assert "more than 10" in str(read_document(b"word " * 10, limits=limits).error)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["docx", "odt", "html", "rtf", "eml", "md"]), st.data())
def test_a_damaged_document_never_raises(kind, data):
    whole = {
        "docx": WHOLE,
        "odt": made.open_document(ODT_BODY.format(*LINES), ODT_STYLES),
        "html": HTML.format(*LINES).encode(),
        "rtf": RTF.encode("latin-1"),
        "eml": mail(cte="base64"),
        "md": b"# a\n\n- b\n\n| a |\n|---|\n| c |",
    }[kind]
    start = data.draw(st.integers(0, len(whole)))
    noise, cut = data.draw(st.binary(max_size=8)), data.draw(st.integers(0, 30))
    document = read_document(whole[:start] + noise + whole[start + cut :], name=f"a.{kind}")
    assert bool(document.text) != bool(document.error)


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1))
def test_plain_text_keeps_its_words(text):
    document = read_document(text.encode("utf-8", "surrogatepass"), name="a.txt")
    if document.kind == "txt" and not document.error:
        assert not re.search(r"[\x00-\x08\x0e-\x1f\r]| {2}|\n{3}", document.text)
        assert set(re.findall(r"[a-z]+", text)) <= set(re.findall(r"[a-z]+", document.text))
