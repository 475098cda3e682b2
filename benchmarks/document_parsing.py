"""How well libraries read the words of documents, by layout; the documents are the tests' own.

    PYTHONPATH=tests python benchmarks/document_parsing.py

Recall: the share of the words that were read. Extra: words that are not in the document, as a share
of those that are. Order: whether the lines of the second column come after those of the first.
"""

import io
import re
import time
from collections import Counter
from collections.abc import Callable

import docx
import pypdfium2
from pypdf import PdfReader

from documents import made, test_pdf  # type: ignore[import-not-found]
from resumebert.documents import read_document

Reader = Callable[[bytes], str]


def by_pdfium(data: bytes) -> str:
    """Return the text as pdfium orders it."""
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(data))


def by_pypdf(data: bytes) -> str:
    """Return the text as pypdf orders it."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def by_paragraphs(data: bytes) -> str:
    """Return the paragraphs of python-docx."""
    return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(data)).paragraphs)


def ours(data: bytes) -> str:
    """Return the text of this package."""
    return read_document(data).text


def measure(read: Reader, data: bytes, lines: list[str]) -> str:
    """Return recall, extra words, order and milliseconds as cells of a table."""
    read(data)
    began = time.perf_counter()
    text = read(data)
    took = 1000 * (time.perf_counter() - began)
    words, found = (Counter(re.findall(r"\w+", t)) for t in (" ".join(lines), text))
    recall = sum((words & found).values()) / words.total()
    extra = sum((found - words).values()) / words.total()
    items = re.findall(r"item\d+", text)
    order = "yes" if items == sorted(items) else "no"
    return f"{recall:.1%} | {extra:.1%} | {order} | {took:.0f}"


def main() -> None:
    """Print a table."""
    pdf: dict[str, Reader] = {"this package": ours, "pypdfium2": by_pdfium, "pypdf": by_pypdf}
    word: dict[str, Reader] = {"this package": ours, "python-docx": by_paragraphs}
    cases = [(f"pdf, {name}", *case, pdf) for name, case in test_pdf.LAYOUTS.items()]
    cases.append(("docx, text in all places", *made.whole_word_document(), word))
    print("| layout | by | recall | extra | order | ms |\n|---|---|---|---|---|---|")
    for layout, data, lines, readers in cases:
        for name, read in readers.items():
            print(f"| {layout} | {name} | {measure(read, data, lines)} |")


if __name__ == "__main__":
    main()
