"""The settings of the commands: typed, frozen, each with what it means and what it may be.

The values stand in ``conf/``, each with its reason. A field's constraint follows from its type, or
is given with :func:`must`. Keys that become arguments of what a ``_target_`` names have theirs in
:mod:`resumebert.settings.rules`; here they are read-only mappings.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Literal, Self, get_args, get_type_hints

from resumebert.utils.errors import UserError
from resumebert.utils.hardware import ACCELERATORS, PRECISIONS
from resumebert.utils.requirements import (
    BATCHES,
    BELOW_ONE,
    DEVICE,
    DOTTED,
    DURATION,
    FLAG,
    FUNCTIONS,
    INSIDE,
    NAME,
    NAMES,
    NAMES_OF_LABELS,
    POSITIVE,
    SEPARATOR,
    SHARE,
    SOME_BATCHES,
    STRING,
    Requirement,
    either,
    integer,
    number,
    one_of,
    optional,
)

Options = Mapping[str, Any]
CalibrationMethod = Literal["none", "temperature", "platt", "isotonic"]
Objective = Literal["fixed", "f1", "precision", "recall", "cost", "guaranteed"]

HUB_NAME = Requirement(
    "OWNER/NAME on the Hugging Face hub",
    lambda value: isinstance(value, str) and bool(re.fullmatch(r"[\w.-]+/[\w.-]+", value)),
)
TOKEN = Requirement(
    "at least 16 letters, digits, hyphens or underscores",
    lambda value: isinstance(value, str) and bool(re.fullmatch(r"[\w-]{16,}", value, re.ASCII)),
)
BERT = Requirement("a dictionary of BERT settings", lambda value: isinstance(value, Mapping))
LORA = Requirement(
    "a dictionary of r, alpha, dropout and target_modules, as model/lora=default gives",
    lambda value: (
        isinstance(value, Mapping) and set(value) == {"r", "alpha", "dropout", "target_modules"}
    ),
)
DEVICES = Requirement(
    "a number of devices (-1: all), a list of them, or auto",
    lambda value: value not in (0, "0") and not isinstance(value, bool),
)
MASKED_SHARES = Requirement(
    "the shares of names and words, such as {names: 0.25, words: 0.25}",
    lambda value: isinstance(value, Mapping) and set(value) <= {"names", "words"},
)
PLUGINS = Requirement("a list of plugins", lambda value: isinstance(value, Sequence))

# What data.max_length=auto means: one window is as long as BERT reads; several are short, since a
# maximum over many short ones learns most from as many tokens (docs/results.md).
ONE_WINDOW, SHORT_WINDOW = 512, 64
# What data.max_windows_train=auto allows for each document of a batch: as much as one window's.
TOKENS_PER_DOCUMENT = 512


def must(be: Requirement, **default: Any) -> Any:
    """Return a dataclass field with a constraint; ``default=…`` gives it a default."""
    return field(metadata={"must": be}, **default)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A group of settings: the base of those below."""

    @classmethod
    def of(cls, plain: Options, key: str = "") -> Self:
        """Return the settings of a resolved dictionary under ``key``, without other keys."""
        hints = get_type_hints(cls)
        given: dict[str, Any] = {}
        for each in fields(cls):
            name, group = key + each.name, group_of(hints[each.name])
            if each.name in plain:
                value = plain[each.name]
                given[each.name] = group.of(value or {}, f"{name}.") if group else frozen(value)
            elif each.default is MISSING and each.default_factory is MISSING:
                raise UserError(f"{name}: no value is given. Give one as {name}=VALUE.")
        return cls(**given)


def group_of(hint: Any) -> type[Settings] | None:
    """Return a field's type if it is a group of settings; None if it is a value."""
    return hint if isinstance(hint, type) and issubclass(hint, Settings) else None


@dataclass(frozen=True, kw_only=True)
class MonitorSettings(Settings):
    """What the best checkpoint is chosen by, on validation."""

    metric: str
    mode: Literal["min", "max"]


@dataclass(frozen=True, kw_only=True)
class DataSettings(Settings):
    """Where documents come from, how they are split, and how the model reads them."""

    _target_: str = "resumebert.data.datamodule.ResumeDataModule"  # or a class derived of it
    reader: Options  # a function → ResumeTable
    split: Options  # a function of table, groups of duplicates, seed → each document's split
    cleaning: Sequence[str] = must(NAMES)  # steps, in order
    mask_pii: bool  # one word in place of addresses and telephone numbers
    long_documents: Literal["truncate", "head_tail", "random_window", "windows"]
    max_length: int = must(either(integer(3), one_of("auto")))  # tokens of a window; resolved here
    stride: int | None = must(integer(0))  # tokens that neighbouring windows share
    # Of a training batch at most; resolved here.
    max_windows_train: int | None = must(either(integer(1), one_of("auto")))
    window_sampling: Literal["evidence", "uniform"]
    # Level of words → share of the documents that are read without them.
    mask_label_words: Options = field(metadata={"must": MASKED_SHARES}, default_factory=dict)
    batch_size: int = must(integer(1))  # documents a step, over all processes
    eval_batch_size: int = must(integer(1))  # documents a batch and process
    limit: int | None = must(integer(1))  # a random subset of so many documents
    seed: int = must(integer(0))  # of the subset and the split
    duplicates: Literal["keep", "drop"]
    near_duplicates: Options
    train_fraction: float = must(number(0, 1, low_excluded=True))  # of the training split
    num_workers: int = must(integer(0, 1000))  # processes that make batches

    @classmethod
    def of(cls, plain: Options, key: str = "data.") -> Self:
        """Return the settings of ``data`` of a config or a checkpoint, every ``auto`` resolved."""
        settings = super().of(plain, key)
        length: Any = settings.max_length
        windows: Any = settings.max_windows_train
        if length == "auto":
            length = SHORT_WINDOW if settings.long_documents == "windows" else ONE_WINDOW
        if windows == "auto":
            windows = max(1, TOKENS_PER_DOCUMENT // length) * settings.batch_size
        return replace(settings, max_length=length, max_windows_train=windows)


@dataclass(frozen=True, kw_only=True)
class ModelSettings(Settings):
    """The pretrained encoder, how it is changed, and how windows become documents."""

    _target_: str = "resumebert.model.classifier.ResumeClassifier"  # or a class derived of it
    name: str  # on the hub
    path: str | None  # a folder with weights and tokenizer of one's own
    package: str | None  # a Python package that carries the weights, and how to get it
    pip_name: str | None
    revision: str | None  # the hub's commit
    sha256: str | None  # of model.safetensors
    hidden_dropout: float = must(SHARE)
    attention_dropout: float = must(SHARE)
    random_config: Mapping[str, Any] | None = must(BERT)
    pooling: str = must(either(one_of("max", "logsumexp", "mean", "attention", "gated"), DOTTED))
    chunk_tokens: int | None = must(integer(1))  # that go through the encoder at once
    num_layers: int | None = must(integer(1))  # the lowest that are kept
    lora: Mapping[str, Any] | None = must(LORA)
    freeze_embeddings: bool
    freeze_layers: int = must(integer(0))  # from the lowest
    compile: bool
    gradient_checkpointing: bool


@dataclass(frozen=True, kw_only=True)
class DeviceSettings(Settings):
    """What is computed on, and in which precision; in eval.py null means the run's own."""

    accelerator: str | None = must(one_of(*ACCELERATORS))
    precision: str | None = must(one_of(*PRECISIONS))


@dataclass(frozen=True, kw_only=True)
class TrainerSettings(DeviceSettings):
    """Arguments of Lightning's Trainer that are read here too; ``arguments`` holds them all."""

    accelerator: str = must(optional(one_of(*ACCELERATORS)))
    precision: str = must(optional(one_of(*PRECISIONS)))
    max_epochs: int = must(integer(1))
    max_time: str | None = must(DURATION)
    devices: int | str | Sequence[int] = must(DEVICES)
    strategy: str | Options
    accumulate_grad_batches: int = must(integer(1))
    val_check_interval: int | float | str = must(either(SOME_BATCHES, DURATION))
    check_val_every_n_epoch: int | None = must(integer(1))
    limit_train_batches: int | float | None = must(SOME_BATCHES)
    limit_val_batches: int | float | None = must(BATCHES)
    limit_test_batches: int | float | None = must(BATCHES)
    overfit_batches: int | float = must(BATCHES)
    fast_dev_run: bool | int = must(either(FLAG, integer(1)))
    profiler: Literal["simple", "advanced", "pytorch"] | None
    enable_progress_bar: bool | None
    enable_checkpointing: bool | None
    plugins: Sequence[Options] | None = must(PLUGINS)
    arguments: Options

    @classmethod
    def of(cls, plain: Options, key: str = "trainer.") -> Self:
        """Return the settings of ``trainer`` of a config."""
        return super().of({**plain, "arguments": plain}, key)


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings(Settings):
    """How scores become probabilities, labels and figures; the defaults are a library call's.

    The values of the commands stand in ``conf/evaluation/default.yaml``; a test holds the two
    equal. In eval.py null means the run's own value.
    """

    # A method of evaluation/calibration.py, or the dotted name of one's own.
    calibration: str = must(either(one_of(*get_args(CalibrationMethod)), DOTTED), default="platt")
    # The objective of evaluation/thresholds.py.
    thresholds: Objective = "f1"
    precision_floor: float = must(number(0, 1, low_excluded=True), default=0.9)
    recall_floor: float = must(number(0, 1, low_excluded=True), default=0.9)
    # Mean errors that decided documents may have (evaluation/abstention.py); None: all are decided.
    abstain: float | None = must(INSIDE, default=None)
    confidence: float = must(INSIDE, default=0.95)  # of what abstain and guaranteed promise
    # Share of documents like those of the training that may be marked as unlike them; 0: none is.
    unlike_training: float = must(BELOW_ONE, default=0.01)
    miss_cost: float = must(POSITIVE, default=1.0)  # of a label that is not predicted
    false_alarm_cost: float = must(POSITIVE, default=1.0)  # of a label that is predicted wrongly
    # Bootstrap samples that thresholds are averaged over, and of the 95 % intervals; 0: none.
    threshold_resamples: int = must(integer(0, 1_000_000), default=50)
    bootstrap_resamples: int = must(optional(integer(0, 1_000_000)), default=10_000)
    metrics: Sequence[str] = must(optional(FUNCTIONS), default=())  # of one's own
    # The linear model beside the figures; auto: within about a minute.
    baseline: bool | Literal["auto"] = must(optional(either(FLAG, one_of("auto"))), default="auto")
    report: bool = must(optional(FLAG), default=True)  # report.html and what lies beside it
    slices: bool = must(optional(FLAG), default=True)
    probes: bool = must(optional(FLAG), default=True)
    label_noise: bool = must(optional(FLAG), default=True)
    errors: int = must(optional(integer(0)), default=20)  # the worst, in the report
    explain: int = must(optional(integer(0)), default=5)  # of these, by their words
    # Further names of labels.
    label_words: Mapping[str, Sequence[str]] | None = must(NAMES_OF_LABELS, default=None)

    @classmethod
    def of(
        cls, plain: Options, key: str = "evaluation.", *, trained: Options | None = None
    ) -> Self:
        """Return the settings of ``evaluation`` of a config, where null stands for no value.

        Without one the run's, ``trained``, holds; of what neither has, as older versions, the
        defaults.
        """
        given: dict[str, Any] = {}
        for values in (trained or {}, plain):
            given |= {name: value for name, value in values.items() if value is not None}
        return super().of(given, key)


DEFAULTS = EvaluationSettings()


@dataclass(frozen=True)
class WholeConfig:
    """All of a config, the keys of the user's own too."""

    plain: Options  # resolved; ``auto`` stands where hardware, or the batch, decides
    written: str  # as YAML, in which a key that follows another says so: ${data.path}
    following: frozenset[str]  # these keys

    def at(self, key: str) -> Any:
        """Return the value of a dotted key, dictionaries and lists plain; None if there is none."""
        value: Any = self.plain
        for name in key.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return thawed(value)


@dataclass(frozen=True, kw_only=True)
class TrainSettings(Settings):
    """The settings of train.py."""

    seed: int = must(integer(0, 2**32 - 1))  # the largest that NumPy takes
    ckpt_path: str | None  # to go on from
    trust: Sequence[str] = must(either(NAMES, STRING))  # packages that ckpt_path may name
    output_dir: str
    monitor: MonitorSettings
    data: DataSettings
    model: ModelSettings
    trainer: TrainerSettings
    evaluation: EvaluationSettings
    loss: Options
    optimizer: Options
    scheduler: Options
    callbacks: Options | None = None
    logger: Options | None = None
    whole: WholeConfig


@dataclass(frozen=True, kw_only=True)
class EvalSettings(Settings):
    """The settings of eval.py."""

    ckpt: str  # a checkpoint file or a run's folder
    trust: Sequence[str] = must(either(NAMES, STRING))  # packages that the checkpoint may name
    split: Literal["train", "val", "test", "all"] | None
    batch_size: int | None = must(integer(1))
    compare_to: str | None  # another checkpoint, or `baseline`
    evaluation: Options  # null: the run's own
    trainer: DeviceSettings
    data: Options | None = None  # plain, since much of it is as in training; None: the run's own
    typed: Sequence[str] | None = must(NAMES)  # the overrides of the command line
    output_dir: str


@dataclass(frozen=True, kw_only=True)
class ExportSettings(Settings):
    """The settings of export.py."""

    ckpt: str  # a checkpoint file or a run's folder
    format: Literal["hf", "onnx"]
    output: str  # the folder to make
    trust: Sequence[str] = must(either(NAMES, STRING))  # packages that the checkpoint may name
    documents: int = must(integer(1))  # on which model and export are compared
    dataset: str | None = must(HUB_NAME)  # of the data that the run was tested on


@dataclass(frozen=True, kw_only=True)
class PredictSettings(Settings):
    """The settings of predict.py."""

    ckpt: str  # a checkpoint file, a run's folder or one that export.py wrote
    input: str  # a file or folder; ``-``: standard input
    output: str  # a file; ``-``: standard output
    format: Literal["csv", "jsonl", "parquet"] | None  # null: by the ending of ``output``
    overwrite: bool
    trust: Sequence[str] = must(either(NAMES, STRING))  # packages that the model may name
    read_as: Literal["auto", "documents", "table", "lines"]
    text_column: str = must(NAME)
    id_column: str | None = must(NAME)
    keep_columns: Sequence[str] = must(NAMES)
    encoding: str
    separator: str = must(SEPARATOR)
    quoting: Literal["auto", "standard", "backslash", "none"]
    sheet: str | None = must(NAME)
    keep_hidden: bool  # text that a person can't see
    workers: int | None = must(integer(1, 1000))  # processes that read documents
    explain: bool  # the words that speak for and against labels
    write_text: bool  # as the model read it
    device: str = must(DEVICE)
    precision: str | None = must(one_of(*PRECISIONS))  # null: the run's own
    batch_size: int = must(integer(1))  # texts at a time
    engine: Literal["local", "ray"]
    ray_address: str | None = must(NAME)  # null: a cluster of this machine alone
    ray_workers: int | None = must(integer(1))  # null: one for each two processors


@dataclass(frozen=True, kw_only=True)
class AppSettings(Settings):
    """The settings of app.py."""

    ckpt: str  # a checkpoint file, a run's folder or one that export.py wrote
    host: str  # the address to listen at
    port: int = must(integer(0, 65535))  # 0: any that is free
    token: str | None = must(optional(TOKEN))  # what clients must show
    hosts: Sequence[str] = must(either(NAMES, STRING))  # further names of the server
    corrections: str | None  # a csv that corrections are saved in
    trust: Sequence[str] = must(either(NAMES, STRING))  # packages that the model may name
    keep_hidden: bool  # text that a person can't see
    workers: int = must(integer(1, 1000))  # processes that read documents
    megabytes: int = must(integer(1, 1000))  # of a request
    characters: int = must(integer(1000))  # of a text
    files: int = must(integer(1))  # that the page takes at once
    seconds: float = must(POSITIVE)  # for a request to arrive, be read, be labelled
    most_waiting: int = must(integer(1))  # texts and explanations
    device: str = must(DEVICE)
    precision: str | None = must(one_of(*PRECISIONS))  # null: the run's own
    batch_size: int = must(integer(1))  # texts that are labelled together


def frozen(value: Any) -> Any:
    """Return a plain value that can't be changed: dictionaries are read-only, lists tuples."""
    if isinstance(value, Mapping):
        return MappingProxyType({name: frozen(part) for name, part in value.items()})
    if isinstance(value, list | tuple):
        return tuple(map(frozen, value))
    return value


def thawed(value: Any) -> Any:
    """Return dictionaries and lists for what :func:`frozen` made of them."""
    if isinstance(value, Mapping):
        return {name: thawed(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [thawed(part) for part in value]
    return value
