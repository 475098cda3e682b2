"""Training: an epoch of each peer over the same documents, after one to warm up.

HF Trainer as the notebook used it and at its best, sentence-transformers with a head of our labels,
and resumebert as ``train.py`` trains.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from torch import Tensor, nn
from transformers import (
    AutoTokenizer,
    BertForSequenceClassification,
    DataCollatorWithPadding,
    TrainerCallback,
    TrainingArguments,
)
from transformers import Trainer as HfTrainer

from benchmarks.peers.workloads import Workload, targets
from resumebert import compose
from resumebert.data.build import datamodule as build_datamodule
from resumebert.data.tokenization import TextTokenizer
from resumebert.model.build import bert_config, classifier, pretrained_source
from resumebert.model.pretrained import locate
from resumebert.settings.compose import train_settings
from resumebert.utils.hardware import keep_freed_memory, resolve_precision

# The notebook's.
BATCH = 8
FOLDER = locate(pretrained_source(train_settings(compose([])).model))


@dataclass
class Clock:
    """When the epochs began and ended."""

    times: list[float] = field(default_factory=list)

    def note(self) -> None:
        """Note the time."""
        self.times.append(time.perf_counter())

    @property
    def seconds(self) -> float:
        """Of the second epoch."""
        return self.times[-1] - self.times[-2]


class HfClock(TrainerCallback):
    """A clock for HF's Trainer."""

    def __init__(self) -> None:
        self.clock = Clock()

    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        """Note it."""
        self.clock.note()

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        """Note it."""
        self.clock.note()


class OurClock(Callback):
    """A clock for Lightning's Trainer."""

    def __init__(self) -> None:
        self.clock = Clock()

    def on_train_epoch_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Note it."""
        self.clock.note()

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Note it."""
        self.clock.note()


@contextmanager
def arguments(**given: Any) -> Iterator[TrainingArguments]:
    """Yield HF's own defaults, but for what is given: two epochs, and nothing written."""
    with tempfile.TemporaryDirectory() as folder:
        yield TrainingArguments(
            output_dir=folder, num_train_epochs=2, per_device_train_batch_size=BATCH, use_cpu=True,
            report_to="none", save_strategy="no", logging_strategy="no", disable_tqdm=True, **given,
        )  # fmt: skip


def hf_model(workload: Workload) -> BertForSequenceClassification:
    """Return the pretrained model with a new head."""
    torch.manual_seed(0)
    return BertForSequenceClassification.from_pretrained(
        FOLDER,
        num_labels=len(workload.table.label_names),
        problem_type="multi_label_classification",
    )


class PerItem(torch.utils.data.Dataset):
    """Tokenises a document each time that it is asked for, and pads it to the longest length."""

    def __init__(self, workload: Workload) -> None:
        self.texts, self.targets = workload.table.texts, targets(workload.table)
        self.tokens = workload.tokens
        self.tokenizer = AutoTokenizer.from_pretrained(FOLDER)

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, place: int) -> dict[str, Any]:
        found = self.tokenizer(
            self.texts[place], padding="max_length", truncation=True, max_length=self.tokens
        )
        return {**found, "labels": torch.tensor(self.targets[place])}


def notebook(workload: Workload) -> float:
    """Train as the notebook did: all padded to the longest length, float32, every default."""
    clock = HfClock()
    with arguments() as given:
        HfTrainer(
            hf_model(workload), given, train_dataset=PerItem(workload), callbacks=[clock]
        ).train()
    return clock.clock.seconds


def hf_best(workload: Workload) -> float:
    """Train with HF's Trainer at its best: tokenised before, batches of like lengths, bfloat16."""
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    encoded = tokenizer(list(workload.table.texts), truncation=True, max_length=workload.tokens)
    rows = [
        {**{name: encoded[name][i] for name in encoded}, "labels": target, "length": len(ids)}
        for i, (ids, target) in enumerate(
            zip(encoded["input_ids"], targets(workload.table), strict=True)
        )
    ]
    clock = HfClock()
    fast = resolve_precision(workload.precision, "cpu") == "bf16-mixed"
    with arguments(
        bf16=fast, train_sampling_strategy="group_by_length", optim="adamw_torch_fused"
    ) as given:
        HfTrainer(
            hf_model(workload), given, train_dataset=rows, callbacks=[clock],
            data_collator=DataCollatorWithPadding(tokenizer),
        ).train()  # fmt: skip
    return clock.clock.seconds


def sentence_transformers(workload: Workload) -> float:
    """Train with sentence-transformers' trainer: the encoder, and a head over its mean pooling."""
    from datasets import Dataset  # type: ignore[import-untyped]
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
    from sentence_transformers import SentenceTransformerTrainingArguments as Arguments

    torch.manual_seed(0)
    model = SentenceTransformer(str(FOLDER), device="cpu")
    model.max_seq_length = workload.tokens
    width = model.get_embedding_dimension() or 0

    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.head = nn.Linear(width, len(workload.table.label_names))
            self.loss = nn.BCEWithLogitsLoss()

        def forward(self, features: Any, labels: Tensor) -> Tensor:
            [one] = features
            found = self.head(self.model(one)["sentence_embedding"])
            return self.loss(found.float(), labels.float())

    rows = Dataset.from_dict({"text": list(workload.table.texts), "label": targets(workload.table)})
    clock = HfClock()
    with tempfile.TemporaryDirectory() as folder:
        given = Arguments(
            output_dir=folder, num_train_epochs=2, per_device_train_batch_size=BATCH, use_cpu=True,
            report_to="none", save_strategy="no", logging_strategy="no", disable_tqdm=True,
            bf16=resolve_precision(workload.precision, "cpu") == "bf16-mixed",
        )  # fmt: skip
        SentenceTransformerTrainer(
            model, given, train_dataset=rows, loss=Head(), callbacks=[clock]
        ).train()
    return clock.clock.seconds


def ours(workload: Workload, *overrides: str) -> float:
    """Train as train.py does, with its defaults for a table of somebody's."""
    settings = train_settings(compose(["data=table", "data.path=none", *overrides]))
    seed_everything(0, verbose=False)
    tokenizer = TextTokenizer.from_folder(FOLDER)
    data = build_datamodule(
        settings.data, tokenizer, shuffle_seed=0, table=workload.table,
        splitter=lambda table, groups, seed: np.full(len(table), "train"),
    )  # fmt: skip
    data.setup()
    keep_freed_memory()
    model = classifier(settings, bert_config(settings.model, FOLDER), FOLDER, data)
    clock = OurClock()
    Trainer(
        accelerator="cpu", max_epochs=2, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0,
        callbacks=[clock], precision=resolve_precision(workload.precision, "cpu"),  # type: ignore[arg-type]
        deterministic=True,
        gradient_clip_val=1.0, use_distributed_sampler=False,
    ).fit(model, datamodule=data)  # fmt: skip
    return clock.clock.seconds


def in_windows(workload: Workload) -> float:
    """Train on eight windows of 64 tokens of each résumé: as many tokens as one of 512."""
    return ours(workload)


def in_one_window(workload: Workload) -> float:
    """Train on the beginning of each document, as the peers do."""
    return ours(workload, "data.long_documents=truncate", f"data.max_length={workload.tokens}")


PEERS: dict[str, Callable[[Workload], float]] = {
    "HF Trainer, the notebook's way": notebook,
    "HF Trainer at its best": hf_best,
    "sentence-transformers": sentence_transformers,
}
OURS: dict[str, Callable[[Workload], float]] = {
    "resumebert, one window": in_one_window,
    "resumebert, windows of 64": in_windows,
}
