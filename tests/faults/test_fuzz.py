"""Damaged and random input, much of it: an answer or a reason, and never a traceback.

Each case follows from its kind and a number, which a failure names. Found by it and mended have
tests of their own where the code is.
"""

import csv
import io
import random
import string
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from omegaconf import OmegaConf

from documents import made
from resumebert import UserError, compose
from resumebert.data.cleaning import STEPS, clean
from resumebert.data.readers import read_table
from resumebert.documents import read_document
from resumebert.settings.rules import REQUIREMENTS, check_values

LINES = ["Java developer", "Ten years of Spring & <b>Hibernate</b>", "Söhne GmbH, Zürich", "x" * 90]
ROWS = [[f"r{i}", f"text {i}, {line}", "A;B" if i % 2 else ""] for i, line in enumerate(LINES * 5)]


def _docx() -> bytes:
    return made.word(lambda word: [word.add_paragraph(line) for line in LINES])


def _excel() -> bytes:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for row in [["id", "text", "labels"], *ROWS]:
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def _csv() -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows([["id", "text", "labels"], *ROWS])
    return stream.getvalue().encode()


def _frame() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=["id", "text", "labels"])


DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "pdf": lambda: made.letter_spaced(LINES, space=0),
    "docx": _docx,
    "odt": lambda: made.open_document("".join(f"<text:p>{i}</text:p>" for i in range(9))),
    "rtf": lambda: (r"{\rtf1\ansi\ansicpg1252 " + r"\par ".join(LINES) + r"\'e9\u233?}").encode(),
    "html": lambda: "".join(f"<p>{line}</p>" for line in LINES).encode(),
    "md": lambda: "\n\n".join(f"# {line}\n* {line}" for line in LINES).encode(),
    "eml": lambda: ("From: a@b.c\nMIME-Version: 1.0\nSubject: x\n\n" + "\n".join(LINES)).encode(),
    "txt": lambda: "\n".join(LINES).encode("utf-16"),
}
TABLES: dict[str, Callable[[], bytes]] = {
    "csv": _csv,
    "tsv": lambda: _csv().replace(b",", b"\t"),
    "jsonl": lambda: _frame().to_json(orient="records", lines=True).encode(),
    "json": lambda: _frame().to_json(orient="records").encode(),
    "parquet": lambda: _frame().to_parquet(),
    "xlsx": _excel,
}


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Return some content with one to eight bytes, or pieces, changed, cut, doubled or swapped."""
    found = bytearray(content)
    for _ in range(draw.randint(1, 8)):
        if not found:
            break
        at = draw.randrange(len(found))
        end = min(len(found), at + draw.choice((1, 1, 1, 4, 40, 400)))
        kind = draw.randrange(6)
        if kind == 0:
            found[at:end] = bytes(draw.randrange(256) for _ in range(end - at))
        elif kind == 1:
            del found[at:end]
        elif kind == 2:
            found[at:at] = found[at:end] * draw.choice((1, 2, 50))
        elif kind == 3:
            found[at] ^= 1 << draw.randrange(8)
        elif kind == 4:
            found[at:at] = draw.choice((b'"', b"\x00", b"\\", b"<", b"{", b"\xff\xfe", b"\n", b"="))
        else:
            found = found[:at]
    return bytes(found)


def cases(kind: str, count: int) -> Iterator[tuple[int, random.Random]]:
    for number in range(count):
        yield number, random.Random(f"{kind} {number}")


def often(*few_and_many: int) -> object:
    few, many = few_and_many
    return pytest.mark.parametrize(
        "count", [few, pytest.param(many, marks=pytest.mark.slow)], ids=["some", "many"]
    )


def said_of(act: Callable[[], object]) -> str | None:
    """Return the words of the one error that there may be; None if there is none."""
    try:
        act()
    except UserError as error:
        return str(error)
    return None


@often(100, 5000)
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents(kind: str, count: int) -> None:
    whole = DOCUMENTS[kind]()
    assert read_document(whole, name=f"cv.{kind}").error is None
    for number, draw in cases(kind, count):
        found = read_document(damaged(whole, draw), name=f"cv.{kind}")
        assert bool(found.text) != bool(found.error), number
        found.text.encode()


@often(60, 5000)
@pytest.mark.parametrize("kind", TABLES)
def test_tables(kind: str, count: int, tmp_path: Path) -> None:
    whole, path = TABLES[kind](), tmp_path / f"t.{kind}"
    path.write_bytes(whole)
    options = {"text_column": "text", "labels_column": "labels"}
    assert len(read_table(path, **options)) == len(ROWS)
    for number, draw in cases(kind, count):
        path.write_bytes(damaged(whole, draw))
        bad_rows = draw.choice(("error", "skip"))
        said = said_of(lambda bad_rows=bad_rows: read_table(path, on_bad_rows=bad_rows, **options))
        assert said is None or str(path) in said, (number, said)


ALPHABET = string.printable + "&;<>éß\u200b\u202e\u0301\ufeff\x00\x85\u2028\U0001f469\ud83d&#x41;"


@often(500, 15_000)
def test_cleaning(count: int) -> None:
    for number, draw in cases("cleaning", count):
        pieces = [*"<>&;\"'", "&amp;", "&#x1F469;", "<span class='hl'>", "</span>", "&lt;b&gt;"]
        text = "".join(
            draw.choice((draw.choice(ALPHABET), draw.choice(pieces)))
            for _ in range(draw.randrange(200))
        )
        steps = draw.sample(sorted(STEPS), draw.randrange(len(STEPS) + 1))
        found = clean(text, steps)
        assert clean(found, steps) == found, number


@often(300, 10_000)
def test_values_of_settings(count: int) -> None:
    config = compose([])
    values = [
        None, True, False, 0, 1, -1, 2**70, 1e308, float("inf"), float("nan"), "", " ", "auto",
        "null", "../x", "\x00", "é" * 300, [], [1], ["a"], {}, {"a": 1}, "1,2", "=",
    ]  # fmt: skip
    keys = sorted(REQUIREMENTS)
    for number, draw in cases("settings", count):
        changed = config.copy()
        for key in draw.sample(keys, 3):
            # Of what has become a list there are no keys.
            with suppress(TypeError):
                OmegaConf.update(changed, key, draw.choice(values), merge=False, force_add=True)
        said = said_of(lambda changed=changed: check_values(changed))
        assert said is None or "must be" in said or "=" in said, (number, said)
