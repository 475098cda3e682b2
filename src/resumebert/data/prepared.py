"""Documents ready to be split and batched: read, cleaned, grouped, tokenised; kept in the cache.

What is kept depends on the content of the source, the settings, the tokenizer and this code, all of
which are in the entry's key; splits are not kept, for they take no time. Token ids and texts are
memory-mapped, so that several runs share them and a run's memory does not grow with the corpus.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from resumebert.data.arrays import Groups, Ints
from resumebert.data.cache import digest_file, get_or_build, load_arrays, save_arrays
from resumebert.data.cleaning import clean
from resumebert.data.duplicates import duplicate_groups
from resumebert.data.source_code import code_digest
from resumebert.data.table import ResumeTable, TextColumn
from resumebert.data.tokenization import TextTokenizer, TokenizedTexts, read_token_ids

Reader = Callable[[], ResumeTable]
TOKEN_IDS = "token_ids.bin"
SAMPLE = Path(__file__).parent / "sample"
# Fields of a table that are not kept as JSON.
_LARGE = {"ids", "texts", "labels", "rows", "split"}


@dataclass(frozen=True)
class Preparation:
    """What is done to the documents of a source."""

    cleaning: Sequence[str]  # Steps of `cleaning.clean`, in order.
    limit: int | None  # Use a random subset of so many documents; None: all.
    seed: int  # Of the subset.
    near_duplicates: Mapping[str, Any]  # Arguments of `duplicates.duplicate_groups`.


@dataclass(frozen=True)
class PreparedDocuments:
    """The n documents of a source, cleaned."""

    table: ResumeTable
    groups: Groups  # (n,); documents of one group are duplicates, or nearly so.
    tokens: TokenizedTexts
    rows_read: int  # Rows in the source, skipped and dropped ones included.
    left_out: int  # By `limit`.


def prepare(
    reader: Reader,
    tokenizer: TextTokenizer,
    preparation: Preparation,
    source_key: Mapping[str, Any] | None = None,
) -> PreparedDocuments:
    """Prepare the documents of a source, or take them from the cache.

    ``source_key`` is all that the reader's result depends on, as plain JSON; None: without cache.

    Raises:
        UserError: the source can't be read, or a setting is wrong.
    """
    code = None if source_key is None else code_digest(reader, __name__)
    if source_key is None or code is None:
        return _prepare(reader, tokenizer, preparation)
    key = {
        "what": source_key.get("what"),
        "source": dict(source_key),
        "preparation": {
            **vars(preparation),
            "seed": None if preparation.limit is None else preparation.seed,
        },
        "tokenizer": tokenizer.digest,
        "code": code,
        "sample": digest_file(SAMPLE) if "sample" in str(source_key.get("what")) else None,
    }

    def build(folder: Path) -> None:
        _save(_prepare(reader, tokenizer, preparation, folder / TOKEN_IDS), folder)

    return _load(get_or_build("documents", key, build))


def random_subset(count: int, size: int, seed: int) -> Ints:
    """Draw ``size`` of ``count`` positions without replacement, in ascending order."""
    return np.sort(np.random.default_rng(seed).choice(count, size, replace=False))


@contextmanager
def _compact_memory() -> Iterator[None]:
    """Have Arrow take memory from jemalloc meanwhile, if this build of Arrow has it.

    Between the many pieces that texts are gathered in, it leaves smaller gaps than Arrow's default:
    1.2 GB less for a million résumés.
    """
    before = pa.default_memory_pool()
    with suppress(NotImplementedError):
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def _prepare(
    reader: Reader, tokenizer: TextTokenizer, preparation: Preparation, ids: Path | None = None
) -> PreparedDocuments:
    with _compact_memory():
        table = reader()
        rows_read = len(table) + table.skipped_rows + table.dropped_unlabelled + table.united_rows
        left_out = 0
        if preparation.limit is not None and preparation.limit < len(table):
            left_out = len(table) - preparation.limit
            table = table.select(random_subset(len(table), preparation.limit, preparation.seed))
        texts = table.texts.drain() if isinstance(table.texts, TextColumn) else table.texts
        cleaned = TextColumn.of(clean(text, preparation.cleaning) for text in texts)
        table = table.with_texts(cleaned)
    return PreparedDocuments(
        table=table,
        groups=duplicate_groups(table.texts, **preparation.near_duplicates),
        tokens=tokenizer.encode(table.texts, ids),
        rows_read=rows_read,
        left_out=left_out,
    )


def _save(documents: PreparedDocuments, folder: Path) -> None:
    table = documents.table
    arrays: dict[str, Any] = {
        "labels": table.labels,
        "rows": table.rows,
        "split": table.split,
        "groups": documents.groups,
        "token_offsets": documents.tokens.offsets,
    }
    save_arrays(folder, **{name: array for name, array in arrays.items() if array is not None})
    columns = pa.schema([("id", pa.large_string()), ("text", pa.large_string())])
    ids = [str(identifier) for identifier in table.ids]
    with (
        pa.OSFile(str(folder / "texts.arrow"), "wb") as file,
        pa.ipc.new_file(file, columns) as out,
    ):
        for start in range(0, len(table), 1024):
            piece = slice(start, start + 1024)
            out.write_batch(pa.record_batch([ids[piece], list(table.texts[piece])], schema=columns))
    rest = {
        "table": {name: value for name, value in vars(table).items() if name not in _LARGE},
        "rows_read": documents.rows_read,
        "left_out": documents.left_out,
    }
    (folder / "table.json").write_text(json.dumps(rest, default=list), encoding="utf-8")


def _load(folder: Path) -> PreparedDocuments:
    arrays = load_arrays(folder)
    rest = json.loads((folder / "table.json").read_text(encoding="utf-8"))
    texts = pa.ipc.open_file(pa.memory_map(str(folder / "texts.arrow"))).read_all()
    ids = read_token_ids(folder / TOKEN_IDS)
    return PreparedDocuments(
        table=ResumeTable(
            ids=texts["id"].to_pylist(),
            texts=TextColumn(texts["text"]),
            labels=np.asarray(arrays["labels"]),
            rows=np.asarray(arrays["rows"]),
            split=arrays.get("split"),
            **rest.pop("table"),
        ),
        groups=np.asarray(arrays["groups"]),
        tokens=TokenizedTexts(ids, np.asarray(arrays["token_offsets"])),
        **rest,
    )
