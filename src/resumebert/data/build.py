"""From the settings of data to the data module, and to how the model reads a text."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from resumebert.data.cache import digest_file
from resumebert.data.cleaning import MASKING
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.table import ResumeTable
from resumebert.data.tokenization import TextTokenizer
from resumebert.data.windows import Windowing
from resumebert.settings.calls import class_named, made
from resumebert.settings.schema import DataSettings, Options, thawed

# What the data module takes as the settings have it.
PASSED_ON = (
    "window_sampling", "mask_label_words", "batch_size", "eval_batch_size", "limit", "duplicates",
    "near_duplicates", "train_fraction", "seed", "num_workers",
)  # fmt: skip


def datamodule(
    data: DataSettings,
    tokenizer: TextTokenizer,
    *,
    shuffle_seed: int,
    table: ResumeTable | None = None,
    **overrides: Any,
) -> ResumeDataModule:
    """Return the data module of some settings; ``overrides`` replace arguments of it.

    A table in memory takes the place of what its reader would read, and is not cached.
    """
    cleaning, windowing = treatment(data)
    arguments: dict[str, Any] = {
        **{name: thawed(getattr(data, name)) for name in PASSED_ON},
        "reader": made(data.reader) if table is None else _reader_of(table),
        "splitter": made(data.split),
        "cleaning": cleaning,
        "windowing": windowing,
        "source_key": source_key(data.reader) if table is None else None,
    }
    return class_named(data._target_, ResumeDataModule, "data._target_")(
        tokenizer=tokenizer, shuffle_seed=shuffle_seed, **{**arguments, **overrides}
    )


def treatment(data: DataSettings) -> tuple[list[str], Windowing]:
    """Return how texts are cleaned, and which of their tokens are read."""
    cleaning = [*data.cleaning, *([MASKING] if data.mask_pii else [])]
    windowing = Windowing(data.long_documents, data.max_length, data.stride, data.max_windows_train)
    return cleaning, windowing


def source_key(reader: Options) -> dict[str, Any]:
    """Return what a reader's result depends on: its settings, and the content of its files.

    Data without a path come with this code or are pinned by it (the sample, the corpus as fetched),
    and the cache's keys hold a digest of that.

    Returns:
        Plain JSON.
    """
    files = [Path(reader[name]) for name in ("path", "labels_file") if reader.get(name)]
    contents = [digest_file(file) for file in files if file.exists()]
    what = files[0].name if files else reader["_target_"].rpartition(".read_")[2]
    return {"what": what, "reader": thawed(reader), "contents": contents}


def _reader_of(table: ResumeTable) -> Callable[[], ResumeTable]:
    # A selection is not emptied when its texts are cleaned: the table stays the user's.
    return partial(table.select, np.arange(len(table)))
