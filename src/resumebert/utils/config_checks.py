"""Check the values of a config before any work, and name the wrong keys.

Hydra refuses keys and groups that do not exist. It does not check values.
"""

from collections.abc import Mapping, Sequence

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigTypeError

from resumebert.utils.errors import UserError
from resumebert.utils.hardware import ACCELERATORS, PRECISIONS
from resumebert.utils.requirements import (
    ALIASES,
    BATCHES,
    BELOW_ONE,
    COLUMNS,
    DOTTED,
    DURATION,
    FLAG,
    FUNCTIONS,
    GROUP,
    INSIDE,
    NAME,
    NAMES,
    NAMES_OF_LABELS,
    POSITIVE,
    SHARE,
    SOME_BATCHES,
    STRING,
    Requirement,
    either,
    integer,
    is_integer,
    is_list,
    is_number,
    number,
    one_of,
    only,
    optional,
)

REQUIREMENTS: Mapping[str, Requirement] = {
    # The largest seed that NumPy takes.
    "seed": integer(0, 2**32 - 1),
    "ckpt_path": optional(STRING),
    "ckpt": STRING,
    "output_dir": STRING,
    "monitor.metric": STRING,
    "monitor.mode": one_of("min", "max"),
    "data.batch_size": integer(1),
    "data.eval_batch_size": integer(1),
    "data.long_documents": one_of("truncate", "head_tail", "random_window", "windows"),
    "data.max_length": either(integer(3), one_of("auto")),
    "data.stride": optional(integer(0)),
    "data.max_windows_train": optional(either(integer(1), one_of("auto"))),
    "data.window_sampling": one_of("evidence", "uniform"),
    "data.separator": Requirement(
        "auto, comma, semicolon, tab, pipe or one character",
        lambda value: (
            value in ("auto", "comma", "semicolon", "tab", "pipe", "\\t")
            or (isinstance(value, str) and len(value) == 1)
        ),
    ),
    "data.quoting": one_of("auto", "standard", "backslash", "none"),
    "data.label_aliases": optional(either(one_of("auto"), ALIASES)),
    "data.rows": one_of("per_document", "per_label"),
    "data.split.keep_given": FLAG,
    "data.limit": optional(integer(1)),
    "data.seed": integer(0),
    "data.mask_pii": FLAG,
    "data.duplicates": one_of("keep", "drop"),
    "data.near_duplicates.threshold": number(0, 1, low_excluded=True),
    "data.near_duplicates.ngram": integer(1, 1000),
    "data.near_duplicates.num_perm": integer(16, 10_000),
    "data.fold": integer(0),
    "data.train_fraction": number(0, 1, low_excluded=True),
    "data.num_workers": integer(0, 1000),
    "data.cleaning": NAMES,
    "data.path": optional(STRING),
    "data.labels_file": optional(STRING),
    "data.text_column": NAME,
    "data.file_column": NAME,
    "data.id_column": optional(NAME),
    "data.labels_column": optional(NAME),
    "data.split_column": optional(NAME),
    "data.label_columns": optional(COLUMNS),
    "data.label_names": optional(COLUMNS),
    "data.label_separator": STRING,
    "data.encoding": STRING,
    "data.sheet": optional(NAME),
    "data.dataset_split": optional(either(STRING, NAMES)),
    "data.unlabelled": one_of("keep", "drop"),
    "data.unlisted": one_of("error", "keep"),
    "data.on_bad_rows": one_of("error", "skip"),
    "data.split.train": number(0, 1, low_excluded=True),
    "data.split.val": SHARE,
    "data.split.test": SHARE,
    "data.split.order": one_of(1, 2),
    "data.split.folds": integer(2),
    "data.split.fold": integer(0),
    "data.split.manifest": Requirement(
        "a csv of id,split, such as the split.csv of another run", STRING.holds
    ),
    "data.split.allow_straddling": FLAG,
    "data.shares.train": number(0, 1, low_excluded=True),
    "data.shares.val": SHARE,
    "data.shares.test": SHARE,
    "model.name": STRING,
    "model.path": optional(STRING),
    "model.package": optional(STRING),
    "model.pip_name": optional(STRING),
    "model.revision": optional(STRING),
    "model.sha256": optional(STRING),
    "model.random_config": optional(
        Requirement("a dictionary of BERT settings", lambda value: isinstance(value, Mapping))
    ),
    "model.pooling": either(one_of("max", "logsumexp", "mean", "attention"), DOTTED),
    "model.chunk_tokens": integer(1),
    "model.num_layers": optional(integer(1)),
    "model.freeze_embeddings": FLAG,
    "model.freeze_layers": integer(0),
    "model.lora": optional(
        Requirement(
            "a dictionary of r, alpha, dropout and target_modules, as model/lora=default gives",
            lambda value: (
                isinstance(value, Mapping)
                and set(value) == {"r", "alpha", "dropout", "target_modules"}
            ),
        )
    ),
    "model.lora.r": integer(1),
    "model.lora.alpha": POSITIVE,
    "model.lora.dropout": SHARE,
    "model.lora.target_modules": Requirement(
        "one or more of query, key, value, attention_output, intermediate, output",
        lambda value: (
            hasattr(value, "__len__")
            and len(value) > 0
            and all(
                name in ("query", "key", "value", "attention_output", "intermediate", "output")
                for name in value
            )
        ),
    ),
    "model.hidden_dropout": SHARE,
    "model.attention_dropout": SHARE,
    "optimizer.lr": POSITIVE,
    "optimizer.weight_decay": number(0),
    "optimizer.betas": Requirement(
        "two numbers of at least 0 and below 1",
        lambda value: is_list(value) and len(value) == 2 and all(map(BELOW_ONE.holds, value)),
    ),
    "optimizer.eps": POSITIVE,
    "optimizer.head_lr_factor": POSITIVE,
    "optimizer.layer_decay": number(0, 1, low_excluded=True),
    "optimizer.fused": FLAG,
    "loss.label_smoothing": SHARE,
    "loss.power": number(0),
    "loss.max_weight": number(1),
    "loss.gamma": number(0),
    "loss.alpha": optional(SHARE),
    "loss.gamma_pos": number(0),
    "loss.gamma_neg": number(0),
    # Above 0.5, labels that are predicted wrongly would cost nothing.
    "loss.clip": number(0, 0.5),
    "scheduler.warmup": number(0),
    "scheduler.final_factor": SHARE,
    "scheduler.factor": Requirement(
        "a number above 0 and below 1", lambda value: is_number(value) and 0 < value < 1
    ),
    "scheduler.patience": integer(0),
    "scheduler.min_lr": number(0),
    "scheduler.mode": one_of("min", "max"),
    "scheduler.monitor": STRING,
    "model.compile": FLAG,
    "model.gradient_checkpointing": FLAG,
    "evaluation.calibration": either(one_of("none", "temperature", "platt", "isotonic"), DOTTED),
    "evaluation.thresholds": one_of("fixed", "f1", "precision", "recall", "cost", "guaranteed"),
    "evaluation.precision_floor": number(0, 1, low_excluded=True),
    "evaluation.recall_floor": number(0, 1, low_excluded=True),
    "evaluation.confidence": INSIDE,
    "evaluation.abstain": optional(INSIDE),
    "evaluation.miss_cost": POSITIVE,
    "evaluation.false_alarm_cost": POSITIVE,
    "evaluation.threshold_resamples": integer(0, 1_000_000),
    # In eval.py, null means the value of the run that is evaluated.
    "evaluation.bootstrap_resamples": optional(integer(0, 1_000_000)),
    "evaluation.metrics": optional(FUNCTIONS),
    "evaluation.baseline": optional(either(FLAG, one_of("auto"))),
    "evaluation.report": optional(FLAG),
    "evaluation.slices": optional(FLAG),
    "evaluation.probes": optional(FLAG),
    "evaluation.label_noise": optional(FLAG),
    "evaluation.errors": optional(integer(0)),
    "evaluation.label_words": optional(NAMES_OF_LABELS),
    "callbacks.best_checkpoint.dirpath": STRING,
    # The other commands find the checkpoint by this name.
    "callbacks.best_checkpoint.filename": one_of("best"),
    "callbacks.best_checkpoint.monitor": optional(STRING),
    "callbacks.best_checkpoint.mode": one_of("min", "max"),
    "callbacks.best_checkpoint.save_top_k": integer(1),
    "callbacks.best_checkpoint.save_weights_only": FLAG,
    "callbacks.best_checkpoint.enable_version_counter": FLAG,
    "callbacks.early_stopping.monitor": STRING,
    "callbacks.early_stopping.mode": one_of("min", "max"),
    "callbacks": GROUP,
    "logger": GROUP,
    "callbacks.early_stopping.check_on_train_epoch_end": optional(FLAG),
    "callbacks.early_stopping.patience": integer(0),
    "callbacks.early_stopping.min_delta": number(0),
    "callbacks.learning_rate.logging_interval": optional(one_of("step", "epoch")),
    "callbacks.tensorboard_pictures.examples": integer(0),
    "callbacks.tensorboard_pictures.max_labels": integer(1),
    "callbacks.pruning.metric": STRING,
    "callbacks.pruning.journal": optional(STRING),
    "callbacks.pruning.trial": optional(integer(0)),
    "callbacks.last_checkpoint.dirpath": STRING,
    "callbacks.last_checkpoint.minutes": number(0),
    "callbacks.weight_averaging.newest_share.decay": BELOW_ONE,
    "callbacks.weight_averaging.newest_share.start": BELOW_ONE,
    "trainer.accelerator": optional(one_of(*ACCELERATORS)),
    "trainer.precision": optional(one_of(*PRECISIONS)),
    "trainer.max_epochs": integer(1),
    "trainer.max_steps": either(integer(1), one_of(-1)),
    "trainer.min_epochs": optional(integer(1)),
    "trainer.min_steps": optional(integer(1)),
    "trainer.max_time": optional(DURATION),
    "trainer.devices": Requirement(
        "a number of devices (-1: all), a list of them, or auto",
        lambda value: value not in (0, "0") and not isinstance(value, bool),
    ),
    "trainer.num_nodes": integer(1),
    "trainer.gradient_clip_val": optional(number(0)),
    "trainer.gradient_clip_algorithm": optional(one_of("norm", "value")),
    "trainer.accumulate_grad_batches": integer(1),
    "trainer.log_every_n_steps": integer(1),
    "trainer.val_check_interval": either(SOME_BATCHES, DURATION),
    "trainer.check_val_every_n_epoch": optional(integer(1)),
    "trainer.num_sanity_val_steps": either(integer(0), one_of(-1)),
    "trainer.limit_train_batches": optional(SOME_BATCHES),
    "trainer.limit_val_batches": optional(BATCHES),
    "trainer.limit_test_batches": optional(BATCHES),
    "trainer.overfit_batches": BATCHES,
    "trainer.fast_dev_run": either(FLAG, integer(1)),
    "trainer.deterministic": either(FLAG, one_of("warn")),
    "trainer.benchmark": optional(FLAG),
    "trainer.inference_mode": FLAG,
    "trainer.sync_batchnorm": FLAG,
    "trainer.detect_anomaly": FLAG,
    "trainer.profiler": optional(one_of("simple", "advanced", "pytorch")),
    "trainer.enable_progress_bar": optional(FLAG),
    "trainer.enable_checkpointing": optional(FLAG),
    "trainer.enable_model_summary": FLAG,
    "trainer.enable_autolog_hparams": FLAG,
    "trainer.plugins": optional(
        Requirement("a list of plugins", lambda value: isinstance(value, Sequence))
    ),
    "trainer.limit_predict_batches": only(None, "train.py predicts nothing"),
    "trainer.use_distributed_sampler": only(
        False, "our own sampler shares the documents of a batch among the processes"
    ),
    "trainer.reload_dataloaders_every_n_epochs": only(
        0, "the data stay the same, and a new order is drawn in every epoch anyway"
    ),
    "trainer.logger": only(
        None, "choose with logger=tensorboard, csv, both, wandb, mlflow or none"
    ),
    "trainer.callbacks": only(None, "choose with callbacks=NAME, or add one: +callbacks.NAME=…"),
    "trainer.barebones": only(
        False,
        "barebones leaves neither figures nor checkpoints; measure a step's speed with "
        "benchmarks/training_step.py",
    ),
    "trainer.model_registry": only(None, "checkpoints are files in the run's folder"),
    "split": optional(one_of("train", "val", "test", "all")),
    "batch_size": optional(integer(1)),
    "compare_to": optional(STRING),
    "trust": either(NAMES, STRING),
    "typed": optional(NAMES),
}


def check_values(config: DictConfig) -> None:
    """Check every key of :data:`REQUIREMENTS` that ``config`` has.

    Raises:
        UserError: one or more values are wrong; all of them are named.
    """
    absent = object()
    problems = []
    for key, requirement in REQUIREMENTS.items():
        try:
            value = OmegaConf.select(config, key, default=absent, throw_on_missing=False)
        except ConfigTypeError:
            # A key above it has a wrong type, which that key's own requirement reports.
            continue
        if value is not absent and not requirement.holds(value):
            problems.append(f"{key}={value}: must be {requirement.words}.")
    if OmegaConf.select(config, "trainer.precision") == "16-mixed" and OmegaConf.select(
        config, "optimizer.fused"
    ):
        problems.append("optimizer.fused=true: trainer.precision=16-mixed needs false.")
    fold, folds = (OmegaConf.select(config, f"data.split.{key}") for key in ("fold", "folds"))
    if is_integer(fold) and is_integer(folds) and fold >= folds:
        problems.append(
            f"data.fold={fold}: with data.split.folds={folds} it is a number from 0 to {folds - 1}."
        )
    interval = OmegaConf.select(config, "trainer.val_check_interval")
    over_epochs = OmegaConf.select(config, "trainer.check_val_every_n_epoch", default=1) is None
    if over_epochs and isinstance(interval, float):
        problems.append(
            f"trainer.check_val_every_n_epoch=null: trainer.val_check_interval={interval} is a "
            "share of an epoch. Give a number of batches, or a time."
        )
    windows, documents = (
        OmegaConf.select(config, key) for key in ("data.max_windows_train", "data.batch_size")
    )
    reads_all = OmegaConf.select(config, "data.long_documents") == "windows"
    if reads_all and is_integer(windows) and is_integer(documents) and windows < documents:
        problems.append(
            f"data.max_windows_train={windows}: a batch of data.batch_size={documents} documents "
            "has at least one window of each. Raise the former or lower the latter."
        )
    objective, floor = (
        OmegaConf.select(config, f"evaluation.{key}") for key in ("thresholds", "recall_floor")
    )
    if objective == "guaranteed" and floor == 1:
        problems.append(
            "evaluation.recall_floor=1: with evaluation.thresholds=guaranteed it must be below 1, "
            "since no number of documents can show that no other will be missed."
        )
    if problems:
        raise UserError(" ".join(problems))


def check_max_length(max_length: int, positions: int, model_name: str) -> None:
    """Check that the model has a position embedding for every token.

    Raises:
        UserError: ``data.max_length`` is above the model's ``max_position_embeddings``.
    """
    if max_length > positions:
        raise UserError(
            f"data.max_length={max_length}: {model_name} reads at most {positions} tokens at once. "
            f"Give a value from 3 to {positions}."
        )
