"""train.py: fit, choose the best checkpoint, validate and test it, write everything down."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf, open_dict

from resumebert.callbacks.loggers import lenient
from resumebert.callbacks.tensorboard import log_config, log_hyperparameters
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.splitting import write_split
from resumebert.data.tokenization import TextTokenizer
from resumebert.data.windows import window_length
from resumebert.evaluation.decisions import Decisions, fit_decisions
from resumebert.evaluation.outputs import write_json, write_metrics, write_predictions
from resumebert.evaluation.tables import print_result
from resumebert.model.checkpoint import (
    CheckpointExtras,
    attach_extras,
    check_resumable,
    global_step,
    load_checkpoint,
    store_decisions,
)
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.lora import merge_lora
from resumebert.model.pretrained import locate
from resumebert.model.sharding import FullySharded
from resumebert.tasks import build
from resumebert.tasks.checks import check_against_data, do_without_validation
from resumebert.tasks.data_summary import describe_data
from resumebert.tasks.finders import find
from resumebert.tasks.judging import (
    Judgement,
    cautioned,
    decision_options,
    judge_scores,
    linear_baseline,
    with_baseline,
)
from resumebert.tasks.messages import say_where
from resumebert.tasks.parallel import check_parallel
from resumebert.tasks.reporting import Subject, report
from resumebert.tasks.resuming import (
    check_same_split,
    newest_interrupted,
    note_origin,
    overrides_in_sweep,
    says_how_to_go_on,
)
from resumebert.utils.config_checks import check_max_length, check_values
from resumebert.utils.console import make_console
from resumebert.utils.durable_files import postpone, raising_postponed, tell_or_raise
from resumebert.utils.environment import environment
from resumebert.utils.errors import UnwrittenError, UserError
from resumebert.utils.hardware import check_accelerator, resolve_precision
from resumebert.utils.host_memory import keep_freed_memory
from resumebert.utils.output_folder import make_output_folder
from resumebert.utils.processes import processes_of_one_run

console = make_console()

# Keys of a config that are paths; relative ones are relative to where the command was typed.
PATHS = (
    "data.path",
    "data.labels_file",
    "data.split.manifest",
    "model.path",
    "ckpt_path",
    "output_dir",
)


def train(config: DictConfig) -> float | None:
    """Train, evaluate and write a run to ``config.output_dir``.

    Returns:
        The best value of ``config.monitor.metric``, which a search optimises.

    Raises:
        UserError: a value of the config, the data, the model or the checkpoint to resume from is
            wrong, or the loss diverged.
        Interruption: SIGINT or SIGTERM ended the run; the screen says how to go on with it.
    """
    output_dir = Path(config.output_dir).absolute()
    with (
        processes_of_one_run(output_dir, overrides_in_sweep(config)),
        says_how_to_go_on(output_dir, console),
        raising_postponed(),
    ):
        return _train(config)


def _train(config: DictConfig) -> float | None:
    check_values(config)
    check_accelerator(config.trainer.accelerator)
    build.quiet_libraries()
    started = time.monotonic()
    # The checkpoint says what "auto" meant.
    config.data.max_length = window_length(config.data.max_length, config.data.long_documents)
    if config.ckpt_path == "last":
        config.ckpt_path = str(newest_interrupted(Path(config.output_dir).absolute().parent))
    _make_paths_absolute(config)
    trained_with = None
    if config.ckpt_path is not None:
        trained_with = check_resumable(Path(config.ckpt_path), _plain(config))
    output_dir = make_output_folder(Path(config.output_dir))
    if config.ckpt_path is not None:
        note_origin(Path(config.ckpt_path), output_dir)
        console.print(f"Going on from {config.ckpt_path}", highlight=False, soft_wrap=True)
    folder = locate(build.pretrained_source(config))
    bert_config = build.bert_config(config, folder)
    check_max_length(
        config.data.max_length, bert_config["max_position_embeddings"], config.model.name
    )
    build.seed_run(config.seed)

    tokenizer = TextTokenizer.from_folder(folder)
    datamodule = build.datamodule(config.data, tokenizer, shuffle_seed=config.seed)
    datamodule.setup()
    if trained_with is not None:
        check_same_split(config.ckpt_path, trained_with, datamodule.fingerprint)
    check_against_data(config, datamodule)
    describe_data(console, datamodule.report)
    write_split(output_dir / "split.csv", datamodule.table, datamodule.split, datamodule.groups)
    write_json(output_dir / "data_report.json", datamodule.report)
    surroundings = environment()
    write_json(output_dir / "environment.json", surroundings)

    # From here on memory is taken and freed step by step; reading the data is another matter.
    keep_freed_memory()
    model = build.classifier(config, bert_config, folder, datamodule)
    if len(datamodule.indices("val")) == 0:
        do_without_validation(config, console)

    loggers = [lenient(logger) for logger in build.instances(config.logger)]
    trainer = build.trainer(config, build.instances(config.callbacks), loggers)
    check_parallel(config, trainer, datamodule)
    build.prepare_encoder(model, config.model, trainer.strategy.root_device)
    find(config, trainer, model, datamodule, console)
    attach_extras(model, _extras(config, tokenizer, datamodule))
    log_config(trainer, config)
    console.print(
        f"{config.model.path or config.model.name}: {_parameters(model)} on "
        f"{trainer.accelerator.__class__.__name__.removesuffix('Accelerator')}, precision "
        f"{trainer.precision}",
        highlight=False,
        soft_wrap=True,
    )
    # What is lost by now is more than a small file.
    postpone()
    _fit(trainer, model, datamodule, config)
    # best.ckpt has LoRA merged in, and is loaded into `model` now.
    if config.model.lora is not None:
        merge_lora(model.bert)
    decisions = _score_best(trainer, model, datamodule, config)
    if trainer.is_global_zero:
        judgement = _judge(model, datamodule, decisions, config)
        _write(judgement, output_dir)
        subject = Subject(
            title=f"Run {output_dir.name}",
            model=_whole(trainer, model),
            datamodule=datamodule,
            trained=datamodule,
            config=config,
            precision=trainer.precision,
            device=trainer.strategy.root_device,
            facts={"checkpoint": "checkpoints/best.ckpt", "data": datamodule.table.source},
        )
        report(subject, judgement, config.evaluation, surroundings, output_dir, console)
        log_hyperparameters(trainer, config, model.results)
        say_where(console, output_dir, time.monotonic() - started)
    # Never a test figure: a search that optimised it would be dishonest.
    metric = config.monitor.metric.partition("/")[2]
    return model.results["val"][metric] if "val" in model.results else None


def _whole(trainer: Trainer, model: ResumeClassifier) -> ResumeClassifier:
    """Return the model to score further texts with, on one process alone."""
    best = _best_checkpoint(trainer)
    if best is None or not isinstance(trainer.strategy, FullySharded):
        return model
    # Of a sharded model each process holds a part, and the others have nothing more to score.
    whole, _ = load_checkpoint(Path(best))
    whole.chunk_tokens = model.chunk_tokens
    return whole


def _parameters(model: ResumeClassifier) -> str:
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    words = f"{sum(size for size, _ in sizes) / 1e6:.1f} M parameters"
    if not all(is_trained for _, is_trained in sizes):
        words += f", {sum(size for size, is_trained in sizes if is_trained) / 1e6:.1f} M trained,"
    return words


def _score_best(
    trainer: Trainer, model: ResumeClassifier, datamodule: ResumeDataModule, config: DictConfig
) -> Decisions:
    """Score validation and test with the best checkpoint, and put the decisions into it.

    Returns:
        Calibration and thresholds, of the validation documents alone.
    """
    best = _best_checkpoint(trainer)
    to_load = best
    if len(datamodule.indices("val")) > 0:
        if not _is_scored(trainer, model, best, config):
            trainer.validate(
                model, datamodule=datamodule, ckpt_path=to_load, verbose=False, weights_only=True
            )
            to_load = None  # It is loaded now.
        scores = model.scores["val"]
        logits, truth = scores.logits.double().cpu().numpy(), scores.targets.cpu().numpy()
    else:
        logits = truth = np.zeros((0, len(model.label_names)))
    decisions = fit_decisions(logits, truth, model.label_names, decision_options(config.evaluation))
    if trainer.is_global_zero and best is not None:
        try:
            _store(decisions, Path(best))
        except UnwrittenError as error:
            tell_or_raise(error)
    if len(datamodule.indices("test")) > 0:
        trainer.test(
            model, datamodule=datamodule, ckpt_path=to_load, verbose=False, weights_only=True
        )
    return decisions


def _is_scored(
    trainer: Trainer, model: ResumeClassifier, best: str | None, config: DictConfig
) -> bool:
    """Tell whether the training's last validation was of the best checkpoint's very weights."""
    return (
        best is not None
        and model.scored_at.get("val") == trainer.global_step == global_step(Path(best))
        # Merged factors are the same weights but for rounding.
        and config.model.lora is None
    )


def _store(decisions: Decisions, best: Path) -> None:
    """Put the decisions into best.ckpt, and into last.ckpt beside it."""
    store_decisions(best, decisions.to_plain())
    last = best.with_name("last.ckpt")
    if not last.exists():
        return
    if global_step(last) != global_step(best):
        note = (
            "Calibration and thresholds were fitted to the scores of best.ckpt, of other weights."
        )
        decisions = replace(decisions, notes=[*decisions.notes, note])
    store_decisions(last, decisions.to_plain())


def _judge(
    model: ResumeClassifier, datamodule: ResumeDataModule, decisions: Decisions, config: DictConfig
) -> Judgement:
    """Compute the figures of validation and test, the baseline's beside them."""
    settings = config.evaluation
    results = [
        judge_scores(
            split, model, split, datamodule, decisions, resamples=settings.bootstrap_resamples
        )
        for split in model.scores
    ]
    if not results:
        return Judgement(results, decisions)
    # Without a test split the figures to look at are those of validation.
    decisions = cautioned(decisions, results[-1].split)
    options = decision_options(settings)
    baseline, note = linear_baseline(settings.baseline, datamodule, options, console)
    texts, resamples = datamodule.table.texts, settings.bootstrap_resamples
    results = [with_baseline(r, baseline, note, texts, resamples=resamples) for r in results]
    return Judgement(results, decisions, baseline)


def _write(judgement: Judgement, output_dir: Path) -> None:
    """Write metrics and predictions, and print the figures of the test, or of validation."""
    write_metrics(output_dir / "metrics.json", judgement.results)
    for result in judgement.results:
        if result.split == "test":
            write_predictions(output_dir / "predictions_test.csv", result)
    if judgement.results:
        shown = judgement.results[-1]
        name = "validation" if shown.split == "val" else shown.split
        print_result(console, f"{name}, best checkpoint", shown, judgement.decisions)


def _fit(
    trainer: Trainer, model: ResumeClassifier, datamodule: ResumeDataModule, config: DictConfig
) -> None:
    try:
        trainer.fit(model, datamodule=datamodule, ckpt_path=config.ckpt_path, weights_only=True)
    except MisconfigurationException as error:
        raise UserError(
            f"Training can't be run with these settings: {error} (If monitor.metric="
            f"{config.monitor.metric} is undefined on the validation split because no document "
            "has the label, choose another metric or give more data.)"
        ) from error


def _best_checkpoint(trainer: Trainer) -> str | None:
    """Return the path of the best checkpoint; None, for the current weights, if none is kept."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.filename == "best":
            return callback.best_model_path or None
    return None


def _make_paths_absolute(config: DictConfig) -> None:
    """Write relative paths out, so that the config in the checkpoint holds from any folder."""
    for key in PATHS:
        value = OmegaConf.select(config, key, throw_on_missing=False)
        # A label file that is not here is looked for in data.path.
        if value is None or (key == "data.labels_file" and not Path(value).expanduser().is_file()):
            continue
        with open_dict(config):
            OmegaConf.update(config, key, str(Path(value).expanduser().resolve()))


def _plain(config: DictConfig) -> dict[str, Any]:
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    return plain


def _extras(
    config: DictConfig, tokenizer: TextTokenizer, datamodule: ResumeDataModule
) -> CheckpointExtras:
    plain = _plain(config)
    # What "auto" meant here, so that an evaluation elsewhere knows what it repeats.
    plain["trainer"]["precision"] = resolve_precision(
        config.trainer.precision, config.trainer.accelerator
    )
    return CheckpointExtras(
        tokenizer_files=tokenizer.files,
        split_fingerprint=datamodule.fingerprint,
        config=plain,
        prevalences=datamodule.prevalences.tolist(),
    )
