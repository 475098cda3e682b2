"""ResumeDataModule: from a reader to batches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from resumebert.data.arrays import Floats, Groups, Ints, Splits
from resumebert.data.batching import (
    Batch,
    Collator,
    DocumentDataset,
    LengthBatchSampler,
    ResumableLoader,
)
from resumebert.data.duplicates import drop_duplicates
from resumebert.data.evidence import Evidence, get_evidence
from resumebert.data.label_words import LEVELS, label_words
from resumebert.data.masked_texts import MaskedView, masked_views
from resumebert.data.prepared import Preparation, Reader, prepare
from resumebert.data.report import data_report, describe_duplicates
from resumebert.data.split_manifest import SPLITS, split_fingerprint
from resumebert.data.splitting import with_train_fraction
from resumebert.data.table import ResumeTable
from resumebert.data.tokenization import TextTokenizer, TokenizedTexts
from resumebert.data.windows import Windowing
from resumebert.utils.errors import UserError
from resumebert.utils.progress import Phase

Splitter = Callable[[ResumeTable, Groups, int], Splits]
SplitName = Literal["train", "val", "test", "all"]


@dataclass(eq=False, repr=False)
class ResumeDataModule(LightningDataModule):
    """Read, clean, group, split, tokenise; then hand out batches of like lengths.

    Args:
        reader: returns the table of the source.
        splitter: names each document's split; see :mod:`resumebert.data.splitting`.
        tokenizer: the model's own.
        cleaning: the steps of :func:`resumebert.data.cleaning.clean`, in order.
        windowing: which tokens of a document the model reads.
        window_sampling: whether training draws windows by the "evidence" in them, see
            :mod:`resumebert.data.evidence`, or all alike: "uniform".
        mask_label_words: level of :mod:`resumebert.data.label_words` → share of the documents that
            an epoch reads without these words, see :mod:`resumebert.data.masked_texts`.
        further_names: further names of labels, for these words.
        batch_size: documents a batch, over all processes.
        eval_batch_size: documents a batch and process in evaluation, where no gradients take
            memory.
        limit: use a random subset of so many documents; None: all.
        duplicates: "keep" all duplicates, in one split, or "drop" all but the first.
        near_duplicates: arguments of :func:`resumebert.data.duplicates.duplicate_groups`.
        train_fraction: train on so much of the training split.
        seed: of the subset and the split.
        shuffle_seed: of the order of the training batches, and of what is drawn for them.
        num_workers: processes that make batches beside the main one.
        label_names: expect this label set and put its columns into this order; None: as read.
        test_split: what ``test_dataloader`` reads; "all" for data that were not split for training.
        source_key: what the reader's result depends on, to cache it by; None: it is not cached.

    After :meth:`setup` there are ``table``, ``split``, ``groups``, ``tokens`` and ``report``.
    """

    reader: Reader
    splitter: Splitter
    tokenizer: TextTokenizer
    _: KW_ONLY
    cleaning: Sequence[str]
    windowing: Windowing
    window_sampling: Literal["evidence", "uniform"] = "uniform"
    mask_label_words: Mapping[str, float] = field(default_factory=dict)
    further_names: Mapping[str, Sequence[str]] | None = None
    batch_size: int
    eval_batch_size: int
    limit: int | None = None
    duplicates: Literal["keep", "drop"] = "keep"
    near_duplicates: Mapping[str, Any] = field(default_factory=dict)
    train_fraction: float = 1.0
    seed: int = 42
    shuffle_seed: int = 42
    num_workers: int = 0
    label_names: Sequence[str] | None = None
    test_split: SplitName = "test"
    source_key: Mapping[str, Any] | None = None

    table: ResumeTable = field(init=False)
    split: Splits = field(init=False)
    groups: Groups = field(init=False)
    tokens: TokenizedTexts = field(init=False)
    report: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        super().__init__()

    def setup(self, stage: str | None = None) -> None:
        """Do all the work up to token ids, once.

        Raises:
            UserError: the source can't be read, the labels are not the expected ones, or the split
                asked for can't be made.
        """
        if hasattr(self, "report"):
            return
        preparation = Preparation(self.cleaning, self.limit, self.seed, self.near_duplicates)
        with Phase("preparing the documents"):
            documents = prepare(self.reader, self.tokenizer, preparation, self.source_key)
        table, groups, tokens = documents.table, documents.groups, documents.tokens
        duplicates = describe_duplicates(table, groups)
        if self.duplicates == "drop":
            first = drop_duplicates(groups)
            table, groups, tokens = table.select(first), groups[first], tokens.select(first)
        if self.label_names is not None:
            table = with_label_order(table, self.label_names)
        split = self.splitter(table, groups, self.seed)
        self.split = with_train_fraction(split, self.train_fraction, self.seed, groups)
        self.table, self.groups, self.tokens = table, groups, tokens
        self.report = data_report(
            self.table,
            self.split,
            self.groups,
            self.tokens.lengths,
            rows_read=documents.rows_read,
            rows_left_out_by_limit=documents.left_out,
            duplicates_dropped=len(documents.table) - len(table),
            duplicates=duplicates,
            windowing=self.windowing,
        )

    @property
    def fingerprint(self) -> str:
        """The fingerprint of data and split that a checkpoint carries."""
        return split_fingerprint(self.table, self.split)

    @property
    def prevalences(self) -> Floats:
        """(L,) share of the training documents with each label."""
        shares: Floats = self.table.labels[self.indices("train")].mean(axis=0)
        return shares

    @property
    def draws_by_evidence(self) -> bool:
        """Whether training draws windows, and by the evidence in them."""
        return (
            self.window_sampling == "evidence"
            and self.windowing.strategy == "windows"
            and self.windowing.max_windows_train is not None
            and bool((self._training_windows > 1).any())
        )

    @cached_property
    def evidence(self) -> Evidence:
        """Of the training documents; fitted once, and kept in the cache."""
        index = self.indices("train")
        with Phase("linear model to draw windows by"):
            return get_evidence(self.tokens, self.table.labels, index, self.seed, self._cache_key)

    @cached_property
    def masked_views(self) -> list[MaskedView]:
        """The training documents without the labels' words, as ``mask_label_words`` asks."""
        if not any(self.mask_label_words.values()):
            return []
        with Phase("training documents without the labels' words"):
            return masked_views(
                self.mask_label_words,
                label_words(self.table.label_names, self.further_names),
                self.table.texts,
                self.table.labels,
                self.indices("train"),
                self.tokenizer,
                by_evidence=self.draws_by_evidence,
                seed=self.seed,
                key=self._cache_key,
            )

    def masked_texts(self, index: Ints) -> list[tuple[float, list[str]]]:
        """Return the texts at ``index`` of the table as training reads them without words.

        For each level of ``mask_label_words`` that training uses: its share, and the texts.
        """
        words = label_words(self.table.label_names, self.further_names)
        return [
            (share, words.without(level, [self.table.texts[i] for i in index]))
            for level in LEVELS
            if (share := self.mask_label_words.get(level))
        ]

    @property
    def _cache_key(self) -> dict[str, Any] | None:
        """All that the training documents and their tokens depend on; None: nothing is cached."""
        if self.source_key is None:
            return None
        return {
            "what": self.source_key.get("what"),
            "split": self.fingerprint,
            "tokenizer": self.tokenizer.digest,
        }

    def indices(self, split: SplitName) -> Ints:
        """Return the positions in the table of a split's documents."""
        if split == "all":
            return np.arange(len(self.table))
        if split not in SPLITS:
            raise UserError(f"split={split}: choose one of {', '.join(SPLITS)}, all.")
        return np.flatnonzero(self.split == split)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled batches of like lengths, a new order each epoch."""
        evidence = self.evidence if self.draws_by_evidence else None
        return ResumableLoader(
            **self._loading("train", self.batch_size, training=True),
            collate_fn=Collator(
                self.tokenizer, self.windowing, self.shuffle_seed, evidence, self.masked_views
            ),
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        """Every validation document once, longest first."""
        return self._evaluation_loader("val")

    def test_dataloader(self) -> DataLoader[Batch]:
        """Every document of ``test_split`` once, longest first."""
        return self._evaluation_loader(self.test_split)

    def predict_dataloader(self) -> DataLoader[Batch]:
        """The documents of ``test_split``, as :meth:`test_dataloader` gives them."""
        return self.test_dataloader()

    def _evaluation_loader(self, split: SplitName) -> DataLoader[Batch]:
        processes = self.trainer.world_size if self.trainer else 1
        return DataLoader(
            **self._loading(split, self.eval_batch_size * processes, training=False),
            collate_fn=Collator(self.tokenizer, self.windowing),
        )

    @property
    def _training_windows(self) -> Ints:
        lengths = self.tokens.lengths[self.indices("train")]
        return self.windowing.window_counts(lengths, training=True)

    def _loading(self, split: SplitName, batch_size: int, *, training: bool) -> dict[str, Any]:
        """Return the arguments of a data loader, without what collates."""
        dataset = DocumentDataset(self.tokens, self.table.labels, self.indices(split))
        sampler = LengthBatchSampler(
            self.windowing.tokens_read(dataset.lengths, training=training),
            batch_size,
            shuffle=training,
            seed=self.shuffle_seed,
            num_replicas=self.trainer.world_size if self.trainer else 1,
            rank=self.trainer.global_rank if self.trainer else 0,
            window_counts=self._training_windows if training else None,
            max_windows=self.windowing.max_windows_train,
            repeat=bool(getattr(self.trainer, "overfit_batches", 0)),
        )
        return {
            "dataset": dataset,
            "batch_sampler": sampler,
            "num_workers": self.num_workers,
            "persistent_workers": self.num_workers > 0,
        }


def with_label_order(table: ResumeTable, label_names: Sequence[str]) -> ResumeTable:
    """Return ``table`` with its label columns in the order of ``label_names``.

    Raises:
        UserError: the two label sets differ.
    """
    if set(table.label_names) != set(label_names):
        raise UserError(
            f"{table.source}: its labels are not the model's. The data have "
            f"[{', '.join(sorted(table.label_names))}], the model knows "
            f"[{', '.join(sorted(label_names))}]. Give data with the model's labels, or train a "
            "model on these."
        )
    order = [list(table.label_names).index(name) for name in label_names]
    return table.with_labels(table.labels[:, order], label_names)
