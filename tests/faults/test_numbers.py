"""Data and settings at the edge: each run ends with figures, or with one sentence."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch.callbacks import Callback

from helpers import LEAN, QUICK, Command
from resumebert import ResumeLabeler
from resumebert.model.checkpoint_file import read_checkpoint


class Spoil(Callback):
    """Make the weights NaN after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.global_step == self.step:
            with torch.no_grad():
                pl_module.bert.classifier.bias.fill_(float("nan"))


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        # A checkpoint is due at every step, also when the weights are of no use; or at none.
        (0.00001, "The weights became infinite or NaN by step 12"),
        (1000, "NaN by step 15, first in the batch of the documents 'R0"),
    ],
)
def test_a_diverged_run_leaves_the_checkpoint_from_before(
    command: Command, tmp_path: Path, minutes: float, words: str
):
    result = command(
        "train", *LEAN, "trainer.max_epochs=3", "hydra.run.dir=run",
        f"callbacks.last_checkpoint.minutes={minutes}", "trainer.log_every_n_steps=50",
        "+callbacks.spoil._target_=faults.test_numbers.Spoil", "+callbacks.spoil.step=12",
    )  # fmt: skip
    assert result.code == 1
    assert words in result.errors
    assert "Traceback" not in result.errors
    saved = read_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt")
    assert saved["global_step"] <= 12
    for name, weights in saved["state_dict"].items():
        assert weights.isfinite().all(), name


def table(path: Path, texts: list[str], labels: list[str]) -> tuple[str, ...]:
    pd.DataFrame({"text": texts, "labels": labels}).to_parquet(path)
    return ("data=table", f"data.path={path}", "data.labels_column=labels", *QUICK[:1])


TEXTS = [f"person {i} who did thing {i % 7} for {i} years" for i in range(60)]
STRANGE = [
    "\U0001f469\u200d\U0001f4bb " * 5, "مطور جافا في برلين", "שלום", "\x00\x01\x02 a",
    "a" * 1_000_000, "e\u0301" * 40, "\u202egnp.exe", "   ", "\n\n", "x", "<b>", "𝓙𝓪𝓿𝓪",
]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "labels", "settings"),
    [
        # One label; a label of each document alone; a label that is in one document.
        (TEXTS, ["A" if i % 3 else "" for i in range(60)], []),
        (TEXTS, ["A", *["B" if i % 2 else "C" for i in range(59)]], []),
        (TEXTS, [f"L{i:04}" for i in range(60)], []),
        pytest.param(
            TEXTS * 17, [f"L{i:04}" for i in range(1020)], ["data.near_duplicates.threshold=1"],
            marks=pytest.mark.slow,
        ),
        # A batch larger than the data; all of it in one step; no step at all.
        (TEXTS, ["A" if i % 2 else "B" for i in range(60)], ["data.batch_size=1000"]),
        (TEXTS, ["A" if i % 2 else "B" for i in range(60)], ["trainer.max_steps=1"]),
        (TEXTS, ["A" if i % 2 else "B" for i in range(60)], ["trainer.max_epochs=0"]),
        # Strange texts, among others and alone.
        (STRANGE * 4 + TEXTS, ["A" if i % 2 else "B" for i in range(108)], []),
    ],
    ids=[
        "one_label", "label_of_one_document", "as_many_labels_as_documents", "1020_labels",
        "one_batch", "one_step", "no_step", "strange_texts",
    ],
)  # fmt: skip
def test_a_run_ends_with_figures_or_a_sentence(
    command: Command,
    tmp_path: Path,
    texts,
    labels,
    settings,
):
    given = table(tmp_path / "t.parquet", texts, labels)
    result = command(
        "train", *given, "data.limit=null", "data.max_length=16", "trainer.precision=32-true",
        "evaluation.probes=false", "evaluation.label_noise=false", "hydra.run.dir=run", *settings,
    )  # fmt: skip
    assert "Traceback" not in result.errors
    if result.code == 1:
        assert result.errors.startswith("Error: ")
        return
    assert result.code == 0
    found = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    numbers = [value for value in found.values() if isinstance(value, float)]
    assert numbers
    # What is undefined is null.
    assert np.isfinite(numbers).all()
    probabilities = ResumeLabeler.load(tmp_path / "run").predict_proba(STRANGE)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


@pytest.mark.parametrize(
    ("texts", "labels"),
    [(["one"], ["A"]), (["", " "] * 30, ["A", "B"] * 30), ([], [])],
    ids=["one_document", "all_empty", "none"],
)
def test_what_can_not_be_split_is_told(
    command: Command,
    tmp_path: Path,
    texts,
    labels,
):
    result = command("train", *table(tmp_path / "t.parquet", texts, labels), "hydra.run.dir=run")
    assert result.code == 1
    assert result.errors.startswith("Error: ")
    assert "Traceback" not in result.errors
