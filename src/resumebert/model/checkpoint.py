"""What a checkpoint holds beyond the weights, and how it is checked and opened.

A checkpoint is a Lightning ``.ckpt``. Its key ``resumebert`` holds everything that is needed to use
the model, except the hyper-parameters (architecture, labels, pooling), which Lightning stores.
Calibration and thresholds are known only after the training and are added to the file then.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor

from resumebert.data.tokenization import TOKENIZER_FILES, TextTokenizer
from resumebert.model.architecture import checked_architecture, misfits
from resumebert.model.checkpoint_file import (
    KEY,
    check_plain,
    global_step,
    read_checkpoint,
    without_interpolations,
    write_checkpoint,
)
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.lora import merge_factors
from resumebert.model.pooling import POOLING_NAMES
from resumebert.settings.rules import check_values
from resumebert.utils.errors import UserError
from resumebert.utils.folders import checkpoint_file
from resumebert.utils.trust import is_dotted, trusted

__all__ = [
    "CheckpointExtras",
    "Resumable",
    "attach_extras",
    "global_step",
    "load_checkpoint",
    "open_resumable",
    "store_decisions",
]

FORMAT_VERSION = 4
# Version 2 had no calibration and thresholds; files before version 4 had no digest.
READABLE_VERSIONS = (2, 3, FORMAT_VERSION)
# As conf/model has it.
MODEL = "resumebert.model.classifier.ResumeClassifier"
# The config keys that are needed to use a model, and their types, since version 2.
NEEDED: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("data", "data.reader", "data.split", "data.near_duplicates"), (dict,)),
    **dict.fromkeys(("model", "trainer", "loss", "optimizer"), (dict,)),
    **dict.fromkeys(("data.long_documents", "data.duplicates"), (str,)),
    **dict.fromkeys(("data.max_length", "data.batch_size", "data.eval_batch_size"), (int,)),
    **dict.fromkeys(("data.stride", "data.limit"), (int, type(None))),
    "data.cleaning": (list,),
    "data.mask_pii": (bool,),
    "data.max_windows_train": (int, str, type(None)),
    "data.seed": (int,),
    "data.num_workers": (int,),
    "data.train_fraction": (int, float),
    "model.name": (str,),
    "model.path": (str, type(None)),
    "model.chunk_tokens": (int,),
    "trainer.precision": (str,),
}


@dataclass(frozen=True)
class CheckpointExtras:
    """The part of a checkpoint under the key ``resumebert``.

    Attributes:
        tokenizer_files: name → content, see :class:`resumebert.data.tokenization.TextTokenizer`.
        split_fingerprint: SHA-256 of the training run's documents and split.
        config: the run's whole config, resolved, as plain Python. When read from a file, its
            interpolations are escaped, so that ``OmegaConf.create`` replaces nothing.
        prevalences: share of the training documents with each label.
        decisions: from :meth:`resumebert.evaluation.decisions.Decisions.to_plain`; None before the
            end of the run, and in version 2.
        overrides: the run's command line, with absolute paths; None if the run had none, or is
            older than this attribute.
        format_version: version of this part. Unknown versions are refused.
    """

    tokenizer_files: dict[str, str]
    split_fingerprint: str
    config: dict[str, Any]
    prevalences: list[float]
    decisions: dict[str, Any] | None = None
    overrides: list[str] | None = None
    format_version: int = FORMAT_VERSION


def attach_extras(model: ResumeClassifier, extras: CheckpointExtras) -> None:
    """Make the trainer write ``extras`` into every checkpoint of ``model``."""
    model.checkpoint_extras[KEY] = asdict(extras)


def store_decisions(path: Path, decisions: Mapping[str, Any]) -> None:
    """Add calibration and thresholds to a checkpoint file.

    The file is replaced at once: if this is interrupted, the earlier file remains.

    Args:
        path: a checkpoint of this run.
        decisions: from :meth:`resumebert.evaluation.decisions.Decisions.to_plain`.

    Raises:
        UserError: the file can't be read or written.
    """
    content = read_checkpoint(path)
    content[KEY]["decisions"] = dict(decisions)
    write_checkpoint(content, path)


def load_checkpoint(
    path: Path, key: str = "ckpt", trust: Sequence[str] = ()
) -> tuple[ResumeClassifier, CheckpointExtras]:
    """Open a checkpoint file, or the best checkpoint of a run's folder.

    Nothing in the file is executed, and everything in it is checked before the model is built. What
    it names outside of resumebert is imported only from packages that are trusted.

    Args:
        path: the file or folder.
        key: the config key that the path was given as.
        trust: packages of the user's own, whose model or pooling it may name.

    Returns:
        The model, in evaluation mode on the CPU, and the extras.

    Raises:
        UserError: there is no such file, it is damaged or was edited, is not a checkpoint of
            resumebert, has an unknown format version, or names code of a package that is not
            trusted.
    """
    path = checkpoint_file(path, key)
    content = read_checkpoint(path, key)
    extras = _extras(content, path)
    settings = _hyper_parameters(content, path, trust)
    kind = _model_class(extras.config["model"].get("_target_", MODEL), path, trust)
    _check_tokenizer(extras, settings["bert_config"]["vocab_size"], path)
    try:
        if len(extras.prevalences) != len(settings["label_names"]):
            raise ValueError("it does not have one prevalence for each label")
        # A last.ckpt holds LoRA's factors.
        lora = extras.config["model"].get("lora")
        scaling = lora["alpha"] / lora["r"] if lora else 1.0
        stored: Any = content.get("state_dict")
        _check_tensors(stored, path.stat().st_size)
        weights = merge_factors(stored, scaling)
        if len(weights["bert.classifier.bias"]) != len(settings["label_names"]):
            raise ValueError("the weights are of another number of labels")
        # Each layer has sixteen tensors. Laying out a huge number of layers would take very long.
        if len(weights) < 16 * settings["bert_config"]["num_hidden_layers"]:
            raise ValueError("there are weights for fewer layers")
        with torch.device("meta"):
            expected = kind(**settings).state_dict()
        if found := misfits(weights, expected):
            raise ValueError(found[0])
        model = kind(**settings)
        model.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{path}: the weights do not fit the architecture that the checkpoint describes "
            f"({_first_line(error)}). The file is damaged or was edited; use another copy of it."
        ) from error
    return model.eval(), extras


@dataclass(frozen=True)
class Resumable:
    """What must be known to resume from a checkpoint.

    Attributes:
        extras: the checkpoint's extras.
        step: number of optimizer steps so far.
        epochs: number of completed epochs.
        batches: number of batches of the next epoch that were already trained on.
        bert_config: the architecture.
    """

    extras: CheckpointExtras
    step: int
    epochs: int
    batches: int
    bert_config: dict[str, Any]


def open_resumable(path: Path) -> Resumable:
    """Open a checkpoint to resume from.

    Raises:
        UserError: it can't be read, or it holds weights only.
    """
    content = read_checkpoint(path, "ckpt_path")
    extras = _extras(content, path)
    if "optimizer_states" not in content:
        raise UserError(
            f"ckpt_path={path}: this checkpoint holds the weights only, not the state of the "
            "optimizer, so training can't resume from it. Give the run's checkpoints/last.ckpt."
        )
    try:
        epochs = content["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"]
        batches = content.get("training_state", {"loader": {"batches": 0}})["loader"]["batches"]
        bert_config = dict(content["hyper_parameters"]["bert_config"])
        step = int(content["global_step"])
        return Resumable(extras, step, int(epochs), int(batches), bert_config)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: the checkpoint's progress is damaged ({_first_line(error)}); use another "
            "copy of it."
        ) from error


def _extras(content: dict[str, Any], path: Path) -> CheckpointExtras:
    """Return a checkpoint's extras. All but the tokenizer and the decisions are checked."""
    plain = content.get(KEY)
    if not isinstance(plain, dict):
        raise UserError(
            f"{path}: it is a checkpoint, but not one of resumebert (it has no key {KEY!r}). Give "
            "one that train.py wrote."
        )
    version = plain.get("format_version")
    if type(version) is not int or version not in READABLE_VERSIONS:
        raise UserError(
            f"{path}: the checkpoint has format version {version}, and this resumebert reads "
            f"versions {', '.join(map(str, READABLE_VERSIONS))}. Use the resumebert it was "
            "written with, or train again."
        )
    try:
        check_plain(plain)
        extras = CheckpointExtras(**plain)
        if type(extras.split_fingerprint) is not str:
            raise ValueError("split_fingerprint is no text")
        shares = extras.prevalences
        if type(shares) is not list or not all(type(x) is float and 0 <= x <= 1 for x in shares):
            raise ValueError("prevalences are no list of shares")
        if type(extras.decisions) not in (dict, type(None)):
            raise ValueError("decisions are no dictionary")
        extras = replace(extras, config=_checked_config(extras.config))
    except (TypeError, ValueError, UserError) as error:
        raise UserError(
            f"{path}: the checkpoint's key {KEY!r} is damaged or was edited "
            f"({_first_line(error)}); use another copy of it."
        ) from error
    return extras


def _checked_config(config: Any) -> dict[str, Any]:
    """Check a checkpoint's config, but for what it calls: see :mod:`resumebert.model.stored_calls`.

    Returns:
        The config, without interpolations: it was resolved when it was stored.
    """
    if type(config) is not dict:
        raise ValueError("config is no dictionary")
    for key, kinds in NEEDED.items():
        value: Any = config
        for name in key.split("."):
            value = value.get(name, math.nan) if type(value) is dict else math.nan
        if type(value) not in kinds:
            raise ValueError(f"config: {key} is missing or of a wrong type")
    data = config["data"]
    if set(data["near_duplicates"]) != {"threshold", "ngram", "num_perm"}:
        raise ValueError("config: data.near_duplicates has other keys than a run's")
    # Version 2 had none.
    if type(config.get("evaluation", {})) is not dict:
        raise ValueError("config: evaluation is no dictionary")
    if not all(type(step) is str for step in data["cleaning"]):
        raise ValueError("config: data.cleaning is no list of names")
    literal: dict[str, Any] = without_interpolations(config)
    # Version 2 had only this way to draw windows. Evaluation draws none.
    literal["data"].setdefault("window_sampling", "uniform")
    check_values(OmegaConf.create(literal))
    return literal


def _model_class(target: Any, path: Path, trust: Sequence[str]) -> type[ResumeClassifier]:
    """Return the class of a checkpoint's model."""
    if target == MODEL:
        return ResumeClassifier
    found = trusted(str(target), trust, str(path), "models")
    if not (isinstance(found, type) and issubclass(found, ResumeClassifier)):
        raise UserError(f"{path}: {target} is no ResumeClassifier.")
    return found


def _hyper_parameters(content: dict[str, Any], path: Path, trust: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of the model, checked."""
    settings: Any = content.get("hyper_parameters")
    where = f"{path}: the checkpoint's hyper-parameters are damaged or were edited"
    try:
        check_plain(settings)
        settings = dict(settings)
        settings.pop("thresholds", None)  # Of version 2, where they were 0.5 each.
        if set(settings) != {"bert_config", "label_names", "pooling"}:
            raise ValueError(f"they are {sorted(settings)[:5]}")
        names = settings["label_names"]
        if type(names) is not list or not names:
            raise ValueError("label_names is no list of names")
        if not all(type(name) is str and name for name in names) or len(set(names)) < len(names):
            raise ValueError("label_names are not distinct names")
        if settings["pooling"] not in POOLING_NAMES and not is_dotted(settings["pooling"]):
            raise ValueError(f"pooling is none of {', '.join(POOLING_NAMES)}")
        if type(settings["bert_config"]) is not dict:
            raise ValueError("bert_config is no dictionary")
    except (TypeError, ValueError) as error:
        raise UserError(f"{where} ({_first_line(error)}); use another copy of it.") from error
    if settings["pooling"] not in POOLING_NAMES:
        settings["pooling"] = trusted(settings["pooling"], trust, str(path), "poolings")
    return settings | {"bert_config": checked_architecture(settings["bert_config"], str(path))}


def _check_tokenizer(extras: CheckpointExtras, vocabulary: int, path: Path) -> None:
    """Check that the tokenizer can be read and has no token that the model does not know."""
    files = extras.tokenizer_files
    if type(files) is not dict or not all(
        name in TOKENIZER_FILES and type(text) is str for name, text in files.items()
    ):
        raise UserError(
            f"{path}: the checkpoint's tokenizer is damaged or was edited; use another copy of it."
        )
    tokenizer = TextTokenizer.from_files(files, str(path))
    if tokenizer.largest_id >= vocabulary:
        raise UserError(
            f"{path}: the tokenizer has a token with the number {tokenizer.largest_id}, but the "
            f"model knows {vocabulary} tokens. The file was edited; use another copy of it."
        )


def _check_tensors(weights: Any, file_size: int) -> None:
    """Check that weights are plain finite tensors that need no more memory than their file."""
    if type(weights) not in (dict, OrderedDict) or not all(type(name) is str for name in weights):
        raise ValueError("there are no weights")
    for name, tensor in weights.items():
        is_plain = isinstance(tensor, Tensor) and tensor.device.type == "cpu"
        if not is_plain or tensor.layout != torch.strided or not tensor.is_floating_point():
            raise ValueError(f"{name[:200]} is no tensor of weights")
    # A tensor with stride 0 could repeat one number a million times.
    if sum(tensor.numel() * tensor.element_size() for tensor in weights.values()) > file_size:
        raise ValueError("the weights are larger than their file")
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name[:200]} holds NaN or infinity")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
