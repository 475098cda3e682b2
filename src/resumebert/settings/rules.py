"""What the values of a config may be: the constraint of each key, and rules that relate several.

Hydra refuses keys and groups that do not exist. It does not check values.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigTypeError

from resumebert.settings.schema import (
    AppSettings,
    EvalSettings,
    ExportSettings,
    PredictSettings,
    Settings,
    TrainSettings,
    WholeConfig,
    group_of,
)
from resumebert.utils.command_line import given_keys
from resumebert.utils.errors import UserError
from resumebert.utils.requirements import (
    ALIASES,
    BELOW_ONE,
    COLUMNS,
    FLAG,
    GROUP,
    INSIDE,
    NAME,
    NAMES,
    POSITIVE,
    SEPARATOR,
    SHARE,
    STRING,
    Requirement,
    either,
    integer,
    is_integer,
    is_list,
    number,
    one_of,
    only,
    optional,
)

LORA_TARGETS = ("query", "key", "value", "attention_output", "intermediate", "output")
# Of something, and not nothing of it.
PART = number(0, 1, low_excluded=True)
DIRECTION = one_of("min", "max")
# Group → key → what its value must be, of keys that become arguments of what a _target_ names.
ARGUMENTS: Mapping[str, Mapping[str, Requirement]] = {
    "data": {
        **dict.fromkeys(("path", "labels_file"), optional(STRING)),
        **dict.fromkeys(("text_column", "file_column"), NAME),
        **dict.fromkeys(("id_column", "labels_column", "split_column", "sheet"), optional(NAME)),
        **dict.fromkeys(("label_columns", "label_names"), optional(COLUMNS)),
        **dict.fromkeys(("label_separator", "encoding"), STRING),
        "label_aliases": optional(either(one_of("auto"), ALIASES)),
        "rows": one_of("per_document", "per_label"),
        "separator": SEPARATOR,
        "quoting": one_of("auto", "standard", "backslash", "none"),
        "dataset_split": optional(either(STRING, NAMES)),
        "unlabelled": one_of("keep", "drop"),
        "unlisted": one_of("error", "keep"),
        "on_bad_rows": one_of("error", "skip"),
        "fold": integer(0),
    },
    "data.near_duplicates": {
        "threshold": PART,
        "ngram": integer(1, 1000),
        "num_perm": integer(16, 10_000),
    },
    "data.mask_label_words": dict.fromkeys(("names", "words"), SHARE),
    "data.shares": {"train": PART, "val": SHARE, "test": SHARE},
    "data.split": {
        "train": PART,
        **dict.fromkeys(("val", "test"), SHARE),
        "order": one_of(1, 2),
        **dict.fromkeys(("keep_given", "allow_straddling"), FLAG),
        "folds": integer(2),
        "fold": integer(0),
        "manifest": replace(
            STRING, words="a csv of id,split, such as the split.csv of another run"
        ),
    },
    "model.lora": {
        "r": integer(1),
        "alpha": POSITIVE,
        "dropout": SHARE,
        "target_modules": Requirement(
            f"one or more of {', '.join(LORA_TARGETS)}",
            lambda value: is_list(value) and bool(value) and set(value) <= set(LORA_TARGETS),
        ),
    },
    "optimizer": {
        **dict.fromkeys(("lr", "eps", "head_lr_factor"), POSITIVE),
        "weight_decay": number(0),
        "betas": Requirement(
            "two numbers of at least 0 and below 1",
            lambda value: is_list(value) and len(value) == 2 and all(map(BELOW_ONE.holds, value)),
        ),
        "layer_decay": PART,
        "fused": FLAG,
    },
    "loss": {
        "label_smoothing": SHARE,
        "max_weight": number(1),
        **dict.fromkeys(("power", "gamma", "gamma_pos", "gamma_neg"), number(0)),
        "alpha": optional(SHARE),
        # Above 0.5, labels that are predicted wrongly would cost nothing.
        "clip": number(0, 0.5),
    },
    "scheduler": {
        **dict.fromkeys(("warmup", "min_lr"), number(0)),
        "final_factor": SHARE,
        "factor": INSIDE,
        "patience": integer(0),
        "mode": DIRECTION,
        "monitor": STRING,
    },
    "callbacks.best_checkpoint": {
        "dirpath": STRING,
        # The other commands find the checkpoint by this name.
        "filename": one_of("best"),
        "monitor": optional(STRING),
        "mode": DIRECTION,
        "save_top_k": integer(1),
        **dict.fromkeys(("save_weights_only", "enable_version_counter"), FLAG),
    },
    "callbacks.last_checkpoint": {"dirpath": STRING, "minutes": number(0)},
    "callbacks.early_stopping": {
        "monitor": STRING,
        "mode": DIRECTION,
        "check_on_train_epoch_end": optional(FLAG),
        "patience": integer(0),
        "min_delta": number(0),
    },
    "callbacks.learning_rate": {"logging_interval": optional(one_of("step", "epoch"))},
    "callbacks.tensorboard_pictures": {"examples": integer(0), "max_labels": integer(1)},
    "callbacks.pruning": {
        "metric": STRING,
        "journal": optional(STRING),
        "trial": optional(integer(0)),
    },
    "callbacks.weight_averaging.newest_share": {"decay": BELOW_ONE, "start": BELOW_ONE},
    "trainer": {
        **dict.fromkeys(("min_epochs", "min_steps"), optional(integer(1))),
        **dict.fromkeys(("num_nodes", "log_every_n_steps"), integer(1)),
        "max_steps": either(integer(1), one_of(-1)),
        "num_sanity_val_steps": either(integer(0), one_of(-1)),
        "gradient_clip_val": optional(number(0)),
        "gradient_clip_algorithm": optional(one_of("norm", "value")),
        "deterministic": either(FLAG, one_of("warn")),
        "benchmark": optional(FLAG),
        **dict.fromkeys(("inference_mode", "sync_batchnorm", "detect_anomaly"), FLAG),
        **dict.fromkeys(("enable_model_summary", "enable_autolog_hparams"), FLAG),
        "limit_predict_batches": only(None, "train.py predicts nothing"),
        "use_distributed_sampler": only(
            False, "our own sampler shares the documents of a batch among the processes"
        ),
        "reload_dataloaders_every_n_epochs": only(
            0, "the data stay the same, and a new order is drawn in every epoch anyway"
        ),
        "logger": only(None, "choose with logger=tensorboard, csv, both, wandb, mlflow or none"),
        "callbacks": only(None, "choose with callbacks=NAME, or add one: +callbacks.NAME=…"),
        "barebones": only(
            False,
            "barebones leaves neither figures nor checkpoints; measure a step's speed with "
            "make bench",
        ),
        "model_registry": only(None, "checkpoints are files in the run's folder"),
    },
}
# Of a type that says no more than what it holds.
OF_TYPES: Mapping[Any, Requirement] = {bool: FLAG, str: STRING}


def _of_fields(kind: type[Settings], group: str = "") -> Iterator[tuple[str, Requirement]]:
    """Yield the keys of some settings, dotted, and what their values must be."""
    hints = get_type_hints(kind)
    for each in fields(kind):
        key, hint = group + each.name, hints[each.name]
        if inner := group_of(hint):
            yield from _of_fields(inner, f"{key}.")
            continue
        types = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        requirement = each.metadata.get("must")
        if requirement is None:
            [first, *more] = [one for one in types if one is not NoneType]
            if get_origin(first) is Literal:
                requirement = one_of(*get_args(first))
            elif not more:
                requirement = OF_TYPES.get(first)
        if requirement is not None:
            yield key, optional(requirement) if NoneType in types else requirement


REQUIREMENTS: Mapping[str, Requirement] = {
    **dict(_of_fields(EvalSettings)),
    **dict(_of_fields(TrainSettings)),
    **{f"{group}.{key}": be for group, keys in ARGUMENTS.items() for key, be in keys.items()},
    "callbacks": GROUP,
    "logger": GROUP,
}


# Of one command alone, some of whose keys mean something else in others.
OF_EXPORT: Mapping[str, Requirement] = dict(_of_fields(ExportSettings))
OF_PREDICT: Mapping[str, Requirement] = dict(_of_fields(PredictSettings))
OF_APP: Mapping[str, Requirement] = dict(_of_fields(AppSettings))


def check_values(
    config: DictConfig, requirements: Mapping[str, Requirement] = REQUIREMENTS
) -> None:
    """Check every key of ``requirements`` that ``config`` has."""
    absent = object()
    problems = []
    for key, requirement in requirements.items():
        try:
            value = OmegaConf.select(config, key, default=absent, throw_on_missing=False)
        except ConfigTypeError:
            # A key above it has a wrong type, which that key's own requirement reports.
            continue
        if value is not absent and not requirement.holds(value):
            problems.append(f"{key}={value}: must be {requirement.words}.")
    problems += _conflicts(config)
    if problems:
        raise UserError(" ".join(problems))


def _conflicts(config: DictConfig) -> Iterator[str]:
    """Yield the values that are right by themselves and wrong together."""

    def value(key: str, default: Any = None) -> Any:
        return OmegaConf.select(config, key, default=default)

    if value("trainer.precision") == "16-mixed" and value("optimizer.fused"):
        yield "optimizer.fused=true: trainer.precision=16-mixed needs false."
    fold, folds = value("data.split.fold"), value("data.split.folds")
    if is_integer(fold) and is_integer(folds) and fold >= folds:
        yield (
            f"data.fold={fold}: with data.split.folds={folds} it is a number from 0 to {folds - 1}."
        )
    if value("evaluation.thresholds") == "guaranteed" and value("evaluation.recall_floor") == 1:
        yield (
            "evaluation.recall_floor=1: with evaluation.thresholds=guaranteed it must be below 1, "
            "since no number of documents can show that no other will be missed."
        )
    masked = value("data.mask_label_words")
    shares = list(masked.values()) if isinstance(masked, Mapping) else []
    if all(map(SHARE.holds, shares)) and sum(shares) > 1:
        yield (
            f"data.mask_label_words={masked}: a document is read without names, or without "
            "words, or as it is, so the shares are 1 together at most."
        )
    interval = value("trainer.val_check_interval")
    if value("trainer.check_val_every_n_epoch", 1) is None and isinstance(interval, float):
        yield (
            f"trainer.check_val_every_n_epoch=null: trainer.val_check_interval={interval} is a "
            "share of an epoch. Give a number of batches, or a time."
        )
    windows, documents = value("data.max_windows_train"), value("data.batch_size")
    reads_all = value("data.long_documents") == "windows"
    if reads_all and is_integer(windows) and is_integer(documents) and windows < documents:
        yield (
            f"data.max_windows_train={windows}: a batch of data.batch_size={documents} documents "
            "has at least one window of each. Raise the former or lower the latter."
        )


def check_max_length(max_length: int, positions: int, model_name: str) -> None:
    """Check that the model has a position embedding for every token."""
    if max_length > positions:
        raise UserError(
            f"data.max_length={max_length}: {model_name} reads at most {positions} tokens at once. "
            f"Give a value from 3 to {positions}."
        )


WINDOWS = ("windows", "random_window")
STRATIFIED = ("stratified", "random")
# A key, or a group of them: the key that decides, and the values with which it has an effect.
NEEDS: Mapping[str, tuple[str, tuple[object, ...]]] = {
    "data.fold": ("data/split", ("kfold",)),
    **dict.fromkeys(("data.shares.train", "data.shares.test"), ("data/split", STRATIFIED)),
    "data.shares.val": ("data/split", (*STRATIFIED, "kfold")),
    "data.split_column": ("data/split", ("column",)),
    **dict.fromkeys(("data.stride", "model.pooling"), ("data.long_documents", WINDOWS)),
    "data.max_windows_train": ("data.long_documents", ("windows",)),
    "data.window_sampling": ("data.long_documents", ("windows",)),
    "data.label_separator": ("data.label_columns", (None,)),
    **{f"model.{key}": ("model.path", (None,)) for key in ("package", "revision", "sha256")},
    "evaluation.precision_floor": ("evaluation.thresholds", ("precision",)),
    "evaluation.recall_floor": ("evaluation.thresholds", ("recall", "guaranteed")),
    "evaluation.miss_cost": ("evaluation.thresholds", ("cost",)),
    "evaluation.false_alarm_cost": ("evaluation.thresholds", ("cost",)),
    "evaluation.threshold_resamples": ("evaluation.thresholds", ("f1", "cost")),
    **{
        f"evaluation.{key}": ("evaluation.report", (True,))
        for key in ("slices", "probes", "label_noise", "errors", "label_words")
    },
}


def without_effect(
    config: WholeConfig, choices: Mapping[str, str], typed: Iterable[str]
) -> Iterator[str]:
    """Yield a line for each setting that was ``typed`` and has no effect with these ``choices``."""
    for key in set(NEEDS).intersection(given_keys(typed)):
        decider, values = NEEDS[key]
        value = config.at(decider.replace("/", "."))
        decides = choices.get(decider, value)
        if value is not None and decides not in values:
            yield f"{key}={config.at(key)} has no effect with {decider}={decides}."
