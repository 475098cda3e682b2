"""eval.py compare_to=…: another model, or the linear baseline, on the documents just evaluated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from omegaconf import DictConfig, OmegaConf

from resumebert.data.table import ResumeTable
from resumebert.data.tokenization import TextTokenizer
from resumebert.evaluation.decisions import stored_decisions
from resumebert.evaluation.result import EvaluationResult, evaluate_split
from resumebert.evaluation.settings import EvaluationSettings
from resumebert.model.checkpoint import CheckpointExtras, load_checkpoint
from resumebert.model.classifier import ResumeClassifier
from resumebert.tasks import build
from resumebert.utils.config_checks import check_max_length
from resumebert.utils.errors import UserError
from resumebert.utils.folders import checkpoint_file
from resumebert.utils.trust import packages

BASELINE = "baseline"
# What of ``data`` a model was trained with and is used with, whatever documents it is given.
TREATMENT = ("cleaning", "mask_pii", "long_documents", "max_length", "stride", "eval_batch_size")


@dataclass(frozen=True)
class Other:
    """The model to compare with.

    Attributes:
        path: its checkpoint.
        model: with its weights.
        extras: what came with it.
    """

    path: Path
    model: ResumeClassifier
    extras: CheckpointExtras


def load_other(compare_to: str, label_names: list[str], trust: Sequence[str] = ()) -> Other:
    """Open the checkpoint to compare with.

    Raises:
        UserError: it can't be used, or it knows other labels.
    """
    path = checkpoint_file(Path(compare_to), "compare_to")
    model, extras = load_checkpoint(path, "compare_to", trust)
    if set(model.label_names) != set(label_names):
        both = [", ".join(sorted(names)) for names in (label_names, model.label_names)]
        raise UserError(
            f"compare_to={compare_to}: the two models do not know the same labels. ckpt has "
            f"[{both[0]}], compare_to [{both[1]}]. Only models of the same labels can be compared."
        )
    return Other(path, model, extras)


def score_other(
    other: Other,
    result: EvaluationResult,
    data: DictConfig,
    config: DictConfig,
    settings: EvaluationSettings,
) -> EvaluationResult:
    """Score the documents of ``result`` with the other model, as it treats texts.

    Args:
        other: the model.
        result: what the first model gave.
        data: the config of the data that it was made of.
        config: of the evaluation; its ``trainer`` says what to score on.
        settings: of the evaluation.

    Returns:
        Its result, documents and labels in the order of ``result``.
    """
    trained = OmegaConf.create(other.extras.config)
    other.model.chunk_tokens = trained.model.chunk_tokens
    treated = data.copy()
    for key in TREATMENT:
        treated[key] = trained.data[key]
    positions = other.model.bert.config.max_position_embeddings
    check_max_length(treated.max_length, positions, trained.model.name)
    tokenizer = TextTokenizer.from_files(other.extras.tokenizer_files, str(other.path))
    own = build.datamodule(
        treated,
        tokenizer,
        shuffle_seed=0,
        splitter=_only(result),
        label_names=other.model.label_names,
    )
    own.setup()
    if len(own.indices("test")) != len(result.ids):
        raise UserError(
            f"compare_to={other.path}: its settings of the data (cleaning, data.duplicates=drop) "
            "leave other documents to score than those of ckpt, so that the two can't be compared."
        )
    trainer = build.evaluation_trainer(
        config.trainer.accelerator or "auto",
        config.trainer.precision or trained.trainer.precision,
    )
    trainer.test(other.model, datamodule=own, verbose=False)
    decisions = stored_decisions(
        other.extras.decisions,
        len(other.model.label_names),
        str(other.path),
        packages(config.trust),
    )
    found = evaluate_split(result.split, other.model, "test", own, decisions, settings)
    return found.in_order_of(result)


def _only(
    result: EvaluationResult,
) -> Callable[[ResumeTable, npt.NDArray[np.int64], int], npt.NDArray[np.str_]]:
    """Return a splitter that puts the documents of a result into the test split."""
    wanted = set(result.ids)

    def split(table: ResumeTable, groups: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.str_]:
        return np.array(["test" if str(name) in wanted else "unused" for name in table.ids])

    return split


def seen_by(other: Other, result: EvaluationResult) -> int | None:
    """Return how many of the documents the other model was trained on or chosen by.

    None: the manifest of its split is not there to tell, or damaged.
    """
    manifest = other.path.parent.parent / "split.csv"
    try:
        split = pd.read_csv(manifest, dtype=str, keep_default_na=False).set_index("id")["split"]
    except (OSError, ValueError, KeyError):
        return None
    used = set(split.index[split.isin(["train", "val"])])
    return len(used & set(result.ids))


def warning_of_overlap(other: Other, extras: CheckpointExtras, result: EvaluationResult) -> str:
    """Say if the other model has seen test documents of the model that ``extras`` came with.

    Empty: it has not.
    """
    same_split = other.extras.split_fingerprint == extras.split_fingerprint
    same_source = other.extras.config["data"]["reader"] == extras.config["data"]["reader"]
    if result.split != "test" or same_split or not same_source:
        return ""
    seen = seen_by(other, result)
    if seen == 0:
        return ""
    words = (
        "may have been trained on documents"
        if seen is None
        else f"was trained on, or chosen by, {seen:,} of the {len(result.ids):,} documents"
    )
    return (
        f"compare_to={other.path} {words} that the two are compared on: its split is another one, "
        "and the comparison favours it."
    )
