"""What the tests share: a small labelled table, a tiny architecture, running a command."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pytest
from lightning.pytorch import Callback, LightningModule, Trainer

from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.readers import read_table
from resumebert.data.splitting import random_split
from resumebert.data.table import ResumeTable
from resumebert.data.windows import Windowing
from resumebert.utils.errors import UserError

REPOSITORY = Path(__file__).resolve().parents[1]

TINY_BERT = {
    "vocab_size": 30522,
    "num_hidden_layers": 1,
    "hidden_size": 16,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}

# A run of everything in a few seconds.
QUICK = ("debug=default", "data.limit=90", "data.max_length=16")
# Without what only describes the model or logs, two thirds of a quick run's time: for tests of the
# training. In the same precision on every processor.
LEAN = (
    *QUICK, "logger=none", "evaluation.unlike_training=0", "evaluation.report=false",
    "evaluation.baseline=false", "evaluation.bootstrap_resamples=0", "trainer.precision=32-true",
)  # fmt: skip

# What has not ended after so many seconds hangs, on any machine and beside any other load.
LIMIT = 1500


def make_table(texts: list[str], labels: np.ndarray | None = None) -> ResumeTable:
    """Return a table of ``texts`` with two labels, alternating unless given."""
    count = len(texts)
    if labels is None:
        labels = np.array([[i % 2, (i + 1) % 2] for i in range(count)], dtype=np.uint8)
        labels = labels.reshape(count, 2)
    return ResumeTable(
        ids=[f"r{i}" for i in range(count)],
        texts=texts,
        labels=labels.astype(np.uint8),
        label_names=["A", "B"],
        rows=np.arange(1, count + 1),
        source="a test",
    )


@dataclass(frozen=True)
class Result:
    code: int
    output: str
    errors: str


Command = Callable[..., Result]
Value = TypeVar("Value")


def in_own_process(folder: Path, name: str, *arguments: str) -> Result:
    """Run a command in a process of its own, typed in ``folder``."""
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / f"{name}.py"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def wait_until(condition: Callable[[], Value]) -> Value:
    """Return what ``condition()`` gives as soon as that is true."""
    deadline = time.monotonic() + LIMIT
    while not (value := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return value


class SendSignal(Callback):
    """Send this process a signal at an optimizer step, in training or in the validation after it.

    As ``+callbacks.signal._target_=helpers.SendSignal +callbacks.signal.step=3``; of several
    processes only ``rank`` gets it.
    """

    def __init__(
        self, step: int, name: str = "SIGTERM", during: str = "training", rank: int = 0
    ) -> None:
        self.step, self.signum, self.during = step, signal.Signals[name], during
        self.rank = rank
        self.is_sent = False

    def on_before_backward(self, trainer: Trainer, module: LightningModule, loss: object) -> None:
        if self.during == "training" and trainer.global_step == self.step - 1:
            self._send(trainer)

    def on_validation_start(self, trainer: Trainer, module: LightningModule) -> None:
        if self.during == trainer.state.fn and trainer.global_step == self.step:
            self._send(trainer)

    def _send(self, trainer: Trainer) -> None:
        if not self.is_sent and trainer.global_rank == self.rank:
            self.is_sent = True
            os.kill(os.getpid(), self.signum)


def read(path: Path, **options: object) -> ResumeTable:
    """Read a table whose labels are in the column "labels"."""
    return read_table(path, **{"labels_column": "labels", **options})


def error_of(path: Path, **options: object) -> str:
    """Return the one-paragraph message with which reading such a table is refused."""
    with pytest.raises(UserError) as error:
        read(path, **options)
    message = str(error.value)
    assert "\n" not in message
    return message


def make_datamodule(tokenizer, table: ResumeTable, **arguments) -> ResumeDataModule:
    settings = {
        "cleaning": ["unescape_entities", "strip_markup", "normalise_unicode"],
        "windowing": Windowing(max_length=16),
        "batch_size": 4,
        "eval_batch_size": 8,
        **arguments,
    }
    splitter = partial(random_split, train=0.6, val=0.2, test=0.2)
    datamodule = ResumeDataModule(lambda: table, splitter, tokenizer, **settings)
    datamodule.setup()
    return datamodule


def assert_pronouns_are_those_of_the_texts(table: pd.DataFrame) -> None:
    """Compare a made sample's column with the words that its texts use."""
    pattern = {"she/her": r"\b(she|her)\b", "he/him": r"\b(he|his)\b", "they/them": r"\bthey\b"}
    for pronouns, text in zip(table["pronouns"], table["text"], strict=True):
        for which, sign in pattern.items():
            spoken = re.search(sign, text, re.IGNORECASE) is not None
            assert spoken == (which == pronouns)
