"""Score documents with a checkpoint, as the test at the end of its training did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning.pytorch import Trainer
from rich.console import Console

from resumebert.data.build import datamodule
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.splitting import predefined_split
from resumebert.data.tokenization import TextTokenizer
from resumebert.evaluation.decisions import Decisions, stored_decisions
from resumebert.evaluation.own_calibration import calibration_class
from resumebert.evaluation.result import EvaluationResult, evaluate_split
from resumebert.model.checkpoint import CheckpointExtras, load_checkpoint
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.losses import with_prevalences
from resumebert.model.stored_calls import LOSSES, checked_call, checked_data
from resumebert.settings.calls import made
from resumebert.settings.compose import plain_config
from resumebert.settings.rules import check_max_length
from resumebert.settings.schema import (
    DataSettings,
    DeviceSettings,
    EvalSettings,
    EvaluationSettings,
    Options,
    thawed,
)
from resumebert.utils.console import warn
from resumebert.utils.csv_cells import unescaped
from resumebert.utils.errors import UserError
from resumebert.utils.folders import checkpoint_file
from resumebert.utils.hardware import check_accelerator, resolve_precision
from resumebert.utils.trust import is_dotted, packages, trusted

# Of settings.compare_to: the linear baseline.
BASELINE = "baseline"
# What of ``data`` a model was trained with and is used with, whatever documents it is given.
TREATMENT = ("cleaning", "mask_pii", "long_documents", "max_length", "stride", "eval_batch_size")


@dataclass(frozen=True)
class Opened:
    """A checkpoint that documents are scored with."""

    path: Path  # of the file
    where: str  # what to call it in a message: ckpt=PATH
    trust: Sequence[str]  # packages that it may name
    model: ResumeClassifier  # with its weights
    extras: CheckpointExtras
    config: Options  # of the run that trained it, resolved

    @property
    def manifest(self) -> Path:
        """Where its run has written which document was in which split."""
        return self.path.resolve().parent.parent / "split.csv"

    @property
    def decisions(self) -> Decisions:
        """From its logits to probabilities and labels."""
        count = len(self.model.label_names)
        return stored_decisions(self.extras.decisions, count, str(self.path), self.trust)

    def restore_loss(self) -> None:
        """Give the model the loss it was trained with, which is among the figures."""
        checked = checked_call(self.extras.config["loss"], LOSSES, self.where, self.trust)
        prevalences = torch.tensor(self.extras.prevalences, dtype=torch.float64)
        self.model.loss = with_prevalences(made(plain_config(checked)), prevalences)

    def own_data(self) -> DataSettings:
        """Return the data that it was trained on, once they call nothing but our own."""
        checked = checked_data(self.extras.config["data"], self.where, self.trust)
        return DataSettings.of(plain_config(checked))


def open_checkpoint(given: str, key: str, trust: Sequence[str]) -> Opened:
    """Open the checkpoint that ``key`` gives, a file or a run's folder."""
    path = checkpoint_file(Path(given), key)
    model, extras = load_checkpoint(path, key, trust)
    config = plain_config(extras.config)
    model.chunk_tokens = config["model"]["chunk_tokens"]
    return Opened(path, f"{key}={given}", trust, model, extras, config)


def given_data(settings: EvalSettings, opened: Opened) -> DataSettings:
    """Return the data given to eval.py, with texts treated as in training or as typed now."""
    plain = thawed(settings.data)
    typed = {override.split("=")[0].lstrip("+~") for override in settings.typed or ()}
    trained = opened.config["data"]
    plain |= {key: trained[key] for key in TREATMENT if f"data.{key}" not in typed}
    reader = plain["reader"]
    # An absent label is no mismatch where labels are listed rather than given a column each.
    if reader.get("label_columns") is None and reader.get("label_names", "none") in (None, []):
        reader["label_names"] = opened.model.label_names
    return DataSettings.of(plain)


def documents(opened: Opened, data: DataSettings, **overrides: Any) -> ResumeDataModule:
    """Return documents as the model reads them, set up; ``overrides`` are of the data module."""
    tokenizer = TextTokenizer.from_files(opened.extras.tokenizer_files, str(opened.path))
    positions = opened.model.bert.config.max_position_embeddings
    check_max_length(data.max_length, positions, opened.config["model"]["name"])
    labels = opened.model.label_names
    further = opened.config.get("evaluation", {}).get("label_words")
    found = datamodule(
        data, tokenizer, shuffle_seed=0, label_names=labels, further_names=further, **overrides
    )
    found.setup()
    return found


def own_documents(opened: Opened, data: DataSettings, **overrides: Any) -> ResumeDataModule:
    """Return the documents of the training, in the split that it had.

    How documents are dealt out may have changed since. The run's ``split.csv`` is used if
    documents and split are, with it, those that the model was trained with.
    """
    found = documents(opened, data, **overrides)
    if found.fingerprint == opened.extras.split_fingerprint or not opened.manifest.is_file():
        return found
    splitter = partial(predefined_split, manifest=opened.manifest, allow_straddling=True)
    try:
        then = documents(opened, data, **{**overrides, "splitter": splitter, "train_fraction": 1.0})
    except UserError:
        return found
    return then if then.fingerprint == opened.extras.split_fingerprint else found


def evaluation_settings(
    settings: EvalSettings, trained: Options, console: Console
) -> EvaluationSettings:
    """Return how an evaluation is done: as typed, else as the run had it in ``trained``.

    To import the metrics of the run's own is to run code that a file names. Those of packages that
    are not trusted are left out, which the console is told; such a calibration is refused.
    """
    trust, stored = packages(settings.trust), trained.get("metrics") or []
    kept = {**trained, "metrics": None}
    if is_dotted(trained.get("calibration")):
        calibration_class(trained["calibration"], trust, f"ckpt={settings.ckpt}")
    if settings.evaluation["metrics"] is None and stored:
        kept["metrics"] = [name for name in stored if name.partition(".")[0] in trust]
        for name in kept["metrics"]:
            trusted(name, trust, f"ckpt={settings.ckpt}", "metrics")
        if left_out := [name for name in stored if name not in kept["metrics"]]:
            names = ",".join(sorted({name.partition(".")[0] for name in left_out}))
            words = f"Left out: metrics of the run's own, {', '.join(left_out)}. trust=[{names}]"
            warn(console, f"{words} adds them.")
    found = EvaluationSettings.of(settings.evaluation, trained=kept)
    return replace(found, baseline=True) if settings.compare_to == BASELINE else found


def evaluation_trainer(accelerator: str, precision: str) -> Trainer:
    """Return a trainer that only tests, set up as training's own test was."""
    check_accelerator(accelerator)
    return Trainer(
        accelerator=accelerator,
        devices=1,
        precision=resolve_precision(precision, accelerator),  # type: ignore[arg-type]
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )


def score(opened: Opened, found: ResumeDataModule, device: DeviceSettings) -> Trainer:
    """Score the test split of documents; return the trainer that did, the model has the scores."""
    precision = device.precision or opened.config["trainer"]["precision"]
    trainer = evaluation_trainer(device.accelerator or "auto", precision)
    trainer.test(opened.model, datamodule=found, verbose=False)
    return trainer


def open_other(compare_to: str, label_names: list[str], trust: Sequence[str]) -> Opened:
    """Open the checkpoint to compare with."""
    other = open_checkpoint(compare_to, "compare_to", trust)
    if set(other.model.label_names) != set(label_names):
        both = [", ".join(sorted(names)) for names in (label_names, other.model.label_names)]
        raise UserError(
            f"compare_to={compare_to}: the two models do not know the same labels. ckpt has "
            f"[{both[0]}], compare_to [{both[1]}]. Only models of the same labels can be compared."
        )
    return other


def score_other(
    other: Opened,
    result: EvaluationResult,
    data: DataSettings,
    device: DeviceSettings,
    settings: EvaluationSettings,
) -> EvaluationResult:
    """Score the documents of ``result`` with another model, as it treats texts; the order stays."""
    trained = DataSettings.of(other.config["data"])
    data = replace(data, **{key: getattr(trained, key) for key in TREATMENT})
    wanted = set(result.ids)

    def split(table: Any, groups: Any, seed: int) -> Any:
        return np.array(["test" if str(name) in wanted else "unused" for name in table.ids])

    own = documents(other, data, splitter=split)
    if len(own.indices("test")) != len(result.ids):
        raise UserError(
            f"compare_to={other.path}: its settings of the data (cleaning, data.duplicates=drop) "
            "leave other documents to score than those of ckpt, so that the two can't be compared."
        )
    score(other, own, device)
    found = evaluate_split(result.split, other.model, "test", own, other.decisions, settings)
    return found.in_order_of(result)


def overlap(other: Opened, opened: Opened, result: EvaluationResult) -> str:
    """Say if the other model has seen test documents of the one evaluated; empty: it has not."""
    same_split = other.extras.split_fingerprint == opened.extras.split_fingerprint
    same_source = other.config["data"]["reader"] == opened.config["data"]["reader"]
    if result.split != "test" or same_split or not same_source:
        return ""
    try:
        split = pd.read_csv(other.manifest, dtype=str, keep_default_na=False)
        used = set(split["id"][split["split"].isin(["train", "val"])].map(unescaped))
    except (OSError, ValueError, KeyError):
        words = "may have been trained on documents"
    else:
        seen = len(used & set(result.ids))
        if seen == 0:
            return ""
        words = f"was trained on, or chosen by, {seen:,} of the {len(result.ids):,} documents"
    return (
        f"compare_to={other.path} {words} that the two are compared on: its split is another one, "
        "and the comparison favours it."
    )
