"""What a checkpoint holds beyond the weights, and how it is checked and opened.

A checkpoint is a Lightning ``.ckpt``. Its key ``resumebert`` holds everything that is needed to use
the model, except the hyper-parameters (architecture, labels, pooling), which Lightning stores.
Calibration and thresholds are known only after the training and are added to the file then.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

import torch
from omegaconf import OmegaConf
from torch import Tensor

from resumebert.data.tokenization import TOKENIZER_FILES, TextTokenizer
from resumebert.model.architecture import checked_architecture
from resumebert.model.checkpoint_file import (
    KEY,
    check_plain,
    is_of,
    read_checkpoint,
    reason_of,
    without_interpolations,
    write_checkpoint,
)
from resumebert.model.checkpoint_file import global_step as global_step
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.lora import merge_factors
from resumebert.model.pooling import POOLING_NAMES
from resumebert.settings.rules import check_values
from resumebert.utils.errors import UserError
from resumebert.utils.folders import checkpoint_file
from resumebert.utils.trust import is_dotted, trusted

FORMAT_VERSION = 4
# Version 2 had no calibration and thresholds; files before version 4 had no digest.
READABLE_VERSIONS = (2, 3, FORMAT_VERSION)
# As conf/model has it.
MODEL = "resumebert.model.classifier.ResumeClassifier"
# The arguments of the model.
ARGUMENTS = {"bert_config": dict[str, Any], "label_names": list[str], "pooling": str}
# The config keys that are needed to use a model, since version 2. `check_values` checks the values.
NEEDED = {
    **dict.fromkeys(("data.reader", "data.split", "data.near_duplicates"), dict),
    **dict.fromkeys(("loss", "optimizer"), dict),
    "data.max_length": int,
    "trainer.precision": str,
    **dict.fromkeys(
        (
            *("data.long_documents", "data.stride", "data.max_windows_train", "data.batch_size"),
            *("data.eval_batch_size", "data.num_workers", "data.cleaning", "data.mask_pii"),
            *("data.duplicates", "data.limit", "data.train_fraction", "data.seed"),
            *("model.name", "model.path", "model.chunk_tokens"),
        ),
        Any,
    ),
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


def attach_extras(model: ResumeClassifier, extras: CheckpointExtras) -> None:
    """Make the trainer write ``extras`` into every checkpoint of ``model``."""
    model.checkpoint_extras[KEY] = asdict(extras)


def store_decisions(path: Path, decisions: Mapping[str, Any]) -> None:
    """Add calibration and thresholds, as plain values, to a checkpoint; replaces it at once.

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

    Nothing in the file is executed, and everything in it is checked before the model is built.

    Args:
        path: the file or folder.
        key: the config key that the path was given as.
        trust: packages of the user's own. A model or pooling that the file names outside of
            resumebert is imported only from these.

    Returns:
        The model, in evaluation mode on the CPU, and the extras.

    Raises:
        UserError: there is no such file, it is damaged or was edited, is none of resumebert, has an
            unknown format version, or names code of a package that is not trusted.
    """
    path = checkpoint_file(path, key)
    content = read_checkpoint(path, key)
    extras = _extras(content, path)
    settings = _hyper_parameters(content, path, trust)
    kind = _model_class(extras.config["model"].get("_target_", MODEL), path, trust)
    with refusing(path, "the weights do not fit the architecture that the checkpoint describes"):
        require(len(extras.prevalences) == len(settings["label_names"]), "prevalences are missing")
        stored: Any = content.get("state_dict")
        check_tensors(stored, path.stat().st_size)
        # A last.ckpt holds LoRA's factors.
        lora = extras.config["model"].get("lora")
        weights = merge_factors(stored, lora["alpha"] / lora["r"] if lora else 1.0)
    return fitted_model(kind, settings, weights, extras.tokenizer_files, path), extras


def fitted_model(
    kind: type[ResumeClassifier],
    settings: dict[str, Any],
    weights: Mapping[str, Tensor],
    tokenizer_files: dict[str, str],
    path: Path,
) -> ResumeClassifier:
    """Return the model of arguments and tensors that are checked already, in evaluation mode.

    Raises:
        UserError: weights or tokenizer do not fit the architecture.
    """
    with refusing(path, "its tokenizer can't be used"):
        tokenizer = TextTokenizer.from_files(tokenizer_files, "tokenizer_files")
        known = settings["bert_config"]["vocab_size"]
        require(tokenizer.largest_id < known, f"the model knows {known} tokens, and it has more")
    with refusing(path, "the weights do not fit the architecture that the checkpoint describes"):
        labels, layers = len(settings["label_names"]), settings["bert_config"]["num_hidden_layers"]
        require(len(weights["bert.classifier.bias"]) == labels, "another number of labels")
        # Each layer has sixteen tensors. Laying out a huge number of layers would take very long.
        require(len(weights) >= 16 * layers, "there are weights for fewer layers")
        with torch.device("meta"):
            expected = kind(**settings).state_dict()
        odd = expected.keys() ^ weights.keys()
        require(not odd, f"{min(odd, default='')[:200]} is missing, or has no place")
        wrong = [name for name in expected if weights[name].shape != expected[name].shape]
        require(not wrong, f"{wrong[:1]} has another shape")
        model = kind(**settings)
        model.load_state_dict(weights)
    return model.eval()


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
    with refusing(path, "the checkpoint's progress can't be read"):
        state = content.get("training_state", {"loader": {"batches": 0}})
        return Resumable(
            extras,
            step=int(content["global_step"]),
            epochs=int(content["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"]),
            batches=int(state["loader"]["batches"]),
            bert_config=dict(content["hyper_parameters"]["bert_config"]),
        )


@contextmanager
def refusing(path: Path, what: str) -> Iterator[None]:
    """Refuse the file, and say what is wrong with it, after an error in the ``with`` block."""
    try:
        yield
    except (KeyError, TypeError, ValueError, RuntimeError, UserError) as error:
        raise UserError(
            f"{path}: {what} ({reason_of(error)}). The file is damaged or was edited; use another "
            "copy of it."
        ) from error


def require(holds: bool, otherwise: str) -> None:
    """Raise a ValueError with the words ``otherwise`` unless something holds."""
    if not holds:
        raise ValueError(otherwise)


def check_types(values: Mapping[str, Any], types: Mapping[str, Any]) -> None:
    """Raise a ValueError unless each name of ``types`` has a value of its type."""
    for name, kind in types.items():
        is_right = name in values and is_of(values[name], kind)
        require(is_right, f"{name} is missing, or of another type")


def _extras(content: dict[str, Any], path: Path) -> CheckpointExtras:
    """Return a checkpoint's extras. What is of the tokenizer and the decisions is checked later."""
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
    with refusing(path, f"the checkpoint's key {KEY!r} can't be used"):
        check_plain(plain)
        extras = CheckpointExtras(**plain)
        check_types(vars(extras), get_type_hints(CheckpointExtras))
        are_known = set(extras.tokenizer_files) <= set(TOKENIZER_FILES)
        require(are_known, "tokenizer_files has other files than a tokenizer's")
        require(all(0 <= x <= 1 for x in extras.prevalences), "prevalences are no shares")
        return replace(extras, config=_checked_config(extras.config))


def _checked_config(config: dict[str, Any]) -> dict[str, Any]:
    """Check a config, but for what it calls: see :mod:`resumebert.model.stored_calls`.

    Returns:
        The config, without interpolations: it was resolved when it was stored.
    """
    found: dict[str, Any] = {}
    for key in NEEDED:
        value: Any = config
        for name in key.split("."):
            require(type(value) is dict and name in value, f"config: {key} is missing")
            value = value[name]
        found[key] = value
    check_types(found, NEEDED)
    near = {"threshold", "ngram", "num_perm"}
    require(set(found["data.near_duplicates"]) == near, "config: odd data.near_duplicates")
    # Version 2 had none.
    check_types({"evaluation": {}, **config}, {"evaluation": dict})
    literal: dict[str, Any] = without_interpolations(config)
    check_values(OmegaConf.create(literal))
    # Version 2 had only this way to draw windows. Evaluation draws none.
    literal["data"].setdefault("window_sampling", "uniform")
    return literal


def _model_class(target: Any, path: Path, trust: Sequence[str]) -> type[ResumeClassifier]:
    if target == MODEL:
        return ResumeClassifier
    found = trusted(str(target), trust, str(path), "models")
    if not (isinstance(found, type) and issubclass(found, ResumeClassifier)):
        raise UserError(f"{path}: {target} is no ResumeClassifier.")
    return found


def _hyper_parameters(content: dict[str, Any], path: Path, trust: Sequence[str]) -> dict[str, Any]:
    settings: Any = content.get("hyper_parameters")
    with refusing(path, "the checkpoint's hyper-parameters can't be used"):
        check_plain(settings)
        settings = dict(settings)
        settings.pop("thresholds", None)  # Of version 2, where they were 0.5 each.
        require(settings.keys() == ARGUMENTS.keys(), f"they are {sorted(settings)[:5]}")
    return checked_arguments(settings, path, trust)


def checked_arguments(settings: dict[str, Any], path: Path, trust: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of a model from plain values of a file: those of :data:`ARGUMENTS`.

    Raises:
        UserError: they are none, or name a pooling of a package that is not trusted.
    """
    with refusing(path, "the model's labels and pooling can't be used"):
        check_types(settings, ARGUMENTS)
        names, pooling = settings["label_names"], settings["pooling"]
        are_distinct = len(set(names)) == len(names) > 0 and all(names)
        require(are_distinct, "label_names are not distinct names")
        is_ours = pooling in POOLING_NAMES
        require(is_ours or is_dotted(pooling), f"pooling is none of {', '.join(POOLING_NAMES)}")
    found = {**settings, "bert_config": checked_architecture(settings["bert_config"], str(path))}
    return found if is_ours else found | {"pooling": trusted(pooling, trust, str(path), "poolings")}


def check_tensors(weights: Any, file_size: int) -> None:
    """Check that weights are plain finite tensors that need no more memory than their file."""
    are_named = type(weights) in (dict, OrderedDict) and all(type(name) is str for name in weights)
    require(are_named, "there are no weights")
    for name, tensor in weights.items():
        is_plain = isinstance(tensor, Tensor) and tensor.device.type == "cpu"
        is_plain = is_plain and tensor.layout == torch.strided and tensor.is_floating_point()
        require(is_plain, f"{name[:200]} is no tensor of weights")
    # A tensor with stride 0 could repeat one number a million times.
    size = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    require(size <= file_size, "the weights are larger than their file")
    for name, tensor in weights.items():
        require(bool(tensor.isfinite().all()), f"{name[:200]} holds NaN or infinity")
