"""What a checkpoint carries beyond the weights, and the only way to open one.

A checkpoint is a Lightning ``.ckpt``. Under its key ``resumebert`` it has all that using the model
takes; the model's own hyper-parameters (architecture, labels, pooling) are Lightning's. Calibration
and thresholds are known only after the training, and are put into the files that it has left.
"""

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from resumebert.model.classifier import ResumeClassifier
from resumebert.model.lora import merge_factors
from resumebert.utils.durable_files import replacing
from resumebert.utils.errors import UserError

FORMAT_VERSION = 3
# Of 2, calibration and thresholds were not part; all else is as it was.
READABLE_VERSIONS = (2, FORMAT_VERSION)
KEY = "resumebert"
# What decides which parameters there are, and in which groups of the optimizer.
AS_TRAINED = (
    *(("model", key) for key in ("name", "random_config", "num_layers", "pooling", "lora")),
    *(("model", key) for key in ("freeze_embeddings", "freeze_layers")),
    ("optimizer", "layer_decay"),
)


@dataclass(frozen=True)
class CheckpointExtras:
    """The part of a checkpoint under the key ``resumebert``.

    Attributes:
        tokenizer_files: name → content, see :class:`resumebert.data.tokenization.TextTokenizer`.
        split_fingerprint: SHA-256 of the documents and their split, as trained.
        config: the run's whole config, resolved, as plain Python.
        prevalences: share of the training documents with each label.
        decisions: what :meth:`resumebert.evaluation.decisions.Decisions.to_plain` gave; None: the
            run had not got that far, or was one of before there were any.
        format_version: of this part; a reader refuses one that it does not know.
    """

    tokenizer_files: dict[str, str]
    split_fingerprint: str
    config: dict[str, Any]
    prevalences: list[float]
    decisions: dict[str, Any] | None = None
    format_version: int = FORMAT_VERSION


def attach_extras(model: ResumeClassifier, extras: CheckpointExtras) -> None:
    """Make every checkpoint that the trainer writes of ``model`` carry ``extras``."""
    model.checkpoint_extras[KEY] = asdict(extras)


def store_decisions(path: Path, decisions: Mapping[str, Any]) -> None:
    """Put calibration and thresholds into a checkpoint file, which is replaced as a whole.

    Cut off half-way, the run keeps the checkpoint that it had.

    Args:
        path: a checkpoint of this run.
        decisions: what :meth:`resumebert.evaluation.decisions.Decisions.to_plain` gave.

    Raises:
        UserError: the file can't be read or written.
    """
    content = _read(path)
    content[KEY]["decisions"] = dict(decisions)
    with replacing(path) as file:
        torch.save(content, file)


def global_step(path: Path) -> int:
    """Return after which optimizer step a checkpoint was written."""
    return int(_read(path)["global_step"])


def load_checkpoint(path: Path) -> tuple[ResumeClassifier, CheckpointExtras]:
    """Open a checkpoint file, or the best checkpoint of a run's folder.

    The file is opened with ``weights_only=True``: nothing in it is executed.

    Returns:
        The model, in evaluation mode on the CPU, and what came with it.

    Raises:
        UserError: there is no such file, it is damaged, or it is not a checkpoint of ours or not of
            this format version.
    """
    path = checkpoint_file(path)
    content = _read(path)
    extras = _extras(content, path)
    try:
        settings = dict(content["hyper_parameters"])
        settings.pop("thresholds", None)  # Of version 2, where they were 0.5 each.
        model = ResumeClassifier(**settings)
        # A last.ckpt holds LoRA's factors.
        lora = extras.config["model"]["lora"]
        scaling = lora["alpha"] / lora["r"] if lora else 1.0
        model.load_state_dict(merge_factors(content["state_dict"], scaling))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{path}: the weights do not fit the architecture that the checkpoint describes "
            f"({_first_line(error)}). The file is damaged or was edited; use another copy of it."
        ) from error
    return model.eval(), extras


def checkpoint_file(path: Path) -> Path:
    """Return ``path`` if it is a file; of a run's folder, its best checkpoint, else its last.

    Raises:
        UserError: there is none.
    """
    path = path.expanduser()
    if path.is_file():
        return path
    if not path.exists():
        raise UserError(
            f"ckpt={path}: there is no such file or folder. Give a checkpoint "
            "(outputs/train/DATE_TIME/checkpoints/best.ckpt) or a run's folder."
        )
    for name in ("checkpoints/best.ckpt", "best.ckpt", "checkpoints/last.ckpt", "last.ckpt"):
        if (path / name).is_file():
            return path / name
    raise UserError(
        f"ckpt={path}: the folder holds no checkpoints/best.ckpt and no checkpoints/last.ckpt. "
        "Give a run's folder, or a checkpoint file."
    )


def check_resumable(path: Path, config: dict[str, Any]) -> str:
    """Check that training as ``config`` says can go on from the checkpoint ``path``.

    Returns:
        The fingerprint of the documents and their split that it was trained with.

    Raises:
        UserError: it can't be read, it holds weights only, or they are those of another model.
    """
    content = _read(path)
    extras = _extras(content, path)
    for group, key in AS_TRAINED:
        was, now = extras.config[group].get(key), config[group].get(key)
        if was != now:
            raise UserError(
                f"{group}.{key}={now}: the checkpoint ckpt_path={path} was trained with {was}, and "
                f"its weights and optimizer fit nothing else. Give {group}.{key}={was}, or start "
                "afresh without ckpt_path."
            )
    if "optimizer_states" not in content:
        raise UserError(
            f"ckpt_path={path}: this checkpoint holds the weights only, not the state of the "
            "optimizer, so training can't go on from it. Give the run's checkpoints/last.ckpt."
        )
    return extras.split_fingerprint


def _read(path: Path) -> dict[str, Any]:
    try:
        # By its name PyTorch opens no file whose path is not UTF-8.
        with path.open("rb") as file:
            content = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path}: the file can't be read as a checkpoint ({_first_line(error)}). It is "
            "damaged, cut off, or something else than a checkpoint; use another copy of it."
        ) from error
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path}: the file holds more than weights and plain values, or is no checkpoint at "
            "all, and is not opened, because unpickling it could run code. Use a checkpoint that "
            "train.py wrote."
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: not a checkpoint, but a saved {type(content).__name__}.")
    return content


def _extras(content: dict[str, Any], path: Path) -> CheckpointExtras:
    if not isinstance(content.get(KEY), dict):
        raise UserError(
            f"{path}: a checkpoint, but not one of resumebert (it has no part {KEY!r}). Give one "
            "that train.py wrote."
        )
    version = content[KEY].get("format_version")
    if version not in READABLE_VERSIONS:
        raise UserError(
            f"{path}: the checkpoint has format version {version}, and this resumebert reads "
            f"versions {' and '.join(map(str, READABLE_VERSIONS))}. Use the resumebert it was "
            "written with, or train again."
        )
    try:
        return CheckpointExtras(**content[KEY])
    except TypeError as error:
        raise UserError(
            f"{path}: the checkpoint's part {KEY!r} is damaged ({_first_line(error)}); use another "
            "copy of it."
        ) from error


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
